"""What a design expects of its events' fields, and what is done about values that are not like that.

An expectation is a statement about a field (or about how a whole event comes in) that files are held
against: `sevenfold.data.expectation_check` does it. Choices of what to do with values that fall outside
(``clip``, ``other``, ``missing``) are declared with it and become part of the features, so that training
and serving handle them alike: `sevenfold.design.handling` does that.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.data.duration import duration_ms
from sevenfold.data.event import EventType
from sevenfold.data.fields import Kind
from sevenfold.data.pii import PERSONAL, PersonalData
from sevenfold.errors import DesignError, Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Expectation", "expect", "unfit"]

NUMBERS = (Kind.INTEGER, Kind.FLOAT, Kind.MONEY)
TEXTS = (Kind.CATEGORY, Kind.TEXT, Kind.ENTITY)
_HANDLED_TOLERANCE = 0.05
_DECLARABLE = [kind for kind in PERSONAL if kind is not PersonalData.CARD]


@dataclass(frozen=True, slots=True)
class Expectation:
    """What is expected of one field, or of how an event comes in.

    Parameters
    ----------
    event
        Whose field it is.
    field
        The field; ``None`` for the event as a whole.
    between
        The lowest and the highest value, in the field's own units (money in major ones); ``None`` for no
        bound on that side.
    one_of
        All values that there should be.
    nulls
        The largest share of missing values.
    unique
        Whether each value comes once.
    fresh
        How old the newest event may be when the files are looked at.
    hourly
        The fewest and the most events an hour, between the first and the last full hour.
    tolerate
        The share of the field's values that may lie outside `between` or `one_of`.
    clip
        Features take a value beyond `between` as the bound.
    other
        Features take a value that is not in `one_of` as this text.
    missing
        Features take a missing value as this.
    personal
        What the field is known to hold: ``"email"``, ``"phone"``, ``"iban"``.
    because
        Why.
    """

    event: EventType
    field: str | None
    between: tuple[float | None, float | None] | None = None
    one_of: tuple[str | int, ...] | None = None
    nulls: float | None = None
    unique: bool = False
    fresh: str | None = None
    hourly: tuple[float | None, float | None] | None = None
    tolerate: float = 0.0
    clip: bool = False
    other: str | None = None
    missing: object = None
    personal: tuple[str, ...] = ()
    because: str = ""

    @property
    def where(self) -> str:
        """The field as its user writes it."""
        return self.event.__name__ if self.field is None else f"{self.event.__name__}.{self.field}"

    @property
    def kind(self) -> Kind | None:
        """The field's kind; ``None`` for a whole event."""
        return None if self.field is None else self.event.__fields__[self.field].kind

    @property
    def handles(self) -> bool:
        """Whether features see some of the field's values as others."""
        return self.clip or self.other is not None or self.missing is not None


def expect(
    what: Any,
    /,
    *,
    between: tuple[float | None, float | None] | None = None,
    one_of: Sequence[str | int] | None = None,
    nulls: float | None = None,
    unique: bool = False,
    fresh: str | None = None,
    hourly: tuple[float | None, float | None] | None = None,
    tolerate: float | None = None,
    clip: bool = False,
    other: str | None = None,
    missing: object = None,
    personal: str | Sequence[str] = (),
    because: str = "",
) -> Expectation:
    """Say what is expected of a field, or of how an event comes in.

    Parameters
    ----------
    what
        A field, such as ``Payment.amount``, or an event, such as ``Payment``.
    between, one_of, nulls, unique
        Of a field: its range, its set of values, the largest share of nulls, no value twice.
    fresh, hourly
        Of an event: how old the newest may be, and how many come in an hour.
    tolerate
        The share of values that may lie outside the range or the set; by default none, or 5 % where the
        design says what happens to them.
    clip, other, missing
        What features take values as that lie beyond the range, outside the set, or are missing.
    personal
        The kinds of personal data that the field is known to hold.
    because
        Why.

    Raises
    ------
    DesignError
        The expectation can't be held against anything; it lists every reason.

    Examples
    --------
    >>> import sevenfold as sf
    >>> class Order(sf.Event, key="order_id", time="at"):
    ...     order_id: str
    ...     at: sf.Timestamp
    ...     total: sf.Money
    >>> expect(Order.total, between=(0, 500), clip=True).tolerate
    0.05
    """
    event, field = _named(what)
    handled = clip or other is not None
    expectation = Expectation(
        event,
        field,
        between=None if between is None else tuple(between),  # type: ignore[arg-type]
        one_of=None if one_of is None else tuple(one_of),
        nulls=nulls,
        unique=unique,
        fresh=fresh,
        hourly=None if hourly is None else tuple(hourly),  # type: ignore[arg-type]
        tolerate=tolerate if tolerate is not None else _HANDLED_TOLERANCE if handled else 0.0,
        clip=clip,
        other=other,
        missing=missing,
        personal=(personal,) if isinstance(personal, str) else tuple(personal),
        because=because,
    )
    faults = _of_event(expectation) if field is None else _of_field(expectation)
    faults += _of_both(expectation)
    if faults:
        raise DesignError(f"This cannot be expected of {expectation.where}", faults)
    return expectation


def unfit(expectations: Sequence[object], events: Sequence[EventType]) -> list[Fault]:
    """Return what keeps expectations from being part of a design with these events."""
    faults = []
    handled: set[str] = set()
    listed = ", ".join(event.__name__ for event in events if isinstance(event, EventType))
    for position, one in enumerate(expectations):
        where = f"expectations[{position}]"
        if not isinstance(one, Expectation):
            faults.append(Fault(where, "what sf.expect(...) gives", type(one).__name__))
        elif one.event not in events:
            hint = f"Its events are: {listed}"
            faults.append(Fault(where, "an event of the design", one.event.__name__, hint))
        elif one.handles:
            if one.where in handled:
                got = f"a second one for {one.where}"
                faults.append(Fault(where, "one a field with clip=, other= or missing=", got))
            handled.add(one.where)
    return faults


def _named(what: object) -> tuple[EventType, str | None]:
    """Return the event and the field that a design's expression names."""
    if isinstance(what, EventType):
        return what, None
    event, field = getattr(what, "event", None), getattr(what, "name", None)
    if isinstance(event, EventType) and isinstance(field, str) and field in event.__fields__:
        return event, field
    fault = Fault("expect()", "a field such as Payment.amount, or an event", type(what).__name__)
    raise DesignError("Nothing can be expected of this", [fault])


def _of_event(one: Expectation) -> list[Fault]:
    given = {
        "between": one.between,
        "one_of": one.one_of,
        "nulls": one.nulls,
        "unique": one.unique or None,
        "clip": one.clip or None,
        "other": one.other,
        "missing": one.missing,
        "personal": one.personal or None,
    }
    fields = ", ".join(one.event.__fields__)
    hint = f"Name one, such as {one.where}.{next(iter(one.event.__fields__), 'field')}; there are: {fields}"
    faults = [
        Fault(f"{name}=", "a field", f"the event {one.where}", hint)
        for name, value in given.items()
        if value is not None
    ]
    if one.fresh is None and one.hourly is None and not faults:
        faults.append(Fault(one.where, "fresh= or hourly=", "nothing"))
    return faults


def _of_field(one: Expectation) -> list[Fault]:
    kind, faults = one.kind, []
    given = (one.between, one.one_of, one.nulls, one.fresh, one.hourly, one.missing)
    if all(value is None for value in given) and not (one.unique or one.personal):
        got = "clip= or other= alone" if one.handles else "nothing"
        faults.append(Fault(one.where, "between=, one_of=, nulls=, unique= or another expectation", got))
    kind_name = "" if kind is None else kind.value
    if one.between is not None and kind not in NUMBERS:
        faults.append(Fault("between=", "a number or money", f"{one.where}, a {kind_name}"))
    if one.one_of is not None and kind not in (*TEXTS, Kind.INTEGER):
        faults.append(Fault("one_of=", "texts or integers", f"{one.where}, a {kind_name}"))
    if (one.fresh is not None or one.hourly is not None) and one.field != one.event.__time__:
        hint = f"Write sf.expect({one.event.__name__}, …)"
        faults.append(
            Fault("fresh= and hourly=", f"an event or its time, {one.event.__time__}", one.where, hint)
        )
    if one.personal and kind not in (*TEXTS, Kind.INTEGER):
        faults.append(Fault("personal=", "texts or integers", f"{one.where}, a {kind_name}"))
    return faults + _of_handling(one)


def _of_handling(one: Expectation) -> list[Fault]:
    faults = []
    if one.clip and one.between is None:
        faults.append(Fault("clip=", "between=(low, high) with it", "none"))
    if one.other is not None and (one.one_of is None or one.kind not in (Kind.CATEGORY, Kind.TEXT)):
        faults.append(Fault("other=", "one_of=[…] of a category or a text with it", one.where))
    other: object = one.other
    if other is not None and not isinstance(other, str):
        faults.append(Fault("other=", "a text", repr(other)))
    if one.handles and one.kind in (Kind.ENTITY, Kind.TIMESTAMP):
        hint = "A missing entity has no history of its own: its features are empty"
        faults.append(Fault(one.where, "no clip=, other= or missing=", f"one for a {one.kind.value}", hint))
    elif one.missing is not None and not _fits(one.kind, one.missing):
        kind = "" if one.kind is None else one.kind.value
        faults.append(Fault("missing=", f"a value such as {one.where} holds ({kind})", repr(one.missing)))
    return faults


def _of_both(one: Expectation) -> list[Fault]:
    faults = []
    for name, bounds in (("between", one.between), ("hourly", one.hourly)):
        if bounds is not None and not _ordered(bounds):
            faults.append(
                Fault(f"{name}=", "(low, high), low at most high, either may be None", repr(bounds))
            )
    for name, share in (("nulls", one.nulls), ("tolerate", one.tolerate)):
        if share is not None and not (_is_number(share) and 0 <= share <= 1):
            faults.append(Fault(f"{name}=", "a share from 0 to 1", repr(share)))
    if one.one_of is not None:
        wanted: type = int if one.kind is Kind.INTEGER else str
        wrong = [value for value in one.one_of if type(value) is not wanted]
        if wrong or not one.one_of:
            expected = "at least one " + ("integer" if wanted is int else "text")
            faults.append(
                Fault("one_of=", f"{expected}, and nothing else", repr(wrong[0]) if wrong else "none")
            )
    if one.fresh is not None:
        try:
            duration_ms(one.fresh, "fresh=")
        except DesignError as error:
            faults += error.faults
    for kind in one.personal:
        if kind == PersonalData.CARD.value:
            hint = "A raw card number never enters; send a token"
            faults.append(Fault("personal=", "what may be kept", repr(kind), hint))
        elif kind not in [declarable.value for declarable in _DECLARABLE]:
            known = ", ".join(declarable.value for declarable in _DECLARABLE)
            faults.append(Fault("personal=", f"one of {known}", repr(kind)))
    return faults


def _ordered(bounds: tuple[Any, ...]) -> bool:
    if len(bounds) != 2 or any(bound is not None and not _is_number(bound) for bound in bounds):
        return False
    low, high = bounds
    return (low, high) != (None, None) and (low is None or high is None or low <= high)


def _is_number(value: object) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)


def _fits(kind: Kind | None, value: object) -> bool:
    if kind in NUMBERS:
        return _is_number(value) and (kind is not Kind.INTEGER or isinstance(value, int))
    return isinstance(value, bool if kind is Kind.BOOLEAN else str)
