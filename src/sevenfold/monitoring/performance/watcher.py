"""Watches how good decisions are: matured days as they are, younger ones as their scores lead to expect."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

import msgspec
import polars as pl

from sevenfold.errors import StateError
from sevenfold.monitoring.finding import Finding
from sevenfold.monitoring.performance.cohort import Cohorts
from sevenfold.monitoring.performance.figures import FIGURES, RATES, expected_figures, matured_figures
from sevenfold.monitoring.performance.sums import ALL, SCHEMA, expected_sums, matured_sums, split_sums

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from sevenfold.monitoring.page import Page
    from sevenfold.monitoring.performance.cohort import Watched
    from sevenfold.monitoring.performance.declaration import Performance
    from sevenfold.monitoring.performance.rates import Rate

__all__ = ["PerformanceWatcher"]

_KEPT_DAYS = 400
_MOST = ("false_positives", "losses_per_day")
"""Limits from above; all others but the calibration are from below."""
_ERRORS_FROM = 7
"""Matured days from which on the error of estimates is known well enough to widen their intervals."""


class PerformanceWatcher:
    """Follows decisions to their labels; memory for the waiting ones and a table of sums.

    Parameters
    ----------
    watched
        What of the design must be known.
    declared
        Limits, window and segments.
    """

    name = "performance"

    def __init__(self, watched: Watched, declared: Performance) -> None:
        self.declared = declared
        self.splits = watched.columns
        self.cohorts = Cohorts(watched)
        self.matured = pl.DataFrame(schema=SCHEMA)
        self._firing: dict[str, Finding] = {}
        self._judged = -1
        self.matured_day: Callable[[pl.DataFrame], None] | None = None
        """Given the rows of each day that has matured, for who needs more than sums."""

    def see(self, page: Page) -> None:
        """Fold the next page of the log."""
        ripe = [day for day in self.cohorts.see(page) if day.height]
        if self.matured_day is not None:
            for day in ripe:
                self.matured_day(day)
        if ripe:
            table = pl.concat([self.matured, *(matured_sums(day, self.splits) for day in ripe)])
            self.matured = table.filter(pl.col("day") > pl.col("day").max() - _KEPT_DAYS)

    def by_value(self, split: str = "all") -> dict[str, dict[str, Rate]]:
        """Figures over the declared window, for each value of a split: ``all``, ``model`` or a segment."""
        return {
            value: matured_figures(sums)
            for value, sums in split_sums(self.matured, split, self.declared.days).items()
        }

    def by_day(self, last: int | None = None, over: int = 1) -> dict[int, dict[str, Rate]]:
        """Figures of each matured day since the epoch, each taken over so many days that end with it.

        Parameters
        ----------
        last
            The newest days only; ``None`` for all that are kept.
        over
            Days with decisions that are added up.
        """
        rows = _rolled(
            self.matured.filter(pl.col("split") == ALL[0]).drop("split", "value").sort("day"), over
        )
        rows = rows if last is None else rows.tail(last)
        return {int(row["day"]): matured_figures(row) for row in rows.iter_rows(named=True)}

    def expected_by_day(self, over: int = 1) -> dict[int, dict[str, Rate]]:
        """What scores lead to expect of each day that has not matured; ``over`` as for `by_day`."""
        rows = _rolled(expected_sums(self.cohorts.waiting), over)
        return {int(row["day"]): expected_figures(row) for row in rows.iter_rows(named=True)}

    def errors(self) -> dict[str, tuple[float, float, int]]:
        """How far estimates of matured days were off: mean, mean absolute error and days, by figure.

        Both sides are of the same events: those of which labels tell, with their weights.
        """
        off: dict[str, list[float]] = {name: [] for name in RATES}
        for row in self.matured.filter(pl.col("split") == ALL[0]).iter_rows(named=True):
            seen, expected = matured_figures(row), expected_figures(row)
            for name in RATES:
                difference = expected[name].value - seen[name].value
                if difference == difference:
                    off[name].append(difference)
        return {
            name: (sum(all_) / len(all_), sum(map(abs, all_)) / len(all_), len(all_))
            for name, all_ in off.items()
            if all_
        }

    def expected(self) -> dict[str, Rate]:
        """What scores lead to expect of all decisions that have not matured, together."""
        rows = expected_sums(self.cohorts.waiting)
        if not rows.height:
            return {}
        return expected_figures(rows.drop("day").sum().row(0, named=True))

    def findings(self, now_ms: int) -> list[Finding]:
        """Say which limits are crossed beyond the interval, on the whole and by split, and which no more.

        Nothing is new before another day has matured.
        """
        if self.cohorts.closed == self._judged:
            return []
        self._judged = self.cohorts.closed
        found = []
        for subject, name, rate, limit in self._watched_rates():
            key = f"performance:{subject}"
            crossed = _crossed(name, rate, limit)
            if crossed:
                finding = _finding(subject, name, rate, limit, now_ms)
                self._firing[key] = finding
                found.append(finding)
            elif key in self._firing:
                text = f"{_title(name)} is {rate}, no longer surely beyond the limit of {limit:g}"
                found.append(self._firing.pop(key).cleared(now_ms, text))
        return found

    def _watched_rates(self) -> Iterator[tuple[str, str, Rate, float]]:
        declared, limits = self.declared, self.declared.limits
        for split in ("all", "model", *self.splits):
            for value, sums in split_sums(self.matured, split, declared.days).items():
                if sums["tp_n"] + sums["fn_n"] < declared.minimum:
                    continue
                figures = matured_figures(sums)
                days = max(sums["days"], 1.0)
                for name, limit in limits.items():
                    rate = figures["missed" if name == "losses_per_day" else name]
                    if name == "losses_per_day":
                        if split != "all":
                            continue
                        rate = type(rate)(rate.value / days, rate.low / days, rate.high / days, rate.rows)
                    yield (name if split == "all" else f"{name}, {split} {value}"[:200]), name, rate, limit
        errors = self.errors()
        for name, rate in self.expected().items():
            _, off, days_known = errors.get(name, (0.0, 0.0, 0))
            if name in limits and days_known >= _ERRORS_FROM:
                wide = type(rate)(rate.value, rate.low - 2 * off, rate.high + 2 * off, rate.rows)
                yield f"{name}, expected", name, wide, limits[name]

    def state(self) -> bytes:
        """Everything it knows."""
        target = io.BytesIO()
        self.matured.write_ipc(target, compression="zstd")
        firing = [(f.subject, f.severity, f.summary, f.at_ms, dict(f.values)) for f in self._firing.values()]
        return msgspec.msgpack.encode((target.getvalue(), self.cohorts.state(), firing))

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        StateError
            It is damaged, or of another design.
        """
        try:
            matured, cohorts, firing = msgspec.msgpack.decode(state, type=tuple[bytes, bytes, list[Any]])
            table = pl.read_ipc(io.BytesIO(matured))
            known = {f"performance:{one[0]}": Finding("performance", *one) for one in firing}
        except (msgspec.MsgspecError, pl.exceptions.PolarsError, OSError, TypeError) as error:
            raise StateError(f"The state of the performance is damaged: {error}") from error
        if table.schema != pl.Schema(SCHEMA):
            raise StateError("The state of the performance is of another version")
        self.cohorts.restore(cohorts)
        self.matured, self._firing, self._judged = table, known, -1


def _rolled(rows: pl.DataFrame, over: int) -> pl.DataFrame:
    """Sums of each row and those before it, so many in all."""
    return rows.with_columns(pl.exclude("day").rolling_sum(over, min_samples=1))


def _crossed(name: str, rate: Rate, limit: float) -> bool:
    """Whether even the end of the interval nearest to the limit is beyond it; of what is not known, not."""
    if name == "calibration":
        return rate.low > limit or rate.high < 1 / limit
    return rate.low > limit if name in _MOST else rate.high < limit


def _finding(subject: str, name: str, rate: Rate, limit: float, now_ms: int) -> Finding:
    bound = "at most" if name in _MOST else "at least"
    wanted = f"between {1 / limit:.3g} and {limit:g}" if name == "calibration" else f"{bound} {limit:g}"
    summary = f"{_title(name)}: expected {wanted}, got {rate} of {rate.rows:,.0f} rows, in {subject}"
    values: dict[str, float | int | str | None] = {
        "value": rate.value, "low": rate.low, "high": rate.high, "rows": rate.rows, "limit": limit,
    }  # fmt: skip
    return Finding("performance", subject, "warning", summary[:500], now_ms, values)


def _title(name: str) -> str:
    if name == "losses_per_day":
        return "money lost a day to missed positives"
    return FIGURES[name]
