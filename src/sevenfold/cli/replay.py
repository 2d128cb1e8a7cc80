"""``sevenfold replay``: send events to a service as its callers would."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.cli.source import events_of, sources
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.design import Design
    from sevenfold.serving.replay.client import Target
    from sevenfold.serving.replay.run import Call, Pace
    from sevenfold.serving.replay.tally import Tally

__all__ = ["replay", "send", "tell"]


def replay(
    design: str,
    source: Annotated[list[str] | None, Parameter(negative="")] = None,
    /,
    *,
    to: str = "http://127.0.0.1:8000",
    key: Annotated[str | None, Parameter(env_var="SEVENFOLD_KEY")] = None,
    rate: float = 100.0,
    limit: int | None = None,
    connections: int = 64,
    simulate: int | None = None,
    seed: int = 8,
    authority: Path | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Send events to a service at a given rate, and say what came of them.

    Open loop: each event has a moment at which it is due, and its latency
    counts from then, whatever became of those before it. Payments are decided;
    other events, such as chargebacks, are brought in. All go in the order in
    which they happened.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    source
        A folder with a file for each event, a file, or EVENT=FILE pairs.
    to
        The address of the service.
    key
        A key with the scopes decide and ingest; from the environment, others
        who list processes can't see it.
    rate
        Events a second.
    limit
        How many events to send at most, the first ones.
    connections
        How many connections to use at most.
    simulate
        How many payments of a simulated world to send, instead of a source's.
    seed
        Decides everything that is left to chance in the simulated world.
    authority
        A PEM file with the certificate authority to trust, for https.
    """
    from sevenfold.design.load import load
    from sevenfold.serving.replay.calls import calls_of
    from sevenfold.serving.replay.client import Target
    from sevenfold.serving.replay.run import Pace

    terminal = options.terminal()
    if (source is None) == (simulate is None):
        given = "both" if source else "neither"
        raise UsageError("There is nothing to send.", [Fault("SOURCE, --simulate", "one of them", given)])
    pace = Pace(rate, connections)
    pace.check()
    target = Target.of(to, key, None if authority is None else str(authority))
    loaded = load(design)
    with terminal.progress("reading", unit="events"):
        tables = _simulated(loaded, simulate, seed) if simulate is not None else _read(loaded, source or [])
        calls = calls_of(loaded.events, loaded.decides, tables)[:limit]
    if not calls:
        raise UsageError("There is nothing to send.", [Fault("SOURCE", "events", "none")])
    tally = send(terminal, calls, target, pace)
    summary = tally.summary()
    tell(terminal, summary)
    terminal.result(summary)


def send(terminal: Terminal, calls: Sequence[Call], target: Target, pace: Pace) -> Tally:
    """Replay requests, with a live view where a person looks on.

    Raises
    ------
    UsageError
        Nobody answers at the target.
    """
    import asyncio
    import signal

    from rich.live import Live

    from sevenfold.serving.replay.run import replay as run
    from sevenfold.serving.replay.tally import Tally

    tally = Tally(len(calls))
    console = terminal.progress_console

    async def work(live: Live | None) -> None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        loop.add_signal_handler(signal.SIGINT, stop.set)
        try:
            show = None if live is None else lambda: live.update(_view(tally, len(calls)))
            await run(calls, target, pace, tally, show, stop)
        finally:
            loop.remove_signal_handler(signal.SIGINT)

    if console.is_terminal:
        with Live(console=console, transient=True, auto_refresh=False) as live:
            asyncio.run(work(live))
    else:
        asyncio.run(work(None))
    return tally


def tell(terminal: Terminal, summary: Mapping[str, Any]) -> None:
    """Say what came of a replay, as its tally sums it up."""
    terminal.say(
        f"{summary['sent']:,} events sent in {summary['took_s']:.1f} s, {summary['answered']:,} answered "
        f"({summary['rate']:,.0f} a second)"
    )
    terminal.table(
        ["action", "payments", "money"],
        [(name, count, f"{summary['money'][name]:,.2f}") for name, count in summary["actions"].items()],
    )
    terminal.table(["ms since due", *summary["latency_ms"]], [["latency", *summary["latency_ms"].values()]])
    odd = {status: count for status, count in summary["statuses"].items() if status not in ("200", "202")}
    if odd or summary["lost"]:
        told = ", ".join(f"{count:,} with {status}" for status, count in odd.items())
        terminal.say(
            f"Note: not answered as wished: {told or 'none'}; lost: {summary['lost']:,}", style="yellow"
        )
    if summary["fallbacks"]:
        terminal.say(f"Note: {summary['fallbacks']:,} were decided by rules alone: the service has no model.")


def _view(tally: Tally, total: int) -> Any:
    """Draw how it goes."""
    from rich.table import Table

    summary, recent = tally.summary(), tally.percentiles_ms(recent=True)
    table = Table.grid(padding=(0, 2))
    for _ in range(2 * max(2, len(recent))):
        table.add_column(no_wrap=True)
    table.add_row("sent", f"{summary['sent']:,} of {total:,}", "answered", f"{summary['answered']:,}")
    table.add_row("rate", f"{summary['rate']:,.0f}/s", "under way", f"{tally.sent - tally.settled:,}")
    table.add_row(*(text for name, value in recent.items() for text in (name, f"{value:.2f} ms")))
    for action, count in summary["actions"].items():
        table.add_row(action, f"{count:,}", "money", f"{summary['money'][action]:,.2f}")
    return table


def _read(design: Design, words: Sequence[str]) -> dict[str, pl.DataFrame]:
    """Read files of events, as an ingest would."""
    from sevenfold.design.tables import read_tables

    with (
        tempfile.TemporaryDirectory(prefix="sevenfold-") as folder,
        events_of(design, sources(words)) as files,
    ):
        return read_tables(design.events, files, Path(folder) / "rejects.csv").tables


def _simulated(design: Design, payments: int, seed: int) -> dict[str, pl.DataFrame]:
    """Simulate a world for a moment."""
    from sevenfold.systems.fraud import world

    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        world.simulate(payments, seed, Path(folder) / "world")
        return _read(design, [str(Path(folder) / "world")])
