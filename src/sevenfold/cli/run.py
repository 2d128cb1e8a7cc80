"""``sevenfold run``: everything once, from events to scores."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.cli.source import events_of, sources
from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal, Tick
    from sevenfold.design.design import Design
    from sevenfold.design.live import Live
    from sevenfold.design.run import Run, Simulation
    from sevenfold.design.steps import Done

__all__ = ["run"]

_PAYMENTS, _SEED, _NEWEST = 500_000, 7, 3_000

_WORLD = ("Payment", "Decline", "Refund", "Chargeback")
"""The events that the simulated world has."""


def run(
    design: str = "fraud",
    /,
    *,
    payments: int | None = None,
    seed: int | None = None,
    events: Annotated[list[str] | None, Parameter(negative="", consume_multiple=True)] = None,
    replay: int | None = None,
    serve: Annotated[bool, Parameter(negative="")] = False,
    options: Options = DEFAULTS,
) -> None:
    """Do everything once: events, features, a trained model, scores, decisions.

    A step that is done is recognised and skipped, so that an interrupted run
    goes on where it stopped.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    payments
        How many payments to simulate; by default 500,000.
    seed
        Decides everything that is left to chance in the simulated world; by
        default 7.
    events
        Events of your own, instead of a simulated world: a folder with a file
        for each event, a file, or EVENT=FILE pairs.
    replay
        How many of the newest payments come in over HTTP in the end, to a
        service that has not seen them; by default 3,000, and 0 for none.
    serve
        Leave that service running until Ctrl-C.
    """
    from sevenfold.design.load import load
    from sevenfold.design.run import Run
    from sevenfold.design.workspace import Workspace

    terminal = options.terminal()
    replay = _NEWEST if replay is None else replay
    if replay < 0 or (serve and not replay):
        raise UsageError(
            "The run cannot end like this.",
            [Fault("--replay", "1 or more, or 0 without --serve", str(replay))],
        )
    ending = _Ending(design, replay, serve)
    if events and not (payments is None and seed is None):
        fault = Fault(
            "--payments, --seed", "nothing, since --events names what is there", "a world to simulate"
        )
        raise UsageError("Events are simulated or brought in, not both.", [fault])
    workspace = Workspace(load(design), options.home)
    if events:
        named = sources(events)
        with events_of(workspace.design, named) as files:
            _do(terminal, Run(workspace, files, named), ending)
    else:
        payments, seed = _PAYMENTS if payments is None else payments, _SEED if seed is None else seed
        _do(terminal, Run(workspace, _simulation(workspace.design, payments, seed)), ending)


class _Ending(NamedTuple):
    """How a run ends: the design as it was named, how many payments come in, whether the service stays."""

    design: str
    newest: int
    stay: bool


def _do(terminal: Terminal, job: Run, ending: _Ending) -> None:
    """Do the steps, one line each, and say what came of them."""
    from sevenfold.cli.figures import tell_metrics, tell_notes

    begun = time.perf_counter()
    done: dict[str, Done] = {}
    seconds: dict[str, float] = {}
    kept = f"Steps that are done are kept in {job.folder}; the same command goes on from there."
    with terminal.keeping(kept):
        for name, step in job.steps.items():
            started = time.perf_counter()
            with terminal.progress(name) as tick:
                done[name] = step(tick)
            seconds[name] = round(time.perf_counter() - started, 2)
            took = "done before" if done[name].again else f"{seconds[name]:.1f} s"
            terminal.say(f"✓ {name:<9} {_told(name, done[name].result)} ({took})", style="green")
    trained = done["train"].result
    learning = job.workspace.design.learning
    tell_metrics(terminal, trained["metrics"], trained["candidate"], learning.entity, learning.folds.folds)
    tell_notes(terminal, trained["notes"])
    terminal.table(
        ["what", "where"],
        [
            ("features", job.features),
            ("model", job.workspace.home.bundles / trained["bundle"]),
            ("scores", job.scores),
            ("report", trained["report"]),
            *((Path(plot).stem.replace("_", " "), plot) for plot in trained["plots"]),
        ],
    )
    if ending.newest:
        with terminal.keeping(kept):
            started = time.perf_counter()
            done["replay"] = _replay(terminal, job, ending)
            seconds["replay"] = round(time.perf_counter() - started, 2)
    total = time.perf_counter() - begun
    terminal.say(f"Done in {total:.0f} s. Next: docs/getting-started.md")
    terminal.result(
        {
            "folder": job.folder,
            "seconds": round(total, 1),
            "steps": {
                name: {"seconds": seconds[name], "again": step.again, **_plain(step.result)}
                for name, step in done.items()
            },
        }
    )


def _replay(terminal: Terminal, job: Run, ending: _Ending) -> Done:
    """Have the newest payments come in over HTTP, and say what was done about them."""
    from sevenfold.cli.live import replayed, tell_caught
    from sevenfold.cli.replay import tell

    def say(summary: dict[str, Any]) -> None:
        tell(terminal, summary)
        tell_caught(terminal, summary)

    def send(live: Live) -> dict[str, Any]:
        bar.close()  # a view of another kind takes its place
        terminal.say(f"Serving {ending.design} over HTTP; its newest {len(live.calls):,} events come in …")
        return replayed(terminal, ending.design, live, say, stay=ending.stay)

    with ExitStack() as bar:
        tick = bar.enter_context(terminal.progress("replay"))
        done = job.replay(ending.newest, send, tick, anew=ending.stay)
    if done.again:
        say(done.result)
    return done


def _told(name: str, result: dict[str, Any]) -> str:
    """Say in a few words what a step made."""
    if name == "simulate":
        return f"{result['payments']:,} payments, {result['frauds']:,} of them fraud"
    if name == "ingest":
        refused = f", {result['rejected']:,} rows refused" if result["rejected"] else ""
        broken = "".join(f"\n  ! {sentence}" for sentence in result.get("quality", ()))
        return f"{result['events']:,} events in the log{refused}{broken}"
    if name == "backfill":
        return f"{result['features']} features of {result['rows']:,} events"
    if name == "train":
        return (
            f"{result['candidate']}, from {result['rows']:,} events, {result['positives']:,} of them positive"
        )
    return f"{result['rows']:,} events"


def _plain(result: dict[str, Any]) -> dict[str, Any]:
    """Leave out of a step's result what is long and stands in its files."""
    return {name: value for name, value in result.items() if name not in ("sources", "refused")}


def _simulation(design: Design, payments: int, seed: int) -> Simulation:
    """Say how to simulate events for a design.

    Raises
    ------
    UsageError
        It has events that the simulated world doesn't.
    """
    from sevenfold.design.run import Simulation
    from sevenfold.systems.fraud import world

    foreign = [name for name in design.events if name not in _WORLD]
    if foreign:
        hint = "Name its events' files: --events FOLDER"
        faults = [Fault(name, f"one of {', '.join(_WORLD)}", "another event", hint) for name in foreign]
        raise UsageError(f"There is no simulated world for the design {design.name}.", faults)
    world.Plan(payments, seed)  # refuses at once what can't be simulated

    def make(folder: Path, tick: Tick) -> dict[str, Any]:
        report = world.simulate(
            payments,
            seed,
            folder,
            progress=lambda done, total: tick(done, total, "simulate", "payments"),
        )
        return {"payments": report.payments, "frauds": report.frauds, "chargebacks": report.chargebacks}

    return Simulation({"payments": payments, "seed": seed}, make)
