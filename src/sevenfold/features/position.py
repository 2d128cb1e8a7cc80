"""Distances and speeds between positions on the Earth."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.features.expression import Call, as_expression

if TYPE_CHECKING:
    from sevenfold.features.expression import Expression

__all__ = ["distance_km", "speed_kmh"]


def distance_km(
    latitude_1: object, longitude_1: object, latitude_2: object, longitude_2: object
) -> Expression:
    """Great-circle distance in kilometres between two positions in degrees (haversine, mean Earth radius)."""
    positions = (latitude_1, longitude_1, latitude_2, longitude_2)
    return Call("distance", tuple(as_expression(position) for position in positions))


def speed_kmh(
    latitude_1: object, longitude_1: object, latitude_2: object, longitude_2: object, elapsed: object
) -> Expression:
    """Speed in km/h of getting from one position to another in a time; null when no time has passed."""
    return distance_km(latitude_1, longitude_1, latitude_2, longitude_2) / (as_expression(elapsed) / 3600.0)
