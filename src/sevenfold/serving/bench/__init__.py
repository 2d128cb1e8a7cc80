"""What the documentation claims of the decision engine, measured in one process."""

from __future__ import annotations

__all__: list[str] = []
