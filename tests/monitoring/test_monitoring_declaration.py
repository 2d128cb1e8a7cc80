"""What `sf.Monitoring` takes, and what it says about the rest."""

from __future__ import annotations

import pytest

import sevenfold as sf
from sevenfold.errors import DesignError
from sevenfold.systems.fraud.design import design as fraud


class Visit(sf.Event, key="visit_id", time="at"):
    visit_id: str
    at: sf.Timestamp
    page: sf.Entity


def _design(**sections: object) -> sf.Design:
    count = Visit.count().by(Visit.page).over("1h")
    return sf.Design(name="visits", events=[Visit], features=sf.features(page_count=count), **sections)  # type: ignore[arg-type]


def test_a_design_without_it_is_watched_with_every_default() -> None:
    assert _design().monitoring == sf.Monitoring()
    assert fraud.monitoring.alerts.wait_ms == 30_000


def test_every_fault_is_named_at_once() -> None:
    with pytest.raises(DesignError) as caught:
        sf.Monitoring(skew_share=2, fallback_share="many", alerts="all")  # type: ignore[arg-type]
    assert str(caught.value).splitlines() == [
        "Monitoring cannot be declared like this",
        "  - monitoring.skew_share: expected a number from 0 to 1, got 2",
        "  - monitoring.fallback_share: expected a number from 0 to 1, got 'many'",
        "  - monitoring.alerts: expected sf.Alerts(...), got str",
    ]
    with pytest.raises(DesignError, match=r"monitoring: expected sf.Monitoring\(...\), got int"):
        _design(monitoring=3)


def test_every_fault_of_alerts_is_named_at_once_and_no_secret() -> None:
    hook = sf.Webhook(
        name="On Call", url="http://example.org/x", key_variable="hunter2-hunter2", least="dire"
    )  # type: ignore[arg-type]
    with pytest.raises(DesignError) as caught:
        sf.Alerts(webhooks=(hook, 7), group_by="colour", wait="soon")  # type: ignore[arg-type]
    text = str(caught.value)
    assert text.splitlines()[1:] == [
        "  - alerts.webhooks[0].name: expected small letters, digits, - and _, got 'On Call'",
        (
            "  - alerts.webhooks[0].url: expected an https address, got 'http://example.org/x'. "
            "Plain http is only for this machine itself"
        ),
        (
            "  - alerts.webhooks[0].key_variable: expected the name of an environment variable, "
            "got something else. Put the secret into the environment and its name here, such as ALERTS_SECRET"
        ),
        "  - alerts.webhooks[0].least: expected one of info, warning, critical, got 'dire'",
        "  - alerts.webhooks[1]: expected sf.Webhook(...), got int",
        "  - alerts.group_by: expected one of kind, severity, subject, got 'colour'",
        (
            "  - alerts.wait: expected a positive duration such as '10m', '1h', '7d' or '1d12h', got 'soon'. "
            "Units are ms, s, m, h, d and w"
        ),
    ]
    assert "hunter2" not in text


def test_two_webhooks_of_one_name_and_a_secret_in_the_address_are_refused() -> None:
    hook = sf.Webhook(name="ops", url="https://me:secret@example.org/", key_variable="KEY")
    with pytest.raises(DesignError) as caught:
        sf.Alerts(webhooks=(hook, hook))
    assert "alerts.webhooks: expected a name of its own for each, got 'ops' twice" in str(caught.value)
    assert "an address without a secret, got one with a name or a password in it" in str(caught.value)
    assert "me:secret" not in str(caught.value)
    for url in ("https://[", "mailto:someone", 5):
        with pytest.raises(DesignError, match="expected an https address"):
            sf.Alerts(webhooks=(sf.Webhook(name="ops", url=url, key_variable="KEY"),))  # type: ignore[arg-type]
