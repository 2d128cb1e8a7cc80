"""A threshold for each group: how far groups come together by it, and what that costs, before it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal

import numpy as np

from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl
    from numpy.typing import NDArray

__all__ = ["GroupOutcome", "Measure", "Mitigation", "Outcome", "choose_thresholds", "mitigate", "outcome"]

Measure = Literal["selection", "false_positives", "true_positives"]

_CANDIDATES: Final = 160
"""Thresholds that are tried for each group."""


@dataclass(frozen=True, slots=True)
class GroupOutcome:
    """How a group fares: how many decisions, and the three rates."""

    decisions: int
    selection: float
    false_positives: float
    true_positives: float


@dataclass(frozen=True, slots=True)
class Outcome:
    """How all fare with some thresholds.

    Parameters
    ----------
    groups
        By group.
    precision, recall
        Of all groups together.
    cost_per_day
        Missed positives and false alarms, in major units.
    """

    groups: Mapping[str, GroupOutcome]
    precision: float
    recall: float
    cost_per_day: float

    def apart(self, measure: Measure) -> float:
        """How far the highest group is from the lowest; of the selection, the lowest over the highest."""
        rates: list[float] = [getattr(one, measure) for one in self.groups.values()]
        known = [rate for rate in rates if rate == rate]
        if not known:
            return float("nan")
        if measure == "selection":
            return min(known) / max(known) if max(known) > 0 else float("nan")
        return max(known) - min(known)


@dataclass(frozen=True, slots=True)
class Mitigation:
    """A threshold for each group, chosen on earlier days and measured on later ones.

    Parameters
    ----------
    measure, limit
        What is brought within which limit.
    shifts
        By group: by how much the log-odds of a score must be above what has anyone's event reviewed, for it
        to be reviewed; 0 is what is done now, above 0 is milder.
    before, after
        How all fare on the later days.
    """

    measure: Measure
    limit: float
    shifts: Mapping[str, float]
    before: Outcome
    after: Outcome


def mitigate(rows: pl.DataFrame, measure: Measure, limit: float) -> Mitigation:
    """Choose thresholds on the first two thirds of the days, and measure on the last third.

    Parameters
    ----------
    rows
        Matured decisions as `cohort.Cohorts.see` gives them, with a column ``group``; the unknown are left
        out.
    measure
        ``false_positives`` and ``true_positives`` are brought within a difference, ``selection`` within a
        ratio of the lowest to the highest.
    limit
        That difference or ratio.

    Raises
    ------
    DataError
        There are not two groups, or less than three days.
    """
    known = rows.drop_nulls("group").filter(rows.drop_nulls("group")["weight"] > 0)
    days = known["day"].unique().sort()
    faults = []
    if known["group"].n_unique() < 2:
        faults.append(Fault("groups", "two or more with decisions", f"{known['group'].n_unique()}"))
    if len(days) < 3:
        faults.append(Fault("days", "three or more whose labels are final", f"{len(days)}"))
    if faults:
        raise DataError("There is nothing to choose thresholds on", faults)
    cut = int(days[len(days) * 2 // 3])
    shifts = choose_thresholds(known.filter(known["day"] < cut), measure, limit)
    later = known.filter(known["day"] >= cut)
    return Mitigation(measure, limit, shifts, outcome(later, {}), outcome(later, shifts))


def choose_thresholds(rows: pl.DataFrame, measure: Measure, limit: float) -> dict[str, float]:
    """Find the cheapest thresholds that keep groups together.

    Of each group some thresholds are tried, with the rate and the cost of each. For every band of rates that
    is as wide as the limit allows, each group takes its cheapest threshold inside; the cheapest band wins.
    This is the derived predictor of Hardt, Price and Srebro (2016, section 4) by thresholds alone, without
    coins being tossed, and with costs as its loss.

    Raises
    ------
    DataError
        No band holds a threshold of every group.
    """
    tried = {
        str(group): _tried(part, measure)
        for (group,), part in rows.partition_by("group", as_dict=True).items()
    }
    floors = np.unique(np.concatenate([rates for _, rates, _ in tried.values()]))
    best: tuple[float, dict[str, float]] | None = None
    for floor in floors:
        top = floor / limit if measure == "selection" else floor + limit
        total, chosen = 0.0, {}
        for group, (shifts, rates, costs) in tried.items():
            inside = (rates >= floor) & (rates <= top + 1e-12)
            if not inside.any():
                break
            place = int(np.argmin(np.where(inside, costs, np.inf)))
            total, chosen[group] = total + float(costs[place]), float(shifts[place])
        if len(chosen) == len(tried) and (best is None or total < best[0]):
            best = total, chosen
    if best is None:
        fault = Fault(measure, f"thresholds that bring groups within {limit:g}", "none of those tried")
        raise DataError("Groups can't be brought together by thresholds", [fault])
    return best[1]


def outcome(rows: pl.DataFrame, shifts: Mapping[str, float]) -> Outcome:
    """Tell how all fare with thresholds shifted by group; without shifts as things are."""
    flagged = _flagged(rows, shifts)
    y, weight = rows["y"].to_numpy() == 1, rows["weight"].to_numpy()
    group = rows["group"].to_numpy()
    groups = {}
    for name in rows["group"].unique().sort():
        mine = group == name
        groups[str(name)] = GroupOutcome(
            int(mine.sum()),
            _share(weight, flagged, mine),
            _share(weight, flagged, mine & ~y),
            _share(weight, flagged, mine & y),
        )
    lost = np.where(y & ~flagged, rows["loss"].to_numpy(), 0.0) + np.where(
        ~y & flagged, rows["alarm"].to_numpy(), 0.0
    )
    return Outcome(
        groups,
        _share(weight, y, flagged),
        _share(weight, flagged, y),
        float((weight * lost).sum()) / max(rows["day"].n_unique(), 1),
    )


def _tried(
    rows: pl.DataFrame, measure: Measure
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Some thresholds of a group, their rates and their costs; what is done now is among them."""
    margin, weight = rows["margin"].to_numpy(), rows["weight"].to_numpy()
    y = rows["y"].to_numpy() == 1
    counts = {"selection": np.ones(len(y), bool), "false_positives": ~y, "true_positives": y}[measure]
    finite = margin[np.isfinite(margin)]
    quantiles = np.quantile(finite, 1 - np.geomspace(1e-4, 1.0, _CANDIDATES)) if len(finite) else []
    shifts = np.unique(np.r_[0.0, quantiles])
    order = np.argsort(margin, kind="stable")
    first = np.searchsorted(margin[order], shifts)  # from here on events are flagged

    def above(values: NDArray[np.float64]) -> NDArray[np.float64]:
        sums = np.r_[0.0, np.cumsum(values[order])]
        found: NDArray[np.float64] = sums[-1] - sums[first]
        return found

    rates = above(weight * counts) / max(float((weight * counts).sum()), 1e-12)
    missed = weight * y * rows["loss"].to_numpy()
    costs = missed.sum() - above(missed) + above(weight * ~y * rows["alarm"].to_numpy())
    return shifts, rates, costs


def _flagged(rows: pl.DataFrame, shifts: Mapping[str, float]) -> NDArray[np.bool_]:
    group = rows["group"].to_list()
    from_ = np.array([shifts.get(name, 0.0) for name in group])
    found: NDArray[np.bool_] = rows["margin"].to_numpy() >= from_
    return found


def _share(weight: NDArray[np.float64], part: NDArray[np.bool_], whole: NDArray[np.bool_]) -> float:
    total = float(weight[whole].sum())
    return float(weight[part & whole].sum()) / total if total > 0 else float("nan")
