"""Aggregates: what the events of a stream that share an entity come to."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from sevenfold.errors import DesignError, Fault
from sevenfold.features.expression import Expression, FieldOf, as_expression, walk
from sevenfold.features.window import ALL, duration_ms

if TYPE_CHECKING:
    from sevenfold.data.event import EventType

__all__ = ["Aggregate", "Window", "aggregate"]


@dataclass(frozen=True, slots=True)
class Window:
    """``(t − width − delay, t − delay]``, in milliseconds; a width of `None` is all of time."""

    text: str
    width: int | None
    delay: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class Aggregate(Expression):
    """What the events of a stream that share an entity come to, at the time of the deciding event.

    ``.by(...)`` names the entities, ``.over(...)`` the windows; functions such as `Expression.since_last`
    take no window. ``.at(...)`` looks the value up by other fields of the deciding event.
    """

    function: str
    stream: EventType
    operand: Expression | None
    where: Expression | None = None
    keys: tuple[Expression, ...] = ()
    windows: tuple[Window, ...] = ()
    places: tuple[Expression, ...] = ()
    half_life: int | None = None
    n: int | None = None
    mistakes: tuple[Fault, ...] = field(default=(), compare=False)

    def signature(self) -> tuple[Any, ...]:
        """Everything that makes it: two aggregates with one signature are computed once."""
        parts = (self.operand, self.where)
        return (
            self.function,
            self.stream.__name__,
            *(None if part is None else part.signature() for part in parts),
            tuple(key.signature() for key in self.keys),
            tuple((window.width, window.delay) for window in self.windows),
            tuple(place.signature() for place in self.places),
            self.half_life,
            self.n,
        )

    def children(self) -> tuple[Expression, ...]:
        """The operand and the condition, where there are any; keys and places name entities alone."""
        return tuple(part for part in (self.operand, self.where) if part is not None)

    def by(self, *entities: Any) -> Aggregate:
        """Group the events of the stream by one or more of its entities."""
        return replace(self, keys=tuple(as_expression(entity) for entity in entities))

    def at(self, *fields: Any) -> Aggregate:
        """Look the value up by these fields of the deciding event, one for each entity of ``.by(...)``."""
        return replace(self, places=tuple(as_expression(place) for place in fields))

    def over(self, *windows: str, delay: str | None = None) -> Aggregate:
        """Choose the windows, ending ``delay`` before the deciding event."""
        mistakes = list(self.mistakes)
        if not windows:
            mistakes.append(Fault(".over()", "at least one window such as '1h'", "none"))
        if len(set(windows)) < len(windows):
            mistakes.append(Fault(".over()", "each window once", ", ".join(map(str, windows))))
        shift = 0 if delay is None else _duration(delay, "delay", mistakes)
        found = []
        for text in windows:
            width = None if text == ALL else _duration(text, f"window {text!r}", mistakes)
            found.append(Window(str(text), width, shift))
        return replace(self, windows=tuple(found), mistakes=tuple(mistakes))


def aggregate(
    function: str,
    operand: Expression,
    where: object,
    *,
    half_life: int | None = None,
    n: int | None = None,
) -> Aggregate:
    """Begin an aggregate over the stream whose fields the operand reads."""
    streams = {part.event for part in walk(operand) if isinstance(part, FieldOf)}
    if len(streams) != 1:
        names = sorted(stream.__name__ for stream in streams)
        got = "fields of " + " and ".join(names) if names else "no field"
        raise DesignError(
            f"{function}() cannot tell which events it aggregates",
            [Fault(f"{function}()", "an expression over fields of one event", got)],
        )
    condition = None if where is None else as_expression(where)
    return Aggregate(function, streams.pop(), operand, condition, half_life=half_life, n=n)


def _duration(text: object, where: str, mistakes: list[Fault]) -> int:
    """Milliseconds of a duration; a mistake is kept for the report on the whole declaration."""
    try:
        return duration_ms(text, where)
    except DesignError as error:
        mistakes.extend(error.faults)
        return 1
