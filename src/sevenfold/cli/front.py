"""The list of commands, and the way in and out of each of them."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Sequence
from types import FrameType
from typing import NoReturn

from cyclopts import App

from sevenfold._version import __version__
from sevenfold.cli.failures import Failure, Terminated, explain
from sevenfold.cli.options import SWITCHES, VALUED
from sevenfold.cli.terminal import console, json_line

__all__ = ["COMMANDS", "app", "main", "run"]

_TOUR = """A design you can run: real-time decisions from one Python file.

Start with "sevenfold run fraud": it does everything once, on a world that it simulates.
"""

COMMANDS = {
    "run": "Do everything once: events, features, a trained model, scores, decisions.",
    "simulate": "Make a world of card payments, with thieves in it.",
    "design": "Ask for a design, check it with arithmetic, explain it and write its document.",
    "check-data": "Look at files of events before they come in, and change nothing.",
    "ingest": "Bring files of events into the log.",
    "backfill": "Compute the features of every event that is decided.",
    "train": "Train a model on what the log holds, and keep it as a bundle.",
    "evaluate": "Train and test every candidate on folds in time, and keep nothing.",
    "compare": "Compare candidates and features where the truth is known.",
    "score": "Score events with a trained model, in bounded memory.",
    "retrain": "Train a challenger on the newest of the log, and compare it with the champion.",
    "promote": "Make a bundle the champion, or put it on trial, while the service runs.",
    "rollback": "Bring back the champion before this one, or end a challenger's trial.",
    "rollout": "Show which models decide, which is on trial, and every change so far.",
    "serve": "Decide payments over HTTP, until Ctrl-C; what was accepted is then finished.",
    "stream": "Decide a stream of payments, durable batch by batch, without a server.",
    "replay": "Send events to a service at a given rate, and say what came of them.",
    "keys": "Make, list, rotate and revoke the keys of the service, which notices within a second.",
    "rules": "Write rules in the feature language, test them on history, and have them decide.",
    "lists": "Keep lists of entities: denied, allowed and watched, each with its reason and expiry.",
    "review": "Work on cases: look at them, say what was found, and see how far people agree.",
    "monitor": "Read the log as it grows, find what has changed, and tell of it, until Ctrl-C.",
    "alerts": "Look at what the monitor found, acknowledge it, silence what is known.",
    "attend": "Watch, ask for labels, retrain and roll out as declared, until Ctrl-C.",
    "bench": "Measure a part of the system beside what a user would take instead.",
}
"""In the order of the tour, each with the first sentence of its help."""


def _commands(sentences: dict[str, str | None]) -> App:
    """Register commands; a module is imported when its command is called, or listed without a sentence."""
    commands = App(
        name="sevenfold",
        help=_TOUR,
        help_format="plaintext",  # half as long to start as "markdown"
        version=f"sevenfold {__version__}",
        print_error=False,
        exit_on_error=False,
        suppress_keyboard_interrupt=False,
        result_action="return_value",
    )
    for order, (name, sentence) in enumerate(sentences.items()):
        module = name.replace("-", "_")
        commands.command(f"sevenfold.cli.{module}:{module}", name=name, sort_key=order, help=sentence)
    return commands


app = _commands(dict.fromkeys(COMMANDS))
"""All commands."""


def main(tokens: Sequence[str] | None = None) -> NoReturn:
    """Run one command and exit.

    Parameters
    ----------
    tokens
        The words after ``sevenfold``; by default those of this process.
    """
    signal.signal(signal.SIGTERM, _terminate)
    code = run(sys.argv[1:] if tokens is None else tokens)
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        code = _reader_is_gone()
    sys.exit(code)


def run(tokens: Sequence[str], commands: App = app) -> int:
    """Run one command; errors are told on stderr, and on stdout too under ``--json``.

    Parameters
    ----------
    tokens
        The words after ``sevenfold``.
    commands
        What the first word is looked up in.

    Returns
    -------
    The exit code, see `sevenfold.cli.failures`.
    """
    words = common_options_last(tokens)
    try:
        if commands is app and (not words or words[0].startswith("-")):
            commands = _commands({**COMMANDS})  # it only lists them, and must not take a second
        commands(words, console=console(stderr=False))
    except BrokenPipeError:
        return _reader_is_gone()
    except SystemExit as exit_:
        return exit_.code if isinstance(exit_.code, int) else 0
    except BaseException as error:  # noqa: BLE001  (the last place that can explain it; nothing is swallowed)
        if "--debug" in words:
            console(stderr=True).print_exception()
        known = [name for name in words[:1] if not name.startswith("-") and name in list(commands)]
        failure = explain(error, " ".join(["sevenfold", *known]))
        _tell(failure, as_json="--json" in words)
        return failure.exit_code
    return 0


def common_options_last(tokens: Sequence[str]) -> list[str]:
    """Let the options of every command stand before its name, too.

    >>> common_options_last(["--home", "here", "--json", "train", "fraud"])
    ['train', 'fraud', '--home', 'here', '--json']
    """
    rest, moved = list(tokens), list[str]()
    while rest:
        if rest[0] in SWITCHES or (rest[0].partition("=")[0] in VALUED and "=" in rest[0]):
            moved.append(rest.pop(0))
        elif rest[0] in VALUED and len(rest) > 1:
            moved += [rest.pop(0), rest.pop(0)]
        else:
            break
    end = rest.index("--") if "--" in rest else len(rest)
    return rest[:end] + moved + rest[end:]


def _tell(failure: Failure, *, as_json: bool) -> None:
    stderr = console(stderr=True)
    stderr.print(failure.text, style="red", markup=False, highlight=False, soft_wrap=True)
    if as_json:
        faults = [
            {"where": f.where, "expected": f.expected, "got": f.got, "hint": f.hint} for f in failure.faults
        ]
        line = {"error": failure.text.partition("\n")[0], "faults": faults, "exit_code": failure.exit_code}
        print(json_line(line))  # noqa: T201


def _reader_is_gone() -> int:
    """``sevenfold … | head``: end quietly, and keep the interpreter's last flush from complaining."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 128 + signal.SIGPIPE


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    raise Terminated
