"""The first answer: what is decided, for whom, what each mistake costs, and what the service must hold to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from sevenfold.errors import DesignError, Fault
from sevenfold.problem.expected import Expected

__all__ = ["Cost", "Problem", "ServiceLevels"]


@dataclass(frozen=True, kw_only=True)
class Cost:
    """What one mistake costs, in major units of the design's currency.

    Parameters
    ----------
    fixed
        Whatever the event: handling, fees, the customer's anger.
    share
        Of the event's amount, 0 to 1 or more.
    expression
        Where it depends on more than the amount: an expression over the deciding event's fields and the
        design's features, or its text as in a rule, such as ``"25 + 0.8 * amount"``. It takes the place of
        ``share``; ``fixed`` is what counts where it has no value.
    because
        Where the figures come from.
    """

    fixed: float = 0.0
    share: float = 0.0
    expression: Any = None
    because: str = ""

    def of(self, amount: float) -> float:
        """The cost of a mistake about an event of this amount, where the amount is all that matters.

        >>> Cost(fixed=15, share=1.0).of(80.0)
        95.0
        """
        return self.fixed + self.share * amount


@dataclass(frozen=True, kw_only=True)
class ServiceLevels:
    """What a running service is held to.

    Parameters
    ----------
    latency_p99_ms
        Milliseconds in which 99 of 100 decisions are answered, durable.
    decisions_per_second
        At peak.
    availability
        Share of requests that are answered, 0 to 1.
    """

    latency_p99_ms: float = 50.0
    decisions_per_second: float = 200.0
    availability: float = 0.999


@dataclass(frozen=True, kw_only=True)
class Problem:
    """Section 1 of a design.

    Parameters
    ----------
    goal
        What should be better, in one sentence.
    decision
        What is decided, about what, and when.
    users
        Who is affected or works with it.
    missed
        Cost of letting a positive pass.
    false_alarm
        Cost of stopping a negative.
    review
        Cost of one review by a person.
    service_levels
        What the service is held to.
    constraints
        Laws, contracts, limits; one sentence each.
    expected
        What is expected of traffic, labels and amounts before any are measured.
    budget_per_month
        What machines and people may cost in a month, major units; ``None`` for no limit.
    open_points
        Questions that nobody has answered yet, one sentence each.
    because
        Why these answers.

    Raises
    ------
    DesignError
        With everything that can't be: a negative cost, a share of availability above one …
    """

    goal: str
    decision: str
    users: tuple[str, ...] = ()
    missed: Cost = Cost(share=1.0)
    false_alarm: Cost = Cost(fixed=5.0)
    review: Cost = Cost(fixed=2.0)
    service_levels: ServiceLevels = ServiceLevels()
    constraints: tuple[str, ...] = ()
    expected: Expected = field(default_factory=Expected)
    budget_per_month: float | None = None
    open_points: tuple[str, ...] = ()
    because: str = ""

    def __post_init__(self) -> None:
        faults = [
            Fault(f"problem.{name}", "a sentence", repr(text))
            for name, text in (("goal", self.goal), ("decision", self.decision))
            if not text.strip()
        ]
        for name in ("missed", "false_alarm", "review"):
            cost: Cost = getattr(self, name)
            faults += [
                Fault(f"problem.{name}.{part}", "a number, zero or more", str(value))
                for part, value in (("fixed", cost.fixed), ("share", cost.share))
                if not (math.isfinite(value) and value >= 0)
            ]
            if cost.expression is not None and cost.share:
                hint = "Write the share into the expression: 0.5 * amount"
                faults.append(Fault(f"problem.{name}", "a share or an expression", "both", hint))
        if type(expected := getattr(self, "expected")) is not Expected:  # noqa: B009 - the type checker knows better
            faults.append(Fault("problem.expected", "sf.Expected(...)", type(expected).__name__))
        budget = self.budget_per_month
        if budget is not None and not (math.isfinite(budget) and budget >= 0):
            faults.append(Fault("problem.budget_per_month", "a number, zero or more", str(budget)))
        levels = self.service_levels
        limits = (
            ("latency_p99_ms", "above 0", levels.latency_p99_ms > 0),
            ("decisions_per_second", "above 0", levels.decisions_per_second > 0),
            ("availability", "above 0 and at most 1", 0 < levels.availability <= 1),
        )
        faults += [
            Fault(f"problem.service_levels.{name}", expected, str(getattr(levels, name)))
            for name, expected, right in limits
            if not right
        ]
        if faults:
            raise DesignError("The problem cannot be stated like this", faults)
