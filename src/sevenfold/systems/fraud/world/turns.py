"""What changes while the world runs: the switch for drift.

=========  ============================  ==========================================  ======================
kind       name                          what happens from day FIRST to before STOP  SIZE
=========  ============================  ==========================================  ======================
wave       a pattern of fraud            grows to the middle, then shrinks again     times as many at most
campaign   a pattern of fraud            likewise, and there is none on other days   times as many at most
onset      a pattern of fraud            there was none; grows for a week and stays  times as many at most
boom       a category of merchants       draws purchases that went elsewhere         share of all purchases
arrival    a country without customers   its people join, and stay                   share of all customers
outage     device, ip, country, amount   the field is lost; an amount comes in       share of all payments
                                         hundredths, as if it were in units
=========  ============================  ==========================================  ======================

Written ``KIND:NAME:FIRST-STOP:SIZE``: ``wave:account_takeover:60-120:5``. The number of payments and
of frauds in the whole world stays what was asked for.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from sevenfold.errors import Fault, UsageError
from sevenfold.systems.fraud.world.categories import CATEGORIES
from sevenfold.systems.fraud.world.countries import COUNTRIES
from sevenfold.systems.fraud.world.patterns import PATTERNS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.systems.fraud.world.arrays import Floats

__all__ = ["Turn"]

_NAMES: Final = {
    "wave": [pattern.name for pattern in PATTERNS],
    "campaign": [pattern.name for pattern in PATTERNS],
    "onset": [pattern.name for pattern in PATTERNS],
    "boom": [category.name for category in CATEGORIES],
    "arrival": [country.code for country in COUNTRIES],
    "outage": ["device", "ip", "country", "amount"],
}
_MOST: Final = {
    "wave": 1000.0,
    "campaign": 1000.0,
    "onset": 1000.0,
    "boom": 1.0,
    "arrival": 1.0,
    "outage": 1.0,
}
_GROWS_FOR: Final = 7
"""Days that a new pattern takes to reach its size."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One change; see the module for the kinds.

    Parameters
    ----------
    kind, name
        What happens, and to what.
    first, stop
        Days since the world's start.
    size
        How much.
    """

    kind: str
    name: str
    first: int
    stop: int
    size: float

    @classmethod
    def parse(cls, text: str) -> Turn:
        """Read a change as it is written on a command line.

        >>> Turn.parse("boom:gaming:90-180:0.3")
        Turn(kind='boom', name='gaming', first=90, stop=180, size=0.3)

        Raises
        ------
        UsageError
            If it is not of that form; whether its values make sense is for `faults`.
        """
        found = re.fullmatch(r"(\w+):(\w+):(\d+)-(\d+):(\d+(?:\.\d+)?)", text)
        if found is None:
            hint = "For example wave:account_takeover:60-120:5."
            raise UsageError(
                "A turn can't be read.", [Fault("turn", "KIND:NAME:FIRST-STOP:SIZE", repr(text), hint)]
            )
        kind, name, first, stop, size = found.groups()
        return cls(kind, name, int(first), int(stop), float(size))

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}:{self.first}-{self.stop}:{self.size:g}"

    def faults(self, days: int) -> Iterator[Fault]:
        """Return what is wrong with it in a world of so many days."""
        where = f"turn {self}"
        if self.kind not in _NAMES:
            yield Fault(where, f"one of {', '.join(_NAMES)}", repr(self.kind))
            return
        if self.name not in _NAMES[self.kind]:
            yield Fault(where, f"one of {', '.join(_NAMES[self.kind])}", repr(self.name))
        if not 0 <= self.first < self.stop <= days:
            yield Fault(
                where, f"days from 0 to {days}, the first before the last", f"{self.first}-{self.stop}"
            )
        if not 0 <= self.size <= _MOST[self.kind]:
            yield Fault(where, f"a size from 0 to {_MOST[self.kind]:g}", f"{self.size:g}")

    def wave(self, days: int) -> Floats:
        """Return how many times as much there is of it on each day; outside of it 1, or 0 for what is new."""
        if self.kind == "onset":
            day = np.arange(days)
            grown = np.clip((day - self.first + 1) / _GROWS_FOR, 0.0, 1.0)
            return np.where(day < self.stop, self.size * grown, 0.0)
        middle, half = (self.first + self.stop - 1) / 2, max((self.stop - self.first) / 2, 0.5)
        height: Floats = np.maximum(0.0, 1.0 - np.abs(np.arange(days) - middle) / half)
        if self.kind == "campaign":
            return self.size * height
        return 1.0 + (self.size - 1.0) * height
