"""A small design in service, whose decisions people review."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

import sevenfold as sf
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.design.home import Home
from sevenfold.design.reviewing import review_parts
from sevenfold.design.workspace import Workspace
from sevenfold.feedback.review.queue import ReviewQueue
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.problem.problem import Cost
from sevenfold.serving.model import ServedModel
from sevenfold.serving.parts import Parts
from sevenfold.serving.service import DecisionService
from sevenfold.serving.verdict import Verdict
from sevenfold.systems.fraud.events import Chargeback, Payment

if TYPE_CHECKING:
    from pathlib import Path

START = 1_769_860_800_000
HOUR, DAY = 3_600_000, 86_400_000


def design(**feedback: Any) -> sf.Design:
    review = feedback.pop("review", sf.Review(by=("card", "device"), second=0.0))
    return sf.Design(
        name="small",
        events=[Payment, Chargeback],
        features=sf.features(amount=Payment.amount, country=Payment.country),
        problem=sf.Problem(goal="Stop fraud.", decision="Approve or not.", review=Cost(fixed=3.0)),
        label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="45d"),
        feedback=sf.Feedback(review=review, **feedback),
    )


class Clock:
    """A clock that is set by hand."""

    def __init__(self, now: int = START) -> None:
        self.now = now

    def __call__(self) -> int:
        return self.now


class Slope:
    """A model: the larger the amount, the likelier."""

    def score(self, X: np.ndarray) -> np.ndarray:
        return np.minimum(X[:, 0] / 1000.0, 1.0)


class Bench:
    """A service and its queue over one home."""

    def __init__(self, home: Path, url: str | None = None, **feedback: Any) -> None:
        self.design, self.clock = design(**feedback), Clock()
        self.home, self.root = Home(home, "small"), home
        self.home.folder.mkdir(parents=True, exist_ok=True)
        self.workspace = Workspace(self.design, home)
        self.service = DecisionService(
            Parts(
                plan=self.design.plan,
                events=self.design.events,
                decides="Payment",
                lateness=self.design.lateness_ms,
                serving=self.design.serving,
                log=SqliteEventLog(self.home.log, "normal", clock_ms=self.clock),
                snapshots=self.home.snapshots,
                model=ServedModel("slope", ENCODING, Slope()),
                judge=lambda _: _Judge(),
                clock_ms=self.clock,
            )
        )
        self.queue = self.open_queue(url)

    def open_queue(self, url: str | None = None, chance: float = 0.5) -> ReviewQueue:
        parts = review_parts(self.design, self.root, url, self.clock)

        return ReviewQueue(replace(parts, chance=lambda: chance))

    def pay(self, number: int, amount: float = 300.0, **values: Any) -> str:
        """Decide a payment; 200 to 800 are reviewed."""
        row = {
            "payment_id": f"p{number}",
            "occurred_at": self.clock.now,
            "card": f"c{number}",
            "merchant": "m1",
            "device": f"d{number}",
            "amount": f"{amount:.2f}",
            "currency": "EUR",
            "country": "DE",
        }
        return self.service.decide(row | values).action

    def charge_back(self, number: int, **values: Any) -> None:
        row = {
            "chargeback_id": f"b{number}",
            "reported_at": self.clock.now,
            "payment_id": f"p{number}",
            "card": f"c{number}",
            "merchant": "m1",
        }
        accepted = self.service.take("Chargeback", [row | values])
        assert accepted.new == 1, accepted

    def labels(self) -> dict[str, int]:
        """What is known of each payment now, as the training table has it."""
        tables = self.workspace.history()
        known = self.workspace.training_table(tables).labels.at(self.clock.now)
        return dict(zip(tables["Payment"]["payment_id"].to_list(), known.tolist(), strict=True))

    def close(self) -> None:
        self.queue.close()
        self.service.close_now()


ENCODING = Encoding(
    tuple(
        Column(name, ("DE", "NL") if name == "country" else None)
        for name in design().plan.asking["Payment"].names
    )
)


class _Judge:
    """Reviews scores from 0.2, blocks those above 0.8."""

    version = "bands"

    def judge(self, asked: Any, event_ids: Any, now_ms: int) -> list[Verdict]:
        actions = ["block" if s > 0.8 else "review" if s >= 0.2 else "approve" for s in asked.scores.tolist()]
        hits = [("large",) if row[AMOUNT] > 90_000 else () for row in asked.rows]
        return [
            Verdict(action, None, shadow_rules=rules, would_be=action)
            for action, rules in zip(actions, hits, strict=True)
        ]

    def update(self, entry: Any) -> None:
        pass

    def recall(self, action: str, now_ms: int) -> None:
        pass

    def rule_counts(self) -> dict[str, Any]:
        return {}


AMOUNT = list(Payment.__fields__).index("amount")
