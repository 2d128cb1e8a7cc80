"""Watch for drift: features, categories, scores, actions, labels, and what a score means.

A fold over the log by days, as the clock of the service saw them. A day is judged when the first decision of
a later one is seen, so that nothing depends on how the log was cut into pages.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import polars as pl

from sevenfold.errors import StateError
from sevenfold.learning.days import DAY_MS, Bins, Days
from sevenfold.monitoring.drift.categories import NewValues, vanished
from sevenfold.monitoring.drift.concept import Concept, key_hashes
from sevenfold.monitoring.drift.counted import Counted
from sevenfold.monitoring.drift.histograms import Histograms
from sevenfold.monitoring.drift.keeping import pack, unpack
from sevenfold.monitoring.drift.rates import Rate
from sevenfold.monitoring.drift.telling import Told, tell_category, tell_change, tell_concept, tell_rate

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from sevenfold.monitoring.columns import Decisions, LabelEvents
    from sevenfold.monitoring.finding import Finding
    from sevenfold.monitoring.page import Page

__all__ = ["DriftWatcher"]

_VERSION: Final = 1
_MOST_ACTIONS: Final = 8
_REPORTED_WITHIN: Final = 30
"""Days of decisions that a day's labels are held against: most labels come within weeks."""

_SCORE_EDGES: Final = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 0.9)


class DriftWatcher:
    """See `sevenfold.monitoring.watcher.Watcher`.

    Parameters
    ----------
    reference_of
        Gives the days that a model's bundle keeps, by the bundle's id; ``None`` where it keeps none. Then its
        features are not watched, and everything else is.
    matures_days
        Days after which a label is final; ``None``: the design has no label.
    """

    name = "drift"

    def __init__(self, reference_of: Callable[[str], Days | None], matures_days: int | None = None) -> None:
        self._reference_of = reference_of
        self._matures = matures_days
        self.model: str | None = None
        self._day = -1
        self._told = Told()
        self._labels = Rate()
        self._decided: list[float] = []
        self._judged, self._had_labels = 0, False
        self._begin_day()
        self._begin_model(None)

    def _begin_day(self) -> None:
        self._models: dict[str, int] = {}
        self._actions: dict[str, int] = {}
        self._today, self._today_labels = 0, 0

    def _begin_model(self, model: str | None) -> None:
        """Take another model's reference; its scores and their meaning begin anew, too."""
        self.model = model
        days = None if model is None else self._reference_of(model)
        self._features = Histograms({} if days is None else days.bins, days)
        self._new = {
            name: NewValues(bins.categories)
            for name, bins in self._features.bins.items()
            if bins.categories is not None
        }
        self._score = Histograms({"score": Bins(np.array(_SCORE_EDGES))})
        self._rates: dict[str, Rate] = {}
        self._concept = None if self._matures is None else Concept(self._matures)

    # Folding.

    def see(self, page: Page) -> None:
        """Fold the next page of the log."""
        decisions, labels = page.decisions, page.labels
        days = np.maximum(np.maximum.accumulate(decisions.decided_ms // DAY_MS), self._day)
        label_days = np.append(self._day, days)[np.searchsorted(decisions.offsets, labels.offsets)]
        counted: Counted | None = None
        for day in np.unique(np.append(days, label_days)).tolist():
            if day < 0:
                self._had_labels = True  # of events that were not decided: they come at their usual rate
                continue
            if day > self._day:
                self._close(day)
            low, high = np.searchsorted(days, [day, day + 1]).tolist()
            if low < high:
                if self.model is None:
                    self._begin_model(next((one for one in decisions.models[low:high] if one), None))
                if counted is None or counted.model != self.model:
                    counted = Counted.of(self.model, decisions, days, self._features.bins, self._score.bins)
                self._decisions(decisions, counted, low, high)
            self._said(labels, label_days == day)

    def _close(self, next_day: int) -> None:
        if self._day >= 0 and self._today:
            self._judge(self._day)
        if self._models:
            most = max(sorted(self._models), key=lambda name: self._models[name])
            if most != self.model:
                self._told.begin_model(self._day, most)
                self._begin_model(most)
        self._begin_day()
        self._day = next_day

    def _decisions(self, decisions: Decisions, counted: Counted, low: int, high: int) -> None:
        for name, count in Counter(decisions.models[low:high]).items():
            if name is not None:
                self._models[name] = self._models.get(name, 0) + count
        for name, count in Counter(decisions.actions[low:high].tolist()).items():
            if name in self._actions or len(self._actions) < _MOST_ACTIONS:
                self._actions[name] = self._actions.get(name, 0) + count
        self._today += high - low
        self._features.add(counted.features[self._day])
        self._score.add(counted.scores[self._day])
        for name, new in self._new.items():
            if name in counted.texts:
                new.add(counted.texts[name][low:high])
        if self._concept is not None:
            passed = counted.passed[low:high]
            weights = np.divide(1.0, passed, out=np.zeros_like(passed), where=passed > 0)
            hashes = key_hashes(decisions.keys[low:high])
            self._concept.add(self._day, hashes, decisions.scores[low:high], weights)

    def _said(self, labels: LabelEvents, rows: NDArray[np.bool_]) -> None:
        if not rows.any():
            return
        values = labels.values[rows]
        self._today_labels += int((values == 1).sum())
        if self._concept is not None:
            keys = [labels.keys[place] for place in np.flatnonzero(rows).tolist()]
            self._concept.label(key_hashes(keys), values)

    # Judging.

    def _judge(self, day: int) -> None:
        told, features = self._told, self._features
        changes = features.close(day)
        for change in changes:
            told.now(day, tell_change("drift", change, features.bins[change.feature]))
        told.others_are_over(day, "drift", {change.feature for change in changes})
        for name, new in self._new.items():
            known = list(features.bins).index(name)
            gone = vanished(features.counts[:, known], new.known)
            told.now(day, tell_category(name, "new", new.close()))
            told.now(day, tell_category(name, "gone", gone))
        changes = self._score.close(day)
        for change in changes:
            told.now(day, tell_change("share", change, self._score.bins["score"]))
        actions = {*self._actions, *self._rates}
        told.others_are_over(day, "share", actions | {change.feature for change in changes})
        for name in sorted(actions)[:_MOST_ACTIONS]:
            rate = self._rates.setdefault(name, Rate()).close(self._actions.get(name, 0), self._today)
            if rate is not None:
                told.now(day, tell_rate("share", name, rate))
        self._judged += 1
        self._decided = [*self._decided, float(self._today)][-_REPORTED_WITHIN:]
        # Where the first decisions are the first events of all, labels are rare until some had time to come.
        if self._matures is not None and (self._had_labels or self._judged > self._matures):
            reported = self._labels.close(self._today_labels, float(np.mean(self._decided)))
            if reported is not None:
                told.now(day, tell_rate("label_rate", "labels", reported))
        if self._concept is not None:
            for matured in self._concept.close(day):
                told.now(day, tell_concept(matured))

    def findings(self, now_ms: int) -> list[Finding]:  # noqa: ARG002  (days are judged by the log's own time)
        """Give what was noticed, and what has cleared, since this was called last."""
        return self._told.take()

    def distances(self) -> pl.DataFrame:
        """Give the week before the last close against the days of the training, feature by feature.

        Returns
        -------
        pl.DataFrame
            ``feature``, ``psi``, ``ks``, ``js``; NaN before the first day is over.
        """
        found = self._features.distance_to_training()
        columns = {"feature": list(self._features.bins), "psi": found[:, 0], "ks": found[:, 1]}
        return pl.DataFrame({**columns, "js": found[:, 2]})

    # Keeping.

    def state(self) -> bytes:
        """Everything that it knows but the reference, which the bundle keeps."""
        state: dict[str, Any] = {
            "version": _VERSION,
            "model": self.model,
            "day": self._day,
            "models": self._models,
            "actions": self._actions,
            "today": [self._today, self._today_labels],
            "decided": self._decided,
            "judged": [self._judged, self._had_labels],
            "told": self._told.state(),
            "labels": self._labels.state(),
            "features": self._features.state(),
            "names": list(self._features.bins),
            "new": {name: new.state() for name, new in self._new.items()},
            "score": self._score.state(),
            "rates": {name: rate.state() for name, rate in self._rates.items()},
            "concept": None if self._concept is None else self._concept.state(),
        }
        return pack(state)

    def restore(self, state: bytes) -> None:
        """Go on from what `state` gave.

        Raises
        ------
        StateError
            It is damaged, or of another version, design or reference.
        """
        known = unpack(state, "the drift watcher")
        if known.get("version") != _VERSION:
            raise StateError(
                f"The state of the drift watcher is of version {known.get('version')!r}, not {_VERSION}"
            )
        self._begin_model(known["model"])
        if known["names"] != list(self._features.bins) or (known["concept"] is None) != (
            self._concept is None
        ):
            raise StateError("The state of the drift watcher is of another design or reference")
        self._day, self._models, self._actions = known["day"], known["models"], known["actions"]
        (self._today, self._today_labels), self._decided = known["today"], known["decided"]
        self._judged, self._had_labels = known["judged"]
        self._told.restore(known["told"])
        self._labels.restore(known["labels"])
        self._features.restore(known["features"])
        for name, new in self._new.items():
            new.restore(known["new"][name])
        self._score.restore(known["score"])
        for name, rate in known["rates"].items():
            self._rates[name] = Rate()
            self._rates[name].restore(rate)
        if self._concept is not None:
            self._concept.restore(known["concept"])
