"""Retraining from end to end: reproducible, resumed after a kill at any stage, refused for a reason."""

from __future__ import annotations

import json
import shutil
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

import sevenfold as sf
from sevenfold.data.log import NewEntry, new_entry
from sevenfold.design.home import Home
from sevenfold.design.retraining import due_now, retrain
from sevenfold.design.rollout import RolloutDesk, current_bundle
from sevenfold.design.workspace import Workspace
from sevenfold.errors import DesignError, UsageError
from sevenfold.feedback.retraining.step import RetrainingStep, Runs
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.splits import Prequential
from sevenfold.serving.names import RETRAINING

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86_400_000
START = 1_769_860_800_000
A_DAY = 120


class Order(sf.Event, key="order_id", time="ordered_at"):
    order_id: str
    ordered_at: sf.Timestamp
    buyer: sf.Entity
    amount: sf.Money


class Report(sf.Event, key="report_id", time="reported_at"):
    report_id: str
    reported_at: sf.Timestamp
    order_id: str


def _design(**retraining: Any) -> sf.Design:
    given: dict[str, Any] = {"positives": 20, "rows": 500, "schedule": "10d", **retraining}
    return sf.Design(
        name="orders",
        events=[Order, Report],
        features=sf.features(amount=Order.amount, count=Order.count().by(Order.buyer).over("1d")),
        label=sf.Label(event=Report, on=Order, key="order_id", matures="5d"),
        learning=sf.Learning(
            candidates=(LogisticRegression(),),
            folds=Prequential(test="10d", folds=2),
            entity="buyer",
        ),
        feedback=sf.Feedback(retraining=sf.Retraining(**given)),
    )


@dataclass
class Past:
    """Orders of some days, the large ones reported, and further reports as they are asked for."""

    days: int = 60
    flipped: float = 0.0
    flipped_from: int = 40
    gap: int | None = None

    def write(self, root: Path) -> Workspace:
        rng = np.random.default_rng(3)
        entries: list[NewEntry] = []
        for number in range(self.days * A_DAY):
            at = START + number * DAY // A_DAY
            day = number // A_DAY
            if self.gap is not None and day >= self.gap and number % 20:
                continue
            amount = float(rng.lognormal(3.0, 1.0))
            entries.append(
                _entry(
                    Order,
                    order_id=f"o{number}",
                    ordered_at=at,
                    buyer=f"b{number % 300}",
                    amount=f"{amount:.2f}",
                )
            )
            fraud = rng.random() < 1.0 / (1.0 + np.exp(-3.0 * (np.log(amount) - 4.6)))
            poisoned = day >= self.flipped_from and rng.random() < self.flipped
            if fraud or poisoned:
                entries.append(
                    _entry(Report, report_id=f"r{number}", reported_at=at + DAY, order_id=f"o{number}")
                )
        entries.sort(key=lambda entry: entry.time_ms)
        workspace = Workspace(_design(), root)
        with workspace.home.open_log() as log:
            log.append(entries)
        return workspace


def _entry(event: Any, **values: Any) -> NewEntry:
    made = new_entry(event, event.__convert__(values))
    return NewEntry(made.event, made.key, made.time_ms, made.body, made.time_ms)


@pytest.fixture(scope="module")
def past(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with a log and a champion, to be copied."""
    root = tmp_path_factory.mktemp("past")
    workspace = Past().write(root)
    tables = workspace.history()
    workspace.train(workspace.training_table(tables))
    return root


@pytest.fixture
def workspace(past: Path, tmp_path: Path) -> Workspace:
    shutil.copytree(past, tmp_path / "home")
    return Workspace(_design(), tmp_path / "home")


def _steps(workspace: Workspace) -> list[RetrainingStep]:
    with workspace.home.open_log() as log:
        return [RetrainingStep.of(entry) for entry in log.entries_of(RETRAINING)]


def test_the_same_offset_gives_the_same_bundle_whatever_came_later(workspace: Workspace) -> None:
    with workspace.home.open_log() as log:
        end = log.end()
    first = retrain(workspace, START + 61 * DAY, end - 500)
    assert first.bundle is not None
    with workspace.home.open_log() as log:
        log.append([_entry(Order, order_id="late", ordered_at=START + 70 * DAY, buyer="b1", amount="9")])
        log.append([_entry(Report, report_id="late", reported_at=START + 70 * DAY, order_id="o3")])
    again = retrain(Workspace(_design(), _without_steps(workspace)), START + 99 * DAY, end - 500)
    assert again.bundle is not None
    assert again.bundle.id == first.bundle.id
    assert again.bundle.path != first.bundle.path


def _without_steps(workspace: Workspace) -> Path:
    """Another home with the same events, of which no retraining is known and none was done."""
    root = workspace.home.root.parent / "other"
    home = Home(root, "orders")
    with workspace.home.open_log() as old, home.open_log() as new:
        kept = [entry for entry in old.read() if entry.event in ("Order", "Report")]
        new.append([NewEntry(e.event, e.key, e.time_ms, e.body, e.arrived_ms) for e in kept])
    return root


class Killed(BaseException):
    """What ends a process at a stage."""


@pytest.mark.parametrize("stage", ["begun", "checked", "trained", "compared"])
def test_a_retraining_killed_at_a_stage_is_finished_by_the_next(workspace: Workspace, stage: str) -> None:
    def kill(step: RetrainingStep) -> None:
        if step.stage == stage:
            raise Killed

    champion = current_bundle(workspace.home.bundles)
    with pytest.raises(Killed):
        retrain(workspace, START + 61 * DAY, told=kill)
    assert current_bundle(workspace.home.bundles) == champion
    with workspace.home.open_log() as log:
        unfinished = Runs(log.entries_of(RETRAINING)).last
    done = retrain(workspace, START + 62 * DAY)
    assert unfinished is not None
    assert done.offset == unfinished.offset
    assert done.bundle is not None
    steps = _steps(workspace)
    assert [step.stage for step in steps] == ["begun", "checked", "trained", "compared", "ended"]
    assert len({step.run for step in steps}) == 1
    assert (done.result is None) == (stage in ("trained", "compared"))


def test_few_labels_are_refused_by_name(workspace: Workspace) -> None:
    demanding = Workspace(_design(positives=10_000, rows=100_000), workspace.home.root)
    done = retrain(demanding, START + 61 * DAY)
    assert done.bundle is None
    assert [fault.where for fault in done.refused] == ["labels", "labels.positive"]
    assert _steps(workspace)[-1].faults[1][1] == "10,000 of them positive"
    assert retrain(demanding, START + 61 * DAY, done.offset).refused == done.refused


def test_days_that_are_missing_are_refused(tmp_path: Path) -> None:
    workspace = Past(gap=57).write(tmp_path)
    done = retrain(workspace, START + 61 * DAY)
    assert {fault.where for fault in done.refused} == {"data.volume"}
    assert done.refused[0].expected == "24 events a day at least"


def test_labels_that_one_source_flips_are_noticed_before_anything_is_learned(tmp_path: Path) -> None:
    # Orders are honest at nine of ten: 0.6 % of all, reported falsely, are 5 % of the reports.
    workspace = Past(days=120, flipped=0.012, flipped_from=90).write(tmp_path)
    done = retrain(workspace, START + 121 * DAY)
    assert done.bundle is None
    (fault,) = done.refused
    assert fault.where == "labels.Report"
    assert fault.expected == "at most 2.0% of its labels 1 flipped"
    clean = Past(days=120).write(tmp_path / "clean")
    assert retrain(clean, START + 121 * DAY).refused == ()


def test_what_is_due_depends_on_the_log_and_the_findings_alone(workspace: Workspace) -> None:
    end = START + 60 * DAY
    assert due_now(workspace, end + 2 * DAY).reasons == ()
    assert due_now(workspace, end + 12 * DAY).now
    finding = sf_finding("drift", "critical")
    assert due_now(workspace, end + 2 * DAY, [finding]).reasons == ("drift: PSI 0.4 of amount",)
    assert due_now(workspace, end + 2 * DAY, [sf_finding("drift", "warning")]).reasons == ()
    assert due_now(workspace, end + 2 * DAY, [sf_finding("performance", "warning")]).now
    retrain(workspace, end + 3 * DAY)
    held = due_now(workspace, end + 3 * DAY + 3_600_000, [finding])
    assert not held.now
    assert held.held == "The last training is 1.0 hours old; it cools down for 1d."
    counting = Workspace(_design(matured_labels=1, schedule=None), workspace.home.root)
    assert due_now(counting, end + 9 * DAY).reasons == ()
    with workspace.home.open_log() as log:
        log.append([_entry(Report, report_id="new", reported_at=end, order_id="o1")])
    assert due_now(counting, end + 9 * DAY).reasons == ("1 labels are new, and one is due every 1.",)


def sf_finding(kind: str, severity: Any) -> Any:
    from sevenfold.monitoring.finding import Finding

    return Finding(kind, "amount", severity, "PSI 0.4 of amount", START)


def test_without_a_model_one_is_due_and_without_a_log_nothing_can_be_done(tmp_path: Path) -> None:
    workspace = Past(days=2).write(tmp_path)
    assert due_now(workspace, START).reasons == ("There is no model yet.",)
    with pytest.raises(UsageError, match="There is nothing to retrain on"):
        retrain(Workspace(_design(), tmp_path / "empty"), START)


def test_a_promoted_champion_stays_the_current_one_when_another_is_trained(workspace: Workspace) -> None:
    done = retrain(workspace, START + 61 * DAY, 5000)
    assert done.bundle is not None
    RolloutDesk(workspace.design, workspace.home.root).promote(done.bundle.id, who="ana", why="new")
    workspace.train(workspace.training_table(workspace.history()))
    assert current_bundle(workspace.home.bundles) == done.bundle.id
    assert json.loads((workspace.home.bundles / "current.json").read_bytes()) == {"bundle": done.bundle.id}


def test_a_declaration_that_cannot_be_is_told() -> None:
    with pytest.raises(DesignError) as caught:
        sf.Retraining(schedule="often", positives=0, flipped=2.0)
    assert [fault.where for fault in caught.value.faults] == [
        "retraining.schedule",
        "retraining.positives",
        "retraining.flipped",
    ]
