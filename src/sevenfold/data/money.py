"""Exact amounts: decimals in major units outside, whole minor units inside.

How many digits a currency has comes from ISO 4217. An amount is a `Decimal`, a decimal string, an integer
or a float in major units; a float counts as its shortest decimal form, so that 0.1 is ten cents and 0.1 +
0.2 is refused. Nothing is ever rounded: more digits than the currency has are a mistake of the sender.
Amounts may be negative (refunds, corrections). The bound of 2**53 minor units lets every amount pass
through a double unharmed.
"""

from __future__ import annotations

from decimal import Context, Decimal, Inexact, InvalidOperation
from numbers import Integral

from sevenfold.data.refusal import RefusedError, shown

__all__ = ["BOUND", "DEFAULT_DIGITS", "DIGITS", "digits", "major", "minor_units", "to_minor"]

BOUND = 2**53
"""The largest amount in minor units, either side of zero."""

DEFAULT_DIGITS = 2
"""Digits after the point where no currency is declared."""

_TWO = """
AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BOV BRL BSD BTN BWP BYN BZD CAD
CDF CHE CHF CHW CNY COP COU CRC CUC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP
GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD
MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MXV MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR
PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN SVC SYP SZL THB TJS TMT TOP
TRY TTD TWD TZS UAH USD USN UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG ZWL
"""
_OTHERS = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
}

DIGITS: dict[str, int] = dict.fromkeys(_TWO.split(), 2) | {
    code: count for count, codes in _OTHERS.items() for code in codes.split()
}
"""ISO 4217 code → digits after the point; withdrawn codes stay, since histories hold them."""

_MOST_DIGITS = len(str(BOUND))
_EXACT = Context(prec=60, traps=[InvalidOperation, Inexact])


def digits(currency: str) -> int:
    """Return how many digits a currency has after the point.

    Raises
    ------
    DataError
        Where the code is not in ISO 4217.

    Examples
    --------
    >>> digits("EUR"), digits("JPY"), digits("KWD")
    (2, 0, 3)
    """
    try:
        return DIGITS[currency]
    except (KeyError, TypeError):
        raise RefusedError("an ISO 4217 currency code such as 'EUR'", shown(currency)) from None


def minor_units(value: object, currency: str) -> int:
    """Return an amount in whole minor units of its currency.

    Raises
    ------
    DataError
        Where the value is no number, is not finite, has more digits than the currency, or is out of bounds.

    Examples
    --------
    >>> minor_units("12.5", "EUR"), minor_units(1200, "JPY"), minor_units(-0.1, "USD")
    (1250, 1200, -10)
    """
    return to_minor(value, digits(currency))


def major(minor: int, currency: str) -> Decimal:
    """Return minor units as a decimal in major units.

    Examples
    --------
    >>> major(1250, "EUR"), major(1250, "JPY")
    (Decimal('12.50'), Decimal('1250'))
    """
    return Decimal(minor).scaleb(-digits(currency))


def to_minor(value: object, places: int) -> int:
    """Return an amount in whole units of ``10**-places``; `minor_units` with the digits given."""
    if type(value) is int:
        minor: int = value * 10**places
    elif type(value) is str:
        minor = _from_text(value, value, places)
    elif type(value) is float:
        minor = _from_text(repr(value), value, places)
    else:
        minor = _from_other(value, places)
    if -BOUND <= minor <= BOUND:
        return minor
    raise RefusedError(f"an amount within ±{BOUND} minor units", shown(value))


def _from_text(text: str, value: object, places: int) -> int:
    whole, _, fraction = text.partition(".")
    is_plain = whole.isdigit() and fraction.isdigit() and text.isascii()  # as nearly all are
    if is_plain and len(fraction) <= places and len(whole) <= _MOST_DIGITS:
        return int(whole + fraction.ljust(places, "0"))
    return _from_decimal(_decimal(text, value), value, places)


def _from_other(value: object, places: int) -> int:
    if isinstance(value, Decimal):
        return _from_decimal(value, value, places)
    if isinstance(value, bool) or not isinstance(value, (Integral, float, str)):
        raise RefusedError("an amount as a number or a decimal string", shown(value))
    if isinstance(value, float):  # a subclass, such as numpy's
        return _from_text(repr(float(value)), value, places)
    if isinstance(value, str):
        return _from_text(str(value), value, places)
    return int(value) * int(10**places)


def _decimal(text: str, value: object) -> Decimal:
    if text.strip() == text and "_" not in text:  # both are Python's liberties, not a sender's
        try:
            return Decimal(text)
        except InvalidOperation:
            pass
    hint = "Write it as 1234.56: a point before the cents, nothing between thousands" if "," in text else ""
    raise RefusedError("an amount as a number or a decimal string", shown(value), hint)


def _from_decimal(amount: Decimal, value: object, places: int) -> int:
    if not amount.is_finite():
        raise RefusedError("a finite amount", shown(value))
    if amount and amount.adjusted() + places > len(
        str(BOUND)
    ):  # keeps 1e999999 from becoming a million digits
        raise RefusedError(f"an amount within ±{BOUND} minor units", shown(value))
    try:
        return int(_EXACT.quantize(_EXACT.scaleb(amount, places), 1))
    except ArithmeticError:
        raise _too_many_digits(value, places) from None


def _too_many_digits(value: object, places: int) -> RefusedError:
    return RefusedError(
        f"at most {places} digits after the point",
        shown(value),
        "Round it where its meaning is known; nothing is rounded here",
    )
