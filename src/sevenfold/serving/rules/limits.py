"""How large a rule may be: no honest one comes near, and hostile input ends here."""

from __future__ import annotations

__all__ = ["MOST_CHARACTERS", "MOST_DEPTH", "MOST_MEMBERS", "MOST_NODES"]

MOST_CHARACTERS = 4_000
"""Length of a text."""

MOST_NODES = 1_200
"""Names, constants and operations in one rule."""

MOST_DEPTH = 40
"""Operations inside one another."""

MOST_MEMBERS = 500
"""Values in one list after ``in``."""
