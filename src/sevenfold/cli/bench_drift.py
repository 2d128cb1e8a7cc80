"""``sevenfold bench drift``: what is noticed when the world changes, and what is said when it does not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from sevenfold.cli.options import Options

__all__ = ["bench_drift"]


def bench_drift(payments: int, seeds: int, out: Path | None, options: Options) -> None:
    """Measure, show and write down; a run that was stopped goes on where it stood."""
    from sevenfold.systems.fraud.drift import Outcome, Summary, draw, drift_markdown, measure, orders

    least = (("--rows", payments, 20_000), ("--seeds", seeds, 1))
    faults = [Fault(name, f"at least {low:,}", f"{given:,}") for name, given, low in least if given < low]
    if faults:
        raise UsageError("This cannot be measured.", faults)
    terminal = options.terminal()
    wanted = orders(seeds, payments)
    notes = options.home / "bench" / "drift.jsonl" if out is None else out.with_suffix(".jsonl")
    notes.parent.mkdir(parents=True, exist_ok=True)
    done = {}
    if notes.exists():
        known = [Outcome.from_json(json.loads(line)) for line in notes.read_text().splitlines()]
        done = {one.key: one for one in known}
    keep = f"What was measured is in {notes}; the same command goes on from there."
    with terminal.keeping(keep), terminal.progress("worlds", len(wanted), unit="worlds") as tick:
        for number, order in enumerate(wanted):
            if order.key not in done:
                done[order.key] = measure(order)
                with notes.open("a") as file:
                    file.write(json.dumps(done[order.key].to_json()) + "\n")
            tick(number + 1, len(wanted), str(order.turn or f"quiet, seed {order.seed}"))
    outcomes = [done[order.key] for order in wanted]
    summary = Summary.of(outcomes)
    terminal.table(
        ["change", "worlds", "noticed", "median days", "median fraud missed"],
        summary.rows(),
        title=f"{summary.alarms_per_30_days:.2f} false alarms in 30 quiet days; "
        f"{summary.count_us:.1f} µs for each decision, {summary.event_us:.1f} µs with all days judged",
    )
    if out is not None:
        out.write_text(drift_markdown(outcomes))
        draw(outcomes, out.with_suffix(".png"))
        terminal.say(f"Written to {out} and {out.with_suffix('.png')}")
    terminal.result(summary.to_json())
