"""Recognising raw card numbers, so that they never enter the system.

A primary account number has 13 to 19 digits, the last of which is a check digit by the Luhn formula
(ISO/IEC 7812-1, annex B). People write it with spaces, dashes or dots. About one in ten arbitrary numbers
of that length passes the check too, and is refused with it: an opaque token has letters.
"""

from __future__ import annotations

import re

__all__ = ["CARD_PATTERN", "HOW_TO_TOKENISE", "is_card_number", "passes_luhn", "redacted"]

_SEPARATOR = r"[\s.\-‐-―−]"
CARD_PATTERN = rf"^{_SEPARATOR}*(?:\d{_SEPARATOR}*){{13,19}}$"
"""A text that is nothing but 13 to 19 digits and separators, for Python's `re` and for Polars alike."""

HOW_TO_TOKENISE = (
    "Send a token instead: your payment provider's, or "
    "hmac.new(secret, number.encode(), 'sha256').hexdigest(), made before the event leaves your system"
)

_CARD = re.compile(CARD_PATTERN)
_DIGIT_RUN = re.compile(rf"\d(?:{_SEPARATOR}*\d){{12,}}")
_SHORTEST, _LONGEST = 13, 19
_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)  # twice a digit, with the digits of the result added


def passes_luhn(digits: str) -> bool:
    """Tell whether the last digit is the Luhn check digit of the others.

    Examples
    --------
    >>> passes_luhn("4111111111111111"), passes_luhn("4111111111111112")
    (True, False)
    """
    numbers = [int(digit) for digit in reversed(digits)]
    return (sum(numbers[::2]) + sum(_DOUBLED[number] for number in numbers[1::2])) % 10 == 0


def is_card_number(text: str) -> bool:
    """Tell whether a text is a raw card number, with or without separators.

    Examples
    --------
    >>> is_card_number("4111-1111-1111-1111"), is_card_number("tok_4111111111111111")
    (True, False)
    """
    if len(text) < _SHORTEST or text[0].isalpha() or _CARD.match(text) is None:
        return False
    return passes_luhn("".join(filter(str.isdecimal, text)))


def redacted(text: str) -> str:
    """Hide every run of digits that holds a card number.

    Examples
    --------
    >>> redacted("card=4111 1111 1111 1111;")
    'card=[16 digits hidden];'
    """
    return _DIGIT_RUN.sub(_hide, text)


def _hide(run: re.Match[str]) -> str:
    digits = "".join(filter(str.isdecimal, run.group()))
    windows = (
        digits[start : start + length]
        for length in range(_SHORTEST, min(_LONGEST, len(digits)) + 1)
        for start in range(len(digits) - length + 1)
    )
    return f"[{len(digits)} digits hidden]" if any(map(passes_luhn, windows)) else run.group()
