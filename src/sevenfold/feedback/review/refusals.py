"""Why a step of a review is not taken."""

from __future__ import annotations

from sevenfold.errors import SevenfoldError, UsageError

__all__ = ["ChangedError", "NoCaseError"]


class ChangedError(SevenfoldError, RuntimeError):
    """Somebody else works on the case, or has done so meanwhile."""


class NoCaseError(UsageError):
    """There is no such case."""
