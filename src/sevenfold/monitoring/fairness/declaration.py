"""``sf.Fairness``: which groups are compared, and how far apart they may be."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.errors import DesignError, Fault
from sevenfold.monitoring.performance.declaration import window_faults

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["Fairness", "Group"]

_NAME = re.compile(r"[a-z][a-z0-9_]{0,31}")
_FILE = re.compile(r"[A-Za-z0-9_-]+\.(parquet|csv)")


@dataclass(frozen=True, kw_only=True)
class Group:
    """What people are grouped by: a field of the decided event, or a column of a table beside the events.

    Nothing of it needs to be, or should be, a feature: the model is not told.

    Parameters
    ----------
    name
        What figures and alerts call it: ``age``.
    field
        The field of the decided event that says it; by default the one of this name, where no table is named.
    table
        A Parquet or CSV file in the folder ``groups`` of the design's home: ``holders.parquet``. Only the
        monitor reads it; it may be replaced at any time.
    key
        The column of the table that is also a field of the decided event: ``card``.
    value
        The column of the table that says the group; by default the one called like the group.
    because
        Why it matters.

    Raises
    ------
    DesignError
        With everything that can't be.

    Examples
    --------
    >>> Group(name="age", table="holders.parquet", key="card").column
    'age'
    """

    name: str
    field: str | None = None
    table: str | None = None
    key: str | None = None
    value: str | None = None
    because: str = ""

    def __post_init__(self) -> None:
        faults = []
        where = f"group {self.name!r}"
        if not (isinstance(self.name, str) and _NAME.fullmatch(self.name)):
            faults.append(Fault(f"{where}.name", "small letters, digits and _", repr(self.name)))
        if self.table is None:
            if self.key is not None or self.value is not None:
                faults.append(Fault(f"{where}.table", "a file, where a key or a value is named", "none"))
        else:
            if not _FILE.fullmatch(self.table):
                expected = "the name of a .parquet or .csv file"
                faults.append(Fault(f"{where}.table", expected, repr(self.table)))
            if self.key is None:
                faults.append(Fault(f"{where}.key", "the column that the table is looked up by", "none"))
            if self.field is not None:
                faults.append(Fault(where, "a field or a table", "both"))
        if faults:
            raise DesignError("A group cannot be declared like this", faults)

    @property
    def column(self) -> str:
        """The field or the column of the table that says the group."""
        return (self.value if self.table is not None else self.field) or self.name

    @property
    def needs(self) -> str:
        """The field of the decided event that has to be there."""
        return self.column if self.key is None else self.key


@dataclass(frozen=True, kw_only=True)
class Fairness:
    """Groups, and how far apart they may be; what is beyond a limit beyond chance becomes an alert.

    Limits that are ``None`` are not watched. Groups that are too small are left out of every comparison.

    Parameters
    ----------
    groups
        What people are grouped by.
    selection
        The least that the share of reviewed and blocked of the group with the lowest may be of that of the
        group with the highest, 0 to 1: ``0.8`` is the four-fifths rule.
    false_positives
        How far apart the false-positive rates of any two groups may be, 0 to 1.
    true_positives
        The same of the share of positives that is found: equal opportunity (Hardt, Price and Srebro, 2016).
    calibration
        How many times more positives than scores say one group may have than another, above 1.
    minimum
        Decisions that a group must have in the window, and negatives for its false-positive rate; a twentieth
        of it in positives, but 10, for what is measured on positives.
    window
        How many days of matured cohorts the figures are taken over.
    because
        Why these groups and limits.

    Raises
    ------
    DesignError
        With everything that can't be.
    """

    groups: tuple[Group, ...] = ()
    selection: float | None = None
    false_positives: float | None = None
    true_positives: float | None = None
    calibration: float | None = None
    minimum: int = 200
    window: str = "28d"
    because: str = ""

    def __post_init__(self) -> None:
        faults = [
            Fault(f"fairness.groups[{place}]", "sf.Group(...)", type(group).__name__)
            for place, group in enumerate(self.groups)
            if not isinstance(group, Group)
        ]
        names = [group.name for group in self.groups if isinstance(group, Group)]
        faults += [
            Fault("fairness.groups", "each name once", f"{name} twice")
            for name in dict.fromkeys(names)
            if names.count(name) > 1
        ]
        for name in ("selection", "false_positives", "true_positives", "calibration"):
            value = getattr(self, name)
            low, high, said = (1.0, math.inf, "a number above 1") if name == "calibration" else _SHARE
            if value is not None and not (_is_number(value) and low < value <= high):
                faults.append(Fault(f"fairness.{name}", said, repr(value)))
        if type(self.minimum) is not int or self.minimum < 1:
            faults.append(Fault("fairness.minimum", "a whole number, 1 or more", repr(self.minimum)))
        faults += window_faults("fairness.window", self.window)
        if faults:
            raise DesignError("Fairness cannot be watched like this", faults)

    @property
    def limits(self) -> dict[str, float]:
        """What is declared, by measure."""
        names = ("selection", "false_positives", "true_positives", "calibration")
        found = {name: getattr(self, name) for name in names}
        return {name: float(value) for name, value in found.items() if value is not None}

    @property
    def least_positives(self) -> int:
        """Positives that a group must have for what is measured on them."""
        return max(10, self.minimum // 20)

    def unfit(self, columns: Collection[str], features: Collection[str]) -> list[Fault]:
        """Return everything that does not fit the rest of the design."""
        del features
        hint = f"Its fields are: {', '.join(columns)}"
        return [
            Fault(f"fairness.group {group.name!r}", "a field of the decided event", repr(group.needs), hint)
            for group in self.groups
            if group.needs not in columns
        ]


_SHARE = (0.0, 1.0, "a share above 0, at most 1")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
