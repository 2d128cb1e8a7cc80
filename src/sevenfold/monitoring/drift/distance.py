"""How far two spreads are apart: three distances that see different things.

The population stability index weighs what is rare as much as what is common, and so sees tails; the
Kolmogorov-Smirnov distance sees a shift of an ordered value, however small in each bin; Jensen-Shannon is
bounded, and the calmest of the three.

References
----------
Kullback, Leibler (1951), On Information and Sufficiency: the population stability index is the sum of both
divergences. Lin (1991), Divergence Measures Based on the Shannon Entropy. Yurdakul, Naranjo (2020),
Statistical Properties of the Population Stability Index: under no change the index is about
(1/n + 1/m) times a chi-squared value with as many degrees of freedom as bins less one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

__all__ = ["DISTANCES", "distances", "jensen_shannon", "kolmogorov_smirnov", "population_stability", "scaled"]

DISTANCES: Final = ("psi", "ks", "js")
"""Their short names, in the order in which `distances` gives them."""


def population_stability(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the population stability index of shares, float64 (…, bins) without zeros; shape (…).

    Examples
    --------
    >>> round(float(population_stability(np.array([0.5, 0.5]), np.array([0.6, 0.4]))), 4)
    0.0405
    """
    index: NDArray[np.float64] = ((p - q) * np.log(p / q)).sum(-1)
    return index


def kolmogorov_smirnov(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the largest difference of cumulative shares, 0 to 1, at the ends of the bins; shape (…).

    Examples
    --------
    >>> round(float(kolmogorov_smirnov(np.array([0.5, 0.5]), np.array([0.6, 0.4]))), 4)
    0.1
    """
    largest: NDArray[np.float64] = np.abs(np.cumsum(p - q, -1)).max(-1)
    return largest


def jensen_shannon(p: NDArray[np.float64], q: NDArray[np.float64]) -> NDArray[np.float64]:
    """Give the Jensen-Shannon divergence in nats, 0 to ln 2, of shares without zeros; shape (…).

    Examples
    --------
    >>> round(float(jensen_shannon(np.array([0.5, 0.5]), np.array([0.6, 0.4]))), 4)
    0.0051
    """
    middle = (p + q) / 2
    divergence: NDArray[np.float64] = (
        (p * np.log(p / middle)).sum(-1) + (q * np.log(q / middle)).sum(-1)
    ) / 2
    return divergence


def distances(
    p: NDArray[np.float64], q: NDArray[np.float64], p_rows: float, q_rows: float
) -> NDArray[np.float64]:
    """Give all three between two tables of shares.

    Parameters
    ----------
    p, q
        Shares, float64, shape (features, bins): what is there, and what is expected.
    p_rows, q_rows
        The rows behind each. Half a row of the smaller one is added to each bin, so that an empty bin has a
        logarithm.

    Returns
    -------
    NDArray
        float64, shape (features, 3), as in `DISTANCES`.
    """
    half = 0.5 / max(min(p_rows, q_rows), 1.0)
    whole = 1.0 + half * p.shape[-1]
    p, q = (p + half) / whole, (q + half) / whole
    return np.stack([population_stability(p, q), kolmogorov_smirnov(p, q), jensen_shannon(p, q)], -1)


def scaled(found: NDArray[np.float64], p_rows: float, q_rows: float) -> NDArray[np.float64]:
    """Put distances on a scale on which chance alone is about normal, whatever the number of rows.

    The index, and eight times the divergence, divided by 1/n + 1/m, are about chi-squared; the cube root of
    that is about normal (Wilson, Hilferty 1931). The third distance shrinks with the root of the rows.

    Parameters
    ----------
    found
        float64, shape (features, 3), from `distances`.
    p_rows, q_rows
        The rows behind both sides.
    """
    chance = 1.0 / max(p_rows, 1.0) + 1.0 / max(q_rows, 1.0)
    return np.stack(
        [
            np.cbrt(found[:, 0] / chance),
            found[:, 1] / np.sqrt(chance),
            np.cbrt(np.maximum(8 * found[:, 2], 0.0) / chance),
        ],
        -1,
    )
