"""``sevenfold score``: scores for many events at once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.cli.source import events_of, sources

__all__ = ["score"]


def score(
    design: str,
    source: Annotated[list[str] | None, Parameter(negative="")] = None,
    /,
    *,
    out: Path,
    bundle: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Score events with a trained model, in bounded memory.

    What the log knows is scored at its place in the log, with the features it
    had then; what it does not know is scored as if it came next. Nothing enters
    the log.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    source
        A folder with a file for each event, a file, or EVENT=FILE pairs; by
        default every event of the log that is decided.
    out
        Where the scores go: .parquet, .csv or .jsonl.
    bundle
        The id of a bundle, or its folder; by default the one trained last.
    """
    from sevenfold.design import scoring
    from sevenfold.design.load import load
    from sevenfold.design.workspace import Workspace

    terminal = options.terminal()
    workspace = Workspace(load(design), options.home)
    model = workspace.bundle(bundle)
    with (
        terminal.keeping(f"{out} is as it was before."),
        terminal.progress("scoring", unit="events") as tick,
    ):
        if source is None:
            report = scoring.score(workspace, model, out, progress=lambda done, total: tick(done, total))
        else:
            with events_of(workspace.design, sources(source)) as files:
                report = scoring.score(
                    workspace, model, out, files, progress=lambda done, total: tick(done, total)
                )
    terminal.say(f"{report.rows:,} scores by model {report.bundle} written to {out}")
    if report.trained_on:
        terminal.say(f"Note: the model learned from {report.trained_on:,} of them; `trained_on` marks them.")
    read = report.read
    if read is not None and read.rejected:
        terminal.say(f"Note: {read.rejected:,} rows were refused; {read.rejects_path} says why.")
    terminal.result(
        {
            "out": out,
            "rows": report.rows,
            "known": report.known,
            "trained_on": report.trained_on,
            "bundle": report.bundle,
            "rejected": read.rejected if read is not None else 0,
        }
    )
