"""Sums over matured decisions, from which every figure and its interval follow; days of them add up."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray


__all__ = ["ALL", "BINS", "BIN_EDGES", "SCHEMA", "expected_sums", "matured_sums", "split_sums"]

ALL: Final = ("all", "")
"""The split that holds everything."""

BIN_EDGES: Final = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)
"""Where scores are cut for the calibration: finer where most scores lie."""

BINS: Final = len(BIN_EDGES) + 1

OTHERS: Final = "(others)"

_CELLS: Final = {"tp": (True, 1), "fp": (True, 0), "fn": (False, 1), "tn": (False, 0)}
_MOST_VALUES: Final = 16
"""Values of one split that are kept apart in a day; the rarest others are counted together."""
_ROWS_AT_ONCE: Final = 100_000

Columns = dict[str, "NDArray[np.float64]"]


def _counted(day: pl.DataFrame) -> Columns:
    """Counts that need no label."""
    found = {name: day[name].to_numpy().astype(np.float64) for name in ("flagged", "blocked", "unseen")}
    return {"decisions": np.ones(day.height), **found}


def _confusion(day: pl.DataFrame, weight: NDArray[np.float64]) -> Columns:
    """How many each cell holds: rows, weights, squares of weights, and money."""
    flagged, positive = day["flagged"].to_numpy(), day["y"].to_numpy() == 1
    loss, alarm = day["loss"].to_numpy(), day["alarm"].to_numpy()
    found: Columns = {}
    for name, (flag, one) in _CELLS.items():
        inside = ((flagged == flag) & (positive == bool(one)) & (weight > 0)).astype(np.float64)
        money = inside * weight * (loss if one else alarm)
        found |= {
            f"{name}_n": inside,
            name: inside * weight,
            f"{name}_w2": inside * weight**2,
            f"{name}_money": money,
            f"{name}_money2": money**2,
        }
    return found


def _calibration(day: pl.DataFrame, weight: NDArray[np.float64], score: NDArray[np.float64]) -> Columns:
    """Scores against labels, by bins of the score and on the whole."""
    known = np.where(np.isnan(score), 0.0, weight)
    s, y = np.nan_to_num(score), (day["y"].to_numpy() == 1).astype(np.float64)
    found = {
        "scored": known,
        "score": known * s,
        "scored_y": known * y,
        "yy_w2": (known * y) ** 2,
        "ys_w2": known**2 * y * s,
        "ss_w2": (known * s) ** 2,
    }
    bins = np.searchsorted(BIN_EDGES, s, side="right")
    for place in range(BINS):
        inside = known * (bins == place)
        found |= {
            f"bin{place}_w": inside,
            f"bin{place}_w2": inside**2,
            f"bin{place}_s": inside * s,
            f"bin{place}_y": inside * y,
        }
    return found


def _expected(flagged: NDArray[np.bool_], weight: NDArray[np.float64], score: NDArray[np.float64]) -> Columns:
    """What calibrated scores say the confusion will be, with its variance where they are right.

    Of an event with score p that was flagged, p is expected to be a true positive and 1 - p a false one; each
    is a Bernoulli draw with variance p (1 - p), and so is each of those that were not flagged.
    """
    known = np.where(np.isnan(score), 0.0, weight)
    s = np.nan_to_num(score)
    found = {
        f"e_{name}": known * (flagged == flag) * (s if one else 1 - s) for name, (flag, one) in _CELLS.items()
    }
    spread = known**2 * s * (1 - s)
    return found | {"e_flagged_var": spread * flagged, "e_passed_var": spread * ~flagged}


def _all_columns(day: pl.DataFrame) -> Columns:
    weight, score = day["weight"].to_numpy(), _scores(day)
    flagged = day["flagged"].to_numpy()
    return (
        _counted(day)
        | _confusion(day, weight)
        | _calibration(day, weight, score)
        | _expected(flagged, weight, score)
    )


def _early_columns(day: pl.DataFrame) -> Columns:
    return _counted(day) | _expected(day["flagged"].to_numpy(), np.ones(day.height), _scores(day))


def _scores(day: pl.DataFrame) -> NDArray[np.float64]:
    return day["score"].fill_null(np.nan).to_numpy()


_CONFUSED = [f"{cell}{of}" for cell in _CELLS for of in ("_n", "", "_w2", "_money", "_money2")]
_CALIBRATED = ["scored", "score", "scored_y", "yy_w2", "ys_w2", "ss_w2"]
_BINNED = [f"bin{place}_{of}" for place in range(BINS) for of in ("w", "w2", "s", "y")]
_COUNTED = ["decisions", "flagged", "blocked", "unseen"]
_EXPECTED = [*(f"e_{cell}" for cell in _CELLS), "e_flagged_var", "e_passed_var"]

SCHEMA: dict[str, pl.DataType] = {
    "day": pl.Int64(),
    "split": pl.String(),
    "value": pl.String(),
} | dict.fromkeys([*_COUNTED, *_CONFUSED, *_CALIBRATED, *_BINNED, *_EXPECTED], pl.Float64())
"""Columns of a table of sums."""


def matured_sums(day: pl.DataFrame, splits: Sequence[str]) -> pl.DataFrame:
    """Add up a matured day, as a whole, by model and by each split.

    Parameters
    ----------
    day
        As `cohort.Cohorts.see` gives it: rows of one day.
    splits
        Columns, named ``by.NAME`` in the table.

    Returns
    -------
    pl.DataFrame
        A row a split and value; see `SCHEMA`.
    """
    number = int(day["day"][0])
    values = {ALL[0]: pl.Series([ALL[1]], dtype=pl.String).new_from_index(0, day.height)}
    values |= {
        name: _capped(day["model" if name == "model" else f"by.{name}"]) for name in ("model", *splits)
    }
    parts = [
        added.with_columns(day=pl.lit(number, pl.Int64), split=pl.lit(split)).select(list(SCHEMA))
        for split, added in _added(day, values, _all_columns).items()
    ]
    return pl.concat(parts)


def expected_sums(waiting: pl.DataFrame) -> pl.DataFrame:
    """Add up by day what is to be expected of decisions whose labels are not final."""
    if not waiting.height:
        return pl.DataFrame(schema={"day": pl.Int64()} | dict.fromkeys([*_COUNTED, *_EXPECTED], pl.Float64()))
    (added,) = _added(waiting, {"day": waiting["day"]}, _early_columns).values()
    return added.rename({"value": "day"})


def split_sums(table: pl.DataFrame, split: str, last_days: int) -> dict[str, dict[str, float]]:
    """Add up the newest days of a split by value; ``days`` in each says how many days it was seen on."""
    if not table.height:
        return {}
    newest = int(table["day"].max())  # type: ignore[arg-type]
    recent = table.filter((pl.col("day") > newest - last_days) & (pl.col("split") == split))
    summed = recent.group_by("value").agg(pl.exclude("day", "split").sum(), days=pl.len()).sort("value")
    return {row.pop("value"): row for row in summed.iter_rows(named=True)}


def _added(
    rows: pl.DataFrame, values: Mapping[str, pl.Series], columns: Callable[[pl.DataFrame], Columns]
) -> dict[str, pl.DataFrame]:
    """Add up columns by each of some splits; a table a split, with ``value`` in order."""
    different = {split: value.unique().sort() for split, value in values.items()}
    codes = {
        split: value.replace_strict(
            different[split], pl.arange(len(different[split]), eager=True), return_dtype=pl.Int64
        ).to_numpy()
        for split, value in values.items()
    }
    sums: dict[str, dict[str, NDArray[np.float64]]] = {split: {} for split in values}
    for start in range(0, rows.height, _ROWS_AT_ONCE):
        for name, column in columns(rows[start : start + _ROWS_AT_ONCE]).items():
            for split, code in codes.items():
                part = np.bincount(code[start : start + _ROWS_AT_ONCE], column, len(different[split])).astype(
                    np.float64
                )
                before = sums[split].get(name)
                sums[split][name] = part if before is None else before + part
    return {split: pl.DataFrame({"value": different[split], **found}) for split, found in sums.items()}


def _capped(column: pl.Series) -> pl.Series:
    """Name the value of a split, the rarest of many together; a missing one is its own."""
    value = column.fill_null("(unknown)").alias("value")
    if value.n_unique() <= _MOST_VALUES:
        return value
    counts = value.value_counts().sort("count", "value", descending=[True, False])
    common = counts["value"].head(_MOST_VALUES)
    return value.to_frame().select(
        pl.when(pl.col("value").is_in(common.implode())).then("value").otherwise(pl.lit(OTHERS))
    )["value"]
