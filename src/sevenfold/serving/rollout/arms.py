"""Several models at one decision: each judged by the scale that it learned, over the same day's reviews."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from msgspec.structs import replace

from sevenfold.serving.verdict import Asked

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from numpy.typing import NDArray

    from sevenfold.data.log import LogEntry
    from sevenfold.serving.rollout.routing import Routing
    from sevenfold.serving.rollout.scoring import Working
    from sevenfold.serving.tally import Tally
    from sevenfold.serving.verdict import Judge, RuleCount, Verdict

__all__ = ["JointJudge", "Judged", "judge_arms"]


@dataclass(slots=True)
class Judged:
    """What came of a batch, one element an event.

    Parameters
    ----------
    verdicts, scores, models, policies
        What is done, by which probability, of which model, under which version of the policy.
    took
        Nanoseconds that the models and the policies took.
    """

    verdicts: list[Verdict]
    scores: list[float | None]
    models: list[str | None]
    policies: list[str]
    took: tuple[int, int]


class JointJudge:
    """The policies of the champion and of other models, with one count of reviews.

    Parameters
    ----------
    champion
        The champion's.
    others
        By bundle id.
    """

    def __init__(self, champion: Judge, others: Mapping[str, Judge]) -> None:
        self._champion = champion
        self._others = dict(others)

    def of(self, arm: str | None) -> Judge:
        """The policy of one model."""
        return self._champion if arm is None else self._others[arm]

    @property
    def version(self) -> str:
        """The champion's."""
        return self._champion.version

    def judge(self, asked: Asked, event_ids: Sequence[str], now_ms: int) -> list[Verdict]:
        """Decide a batch by the champion's policy."""
        return self.judge_by(None, asked, event_ids, now_ms)

    def judge_by(self, arm: str | None, asked: Asked, event_ids: Sequence[str], now_ms: int) -> list[Verdict]:
        """Decide a batch by the policy of one model; the others learn of its reviews."""
        mine = self.of(arm)
        verdicts = mine.judge(asked, event_ids, now_ms)
        for verdict in verdicts:
            if verdict.action == "review":
                for judge in self._all:
                    if judge is not mine:
                        judge.recall("review", now_ms)
        return verdicts

    def update(self, entry: LogEntry) -> None:
        """Take note of a change of a rule or a list."""
        for judge in self._all:
            judge.update(entry)

    def rule_counts(self) -> Mapping[str, RuleCount]:
        """What each rule did, under all models together."""
        found = dict(self._champion.rule_counts())
        for judge in self._others.values():
            for name, count in judge.rule_counts().items():
                own = found[name]
                found[name] = replace(
                    own, hits=own.hits + count.hits, unknown=own.unknown + count.unknown,
                    errors=own.errors + count.errors,
                )  # fmt: skip
        return found

    def recall(self, action: str, now_ms: int) -> None:
        """Count a decision made before a restart."""
        for judge in self._all:
            judge.recall(action, now_ms)

    @property
    def _all(self) -> tuple[Judge, ...]:
        return (self._champion, *self._others.values())


def judge_arms(
    routing: Routing,
    champion: Working | None,
    others: Mapping[str, Working],
    judge: JointJudge,
    tally: Tally,
    rows: Sequence[Sequence[Any]],
    words: NDArray[np.int64],
    keys: Sequence[str],
    now_ms: int,
) -> Judged:
    """Score and judge a batch, each event by the model that it is routed to.

    A model that is routed to and fails does not decide: those events are the champion's.

    Parameters
    ----------
    routing, champion, others, judge
        Who decides what.
    tally
        What counts failures.
    rows, words, keys
        Of the events: physical values, features (events, features), keys.
    now_ms
        When.
    """
    count = len(rows)
    found = Judged([None] * count, [None] * count, [None] * count, [""] * count, (0, 0))  # type: ignore[list-item]
    model_ns = policy_ns = 0
    arms = routing.arms(rows)
    arms.setdefault(None, [])
    scored: dict[str | None, NDArray[np.float64] | None] = {}
    begun = time.perf_counter_ns()
    for arm, places in list(arms.items()):
        if arm is None:
            continue
        scores = others[arm].score(words[places], tally) if arm in others else None
        if scores is None or np.isnan(scores).any():
            arms[None] = sorted(arms[None] + places)
            del arms[arm]
        else:
            scored[arm] = scores
    own = arms[None]
    scored[None] = champion.score(words[own], tally) if champion is not None and own else None
    model_ns = time.perf_counter_ns() - begun
    for arm, places in arms.items():
        if not places:
            continue
        scores = scored[arm]
        begun = time.perf_counter_ns()
        verdicts = judge.judge_by(
            arm, Asked([rows[i] for i in places], words[places], scores), [keys[i] for i in places], now_ms
        )
        policy_ns += time.perf_counter_ns() - begun
        name = arm if arm is not None else (None if champion is None else champion.model.id)
        version = judge.of(arm).version
        values = [None] * len(places) if scores is None else scores.tolist()
        for place, verdict, score in zip(places, verdicts, values, strict=True):
            found.verdicts[place], found.scores[place] = verdict, score
            found.models[place], found.policies[place] = None if scores is None else name, version
    found.took = (model_ns, policy_ns)
    return found
