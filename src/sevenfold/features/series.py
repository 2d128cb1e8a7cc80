"""One series in the making: the columns of a row, the windows, stacks and counters, and what reads them."""

from __future__ import annotations

from dataclasses import dataclass, field

from sevenfold.features.kernel import layout as w
from sevenfold.features.value import ValueType
from sevenfold.features.window import duration_text

__all__ = ["Series"]

_KIND_NAMES = {
    w.TOTAL: "total",
    w.SQUARE: "squares",
    w.VALUE: "value",
    w.RUNNING_MIN: "running minimum",
    w.RUNNING_MAX: "running maximum",
    w.DECAYED: "decayed",
    w.LINKS: "links",
    w.FIRST_EVER: "first ever",
}
_FOREVER = 2**61
_FLOAT_LOW = -64
_FLOAT_LIMBS = 2


@dataclass
class Series:
    """Events of one source that meet one presence condition.

    Attributes
    ----------
    number, key, source, presence
        As in `kernel.layout`; ``presence`` is a row of the input matrix or -1.
    label
        For people.
    """

    number: int
    key: int
    source: int
    presence: int
    label: str
    windows: list[tuple[int, int]] = field(default_factory=list)
    delays: list[int] = field(default_factory=lambda: [0])
    columns: list[tuple[int, int, bool, int]] = field(default_factory=list)
    stacks: list[tuple[int, int, int, int]] = field(default_factory=list)
    counters: list[tuple[int, int, int]] = field(default_factory=list)
    keep: int = 1
    retention: int = -1
    permanent: bool = False

    def window(self, width: int | None, delay: int) -> tuple[int, int]:
        """The numbers of a window (-1: all of time) and of its delay."""
        if delay not in self.delays:
            self.delays.append(delay)
        shift = self.delays.index(delay)
        if width is None:
            self.permanent = True
            if delay:
                self.retention = max(self.retention, delay)
            return -1, shift
        self.retention = max(self.retention, width + delay)
        if (width, shift) not in self.windows:
            self.windows.append((width, shift))
        return self.windows.index((width, shift)), shift

    def column(self, kind: int, source: int, type_: ValueType, auxiliary: int = 0) -> int:
        """The number of a column of a row; the same one for the same use."""
        wanted = (kind, source, type_ is ValueType.FLOAT, auxiliary)
        if wanted not in self.columns:
            self.columns.append(wanted)
        return self.columns.index(wanted)

    def stack(self, column: int, sign: int, delay: int, lookup: int) -> int:
        """The stack that keeps the extremes of a column; each lookup has its own and moves it forward."""
        wanted = (column, sign, delay, lookup)
        if wanted not in self.stacks:
            self.stacks.append(wanted)
        return self.stacks.index(wanted)

    def counter(self, links: int, window: int, delay: int) -> int:
        """The counter of distinct values of a column in a window."""
        if window < 0:
            self.retention = _FOREVER
        if (links, window, delay) not in self.counters:
            self.counters.append((links, window, delay))
        return self.counters.index((links, window, delay))

    def block(self) -> list[int]:
        """The series as a block of the specification: words, then tables at offsets from its start."""
        words = [0] * w.BLOCK_WORDS
        row, placed, tables = self._columns()
        header = w.H_FIXED + len(self.delays)
        words[w.HEADS_AT] = header
        header += len(self.windows)
        words[w.COUNTERS_AT] = header
        header += 3 * len(self.counters)
        for record in placed:
            if record[w.C_KIND] == w.FIRST_EVER:
                record[w.C_AUX] = header
                header += 1
        words[w.STACKS_AT] = header
        header += 2 * len(self.stacks)
        words[w.KEY], words[w.ROW], words[w.HEADER] = self.key, row, header
        words[w.EXTRA] = len(self.stacks) + 2 * tables
        words[w.RETENTION], words[w.KEEP] = self.retention, self.keep
        words[w.PRESENCE], words[w.SOURCE] = self.presence, self.source
        self._table(words, w.N_WINDOWS, w.WINDOWS, [list(window) for window in self.windows])
        self._table(words, w.N_DELAYS, w.DELAYS, [[delay] for delay in self.delays])
        self._table(words, w.N_COLUMNS, w.COLUMNS, placed)
        self._table(words, w.N_STACKS, w.STACKS, [[column, sign] for column, sign, _, _ in self.stacks])
        self._table(words, w.N_COUNTERS, w.COUNTERS, [list(counter) for counter in self.counters])
        return words

    def scratch(self) -> int:
        """Windows and delays whose bounds the kernel keeps at once."""
        return len(self.windows) + len(self.delays)

    def text(self) -> list[str]:
        """The series for people."""
        lines = [f"series {self.number}: {self.label}"]
        for i, (kind, source, is_float, auxiliary) in enumerate(self.columns):
            value = "float" if is_float else "integer"
            extra = f" {duration_text(auxiliary)}" if kind == w.DECAYED else ""
            lines.append(f"  column {i}: {_KIND_NAMES[kind]} of word {source} ({value}){extra}")
        for i, (width, shift) in enumerate(self.windows):
            delay = f" delayed {duration_text(self.delays[shift])}" if self.delays[shift] else ""
            lines.append(f"  window {i}: {duration_text(width)}{delay}")
        kept = "forever" if self.retention >= _FOREVER else duration_text(max(self.retention, 0))
        lines.append(f"  rows kept: {kept}, and {self.keep}")
        return lines

    def _columns(self) -> tuple[int, list[list[int]], int]:
        """Words of a row, the columns' records, and the number of hash tables."""
        at, tables = 1, 0
        placed = []
        for kind, source, is_float, auxiliary in self.columns:
            record = [0] * w.COLUMN_WORDS
            record[w.C_KIND], record[w.C_INPUT], record[w.C_FLOAT] = kind, source, int(is_float)
            record[w.C_AT], record[w.C_AUX] = at, auxiliary
            if kind in (w.TOTAL, w.SQUARE):
                squares = 2 if kind == w.SQUARE else 1
                record[w.C_LIMBS] = squares * (_FLOAT_LIMBS if is_float else 1)
                record[w.C_LOW] = squares * _FLOAT_LOW if is_float else 0
                at += record[w.C_LIMBS]
            elif kind == w.LINKS:
                record[w.C_TABLE] = tables
                tables += 1
                at += 2
            elif kind != w.FIRST_EVER:
                at += 1
            placed.append(record)
        return at, placed, tables

    @staticmethod
    def _table(words: list[int], count: int, at: int, records: list[list[int]]) -> None:
        words[count] = len(records)
        words[at] = len(words)
        for record in records:
            words.extend(record)
