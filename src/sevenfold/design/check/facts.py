"""What a check knows: the design, what was expected, what was measured."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from sevenfold.design.check.finding import Number

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.design.check.history import History
    from sevenfold.design.check.measure import Stages
    from sevenfold.design.design import Design

__all__ = ["Facts", "facts_of"]


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What a check knows of a design; numbers carry their sources.

    Parameters
    ----------
    design
        What was declared.
    per_day
        Decided events a day.
    positive_rate
        Share of decided events that come to be known as positive.
    amount
        Mean of what is at stake, major units.
    label_delay_days
        Within which nine of ten labels arrive.
    entities
        How many there are, by type.
    other_events
        Events of other streams a day, by name.
    stages
        What a decision costs on this machine; ``None``: not measured.
    history
        What the home's log says; ``None`` where there is none.
    """

    design: Design
    per_day: Number | None = None
    positive_rate: Number | None = None
    amount: Number | None = None
    label_delay_days: Number | None = None
    entities: Mapping[str, Number] = field(default_factory=dict)
    other_events: Mapping[str, Number] = field(default_factory=dict)
    stages: Stages | None = None
    history: History | None = None

    @property
    def positives_per_week(self) -> Number | None:
        """Positives that come to be known in a week, where both of its factors are known."""
        if self.per_day is None or self.positive_rate is None:
            return None
        value = 7 * self.per_day.value * self.positive_rate.value
        sources = dict.fromkeys((self.per_day.source, self.positive_rate.source))
        return Number(value, "; ".join(sources))

    @property
    def costs(self) -> tuple[float, float, float] | None:
        """What a missed positive, a false alarm and a review cost at the mean amount, major units."""
        problem = self.design.problem
        if problem is None or self.amount is None:
            return None
        missed, alarm, review = problem.missed, problem.false_alarm, problem.review
        if any(cost.expression is not None for cost in (missed, alarm, review)):
            return None
        return tuple(cost.of(self.amount.value) for cost in (missed, alarm, review))  # type: ignore[return-value]


def facts_of(design: Design, stages: Stages | None = None, history: History | None = None) -> Facts:
    """Put together what is known: what was measured counts before what was expected."""
    from sevenfold.problem.expected import Expected

    expected = Expected() if design.problem is None else design.problem.expected
    measured = {} if history is None else history.numbers

    def number(name: str, declared: float | None) -> Number | None:
        if name in measured:
            return measured[name]
        return None if declared is None else Number(declared, f"declared: problem.expected.{name}")

    per_day = number("per_day", expected.per_day)
    entities = {
        name: Number(count, f"declared: problem.expected.entities[{name!r}]")
        for name, count in expected.entities.items()
    } | ({} if history is None else history.entities)
    others = {}
    for name in design.events:
        if name == design.decides or per_day is None:
            continue
        times = expected.other_events.get(name)
        source = "assumed: one for each decided event" if times is None else "declared: problem.expected"
        others[name] = Number(per_day.value * (1.0 if times is None else times), source)
    return Facts(
        design=design,
        per_day=per_day,
        positive_rate=number("positive_rate", expected.positive_rate),
        amount=number("amount", expected.amount),
        label_delay_days=number("label_delay_days", expected.label_delay_days),
        entities=entities,
        other_events=others | ({} if history is None else history.other_events),
        stages=stages,
        history=history,
    )
