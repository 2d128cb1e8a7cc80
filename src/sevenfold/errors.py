"""What can go wrong, said so that the reader can mend it.

Every error of this project is a `SevenfoldError` and also the builtin that a caller would expect
(``except ValueError`` works). An error that stems from several faults carries all of them at once: what was
expected, what was there instead, where, and what would have worked.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = [
    "BundleError",
    "DataError",
    "DesignError",
    "Fault",
    "LogError",
    "MissingExtraError",
    "SevenfoldError",
    "StateError",
    "UsageError",
]

_SHOWN = 20
"""How many faults an error prints; all of them stay in `SevenfoldError.faults`."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that is wrong.

    Parameters
    ----------
    where
        The place, as its user knows it: ``Payment.amount``, ``row 17: amount``, ``features.card_count``.
    expected
        What would have been right.
    got
        What was there, shortened; never a secret or a whole card number.
    hint
        What would have worked, or what to do next.
    """

    where: str
    expected: str
    got: str
    hint: str = ""

    def __str__(self) -> str:
        text = f"{self.where}: expected {self.expected}, got {self.got}"
        return f"{text}. {self.hint}" if self.hint else text


class SevenfoldError(Exception):
    """Base of all errors that this project raises on purpose.

    Parameters
    ----------
    summary
        One sentence.
    faults
        Everything that is wrong, found in one pass.
    """

    exit_code = 2
    """What the command line exits with: 2 for a user's mistake, 1 for a machine's."""

    def __init__(self, summary: str, faults: Sequence[Fault] = ()) -> None:
        self.summary = summary
        self.faults = tuple(faults)
        super().__init__(self._text())

    def _text(self) -> str:
        lines = [self.summary, *(f"  - {fault}" for fault in self.faults[:_SHOWN])]
        if len(self.faults) > _SHOWN:
            lines.append(f"  … and {len(self.faults) - _SHOWN} more")
        return "\n".join(lines)


class UsageError(SevenfoldError, ValueError):
    """A command or a call was used in a way that can't work."""


class DataError(SevenfoldError, ValueError):
    """Events, tables or files do not hold what their schema declares."""


class DesignError(SevenfoldError, ValueError):
    """A design declares something that can't be built."""


class BundleError(SevenfoldError, ValueError):
    """A model bundle is damaged, incomplete or made for another schema."""


class LogError(SevenfoldError, RuntimeError):
    """The event log is damaged or cannot be written."""

    exit_code = 1


class StateError(SevenfoldError, RuntimeError):
    """Stored feature state is damaged or belongs to another design."""

    exit_code = 1


class MissingExtraError(SevenfoldError, ImportError):
    """An optional dependency is not installed.

    Parameters
    ----------
    extra
        The extra that brings it, such as ``learn``.
    purpose
        What needed it, as the subject of a sentence: ``training a model``.
    """

    def __init__(self, extra: str, purpose: str) -> None:
        self.extra = extra
        super().__init__(f"{purpose} needs the extra [{extra}]: pip install 'sevenfold[{extra}]'")
