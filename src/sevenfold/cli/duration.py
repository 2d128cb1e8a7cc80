"""Durations among a command's options."""

from __future__ import annotations

from sevenfold.errors import DesignError, UsageError

__all__ = ["seconds"]


def seconds(text: str | None, where: str) -> float | None:
    """Read a duration such as ``90d``; ``None`` where none was given.

    >>> seconds("1m30s", "--grace")
    90.0

    Raises
    ------
    UsageError
        It is no duration.
    """
    from sevenfold.features.window import duration_ms

    if text is None:
        return None
    try:
        return duration_ms(text, where) / 1000
    except DesignError as error:
        raise UsageError(error.summary + ".", error.faults) from None
