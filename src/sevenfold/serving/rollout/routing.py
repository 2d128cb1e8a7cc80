"""Which model decides which event: by segment, and of a challenger's trial by a keyed hash of an entity."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any

    from sevenfold.serving.model import ServedModel

__all__ = ["Resolved", "Routing", "place_of"]

_RANGE = float(2**64)


def place_of(key: bytes, salt: str, entity: str) -> float:
    """Where an entity stands between 0 and 1 in the draw of one trial: always at the same place.

    Parameters
    ----------
    key
        Secret of the installation: who does not know it cannot choose an entity that is drawn.
    salt
        The challenger's bundle, so that each trial draws anew, and a share that grows keeps those it has.
    entity
        What is drawn.

    Returns
    -------
    float
        Uniform over entities, at least 0 and below 1.
    """
    digest = hashlib.blake2b(
        f"{salt}\x00{entity}".encode(), digest_size=8, key=key[:64], person=b"sevenfold-trial"
    ).digest()
    return int.from_bytes(digest, "big") / _RANGE


@dataclass(frozen=True, slots=True)
class Routing:
    """Which events the champion of all does not decide.

    Parameters
    ----------
    models
        The other models, by the id of their bundles.
    segment_at
        The place of the segment field in an event's row; `None` where nothing is told apart.
    segments
        Champions of single segments: bundle ids by the field's value.
    challenger
        The bundle on trial among live decisions; `None` where there is none.
    share, entity_at, key, segment
        The challenger's share of entities; the entity's place in a row; what they are drawn with; the
        segment that the trial is kept to, empty for all.
    """

    models: Mapping[str, ServedModel]
    segment_at: int | None = None
    segments: Mapping[str, str] = field(default_factory=dict)
    challenger: str | None = None
    share: float = 0.0
    entity_at: int | None = None
    key: bytes = b""
    segment: str = ""

    def arm(self, row: Sequence[Any]) -> str | None:
        """The bundle that decides an event; `None` for the champion of all."""
        segment = None if self.segment_at is None else row[self.segment_at]
        own = self.segments.get(segment) if segment is not None else None
        if self.challenger is None or self.entity_at is None:
            return own
        if self.segment and segment != self.segment:
            return own
        entity = row[self.entity_at]
        if entity is None or place_of(self.key, self.challenger, str(entity)) >= self.share:
            return own
        return self.challenger

    def arms(self, rows: Sequence[Sequence[Any]]) -> dict[str | None, list[int]]:
        """The positions of rows by the bundle that decides them, each in order."""
        found: dict[str | None, list[int]] = {}
        for place, row in enumerate(rows):
            found.setdefault(self.arm(row), []).append(place)
        return found


@dataclass(frozen=True, slots=True)
class Resolved:
    """Models that are loaded and ready to decide.

    Parameters
    ----------
    champion
        Of all; `None` decides by rules alone.
    routing
        What the champion does not decide; `None` for nothing.
    shadow
        The bundle that is scored beside live decisions, without effect; `None` for none.
    """

    champion: ServedModel | None
    routing: Routing | None = None
    shadow: str | None = None
