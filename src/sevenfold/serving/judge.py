"""The policy at work: lists, rules, costs, reviewers' capacity and control group, in this order of weight.

1. An entity on a deny list blocks, one on an allow list approves.
2. Live rules that hit ask for the strictest of their actions; a rule that approves gives way to any other
   rule, and prevails over the costs.
3. Else the action that is expected to cost least: see `serving.thresholds`. Where rules asked for something,
   the stricter of the two is taken.
4. A watch list asks for a review at least.
5. Of the blocks that are left, the control group is drawn.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, cast

import numpy as np

from sevenfold.serving.control import draw
from sevenfold.serving.costs import EventCosts
from sevenfold.serving.lists import Lists
from sevenfold.serving.rules.book import RuleBook
from sevenfold.serving.rules.row import WideRows
from sevenfold.serving.rules.warm import load_kernel
from sevenfold.serving.thresholds import Thresholds, thresholds, thresholds_of_many
from sevenfold.serving.verdict import ACTIONS, Asked, Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from sevenfold.data.log import LogEntry
    from sevenfold.learning.risk_scale import RiskScale
    from sevenfold.problem.problem import Problem
    from sevenfold.serving.costs import CostTable
    from sevenfold.serving.policy import Policy
    from sevenfold.serving.rules.rule import Rule
    from sevenfold.serving.rules.sheet import Sheet
    from sevenfold.serving.verdict import Action, Decider, RuleCount

__all__ = ["PolicyJudge"]

_DAY_MS = 86_400_000
_TOGETHER = 64
"""Events from which on their costs are compared together."""

_REVIEW, _BLOCK = ACTIONS.index("review"), ACTIONS.index("block")
_STRICTNESS = {action: place for place, action in enumerate(ACTIONS)}


class PolicyJudge:
    """Decides batches; for one thread at a time.

    Parameters
    ----------
    sheet
        What is known at a decision.
    policy, problem
        What was declared.
    scale
        What turns probabilities into risk scores; `None` gives none.
    review_price
        What a review must save at least, as `review_price` learned it.
    control_key
        What the control group is drawn with; empty draws nobody.

    Attributes
    ----------
    book, lists
        Rules and lists as the log has them so far.

    Raises
    ------
    DesignError
        The policy or the costs don't fit the design.
    """

    def __init__(
        self,
        sheet: Sheet,
        policy: Policy,
        problem: Problem,
        *,
        scale: RiskScale | None = None,
        review_price: float = 0.0,
        control_key: bytes = b"",
    ) -> None:
        load_kernel()
        self.policy = policy
        self.book = RuleBook(sheet)
        self.lists = Lists(sheet.event)
        self._costs = EventCosts(sheet, problem, policy.amount)
        self._scale = scale
        self._price = review_price
        self._key = control_key
        self._sheet = sheet
        self._rows: WideRows | None = None
        self._reviews: dict[int, int] = {}
        told = (policy, problem.missed, problem.false_alarm, problem.review, review_price)
        digest = hashlib.sha256(repr(told).encode())
        digest.update(repr(scale.to_json() if scale is not None else None).encode())
        self._declared = digest.hexdigest()[:8]

    @property
    def version(self) -> str:
        """The declaration, the scale and the price of a review; then the live rules."""
        return f"{self._declared}-{self.book.version}"

    def update(self, entry: LogEntry) -> None:
        """Take note of an entry of the log: a change of a rule or a list, or else nothing."""
        self.lists.update(entry)
        before = self.book.version
        self.book.update(entry)
        if self.book.version != before or entry.event == "RuleChange":
            self._rows = None

    def rule_counts(self) -> Mapping[str, RuleCount]:
        """What each rule did since the policy was made, by name."""
        return self.book.statistics()

    def recall(self, action: str, now_ms: int) -> None:
        """Count a decision made before a restart, so that the day's reviews are known."""
        if action == "review":
            self._count_review(now_ms // _DAY_MS)

    def reviews_left(self, now_ms: int) -> int | None:
        """How many reviews the day still has; `None` for any number."""
        capacity = self.policy.review_capacity_per_day
        if capacity is None:
            return None
        return max(capacity - self._reviews.get(now_ms // _DAY_MS, 0), 0)

    def judge(self, asked: Asked, event_ids: Sequence[str], now_ms: int) -> list[Verdict]:
        """Decide a batch, in order; the reviews of the day are counted as they are given."""
        risks = self._risks(asked)
        if self._rows is None:
            self._rows = WideRows(self._sheet, self.book.used | self._costs.used)
        raw = self._rows.fill(asked, risks)
        hits = self.book.hits(raw)
        if len(risks) >= _TOGETHER and (table := self._costs.exactly(raw)) is not None:
            return self._many(asked, event_ids, risks, hits, table, now_ms)
        costs = self._costs.each(raw)
        scores = [None] * len(risks) if asked.scores is None else asked.scores.tolist()
        return [
            self._one(row, event_id, score, risk, rules, cost, now_ms)
            for row, event_id, score, risk, rules, cost in zip(
                asked.rows, event_ids, scores, risks, hits, costs, strict=True
            )
        ]

    def _risks(self, asked: Asked) -> list[int | None]:
        if asked.scores is None or self._scale is None:
            return [None] * len(asked.rows)
        if len(asked.scores) >= _TOGETHER:
            risks: list[int | None] = self._scale.risks(asked.scores).tolist()
            for place in np.flatnonzero(np.isnan(asked.scores)).tolist():
                risks[place] = None
            return risks
        risk = self._scale.risk
        return [risk(score) for score in asked.scores.tolist()]

    def _many(
        self,
        asked: Asked,
        event_ids: Sequence[str],
        risks: Sequence[int | None],
        hits: Sequence[Sequence[Rule]],
        costs: CostTable,
        now_ms: int,
    ) -> list[Verdict]:
        """As `_one` of each in order, with the costs of all computed together.

        While there are reviews left an event is judged by one pair of thresholds, afterwards by another.
        Both actions are found for all events, and the reviews of the first are counted until the day's are
        used up.
        """
        rows, catches = len(event_ids), self.policy.review_catches
        review_from, block_from, alone = thresholds_of_many(
            costs.missed, costs.false_alarm, costs.review + self._price, catches
        )
        scores = np.full(rows, np.nan) if asked.scores is None else asked.scores
        failed = np.isnan(scores)
        fallback = _STRICTNESS[self.policy.fallback]
        able = np.where(failed, fallback, (scores >= review_from) * 1 + (scores >= block_from))
        unable = np.where(failed, fallback, (scores >= alone) * 2)
        met = self.lists.met_by(asked.rows, now_ms)
        live = [[rule for rule in own if rule.state == "live"] if own else () for own in hits]
        special = [i for i in range(rows) if live[i] or met[i]]
        decided = self._special(special, live, met, able, unable, by_fallback=failed)
        left = self.reviews_left(now_ms)
        until = rows
        if left is not None:
            given = np.cumsum(able == _REVIEW)
            until = int(np.searchsorted(given, left)) + 1 if left else 0
        chosen = np.concatenate([able[:until], unable[until:]])
        lower = np.concatenate([review_from[:until], alone[until:]]).tolist()
        upper = np.concatenate([block_from[:until], alone[until:]]).tolist()
        by: list[Decider] = ["fallback" if one else "cost" for one in failed.tolist()]
        for i, deciders in decided.items():
            by[i] = deciders[i >= until]
        would_be = [ACTIONS[one] for one in chosen.tolist()]
        actions, control = list(would_be), [None] * rows
        control_of = cast("list[float | None]", control)
        for i in np.flatnonzero(chosen == _BLOCK).tolist():
            if self._is_drawn(event_ids[i], float(costs.amount[i]), by[i]):
                actions[i], by[i], control_of[i] = "approve", "control", self._share
        self._count_review(now_ms // _DAY_MS, int((chosen == _REVIEW).sum()))
        names = [tuple([rule.name for rule in own]) if own else () for own in live]
        shadow = [tuple([r.name for r in own if r.state == "shadow"]) if own else () for own in hits]
        return list(
            map(
                Verdict, actions, risks, names, shadow, met, control_of, failed.tolist(), would_be, by,
                lower, upper,
            )
        )  # fmt: skip

    def _special(
        self,
        places: Sequence[int],
        live: Sequence[Sequence[Rule]],
        met: Sequence[Sequence[str]],
        able: NDArray[np.int64],
        unable: NDArray[np.int64],
        *,
        by_fallback: NDArray[np.bool_],
    ) -> dict[int, tuple[Decider, Decider]]:
        """Have rules and lists weigh in on those events that met any; what decided each, by place."""
        found: dict[int, tuple[Decider, Decider]] = {}
        for i in places:
            before: Decider = "fallback" if by_fallback[i] else "cost"
            first, by_first = self._weighed(ACTIONS[able[i]], before, live[i], met[i])
            second, by_second = self._weighed(ACTIONS[unable[i]], before, live[i], met[i])
            able[i], unable[i] = _STRICTNESS[first], _STRICTNESS[second]
            found[i] = by_first, by_second
        return found

    def _one(
        self,
        row: Sequence[object],
        event_id: str,
        score: float | None,
        risk: int | None,
        rules: Sequence[Rule],
        cost: tuple[float, float, float, float],
        now_ms: int,
    ) -> Verdict:
        amount, missed, false_alarm, review = cost
        left = self.reviews_left(now_ms)
        limits = thresholds(
            missed,
            false_alarm,
            review + self._price,
            self.policy.review_catches,
            reviews=left is None or left > 0,
        )
        fallback = score is None or score != score
        met = self.lists.met(row, now_ms)
        live = [rule for rule in rules if rule.state == "live"]
        action, by = self._action(score, fallback=fallback, limits=limits, live=live, lists=met)
        would_be, control = action, None
        if action == "block" and self._is_drawn(event_id, amount, by):
            action, by, control = "approve", "control", self._share
        if action == "review":
            self._count_review(now_ms // _DAY_MS)
        return Verdict(
            action=action,
            risk_score=risk,
            rules=tuple([rule.name for rule in live]),
            shadow_rules=tuple([rule.name for rule in rules if rule.state == "shadow"]),
            lists=met,
            control=control,
            fallback=fallback,
            would_be=would_be,
            by=by,
            review_from=limits.review_from,
            block_from=limits.block_from,
        )

    def _action(
        self,
        score: float | None,
        *,
        fallback: bool,
        limits: Thresholds,
        live: Sequence[Rule],
        lists: Sequence[str],
    ) -> tuple[Action, Decider]:
        """What is done before the control group is drawn, and what decided it."""
        action: Action = self.policy.fallback if fallback else _by_cost(score or 0.0, limits)
        return self._weighed(action, "fallback" if fallback else "cost", live, lists)

    def _weighed(
        self, action: Action, by: Decider, live: Sequence[Rule], lists: Sequence[str]
    ) -> tuple[Action, Decider]:
        """What rules and lists make of an action."""
        listed = lists[0].partition(":")[0] if lists else ""
        if listed == "deny":
            return "block", "list"
        if listed == "allow":
            return "approve", "list"
        if live:
            wanted = max((rule.action for rule in live), key=_STRICTNESS.__getitem__)
            if wanted == "approve" or _STRICTNESS[wanted] >= _STRICTNESS[action]:
                action, by = wanted, "rule"
        if listed and _STRICTNESS[self.policy.watch] > _STRICTNESS[action]:
            action, by = self.policy.watch, "list"
        return action, by

    @property
    def _share(self) -> float:
        return self.policy.control.share if self.policy.control is not None else 0.0

    def _is_drawn(self, event_id: str, amount: float, by: Decider) -> bool:
        """Whether a would-be block is of the control group."""
        control = self.policy.control
        if control is None or not self._key or by not in control.by or amount >= control.below:
            return False
        return draw(self._key, event_id) < control.share

    def _count_review(self, day: int, reviews: int = 1) -> None:
        if not reviews:
            return
        self._reviews[day] = self._reviews.get(day, 0) + reviews
        if len(self._reviews) > 2:  # days come in order, but for a clock that was set back
            del self._reviews[min(self._reviews)]


def _by_cost(score: float, limits: Thresholds) -> Action:
    if score >= limits.block_from:
        return "block"
    return "review" if score >= limits.review_from else "approve"
