"""How far apart groups are, and whether chance alone could have done it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Any, Final

from sevenfold.learning.extra import require
from sevenfold.monitoring.performance.figures import matured_figures

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.monitoring.fairness.declaration import Fairness
    from sevenfold.monitoring.performance.rates import Rate

__all__ = ["MEASURES", "Disparity", "disparities", "group_frame", "large_enough"]

MEASURES: Final = {
    "selection": "share reviewed or blocked",
    "false_positives": "negatives that were reviewed or blocked",
    "true_positives": "positives that were reviewed or blocked",
    "calibration": "positives over what scores add up to",
}
"""What is compared between groups."""

_FIGURE: Final = {"true_positives": "recall"}
_RATIOS: Final = ("selection", "calibration")


@dataclass(frozen=True, slots=True)
class Disparity:
    """How far the group with the highest figure is from the one with the lowest.

    Parameters
    ----------
    measure
        One of `MEASURES`.
    high, low
        The two groups.
    value, interval
        For rates of errors the difference; for the selection the lowest over the highest; for the calibration
        the highest over the lowest. Then what chance alone could have made of it.
    limit
        What is declared; ``None`` where nothing is.
    crossed
        Whether the whole interval is beyond the limit.
    """

    measure: str
    high: str
    low: str
    value: float
    interval: tuple[float, float]
    limit: float | None
    crossed: bool


def group_frame(sums: Mapping[str, Mapping[str, float]]) -> Any:
    """Lay the sums of groups out as fairlearn's `MetricFrame`: selection, false and true positives by group.

    Its rows are the cells of the confusion matrix with what the control group stands for as weights.

    Raises
    ------
    MissingExtraError
        fairlearn is not installed.
    """
    metrics = require("fairlearn.metrics", "comparing groups", "monitor")
    cells = {"tp": (1, 1), "fp": (0, 1), "fn": (1, 0), "tn": (0, 0)}
    rows = [
        (group, positive, flagged, one[cell])
        for group, one in sums.items()
        for cell, (positive, flagged) in cells.items()
    ]
    groups, positives, flags, weights = (list(column) for column in zip(*rows, strict=True))
    asked = {
        "selection": metrics.selection_rate,
        "false_positives": metrics.false_positive_rate,
        "true_positives": metrics.true_positive_rate,
    }
    return metrics.MetricFrame(
        metrics=asked,
        y_true=positives,
        y_pred=flags,
        sensitive_features={"group": groups},
        sample_params={name: {"sample_weight": weights} for name in asked},
    )


def large_enough(measure: str, sums: Mapping[str, float], declared: Fairness) -> bool:
    """Whether a group has the rows that a comparison by a measure needs."""
    if sums["decisions"] < declared.minimum:
        return False
    if measure == "false_positives":
        return sums["fp_n"] + sums["tn_n"] >= declared.minimum
    if measure in ("true_positives", "calibration"):
        return sums["tp_n"] + sums["fn_n"] >= declared.least_positives
    return True


def disparities(sums: Mapping[str, Mapping[str, float]], declared: Fairness) -> list[Disparity]:
    """Compare groups by every measure: the one with the highest figure with the one with the lowest.

    Of k groups the two farthest apart are taken, which chance alone drives apart; so intervals are those
    of k (k - 1) / 2 comparisons (Bonferroni). Differences have the hybrid score interval of two shares
    (Newcombe, 1998, method 10), ratios the same on logarithms (MOVER: Donner and Zou, 2012).

    Parameters
    ----------
    sums
        By group, as `sums.split_sums` gives them. The unknown group takes no part.
    declared
        Limits, and what a group must have.
    """
    found = []
    named = {group: one for group, one in sums.items() if not group.startswith("(")}
    for measure in MEASURES:
        large = {g: one for g, one in named.items() if large_enough(measure, one, declared)}
        if len(large) < 2:
            continue
        pairs = len(large) * (len(large) - 1) / 2
        z = NormalDist().inv_cdf(1 - 0.025 / pairs)
        rates = {g: matured_figures(one, z)[_FIGURE.get(measure, measure)] for g, one in large.items()}
        known = {g: rate for g, rate in rates.items() if not math.isnan(rate.value)}
        if len(known) >= 2:
            found.append(_disparity(measure, known, declared.limits.get(measure)))
    return found


def _disparity(measure: str, rates: Mapping[str, Rate], limit: float | None) -> Disparity:
    high = max(rates, key=lambda group: rates[group].value)
    low = min(rates, key=lambda group: rates[group].value)
    top, bottom = rates[high], rates[low]
    if measure not in _RATIOS:
        value, interval = top.value - bottom.value, _difference(top, bottom)
        crossed = limit is not None and interval[0] > limit
    else:
        ratio, (least, most) = _ratio(top, bottom)
        if measure == "selection":
            value, interval = 1 / ratio if ratio > 0 else math.nan, (1 / most, 1 / max(least, 1e-12))
            crossed = limit is not None and interval[1] < limit
        else:
            value, interval = ratio, (least, most)
            crossed = limit is not None and interval[0] > limit
    return Disparity(measure, high, low, value, interval, limit, crossed)


def _difference(top: Rate, bottom: Rate) -> tuple[float, float]:
    """Newcombe's interval of the difference of two independent shares from their own intervals."""
    value = top.value - bottom.value
    down = math.hypot(top.value - top.low, bottom.high - bottom.value)
    up = math.hypot(top.high - top.value, bottom.value - bottom.low)
    return value - down, value + up


def _ratio(top: Rate, bottom: Rate) -> tuple[float, tuple[float, float]]:
    """The ratio of two figures with the interval that theirs give on logarithms."""
    if not (top.value > 0 and bottom.value > 0):
        return math.inf, (top.low / bottom.high if bottom.high > 0 else 1.0, math.inf)
    ratio = math.log(top.value / bottom.value)
    floor = 1e-12
    down = math.hypot(
        math.log(top.value / max(top.low, floor)), math.log(max(bottom.high, floor) / bottom.value)
    )
    up = math.hypot(
        math.log(max(top.high, floor) / top.value), math.log(bottom.value / max(bottom.low, floor))
    )
    return math.exp(ratio), (math.exp(ratio - down), math.exp(min(ratio + up, 700.0)))
