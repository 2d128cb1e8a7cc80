"""What a service has done: counts, and how long each stage took."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.serving.verdict import RuleCount
    from sevenfold.serving.worker import Worker

__all__ = ["Stats", "measure"]


@dataclass(frozen=True)
class Stats:
    """What a service has done since it was opened.

    Attributes
    ----------
    decided, taken
        New decisions, and other events.
    actions
        Decisions by action.
    groups
        Commits: decisions over groups is how many were decided together.
    waiting
        Events that wait for their decision or for the disk just now.
    seconds
        Spent on each stage in all: features, model, policy, record, reasons, and the flush.
    fallbacks
        Decisions without a score.
    explained
        Decisions whose reasons were found.
    model, policy
        Which model scores, and the policy's version.
    model_failures, model_trouble
        How often the model failed, and how at last; or why there is none.
    rebuilt
        How often state was rebuilt after a failure or a write by others.
    log_end
        The offset that the next entry gets.
    snapshot_offset
        What the newest snapshot stands for; entries from there on would be folded again.
    snapshots, snapshot_trouble
        How many were taken in the background, and why the last one failed, if it did.
    entities
        Entities that state is kept of.
    rules
        What each rule did since it was read from the log.
    stage_buckets
        How often each stage took how long, a count for each of `tally.STAGE_BOUNDS_S` and one for more.
    score_buckets, score_sum
        Scores, a count for each of `values_seen.SCORE_BOUNDS`; and their sum.
    nulls
        By feature, decisions in which it had no value.
    """

    decided: int
    taken: int
    actions: Mapping[str, int]
    groups: int
    waiting: int
    seconds: Mapping[str, float]
    fallbacks: int
    explained: int
    model: str | None
    policy: str
    model_failures: int
    model_trouble: str
    rebuilt: int
    log_end: int
    snapshot_offset: int
    snapshots: int
    snapshot_trouble: str
    entities: int
    rules: Mapping[str, RuleCount]
    stage_buckets: Mapping[str, Sequence[int]] = field(default_factory=dict)
    score_buckets: Sequence[int] = ()
    score_sum: float = 0.0
    nulls: Mapping[str, int] = field(default_factory=dict)


def measure(worker: Worker) -> Stats:
    """Read the counters of a service."""
    pipeline, engine = worker.pipeline, worker.pipeline.engine
    tally = worker.tally
    return Stats(
        decided=pipeline.decided,
        taken=pipeline.taken,
        actions=dict(tally.actions),
        groups=pipeline.groups,
        waiting=len(worker.reception.pending),
        seconds={name: spent / 1e9 for name, spent in tally.spent_ns.items()},
        fallbacks=tally.fallbacks,
        explained=tally.explained,
        model=None if worker.model is None else worker.model.id,
        policy=engine.judge.version,
        model_failures=tally.model_failures,
        model_trouble=tally.model_trouble or ("" if worker.model is not None else worker.parts.trouble),
        rebuilt=worker.rebuilt,
        log_end=worker.appender.tail.end,
        snapshot_offset=worker.snapshots.offset(),
        snapshots=worker.background.taken,
        snapshot_trouble=worker.background.trouble,
        entities=sum(len(slots) for slots in engine.features.state.slots),
        rules=engine.judge.rule_counts(),
        stage_buckets={stage: list(counts) for stage, counts in tally.buckets.items()},
        score_buckets=tally.seen.scores,
        score_sum=tally.seen.score_sum,
        nulls=tally.seen.nulls,
    )
