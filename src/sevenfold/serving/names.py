"""Names of the entries that a service writes into the log, which no event of a design may have."""

from __future__ import annotations

from typing import Final

__all__ = ["DECISION", "JUDGED", "PROGRAM", "REASONS", "RESERVED", "REVIEWED"]

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

RESERVED = frozenset({DECISION, REASONS, PROGRAM, *JUDGED, *REVIEWED})
