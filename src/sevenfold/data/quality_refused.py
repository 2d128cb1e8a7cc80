"""Whether more rows are refused than usual, and for which field."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.data.quality_fields import Sign

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.data.profile import Profile

__all__ = ["refused_signs"]

_HOUR_MS = 3_600_000
_LEAST = 0.02


def refused_signs(profile: Profile, usual: Profile | None) -> Iterator[tuple[str, Sign]]:
    """Yield fields that are refused in more rows than before, each with its sign.

    Refusals are known by ingest, not by day: the period is that of all the events of the profile.
    """
    if not profile.read:
        return
    hours = profile.part("hourly")["at"].sort()
    since, until = (int(hours[0]), int(hours[-1]) + 1) if hours.len() else (0, 1)
    before = usual.refused if usual is not None else {}
    for field, n in profile.refused.items():
        share = min(1.0, n / profile.read)
        share_before = before.get(field, 0) / usual.read if usual is not None and usual.read else 0.0
        if share > max(_LEAST, 5 * share_before):
            usually = f", usually in {100 * share_before:.3g} %" if usual is not None else ""
            text = f"is refused in {100 * share:.3g} % of rows{usually}"
            yield field, Sign("refused", text, share >= 0.2, share, 0, since * _HOUR_MS, until * _HOUR_MS)
