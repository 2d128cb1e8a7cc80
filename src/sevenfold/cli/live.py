"""The end of ``sevenfold run``: a service in a process of its own, and a replay through its front door."""

from __future__ import annotations

import subprocess
import sys
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

from sevenfold.errors import SevenfoldError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.live import Live

    Tell = Callable[[dict[str, Any]], None]

__all__ = ["replayed", "tell_caught"]

_RATE = 300.0
_PATIENCE_S = 30


class ServiceError(SevenfoldError, RuntimeError):
    """The service of a run did not start."""

    exit_code = 1


def replayed(terminal: Terminal, design: str, live: Live, tell: Tell, *, stay: bool) -> dict[str, Any]:
    """Serve a home, replay what comes in, and return the summary.

    Parameters
    ----------
    terminal
        Where a person looks on.
    design
        As it was named on the command line.
    live
        What the service starts from, and what comes in.
    tell
        Says what came of it, as soon as it did.
    stay
        Whether to leave the service running until Ctrl-C.
    """
    from sevenfold.cli.replay import send
    from sevenfold.design.doors import key_file
    from sevenfold.serving.replay.client import Target
    from sevenfold.serving.replay.run import Pace

    key, _ = key_file(live.root).create("run", ["decide", "ingest", "read"])
    with _service(design, live.root) as (process, url):
        tally = send(terminal, live.calls, Target.of(url, key), Pace(_RATE, 32))
        summary = {**tally.summary(), **live.caught(tally.actions)}
        tell(summary)
        if stay:
            terminal.say(f"The service stays at {url} until Ctrl-C. Its key: {key}", style="green")
            with suppress(KeyboardInterrupt):
                process.wait()
    return summary


@contextmanager
def _service(design: str, home: Path) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run a service; gives its process and address, and has it finish in the end."""
    words = ["serve", design, "--port", "0", "--home", str(home)]
    log = home / "serve.log"
    with (
        log.open("w") as stream,
        subprocess.Popen(  # noqa: S603  (this program itself)
            [sys.executable, "-m", "sevenfold.cli", *words], stdout=subprocess.PIPE, stderr=stream, text=True
        ) as process,
    ):
        try:
            yield process, _address(process, log)
        finally:
            process.terminate()
            try:
                process.wait(_PATIENCE_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _address(process: subprocess.Popen[str], log: Path) -> str:
    said = []
    for line in process.stdout or ():
        if line.startswith("Serving at "):
            return line.split()[2]
        said.append(line)
    raise ServiceError(f"The service did not start; {log} knows more.\n{''.join(said)}")


def tell_caught(terminal: Terminal, summary: dict[str, Any]) -> None:
    """Say what the decisions would have done about frauds that were reported later."""
    if summary["reported"]:
        terminal.say(
            f"Of {summary['reported']:,} payments that were reported as fraud later, "
            f"{summary['stopped']:,} were blocked or sent to review: "
            f"{summary['stopped_money']:,.2f} of {summary['reported_money']:,.2f}."
        )
