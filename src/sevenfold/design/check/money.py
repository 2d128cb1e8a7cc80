"""Reviewers and money: what people can look at, what mistakes cost, and what the whole costs in a month."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.design.check.arithmetic import block_threshold, review_gain
from sevenfold.design.check.catalogue import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.design.check.facts import Facts
    from sevenfold.design.check.finding import Finding

__all__ = ["Month", "money", "month"]

_DAYS = 30.4
_CASE = 2.0
"""Decisions of a case, where nobody knows yet: minutes are counted once a case and once a decision."""


class Month:
    """What a month costs, with the arithmetic."""

    def __init__(self, facts: Facts) -> None:
        scale, review = facts.design.scale, facts.design.feedback.review
        capacity = facts.design.serving.policy.review_capacity_per_day
        self.machines = scale.replicas * scale.machine_per_month
        self.reviews_per_day = 0.0 if capacity is None else float(capacity)
        self.minutes_per_review = review.minutes_each + review.minutes / _CASE
        self.hours = self.reviews_per_day * (1 + review.second) * self.minutes_per_review / 60
        self.people = _DAYS * self.hours * scale.hour_cost
        self.total = self.machines + self.people
        self.lines = (
            (
                f"machines = {scale.replicas} × {scale.machine_per_month:,.0f} = {self.machines:,.0f} "
                "(declared: scale.replicas, scale.machine_per_month)"
            ),
            (
                f"a review = {review.minutes_each:g} minutes + {review.minutes:g} / {_CASE:g} for its "
                f"share of a "
                f"case = {self.minutes_per_review:g} (declared: feedback.review; assumed: {_CASE:g} a case)"
            ),
            (
                f"reviews = {self.reviews_per_day:,.0f} a day × {1 + review.second:g} with second opinions "
                f"= {self.hours:,.1f} hours (declared: serving.policy.review_capacity_per_day)"
            ),
            (
                f"people = {_DAYS:g} days × {self.hours:,.1f} hours × {scale.hour_cost:g} = "
                f"{self.people:,.0f} "
                "(declared: scale.hour_cost)"
            ),
        )


def month(facts: Facts) -> Month:
    """Compute what machines and people cost in a month."""
    return Month(facts)


def money(facts: Facts) -> Iterator[Finding]:
    """Check capacity against reviews, costs against thresholds, a month against the budget."""
    yield from _capacity(facts)
    yield from _compared(facts)
    if facts.design.problem is not None:
        yield from _thresholds(facts)
        yield from _budget(facts)


def _capacity(facts: Facts) -> Iterator[Finding]:
    design, cost = facts.design, month(facts)
    has = design.scale.reviewers * design.scale.review_hours_per_day
    if cost.hours > has:
        people = cost.hours / max(design.scale.review_hours_per_day, 0.1)
        yield finding(
            "SF401",
            "serving.policy.review_capacity_per_day",
            wrong="Reviewers would need more hours than they have.",
            by=f"{cost.hours:,.1f} hours a day against {has:,.1f}",
            fix=f"scale.reviewers={people:.1f}, or review_capacity_per_day="
            f"{int(cost.reviews_per_day * has / cost.hours)}.",
            arithmetic=[
                *cost.lines[1:3],
                (
                    f"hours = {design.scale.reviewers:g} people × {design.scale.review_hours_per_day:g} "
                    "(declared: scale.reviewers, scale.review_hours_per_day)"
                ),
            ],
        )
    active, capacity = design.feedback.active.per_day, design.serving.policy.review_capacity_per_day
    if capacity is not None and active > 0 and active >= capacity:
        yield finding(
            "SF406",
            "feedback.active.per_day",
            wrong="What is asked to learn from takes all of the reviews, and alerts get none.",
            by=f"{active} of {capacity} a day",
            fix=f"feedback.active.per_day={max(1, capacity // 10)}: a tenth of the capacity.",
            arithmetic=[f"{active} ≥ {capacity} (declared: feedback.active, serving.policy)"],
        )


def _compared(facts: Facts) -> Iterator[Finding]:
    design = facts.design
    capacity, compared = design.serving.policy.review_capacity_per_day, design.learning.review_per_day
    if capacity is not None and design.learning.entity is not None and compared != capacity:
        yield finding(
            "SF405",
            "learning.review_per_day",
            wrong="Models are compared by what is found in another number of reviews than people can do.",
            by=f"{compared} a day in the evaluation, {capacity} in the service",
            fix=f"learning review_per_day={capacity}.",
            arithmetic=["declared: learning.review_per_day, serving.policy.review_capacity_per_day"],
        )


def _thresholds(facts: Facts) -> Iterator[Finding]:
    costs, rate = facts.costs, facts.positive_rate
    if costs is None or facts.amount is None:
        return
    missed, alarm, review = costs
    lines = [
        (
            f"at the mean amount {facts.amount.value:,.2f} ({facts.amount.source}): missed {missed:,.2f}, "
            f"false alarm {alarm:,.2f}, review {review:,.2f} (declared: problem)"
        )
    ]
    catches = facts.design.serving.policy.review_catches
    gain = review_gain(missed, alarm, catches)
    if review >= gain and facts.design.serving.policy.review_capacity_per_day:
        yield finding(
            "SF402",
            "problem.review",
            wrong="At the mean amount no score makes a review worth its cost.",
            by=f"a review costs {review:,.2f} and saves {gain:,.2f} at most",
            fix="Review only large amounts and say so, make reviews cheaper, or plan no reviewers.",
            arithmetic=[
                *lines,
                (
                    f"most = {catches:g} × {missed:,.2f} × {alarm:,.2f} / ({missed:,.2f} + {alarm:,.2f}) "
                    f"= {gain:,.2f} (declared: serving.policy.review_catches)"
                ),
            ],
        )
    threshold = block_threshold(missed, alarm)
    if rate is not None and rate.value >= threshold:
        yield finding(
            "SF404",
            "problem.false_alarm",
            wrong="An unknown event is cheaper blocked than let pass: all would be blocked.",
            by=f"blocking pays from {threshold:.2%}, and {rate.value:.2%} of all are positive",
            fix=f"A false alarm that costs more than {missed * rate.value / (1 - rate.value):,.2f}, if true.",
            arithmetic=[
                *lines,
                f"block from {alarm:,.2f} / ({missed:,.2f} + {alarm:,.2f}) = {threshold:.4f} (Elkan 2001)",
                f"positives = {rate.value:.4f} ({rate.source})",
            ],
        )


def _budget(facts: Facts) -> Iterator[Finding]:
    problem = facts.design.problem
    if problem is None:
        return
    cost = month(facts)
    budget = problem.budget_per_month
    if budget is not None and cost.total > budget:
        yield finding(
            "SF403",
            "problem.budget_per_month",
            wrong="A month of machines and people costs more than the budget.",
            by=f"{cost.total:,.0f} against {budget:,.0f}",
            fix="Fewer reviews a day, fewer replicas, or a larger budget.",
            arithmetic=[*cost.lines, f"budget = {budget:,.0f} (declared: problem.budget_per_month)"],
        )
    costs, per_day, rate = facts.costs, facts.per_day, facts.positive_rate
    if costs is not None and per_day is not None and rate is not None:
        most = _DAYS * per_day.value * rate.value * costs[0]
        if cost.total > most:
            yield finding(
                "SF407",
                "problem",
                wrong="Even if nothing were missed, the system would cost more than it saves.",
                by=f"{cost.total:,.0f} a month against {most:,.0f} that is lost without it",
                fix="Fewer reviews, a cheaper machine, or leave it: rules alone may do.",
                arithmetic=[
                    *cost.lines,
                    (
                        f"lost = {_DAYS:g} × {per_day.value:,.0f} a day × {rate.value:.4%} × {costs[0]:,.2f} "
                        f"= {most:,.0f} ({per_day.source}; {rate.source})"
                    ),
                ],
            )
        if facts.design.serving.policy.fallback == "approve":
            hours = (1 - problem.service_levels.availability) * _DAYS * 24
            lost = most / (_DAYS * 24) * hours
            yield finding(
                "SF408",
                "serving.policy.fallback",
                wrong="Without a model everything is approved but for rules and lists.",
                by=f"{lost:,.2f} a month, as long as models are away no longer than the service may be",
                fix='fallback="review" costs reviews in place of losses; rules take the worst either way.',
                arithmetic=[
                    (
                        f"{hours:.2f} hours a month (declared: problem.service_levels.availability) of "
                        f"{most / (_DAYS * 24):,.2f} an hour"
                    )
                ],
            )
