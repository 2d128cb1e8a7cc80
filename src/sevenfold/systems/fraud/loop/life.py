"""A live world and a service, day after day: what is blocked is blocked there, what happens is told here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.systems.fraud.world.clock import DAY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sevenfold.systems.fraud.loop.door import Clock, Door
    from sevenfold.systems.fraud.world.live import LiveWorld, Step
    from sevenfold.systems.fraud.world.reviewers import Reviewers

__all__ = ["Day", "Life"]


@dataclass(frozen=True, slots=True)
class Day:
    """A day that is over.

    Parameters
    ----------
    number
        Days since the world's start.
    end_ms
        Its end, epoch milliseconds.
    decided
        Its payments with the truth beside them, ``action``, ``score``, and ``stopped``.
    verdicts
        What reviewers said, the columns of `reviewers.VERDICT`.
    """

    number: int
    end_ms: int
    decided: pl.DataFrame
    verdicts: pl.DataFrame


class Life:
    """A world that a service decides.

    Payments that are to be reviewed wait for the reviewers, and those that they take for fraud are stopped.
    Declines, refunds and chargebacks reach the service at the end of the step in which they happen.

    Parameters
    ----------
    world
        Goes on by one step at a time.
    door
        Where its payments are decided.
    clock
        Is set to the end of each step before its payments are decided, and so is what the service knows of
        time.
    reviewers
        Who looks at what is to be reviewed.
    judged
        Told of each step's verdicts.
    """

    def __init__(
        self,
        world: LiveWorld,
        door: Door,
        clock: Clock,
        reviewers: Reviewers,
        judged: Callable[[pl.DataFrame], None] = lambda _verdicts: None,
    ) -> None:
        self._world, self._door, self._clock = world, door, clock
        self._reviewers, self._judged = reviewers, judged

    def days(self, steps: Iterator[Step]) -> Iterator[Day]:
        """Go through steps of the world, which begin with a day, and give each day when it is over."""
        decided: list[pl.DataFrame] = []
        verdicts: list[pl.DataFrame] = []
        for step in steps:
            found, said = self._step(step)
            decided.append(found)
            verdicts.append(said)
            end = round(step.end.timestamp() * 1000)
            since = end - self._world.plan.start_ms
            if since % DAY == 0:
                yield Day(since // DAY - 1, end, pl.concat(decided), pl.concat(verdicts))
                decided, verdicts = [], []

    def _step(self, step: Step) -> tuple[pl.DataFrame, pl.DataFrame]:
        self._clock.now_ms = round(step.end.timestamp() * 1000)
        answers = self._door.decide(step.payments)
        known = step.payments.join(step.truth, on="payment_id", maintain_order="left").join(
            answers, on="payment_id", how="left", maintain_order="left"
        )
        asked = known.filter(pl.col("action") == "review")
        said = self._reviewers.look(asked.select("payment_id", "is_fraud"), step.end)
        self._judged(said)
        blocked = known.filter(pl.col("action") == "block")["payment_id"].to_list()
        blocked += said.filter("fraud")["payment_id"].to_list()
        for event, frame in step.decide(blocked).items():
            self._door.tell(event, frame)
        return known.with_columns(stopped=pl.col("payment_id").is_in(blocked)), said
