"""``sf.Design``: the seven answers of one system, tied together."""

from __future__ import annotations

import re
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, overload

from sevenfold.data.event import EventType
from sevenfold.data.expectation import unfit
from sevenfold.design.handling import handled
from sevenfold.errors import DesignError, Fault, UsageError
from sevenfold.features.answerable import unanswered, unlisted
from sevenfold.features.declaration import FeatureSet
from sevenfold.features.window import duration_ms
from sevenfold.feedback.declaration import LABEL_EVENTS, Feedback
from sevenfold.learning.declaration import Learning
from sevenfold.learning.label import Label
from sevenfold.monitoring.declaration import Monitoring
from sevenfold.problem.expected import Alternative
from sevenfold.problem.problem import Problem
from sevenfold.scale.declaration import Scale
from sevenfold.serving.declaration import Serving
from sevenfold.serving.names import RESERVED
from sevenfold.trust.declaration import Trust

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    import polars as pl

    from sevenfold.data.expectation import Expectation
    from sevenfold.features.engine import FeatureEngine
    from sevenfold.features.plan import Plan
    from sevenfold.serving.service import DecisionService

__all__ = ["Design"]

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")
_SECTIONS = ("problem", "data", "features", "learning", "serving", "monitoring", "feedback", "trust", "scale")


class Design:
    """A system in seven answers, of which only the first three are required.

    Parameters
    ----------
    name
        Small letters, digits, ``-`` and ``_``; names the folder of its state.
    events
        What happens: classes derived from `sf.Event`, the deciding one among them.
    features
        What is known at a decision: ``sf.features(...)``.
    problem, label, learning, serving, monitoring, feedback, trust, scale
        Sections 1 and 3 to 7. What needs a missing one says so.
    expectations
        What the events' fields should be like, and what features take other values as: ``sf.expect(...)``.
    lateness
        How far an entity's clock may lag behind the newest event of the log. An event that arrives later
        than that is still counted by its own time, in windows that end so far behind. Bounds the memory of
        idle entities.
    accepts
        Findings of ``sevenfold design check`` that stand, by id, each with the reason.
    alternatives
        What was considered and not chosen, by section: ``{"learning": [sf.Alternative(…)]}``.
    because
        Why this design.

    Raises
    ------
    DesignError
        With everything that does not fit together.
    """

    def __init__(
        self,
        *,
        name: str,
        events: Sequence[EventType],
        features: FeatureSet,
        problem: Problem | None = None,
        label: Label | None = None,
        learning: Learning | None = None,
        serving: Serving | None = None,
        monitoring: Monitoring | None = None,
        feedback: Feedback | None = None,
        trust: Trust | None = None,
        scale: Scale | None = None,
        expectations: Sequence[Expectation] = (),
        lateness: str | None = "365d",
        accepts: Mapping[str, str] | None = None,
        alternatives: Mapping[str, Sequence[Alternative]] | None = None,
        because: str = "",
    ) -> None:
        faults = _faults(name, events, features, problem, label, learning, serving, monitoring, feedback)
        faults += unfit(expectations, events)
        faults += _noted_faults(trust, scale, accepts or {}, alternatives or {})
        try:
            self.lateness_ms = None if lateness is None else duration_ms(lateness, "lateness")
        except DesignError as error:
            faults += error.faults
        if faults:
            raise DesignError(f"The design {name!r} does not fit together", faults)
        self.name = name
        self.events: dict[str, EventType] = {event.__name__: event for event in events}
        self.expectations = tuple(expectations)
        self.features = handled(features, expectations)
        self.problem = problem
        self.feedback = feedback if feedback is not None else Feedback()
        self.label = None if label is None else self.feedback.completed(label)
        self.learning = learning if learning is not None else Learning()
        self.serving = serving if serving is not None else Serving()
        self.monitoring = monitoring if monitoring is not None else Monitoring()
        self.trust = trust if trust is not None else Trust()
        self.scale = scale if scale is not None else Scale()
        self.accepts = dict(accepts or {})
        self.alternatives = {section: tuple(rest) for section, rest in (alternatives or {}).items()}
        self.given = frozenset(
            name
            for name, value in (
                ("problem", problem),
                ("label", label),
                ("learning", learning),
                ("serving", serving),
                ("monitoring", monitoring),
                ("feedback", feedback),
                ("trust", trust),
                ("scale", scale),
            )
            if value is not None
        )
        """The sections that were answered, not left to their defaults."""
        self.because = because
        self.source: str | None = None
        """What `load` was given, for another process to load the same; `None` for a design made elsewhere."""

    def __repr__(self) -> str:
        return f"<Design {self.name}: {', '.join(self.events)}; {len(self.features)} features>"

    @cached_property
    def plan(self) -> Plan:
        """The compiled features."""
        from sevenfold.features.planner import compile_plan

        return compile_plan(list(self.events.values()), self.features)

    @property
    def decides(self) -> str:
        """The event that is decided: the label's, or the first that can be asked for all features."""
        if self.label is not None:
            return self.label.on.__name__
        return next(
            name for name, asked in self.plan.asking.items() if len(asked.names) == len(self.features)
        )

    def program(self) -> dict[str, Any]:
        """The feature program as plain data: what a model bundle keeps to be matched against a design."""
        asked = self.plan.asking[self.decides]
        return {
            "design": self.name,
            "event": self.decides,
            "features": list(asked.names),
            "plan": list(self.plan.text),
            "lateness_ms": self.lateness_ms,
        }

    def backfill(
        self,
        frames: Mapping[str, pl.DataFrame],
        on: str | None = None,
        *,
        physical: bool = False,
        progress: Callable[[int, int], None] | None = None,
    ) -> pl.DataFrame:
        """Compute the features of every row of a table of events.

        Parameters
        ----------
        frames
            Tables by event, as users have them, or as the lake gives them (with ``_offset``: then log order
            rules).
            Events without a table count as having none.
        on
            The event whose rows are asked; `decides` by default.
        physical
            Tables hold physical columns and are not converted; those of the lake always do.
        progress
            Told how many rows are done, of how many.

        Returns
        -------
        pl.DataFrame
            The event's key, then one column a feature, in the order of the input rows: counts Int64, texts
            String, all else Float64; null where there is no value.

        Raises
        ------
        DataError
            With everything in the tables that their events refuse.
        UsageError
            When a name is no event of the design.
        """
        from sevenfold.data.table import normalise
        from sevenfold.features.backfill import OFFSET, backfill

        asked = on if on is not None else self.decides
        self._check_names([*frames, asked])
        tables = {}
        for name, frame in frames.items():
            event = self.events[name]
            if OFFSET in frame.columns:
                kept = normalise(event, frame, physical=True)
                tables[name] = kept.with_columns(frame[OFFSET])
            else:
                tables[name] = normalise(event, frame, physical=physical)
        return backfill(self.plan, self.events, tables, asked, lateness=self.lateness_ms, progress=progress)

    @overload
    def engine(self, snapshot: Path | str | None = None) -> FeatureEngine: ...

    @overload
    def engine(self, *, home: Path | str) -> DecisionService: ...

    def engine(
        self, snapshot: Path | str | None = None, *, home: Path | str | None = None
    ) -> FeatureEngine | DecisionService:
        """An engine that folds events one by one, from nothing or from a snapshot; or one that decides.

        Parameters
        ----------
        snapshot
            What `FeatureEngine.snapshot` wrote.
        home
            The home folder: then the engine decides, over the log and with the model that lie there.

        Raises
        ------
        StateError
            When the snapshot is damaged or of another design.
        LogError
            When the log in the home folder is damaged.
        """
        from sevenfold.features.engine import FeatureEngine
        from sevenfold.features.snapshot import load_snapshot

        if home is not None:
            from sevenfold.design.serving import open_service

            return open_service(self, Path(home))
        if snapshot is None:
            return FeatureEngine(self.plan, self.events, lateness=self.lateness_ms)
        state = load_snapshot(Path(snapshot), self.plan)
        return FeatureEngine(self.plan, self.events, state, lateness=self.lateness_ms)

    def _check_names(self, names: Sequence[str]) -> None:
        known = ", ".join(self.events)
        faults = [
            Fault("event", f"one of {known}", repr(name))
            for name in dict.fromkeys(names)
            if name not in self.events
        ]
        if faults:
            raise UsageError(f"The design {self.name} has no such event", faults)


def _faults(
    name: str,
    events: Sequence[EventType],
    features: FeatureSet,
    problem: Problem | None,
    label: Label | None,
    learning: Learning | None,
    serving: Serving | None,
    monitoring: Monitoring | None,
    feedback: Feedback | None,
) -> list[Fault]:
    faults = []
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        faults.append(Fault("name", "small letters, digits, - and _, beginning with a letter", repr(name)))
    faults += [
        Fault(f"events[{position}]", "a class derived from sf.Event", repr(event))
        for position, event in enumerate(events)
        if not isinstance(event, EventType)
    ]
    expected: tuple[tuple[object, type, str], ...] = (
        (features, FeatureSet, "what sf.features(...) gives"),
        (problem, Problem, "sf.Problem(...)"),
        (label, Label, "sf.Label(...)"),
        (learning, Learning, "sf.Learning(...)"),
        (serving, Serving, "sf.Serving(...)"),
        (monitoring, Monitoring, "sf.Monitoring(...)"),
        (feedback, Feedback, "sf.Feedback(...)"),
    )
    faults += [
        Fault(where, call, type(value).__name__)
        for where, (value, kind, call) in zip(
            ("features", "problem", "label", "learning", "serving", "monitoring", "feedback"),
            expected,
            strict=True,
        )
        if not isinstance(value, kind) and (value is not None or kind is FeatureSet)
    ]
    if faults:
        return faults
    names = [event.__name__ for event in events]
    if not names:
        faults.append(Fault("events", "at least one event", "none"))
    faults += [
        Fault("events", "each event once", f"{double} twice")
        for double in dict.fromkeys(n for n in names if names.count(n) > 1)
    ]
    faults += [
        Fault("events", "a name that is not the log's own", name, "Call it something else")
        for name in names
        if name in RESERVED
    ]
    if label is not None:
        listed = ", ".join(names)
        faults += [
            Fault(f"label.{role}", "an event of the design", event.__name__, f"Its events are: {listed}")
            for role, event in (
                ("event", label.event),
                ("on", label.on),
                *((f"also[{place}].event", source.event) for place, source in enumerate(label.also)),
            )
            if event not in events and event not in LABEL_EVENTS
        ]
    if feedback is not None or label is not None:
        decided = events[0] if label is None else label.on
        faults += (feedback or Feedback()).unfit(decided, label)
    if serving is not None:
        faults += serving.rollout.unfit([*(events[0] if label is None else label.on).__fields__])
    if monitoring is not None:
        decided = events[0] if label is None else label.on
        faults += monitoring.unfit([*decided.__fields__], features.names)
    faults += unlisted(events, features)
    return faults or unanswered(events, features, None if label is None else label.on)


def _noted_faults(
    trust: Trust | None,
    scale: Scale | None,
    accepts: Mapping[str, str],
    alternatives: Mapping[str, Sequence[Alternative]],
) -> list[Fault]:
    """Return what is wrong with sections 6 and 7, and with what is noted beside them."""
    faults = [
        Fault(where, call, type(value).__name__)
        for where, value, kind, call in (
            ("trust", trust, Trust, "sf.Trust(...)"),
            ("scale", scale, Scale, "sf.Scale(...)"),
        )
        if value is not None and not isinstance(value, kind)
    ]
    faults += [
        Fault(f"accepts[{name!r}]", "the id of a finding, such as SF101, and a reason", repr(reason))
        for name, reason in accepts.items()
        if not (re.fullmatch(r"SF\d{3}", name) and isinstance(reason, str) and reason.strip())
    ]
    for section, rest in alternatives.items():
        if section not in _SECTIONS:
            faults.append(Fault("alternatives", f"one of {', '.join(_SECTIONS)}", repr(section)))
        faults += [
            Fault(f"alternatives[{section!r}][{i}]", "sf.Alternative(...)", type(one).__name__)
            for i, one in enumerate(rest)
            if not isinstance(one, Alternative)
        ]
    return faults
