"""A sample of labelled events: what its columns are, as far as their names and values tell."""

from __future__ import annotations

import keyword
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import polars as pl

from sevenfold.data.pii import PERSONAL, recognised
from sevenfold.design.check.leakage import separation
from sevenfold.errors import DataError, Fault, UsageError

if TYPE_CHECKING:
    from pathlib import Path

    import numpy as np

__all__ = ["KINDS", "Sample", "moments", "proposed", "read_sample", "truth"]

KINDS = ("key", "time", "label", "entity", "money", "category", "integer", "float", "boolean", "text", "drop")
"""What a column can be."""

_LEAST_ROWS = 50
_TIME = re.compile(r"(^|_)(time|timestamp|date|datetime|at|ts|when|day)(_|$)")
_LABEL = re.compile(
    r"(^|_)(label|target|class|fraud|is_fraud|churn|churned|default|outcome|positive|y|bad)(_|$)"
)
_ENTITY = re.compile(
    r"(^|_)(id|card|customer|user|device|ip|merchant|account|shop|terminal|client|seller|host)(_|$)"
)
_MONEY = re.compile(r"(^|_)(amount|amt|price|total|sum|fee|cost|payment)(_|$)")
_TRUE = ("1", "true", "yes", "y", "t", "fraud", "bad", "positive")
_FALSE = ("0", "false", "no", "n", "f", "ok", "good", "negative", "legit")
_GIVES_AWAY = 0.99
_CATEGORIES = 50


@dataclass
class Sample:
    """A table of labelled events.

    Parameters
    ----------
    frame
        Its rows; columns as the file names them.
    kinds
        What each column is.
    notes
        What was left out, and why: open points of the design.
    """

    frame: pl.DataFrame
    kinds: dict[str, str]
    notes: list[str] = field(default_factory=list)

    def of(self, kind: str) -> list[str]:
        """The columns of a kind."""
        return [name for name, one in self.kinds.items() if one == kind]

    def names(self) -> dict[str, str]:
        """A Python name for each column that is kept."""
        found: dict[str, str] = {}
        for column, kind in self.kinds.items():
            if kind == "drop":
                continue
            name = re.sub(r"\W+", "_", column.strip().lower(), flags=re.ASCII).strip("_") or "field"
            name = f"f_{name}" if name[0].isdigit() or keyword.iskeyword(name) else name
            name = f"{name}_field" if name in ("count", "decayed_count", "mro") else name
            twins = sum(other == name or other.startswith(f"{name}_twin") for other in found.values())
            found[column] = f"{name}_twin{twins}" if twins else name
        return found


def read_sample(path: Path) -> pl.DataFrame:
    """Read a sample.

    Raises
    ------
    UsageError
        There is no such file, or it is of no kind that can be read.
    DataError
        It holds no table of events.
    """
    if not path.is_file():
        raise UsageError(
            "There is no sample.", [Fault("--sample", "a file", f"{path}, which does not exist")]
        )
    suffix = path.suffix.lower()
    try:
        if suffix == ".parquet":
            frame = pl.read_parquet(path)
        elif suffix in (".jsonl", ".ndjson"):
            frame = pl.read_ndjson(path, infer_schema_length=10_000)
        elif suffix in (".csv", ".tsv", ".txt"):
            with path.open(encoding="utf-8-sig") as file:
                first = file.readline()
            delimiter = max(",;\t|", key=first.count)
            frame = pl.read_csv(path, separator=delimiter, infer_schema_length=None)
        else:
            fault = Fault("--sample", "a .csv, .jsonl or .parquet file", repr(path.suffix))
            raise UsageError("This sample cannot be read.", [fault])
    except (pl.exceptions.PolarsError, UnicodeDecodeError, OSError) as error:
        text = str(error).partition("\n")[0][:200]
        raise DataError(
            f"{path} is no table of events", [Fault(path.name, "a table with a header", text)]
        ) from None
    if frame.height < _LEAST_ROWS or frame.width < 3:
        got = f"{frame.height} rows and {frame.width} columns"
        wanted = f"{_LEAST_ROWS} events or more, with a time, a label and something else"
        raise DataError(f"{path} holds too little", [Fault(path.name, wanted, got)])
    return frame


def proposed(frame: pl.DataFrame) -> Sample:
    """Say what each column probably is; to be confirmed."""
    sample = Sample(frame, {})
    for name in frame.columns:
        sample.kinds[name] = _kind(frame[name])
    label = next((n for n in frame.columns if _LABEL.search(n.lower()) and truth(frame[n]) is not None), None)
    if label is None:
        label = next((n for n in reversed(frame.columns) if truth(frame[n]) is not None), None)
    if label is not None:
        sample.kinds[label] = "label"
    times = list(sample.of("time"))
    for name in times[1:]:
        sample.kinds[name] = "drop"
        sample.notes.append(
            f"The column {name!r} is a second time and was left out: is it known at the decision?"
        )
    keys = [
        n for n in frame.columns if sample.kinds[n] in ("entity", "text", "integer") and _is_key(frame[n])
    ]
    keys.sort(key=lambda name: not re.search(r"id$", name.lower()))
    for place, name in enumerate(keys):
        if place == 0:
            sample.kinds[name] = "key"
        elif frame[name].dtype == pl.String:
            sample.kinds[name] = "text"
    _without_personal(sample)
    _without_leaks(sample)
    return sample


def truth(column: pl.Series) -> pl.Series | None:
    """Read a column as true and false; ``None`` where it holds something else, or one value alone."""
    texts = column.cast(pl.String, strict=False).str.to_lowercase().str.strip_chars()
    texts = texts.str.replace(r"^([01])\.0+$", "$1")
    values = set(texts.drop_nulls().unique().to_list())
    if len(values) != 2 or not values <= {*_TRUE, *_FALSE} or len(values & set(_TRUE)) != 1:
        return None
    return texts.is_in(list(_TRUE)).fill_null(False)


def moments(column: pl.Series) -> pl.Series | None:
    """Read a column as moments, Datetime in milliseconds, UTC; ``None`` where it holds none."""
    if column.dtype == pl.Date or isinstance(column.dtype, pl.Datetime):
        at = column.cast(pl.Datetime("ms"))
        return at.dt.replace_time_zone("UTC")
    if column.dtype.is_integer():
        low, high = column.min(), column.max()
        if not (isinstance(low, int) and isinstance(high, int)):
            return None
        scale = 1000 if low > 1e8 and high < 1e11 else 1 if low > 1e11 and high < 1e14 else 0
        return (column * scale).cast(pl.Datetime("ms", "UTC")) if scale else None
    if column.dtype != pl.String:
        return None
    try:
        at = column.str.to_datetime(time_unit="ms", strict=False, time_zone="UTC")
    except pl.exceptions.PolarsError:
        return None
    return at if at.is_null().mean() == 0 else None


def _kind(column: pl.Series) -> str:
    name, values = column.name.lower(), column.drop_nulls()
    if not values.len():
        return "drop"
    named_time = bool(_TIME.search(name))
    if (named_time or column.dtype == pl.String or column.dtype.is_temporal()) and moments(
        column
    ) is not None:
        return "time"
    if column.dtype == pl.Boolean:
        return "boolean"
    if column.dtype.is_float():
        cents = (values * 100 - (values * 100).round()).abs().max()
        exact = isinstance(cents, float) and cents < 1e-6
        return "money" if _MONEY.search(name) and exact and _low(values) >= 0 else "float"
    if column.dtype.is_integer():
        if _ENTITY.search(name):
            return "entity"
        return "money" if _MONEY.search(name) and _low(values) >= 0 else "integer"
    if column.dtype != pl.String:
        return "drop"
    if _ENTITY.search(name):
        return "entity"
    return "category" if values.n_unique() <= _CATEGORIES else "entity" if _repeats(values) else "text"


def _low(values: pl.Series) -> float:
    low = values.min()
    return float(low) if isinstance(low, (int, float)) else 0.0


def _repeats(values: pl.Series) -> bool:
    return values.n_unique() < 0.5 * values.len()


def _is_key(column: pl.Series) -> bool:
    return column.null_count() == 0 and column.n_unique() == column.len()


def _without_personal(sample: Sample) -> None:
    for name in sample.frame.columns:
        if sample.kinds[name] in ("entity", "category", "text", "integer"):
            for one in recognised(sample.frame[name])[:1]:
                sample.kinds[name] = "drop"
                sample.notes.append(
                    f"The column {name!r} holds {PERSONAL[one.kind]}: it was left out. Is there a token?"
                )


def _without_leaks(sample: Sample) -> None:
    label = sample.of("label")
    y = truth(sample.frame[label[0]]) if label else None
    if y is None:
        return
    positive: np.ndarray[tuple[int], np.dtype[np.bool_]] = y.to_numpy()
    for name, kind in list(sample.kinds.items()):
        tells = kind in ("money", "category", "integer", "float", "boolean")
        if tells and separation(sample.frame[name], positive) >= _GIVES_AWAY:
            sample.kinds[name] = "drop"
            sample.notes.append(
                f"The column {name!r} gives the label away and was left out: when is it known?"
            )
