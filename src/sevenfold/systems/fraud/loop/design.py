"""The fraud design as it runs unattended: no person is waited for but the reviewers."""

from __future__ import annotations

from dataclasses import replace

from sevenfold.design.design import Design
from sevenfold.feedback.active.declaration import Active
from sevenfold.feedback.declaration import Feedback
from sevenfold.feedback.retraining.declaration import Retraining
from sevenfold.feedback.review.declaration import Review
from sevenfold.learning.lightgbm import LightGBM
from sevenfold.monitoring.declaration import Monitoring
from sevenfold.serving.rollout.declaration import Rollout
from sevenfold.systems.fraud.design import design as shipped

__all__ = ["unattended"]


def unattended() -> Design:
    """Make the shipped design, with one candidate and everything that is decided by itself."""
    return Design(
        name=shipped.name,
        problem=shipped.problem,
        events=list(shipped.events.values()),
        features=shipped.features,
        expectations=shipped.expectations,
        label=shipped.label,
        learning=replace(
            shipped.learning,
            candidates=(LightGBM(trees=300, because="It trains in seconds, and ranks as well as any."),),
            young="expected",
            negatives=0.2,
            replicates=20,
            because="A pattern that has just begun has few final labels: what is silent is no negative yet.",
        ),
        serving=replace(
            shipped.serving,
            durability="normal",
            rollout=Rollout(
                stages=(),
                automatic=True,
                because="A month holds too few frauds for an A/B test to end before the damage is done.",
            ),
        ),
        monitoring=Monitoring(
            skew_share=0.0, because="The features of this process are compared in the tests, not here."
        ),
        feedback=Feedback(
            review=Review(most=1, second=0.0, because="These reviewers judge single payments."),
            active=Active(
                per_day=20,
                strategy="uncertainty",
                random_share=0.2,
                because="Analysts who have time left look at what teaches the model most.",
            ),
            retraining=Retraining(
                schedule="14d",
                drift="warning",
                matured_labels=250,
                cool_down="3d",
                flipped=1.0,
                because=(
                    "Verdicts of three days can hold a pattern that nobody has seen before. Labels that "
                    "look flipped stop nothing here: what a service blocks is charged back no more, and the "
                    "chargebacks that are left are the surprising ones."
                ),
            ),
        ),
        because=shipped.because,
    )
