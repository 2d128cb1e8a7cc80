"""Ninety days on its own: the same world twice, with the loop at work and with a model that stays as it was.

A past in which nobody decided is learned from first. Then the service decides; on a given day a pattern of
fraud begins that the past did not have. Thieves and customers react to what is blocked, so that the two lives
part ways. What each day cost is told by the truth, which no part of the system sees.
"""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any

import polars as pl

from sevenfold.design.attending import Attendant
from sevenfold.design.reviewing import open_queue
from sevenfold.design.serving import open_service
from sevenfold.design.workspace import Workspace
from sevenfold.serving.http.journal import Journal
from sevenfold.systems.fraud.loop.design import unattended
from sevenfold.systems.fraud.loop.desk import ReviewDesk
from sevenfold.systems.fraud.loop.door import Clock, InProcess
from sevenfold.systems.fraud.loop.ledger import Ledger
from sevenfold.systems.fraud.loop.life import Life
from sevenfold.systems.fraud.loop.past import live_past
from sevenfold.systems.fraud.world.live import LiveWorld
from sevenfold.systems.fraud.world.reviewers import Reviewers
from sevenfold.systems.fraud.world.turns import Turn

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sevenfold.design.attending import Round
    from sevenfold.design.design import Design
    from sevenfold.systems.fraud.loop.life import Day
    from sevenfold.systems.fraud.world.live import Step

__all__ = ["Lived", "Trial", "live", "prepare"]


@dataclass(frozen=True, kw_only=True)
class Trial:
    """What is tried.

    Parameters
    ----------
    payments_a_day, fraud_share, seed
        The world's.
    past, days
        Days that are learned from first, and days that are lived.
    onset
        The day, of those that are lived, on which the new pattern begins.
    pattern, size
        Which pattern that is, and how many times its usual frequency it reaches.
    minutes
        How long a step of the world is.
    """

    payments_a_day: int = 1_500
    fraud_share: float = 0.02
    seed: int = 11
    past: int = 180
    days: int = 90
    onset: int = 45
    pattern: str = "account_takeover"
    size: float = 10.0
    minutes: int = 360

    def world(self) -> LiveWorld:
        """Make the world, at its beginning."""
        whole = self.past + self.days
        return LiveWorld(
            self.payments_a_day * whole,
            self.seed,
            days=whole,
            start=date(2026, 1, 1),
            fraud_share=self.fraud_share,
            turns=[Turn("onset", self.pattern, self.past + self.onset, whole, self.size)],
            minutes=self.minutes,
        )

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        return asdict(self)


@dataclass
class Lived:
    """How one life went.

    Attributes
    ----------
    ledger
        What each day cost; the columns of `ledger.SCHEMA`, days from 0 on.
    story
        What the loop did, by day: alerts that began to fire, retrainings, promotions.
    """

    ledger: pl.DataFrame
    story: list[dict[str, Any]] = field(default_factory=list)

    @property
    def promoted(self) -> list[int]:
        """The days on which another model was put to work."""
        return [told["day"] for told in self.story if told["what"] == "promoted"]

    def save(self, folder: Path) -> None:
        """Write it down, for a run that was interrupted to go on from."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "story.json").write_text(json.dumps(self.story, indent=1))
        self.ledger.write_parquet(folder / "ledger.parquet")

    @classmethod
    def load(cls, folder: Path) -> Lived | None:
        """Read what was written down; nothing where it was not."""
        if not (folder / "ledger.parquet").is_file():
            return None
        return cls(
            pl.read_parquet(folder / "ledger.parquet"), json.loads((folder / "story.json").read_text())
        )


def prepare(trial: Trial, root: Path, told: Callable[[int, int, str], None]) -> None:
    """Live the past into a home, and train the first model on it; nothing where that is done."""
    design = unattended()
    done = root / "prepared"
    if done.exists():
        return
    shutil.rmtree(root, ignore_errors=True)
    workspace = Workspace(design, root)
    workspace.home.folder.mkdir(parents=True)
    world = trial.world()
    with workspace.home.open_log() as log:
        live_past(
            log, design.events, iter(world), trial.past, trial.minutes,
            lambda day, days: told(day, days, "the past"),
        )  # fmt: skip
    workspace.train(workspace.training_table(workspace.history()))
    # Both lives draw the same control group, and so does whoever repeats them.
    key = hashlib.sha256(f"control {trial.seed}".encode()).digest()
    workspace.home.control_key.write_bytes(key)
    done.touch()


def live(
    trial: Trial, prepared: Path, root: Path, *, loop: bool, told: Callable[[int, int, str], None]
) -> Lived:
    """Live the days of a trial.

    Parameters
    ----------
    trial
        What is tried.
    prepared
        The home that `prepare` made.
    root
        The home of this life; what is there is replaced.
    loop
        Whether the loop is at work; else the first model stays.
    told
        Told the days that are done, of how many.
    """
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(prepared, root)
    design, clock, world = unattended(), Clock(), trial.world()
    steps = _skipped(world, trial)
    service = open_service(design, root, clock_ms=clock)
    door, reviewers = InProcess(service), Reviewers(trial.seed)
    queue = open_queue(design, root, clock_ms=clock)
    desk = ReviewDesk(queue, door.decisions)
    assert design.problem is not None  # noqa: S101  (the shipped design states it)
    ledger, keeper = (
        Ledger(design.problem, trial.pattern),
        _Keeper(design, root, clock, trial, reviewers, desk),
    )
    try:
        for day in Life(world, door, clock, reviewers, desk.judged).days(steps):
            number = day.number - trial.past
            ledger.add(number, day.decided)
            if loop:
                keeper.after(number, day)
                service.refresh()
            told(number + 1, trial.days, "with the loop" if loop else "frozen")
    finally:
        keeper.close()
        queue.close()
        service.close_now()
    return Lived(ledger.frame(), keeper.story)


def _skipped(world: LiveWorld, trial: Trial) -> Iterator[Step]:
    """The world's steps after the past, in which everything was let through."""
    steps = iter(world)
    for _ in range(trial.past * (24 * 60 // trial.minutes)):
        next(steps).decide(())
    return steps


class _Keeper:
    """The loop at the end of each day, and the story of what it did."""

    def __init__(
        self, design: Design, root: Path, clock: Clock, trial: Trial, reviewers: Reviewers, desk: ReviewDesk
    ) -> None:
        self._attendant = Attendant(design, root, Journal(io.StringIO()), clock, seed=trial.seed)
        self._reviewers, self._desk = reviewers, desk
        self.story: list[dict[str, Any]] = []
        self._firing: set[str] = set()

    def after(self, number: int, day: Day) -> None:
        """Watch, ask, retrain and promote as declared, and have the reviewers look at what was asked."""
        done = self._attendant.attend()
        wanted = day.decided.filter(pl.col("payment_id").is_in(list(done.selected)))
        if wanted.height:
            at = datetime.fromtimestamp(day.end_ms / 1000, UTC)
            self._desk.judged(self._reviewers.look(wanted.select("payment_id", "is_fraud"), at))
        self._tell(number, done)

    def _tell(self, number: int, done: Round) -> None:
        firing = {alert.alert: alert.summary for alert in done.firing}
        for name in sorted(firing.keys() - self._firing):
            self.story.append({"day": number, "what": "alert", "about": name, "said": firing[name]})
        self._firing = set(firing)
        if done.retrained is not None:
            refused = "; ".join(map(str, done.retrained.refused))
            what, why = "refused" if refused else "retrained", " ".join(done.reasons)
            self.story.append({"day": number, "what": what, "why": why, "said": refused})
        if done.changed is not None:
            what = "promoted" if done.changed.action == "promote" else done.changed.action
            self.story.append({"day": number, "what": what, "about": done.changed.bundle})

    def close(self) -> None:
        """Let go of the files."""
        self._attendant.__exit__()
