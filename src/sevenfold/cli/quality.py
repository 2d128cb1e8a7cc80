"""How the quality of data is told."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.data.inspection import QualityReport
    from sevenfold.data.profile import Profile

__all__ = ["tell_fields", "tell_quality", "told"]

_SHARES = (0.01, 0.5, 0.99)


def tell_fields(terminal: Terminal, report: QualityReport) -> None:
    """Show a table for each event: a line a field."""
    for name, profile in report.profiles.items():
        hours = profile.part("hourly")["at"]
        rows = [_line(profile, field, kind) for field, kind in profile.kinds.items()]
        if not hours.len():
            terminal.say(f"{name}: no rows")
            continue
        terminal.table(
            ["field", "kind", "missing", "distinct", "values", "refused"],
            rows,
            title=f"{name}: {profile.rows:,} events in {hours.n_unique():,} hours",
        )


def tell_quality(terminal: Terminal, report: QualityReport, *, everything: bool = False) -> None:
    """Show expectations and what was found.

    Parameters
    ----------
    everything
        Also what is as it should be.
    """
    shown = [one for one in report.outcomes if everything or one.state == "broken"]
    if shown:
        terminal.table(
            ["expected of", "what", "", "found", "features see"],
            [(one.where, one.expected, one.state, one.found, one.handled) for one in shown],
        )
    for finding in report.findings:
        broken = finding.severity == "broken"
        terminal.say(f"{'Broken' if broken else 'Look'}: {finding}.", style="red" if broken else "yellow")
    for where, kinds in report.personal.items():
        for one in kinds:
            if where in report.undeclared:
                terminal.say(f"Personal data: {where} holds {one}. {one.remedy(where)}.", style="red")
            elif everything:
                terminal.say(f"Personal data: {where} holds {one}, as declared.")
    for note in report.notes:
        terminal.say(f"Note: {note}.", style="yellow")
    if everything:
        count, odd = len(report.broken), sum(one.severity == "look" for one in report.findings)
        said = f"{count} broken" if count else "Nothing is broken" if odd else "All is as expected"
        said += f", {odd} to look at" if odd else ""
        terminal.say(said, style="red" if count else "yellow" if odd else "green")


def told(report: QualityReport) -> dict[str, Any]:
    """Give a report for scripts."""
    return {
        "broken": report.broken,
        "expectations": [
            {
                "where": o.where,
                "expected": o.expected,
                "state": o.state,
                "found": o.found,
                "handled": o.handled,
            }
            for o in report.outcomes
        ],
        "findings": [
            {
                "where": f.where,
                "kind": f.kind,
                "severity": f.severity,
                "text": str(f),
                "since_ms": f.since_ms,
                "until_ms": f.until_ms,
            }
            for f in report.findings
        ],
        "personal": {
            where: {one.kind.value: one.values for one in kinds} for where, kinds in report.personal.items()
        },
        "undeclared": report.undeclared,
        "fields": {
            name: {field: _facts(profile, field, kind) for field, kind in profile.kinds.items()}
            for name, profile in report.profiles.items()
        },
        "rows": {name: profile.rows for name, profile in report.profiles.items()},
    }


def _facts(profile: Profile, field: str, kind: str) -> dict[str, Any]:
    facts: dict[str, Any] = {
        "kind": kind,
        "nulls": profile.nulls(field),
        "distinct": profile.distinct(field),
        "refused": profile.refused.get(field, 0),
    }
    extremes = profile.extremes(field)
    if extremes is not None:
        low, high, mean = extremes
        facts |= {"low": low, "high": high, "mean": mean}
        facts |= {
            f"p{100 * share:g}": value
            for share, value in zip(_SHARES, profile.quantiles(field, _SHARES), strict=True)
        }
    elif kind in ("category", "boolean"):
        facts["top"] = dict(profile.top(field).head(10).iter_rows())
    return facts


def _line(profile: Profile, field: str, kind: str) -> tuple[object, ...]:
    distinct = profile.distinct(field)
    return (
        field,
        kind,
        f"{100 * profile.nulls(field) / profile.rows:.3g} %" if profile.rows else None,
        None if distinct is None else round(distinct),
        _values(profile, field, kind),
        profile.refused.get(field, 0),
    )


def _values(profile: Profile, field: str, kind: str) -> str:
    extremes = profile.extremes(field)
    if extremes is not None:
        low, high, _ = extremes
        middle = profile.quantiles(field, _SHARES)
        return f"{_number(low)} … " + " · ".join(map(_number, middle)) + f" … {_number(high)}"
    if kind in ("category", "boolean"):
        values = profile.rows - profile.nulls(field)
        return ", ".join(f"{v} {100 * n / values:.2g} %" for v, n in profile.top(field).head(4).iter_rows())
    return ""


def _number(value: float) -> str:
    if math.isnan(value):
        return "–"
    return f"{value:,.0f}" if abs(value) >= 1000 or value == int(value) else f"{value:,.3g}"
