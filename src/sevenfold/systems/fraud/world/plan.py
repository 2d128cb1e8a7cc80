"""What world is asked for, and how its time is cut into slices that fit in memory."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from sevenfold.errors import Fault, UsageError
from sevenfold.systems.fraud.world.clock import DAY

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.systems.fraud.world.turns import Turn

__all__ = ["Plan", "Slice"]

TAIL = 120
"""Days after the last payment in which chargebacks still arrive: the card schemes' limit."""

PER_SLICE = 100_000
"""Payments that are made at a time, where a day has no more; a kilobyte and a half of each is alive then."""

PER_DAY = 20_000_000
"""Most payments a day, since a day is the shortest slice."""

PER_CUSTOMER = 0.35
"""Payments of a customer and day, on average: what one gateway sees, about ten a month."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A run of whole days, generated at once.

    Parameters
    ----------
    number
        Position among the slices.
    first, stop
        Days since the world's start: from ``first`` to before ``stop``.
    """

    number: int
    first: int
    stop: int


@dataclass(frozen=True, slots=True)
class Plan:
    """The order for a world.

    Parameters
    ----------
    payments
        How many payments there will be, exactly.
    seed
        Decides everything that is left to chance; 0 to below 2 ** 63.
    days
        How many days the payments spread over.
    start
        The first day, in UTC.
    fraud_share
        Share of the payments that are fraud, in [0, 1].
    customers
        How many customers pay; by default so many that each pays about ten times a month.
    merchants
        How many merchants are paid; by default one for twelve customers.
    turns
        What changes while the world runs.

    Raises
    ------
    UsageError
        With everything that is out of range at once.
    """

    payments: int
    seed: int
    days: int = 180
    start: date = date(2026, 1, 1)
    fraud_share: float = 0.006
    customers: int | None = None
    merchants: int | None = None
    turns: tuple[Turn, ...] = ()

    def __post_init__(self) -> None:
        faults = list(self._faults())
        if faults:
            raise UsageError("This world can't be simulated.", faults)

    def _faults(self) -> Iterator[Fault]:
        if self.payments < 0:
            yield Fault("payments", "0 or more", str(self.payments))
        if not 0 <= self.seed < 1 << 63:
            yield Fault("seed", "a whole number from 0 to below 2 ** 63", str(self.seed))
        if not 1 <= self.days <= 36_500:
            yield Fault("days", "1 to 36500", str(self.days))
        elif self.payments > PER_DAY * self.days:
            hint = f"Spread them over {-(-self.payments // PER_DAY)} days or more."
            yield Fault(
                "payments", f"at most {PER_DAY:,} a day", f"{self.payments:,} in {self.days} days", hint
            )
        elif not self._in_calendar():
            hint = "Chargebacks follow for 120 days after the last payment."
            yield Fault("start", "a world between 1970 and 2100", f"{self.start} and {self.days} days", hint)
        if not 0 <= self.fraud_share <= 1:
            yield Fault("fraud_share", "a share from 0 to 1", str(self.fraud_share), "0.006 is 0.6 %.")
        for name in ("customers", "merchants"):
            value = getattr(self, name)
            if value is not None and not 1 <= value <= 1 << 28:
                yield Fault(name, "1 to 2 ** 28", str(value))
        for turn in self.turns:
            yield from turn.faults(self.days)

    def _in_calendar(self) -> bool:
        if not 1970 <= self.start.year <= 2100:
            return False
        return self.start + timedelta(days=self.days + TAIL) <= date(2100, 12, 31)

    def of_kind(self, kind: str) -> list[Turn]:
        """Return the changes of one kind."""
        return [turn for turn in self.turns if turn.kind == kind]

    @property
    def frauds(self) -> int:
        """How many of the payments are fraud, exactly."""
        return round(self.payments * self.fraud_share)

    @property
    def start_ms(self) -> int:
        """The first moment, in milliseconds since 1970 UTC."""
        return round(
            datetime(self.start.year, self.start.month, self.start.day, tzinfo=UTC).timestamp() * 1000
        )

    @property
    def end_ms(self) -> int:
        """The moment after the last, in milliseconds since 1970 UTC."""
        return self.start_ms + self.days * DAY

    @property
    def population(self) -> int:
        """How many customers there are."""
        return self.customers or max(1, round(self.payments / (self.days * PER_CUSTOMER)))

    @property
    def shops(self) -> int:
        """How many merchants there are."""
        return self.merchants or min(max(240, self.population // 12), 400_000)

    def slices(self) -> list[Slice]:
        """Cut the days into slices of about `PER_SLICE` payments, or of a day where one has more."""
        length = max(1, min(self.days, PER_SLICE * self.days // max(self.payments, 1)))
        return [
            Slice(number, first, min(first + length, self.days))
            for number, first in enumerate(range(0, self.days, length))
        ]
