"""``sevenfold backfill``: the features of every event of the log, or of files."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.cli.source import events_of, sources

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.design.tables import FileTables

__all__ = ["backfill"]


def backfill(
    design: str,
    source: Annotated[list[str] | None, Parameter(negative="")] = None,
    /,
    *,
    out: Path,
    options: Options = DEFAULTS,
) -> None:
    """Compute the features of every event that is decided.

    Each row gets what was known at that moment, and nothing later: the same
    numbers, bit for bit, that a running engine would have had.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    source
        A folder with a file for each event, a file, or EVENT=FILE pairs, merged
        in the order of time; by default the log, in its own order.
    out
        Where the features go: .parquet, .csv or .jsonl.
    """
    from sevenfold.data.durable import replacing
    from sevenfold.design.load import load
    from sevenfold.design.scoring import writer
    from sevenfold.design.tables import read_tables
    from sevenfold.design.workspace import Workspace

    terminal = options.terminal()
    write = writer(out)
    workspace = Workspace(load(design), options.home)
    rejected, rejects = 0, workspace.home.rejects / "backfill.csv"
    with (
        terminal.keeping(f"{out} is as it was before."),
        terminal.progress("reading", unit="events") as tick,
    ):
        if source is None:
            tables = workspace.history(lambda done, total: tick(done, total, "laying the lake"))
        else:
            with events_of(workspace.design, sources(source)) as files:
                read = read_tables(
                    workspace.design.events,
                    files,
                    rejects,
                    progress=lambda done, total: tick(done, total, "reading", "bytes"),
                )
            tables, rejected = read.tables, read.rejected
            for note in (*read.notes, *_oddities(read, rejects)):
                terminal.say(f"Note: {note}.")
        features = workspace.features(tables, lambda done, total: tick(done, total, "features"))
        with replacing(out) as unfinished:
            write(features.lazy(), unfinished)
    terminal.say(f"{features.height:,} rows of {features.width - 1} features written to {out}")
    terminal.result(
        {"out": out, "rows": features.height, "features": features.columns[1:], "rejected": rejected}
    )


def _oddities(read: FileTables, rejects: Path) -> Iterator[str]:
    if read.rejected:
        yield f"{read.rejected:,} of {read.rows:,} rows were refused; {rejects} says why"
    if read.duplicates:
        yield f"{read.duplicates:,} rows repeat a key and were left out"
