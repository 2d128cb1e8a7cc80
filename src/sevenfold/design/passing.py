"""Which decided events were let through, and with what chance: what training and evaluation must know.

Of a payment that was blocked nothing is heard again. Its silence is no sign of innocence, so its label never
becomes final; the few would-be blocks that the control group let through stand for the others.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import msgspec
import numpy as np

from sevenfold.learning.knowledge import NEVER
from sevenfold.serving.names import DECISION

if TYPE_CHECKING:
    import polars as pl
    from numpy.typing import NDArray

    from sevenfold.design.home import Home
    from sevenfold.learning.knowledge import Labels

__all__ = ["chances_of", "passing_notes", "without_silence"]

_OFFSET = "_offset"


class _Fate(msgspec.Struct):
    """What of a decision record says what became of its event."""

    action: str
    control: float | None = None


_FATES = msgspec.json.Decoder(list[_Fate])


def chances_of(home: Home, decided: pl.DataFrame) -> NDArray[np.float64] | None:
    """Give the chance with which each event was let through, from the decision records.

    Parameters
    ----------
    home
        Where the log lies.
    decided
        Decided events of that log, with their offsets; events without them are of no log.

    Returns
    -------
    ndarray or None
        float64, shape (events,): 0 where the event was blocked, the control group's chance where it was drawn
        for it, 1 for all others and those that no service decided. ``None`` where all are 1.
    """
    if _OFFSET not in decided.columns or not home.log.exists():
        return None
    with home.open_log() as log:
        entries = log.entries_of(DECISION)
    if not entries:
        return None
    fates = _FATES.decode(b"[" + b",".join([entry.body for entry in entries]) + b"]")
    chance = np.array([_chance(fate) for fate in fates])
    # A record follows its event in the log.
    events = np.fromiter((entry.offset - 1 for entry in entries), np.int64, len(entries))
    offsets = decided[_OFFSET].to_numpy()
    order = np.argsort(offsets, kind="stable")
    place = np.searchsorted(offsets, events, sorter=order)
    inside = place < len(offsets)
    rows = order[place[inside]]
    found = offsets[rows] == events[inside]
    passed = np.ones(len(offsets))
    passed[rows[found]] = chance[inside][found]
    return None if (passed == 1.0).all() else passed


def without_silence(labels: Labels, passed: NDArray[np.float64] | None) -> Labels:
    """Return labels of which those of blocked events never become final.

    Parameters
    ----------
    labels
        What was known of each event.
    passed
        As `chances_of` gives it.
    """
    if passed is None:
        return labels
    matured = np.where(passed == 0.0, NEVER, labels.matured_at)
    truth = None if labels.truth is None else without_silence(labels.truth, passed)
    return replace(labels, matured_at=matured, truth=truth)


def passing_notes(passed: NDArray[np.float64] | None) -> tuple[str, ...]:
    """Say in sentences what was blocked, and what stands for it."""
    if passed is None:
        return ()
    blocked, drawn = int((passed == 0.0).sum()), (passed > 0.0) & (passed < 1.0)
    notes = [f"{blocked:,} events were blocked: nothing is learned from their silence."] if blocked else []
    if drawn.any():
        stand = 1.0 / passed[drawn]
        notes.append(
            f"{int(drawn.sum()):,} would-be blocks that the control group let through weigh as many as they "
            f"stand for: {stand.sum():,.0f} in all, {stand.max():,.0f} at most."
        )
    return tuple(notes)


def _chance(fate: _Fate) -> float:
    if fate.action == "block":
        return 0.0
    return 1.0 if fate.control is None else fate.control
