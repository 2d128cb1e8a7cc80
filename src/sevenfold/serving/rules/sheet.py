"""What a rule can speak of: the fields of the deciding event, its features, and the model's score."""

from __future__ import annotations

import difflib
from typing import TYPE_CHECKING

from sevenfold.data.event import EventType
from sevenfold.data.fields import Field, Kind
from sevenfold.errors import Fault
from sevenfold.features.expression import FieldOf
from sevenfold.features.value import ValueType

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.features.declaration import FeatureSet

__all__ = ["FEATURES", "MODEL", "RISK", "SCORE", "Sheet"]

FEATURES = "features"
MODEL = "model"
SCORE = f"{MODEL}.score"
RISK = f"{MODEL}.risk_score"

_KINDS = {
    ValueType.BOOLEAN: Kind.BOOLEAN,
    ValueType.INTEGER: Kind.INTEGER,
    ValueType.TEXT: Kind.TEXT,
}
"""A feature of any other type is given in its unit: a float."""


class Sheet:
    """One row a decision, with a column for all that is known then; to the compiler it is one wide event.

    Parameters
    ----------
    event
        The deciding event.
    features
        The design's features; `None` without any.
    names
        Those that the event can be asked for, in the plan's order.

    Attributes
    ----------
    event
        The event as declared.
    row
        The wide event: the fields by their names, ``features.NAME``, ``model.score``, ``model.risk_score``.
    names
        The features, in order.
    whole
        Features that are integers or truths and that the plan gives as floats.
    """

    def __init__(
        self, event: EventType, features: FeatureSet | None = None, names: Sequence[str] = ()
    ) -> None:
        self.event = event
        self.names = tuple(names)
        types = {} if features is None else features.types
        fields = dict(event.__fields__)
        for name in names:
            column = f"{FEATURES}.{name}"
            fields[column] = Field(column, _KINDS.get(types[name], Kind.FLOAT), nullable=True)
        fields[SCORE] = Field(SCORE, Kind.FLOAT, nullable=True)
        fields[RISK] = Field(RISK, Kind.INTEGER, nullable=True)
        self.row = EventType(event.__name__, (), {})
        self.row.__fields__ = fields
        self.whole = frozenset(
            name
            for name in names
            if features is not None
            and types[name] in (ValueType.BOOLEAN, ValueType.INTEGER)
            and not features.is_count(name)
        )
        self._bare = self._bare_names(features)

    def _bare_names(self, features: FeatureSet | None) -> dict[str, list[str]]:
        """For each name that can stand by itself, the columns that it may mean."""
        found: dict[str, list[str]] = {name: [name] for name in self.event.__fields__}
        for name in self.names:
            expression = None if features is None else features.resolved(name)
            same = isinstance(expression, FieldOf) and expression.name == name
            if not (
                same and name in found
            ):  # a feature that is its field means the same, and the field is exact
                found.setdefault(name, []).append(f"{FEATURES}.{name}")
        found.setdefault("score", []).append(SCORE)
        found.setdefault("risk_score", []).append(RISK)
        return found

    def position(self, column: str) -> int:
        """Where a column stands in the wide row."""
        return list(self.row.__fields__).index(column)

    def look_up(self, name: str, where: str) -> FieldOf | Fault:
        """What a name by itself means."""
        meant = self._bare.get(name)
        if meant is None:
            return self._unknown(name, list(self._bare), where)
        if len(meant) > 1:
            qualified = " or ".join(self._qualified(column) for column in meant)
            return Fault(where, "a name with one meaning", repr(name), f"Write {qualified}")
        return FieldOf(self.row, meant[0])

    def look_up_in(self, namespace: str, name: str, where: str) -> FieldOf | Fault:
        """What ``namespace.name`` means: a field of the event, a feature or a figure of the model."""
        spaces = {
            self.event.__name__: {name: name for name in self.event.__fields__},
            FEATURES: {name: f"{FEATURES}.{name}" for name in self.names},
            MODEL: {"score": SCORE, "risk_score": RISK},
        }
        if namespace not in spaces:
            known = f"Before a point stands a value, or one of {', '.join(spaces)}"
            return Fault(where, "a name that is known", f"{namespace}.{name}", known)
        if name not in spaces[namespace]:
            return self._unknown(name, list(spaces[namespace]), where)
        return FieldOf(self.row, spaces[namespace][name])

    def is_namespace(self, name: str) -> bool:
        """Whether a name before a point is no value."""
        return name in (self.event.__name__, FEATURES, MODEL) and name not in self._bare

    def _qualified(self, column: str) -> str:
        return column if "." in column else f"{self.event.__name__}.{column}"

    def _unknown(self, name: str, known: Sequence[str], where: str) -> Fault:
        close = difflib.get_close_matches(name, known, n=3, cutoff=0.6)
        if close:
            hint = f"Did you mean {' or '.join(close)}?"
        else:
            shown = ", ".join(known[:30]) + (", …" if len(known) > 30 else "")
            hint = f"The names are: {shown}"
        return Fault(where, "a field, a feature or score", repr(name), hint)
