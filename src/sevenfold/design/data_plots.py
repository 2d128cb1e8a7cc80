"""Pictures of what events are like: how many come, what is missing, how values lie beside what is usual."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.data.profile_cells import DAY
from sevenfold.data.profile_sketch import value_of
from sevenfold.learning.canvas import ACCENT, GREY, PALE, QUIETS, canvas, legend, percent, save

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from sevenfold.data.inspection import QualityReport
    from sevenfold.data.profile import Profile
    from sevenfold.data.quality import Finding

__all__ = ["draw_quality"]

_NUMBERS = ("money", "integer", "float")
_BARS = 12
_BROKEN = "#b42318"


def draw_quality(report: QualityReport, usual: Callable[[str], Profile | None], folder: Path) -> list[Path]:
    """Draw everything about some files that can be drawn.

    Parameters
    ----------
    report
        What they are like.
    usual
        Gives what is usual of an event.
    folder
        Where the files go; made where it is missing.

    Returns
    -------
    list of Path
        ``<Event>.volume.png``, ``<Event>.missing.png`` and ``<Event>.<field>.png`` for numbers and
        categories.

    Raises
    ------
    MissingExtraError
        The extra [learn], which brings matplotlib, is not installed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    drawn = []
    for name, profile in report.profiles.items():
        if not profile.rows:
            continue
        before = usual(name)
        findings = [one for one in report.findings if one.where.partition(".")[0] == name]
        drawn.append(_volume(profile, findings, folder / f"{name}.volume.png"))
        if profile.part("nulls").height:
            drawn.append(_missing(profile, findings, folder / f"{name}.missing.png"))
        for field, kind in profile.kinds.items():
            path = folder / f"{name}.{field}.png"
            if kind in _NUMBERS and profile.bins(field).height:
                drawn.append(_numbers(profile, before, field, path))
            elif kind in ("category", "boolean") and profile.top(field).height:
                drawn.append(_categories(profile, before, field, path))
    return drawn


def _volume(profile: Profile, findings: Sequence[Finding], path: Path) -> Path:
    table = profile.part("hourly").sort("at")
    first = int(table["at"][0])
    counts = np.zeros(int(table["at"][-1]) - first + 1)
    counts[table["at"].to_numpy() - first] = table["n"].to_numpy()
    figure, axes = canvas(
        f"{profile.event}: events an hour", f"{profile.rows:,} events; shaded: what was found"
    )
    axes.plot([_moment((first + at) * 3_600_000) for at in range(counts.size)], counts, color=ACCENT, lw=0.9)
    _shade(axes, [one for one in findings if one.kind == "volume"])
    axes.set_ylim(bottom=0)
    return save(figure, path)


def _missing(profile: Profile, findings: Sequence[Finding], path: Path) -> Path:
    rows = profile.part("rows", slice_=DAY).select("at", rows="n")
    nulls = profile.part("nulls", slice_=DAY)
    figure, axes = canvas(
        f"{profile.event}: missing values by day", "Share of the day's events; shaded: what was found"
    )
    for position, field in enumerate(sorted(nulls["field"].unique().to_list())):
        by_day = rows.join(
            nulls.filter(pl.col("field") == field).select("at", "n"), on="at", how="left"
        ).sort("at")
        share = (by_day["n"].fill_null(0) / by_day["rows"]).to_numpy()
        days = [_moment(day * 86_400_000) for day in by_day["at"].to_list()]
        axes.plot(days, share, label=field, lw=1.6, color=(ACCENT, *QUIETS)[position % (1 + len(QUIETS))])
    _shade(axes, [one for one in findings if one.kind == "missing"])
    axes.set_ylim(0, 1.02)
    percent(axes.yaxis)
    legend(axes, loc="upper left")
    return save(figure, path)


def _numbers(profile: Profile, before: Profile | None, field: str, path: Path) -> Path:
    middle = profile.quantiles(field, (0.5,))[0]
    figure, axes = canvas(f"{profile.event}.{field}", f"Share of values by size; median {middle:,.4g}")
    if before is not None and before.bins(field).height:
        axes.fill_between(*_density(before.bins(field)), color=PALE, label="usual", step="mid")
    axes.plot(*_density(profile.bins(field)), color=ACCENT, lw=1.4, label="now", drawstyle="steps-mid")
    bins = profile.bins(field)["bin"]
    axes.set_xscale("log" if int(bins[0]) > 0 else "symlog")
    percent(axes.yaxis)
    legend(axes, loc="upper right")
    return save(figure, path)


def _density(counts: pl.DataFrame) -> tuple[Any, Any]:
    """Return values and shares, three bins together: single ones show every price that ends in .99."""
    at = counts["bin"].to_numpy().astype(np.int64) // 3
    n = counts["n"].to_numpy() / counts["n"].sum()
    groups, where = np.unique(at, return_inverse=True)
    return value_of(groups * 3 + 1), np.bincount(where, weights=n)


def _categories(profile: Profile, before: Profile | None, field: str, path: Path) -> Path:
    top = profile.top(field)
    shares = dict(zip(top["value"].to_list(), (top["n"] / top["n"].sum()).to_list(), strict=True))
    usual: dict[str, float] = {}
    if before is not None and before.top(field).height:
        table = before.top(field)
        usual = dict(zip(table["value"].to_list(), (table["n"] / table["n"].sum()).to_list(), strict=True))
    names = sorted({*list(shares)[:_BARS], *list(usual)[:_BARS]}, key=lambda name: -shares.get(name, 0.0))
    figure, axes = canvas(f"{profile.event}.{field}", f"Share of events; {len(shares)} values")
    at = np.arange(len(names))
    if usual:
        axes.barh(at, [usual.get(name, 0.0) for name in names], color=PALE, height=0.8, label="usual")
    axes.barh(at, [shares.get(name, 0.0) for name in names], color=ACCENT, height=0.4, label="now")
    axes.set_yticks(at, names, color=GREY)
    axes.invert_yaxis()
    percent(axes.xaxis)
    legend(axes, loc="lower right")
    return save(figure, path)


def _shade(axes: Any, findings: Sequence[Finding]) -> None:
    for one in findings:
        axes.axvspan(_moment(one.since_ms), _moment(one.until_ms), color=_BROKEN, alpha=0.15, lw=0)


def _moment(milliseconds: int) -> datetime:
    return datetime.fromtimestamp(milliseconds / 1000, UTC)
