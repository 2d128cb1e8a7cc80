"""Finding the reasons of a decision."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.learning.flat.model import FlatModel
from sevenfold.serving.reasons.clauses import clause, event_word, phrase, plural, window_of
from sevenfold.serving.reasons.reason import Reason
from sevenfold.serving.reasons.units import Unit, unit_of, written
from sevenfold.serving.reasons.usual import usual_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.features.declaration import FeatureSet
    from sevenfold.learning.arrays import FloatVector
    from sevenfold.learning.reference import Reference
    from sevenfold.learning.scorer import RowScorer
    from sevenfold.serving.reasons.usual import Usual, Value
    from sevenfold.serving.verdict import Verdict

__all__ = ["Explainer"]

_UNUSUAL = 0.9
"""A value beyond this share of everyone's is called unusually high or low to a customer."""

_CLOSE = 0.005
"""Shares closer to all than this are given to a tenth of a percent."""


@dataclass(frozen=True, slots=True)
class _Words:
    """How one feature is told."""

    what: str
    condition: str
    customer: str
    unit: Unit

    @property
    def is_size(self) -> bool:
        """Whether more and less mean anything: noon is not less than the evening."""
        return self.unit not in ("condition", "hour", "day")


class Explainer:
    """Gives the reasons of decisions about one event.

    Parameters
    ----------
    features
        The design's.
    event
        The event that is decided.
    model
        What scores. Only a flat one can be taken apart; with another, rules and lists are the only reasons.
    reference
        What is normal for everyone, from the bundle; ``None`` leaves it out.
    count
        How many reasons a decision has, at most.
    """

    def __init__(
        self,
        features: FeatureSet,
        event: EventType,
        model: RowScorer,
        reference: Reference | None = None,
        *,
        count: int = 4,
    ) -> None:
        self._flat = model if isinstance(model, FlatModel) else None
        self._names = model.encoding.names
        self._reference = reference
        self._count = count
        self._events = plural(event_word(event))
        self._words = {name: _words(features, name) for name in self._names}

    def reasons(
        self,
        row: FloatVector,
        values: Mapping[str, Value],
        verdict: Verdict | None = None,
        history: Sequence[Mapping[str, Value]] = (),
    ) -> list[Reason]:
        """Give the reasons of one decision: lists, rules, then what moved the score most.

        What raised the score comes first, by size; what lowered it fills up.

        Parameters
        ----------
        row
            float64, shape (features,): the encoded row that was scored.
        values
            The features by name, as they were computed.
        verdict
            What the policy said; its lists and rules are reasons of their own, and where it had no score, the
            only ones.
        history
            The features of the entity's earlier decisions, each by name: what is usual for it.
        """
        found = [] if verdict is None else _of_policy(verdict, self._events)
        found = found[: self._count]
        wanted = self._count - len(found)
        if self._flat is None or wanted <= 0 or (verdict is not None and verdict.fallback):
            return found
        contributions = self._flat.explain(row[None, :]).contributions[0]
        order = np.lexsort((-np.abs(contributions), contributions <= 0.0))
        for at in order[:wanted].tolist():
            if contributions[at] != 0.0:
                found.append(self._reason(at, float(contributions[at]), values, history))
        return found

    def _reason(
        self,
        at: int,
        contribution: float,
        values: Mapping[str, Value],
        history: Sequence[Mapping[str, Value]],
    ) -> Reason:
        name = self._names[at]
        value = values.get(name)
        spread = None if self._reference is None else self._reference.spreads.get(name)
        below = above = share = None
        if spread is not None and value is not None:
            if isinstance(value, str):
                share = spread.shares.get(value, 0.0)
            else:
                below, above = spread.below(float(value)), spread.above(float(value))
        usual = usual_of(name, history)
        words = self._words[name]
        said = _analyst(words, value, (below, above, share), usual, self._events)
        moved = "raises" if contribution > 0 else "lowers"
        return Reason(
            "feature",
            name,
            f"{said} It {moved} the score.",
            _customer(words, value, below, above, raises=contribution > 0),
            contribution,
            value,
            below,
            above,
            share,
            usual,
        )


def _words(features: FeatureSet, name: str) -> _Words:
    if name not in features:
        return _Words(name.replace("_", " "), "", "", "number")
    expression = features.resolved(name)
    unit, own = unit_of(expression), features.descriptions.get(name)
    if own is not None:
        what = own.what.replace("{window}", window_of(expression))
        return _Words(what, "", own.customer.replace("{window}", window_of(expression)), unit)
    return _Words(phrase(expression), clause(expression) if unit == "condition" else "", "", unit)


def _of_policy(verdict: Verdict, events: str) -> list[Reason]:
    """Make reasons of the lists and rules that hit."""
    customer = f"It is of a kind of {events} that we look at more closely."
    lists = [Reason("list", one, f"It stands on the list {one}.", customer) for one in verdict.lists]
    return lists + [Reason("rule", one, f"The rule {one} applies.", customer) for one in verdict.rules]


def _analyst(
    words: _Words,
    value: Value,
    everyone: tuple[float | None, float | None, float | None],
    usual: Usual | None,
    events: str,
) -> str:
    below, above, share = everyone
    if words.condition and value is not None:
        parts = [_capital(words.condition) if value else f"It is not so that {words.condition}"]
    else:
        parts = [f"The {words.what} is {written(value, words.unit)}"]
    if share is not None:
        parts.append(f"as in {_percent(share)} of all {events}")
    elif below is not None and above is not None and max(below, above) >= 0.5 and words.is_size:
        side, of = ("higher", below) if below >= above else ("lower", above)
        parts.append(f"{side} than in {_percent(of)} of all {events}")
    text = ", ".join(parts)
    if usual is not None:
        between = ""
        if usual.low is not None and usual.high is not None and usual.low < usual.high:
            between = f" ({written(usual.low, words.unit)} to {written(usual.high, words.unit)})"
        text += f"; usual here is {written(usual.value, words.unit)}{between}"
    return f"{text}."


def _customer(words: _Words, value: Value, below: float | None, above: float | None, *, raises: bool) -> str:
    if words.customer and raises:
        return words.customer
    if words.condition and value is not None:
        return f"{_capital(words.condition)}." if value else f"It is not so that {words.condition}."
    if value is None:
        return f"The {words.what} is not known."
    if below is not None and below >= _UNUSUAL and words.is_size:
        return f"The {words.what} is unusually high."
    if above is not None and above >= _UNUSUAL and words.is_size:
        return f"The {words.what} is unusually low."
    return f"The {words.what} counted {'against' if raises else 'in favour of'} it."


def _percent(share: float) -> str:
    """Write a share, the closer to all or nothing, the finer.

    >>> _percent(0.954), _percent(0.9987), _percent(1.0), _percent(0.0)
    ('95 %', '99.9 %', 'over 99.9 %', 'under 0.1 %')
    """
    if share >= 0.9995:
        return "over 99.9 %"
    if share < 0.0005:
        return "under 0.1 %"
    fine = share > 1.0 - 2 * _CLOSE or share < 2 * _CLOSE
    return f"{100 * share:.1f} %" if fine else f"{100 * share:.0f} %"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
