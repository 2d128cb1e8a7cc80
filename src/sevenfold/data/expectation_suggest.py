"""Expectations suggested by a first file, as Python to paste into a design."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.data.fields import Kind

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from sevenfold.data.event import EventType
    from sevenfold.data.fields import Field
    from sevenfold.data.pii import Recognised
    from sevenfold.data.profile import Profile

__all__ = ["suggested"]

_MOST_VALUES = 60
_MOST_ON_A_LINE = 8
_NUMBERS = (Kind.MONEY, Kind.INTEGER, Kind.FLOAT)
_DECLARABLE = ("email", "phone", "iban")


def suggested(
    events: Mapping[str, EventType],
    profiles: Mapping[str, Profile],
    personal: Mapping[str, Sequence[Recognised]],
) -> str:
    """Write the expectations that the events of some files meet.

    Ranges are a little wider than what was seen and round; shares of missing values half as large again; sets
    hold every category that was seen. Read them before you paste them: they say what a file was like, not
    what is right.

    Parameters
    ----------
    events
        Of the design.
    profiles
        Of the files, by event.
    personal
        The personal data that was recognised, by event and field.

    Returns
    -------
    str
        A list, as Python.
    """
    lines = ["expectations = ["]
    for name, profile in profiles.items():
        if not profile.rows:
            continue
        event = events[name]
        lines.append(f"    # {name}: learned from {profile.rows:,} events")
        for field in event.__fields__.values():
            kinds = [one.kind.value for one in personal.get(f"{name}.{field.name}", ())]
            arguments = _of_field(event, field, profile, kinds)
            if arguments:
                lines.append(f"    sf.expect({name}.{field.name}, {', '.join(arguments)}),")
        hourly = _hourly(profile)
        if hourly:
            lines.append(f"    sf.expect({name}, {hourly}),")
    return "\n".join([*lines, "]"]) + "\n"


def _of_field(event: EventType, field: Field, profile: Profile, personal: Sequence[str]) -> list[str]:
    found = []
    values = profile.rows - profile.nulls(field.name)
    if field.name == event.__key__:
        found.append("unique=True")
    if field.kind in _NUMBERS and values:
        low, high, _ = profile.extremes(field.name) or (0.0, 0.0, 0.0)
        found.append(
            f"between=({_bound(_rounded(low, up=False), field)}, {_bound(_rounded(high, up=True), field)})"
        )
    top = profile.top(field.name) if field.kind is Kind.CATEGORY else None
    if top is not None and 0 < top.height <= _MOST_VALUES and not profile.lost(field.name):
        names = [json.dumps(value, ensure_ascii=False) for value in sorted(top["value"].to_list())]
        listed = ", ".join(names)
        if len(names) > _MOST_ON_A_LINE:
            rows = [", ".join(names[at : at + 12]) for at in range(0, len(names), 12)]
            listed = "\n        " + ",\n        ".join(rows) + ",\n    "
        found.append(f"one_of=[{listed}]")
    if field.nullable:
        found.append(f"nulls={_share(profile.nulls(field.name) / profile.rows)}")
    declarable = [kind for kind in personal if kind in _DECLARABLE]
    if declarable:
        found.append(f"personal={json.dumps(declarable[0] if len(declarable) == 1 else declarable)}")
    return found


def _bound(value: float, field: Field) -> str:
    if field.kind is Kind.INTEGER or value == int(value):
        return f"{int(value):_}"
    return f"{value:.12g}"


def _rounded(value: float, *, up: bool) -> float:
    """Round away from what was seen to one and a half digits: 1, 1.5, 2, 3, 5, 7 times a power of ten.

    >>> _rounded(812.4, up=True), _rounded(0.3, up=False), _rounded(-3.2, up=False)
    (1000.0, 0.2, -5.0)
    """
    if value == 0:
        return 0.0
    outwards = up == (value > 0)
    size = abs(value) * (1.2 if outwards else 1 / 1.2)
    power = math.floor(math.log10(size))
    steps = (1.0, 1.5, 2.0, 3.0, 5.0, 7.0, 10.0)
    found = size / 10.0**power
    if outwards:
        step = next(one for one in steps if one >= found * (1 - 1e-12))
    else:
        step = next(one for one in reversed(steps) if one <= found * (1 + 1e-12))
    return math.copysign(float(f"{step * 10.0**power:.12g}"), value)


def _share(share: float) -> str:
    """Allow half as many again, at least one in a thousand where there were some."""
    return "0" if share == 0 else f"{min(1.0, max(0.001, 1.5 * share)):.2g}"


def _hourly(profile: Profile) -> str:
    """Suggest bounds where all hours but the first and the last have enough events to tell anything."""
    table = profile.part("hourly").sort("at")
    if table.height < 24 * 7:
        return ""
    hours = np.zeros(int(table["at"][-1]) - int(table["at"][0]) + 1)
    hours[table["at"].to_numpy() - int(table["at"][0])] = table["n"].to_numpy()
    inner = hours[1:-1]
    if inner.min() < 5:
        return ""
    return f"hourly=({int(inner.min() / 2)}, {int(inner.max() * 2)})"
