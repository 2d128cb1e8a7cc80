"""Names of the entries that a service writes into the log, which no event of a design may have."""

from __future__ import annotations

from typing import Final

__all__ = [
    "ALERT",
    "DECISION",
    "JUDGED",
    "MODEL_CHANGE",
    "PROGRAM",
    "REASONS",
    "RESERVED",
    "RETRAINING",
    "REVIEWED",
]

DECISION: Final = "Decision"
"""What was decided about an event, under that event's key."""

REASONS: Final = "DecisionReasons"
"""Why, for reviews and blocks, under the same key."""

PROGRAM: Final = "FeatureProgram"
"""What the feature values in records mean."""

JUDGED: Final = ("RuleChange", "ListChange")
"""Changes of the policy."""

REVIEWED: Final = ("ReviewChange", "ReviewSelection", "ReviewVerdict", "ReviewTag", "RuleHit")
"""Steps of reviews, what is drawn for them, and what they found."""

ALERT: Final = "AlertChange"
"""Changes of alerts: what the monitor noticed, and who acknowledged or silenced it."""

MODEL_CHANGE: Final = "ModelChange"
"""Changes of the models at work: promotions, rollbacks, trials."""

RETRAINING: Final = "RetrainingStep"
"""Steps of retrainings: why they began, what was checked, what came of them."""

RESERVED = frozenset({ALERT, DECISION, REASONS, PROGRAM, MODEL_CHANGE, RETRAINING, *JUDGED, *REVIEWED})
