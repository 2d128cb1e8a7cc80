"""The declaration of section 3: which methods compete, on which folds, and by which measure one is chosen."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

from sevenfold.errors import DesignError, Fault
from sevenfold.learning.calibration import CALIBRATIONS, Calibration
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.ranking import ranking_measures
from sevenfold.learning.splits import Prequential
from sevenfold.learning.stakes import MONEY
from sevenfold.learning.xgboost import XGBoost

if TYPE_CHECKING:
    from sevenfold.learning.candidate import Candidate

__all__ = ["Learning", "Progress", "Young", "silent"]

_CANDIDATES = (
    LogisticRegression(),
    XGBoost(
        depth=4,
        rows=0.8,
        columns=0.5,
        min_child_weight=3.0,
        because="Where positives are rare, depth 6 on all rows and features learns the noise.",
    ),
)
"""What competes where a design does not say."""

_LOSSES = ("log_loss", "brier", "calibration_error")
"""The metrics of which less is better."""

Young = Literal["wait", "expected", "negative"]

Progress = Callable[[float, float, str], None]
"""Told how many steps are done, of how many, and what comes next."""


def silent(done: float, total: float, what: str) -> None:
    """Tell nobody."""


@dataclass(frozen=True, kw_only=True)
class Learning:
    """How a design learns.

    Parameters
    ----------
    candidates
        The methods that compete, each a declaration of its own; by default logistic regression, and XGBoost
        with settings for rare positives.
    folds
        The periods of training and test on which they compete. The model that is served learns from a
        period of the same length that ends with the newest matured labels.
    choose_by
        The metric whose mean over the folds decides; ``"money_saved"`` where the design says what mistakes
        cost.
    entity
        The entity whose review is counted: with ``"card"``, precision among the cards ranked first each day.
    review_per_day
        How many entities can be reviewed in a day.
    false_positive_rates
        At which recall is measured.
    calibration
        ``"isotonic"`` or ``"platt"``: what turns scores into probabilities, learned on the validation period.
    validation
        The newest share of the training positives, with all rows since, held out for early stopping and
        calibration; the model then learns from all rows. Used by the candidates that need it.
    negatives
        Share of the negatives that is learned from, drawn at random; each then counts for as many as were
        left out, so that scores stay probabilities. Below 1 where there are far more than are needed.
    young
        What becomes of events whose labels are not final: ``"wait"`` leaves them out; ``"expected"`` counts a
        silent one as positive by the chance that a report is still to come (Chapelle, 2014); ``"negative"``
        takes silence for innocence.
    reported
        Share of positives that are ever reported, where audits have shown that some never are: silent events
        then count as positive by the chance that they are of those.
    max_categories, min_category_rows
        Of each category, at most so many values, each in at least so many training rows, are told apart.
    replicates
        Bootstrap replicates behind each interval.
    seed
        Of everything random.
    threads
        For training; 0 uses every core.
    because
        Why the design chose all this.

    Raises
    ------
    DesignError
        A choice can't work; all such choices are named.
    """

    candidates: tuple[Candidate, ...] = _CANDIDATES
    folds: Prequential = field(default_factory=Prequential)
    choose_by: str = "average_precision"
    entity: str | None = None
    review_per_day: int = 100
    false_positive_rates: tuple[float, ...] = (0.001, 0.01)
    calibration: Calibration | None = None
    validation: float = 0.2
    negatives: float = 1.0
    young: Young = "wait"
    reported: float = 1.0
    max_categories: int = 50
    min_category_rows: int = 20
    replicates: int = 200
    seed: int = 7
    threads: int = 0
    because: str = ""

    def __post_init__(self) -> None:
        faults = [*self._choice_faults(), *self._number_faults()]
        if faults:
            raise DesignError("Nothing can be learned like this.", faults)

    def _choice_faults(self) -> list[Fault]:
        faults = []
        names = [candidate.name for candidate in self.candidates]
        if not names:
            faults.append(Fault("candidates", "at least one", "none"))
        faults += [
            Fault("candidates", "names of their own", f"{name!r} twice", "Give one of them name=….")
            for name in dict.fromkeys(n for n in names if names.count(n) > 1)
        ]
        if self.choose_by not in (*self.metrics, MONEY):
            known = f"It can be: {', '.join((*self.metrics, MONEY))}"
            faults.append(Fault("choose_by", "a metric", repr(self.choose_by), known))
        if self.young not in get_args(Young):
            faults.append(Fault("young", " or ".join(map(repr, get_args(Young))), repr(self.young)))
        if self.calibration is not None and self.calibration not in CALIBRATIONS:
            faults.append(Fault("calibration", " or ".join(map(repr, CALIBRATIONS)), repr(self.calibration)))
        return faults

    def _number_faults(self) -> list[Fault]:
        wrong = [
            ("validation", "above 0 and below 1", self.validation, 0 < self.validation < 1),
            ("reported", "above 0, at most 1", self.reported, 0 < self.reported <= 1),
            ("negatives", "above 0, at most 1", self.negatives, 0 < self.negatives <= 1),
            ("review_per_day", "at least 1", self.review_per_day, self.review_per_day >= 1),
            ("max_categories", "at least 0", self.max_categories, self.max_categories >= 0),
            ("replicates", "at least 2", self.replicates, self.replicates >= 2),
            ("threads", "at least 0", self.threads, self.threads >= 0),
            *(
                ("false_positive_rates", "above 0 and below 1", r, 0 < r < 1)
                for r in self.false_positive_rates
            ),
        ]
        return [Fault(name, expected, str(got)) for name, expected, got, right in wrong if not right]

    @property
    def k(self) -> int | None:
        """How many entities a day are counted, where an entity is declared."""
        return None if self.entity is None else self.review_per_day

    @property
    def metrics(self) -> tuple[str, ...]:
        """The names of what is always measured; where money is at stake, the share saved comes on top."""
        ranking = tuple(ranking_measures(self.false_positive_rates))
        by_entity = () if self.entity is None else (f"entity_precision_at_{self.review_per_day}",)
        return (*ranking, *_LOSSES, *by_entity)

    @property
    def entities(self) -> tuple[str, ...]:
        """The fields of the decided event that evaluation needs beside its time."""
        named = (self.entity, self.folds.leave_out_known)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    @property
    def lower_is_better(self) -> bool:
        """Whether the metric that decides is a loss."""
        return self.choose_by in _LOSSES

    def describe(self) -> dict[str, Any]:
        """Give the declaration as plain data, for a bundle's metadata and the design document.

        How many threads train makes no difference to what they find, so they are left out.
        """
        apart = ("candidates", "folds", "threads")
        plain = {name: value for name, value in vars(self).items() if name not in apart}
        return {
            "candidates": [describe(candidate) for candidate in self.candidates],
            "folds": asdict(self.folds),
            **{name: list(value) if isinstance(value, tuple) else value for name, value in plain.items()},
        }


def describe(candidate: Any) -> dict[str, Any]:
    """Give a candidate's settings as plain data, with the kind of method it is."""
    return {"kind": type(candidate).__name__, **asdict(candidate)}
