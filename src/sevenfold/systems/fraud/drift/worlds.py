"""Which worlds are measured: for each seed a quiet one, and one for each kind of change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from sevenfold.systems.fraud.world import Turn

__all__ = ["DAYS", "FIRST_DAY", "KINDS", "LIVE_DAY", "REFERENCE_DAY", "Order", "orders"]

REFERENCE_DAY: Final = 14
"""The world's first days, when every card is new, are no reference."""

LIVE_DAY: Final = 91
"""The model is trained, and decisions begin."""

FIRST_DAY: Final = 150
"""The first day of every change."""

DAYS: Final = 195
"""How long each world lasts."""

_PATTERNS: Final = (
    "account_takeover",
    "card_testing",
    "stolen_card",
    "merchant_breach",
    "device_ring",
    "lost_card",
    "mule_chain",
    "refund_abuse",
    "colluding_merchant",
)
KINDS: Final[dict[str, tuple[tuple[str, float], ...]]] = {
    "onset": tuple((pattern, 8.0) for pattern in _PATTERNS),
    "wave": tuple((pattern, 8.0) for pattern in _PATTERNS),
    "boom": (("gaming", 0.1), ("travel", 0.1), ("electronics", 0.1), ("vouchers", 0.1)),
    "arrival": (("CA", 0.05), ("AU", 0.05), ("US", 0.05), ("IE", 0.05)),
    "outage": (("device", 0.2), ("ip", 0.2), ("country", 0.2), ("amount", 0.05)),
}
"""What changes, by kind, and how much; one after the other, seed by seed."""


@dataclass(frozen=True, slots=True)
class Order:
    """One world to be measured.

    Parameters
    ----------
    seed
        Of the world.
    payments
        In it.
    turn
        What changes; ``None``: nothing.
    """

    seed: int
    payments: int
    turn: Turn | None

    @property
    def key(self) -> str:
        """What tells it from all other orders."""
        return f"{self.seed} {self.payments} {self.turn or 'quiet'}"


def orders(seeds: int, payments: int) -> list[Order]:
    """List all worlds in rounds, so that whatever is done when it is stopped is a fair part.

    First comes the quiet world of each seed beside one in which something changes, another kind for each
    seed; further rounds hold the other kinds.
    """
    kinds, found = list(KINDS), []
    for number in range(len(kinds)):
        for seed in range(1, seeds + 1):
            if number == 0:
                found.append(Order(seed, payments, None))
            kind = kinds[(seed - 1 + number) % len(kinds)]
            # Each name of a kind has its turn: in a round a kind comes once in five seeds.
            place = (seed - 1) // len(kinds) + number * -(-seeds // len(kinds))
            name, size = KINDS[kind][place % len(KINDS[kind])]
            found.append(Order(seed, payments, Turn(kind, name, FIRST_DAY, DAYS, size)))
    return found
