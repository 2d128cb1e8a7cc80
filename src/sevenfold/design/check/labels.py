"""Labels and statistical power: what can be told apart, by when, and what delays make pointless."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from sevenfold.data.duration import duration_ms, duration_text
from sevenfold.design.check.arithmetic import half_width, sample_size
from sevenfold.design.check.catalogue import finding

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.design.check.facts import Facts
    from sevenfold.design.check.finding import Finding, Number

__all__ = ["labels"]

_DAY_MS = 86_400_000
_HALF_A_YEAR = 26.0
_LEAST_IN_A_TEST = 50
_TYPICAL_SHARE = 0.5
"""Recall that is unknown yet: at one half a difference is hardest to see."""


def labels(facts: Facts) -> Iterator[Finding]:
    """Check what labels can tell, and when."""
    label = facts.design.label
    if label is None:
        return
    yield from _late(facts)
    yield from _retraining(facts)
    yield from _history(facts)
    weekly = facts.positives_per_week
    if weekly is None or weekly.value <= 0:
        return
    yield from _power(facts, weekly)
    yield from _canary(facts, weekly)
    yield from _test_period(facts, weekly)
    yield from _control(facts, weekly)


def _late(facts: Facts) -> Iterator[Finding]:
    label, delay = facts.design.label, facts.label_delay_days
    if label is None or delay is None:
        return
    matures = label.matures_ms / _DAY_MS
    late = None if facts.history is None else facts.history.late_labels
    if delay.value > matures:
        share = "more than one positive in ten" if late is None else f"{late.value:.1%} of the positives"
        yield finding(
            "SF305",
            "label.matures",
            wrong=f"Events count as negative after {matures:g} days, while labels are still to come.",
            by=f"{share} would be learned as negative; nine of ten labels take {delay.value:,.1f} days",
            fix=f'matures="{math.ceil(delay.value)}d", or learning young="expected".',
            arithmetic=[
                f"90th percentile of the delay = {delay.value:,.1f} days ({delay.source})",
                f"matures = {matures:g} days (declared: label.matures)",
            ],
        )


def _retraining(facts: Facts) -> Iterator[Finding]:
    label = facts.design.label
    every = _every_ms(getattr(facts.design.feedback, "retraining", None))
    if every is None or label is None or facts.design.learning.young != "wait":
        return
    if every < label.matures_ms / 4:
        yield finding(
            "SF301",
            "feedback.retraining",
            wrong="Between two trainings hardly any label becomes final, so that they learn nearly the same.",
            by=f"every {duration_text(every)}, while an event waits {label.matures} for its label: "
            f"{every / label.matures_ms:.1%} of what is waiting is new",
            fix=f"Retrain every {duration_text(max(_DAY_MS, int(label.matures_ms / 4)))} or less often, or "
            'use learning young="expected".',
            arithmetic=[
                (
                    f"{every / _DAY_MS:g} days (declared: feedback.retraining) / "
                    f"{label.matures_ms / _DAY_MS:g} days (declared: label.matures)"
                )
            ],
        )


def _every_ms(retraining: Any) -> int | None:
    """How often a schedule retrains, whatever its declaration calls it."""
    every = getattr(retraining, "every", None)
    return duration_ms(every) if isinstance(every, str) else None


def _power(facts: Facts, weekly: Number) -> Iterator[Finding]:
    problem = facts.design.problem
    if problem is None:
        return
    expected = problem.expected
    needed = sample_size(_TYPICAL_SHARE, min(expected.difference, 0.49), expected.power)
    weeks = 2 * needed / weekly.value
    if weeks > _HALF_A_YEAR:
        seen = half_width(weekly.value * _HALF_A_YEAR / 2) * math.sqrt(2)
        yield finding(
            "SF302",
            "problem.expected.difference",
            wrong=f"Two models whose recall differs by {expected.difference:g} take half a year to tell "
            f"apart.",
            by=f"{weeks:,.0f} weeks until {2 * needed:,} positives have come",
            fix=f"Ask for a difference of {min(seen, 0.99):.2f}, review more events, or compare models "
            "on the same events (shadow), which needs fewer.",
            arithmetic=[
                f"positives = {weekly.value:,.1f} a week ({weekly.source})",
                (
                    f"n = {needed:,} in each group, for {expected.difference:g}, power "
                    f"{expected.power:g} and "
                    "alpha 0.05 (Fleiss, Levin and Paik 2003, equation 4.14)"
                ),
                f"2 × {needed:,} / {weekly.value:,.1f} = {weeks:,.1f} weeks",
            ],
        )


def _canary(facts: Facts, weekly: Number) -> Iterator[Finding]:
    rollout, problem = getattr(facts.design.serving, "rollout", None), facts.design.problem
    if rollout is None or problem is None or not {"ab", "canary"} & set(rollout.stages):
        return
    judged = "ab" in rollout.stages
    share = rollout.ab.share if judged else rollout.canary_share
    longest = rollout.ab.longest if judged else rollout.canary_for
    where = "serving.rollout.ab" if judged else "serving.rollout.canary_for"
    expected = problem.expected
    needed = sample_size(_TYPICAL_SHARE, min(expected.difference, 0.49), expected.power)
    weeks, given = needed / (share * weekly.value), duration_ms(longest) / (7 * _DAY_MS)
    if weeks > given:
        yield finding(
            "SF303",
            where,
            wrong="The trial ends before its positives can show a difference, so that chance decides.",
            by=f"{weeks:,.1f} weeks needed, {given:,.1f} given",
            fix="A larger share, a longer trial, or a decision by latency, errors and agreement alone.",
            arithmetic=[
                f"{share:g} of {weekly.value:,.1f} positives a week (declared: {where}; {weekly.source})",
                (
                    f"{needed:,} needed for a recall that differs by {expected.difference:g} "
                    f"= {weeks:,.1f} weeks (Fleiss, Levin and Paik 2003)"
                ),
            ],
        )


def _test_period(facts: Facts, weekly: Number) -> Iterator[Finding]:
    folds = facts.design.learning.folds
    days = duration_ms(folds.test) / _DAY_MS
    positives = weekly.value * days / 7
    if positives < _LEAST_IN_A_TEST:
        yield finding(
            "SF304",
            "learning.folds.test",
            wrong="A test period holds so few positives that candidates are chosen by chance.",
            by=f"about {positives:,.0f} positives: recall ± {half_width(max(positives, 1)):.2f}",
            fix=f'test="{math.ceil(7 * _LEAST_IN_A_TEST / weekly.value)}d" ; or more folds.',
            arithmetic=[
                f"{weekly.value:,.1f} positives a week ({weekly.source})",
                f"× {days:g} days / 7 = {positives:,.1f}",
                "half width of the interval at one half (Wilson 1927)",
            ],
        )


def _control(facts: Facts, weekly: Number) -> Iterator[Finding]:
    control = facts.design.serving.policy.control
    if control is None:
        return
    labels_a_week = control.share * weekly.value
    if labels_a_week < 1:
        yield finding(
            "SF306",
            "serving.policy.control",
            wrong="The control group brings hardly any label of what would have been blocked.",
            by=f"{labels_a_week:,.2f} positives a week at most",
            fix=f"share={min(0.5, 1 / weekly.value):.2f}, or a higher bound of the amount.",
            arithmetic=[
                f"{control.share:g} × {weekly.value:,.1f} a week, if all were blocked ({weekly.source})"
            ],
        )


def _history(facts: Facts) -> Iterator[Finding]:
    label, history, folds = facts.design.label, facts.history, facts.design.learning.folds
    if label is None or history is None:
        return
    matures = label.matures_ms / _DAY_MS
    delay = matures if folds.delay is None else duration_ms(folds.delay) / _DAY_MS
    train = 1.0 if folds.train is None else duration_ms(folds.train) / _DAY_MS
    tests = folds.folds * duration_ms(folds.test) / _DAY_MS
    needed = train + delay + tests + matures
    if history.days < needed:
        yield finding(
            "SF307",
            "learning.folds",
            wrong="The log is too short for a training, the wait for labels and the tests.",
            by=f"{history.days:,.0f} days of {needed:,.0f}",
            fix="Bring in older events, or shorten learning.folds.",
            arithmetic=[
                (
                    f"training {train:g} + delay {delay:g} + tests {tests:g} + last labels {matures:g} "
                    f"= {needed:g} days (declared: learning.folds, label.matures)"
                ),
                f"the log spans {history.days:,.1f} days (measured: the log)",
            ],
        )
