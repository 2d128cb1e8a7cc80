"""``sevenfold ingest``: files of events into the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.cli.quality import tell_quality, told
from sevenfold.cli.source import Events, events_of, pairs, sources
from sevenfold.errors import DataError, Fault

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.cli.terminal import Terminal, Tick
    from sevenfold.data.ingest import IngestReport, Progress

__all__ = ["ingest", "tell_ingest"]

_KEPT = "What was logged is kept; the same command goes on, and adds nothing twice."


def ingest(
    design: str,
    source: Annotated[list[str], Parameter(negative="")],
    /,
    *,
    event: str | None = None,
    columns: Annotated[list[str] | None, Parameter(name="--map", negative="")] = None,
    rejects: Path | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Bring files of events into the log.

    Reads CSV, JSON Lines and Parquet in bounded memory. What is refused goes to
    a file, with the reasons; a second run of the same files adds nothing.

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
    rejects
        Where to write what was refused; by default below the home folder.
    """
    from sevenfold.design.load import load
    from sevenfold.design.workspace import Workspace

    terminal = options.terminal()
    what = sources(source)
    mapping = {field: str(column) for field, column in pairs(columns or (), "--map", "FIELD=COLUMN").items()}
    workspace = Workspace(load(design), options.home)
    with (
        terminal.keeping(_KEPT),
        terminal.progress("reading", unit="bytes") as tick,
        events_of(workspace.design, what) as files,
    ):
        report = workspace.ingest(
            files,
            rejects or workspace.home.rejects / f"{_name(what)}.csv",
            event=event,
            mapping=mapping,
            progress=_ticking(tick),
        )
    tell_ingest(terminal, report)
    terminal.result(
        {
            "rows": report.rows,
            "new": report.new,
            "duplicates": report.duplicates,
            "rejected": report.rejected,
            "refused": report.refused,
            "rejects": report.rejects_path,
            "sources": report.sources,
            "notes": report.notes,
            "quality": {} if report.quality is None else told(report.quality),
        }
    )


def _ticking(tick: Tick) -> Callable[[Progress], None]:
    """Show an ingest's progress on a bar: bytes while it reads, events while it logs."""

    def show(progress: Progress) -> None:
        unit = "bytes" if progress.stage == "reading" else "events"
        tick(progress.done, progress.total, progress.stage, unit)

    return show


def tell_ingest(terminal: Terminal, report: IngestReport) -> None:
    """Say what became of the rows.

    Raises
    ------
    DataError
        If every row was refused: then the files are not what was meant.
    """
    terminal.table(
        ["rows", "new", "known already", "refused"],
        [(report.rows, report.new, report.duplicates, report.rejected)],
    )
    if report.refused:
        terminal.table(["refused in", "values"], list(report.refused.items()))
        terminal.say(f"Why, row by row: {report.rejects_path}")
    for note in report.notes:
        terminal.say(f"Note: {note}.")
    if report.quality is not None:
        tell_quality(terminal, report.quality)
    if report.rejected and report.rejected == report.rows:
        refused = report.refused.items()
        faults = [Fault(field, "values that fit", f"{count:,} that do not") for field, count in refused]
        raise DataError(f"Every row was refused; {report.rejects_path} says why.", faults)


def _name(what: Events) -> str:
    """Name the rejects file of some sources."""
    return Path(what).stem if isinstance(what, (str, Path)) else "-".join(what)
