"""What was decided, what else was considered, and why: of shipped designs, and of one without answers."""

from __future__ import annotations

import json

import pytest

import sevenfold as sf
from sevenfold.cli import front
from sevenfold.design.described import describe_design
from sevenfold.design.explain import SECTIONS, explain


def test_a_section_is_explained_with_its_reasons() -> None:
    told = explain(sf.load("fraud"), "serving")
    by_place = {one.where: one for one in told.decisions}
    share = by_place["serving.policy.control.share"]
    assert (share.value, share.because) == (
        "0.02",
        "What is blocked has no label; a few small blocks tell what blocking hides.",
    )
    assert [choice for choice, _ in told.alternatives] == ["Deciding after the authorisation"]


@pytest.mark.parametrize("section", SECTIONS)
@pytest.mark.parametrize("name", ["fraud", "handbook"])
def test_every_section_of_every_shipped_design(name: str, section: str) -> None:
    assert explain(sf.load(name), section).decisions


def test_features_are_written_for_people() -> None:
    features = describe_design(sf.load("fraud"))["features"]
    assert features["card_amount_ratio"] == {
        "text": "Payment.amount / mean(Payment.amount) by card over 30d",
        "type": "float",
        "lineage": ["Payment.amount", "Payment.card"],
    }
    assert features["card_small_1h"]["text"] == "mean(Payment.amount < 5) by card over 1h"
    assert features["merchant_reports_30d"]["lineage"] == ["Chargeback", "Chargeback.merchant"]


def test_a_description_is_json() -> None:
    for name in ("fraud", "handbook"):
        described = describe_design(sf.load(name))
        assert json.loads(json.dumps(described)) == described


def test_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert front.run(["design", "explain", "handbook", "monitoring"]) == 0
    said = capsys.readouterr().out
    assert said.startswith("The design does not answer this section; its defaults hold.")
    assert front.run(["design", "explain", "fraud", "money"]) == 2
    assert "section: expected one of problem, data, features" in capsys.readouterr().err
