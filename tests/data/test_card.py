"""Card numbers: refused wherever they come in, and printed nowhere."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.data.card import HOW_TO_TOKENISE, is_card_number, redacted
from sevenfold.data.rows import validate
from sevenfold.data.table import normalise, split
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from sevenfold.data.event import EventType

_NUMBERS = [
    "4111111111111111",
    "5555555555554444",
    "378282246310005",
    "6011111111111117",
    "4222222222222",
    "6304000000000000000",
]
_DRESSED = [
    "4111 1111 1111 1111",
    "4111-1111-1111-1111",
    " 3782 822463 10005 ",
    "4111.1111.1111.1111",
    "4111–1111–1111–1111",
    "４１１１１１１１１１１１１１１１",
]


@pytest.mark.parametrize("number", _NUMBERS + _DRESSED)
def test_a_card_number_is_recognised(number: str) -> None:
    assert is_card_number(number)


@pytest.mark.parametrize(
    "token",
    [
        "4111111111111112",
        "411111111111",
        "41111111111111111111",
        "tok_4111111111111111",
        "card 1",
        "",
        "a" * 16,
    ],
)
def test_other_tokens_are_not(token: str) -> None:
    assert not is_card_number(token)


@given(st.text("0123456789", min_size=12, max_size=18), st.sampled_from(["", " ", "-"]))
def test_the_check_digit_decides(digits: str, separator: str) -> None:
    found = [last for last in "0123456789" if is_card_number(separator.join(digits + last))]
    assert len(found) == 1


def _row(**changed: object) -> dict[str, object]:
    return {"payment_id": "p1", "occurred_at": 0, "card": "c1", "merchant": "m1", "amount": 1} | changed


@pytest.mark.parametrize("number", [*_NUMBERS, *_DRESSED, 4111111111111111])
def test_it_is_refused_in_an_entity_with_advice_and_without_a_trace(
    payment: EventType, number: object
) -> None:
    messages = []
    validated = validate(payment, [_row(card=number)])
    messages += [str(fault) for fault in validated.faults]
    with pytest.raises(DataError) as caught:
        normalise(payment, pl.DataFrame([_row(card=number)]))
    messages.append(str(caught.value).splitlines()[1].removeprefix("  - "))
    assert set(messages) == {
        f"row 0: card: expected an opaque token, got a raw card number. {HOW_TO_TOKENISE}"
    }
    assert "hmac.new(secret, number.encode(), 'sha256').hexdigest()" in HOW_TO_TOKENISE


def test_a_categorical_column_is_searched_too(payment: EventType) -> None:
    frame = pl.DataFrame([_row(), _row(card=_NUMBERS[0])]).with_columns(pl.col("card").cast(pl.Categorical))
    assert split(payment, frame).rejects["row"].to_list() == [1]


@pytest.mark.parametrize("field", ["payment_id", "occurred_at", "amount", "currency", "country"])
def test_it_is_printed_for_no_other_field_either(payment: EventType, field: str) -> None:
    for number in _NUMBERS + _DRESSED:
        for value in (number, [number], {"number": number}, f"card={number};"):
            row = _row(**{field: value})
            text = " ".join(str(fault) for fault in validate(payment, [row]).faults)
            assert number.strip() not in text
            assert "".join(filter(str.isdecimal, number)) not in text


def test_whole_numbers_of_that_length_are_searched_by_column(payment: EventType) -> None:
    rows = [_row(card=number) for number in (4111111111111111, 4111111111111112, -4111111111111111, 7)]
    result = split(payment, pl.DataFrame(rows))
    assert result.rejects["row"].to_list() == [0, 2]
    assert result.accepted["card"].to_list() == [4111111111111112, 7]


def test_redaction_leaves_other_numbers_alone() -> None:
    assert redacted("order 1234567, phone 030 1234567") == "order 1234567, phone 030 1234567"
    assert redacted("pan 5555 5555 5555 4444, cvc 123") == "pan [16 digits hidden], cvc 123"
