"""The figures of a cohort from its sums: what was right and wrong, what it cost, how scores fitted."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from sevenfold.monitoring.performance.rates import Rate, Z, expected_rate, share, total
from sevenfold.monitoring.performance.sums import BINS

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["FIGURES", "RATES", "bins", "expected_figures", "matured_figures"]

RATES: Final = {
    "precision": ("tp", "fp"),
    "recall": ("tp", "fn"),
    "false_positives": ("fp", "tn"),
}
"""Each rate by the cell that it counts and the one that it is compared with."""

FIGURES: Final = {
    "precision": "positives among reviewed and blocked",
    "recall": "positives that were reviewed or blocked",
    "false_positives": "negatives that were reviewed or blocked",
    "selection": "events that were reviewed or blocked",
    "calibration": "positives over what scores add up to",
    "missed": "lost to missed positives",
    "saved": "losses of positives that were reviewed or blocked",
    "alarms": "cost of false alarms",
}
"""Every figure, and what it says."""


def matured_figures(sums: Mapping[str, float], z: float = Z) -> dict[str, Rate]:
    """Compute all figures of one or more days.

    Money is that of all the days together, in major units.

    Parameters
    ----------
    sums
        A row of `sums.matured_sums`, or several added up.
    z
        The normal quantile of the intervals; of 95 %, two-sided, by default.

    Returns
    -------
    dict
        By the names of `FIGURES`. Events that were blocked and could not have been drawn for the control
        group are in ``selection`` alone: nothing is known of them.
    """
    found = {
        name: share(
            sums[part],
            sums[part] + sums[other],
            sums[f"{part}_w2"],
            sums[f"{part}_w2"] + sums[f"{other}_w2"],
            sums[f"{part}_n"] + sums[f"{other}_n"],
            z,
        )
        for name, (part, other) in RATES.items()
    }
    flagged, decisions = sums["flagged"], sums["decisions"]
    found["selection"] = share(flagged, decisions, flagged, decisions, decisions, z)
    found["calibration"] = _calibration(sums, z)
    for name, cell in (("missed", "fn"), ("saved", "tp"), ("alarms", "fp")):
        found[name] = total(sums[f"{cell}_money"], sums[f"{cell}_money2"], sums[f"{cell}_n"])
    return found


def expected_figures(sums: Mapping[str, float]) -> dict[str, Rate]:
    """Estimate the rates from scores alone, before any label (confidence-based performance estimation).

    As NannyML's CBPE for binary classification: calibrated scores give the expected confusion matrix, and
    its rates are the estimate. It sees a change of what is decided about; a change of what makes a positive
    (concept drift) it cannot see, nor rows without a score. Unlike NannyML, which adds three standard errors
    found on the reference data, the interval here is that of independent draws with the scores as their
    chances.
    """
    return {name: expected_rate(sums, part, other) for name, (part, other) in RATES.items()}


def bins(sums: Mapping[str, float]) -> list[tuple[float, Rate]]:
    """Mean score and observed share of positives of each bin of scores that holds any."""
    found = []
    for place in range(BINS):
        weight, squares = sums[f"bin{place}_w"], sums[f"bin{place}_w2"]
        if weight > 0:
            size = weight * weight / squares
            observed = min(1.0, sums[f"bin{place}_y"] / weight)
            rate = share(observed * size, size, observed * size, size, size)
            found.append((sums[f"bin{place}_s"] / weight, rate))
    return found


def _calibration(sums: Mapping[str, float], z: float) -> Rate:
    """Positives over the sum of scores, with the linearised interval of a ratio of sums, on logarithms."""
    expected, seen = sums["score"], sums["scored_y"]
    rows = sums["tp_n"] + sums["fn_n"]
    if not (expected > 0 and seen > 0):
        return Rate(seen / expected if expected > 0 else math.nan, math.nan, math.nan, rows)
    ratio = seen / expected
    squares = sums["yy_w2"] - 2 * ratio * sums["ys_w2"] + ratio * ratio * sums["ss_w2"]
    half = z * math.sqrt(max(squares, 0.0)) / seen
    return Rate(ratio, ratio * math.exp(-half), ratio * math.exp(half), rows)
