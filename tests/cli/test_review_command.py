"""``review``: a case from the list to its verdict and back, as a reviewer would do it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sevenfold.cli import front

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]

DESIGN = '''
"""A design without a model: a rule sends large payments to review."""
import sevenfold as sf
from sevenfold.systems.fraud.events import Chargeback, Payment

design = sf.Design(
    name="reviewed",
    events=[Payment, Chargeback],
    features=sf.features(amount=Payment.amount),
    label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="45d"),
    feedback=sf.Feedback(
        review=sf.Review(by=("card",), second=0.0),
        active=sf.Active(per_day=2, strategy="random"),
    ),
)
'''


@pytest.fixture
def reviewed(home: Path, tmp_path: Path, sevenfold: Sevenfold) -> str:
    """A home with twelve decisions, of which six are reviews of two cards."""
    from sevenfold.design.load import load
    from sevenfold.design.serving import open_service

    path = tmp_path / "reviewed.py"
    path.write_text(DESIGN)
    sevenfold("rules", "add", path, "large", "amount > 100", "--reason", "Large.", "--state", "live")
    service = open_service(load(str(path)), home)
    for number in range(12):
        service.decide(
            {
                "payment_id": f"p{number}",
                "occurred_at": 1_769_860_800_000 + number * 1000,
                "card": f"c{number % 2}",
                "merchant": "m1",
                "amount": "500.00" if number < 6 else "20.00",
                "currency": "EUR",
            }
        )
    service.close_now()
    return str(path)


def test_a_reviewers_day(sevenfold: Sevenfold, refused: Refused, reviewed: str) -> None:
    listed = sevenfold("review", "list", reviewed)["cases"]
    assert [one["decisions"] for one in listed] == [3, 3]
    taken = sevenfold("review", "next", reviewed, "--by", "ann")["next"]
    case, other = (
        taken["listed"]["case"],
        next(one["case"] for one in listed if one["case"] != taken["listed"]["case"]),
    )
    said = refused("review", "verdict", reviewed, case, "positive", "--reason", "stolen", "--by", "ben")
    assert f"case {case}: expected a free case, got locked by ann until" in said
    said = refused("review", "verdict", reviewed, case, "positive", "--by", "ann")
    assert "reason: expected one of stolen, account-taken-over, own-customer, merchant, other" in said
    sevenfold("review", "note", reviewed, case, "Asked the bank.", "--tag", "mule", "--by", "ann")
    found = ("--reason", "stolen", "--version", "2", "--by", "ann")
    (change,) = sevenfold("review", "verdict", reviewed, case, "positive", *found)["changes"]
    assert len(change["events"]) == 3
    shown = sevenfold("review", "show", reviewed, case)["shown"]
    assert [step["what"] for step in shown["trail"]] == ["take", "note", "verdict"]
    assert sevenfold("review", "undo", reviewed, case)["changes"][0]["what"] == "undo"
    sevenfold("review", "assign", reviewed, other, "cem", "--by", "lead")
    assert [one["case"] for one in sevenfold("review", "list", reviewed, "--assignee", "cem")["cases"]] == [
        other
    ]
    sevenfold("review", "release", reviewed, other, "--by", "cem")
    sevenfold("review", "take", reviewed, other, "--by", "cem")
    sevenfold("review", "release", reviewed, other, "--by", "cem")
    many = sevenfold("review", "bulk", reviewed, "negative", case, other, "--reason", "usual", "--by", "ann")
    assert len(many["changes"]) == 2
    assert sevenfold("review", "list", reviewed)["cases"] == []
    assert len(sevenfold("review", "list", reviewed, "--status", "closed")["cases"]) == 2
    assert sevenfold("review", "next", reviewed, "--by", "ann") == {"next": None}
    assert sevenfold("review", "agreement", reviewed)["agreement"]["cases"] == 0
    assert "expected the id of a case, got 'c9999'" in refused("review", "show", reviewed, "c9999")


def test_what_is_drawn_to_learn_from_becomes_cases(sevenfold: Sevenfold, reviewed: str) -> None:
    drawn = sevenfold("review", "select", reviewed)["selected"]
    assert len(drawn) == 2
    assert {one["probability"] for one in drawn} == {2 / 6}
    before = sevenfold("review", "list", reviewed)["cases"]
    assert sum(one["decisions"] for one in before) == 8


def test_labels_that_contradict_each_other_are_shown(sevenfold: Sevenfold, home: Path, reviewed: str) -> None:
    from sevenfold.design.load import load
    from sevenfold.design.serving import open_service

    case = sevenfold("review", "next", reviewed, "--by", "ann")["next"]["listed"]["case"]
    sevenfold("review", "verdict", reviewed, case, "negative", "--reason", "usual", "--by", "ann")
    key = sevenfold("review", "show", reviewed, case)["shown"]["case"]["members"][0]["event_id"]
    service = open_service(load(reviewed), home)
    charged = {"chargeback_id": "b1", "reported_at": 1_769_999_999_000, "payment_id": key, "card": "c0"}
    assert service.take("Chargeback", [charged | {"merchant": "m1"}]).new == 1
    service.close_now()
    found = sevenfold("review", "labels", reviewed)
    assert [(row["payment_id"], row["source"], row["wins"]) for row in found["conflicts"]] == [
        (key, "ReviewVerdict", False),
        (key, "Chargeback", True),
    ]


def test_people_see_tables_and_sentences(
    reviewed: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for words in (("list",), ("next", "--by", "ann"), ("agreement",), ("labels",)):
        command, *rest = words
        assert front.run(["review", command, reviewed, *rest, "--home", str(home)]) == 0
    said = capsys.readouterr().out
    assert "Cases, the most urgent first" in said
    assert "locked by ann; due 20" in said
    assert "0 cases were looked at by two people: too few to tell." in said
