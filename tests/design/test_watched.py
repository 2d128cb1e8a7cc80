"""What watches a design's decisions is made from its declaration, and reads its own log."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

import numpy as np
import polars as pl
import pytest

import sevenfold as sf
from sevenfold.data.timestamp import rfc3339
from sevenfold.design.home import Home
from sevenfold.design.policing import PolicyDesk
from sevenfold.design.serving import open_service
from sevenfold.design.watched import (
    drift_watcher,
    fairness_watcher,
    performance_watcher,
    quality_watchers,
    skew_watcher,
)
from sevenfold.design.watching import reading_of
from sevenfold.errors import DataError, DesignError
from sevenfold.monitoring.page import pages
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.policy import Control
from sevenfold.serving.rules.rule import Rule
from sevenfold.systems.fraud.events import Chargeback, Payment

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.monitoring.watcher import Watcher

W = TypeVar("W", bound="Watcher")

START = 1_769_904_000_000
DAY = 86_400_000
PAID = 600


def design(**monitoring: object) -> sf.Design:
    return sf.Design(
        name="shop",
        events=[Payment, Chargeback],
        features=sf.features(amount=Payment.amount, card_count=Payment.count().by(Payment.card).over("1h")),
        problem=Problem(
            goal="Stop fraud.",
            decision="Approve or not.",
            missed=Cost(expression="10 + amount + 0 * card_count_1h"),
            false_alarm=Cost(fixed=5.0),
        ),
        label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="2d"),
        serving=sf.Serving(
            durability="normal",
            policy=sf.Policy(control=Control(share=0.5, below=180.0, by=("rule",))),
        ),
        monitoring=sf.Monitoring(skew_share=1.0, **monitoring),  # type: ignore[arg-type]
    )


AGED = design(
    performance=sf.Performance(segments=("country",), window="60d"),
    fairness=sf.Fairness(
        groups=(
            sf.Group(name="age", table="holders.csv", key="card", value="band"),
            sf.Group(name="country"),
        ),
        minimum=20,
        window="60d",
    ),
)


def paid(number: int) -> dict[str, object]:
    return {
        "payment_id": f"p{number}",
        "occurred_at": START + number * 600_000,
        "card": f"c{number % 7}",
        "merchant": "m1",
        "amount": str(20 + number % 200),
        "country": "DE" if number % 3 else "NL",
    }


def is_fraud(number: int) -> bool:
    return number % 11 == 0


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five days of payments, large ones blocked by a rule, chargebacks a day later, and time that passes."""
    folder: Path = tmp_path_factory.mktemp("home")
    now = [START]
    PolicyDesk(AGED, Home(folder, "shop")).add(
        Rule("large", "amount > 150", "block", "Because.", "ana", "live")
    )
    service = open_service(AGED, folder, clock_ms=lambda: now[0])
    kept = ("payment_id", "card", "merchant")
    for number in range(PAID):
        now[0] = START + number * 600_000
        action = service.decide(paid(number)).action
        if is_fraud(number) and action != "block":
            told = {name: paid(number)[name] for name in kept}
            service.take("Chargeback", [{**told, "chargeback_id": f"b{number}", "reported_at": now[0]}])
    now[0] = START + 30 * DAY
    service.decide({**paid(PAID), "occurred_at": rfc3339(now[0])})
    service.close_now()
    return folder


def shown(root: Path, watcher: W) -> W:
    with Home(root, "shop").open_log() as log:
        for page in pages(log, reading_of(AGED), size=97):
            watcher.see(page)
    return watcher


def test_performance_of_a_design_is_a_plain_count(root: Path) -> None:
    assert AGED.label is not None
    watcher = shown(root, performance_watcher(AGED, AGED.label))
    with Home(root, "shop").open_log() as log:
        decisions = [page.decisions for page in pages(log, reading_of(AGED))]
    (decided,) = decisions
    drawn = int((~np.isnan(decided.control)).sum())
    assert drawn > 20
    missed = saved = alarms = tp = fp = 0.0
    for number in range(PAID):
        amount, weight = 20 + number % 200, 1.0
        flagged = amount > 150
        if flagged:
            if np.isnan(decided.control[number]):
                continue
            weight = 1 / decided.control[number]
        if is_fraud(number):
            tp += weight * flagged
            saved += weight * flagged * (10 + amount)
            missed += weight * (not flagged) * (10 + amount)
        else:
            fp += weight * flagged
            alarms += weight * flagged * 5.0
    figures = watcher.by_value()[""]
    assert figures["precision"].value == pytest.approx(tp / (tp + fp))
    assert figures["missed"].value == pytest.approx(missed)
    assert figures["saved"].value == pytest.approx(saved)
    assert figures["alarms"].value == pytest.approx(alarms)
    assert set(watcher.by_value("country")) == {"DE", "NL"}
    never = sum(20 + number % 200 >= 180 for number in range(PAID))
    assert watcher.matured.filter(pl.col("split") == "all")["unseen"].sum() == never


def test_groups_come_from_a_table_that_may_change(root: Path) -> None:
    assert AGED.label is not None
    watcher = shown(root, fairness_watcher(AGED, AGED.label, root))
    assert set(watcher.by_group("country")) == {"DE", "NL"}
    assert set(watcher.by_group("age")) == {"(unknown)"}, "there is no table yet"
    folder = Home(root, "shop").groups
    folder.mkdir()
    bands = ["young", "old"]
    table = pl.DataFrame({"card": [f"c{n}" for n in range(7)], "band": [bands[n % 2] for n in range(7)]})
    table.write_csv(folder / "holders.csv")
    watcher = shown(root, fairness_watcher(AGED, AGED.label, root))
    groups = watcher.sums("age")
    assert {name: one["decisions"] for name, one in groups.items()} == {
        band: sum(n % 7 % 2 == place for n in range(PAID)) for place, band in enumerate(bands)
    }
    assert {one.measure for one in watcher.disparities("age")} >= {"selection", "false_positives"}
    table.rename({"band": "other"}).write_csv(folder / "holders.csv")
    with pytest.raises(DataError, match=r"holders.csv.band: expected a column, got none"):
        fairness_watcher(AGED, AGED.label, root)
    (folder / "holders.csv").unlink()


def test_recorded_features_are_those_of_the_log(root: Path) -> None:
    watcher = shown(root, skew_watcher(AGED))
    assert watcher.compared == PAID + 1
    assert watcher.findings(0) == []


def test_what_is_not_declared_is_not_watched(tmp_path: Path) -> None:
    assert [one.name for one in quality_watchers(AGED, tmp_path)] == [
        "drift",
        "skew",
        "performance",
        "fairness",
    ]
    bare = sf.Design(
        name="bare", events=[Payment], features=sf.features(amount=Payment.amount),
        monitoring=sf.Monitoring(skew_share=0.0),
    )  # fmt: skip
    assert [one.name for one in quality_watchers(bare, tmp_path)] == ["drift"]


def test_segments_and_groups_must_be_fields() -> None:
    with pytest.raises(DesignError) as error:
        design(
            performance=sf.Performance(segments=("colour",)),
            fairness=sf.Fairness(groups=(sf.Group(name="age", table="a.csv", key="holder"),)),
        )
    assert "performance.segments: expected fields of the decided event, got 'colour'" in str(error.value)
    assert "group 'age': expected a field of the decided event, got 'holder'" in str(error.value)


def test_features_of_a_model_whose_bundle_is_gone_are_not_watched_for_drift(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    watcher = drift_watcher(AGED, tmp_path)
    with caplog.at_level("WARNING"):
        watcher._begin_model("0123456789abcdef")
    assert watcher.distances().height == 0
    assert "Drift of features is not watched. There is no bundle." in caplog.text
