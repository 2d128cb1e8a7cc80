"""Rows as users send them: mappings and JSON."""

from __future__ import annotations

import math
from types import MappingProxyType
from typing import TYPE_CHECKING

import pytest

from sevenfold.data.rows import convert, decode, validate
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from sevenfold.data.event import EventType

_ROW: dict[str, object] = {
    "payment_id": "p1",
    "occurred_at": "2026-01-31T12:00:00Z",
    "card": "c1",
    "merchant": 17,
    "amount": "12.50",
}
_PHYSICAL = ("p1", 1_769_860_800_000, "c1", "17", None, None, 1250, "EUR", None)


def test_a_row_becomes_physical_values_in_the_order_of_the_fields(payment: EventType) -> None:
    assert payment.__convert__(_ROW) == _PHYSICAL
    assert payment.__convert__(MappingProxyType(_ROW)) == _PHYSICAL
    assert payment.__convert__(_ROW | {"unknown": 1}) == _PHYSICAL


def test_null_counts_as_not_given_unless_it_is_a_value(payment: EventType) -> None:
    assert payment.__convert__(_ROW | {"currency": None, "device": None}) == _PHYSICAL
    with pytest.raises(DataError) as caught:
        payment.__convert__({"card": None})
    assert str(caught.value).splitlines() == [
        "The Payment is refused",
        "  - Payment.payment_id: expected a value, got nothing",
        "  - Payment.occurred_at: expected a value, got nothing",
        "  - Payment.card: expected a value, got null",
        "  - Payment.merchant: expected a value, got nothing",
        "  - Payment.amount: expected a value, got nothing",
    ]


def test_an_amount_has_the_digits_of_its_rows_currency(payment: EventType) -> None:
    yen = payment.__convert__(_ROW | {"amount": 1250, "currency": "JPY"})
    dinar = payment.__convert__(_ROW | {"amount": "1.250", "currency": "KWD"})
    assert yen[6] == dinar[6] == 1250


def test_negative_amounts_are_legal(payment: EventType) -> None:
    assert payment.__convert__(_ROW | {"amount": -12.5})[6] == -1250


def test_an_unknown_currency_is_the_only_fault(payment: EventType) -> None:
    with pytest.raises(DataError) as caught:
        payment.__convert__(_ROW | {"amount": "1.2345", "currency": "eur"})
    (fault,) = caught.value.faults
    assert str(fault) == (
        "Payment.currency: expected an ISO 4217 currency code such as 'EUR', got str 'eur'. Write it as 'EUR'"
    )


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("payment_id", 7, "expected text, got int 7"),
        ("payment_id", "a\0b", "expected text without NUL characters, got str 'a\\x00b'"),
        ("payment_id", "\ud800", "expected text in UTF-8, got str '\\ud800'"),
        ("card", "", "expected a token, got str ''. Leave it out, or send null, where there is none"),
        (
            "card",
            1.0,
            "expected text or a whole number, got float 1.0. Keep the column as integers or as text",
        ),
        ("card", 1.5, "expected text, got float 1.5"),
        ("card", True, "expected text, got bool True"),
        ("country", ["DE"], "expected text, got list ['DE']"),
        ("amount", {}, "expected an amount as a number or a decimal string, got dict {}"),
        ("occurred_at", [], "expected a time as RFC 3339"),
        ("currency", [], "expected an ISO 4217 currency code such as 'EUR', got list []"),
    ],
)
def test_a_wrong_value_is_named_with_what_was_expected(
    payment: EventType, field: str, value: object, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        payment.__convert__(_ROW | {field: value})
    assert f"Payment.{field}: {message}" in str(caught.value)


@pytest.mark.parametrize("field", ["card", "amount", "occurred_at", "payment_id", "currency"])
def test_a_number_too_long_to_print_is_refused_like_others(payment: EventType, field: str) -> None:
    with pytest.raises(DataError) as caught:
        payment.__convert__(_ROW | {field: 10**5000})
    (fault,) = caught.value.faults
    assert (fault.where, fault.got) == (f"Payment.{field}", "int of 16610 bits")


@pytest.mark.parametrize(
    ("field", "value", "physical"),
    [
        ("whole", 5.0, 5),
        ("whole", -(2**63), -(2**63)),
        ("real", 5, 5.0),
        ("real", -0.0, -0.0),
        ("truth", 1, True),
        ("truth", False, False),
        ("label", 5411, "5411"),
        ("label", "", ""),
        ("text", "", ""),
        ("price", "1.25", 125),
        ("yen", 3, 3),
    ],
)
def test_each_kind_accepts_what_it_means(
    reading: EventType, field: str, value: object, physical: object
) -> None:
    row = reading.__convert__({"number": 1, "at": 0, "sensor": "s", field: value})
    assert dict(zip(reading.__fields__, row, strict=True))[field] == physical


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("whole", 1.5, "expected a whole number, got float 1.5"),
        ("whole", 2**63, "expected a whole number of 64 bits, got int"),
        ("whole", "5", "expected a whole number, got str '5'"),
        ("whole", True, "expected a whole number, got bool True"),
        ("whole", math.nan, "expected a whole number, got float nan"),
        (
            "real",
            math.nan,
            "expected a finite number, got float nan. Null stands for a value that is missing",
        ),
        ("real", math.inf, "expected a finite number, got float inf"),
        ("real", 10**400, "expected a finite number, got int"),
        ("real", "5", "expected a number, got str '5'"),
        ("real", True, "expected a number, got bool True"),
        ("truth", 2, "expected true or false, got int 2"),
        ("truth", "yes", "expected true or false, got str 'yes'"),
        ("yen", 1.5, "expected at most 0 digits after the point, got float 1.5"),
    ],
)
def test_each_kind_refuses_the_rest(reading: EventType, field: str, value: object, message: str) -> None:
    with pytest.raises(DataError) as caught:
        reading.__convert__({"number": 1, "at": 0, "sensor": "s", field: value})
    assert f"Reading.{field}: {message}" in str(caught.value)


def test_a_batch_is_parted_and_every_fault_listed(payment: EventType) -> None:
    validated = validate(payment, [_ROW, {**_ROW, "card": "", "amount": "x"}, _ROW])
    assert validated.index == [0, 2]
    assert validated.rows[0] == dict(zip(payment.__fields__, _PHYSICAL, strict=True))
    assert [fault.where for fault in validated.faults] == ["row 1: card", "row 1: amount"]


def test_strict_refuses_names_that_are_no_fields(payment: EventType) -> None:
    with pytest.raises(DataError) as caught:
        convert(payment, _ROW | {"devise": "d", "card": ""}, strict=True)
    assert [fault.where for fault in caught.value.faults] == ["Payment.card", "Payment.devise"]
    assert caught.value.faults[1].expected.startswith("one of payment_id, occurred_at, card")
    assert validate(payment, [_ROW | {"devise": "d"}], strict=True).faults[0].where == "row 0: devise"


def test_json_is_decoded_and_converted(payment: EventType) -> None:
    body = b'{"payment_id":"p1","occurred_at":1769860800000,"card":"c1","merchant":"17","amount":12.5}'
    assert decode(payment, body) == _PHYSICAL
    for text in (b'{"payment_id":', b"", b'"\xff"', b"[" * 100_000):
        with pytest.raises(DataError, match="Payment: expected a JSON object, got other text"):
            decode(payment, text)
    with pytest.raises(DataError, match="Payment: expected an object, got list"):
        decode(payment, b"[1]")


def test_a_row_that_is_no_mapping_is_refused_among_others(payment: EventType) -> None:
    validated = validate(payment, [_ROW, "text"])  # type: ignore[list-item]
    assert [str(fault) for fault in validated.faults] == [
        "row 1: Payment: expected an object, got str 'text'"
    ]
