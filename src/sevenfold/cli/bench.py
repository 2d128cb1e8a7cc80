"""``sevenfold bench``: measure on this machine what the documentation claims."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.errors import Fault, UsageError

__all__ = ["bench"]


def bench(
    what: Literal["features", "inference", "rules", "serving", "http", "active", "loop", "drift"],
    /,
    *,
    rows: int = 2_000_000,
    rounds: int = 5,
    calls: int = 5_000,
    seconds: float = 10.0,
    soak: float = 0.0,
    stack: bool = True,
    seeds: int = 20,
    days: int = 90,
    out: Path | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Measure a part of the system beside what a user would take instead.

    "features": sixty features of a table (four entities, five windows, three
    aggregates) beside Polars and DuckDB, with even and with skewed keys, and
    one event at a time beside one GET of a Redis server, which is started for
    it where redis-server is installed. Needs the extra [bench].

    "inference": a score and its reasons, one row and a table (a twentieth of
    --rows), by the flat form, ONNX Runtime and the libraries. Needs the extra
    [learn].

    "rules": a thousand live rules beside one inference and an engine of the
    Common Expression Language, and a backtest of a hundred rules over half of
    --rows decisions. Needs the extras [learn] and [bench].

    "serving": durable decisions in one process, one at a time and under
    clients, by stage; the batch door; snapshots; starts over a log of --rows
    payments. Needs the extra [learn].

    "http": the service with keys and durability on, beside an empty handler on
    the same server, and beside Feast, FastAPI and XGBoost, which are installed
    for it where redis-server is; with a model of a tenth of --rows payments.
    Needs the program wrk.

    "active": how good a model gets with how many labels, asked for at random or
    by what they teach: batch by batch up to --calls of them, on a fiftieth of
    --rows events of the simulator and of the Handbook's table, which
    SEVENFOLD_HANDBOOK names; --rounds seeds. Needs the extra [learn].

    "loop": a simulated world of --rows payments a thousand days, decided
    for --days with the loop at work and with a frozen model; in their middle
    a new pattern of fraud begins. Needs the extras [learn] and [monitor].

    "drift": simulated worlds of a tenth of --rows payments, for each seed a
    quiet one and one for each kind of change: false alarms, days until a change
    is noticed, fraud missed until then. A run that was stopped goes on. Needs
    the extras [learn] and [monitor].

    Parameters
    ----------
    what
        What to measure.
    rows
        Events of a table.
    rounds
        Times that each is measured, in turn; medians count.
    calls
        Events a round, one at a time; slow calls a fiftieth of that.
    seconds
        How long each load over HTTP takes.
    soak
        Minutes of a load over HTTP at half of what the service can do.
    stack
        Whether to measure Feast, FastAPI and XGBoost, too.
    days
        How many days the loop is on its own.
    seeds
        Worlds of each kind that drift is measured on.
    out
        A Markdown file to write the figures to.
    """
    if what == "inference":
        from sevenfold.cli.bench_inference import bench_inference

        bench_inference(rows, rounds, calls, out, options)
        return
    if what == "rules":
        from sevenfold.cli.bench_rules import bench_rules

        bench_rules(rows, rounds, calls, out, options)
        return
    if what == "serving":
        from sevenfold.cli.bench_serving import bench_serving

        bench_serving(rows, calls, out, options)
        return
    if what == "active":
        from sevenfold.cli.bench_active import bench_active

        bench_active(rows // 50, rounds, calls, out, options)
        return
    if what == "loop":
        from sevenfold.cli.bench_loop import bench_loop

        bench_loop(rows // 1_000, days, out, options)
        return
    if what == "drift":
        from sevenfold.cli.bench_drift import bench_drift

        bench_drift(rows // 10, seeds, out, options)
        return
    if what == "http":
        from sevenfold.cli.bench_http import bench_http

        terminal = options.terminal()
        measured = bench_http(
            terminal, payments=rows // 10, rounds=rounds, seconds=seconds, soak_minutes=soak, stack=stack
        )
        terminal.result(measured)
        return
    from sevenfold.features.bench.online import compare_online
    from sevenfold.features.bench.report import markdown, ratios
    from sevenfold.features.bench.tables import compare_tables

    least = (("--rows", rows, 1_000), ("--rounds", rounds, 1), ("--calls", calls, 100))
    faults = [
        Fault(name, f"at least {lowest:,}", f"{given:,}") for name, given, lowest in least if given < lowest
    ]
    if faults:
        raise UsageError("This cannot be measured.", faults)
    terminal = options.terminal()

    def tell(text: str) -> None:
        terminal.progress_console.print(text, style="dim")

    with terminal.keeping("Nothing was written; the same command measures anew."):
        timings = compare_tables(rows, rounds, ("uniform", "zipf"), tell)
        online = compare_online(rows // 10, calls, rounds, "zipf", tell)
    terminal.table(
        ["keys", "events", "by", "median s", "events/s"],
        [(one.skew, one.rows, one.name, round(one.median, 3), round(one.rate)) for one in timings],
        title="Sixty features of a table",
    )
    calls_made = [online.observe, online.read] + ([online.get] if online.get is not None else [])
    terminal.table(
        ["call", "median µs", "p99 µs"],
        [(one.name, round(one.median, 1), round(one.p99, 1)) for one in calls_made],
        title="One event",
    )
    terminal.say(str(online.stats))
    if out is not None:
        out.write_text(markdown(timings, online))
        terminal.say(f"Written to {out}")
    terminal.result(
        {
            "ratios": ratios(timings),
            "rate": {f"{one.name}, {one.skew}, {one.rows}": one.rate for one in timings},
            "online_us": {one.name: {"median": one.median, "p99": one.p99} for one in calls_made},
        }
    )
