"""Late labels, labels that never come, and payments that were blocked: what each way to learn makes of them.

All rows are tested on the same payments, against the truth; they differ only in what they learn from.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.learning.evaluate import evaluate_folds
from sevenfold.learning.knowledge import Labels
from sevenfold.systems.fraud.outcome import Outcome, outcome

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector
    from sevenfold.learning.declaration import Learning
    from sevenfold.systems.fraud.comparison import World

__all__ = ["Correction", "correct"]

_BLOCKED = 0.01
"""Share of all payments that the policy in the middle of the table blocked."""

_LET_THROUGH = 0.1
"""Share of those that its control group let through all the same."""


@dataclass(frozen=True, eq=False)
class Correction:
    """One way to learn.

    Parameters
    ----------
    about
        What it is about: late labels, lost labels, blocked payments.
    name
        What is done.
    outcome
        How the model fared.
    bias
        Mean score over the true share of fraud: 1 where scores are probabilities of the truth.
    """

    about: str
    name: str
    outcome: Outcome
    bias: float


def correct(world: World, learning: Learning) -> tuple[Correction, ...]:
    """Learn in each way, with the first candidate.

    Parameters
    ----------
    world
        The world.
    learning
        One candidate, one fold.
    """
    reported = _reported(world)
    once = replace(learning, candidates=learning.candidates[:1])
    truth = _true_labels(world)
    late = "labels that are late"
    lost = "labels that never come, or are wrong"
    blocked = "payments that were blocked"
    found = [
        _learn(world, once, late, "wait until they are final", world.labels),
        _learn(world, replace(once, young="negative"), late, "take silence for innocence", world.labels),
        _learn(world, replace(once, young="expected"), late, "expect reports still to come", world.labels),
        _learn(
            world,
            replace(once, young="expected", reported=reported),
            lost,
            f"expect that {1 - reported:.0%} are never reported",
            world.labels,
        ),
        _learn(world, once, lost, "the truth of every payment, as soon as it is final", truth),
    ]
    score = _policy(world, once)
    dropped = np.where(score >= np.quantile(score, 1 - _BLOCKED), _LET_THROUGH, 1.0)
    drawn = np.random.default_rng(learning.seed).random(len(dropped)) < dropped
    found += [
        _learn(world, once, blocked, "learn from what passed", world.labels, drawn.astype(np.float64)),
        _learn(
            world,
            once,
            blocked,
            f"weigh the {_LET_THROUGH:.0%} of them that a control group let through",
            world.labels,
            np.where(drawn, dropped, 0.0),
        ),
    ]
    return tuple(found)


def _learn(
    world: World,
    learning: Learning,
    about: str,
    name: str,
    labels: Labels,
    passed: FloatVector | None = None,
) -> Correction:
    evaluation = evaluate_folds(
        world.features,
        labels.times,
        labels,
        learning,
        entities=world.payments.select(learning.entities),
        as_of=world.labels.newest,
        passed=passed,
    )
    (result,) = evaluation.results
    (fold,) = result.folds
    share = float(world.truth["is_fraud"].gather(fold.rows).mean())  # type: ignore[arg-type]
    measured = outcome(name, world, fold.rows, fold.score, result.costs.row_us)
    return Correction(about, name, measured, float(fold.score.mean()) / share if share else np.nan)


def _true_labels(world: World) -> Labels:
    """Labels that say what happened, known when chargebacks would be final."""
    fraud = np.flatnonzero(world.truth["is_fraud"].to_numpy())
    times, final = world.labels.times, world.labels.matured_at
    return Labels(times, final, fraud, np.ones(len(fraud), dtype=np.int8), final[fraud])


def _reported(world: World) -> float:
    """Share of the frauds of final payments that were ever reported: what an audit would find."""
    fraud = world.truth["is_fraud"].to_numpy() & world.labels.matured(world.labels.newest)
    told = world.labels.at() == 1
    return float(told[fraud].mean()) if fraud.any() else 1.0


def _policy(world: World, learning: Learning) -> FloatVector:
    """Score every payment by what a simple rule would: how much of it is unlike the card's past.

    A policy that is already there when a model is trained is not that model; this one knows the amount's
    ratio to the card's usual amount and how many payments came from the device's other cards.
    """
    del learning
    ratio = world.features["card_amount_ratio"].fill_null(1.0).to_numpy()
    others = world.features["device_cards_1d"].fill_null(0).to_numpy()
    found: FloatVector = ratio + 3.0 * np.maximum(others - 1, 0)
    return found
