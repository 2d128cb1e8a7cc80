"""``sevenfold monitor`` and ``sevenfold alerts``, over a log that a service without a model wrote."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from pathlib import Path

DESIGN = """
import sevenfold as sf


class Payment(sf.Event, key="payment_id", time="occurred_at"):
    payment_id: str
    occurred_at: sf.Timestamp
    card: sf.Entity
    amount: sf.Money


design = sf.Design(
    name="small",
    events=[Payment],
    features=sf.features(amount=Payment.amount, card_count=Payment.count().by(Payment.card).over("1h")),
    monitoring=sf.Monitoring(fallback_share=0.2, because="It has no model."),
)
"""
START = 1_769_860_800_000


def _call(folder: Path, *words: str) -> dict[str, Any]:
    command = [sys.executable, "-m", "sevenfold.cli", *words, "--home", str(folder / "home"), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    found["stderr"], found["code"] = done.stderr, done.returncode
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import sevenfold as sf

    it = tmp_path_factory.mktemp("monitored")
    (it / "design.py").write_text(DESIGN)
    service = sf.load(it / "design.py").engine(home=it / "home")
    for number in range(150):
        service.decide(
            {"payment_id": f"p{number}", "occurred_at": START + number, "card": "c", "amount": "9.50"}
        )
    service.close_now()
    return it


def test_it_reads_tells_shows_and_ends_and_people_look_after_what_fires(folder: Path) -> None:
    design = str(folder / "design.py")
    found = _call(folder, "monitor", design, "--once")
    (alert,) = found["firing"]
    assert (alert["alert"], alert["severity"], alert["acknowledged_by"]) == (
        "service:fallback",
        "critical",
        "",
    )
    assert alert["summary"] == "100.0% of the last 150 decisions had no score, expected 20.0% at most"
    assert found["untold"] == {"log": 0}
    assert found["trouble"] == ""
    assert '"alert": "service:fallback"' in found["stderr"], "a line of the monitor's log"
    again = _call(folder, "monitor", design, "--once")
    assert len(again["firing"]) == 1
    assert '"alert": "service:fallback"' not in again["stderr"], "told once"

    kept = _call(folder, "alerts", "acknowledge", design, "service:fallback", "--why", "training")
    assert kept["acknowledged_by"]
    silence = _call(folder, "alerts", "silence", design, "service:*", "--lasts", "2h", "--why", "training")
    assert silence["match"] == "service:*"
    listed = _call(folder, "alerts", "list", design)
    assert listed["firing"][0]["acknowledged_why"] == "training"
    assert [one["match"] for one in listed["silences"]] == ["service:*"]
    assert _call(folder, "alerts", "unsilence", design, "service:*")["code"] == 0
    unknown = _call(folder, "alerts", "acknowledge", design, "drift:nothing")
    assert unknown["code"] == 2
    assert unknown["faults"][0]["hint"] == "Firing: service:fallback"
