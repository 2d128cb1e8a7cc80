"""``sevenfold stream``: decide what a file or a pipe holds, batch by batch."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.errors import Fault, UsageError

__all__ = ["stream"]


def stream(
    design: str,
    source: str,
    /,
    *,
    out: str = "-",
    batch: int = 10_000,
    options: Options = DEFAULTS,
) -> None:
    """Decide a stream of payments, durable batch by batch, without a server.

    A batch of lines is read, decided, made durable and written out; only then
    does the position move on. A run that was interrupted goes on from there,
    and what it meets again gets the same answer. No service may run on the same
    home meanwhile.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    source
        A file with a JSON object on each line, or - for stdin.
    out
        Where the answers go, a line each, appended; - for stdout. The position
        in the source is kept beside it, in OUT.position.
    batch
        How many lines become durable together.
    """
    from sevenfold.design.doors import doormen
    from sevenfold.design.load import load
    from sevenfold.serving.stream import LinesSink, LinesSource, Streamed, decide_stream

    terminal = options.terminal()
    if batch < 1:
        raise UsageError(
            "The stream cannot be decided like this.", [Fault("--batch", "1 or more", str(batch))]
        )
    if out == "-" and options.json:
        fault = Fault("--out", "a file, since --json has stdout", "-")
        raise UsageError("The stream cannot be decided like this.", [fault])
    loaded = load(design)
    keeps = source != "-" and out != "-"
    with ExitStack() as stack:
        lines = sys.stdin.buffer if source == "-" else stack.enter_context(Path(source).open("rb"))
        answers = sys.stdout.buffer if out == "-" else stack.enter_context(Path(out).open("ab"))
        position = Path(f"{out}.position") if keeps else None
        service = loaded.engine(home=options.home)
        stack.callback(service.close_now)
        stack.enter_context(
            terminal.keeping("What was written is decided; the same command goes on behind it.")
        )
        tick = stack.enter_context(terminal.progress("deciding", unit="events"))

        def show(done: Streamed) -> None:
            tick(done.decided + done.refused + done.conflicts, None)

        done = decide_stream(
            loaded.events[loaded.decides],
            doormen(loaded, options.home)[loaded.decides],
            service,
            LinesSource(lines, position, batch),
            LinesSink(answers, durable=out != "-"),
            show,
        )
    terminal.progress_console.print(
        f"{done.decided:,} decided, {done.refused:,} refused, {done.conflicts:,} in conflict", highlight=False
    )
    terminal.result(
        {
            "decided": done.decided,
            "refused": done.refused,
            "conflicts": done.conflicts,
            "actions": done.actions,
        }
    )
