"""Declaring events: what annotations mean, and everything that is wrong with them at once."""

from __future__ import annotations

import types

import pytest

import sevenfold.data.fields as sf
from sevenfold.data.event import EventRecord, EventType
from sevenfold.data.fields import MISSING, Field, Kind
from sevenfold.errors import DesignError, UsageError


def test_fields_are_read_in_the_order_of_declaration(payment: EventType) -> None:
    assert list(payment.__fields__.values()) == [
        Field("payment_id", Kind.TEXT),
        Field("occurred_at", Kind.TIMESTAMP),
        Field("card", Kind.ENTITY, entity="card"),
        Field("merchant", Kind.ENTITY, entity="merchant"),
        Field("device", Kind.ENTITY, nullable=True, default=None, entity="device"),
        Field("ip", Kind.ENTITY, nullable=True, default=None, entity="ip"),
        Field("amount", Kind.MONEY, currency_field="currency"),
        Field("currency", Kind.CATEGORY, default="EUR"),
        Field("country", Kind.CATEGORY, nullable=True, default=None),
    ]
    assert (payment.__key__, payment.__time__) == ("payment_id", "occurred_at")


def test_every_kind_can_be_declared(reading: EventType) -> None:
    kinds = {name: field.kind for name, field in reading.__fields__.items()}
    assert set(kinds.values()) == set(Kind)
    assert reading.__fields__["yen"].currency == "JPY"
    assert reading.__fields__["price"].currency is None


def test_an_entity_has_the_type_of_its_name_unless_declared() -> None:
    class Transfer(EventRecord, key="id", time="at"):
        id: str
        at: sf.Timestamp
        sender: sf.Entity["account"]  # noqa: F821 - a name, not a type
        receiver: sf.Entity["account"] | None = None  # noqa: F821 - a name, not a type
        device: sf.Entity

    entities = {name: field.entity for name, field in Transfer.__fields__.items()}
    assert entities == {
        "id": None,
        "at": None,
        "sender": "account",
        "receiver": "account",
        "device": "device",
    }


def test_defaults_leave_the_class_so_that_a_metaclass_can_answer(payment: EventType) -> None:
    assert payment.__fields__["currency"].default == "EUR"
    assert payment.__fields__["amount"].default is MISSING
    for name in payment.__fields__:
        with pytest.raises(AttributeError):
            getattr(payment, name)


def test_annotations_written_as_text_are_found_in_a_function_and_in_a_file_that_is_no_module() -> None:
    import sevenfold.data.fields as local_name

    class Inside(EventRecord, key="id", time="at"):
        id: str
        at: local_name.Timestamp

    design = types.ModuleType("a_design_that_nobody_imported")
    source = (
        "from __future__ import annotations\n"
        "import sevenfold.data.fields as sf\n"
        "from sevenfold.data.event import EventRecord\n"
        "class Loaded(EventRecord, key='id', time='at'):\n"
        "    id: str\n"
        "    at: sf.Timestamp\n"
    )
    exec(compile(source, "design.py", "exec"), vars(design))  # noqa: S102 - as a design's file is loaded
    for event in (Inside, design.Loaded):
        assert [field.kind for field in event.__fields__.values()] == [Kind.TEXT, Kind.TIMESTAMP]


def test_an_event_inherits_fields_key_and_time(payment: EventType) -> None:
    class Refund(payment):  # type: ignore[misc, valid-type]
        reason: sf.Category | None = None

    assert list(Refund.__fields__) == [*payment.__fields__, "reason"]
    assert (Refund.__key__, Refund.__time__) == ("payment_id", "occurred_at")
    assert "reason" not in payment.__fields__


def test_a_currency_declared_below_ties_inherited_amounts() -> None:
    class Priced(EventRecord, key="id", time="at"):
        id: str
        at: sf.Timestamp
        price: sf.Money

    class Sold(Priced):
        currency: sf.Category

    assert Priced.__fields__["price"].currency_field is None
    assert Sold.__fields__["price"].currency_field == "currency"


def test_a_base_may_declare_nothing() -> None:
    class Mine(EventRecord):
        """A base of my own."""

    assert Mine.__fields__ == {}


def test_an_event_has_no_instances(payment: EventType) -> None:
    with pytest.raises(UsageError, match="Payment describes events and has no instances"):
        payment(payment_id="p1")


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(DesignError) as caught:

        class Bad(EventRecord, key="ident", time="text"):
            _hidden: str
            mro: int
            shape: list[int]
            ghost: sf.Nothing
            either: int | str
            text: str = None  # type: ignore[assignment]
            euro: sf.Money["EURO"]  # noqa: F821 - a name, not a type
            who: sf.Entity["two words"]  # noqa: F722 - a mistake, on purpose
            amount: sf.Money = "1.234"
            count_: int = 1.5  # type: ignore[assignment]

    assert str(caught.value).splitlines() == [
        "The event Bad cannot be declared like this",
        "  - Bad._hidden: expected a name without a leading underscore, got '_hidden'",
        "  - Bad.mro: expected a name that means nothing else on an event, got 'mro'",
        f"  - Bad.shape: expected {_TYPES}, got `list[int]`",
        f"  - Bad.ghost: expected {_TYPES}, got `sf.Nothing`, which names nothing here",
        f"  - Bad.either: expected {_TYPES}, got `int | str`",
        "  - Bad.euro: expected an ISO 4217 currency code, as in sf.Money[\"EUR\"], got str 'EURO'",
        "  - Bad.who: expected a plain name, as in sf.Entity[\"account\"], got str 'two words'",
        "  - the default of Bad.text: expected a value, got None. Declare the field `| None` to allow it",
        (
            "  - the default of Bad.amount: expected at most 2 digits after the point, got str '1.234'. "
            "Round it where its meaning is known; nothing is rounded here"
        ),
        "  - the default of Bad.count_: expected a whole number, got float 1.5",
        (
            "  - Bad, key=: expected a field of type str, int or sf.Entity, got 'ident', which is no field. "
            "The fields are: text, amount, count_"
        ),
        "  - Bad, time=: expected a field of type sf.Timestamp, got 'text', which holds a text",
    ]


_TYPES = "sf.Timestamp, sf.Entity, sf.Money, sf.Category, str, int, float or bool, alone or `| None`"


def test_key_and_time_must_be_declared_and_given_by_every_event() -> None:
    with pytest.raises(DesignError) as caught:

        class Nameless(EventRecord):
            id: str

    assert [fault.where for fault in caught.value.faults] == ["Nameless, key=", "Nameless, time="]
    assert caught.value.faults[0].hint == (
        'Declare it in the class statement: class Nameless(sf.Event, key="…", time="…")'
    )
    with pytest.raises(DesignError) as caught:

        class Optional(EventRecord, key="id", time="at"):
            id: str | None
            at: sf.Timestamp = 0

    assert [fault.got for fault in caught.value.faults] == [
        "'id', which may be left out",
        "'at', which may be left out",
    ]


def test_a_refused_field_is_not_missed_a_second_time() -> None:
    with pytest.raises(DesignError) as caught:

        class Twice(EventRecord, key="id", time="at"):
            id: bytes
            at: sf.Timestamp

    assert [fault.where for fault in caught.value.faults] == ["Twice.id"]
