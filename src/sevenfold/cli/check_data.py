"""``sevenfold check-data``: what files of events are like, and whether that is as expected."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.cli.source import events_of, pairs, sources

if TYPE_CHECKING:
    from sevenfold.cli.terminal import Terminal
    from sevenfold.data.inspection import QualityReport

__all__ = ["check_data"]


def check_data(
    design: str,
    source: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    event: str | None = None,
    columns: Annotated[list[str] | None, Parameter(name="--map", negative="")] = None,
    suggest: Annotated[bool, Parameter(negative="")] = False,
    plots: Path | None = None,
    accept: Annotated[list[str] | None, Parameter(negative="")] = None,
    options: Options = DEFAULTS,
) -> None:
    """Look at files of events before they come in, and change nothing.

    Holds them against what the design expects, against their own earlier days
    and against what earlier ingests were like. Exits with 0 where all is well
    and with 1 where an expectation or a field is broken.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    source
        A folder with a file for each event, a file, or EVENT=FILE pairs.
    event
        What the rows of a single file are, where its name does not say so.
    columns
        FIELD=COLUMN, for a field that a column of another name holds; again for
        each such field. With several files, EVENT.FIELD=COLUMN.
    suggest
        Print expectations that the files meet, as Python to paste into the design.
    plots
        A folder to draw every field in, over time and beside what is usual.
    accept
        EVENT.FIELD of which a finding of an earlier ingest is how things are from
        now on; again for each. EVENT alone accepts how many events come.
    """
    from sevenfold.cli.quality import tell_fields, tell_quality, told
    from sevenfold.data.expectation_suggest import suggested
    from sevenfold.data.profile_store import ProfileStore
    from sevenfold.design.check_data import look_at
    from sevenfold.design.load import load
    from sevenfold.design.workspace import Workspace

    terminal = options.terminal()
    mapping = {field: str(column) for field, column in pairs(columns or (), "--map", "FIELD=COLUMN").items()}
    workspace = Workspace(load(design), options.home)
    for where in accept or ():
        ingests = ProfileStore(workspace.home.profiles).accept(where)
        terminal.say(
            f"{where}: what {ingests} {'ingest' if ingests == 1 else 'ingests'} brought is usual now"
        )
    with (
        terminal.keeping("Nothing was changed."),
        terminal.progress("looking", unit="bytes") as tick,
        events_of(workspace.design, sources(source)) as files,
    ):
        report = look_at(workspace, files, event=event, mapping=mapping, progress=tick)
    python = suggested(workspace.design.events, report.profiles, report.personal) if suggest else None
    if python is None:
        tell_fields(terminal, report)
        tell_quality(terminal, report, everything=True)
    else:
        terminal.say(python.rstrip())
    drawn = _drawn(terminal, workspace.home.profiles, report, plots)
    terminal.result(told(report) | {"suggested": python, "plots": drawn})
    if report.broken and not suggest:
        raise SystemExit(1)


def _drawn(terminal: Terminal, profiles: Path, report: QualityReport, folder: Path | None) -> list[Path]:
    if folder is None:
        return []
    from sevenfold.data.profile_store import ProfileStore
    from sevenfold.design.data_plots import draw_quality

    drawn = draw_quality(report, ProfileStore(profiles).usual, folder)
    terminal.say(f"Drawn: {len(drawn)} pictures in {folder}")
    return drawn
