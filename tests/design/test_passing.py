"""What was blocked teaches nothing by its silence, and the control group stands for it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import numpy as np
import pytest

import sevenfold as sf
from sevenfold.design.passing import chances_of, passing_notes, without_silence
from sevenfold.design.policing import PolicyDesk
from sevenfold.design.workspace import Workspace
from sevenfold.learning.examples import Examples
from sevenfold.learning.knowledge import NEVER
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.policy import Control
from sevenfold.serving.record import decode_record
from sevenfold.serving.rules.rule import Rule
from sevenfold.systems.fraud.events import Chargeback, Payment

if TYPE_CHECKING:
    from pathlib import Path

START = 1_769_860_800_000
DAY = 86_400_000
SHARE = 0.4

DESIGN = sf.Design(
    name="shop",
    events=[Payment, Chargeback],
    features=sf.features(amount=Payment.amount, card_count=Payment.count().by(Payment.card).over("1h")),
    problem=Problem(goal="Stop fraud.", decision="Approve or not.", review=Cost(fixed=3.0)),
    label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="1d"),
    learning=sf.Learning(entity="card"),
    serving=sf.Serving(
        durability="normal",
        policy=sf.Policy(control=Control(share=SHARE, below=500.0, by=("rule",))),
    ),
)


def _payment(number: int) -> dict[str, object]:
    return {
        "payment_id": f"p{number}",
        "occurred_at": START + number * 60_000,
        "card": f"c{number}",
        "merchant": "m1",
        "amount": str(10 + number % 200),
    }


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """A log of 50 payments of before the service, 400 decided ones, chargebacks, and a much later payment."""
    home: Path = tmp_path_factory.mktemp("home")
    workspace = Workspace(DESIGN, home)
    before = home / "before.jsonl"
    before.write_text("\n".join(json.dumps(_payment(number)) for number in range(50)))
    workspace.ingest(before, home / "rejects", event="Payment")
    PolicyDesk(DESIGN, workspace.home).add(Rule("large", "amount > 150", "block", "Because.", "ana", "live"))
    service = DESIGN.engine(home=home)
    for number in range(50, 450):
        service.decide(_payment(number))
    told = [
        {**_payment(number), "reported_at": START + DAY // 2, "chargeback_id": f"b{number}"}
        for number in (5, 60)
    ]
    kept = ("chargeback_id", "reported_at", "payment_id", "card", "merchant")
    service.take("Chargeback", [{name: row[name] for name in kept} for row in told])
    service.decide({**_payment(450), "occurred_at": START + 90 * DAY})
    service.close_now()
    return workspace


def test_chances_are_those_of_the_records(workspace: Workspace) -> None:
    table = workspace.training_table(workspace.history())
    passed, keys = table.passed, table.decided["payment_id"].to_list()
    assert passed is not None
    with workspace.home.open_log() as log:
        plain = {}
        for entry in log.read():
            if entry.event == "Decision":
                record = decode_record(entry.body)
                plain[entry.key] = 0.0 if record.action == "block" else record.control or 1.0
    assert [plain.get(key, 1.0) for key in keys] == passed.tolist()
    assert (passed[:50] == 1.0).all(), "no service decided these"
    assert set(np.unique(passed)) == {0.0, SHARE, 1.0}
    wanted = sum(10 + number % 200 > 150 for number in range(50, 451))
    stands = (1 / passed[passed == SHARE]).sum()
    assert (passed < 1).sum() == wanted
    assert stands == pytest.approx(wanted, rel=0.35)


def test_what_was_blocked_is_no_negative(workspace: Workspace) -> None:
    table = workspace.training_table(workspace.history())
    assert table.passed is not None
    final = table.labels.matured(NEVER - 1)
    np.testing.assert_array_equal(final, table.passed > 0)
    label = table.labels.at()
    assert (label[table.passed == 0] == -1).all()
    assert (label[table.passed > 0] >= 0).all()
    assert label.tolist().count(1) == 2
    notes = table.notes
    assert any("events were blocked: nothing is learned from their silence." in note for note in notes)
    assert any("control group let through weigh as many as they stand for" in note for note in notes)


def test_training_weighs_and_evaluation_leaves_out(workspace: Workspace) -> None:
    table = workspace.training_table(workspace.history())
    assert table.passed is not None
    besides = workspace._besides(table)
    np.testing.assert_array_equal(besides["passed"], table.passed)
    examples = Examples.of(*workspace._examples(table), **besides)
    rows = np.ones(len(table.passed), dtype=bool)
    moment = table.labels.newest
    known = examples.known(rows, moment)
    assert not known[table.passed == 0].any(), "neither trained nor tested on"
    learned = examples.table(examples.let_through(known), moment, DESIGN.learning)
    assert learned.weight is not None
    np.testing.assert_allclose(learned.weight, 1 / table.passed[known])


def test_tables_of_no_log_were_all_let_through(workspace: Workspace, tmp_path: Path) -> None:
    decided = workspace.history()["Payment"]
    assert chances_of(workspace.home, decided.drop("_offset")) is None
    assert chances_of(Workspace(DESIGN, tmp_path).home, decided) is None
    assert passing_notes(None) == ()
    table = workspace.training_table(workspace.history())
    assert without_silence(table.labels, None) is table.labels
