"""Names of the entries that a service writes into the log, which no event of a design may have."""

from __future__ import annotations

from typing import Final

__all__ = ["DECISION", "JUDGED", "PROGRAM", "REASONS", "RESERVED"]

DECISION: Final = "Decision"
"""What was decided about an event, under that event's key."""

REASONS: Final = "DecisionReasons"
"""Why, for reviews and blocks, under the same key."""

PROGRAM: Final = "FeatureProgram"
"""What the feature values in records mean."""

JUDGED: Final = ("RuleChange", "ListChange")
"""Changes of the policy."""

RESERVED = frozenset({DECISION, REASONS, PROGRAM, *JUDGED})
