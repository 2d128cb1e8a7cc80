"""Compares features as recorded at decision time with a backfill of the log that grows with it.

Both are computed by the same kernel from the same events, so they are equal bit for bit; where they are not,
what a model was trained on is not what it is asked with, and nothing else shows that.
"""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import polars as pl

from sevenfold.data.body import read_table
from sevenfold.data.lake import OFFSET
from sevenfold.errors import StateError
from sevenfold.features.backfill import make_batch
from sevenfold.features.batch import fold_batch
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.features.relocation import evict
from sevenfold.features.snapshot import load_snapshot, save_snapshot
from sevenfold.features.state import FeatureState
from sevenfold.monitoring.finding import Finding
from sevenfold.serving.control import draw
from sevenfold.serving.record import Program

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from sevenfold.data.event import EventType
    from sevenfold.features.plan import Plan
    from sevenfold.monitoring.columns import Decisions
    from sevenfold.monitoring.page import Page

__all__ = ["SkewWatcher"]

_KEY = b"sevenfold skew sample"
_CLEAN = 1_000
"""Decisions compared without a difference after which a finding clears."""
_LARGEST_STATE = 64 * 1024 * 1024
"""Bytes of feature state above which none is kept: the log is folded anew instead."""
_EVICT_EVERY = 100_000


@dataclass
class _Feature:
    """What was found of one feature."""

    differences: int = 0
    clean: int = 0
    event: str = ""
    offset: int = 0
    recorded: float | int | str | None = None
    computed: float | int | str | None = None
    firing: bool = False


class SkewWatcher:
    """Folds every event of the log, and compares the features of a sample of decisions.

    Which decisions are compared is decided by a hash of their keys, so that the same ones are compared each
    time. Decisions made with other feature programs than the design's are counted, not compared.

    Parameters
    ----------
    plan, events, lateness
        Those of the design.
    decides
        The event that is decided.
    share
        Of the decisions, 0 to 1.

    Attributes
    ----------
    compared
        Decisions compared so far.
    other_program
        Sampled decisions that were made with other features.
    """

    name = "skew"

    def __init__(
        self,
        plan: Plan,
        events: Mapping[str, EventType],
        decides: str,
        lateness: int | None = None,
        share: float = 0.01,
    ) -> None:
        self._plan, self._events, self._decides = plan, events, decides
        self._lateness, self._share = lateness, share
        self._program = Program.of(decides, plan.fingerprint, plan.asking[decides])
        self._state = FeatureState(plan)
        self._until_eviction = _EVICT_EVERY
        self._features: dict[str, _Feature] = {}
        self.compared = self.other_program = 0

    def see(self, page: Page) -> None:
        """Fold the next page of the log."""
        frames = self._frames(page)
        if not frames:
            return
        decided = frames.get(self._decides)
        computed = self._fold(frames)
        if decided is None or computed is None or not len(page.decisions):
            return
        rows = np.array([draw(_KEY, key) < self._share for key in page.decisions.keys], dtype=bool)
        if page.decisions.program != self._program:
            self.other_program += int(rows.sum())
            return
        if rows.any():
            places = np.searchsorted(decided[OFFSET].to_numpy(), page.decisions.offsets[rows] - 1)
            self._compare(page.decisions, np.flatnonzero(rows), computed[places])

    def _frames(self, page: Page) -> dict[str, pl.DataFrame]:
        """The design's events of a page as tables in log order, with their offsets."""
        parts: dict[str, list[pl.DataFrame]] = {}
        if len(page.decisions):
            offsets = pl.Series(OFFSET, page.decisions.offsets - 1)
            parts[self._decides] = [page.decisions.events.with_columns(offsets)]
        for name, table in page.labels.tables.items():
            if name in self._events:
                parts.setdefault(name, []).append(table)
        raw: dict[str, list[Any]] = {}
        for entry in page.entries:
            if entry.event in self._plan.streams:
                raw.setdefault(entry.event, []).append(entry)
        for name, entries in raw.items():
            table = read_table(self._events[name], [entry.body for entry in entries])
            offsets = pl.Series(OFFSET, [entry.offset for entry in entries], dtype=pl.Int64)
            parts.setdefault(name, []).append(table.with_columns(offsets))
        frames = {}
        for name, event in self._events.items():
            if name in parts and name in self._plan.streams:
                columns = [*event.__fields__, OFFSET]
                frames[name] = pl.concat([part.select(columns) for part in parts[name]]).sort(OFFSET)
        return frames

    def _fold(self, frames: dict[str, pl.DataFrame]) -> NDArray[np.int64] | None:
        """Fold tables together in log order; the features of the decided event, int64 of (rows, features)."""
        on = self._decides if self._decides in frames else None
        order = None
        if len(frames) > 1:
            order = np.argsort(np.concatenate([frame[OFFSET].to_numpy() for frame in frames.values()]))
        plain = {name: frame.drop(OFFSET) for name, frame in frames.items()}
        batch = make_batch(self._plan, self._events, plain, on, order, self._lateness, self._state)
        out = nulls = None
        if on is not None:
            names = self._plan.asking[on].names
            out = np.empty((len(names), frames[on].height), np.int64)
            nulls = np.zeros(len(names), np.int64)
        fold_batch(self._state, batch, on, out, nulls)
        self._until_eviction -= sum(frame.height for frame in frames.values())
        if self._until_eviction <= 0:
            evict(self._state, self._lateness)
            self._until_eviction = max(_EVICT_EVERY, sum(len(slots) for slots in self._state.slots))
        return None if out is None else out.T

    def _compare(self, decisions: Decisions, rows: NDArray[np.int64], computed: NDArray[np.int64]) -> None:
        recorded = decisions.words[rows]
        for place, name in enumerate(self._program.names):
            mine, other = recorded[:, place], computed[:, place]
            differs = mine != other
            if name not in self._program.counts and name not in self._program.texts:  # any NaN is null
                differs &= ~(np.isnan(_floats(mine)) & np.isnan(_floats(other)))
            self._note(name, decisions, rows, mine, other, differs)
        self.compared += len(rows)

    def _note(
        self,
        name: str,
        decisions: Decisions,
        rows: NDArray[np.int64],
        mine: NDArray[np.int64],
        other: NDArray[np.int64],
        differs: NDArray[np.bool_],
    ) -> None:
        if not differs.any():
            if name in self._features:
                self._features[name].clean += len(rows)
            return
        known = self._features.setdefault(name, _Feature())
        first = int(np.argmax(differs))
        known.differences += int(differs.sum())
        known.clean = len(rows) - 1 - int(np.flatnonzero(differs)[-1])
        known.event, known.offset = decisions.keys[rows[first]], int(decisions.offsets[rows[first]])
        known.recorded = self._value(name, int(mine[first]))
        known.computed = self._value(name, int(other[first]))
        if name in self._program.texts:
            place = self._program.texts.index(name)
            known.recorded = decisions.records[rows[first]].texts[place]
        known.firing = True

    def _value(self, name: str, word: int) -> float | int | str | None:
        """What a word stands for."""
        if name in self._program.texts:
            return self._state.texts.get(word)
        if name in self._program.counts:
            return None if word == NULL_INT else word
        number = float(np.int64(word).view(np.float64))
        return None if number != number else number

    def findings(self, now_ms: int) -> list[Finding]:
        """Name the features that differed, each with an event and both values, or say that it is over."""
        found = []
        for name, known in self._features.items():
            if not known.firing:
                continue
            summary = (
                f"{name} at event {known.event[:80]}: expected {_shown(known.computed)} by the log, recorded "
                f"{_shown(known.recorded)}; {known.differences:,} of {self.compared:,} compared so far differ"
            )
            finding = Finding(
                "skew", name, "critical", summary[:500], now_ms,
                {
                    "event": known.event, "offset": known.offset, "recorded": known.recorded,
                    "computed": known.computed, "differences": known.differences, "compared": self.compared,
                },
            )  # fmt: skip
            if known.clean >= _CLEAN:
                known.firing = False
                finding = finding.cleared(now_ms, f"{name}: the last {known.clean:,} compared are equal")
            found.append(finding)
        return found

    def state(self) -> bytes | None:
        """Everything it knows; nothing where the feature state is too large to be worth it."""
        if self._state.arena.nbytes > _LARGEST_STATE:
            return None
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state"
            save_snapshot(path, self._state)
            packed = path.read_bytes()
        features = {name: vars(known) for name, known in self._features.items()}
        return msgspec.msgpack.encode(
            (self._program.key, packed, features, self.compared, self.other_program)
        )

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        StateError
            It is damaged, or of other features.
        """
        try:
            program, packed, features, compared, other = msgspec.msgpack.decode(
                state, type=tuple[str, bytes, dict[str, dict[str, Any]], int, int]
            )
        except msgspec.MsgspecError as error:
            raise StateError(f"The state of the comparison is damaged: {error}") from error
        if program != self._program.key:
            raise StateError("The state of the comparison is of other features")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "state"
            path.write_bytes(packed)
            self._state = load_snapshot(path, self._plan)
        self._features = {name: _Feature(**known) for name, known in features.items()}
        self.compared, self.other_program = compared, other


def _floats(words: NDArray[np.int64]) -> NDArray[np.float64]:
    return np.ascontiguousarray(words).view(np.float64)


def _shown(value: float | int | str | None) -> str:
    return "null" if value is None else repr(value)[:80]
