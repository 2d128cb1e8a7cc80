"""Matured cohorts: the decisions of one day, once their labels are final.

What is not reported yet is never taken for legitimate: a day waits until the last of its decisions is as old
as the label's declaration says, counted from the event or its decision, whichever was later.
"""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import polars as pl

from sevenfold.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.learning.label import Label
    from sevenfold.monitoring.columns import Decisions
    from sevenfold.monitoring.page import Page

__all__ = ["DAY_MS", "Cohorts", "Money", "NoStakes", "Watched"]

DAY_MS = 86_400_000

_ROWS: dict[str, pl.DataType] = {
    "key": pl.String(),
    "day": pl.Int64(),
    "time": pl.Int64(),
    "score": pl.Float64(),
    "flagged": pl.Boolean(),
    "blocked": pl.Boolean(),
    "weight": pl.Float64(),
    "unseen": pl.Boolean(),
    "loss": pl.Float64(),
    "alarm": pl.Float64(),
    "margin": pl.Float64(),
    "model": pl.String(),
}


@dataclass(frozen=True, eq=False)
class Money:
    """What is at stake in some decisions.

    Parameters
    ----------
    loss, alarm
        float64, shape (n,): what a missed positive and a false alarm cost, major units.
    never_drawn
        bool, shape (n,): whether the control group could not have drawn the event, had it been a block.
    """

    loss: NDArray[np.float64]
    alarm: NDArray[np.float64]
    never_drawn: NDArray[np.bool_]


class NoStakes:
    """Nothing is known of what mistakes cost, nor of a control group."""

    def __call__(self, decisions: Decisions) -> Money:
        """Count nothing, and take every block for one that nothing stands for."""
        nothing = np.zeros(len(decisions))
        return Money(nothing, nothing, np.ones(len(decisions), dtype=bool))


@dataclass(frozen=True, eq=False)
class Watched:
    """What of a design must be known to follow its decisions to their labels.

    Parameters
    ----------
    label
        What says what became of them.
    stakes
        What each is about, in money.
    segments
        Fields of the decided event that are kept beside each decision.
    values
        Further columns: for the keys and events of decisions the value of each, by name; ``None`` where it is
        not known. Groups of people come this way, which are no field of the event.
    """

    label: Label
    stakes: Callable[[Decisions], Money]
    segments: tuple[str, ...] = ()
    values: Mapping[str, Callable[[Decisions], Sequence[str | None]]] | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """What decisions can be split by, beside the model."""
        return (*self.segments, *(self.values or {}))


class Cohorts:
    """Decisions that wait for their labels; a fold over pages in memory of the waiting ones.

    Parameters
    ----------
    watched
        Of the design.
    """

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._schema = _ROWS | {f"by.{name}": pl.String() for name in watched.columns}
        self.waiting = pl.DataFrame(schema=self._schema)
        self._labels: dict[str, pl.DataFrame] = {}
        self.closed = -1
        """The newest day whose labels are final."""
        self.newest_ms = 0
        self.late = 0
        """Decisions about a day that was closed already, which are in no figure."""

    def see(self, page: Page) -> list[pl.DataFrame]:
        """Fold a page; return the days that have matured with it, oldest first, each with a column ``y``.

        Rows whose label was taken back and not replaced are left out.
        """
        self._remember(page)
        self.newest_ms = max(self.newest_ms, self._newest(page))
        last = (self.newest_ms - self._watched.label.matures_ms) // DAY_MS - 1
        if last <= self.closed:
            return []
        ripe = self.waiting.filter(pl.col("day") <= last)
        self.waiting = self.waiting.filter(pl.col("day") > last)
        self.closed = last
        days = ripe.partition_by("day", maintain_order=True) if ripe.height else []
        found = [self._labelled(day) for day in sorted(days, key=lambda day: day["day"][0])]
        self._forget()
        return found

    def _newest(self, page: Page) -> int:
        """How far time has come by what was decided, told or taken in.

        Not by changes of rules, models and alerts: in a simulated world those come by another clock.
        """
        name = self._watched.label.on.__name__
        decided, told = page.decisions.decided_ms, page.labels.known_ms
        taken = [entry.arrived_ms for entry in page.entries if entry.event == name]
        return max(int(decided.max(initial=0)), int(told.max(initial=0)), *taken, 0)

    def _remember(self, page: Page) -> None:
        rows = self._rows(page.decisions)
        if rows.height:
            fresh = rows.filter(pl.col("day") > self.closed)
            self.late += rows.height - fresh.height
            self.waiting = pl.concat([self.waiting, fresh])
        for name, table in page.labels.tables.items():
            known = self._labels.get(name)
            self._labels[name] = table if known is None else pl.concat([known, table])

    def _rows(self, decisions: Decisions) -> pl.DataFrame:
        if not len(decisions):
            return pl.DataFrame(schema=self._schema)
        money, passed = self._watched.stakes(decisions), decisions.passed
        blocked = passed == 0.0
        since = np.maximum(decisions.times_ms, decisions.decided_ms)
        columns = {
            "key": decisions.keys,
            "day": since // DAY_MS,
            "time": since,
            "score": decisions.scores,
            "flagged": decisions.would_be != "approve",
            "blocked": blocked,
            "weight": np.divide(1.0, passed, out=np.zeros(len(passed)), where=~blocked),
            "unseen": blocked & money.never_drawn,
            "loss": money.loss,
            "alarm": money.alarm,
            "margin": _margins(decisions),
            "model": [model or "none" for model in decisions.models],
        }
        for name in self._watched.segments:
            columns[f"by.{name}"] = decisions.events[name].cast(pl.String)
        for name, of in (self._watched.values or {}).items():
            columns[f"by.{name}"] = list(of(decisions))
        return pl.DataFrame(columns, schema=self._schema).with_columns(pl.col("score").fill_nan(None))

    def _labelled(self, day: pl.DataFrame) -> pl.DataFrame:
        """Join what was known when the day matured, as training does."""
        label = self._watched.label
        decided = day.select(pl.col("key").alias(label.on.__key__), pl.col("time").alias(label.on.__time__))
        labels, _ = label.history(decided, self._labels)
        moment = (int(day["day"][0]) + 1) * DAY_MS + label.matures_ms
        return day.with_columns(y=pl.Series(labels.at(moment), dtype=pl.Int8)).filter(pl.col("y") >= 0)

    def _forget(self) -> None:
        """Drop labels of days that are closed."""
        keys = self.waiting["key"]
        for source in self._watched.label.sources:
            name = source.event.__name__
            if name in self._labels:
                table = self._labels[name]
                self._labels[name] = table.filter(table[source.key].cast(pl.String).is_in(keys.implode()))

    def state(self) -> bytes:
        """Everything it knows."""
        tables = {"": _packed(self.waiting)} | {name: _packed(t) for name, t in self._labels.items()}
        return msgspec.msgpack.encode(_State(self.closed, self.newest_ms, self.late, tables))

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        StateError
            It is damaged, or of other columns.
        """
        try:
            known = msgspec.msgpack.decode(state, type=_State)
            tables = {name: pl.read_ipc(io.BytesIO(packed)) for name, packed in known.tables.items()}
        except (msgspec.MsgspecError, pl.exceptions.PolarsError, OSError) as error:
            raise StateError(f"The state of the cohorts is damaged: {error}") from error
        waiting = tables.pop("", None)
        if waiting is None or waiting.schema != pl.Schema(self._schema):
            raise StateError("The state of the cohorts is of another design")
        self.waiting, self._labels = waiting, tables
        self.closed, self.newest_ms, self.late = known.closed, known.newest_ms, known.late


def _margins(decisions: Decisions) -> NDArray[np.float64]:
    """How far each score was above what would have had the event reviewed or blocked, in log-odds.

    Infinite where the costs did not decide, but a rule, a list or the want of a score.
    """
    from_ = [min(record.review_from, record.block_from) for record in decisions.records]
    asked = np.array([_COSTS.get(record.by, 1) for record in decisions.records], dtype=np.int8)
    margin = log_odds(decisions.scores) - log_odds(np.array(from_, dtype=np.float64))
    flagged = decisions.would_be != "approve"
    found: NDArray[np.float64] = np.where(
        (asked == 1) & ((margin >= 0) == flagged), margin, np.where(flagged, np.inf, -np.inf)
    )
    return found


_COSTS = {"list": 0, "rule": 0, "fallback": 0}
"""What decides without looking at the costs."""

_NEAR = 1e-12


def log_odds(chance: NDArray[np.float64]) -> NDArray[np.float64]:
    """The logarithm of the odds of chances; of 0 and 1 a large number."""
    kept = np.clip(chance, _NEAR, 1 - _NEAR)
    odds: NDArray[np.float64] = np.log(kept) - np.log1p(-kept)
    return odds


class _State(msgspec.Struct, frozen=True):
    closed: int
    newest_ms: int
    late: int
    tables: dict[str, bytes]


def _packed(table: pl.DataFrame) -> bytes:
    target = io.BytesIO()
    table.write_ipc(target, compression="zstd")
    return target.getvalue()
