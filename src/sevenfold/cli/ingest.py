"""``sevenfold ingest``: files of events into the log."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.errors import DataError, Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.cli.terminal import Terminal, Tick
    from sevenfold.data.ingest import IngestReport, Progress

__all__ = ["ingest", "sources", "tell_ingest", "ticking"]

KEPT = "What was logged is kept; the same command goes on, and adds nothing twice."


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
    from sevenfold.data import ingest as room
    from sevenfold.design.home import Home
    from sevenfold.design.load import load

    terminal = options.terminal()
    what = sources(source)
    mapping = _pairs(columns or (), "--map", "FIELD=COLUMN")
    loaded = load(design)
    home = Home(options.home, loaded.name)
    rejects = rejects or home.rejects / f"{_name(what)}.csv"
    with terminal.keeping(KEPT), terminal.progress("reading", unit="bytes") as tick, home.open_log() as log:
        report = room.ingest(
            loaded.events,
            what,
            log,
            rejects_path=rejects,
            event=event,
            mapping=mapping,
            progress=ticking(tick),
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
        }
    )


def sources(words: Sequence[str]) -> str | dict[str, str]:
    """Read SOURCE: one file or folder, or EVENT=FILE pairs.

    >>> sources(["world/"])
    'world/'
    >>> sources(["Payment=p.csv", "Chargeback=c.csv"])
    {'Payment': 'p.csv', 'Chargeback': 'c.csv'}

    Raises
    ------
    UsageError
        If there are several words and some are no pair.
    """
    if len(words) == 1 and ("=" not in words[0] or Path(words[0]).exists()):
        return words[0]
    return _pairs(words, "SOURCE", "one file or folder, or EVENT=FILE pairs")


def ticking(tick: Tick) -> Callable[[Progress], None]:
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
    if report.rejected and report.rejected == report.rows:
        raise DataError(
            "Every row was refused.",
            [
                Fault(field, "values that fit", f"{count:,} that do not")
                for field, count in report.refused.items()
            ],
        )


def _pairs(words: Sequence[str], where: str, expected: str) -> dict[str, str]:
    faults = [Fault(where, expected, repr(word)) for word in words if "=" not in word]
    if faults:
        raise UsageError("The command cannot be read.", faults)
    pairs = [word.split("=", 1) for word in words]
    names = [name for name, _ in pairs]
    twice = [Fault(where, "each name once", f"{name} twice") for name in set(names) if names.count(name) > 1]
    if twice:
        raise UsageError("The command cannot be read.", twice)
    return dict(map(tuple, pairs))  # type: ignore[arg-type]


def _name(what: str | dict[str, str]) -> str:
    """Name the rejects file of some sources."""
    return Path(what).stem if isinstance(what, str) else "-".join(what)
