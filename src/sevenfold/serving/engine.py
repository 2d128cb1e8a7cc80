"""From events to decisions: features, model, policy and record, for all events that wait together.

Nothing here waits for a disk. What comes out is meant for the log, in the order in which it was folded;
until the log holds it, nobody may learn of it.
"""

from __future__ import annotations

import time
from itertools import repeat
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from sevenfold.data.fields import Kind
from sevenfold.data.log import NewEntry
from sevenfold.errors import DataError
from sevenfold.serving.model import ModelRows, ServedModel
from sevenfold.serving.names import DECISION, REASONS
from sevenfold.serving.reasons.memory import Memory
from sevenfold.serving.record import DecisionRecord, Program, encode_reasons, encode_records
from sevenfold.serving.recovery import count_review
from sevenfold.serving.rollout.arms import JointJudge, Judged, judge_arms
from sevenfold.serving.rollout.scoring import Working
from sevenfold.serving.tally import STAGES
from sevenfold.serving.verdict import Asked, Verdict

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from sevenfold.data.event import EventType
    from sevenfold.features.engine import FeatureEngine
    from sevenfold.serving.jobs import Deciding, Taking
    from sevenfold.serving.reasons.explainer import Explainer
    from sevenfold.serving.rollout.routing import Routing
    from sevenfold.serving.tally import Tally
    from sevenfold.serving.verdict import Judge

__all__ = ["Decided", "DecisionEngine"]

_SAMPLES: dict[Kind, object] = {
    Kind.TIMESTAMP: 0, Kind.ENTITY: "warm", Kind.MONEY: 0, Kind.CATEGORY: "warm", Kind.TEXT: "warm",
    Kind.INTEGER: 0, Kind.FLOAT: 0.0, Kind.BOOLEAN: False,
}  # fmt: skip


class Decided(NamedTuple):
    """What was decided about events, in their order.

    Attributes
    ----------
    now
        When, in epoch milliseconds.
    records, bodies
        Theirs, and as the log takes them.
    earlier
        Of reviews and blocks, by place: the decisions that are remembered about the same entity.
    """

    now: int
    records: list[DecisionRecord]
    bodies: list[bytes]
    earlier: dict[int, tuple[DecisionRecord, ...]]


class DecisionEngine:
    """Decides events over one feature state; for one thread at a time.

    Parameters
    ----------
    features
        What folds.
    event
        The event that is decided.
    model
        What scores; `None` decides by rules alone.
    judge
        The policy.
    clock_ms
        What tells the time.
    tally
        What counts.
    reviews
        Reviews by day since the epoch, of the last day only; added to.
    explain
        Makes what finds the reasons of a model's decisions; `None` leaves lists and rules as the only ones.
    about
        The place in an event's row of the entity whose earlier decisions say what is usual; `None` for none.
    routing
        What other models decide; `None` for nothing.
    """

    def __init__(
        self,
        features: FeatureEngine,
        event: str,
        model: ServedModel | None,
        judge: Judge,
        clock_ms: Callable[[], int],
        tally: Tally,
        reviews: dict[int, int],
        explain: Callable[[ServedModel], Explainer | None] | None = None,
        about: int | None = None,
        routing: Routing | None = None,
    ) -> None:
        self._explain = explain
        self._about = about
        self._memory = Memory[DecisionRecord]()
        self.features = features
        self.event = event
        self.judge = judge
        self._clock_ms = clock_ms
        self._asking = features.plan.asking[event]
        self.program = Program.of(event, features.plan.fingerprint, self._asking)
        self._program_key = self.program.key
        self._text_places = [self._asking.names.index(name) for name in self.program.texts]
        self._tally = tally
        self.reviews = reviews
        self.use(model, routing)

    def warm(self, event: EventType, judge: Judge) -> None:
        """Load what the first event would have to wait for; nothing is folded or counted.

        Parameters
        ----------
        event
            The one that is decided.
        judge
            A policy to be thrown away.
        """
        fields = event.__fields__.values()
        currencies = {field.currency_field for field in fields if field.currency_field}
        values = {field.name: "EUR" if field.name in currencies else _SAMPLES[field.kind] for field in fields}
        self.features.read(self.event, [values])
        words = np.zeros((1, len(self._asking.names)), np.int64)
        tally = self._tally
        before = tally.model_failures, tally.model_trouble
        self._score(words)
        self._reasons(
            DecisionRecord(
                self.event, self._program_key, words.tobytes(), self.model.id if self.model else None, 0.0,
                "", "review", (0, 0, 0, 0), (None,) * len(self._text_places),
            )
        )  # fmt: skip
        tally.model_failures, tally.model_trouble = before
        judge.judge(Asked([event.__convert__(values)], words, np.zeros(1)), ["warm"], self._clock_ms())

    def use(self, model: ServedModel | None, routing: Routing | None = None) -> None:
        """Score with another model from the next event on, and with others what is routed to them.

        Raises
        ------
        BundleError
            Where one takes other features; those before stay.
        """
        main = None if model is None else self._working(model)
        others = {} if routing is None else {name: self._working(m) for name, m in routing.models.items()}
        self.model, self._main, self._others, self.routing = model, main, others, routing

    def _working(self, model: ServedModel) -> Working:
        explainer = None if self._explain is None else self._explain(model)
        return Working(model, ModelRows(self._asking, model.encoding), explainer)

    def decide(self, group: Sequence[Deciding]) -> list[NewEntry]:
        """Fold and decide events in order, each with its record; return what the log has to take.

        An event that the kernel refuses gets its fault, and changes nothing.
        """
        started = time.perf_counter_ns()
        folded, words = self._fold(group)
        return self.conclude(folded, words, started) if folded else []

    def conclude(self, folded: Sequence[Deciding], words: NDArray[np.int64], started: int) -> list[NewEntry]:
        """Decide events that are folded; return what the log has to take.

        Parameters
        ----------
        folded
            The events.
        words
            Their features as `FeatureEngine.observe_words` gives them, (events, features).
        started
            When they began to be folded, by `time.perf_counter_ns`.
        """
        asked = Asked([one.row for one in folded], words, None)
        waited = [(started - one.came_ns) // 1000 for one in folded]
        decided = self.judge_many([one.key for one in folded], asked, waited, started)
        now, event = decided.now, self.event
        entries: list[NewEntry] = []
        for one, record, body in zip(folded, decided.records, decided.bodies, strict=True):
            one.record = record
            entries.append(NewEntry(event, one.key, one.time_ms, one.body, now))
            entries.append(NewEntry(DECISION, one.key, now, body, now))
        for place, earlier in decided.earlier.items():
            folded[place].earlier = earlier
        return entries

    def judge_many(
        self, keys: Sequence[str], asked: Asked, waited_us: Sequence[int], started: int
    ) -> Decided:
        """Decide events that are folded, column by column.

        Parameters
        ----------
        keys
            Theirs.
        asked
            What is known of them, without scores.
        waited_us
            How many microseconds each waited for its turn.
        started
            When they began to be folded, by `time.perf_counter_ns`.
        """
        after_features = time.perf_counter_ns()
        words = asked.features
        if not isinstance(words, np.ndarray):
            raise TypeError("Events are decided by words")
        now = self._clock_ms()
        judged = self._judged(asked, words, keys, now)
        after_policy = time.perf_counter_ns()
        each = len(keys) * 1000
        model_us, policy_us = (spent // each for spent in judged.took)
        features_us = (after_features - started) // each
        took_us = [(waited, features_us, model_us, policy_us) for waited in waited_us]
        records = self._records(words, judged, took_us)
        earlier: dict[int, tuple[DecisionRecord, ...]] = {}
        if self._about is not None:
            about = self._about
            unlike = [place for place, one in enumerate(judged.verdicts) if one.action != "approve"]
            earlier = self._memory.add_many([row[about] for row in asked.rows], records, frozenset(unlike))
        bodies = encode_records(records)
        self._count(judged.verdicts, now)
        spent = self._tally.spent
        for name, nanoseconds in zip(STAGES, (after_features - started, *judged.took), strict=False):
            spent(name, nanoseconds)
        self._tally.seen.note(self.program, words, judged.scores)
        spent("record", time.perf_counter_ns() - after_policy)
        return Decided(now, records, bodies, earlier)

    def _judged(self, asked: Asked, words: NDArray[np.int64], keys: Sequence[str], now: int) -> Judged:
        """Score and judge events that are folded."""
        rows = asked.rows
        if self.routing is not None and isinstance(self.judge, JointJudge):
            return judge_arms(
                self.routing, self._main, self._others, self.judge, self._tally, rows, words, keys, now
            )
        before = time.perf_counter_ns()
        scores = self._score(words)
        between = time.perf_counter_ns()
        verdicts = self.judge.judge(Asked(rows, words, scores, asked.fields), keys, now)
        model = None if self.model is None or scores is None else self.model.id
        return Judged(
            verdicts,
            [None] * len(rows) if scores is None else scores.tolist(),
            [model] * len(rows),
            [self.judge.version] * len(rows),
            (between - before, time.perf_counter_ns() - between),
        )

    def _records(
        self, words: NDArray[np.int64], judged: Judged, took_us: Sequence[tuple[int, int, int, int]]
    ) -> list[DecisionRecord]:
        """The records of decisions, made column by column: there are many, and each has many fields."""
        verdicts = judged.verdicts
        features, width = words.tobytes(), words.shape[1] * words.itemsize
        return list(
            map(
                DecisionRecord,
                repeat(self.event),
                repeat(self._program_key),
                [features[at : at + width] for at in range(0, len(verdicts) * width, width)],
                judged.models,
                [None if score is None or score != score else score for score in judged.scores],
                judged.policies,
                [verdict.action for verdict in verdicts],
                took_us,
                self._texts(words),
                [verdict.risk_score for verdict in verdicts],
                [verdict.rules for verdict in verdicts],
                [verdict.shadow_rules for verdict in verdicts],
                [verdict.lists for verdict in verdicts],
                [verdict.control for verdict in verdicts],
                [verdict.fallback for verdict in verdicts],
                [None if verdict.would_be == verdict.action else verdict.would_be for verdict in verdicts],
                [verdict.by for verdict in verdicts],
                [verdict.review_from for verdict in verdicts],
                [verdict.block_from for verdict in verdicts],
            )
        )

    def explain(
        self, key: str, record: DecisionRecord, earlier: Sequence[DecisionRecord] = ()
    ) -> tuple[tuple[dict[str, Any], ...], NewEntry]:
        """Find the reasons of a decision; return them, and what the log has to take.

        Parameters
        ----------
        key
            Of the event.
        record
            The decision.
        earlier
            Those about the same entity before it.
        """
        started = time.perf_counter_ns()
        reasons = self._reasons(record, earlier)
        self._tally.spent("reasons", time.perf_counter_ns() - started)
        self._tally.explained += 1
        now = self._clock_ms()
        return reasons, NewEntry(REASONS, key, now, encode_reasons(reasons), now)

    def _reasons(
        self, record: DecisionRecord, earlier: Sequence[DecisionRecord] = ()
    ) -> tuple[dict[str, Any], ...]:
        working = self._others.get(record.model or "", self._main)
        if working is None or working.explainer is None:
            return tuple({"list": name} for name in record.lists) + tuple({"rule": n} for n in record.rules)
        words = np.frombuffer(record.features, np.int64).reshape(1, -1)
        verdict = Verdict(
            record.action, record.risk_score, record.rules, record.shadow_rules, record.lists,
            fallback=record.fallback or working.model.id != record.model,
        )  # fmt: skip
        try:
            values, history = self.program.values(record), [self.program.values(one) for one in earlier]
            found = working.explainer.reasons(working.rows(words)[0], values, verdict, history)
        except Exception as error:  # noqa: BLE001 - a decision never fails for want of a reason
            self._tally.model_trouble = f"no reasons: {type(error).__name__}: {error}"
            return ()
        return tuple(reason.to_json() for reason in found)

    def take(self, job: Taking) -> list[NewEntry]:
        """Fold events that are only to be known; return what the log has to take.

        Those that the kernel refuses get their faults, and change nothing.
        """
        kept: list[NewEntry] = []
        for row, entry in zip(job.rows, job.entries, strict=True):
            try:
                self.features.observe_words(job.event, row)
            except DataError as error:
                job.refused += error.faults
            else:
                kept.append(entry)
        return kept

    def _fold(self, group: Sequence[Deciding]) -> tuple[list[Deciding], NDArray[np.int64]]:
        words = np.empty((len(group), len(self._asking.names)), np.int64)
        folded: list[Deciding] = []
        observe, event = self.features.observe_words, self.event
        for one in group:
            try:
                words[len(folded)] = observe(event, one.row)
            except DataError as error:
                one.fault = error
            else:
                folded.append(one)
        return folded, words[: len(folded)]

    def _score(self, words: NDArray[np.int64]) -> NDArray[np.float64] | None:
        """Probabilities; none where there is no model or it fails, NaN where it gives no probability."""
        return None if self._main is None else self._main.score(words, self._tally)

    def _texts(self, words: NDArray[np.int64]) -> list[tuple[str | None, ...]]:
        """The values of those features that are texts, for each row."""
        if not self._text_places:
            return [()] * len(words)
        known = self.features.state.texts
        return [tuple([known.get(word) for word in row]) for row in words[:, self._text_places].tolist()]

    def _count(self, verdicts: Sequence[Verdict], now: int) -> None:
        tally = self._tally
        actions = [verdict.action for verdict in verdicts]
        tally.actions.update(actions)
        tally.fallbacks += sum([verdict.fallback for verdict in verdicts])
        if reviews := actions.count("review"):
            count_review(self.reviews, now, reviews)
