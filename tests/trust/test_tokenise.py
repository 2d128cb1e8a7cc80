"""Tokens in the place of card numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

import sevenfold as sf
from sevenfold.errors import StateError
from sevenfold.serving.door import Doorman
from sevenfold.trust.tokenise import SECRET_VARIABLE, Tokeniser

if TYPE_CHECKING:
    from pathlib import Path

PAN = "4111111111111111"


class Payment(sf.Event, key="payment_id", time="at"):
    payment_id: str
    at: sf.Timestamp
    card: sf.Entity
    note: str | None = None
    country: sf.Category | None = None
    order_id: str | None = None


def test_a_token_is_the_same_for_a_card_however_it_is_written(tmp_path: Path) -> None:
    tokeniser = Tokeniser.of(tmp_path / "secret", {})
    token = tokeniser.token(PAN)
    assert {tokeniser.token(text) for text in ("4111-1111-1111-1111", " 4111 1111 1111 1111")} == {token}
    assert token.startswith("tok_")
    assert len(token) == 36
    assert tokeniser.token("5500005555555559") != token
    assert Tokeniser.of(tmp_path / "secret", {}).token(PAN) == token
    assert Tokeniser.of(tmp_path / "another", {}).token(PAN) != token


def test_the_secret_is_readable_by_its_owner_alone_or_comes_from_the_environment(tmp_path: Path) -> None:
    Tokeniser.of(tmp_path / "secret", {})
    assert (tmp_path / "secret").stat().st_mode & 0o777 == 0o600
    given = Tokeniser.of(tmp_path / "untouched", {SECRET_VARIABLE: "00" * 32})
    assert given.token(PAN) == Tokeniser(bytes(32)).token(PAN)
    assert not (tmp_path / "untouched").exists()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("xyz", f"{SECRET_VARIABLE}: expected 32 bytes in hexadecimal"),
        ("00" * 31, "expected 32 bytes or more"),
    ],
)
def test_a_bad_secret_is_refused(text: str, said: str, tmp_path: Path) -> None:
    with pytest.raises(StateError, match=said):
        Tokeniser.of(tmp_path / "secret", {SECRET_VARIABLE: text})


def test_a_card_number_is_refused_in_every_text_but_a_key() -> None:
    doorman = Doorman(Payment, ["order_id"])
    row = dict.fromkeys(("payment_id", "order_id", "card", "note", "country"), PAN)
    _, faults = doorman(row)
    assert [fault.where for fault in faults] == ["Payment.card", "Payment.note", "Payment.country"]
    assert PAN not in str(faults)
    assert doorman({"card": int(PAN)})[1][0].got == "a raw card number"
    assert doorman({"card": "tok_1", "note": "paid with 4111111111111112", "country": None})[1] == []


def test_a_card_number_in_an_entity_becomes_a_token_where_the_design_says_so() -> None:
    tokeniser = Tokeniser(bytes(32))
    doorman = Doorman(Payment, [], tokeniser)
    sent = {"card": "4111 1111 1111 1111", "note": "x", "country": "DE"}
    row, faults = doorman(sent)
    assert row == {**sent, "card": tokeniser.token(PAN)}
    assert faults == []
    assert sent["card"] == "4111 1111 1111 1111"
    assert [fault.where for fault in doorman({"note": PAN})[1]] == ["Payment.note"]
