"""Recognising personal data in columns: card numbers, e-mail addresses, phone numbers, bank accounts.

Each kind has a shape and, where the number carries one, a check: Luhn for cards (ISO/IEC 7812-1, annex B),
modulo 97 for IBANs (ISO 13616-1, ISO 7064), the length of E.164 for phones. A kind counts as recognised in a
column when so many of its values pass that chance does not explain it: one in ten numbers of a card's
length passes Luhn, so that a column of order numbers must not be taken for cards.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Final

import polars as pl

from sevenfold.data.card import HOW_TO_TOKENISE, passes_luhn

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = ["PERSONAL", "PersonalData", "Recognised", "is_iban", "recognised"]


class PersonalData(Enum):
    """Kinds of personal data."""

    CARD = "card"
    EMAIL = "email"
    PHONE = "phone"
    IBAN = "iban"


PERSONAL: Final[Mapping[PersonalData, str]] = {
    PersonalData.CARD: "card numbers",
    PersonalData.EMAIL: "e-mail addresses",
    PersonalData.PHONE: "phone numbers",
    PersonalData.IBAN: "bank accounts (IBAN)",
}
"""Each kind in words."""

# Searched for inside a text, so that a note such as "paid with 4111 1111 1111 1111" is recognised, too.
# Polars' expressions know no look-around: what stands on either side is part of the match.
_CARD = r"(?:^|[^0-9A-Za-z_.\-])([2-6](?:[ .\-]?[0-9]){12,18})(?:$|[^0-9A-Za-z_\-])"
_EMAIL = (
    r"(?:^|[^0-9A-Za-z._%+\-])"
    r"([0-9A-Za-z._%+\-]{1,64}@[0-9A-Za-z\-]+(?:\.[0-9A-Za-z\-]+)*\.[A-Za-z]{2,24})"
    r"(?:$|[^0-9A-Za-z\-])"
)
_PHONE = (
    r"(?:^|[\s:;,(])("
    r"(?:\+|00)[1-9][0-9]{0,2}(?:[ ./\-]?\(?[0-9]{1,5}\)?){2,6}"  # international
    r"|\(0[0-9]{1,5}\)[ ./\-]?[0-9]{2,9}(?:[ \-][0-9]{2,5})*"  # as in Europe
    r"|0[0-9]{2,5}[ /][0-9]{3,9}(?:[ \-][0-9]{2,5})*"
    r"|\([2-9][0-9]{2}\) ?[0-9]{3}-[0-9]{4}|[2-9][0-9]{2}-[2-9][0-9]{2}-[0-9]{4}"  # as in North America
    r")(?:$|[\s;,.)])"
)
_IBAN = r"(?:^|[^0-9A-Za-z])([A-Z]{2}[0-9]{2}(?: ?[0-9A-Z]{1,4}){3,8})(?:$|[^0-9A-Za-z])"

_SHARE_THAT_PASSES = 0.4
"""Of the values of the right shape; by chance it is 0.1 for Luhn and 0.01 for modulo 97."""

_FEWEST_PHONES = 3
_SAMPLE = 20_000
_IBAN_LENGTHS = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29,
    "BY": 28, "CH": 21, "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29,
    "ES": 24, "FI": 18, "FO": 18, "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28,
    "HR": 21, "HU": 28, "IE": 22, "IL": 23, "IQ": 23, "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20,
    "LB": 28, "LC": 32, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "LY": 25, "MC": 27, "MD": 24, "ME": 22,
    "MK": 19, "MR": 27, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SC": 31, "SD": 18, "SE": 24, "SI": 19, "SK": 24, "SM": 27,
    "ST": 25, "SV": 28, "TL": 23, "TN": 24, "TR": 26, "UA": 29, "VA": 22, "VG": 24, "XK": 20,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Recognised:
    """One kind of personal data in a column.

    Parameters
    ----------
    kind
        What it is.
    values
        How many of the values looked at hold it.
    looked_at
        How many values were looked at, nulls left out.
    example
        One of them, all but its ends hidden.
    """

    kind: PersonalData
    values: int
    looked_at: int
    example: str

    def __str__(self) -> str:
        return (
            f"{PERSONAL[self.kind]} in {self.values:,} of {self.looked_at:,} values (such as {self.example})"
        )

    def remedy(self, where: str) -> str:
        """Say what can be done where a field holds it."""
        column = f"or drop it: take the field out of {where.partition('.')[0]}, and it is never read"
        if self.kind is PersonalData.CARD:
            return f"{HOW_TO_TOKENISE}; {column}"
        return f'Declare it: expectations=[sf.expect({where}, personal="{self.kind.value}")]; {column}'


def recognised(column: pl.Series) -> list[Recognised]:
    """Return the kinds of personal data that a column holds.

    Parameters
    ----------
    column
        Texts, categories or integers; nothing is recognised in other types. Of a long column, 20,000 values
        evenly spread are looked at.

    Examples
    --------
    >>> import polars as pl
    >>> found = recognised(pl.Series(["ask jo@example.com", "call +49 30 1234567", "fine"]))
    >>> [(one.kind.value, one.example) for one in found]
    [('email', 'j…m')]
    """
    if not (column.dtype in (pl.String, pl.Categorical, pl.Enum) or column.dtype.is_integer()):
        return []
    values = column.drop_nulls()
    if values.len() > _SAMPLE:
        values = values.gather_every(-(-values.len() // _SAMPLE))
    texts = values.cast(pl.String)
    found = (_look(texts, kind) for kind in PersonalData)
    return [one for one in found if one is not None]


def is_iban(text: str) -> bool:
    """Tell whether a text is an IBAN: a known country, its length, and 1 modulo 97.

    Examples
    --------
    >>> is_iban("DE89 3704 0044 0532 0130 00"), is_iban("DE88 3704 0044 0532 0130 00")
    (True, False)
    """
    plain = text.replace(" ", "")
    if _IBAN_LENGTHS.get(plain[:2]) != len(plain) or not (plain.isascii() and plain.isalnum()):
        return False
    return int("".join(str(int(sign, 36)) for sign in plain[4:] + plain[:4])) % 97 == 1


def _look(texts: pl.Series, kind: PersonalData) -> Recognised | None:
    pattern, check = _CHECKS[kind]
    shaped = texts.str.extract(pattern, 1).drop_nulls()
    if kind is PersonalData.PHONE and shaped.len():  # groups of digits in a longer number look like one
        longer = texts.str.replace_all(_IBAN, "").str.replace_all(_CARD, "")
        shaped = longer.str.extract(pattern, 1).drop_nulls()
    if not shaped.len():
        return None
    holding = shaped if check is None else shaped.filter(pl.Series([check(text) for text in shaped]))
    if holding.len() < (_FEWEST_PHONES if kind is PersonalData.PHONE else 1):
        return None
    if check is not None and holding.len() < _SHARE_THAT_PASSES * shaped.len():
        return None
    return Recognised(kind, holding.len(), texts.len(), _hidden(holding[0]))


def _is_card(text: str) -> bool:
    return passes_luhn("".join(filter(str.isdecimal, text)))


def _begins_with_iban(text: str) -> bool:
    plain = text.replace(" ", "")
    return is_iban(plain[: _IBAN_LENGTHS.get(plain[:2], 0)])


def _is_phone(text: str) -> bool:
    return 8 <= sum(map(str.isdecimal, text)) <= 15


def _hidden(text: str) -> str:
    return f"{text[0]}…{text[-1]}"


_CHECKS: dict[PersonalData, tuple[str, Callable[[str], bool] | None]] = {
    PersonalData.CARD: (_CARD, _is_card),
    PersonalData.EMAIL: (_EMAIL, None),
    PersonalData.PHONE: (_PHONE, _is_phone),
    PersonalData.IBAN: (_IBAN, _begins_with_iban),
}
