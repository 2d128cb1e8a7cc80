"""``sevenfold rollout``: which models decide, and how that came about."""

from __future__ import annotations

from datetime import UTC, datetime

from sevenfold.cli.options import DEFAULTS, Options

__all__ = ["rollout"]


def rollout(design: str, /, *, options: Options = DEFAULTS) -> None:
    """Show which models decide, which is on trial, and every change so far.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    """
    from sevenfold.design.load import load
    from sevenfold.design.rollout import RolloutDesk

    desk, terminal = RolloutDesk(load(design), options.home), options.terminal()
    standing, found = desk.standing(), desk.status()
    terminal.say(f"Champion: {standing.champion() or 'none; rules alone decide'}")
    for segment, bundle in sorted(standing.segments.items()):
        terminal.say(f"Champion for {segment}: {bundle}")
    if (trial := standing.trial) is not None:
        share = f", {trial.share:.0%} of entities" if trial.share else ""
        terminal.say(f"Challenger: {trial.bundle} in {trial.stage}{share} since {_when(trial.since_ms)}")
    terminal.table(
        ["change", "when", "action", "bundle", "segment", "who", "why"],
        [
            (c.number, _when(c.at_ms), c.action, c.bundle or "", c.segment, c.who, c.why)
            for c in standing.changes
        ],
    )
    terminal.result(found)


def _when(moment: int) -> str:
    return datetime.fromtimestamp(moment / 1000, tz=UTC).isoformat(sep=" ", timespec="minutes")[:16]
