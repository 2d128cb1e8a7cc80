"""Reviewers who look at payments within the hour, and are right nineteen times of twenty.

What they say comes as an event source: `Reviewers.look` turns payments and their truth into verdicts. Whoever
looks twice at a payment says the same; another reviewer may not.

Source: none that we know measures them; 95 % is an assumption, and a parameter.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from datetime import timedelta
from statistics import NormalDist
from typing import TYPE_CHECKING, Final

import polars as pl

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from datetime import datetime

__all__ = ["VERDICT", "Reviewers"]

VERDICT: Final = pl.Schema(
    {
        "review_id": pl.String(),
        "reviewed_at": pl.Datetime("ms", "UTC"),
        "payment_id": pl.String(),
        "reviewer": pl.String(),
        "fraud": pl.Boolean(),
    }
)
"""The columns of a verdict."""

_SPREAD = 0.8
_NEEDED = {"payment_id": pl.String(), "is_fraud": pl.Boolean()}


@dataclass(frozen=True, slots=True)
class Reviewers:
    """A team of reviewers.

    Parameters
    ----------
    seed
        Decides who errs where.
    right
        Share of the payments that each judges rightly, in [0, 1].
    count
        How many they are.
    minutes
        Median time until a verdict.

    Raises
    ------
    UsageError
        With everything that is out of range at once.
    """

    seed: int
    right: float = 0.95
    count: int = 5
    minutes: float = 40.0

    def __post_init__(self) -> None:
        faults = [
            Fault(name, expected, str(got))
            for name, expected, got, fine in (
                ("right", "a share from 0 to 1", self.right, 0 <= self.right <= 1),
                ("count", "1 or more", self.count, self.count >= 1),
                ("minutes", "more than 0", self.minutes, self.minutes > 0),
            )
            if not fine
        ]
        if faults:
            raise UsageError("These reviewers can't work.", faults)

    def look(self, asked: pl.DataFrame, at: datetime) -> pl.DataFrame:
        """Judge payments.

        Parameters
        ----------
        asked
            Payments with the truth about them: ``payment_id`` and ``is_fraud``; a cardholder who disputes
            what is his own is no fraud to a reviewer either.
        at
            When they are asked, with a time zone.

        Returns
        -------
        Verdicts in the order of time: the columns of `VERDICT`.

        Raises
        ------
        UsageError
            If a column is missing or of another type.
        """
        faults = [
            Fault(f"asked.{name}", str(kind), str(asked.schema.get(name, "none")))
            for name, kind in _NEEDED.items()
            if asked.schema.get(name) != kind
        ]
        if faults:
            raise UsageError("These payments can't be reviewed.", faults)
        rows = [self._verdict(name, fraud, at) for name, fraud in asked.select(list(_NEEDED)).iter_rows()]
        return pl.DataFrame(rows, schema=VERDICT, orient="row").sort("reviewed_at", "review_id")

    def _verdict(self, payment: str, fraud: bool, at: datetime) -> tuple[object, ...]:
        who = int(self._unit(payment, "who") * self.count)
        right = self._unit(payment, f"right {who}") < self.right
        luck = min(max(self._unit(payment, f"wait {who}"), 1e-9), 1 - 1e-9)
        wait = timedelta(minutes=self.minutes * math.exp(_SPREAD * NormalDist().inv_cdf(luck)))
        digest = hashlib.blake2b(f"{self.seed} {who} {payment}".encode(), digest_size=8).hexdigest()
        return f"rev_{digest}", at + wait, payment, f"reviewer {who + 1}", fraud == right

    def _unit(self, payment: str, purpose: str) -> float:
        digest = hashlib.blake2b(f"{self.seed} {purpose} {payment}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") / 2**64
