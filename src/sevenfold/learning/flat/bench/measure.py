"""Comparing the answers, then timing the calls in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.errors import BundleError, Fault
from sevenfold.learning.flat.bench.models import make_table, subjects

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.learning.arrays import FloatMatrix
    from sevenfold.learning.flat.bench.models import Subject

__all__ = ["Timed", "compare_inference"]

TRAINING_ROWS = 20_000
_SLOW = 50
"""Slow calls are made this many times less often."""
_TOLERANCE = {"score": 1e-5, "explain": 1e-3}
"""Libraries add up in float32; whether the flat form is right is for tests, with closer bounds."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Microseconds of one call on one row, or of one row of a table, by round.

    Parameters
    ----------
    model
        Of what.
    what
        ``score`` and ``explain`` one row, or ``table``: score many.
    by
        Who does it.
    medians, p99s
        One a round; of a table both are its rows' mean.
    """

    model: str
    what: str
    by: str
    medians: tuple[float, ...]
    p99s: tuple[float, ...]

    @property
    def median(self) -> float:
        """Median of the rounds' medians."""
        return median(self.medians)

    @property
    def p99(self) -> float:
        """Median of the rounds' 99th percentiles."""
        return median(self.p99s)


def compare_inference(
    rows: int, calls: int, rounds: int, trees: int, tell: Callable[[str], None]
) -> list[Timed]:
    """Train the models, check that all forms agree, and time them in turn.

    Parameters
    ----------
    rows
        Of the table that is scored as a whole.
    calls
        On one row in each round, every one on another row; slow ones a fiftieth of that.

    Raises
    ------
    BundleError
        Two forms of a model do not agree.
    """
    found = subjects(make_table(TRAINING_ROWS), trees, tell)
    X = make_table(max(rows, 1_000), seed=8).X
    found_calls = [call for one in found for call in _calls(one, X)]
    timed: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for number in range(rounds):
        tell(f"round {number + 1} of {rounds}")
        for model, what, by, call, slow in found_calls:
            times = _table(call, X) if what == "table" else _rows(call, X, calls // _SLOW if slow else calls)
            timed.setdefault((model, what, by), []).append(times)
    return [
        Timed(*key, tuple(one[0] for one in times), tuple(one[1] for one in times))
        for key, times in timed.items()
    ]


def _calls(
    subject: Subject, X: FloatMatrix
) -> list[tuple[str, str, str, Callable[[FloatMatrix], Any], bool]]:
    """List what is timed of one model, its answers compared."""
    name, flat, library = subject.name, subject.flat, subject.library_name
    _agree(name, "score", flat.score(X[:500]), subject.onnx.score(X[:500]))
    _agree(name, "score", flat.score(X[:500]), subject.library(X[:500]))
    found = [
        (name, "score", "flat", flat.score, False),
        (name, "score", "ONNX Runtime", subject.onnx.score, False),
        (name, "score", library, subject.library, True),
        (name, "explain", "flat", flat.explain, True),
    ]
    if subject.explain is not None:
        _agree(name, "explain", flat.explain(X[:50]).contributions, subject.explain(X[:50])[:, :-1])
        found.append((name, "explain", library, subject.explain, True))
    return [
        *found,
        (name, "table", "flat", flat.score, False),
        (name, "table", "ONNX Runtime", subject.onnx_shared.score, False),
        (name, "table", library, subject.library, False),
    ]


def _agree(model: str, what: str, ours: Any, theirs: Any) -> None:
    worst = float(np.abs(np.asarray(ours) - np.asarray(theirs)).max())
    if not worst <= _TOLERANCE[what]:
        fault = Fault(f"{model}: {what}", f"a difference of at most {_TOLERANCE[what]:g}", f"{worst:.3g}")
        raise BundleError("Two forms of a model do not agree; nothing was timed.", [fault])


def _rows(call: Callable[[FloatMatrix], Any], X: FloatMatrix, calls: int) -> tuple[float, float]:
    """Time a call on one row after another: microseconds at the median and at the 99th percentile."""
    taken, clock = [], time.perf_counter_ns
    for i in range(max(calls, 20)):
        row = X[i % len(X)][None, :].copy()
        started = clock()
        call(row)
        taken.append((clock() - started) / 1000)
    return _quantiles(taken)


def _quantiles(taken: Sequence[float]) -> tuple[float, float]:
    ordered = sorted(taken)
    return ordered[len(ordered) // 2], ordered[int(len(ordered) * 0.99)]


def _table(call: Callable[[FloatMatrix], Any], X: FloatMatrix) -> tuple[float, float]:
    """Time a call on a table: microseconds a row."""
    started = time.perf_counter_ns()
    call(X)
    taken = (time.perf_counter_ns() - started) / 1000 / len(X)
    return taken, taken
