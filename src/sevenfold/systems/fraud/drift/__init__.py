"""`sevenfold bench drift`: worlds in which something changes, and how soon it is noticed."""

from __future__ import annotations

from sevenfold.systems.fraud.drift.measure import Outcome, measure
from sevenfold.systems.fraud.drift.picture import draw
from sevenfold.systems.fraud.drift.report import Summary, drift_markdown
from sevenfold.systems.fraud.drift.worlds import orders

__all__ = ["Outcome", "Summary", "draw", "drift_markdown", "measure", "orders"]
