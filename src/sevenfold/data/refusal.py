"""Saying no to a value without repeating what must not be repeated.

A refusal quotes what it got, so that its reader can find it; a card number is never quoted, wherever it
stood.
"""

from __future__ import annotations

from sevenfold.data.card import redacted
from sevenfold.errors import DataError, Fault

__all__ = ["RefusedError", "shown"]

_QUOTED_CHARACTERS = 60
_READ_CHARACTERS = 400
_LONGEST_NUMBER_BITS = 1024
_SHORTEST_CARD = 1e12
"""Smaller numbers have fewer than 13 digits before the point."""


class RefusedError(DataError):
    """One value is not what its field declares.

    Parameters
    ----------
    expected
        What would have been right.
    got
        What was there, as `shown` gives it.
    hint
        What to do about it.
    """

    def __init__(self, expected: str, got: str, hint: str = "") -> None:
        self.expected, self.got, self.hint = expected, got, hint
        super().__init__(f"expected {expected}, got {got}" + (f". {hint}" if hint else ""))

    def at(self, where: str) -> Fault:
        """Return the same refusal as a fault at a place."""
        return Fault(where, self.expected, self.got, self.hint)


def shown(value: object) -> str:
    """Describe a value by its type and its first characters, with card numbers hidden.

    Examples
    --------
    >>> shown(17), shown(None), shown("4111 1111 1111 1111")
    ('int 17', 'null', "str '[16 digits hidden]'")
    """
    if value is None:
        return "null"
    if isinstance(value, int) and value.bit_length() > _LONGEST_NUMBER_BITS:  # Python refuses to print it
        return f"int of {value.bit_length()} bits"
    # Cut before the search and again after it: a megabyte of text is neither searched nor printed.
    text = repr(value)[:_READ_CHARACTERS]
    if not (isinstance(value, float) and abs(value) < _SHORTEST_CARD):  # whose fraction has digits enough
        text = redacted(text)
    if len(text) > _QUOTED_CHARACTERS:
        text = text[:_QUOTED_CHARACTERS] + "…"
    return f"{type(value).__name__} {text}"
