"""Personal data is recognised by its shape and its check, and order numbers are not taken for it."""

from __future__ import annotations

import polars as pl
import pytest

from sevenfold.data.card import passes_luhn
from sevenfold.data.pii import PersonalData, is_iban, recognised

CARDS = ["4111 1111 1111 1111", "5500-0000-0000-0004", "340000000000009", "6011000000000004"]
EMAILS = ["jo@example.com", "write to a.b+c@sub.example.co.uk, please", "<x_1@d-e.org>"]
PHONES = [
    "+49 30 1234567",
    "+1 (415) 555-2671",
    "0049 171 2345678",
    "(030) 123456",
    "415-555-2671",
    "0171 2345678",
]
IBANS = [
    "DE89370400440532013000",
    "GB82 WEST 1234 5698 7654 32",
    "NO9386011117947",
    "paid from FR1420041010050500013M02606 OK",
]
TOKENS = {
    "uuid": [f"{i:08x}-1234-4abc-9def-{i:012x}" for i in range(200)],
    "prefixed": [f"pay_{i:016d}" for i in range(200)],
    "times": [f"2026-01-{1 + i % 28:02d}T10:{i % 60:02d}:00+01:00" for i in range(200)],
    "addresses": [f"fd60:4bc5:488f::{i:x}:1" for i in range(200)] + ["192.168.100.200"],
    "prices": [f"{i}.99 EUR" for i in range(200)],
    "codes": ["DE12", "AB 34 CD", "V2.10.3", "007-12", "10-20-30"],
}


@pytest.mark.parametrize(
    ("kind", "texts"),
    [("card", CARDS), ("email", EMAILS), ("phone", PHONES), ("iban", IBANS)],
)
def test_each_kind_is_recognised_in_each_of_its_forms(kind: str, texts: list[str]) -> None:
    found = recognised(pl.Series(texts))
    assert [(one.kind.value, one.values) for one in found] == [(kind, len(texts))]
    for text in texts:
        many = [text] * 3  # a single phone number may be a coincidence
        assert [one.kind.value for one in recognised(pl.Series(many))] == [kind], text


@pytest.mark.parametrize("name", TOKENS)
def test_tokens_are_no_personal_data(name: str) -> None:
    assert recognised(pl.Series(TOKENS[name])) == []


def test_order_numbers_of_a_cards_length_are_none() -> None:
    """One in ten passes Luhn by chance."""
    numbers = pl.Series([4_000_000_000_000_000 + 7_919 * number for number in range(2000)])
    passing = sum(passes_luhn(str(number)) for number in numbers)
    assert 100 < passing < 300
    assert recognised(numbers) == []
    assert recognised(numbers.cast(pl.String)) == []


def test_card_numbers_as_integers() -> None:
    found = recognised(pl.Series([4111111111111111, 5500000000000004, None]))
    assert [(one.kind, one.values, one.looked_at) for one in found] == [(PersonalData.CARD, 2, 2)]


def test_one_address_in_a_thousand_notes_is_found_and_hidden() -> None:
    (found,) = recognised(pl.Series(["all well"] * 999 + ["mail me: jo.doe@example.com"]))
    assert str(found) == "e-mail addresses in 1 of 1,000 values (such as j…m)"
    assert found.remedy("Order.note") == (
        'Declare it: expectations=[sf.expect(Order.note, personal="email")]; '
        "or drop it: take the field out of Order, and it is never read"
    )


def test_a_card_number_can_only_be_tokenised() -> None:
    (found,) = recognised(pl.Series(["4111111111111111"]))
    assert "hmac.new(secret, number.encode(), 'sha256')" in found.remedy("Order.note")
    assert "personal=" not in found.remedy("Order.note")


@pytest.mark.parametrize("column", [pl.Series([1.5, 2.5]), pl.Series([True]), pl.Series([], dtype=pl.String)])
def test_other_columns_hold_none(column: pl.Series) -> None:
    assert recognised(column) == []


@pytest.mark.parametrize(
    "flaw", ["DE88370400440532013000", "DE8937040044053201300", "XX89370400440532013000", "DE", ""]
)
def test_an_iban_has_a_country_a_length_and_a_check(flaw: str) -> None:
    assert is_iban("DE89370400440532013000")
    assert not is_iban(flaw)
