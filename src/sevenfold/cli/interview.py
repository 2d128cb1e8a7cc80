"""The interview on the terminal: columns are confirmed, questions asked; Enter leaves one open."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.interview.start import Started

__all__ = ["asked"]


def asked(terminal: Terminal, started: Started, ask: Callable[[str], str] | None = None) -> Started:
    """Ask everything that has no answer yet.

    Parameters
    ----------
    terminal
        Where questions are shown.
    started
        The design in the making; it is changed.
    ask
        Shows a prompt and gives what was typed; by default on the terminal.
    """
    from sevenfold.design.interview.questions import QUESTIONS, checked_answers
    from sevenfold.design.interview.sample import KINDS

    prompt = ask if ask is not None else terminal.console.input
    terminal.table(["column", "is probably"], list(started.sample.kinds.items()), title="Columns")
    terminal.say(f"A column can be: {', '.join(KINDS)}.")
    while typed := prompt("Correct one (COLUMN=KIND), or Enter when all are right: ").strip():
        column, _, kind = typed.partition("=")
        try:
            started.settle({column.strip(): kind.strip()})
        except UsageError as error:
            terminal.say(str(error), style="red")
    section = ""
    for question in QUESTIONS:
        if question.id in started.answers:
            continue
        if question.section != section:
            section = question.section
            terminal.say(f"\n{section.capitalize()}", style="bold")
        terminal.say(f"{question.asks}  {question.why}")
        while typed := prompt(f"  such as {question.example} (Enter: open) ").strip():
            try:
                started.answers |= checked_answers({question.id: typed})
                break
            except UsageError as error:
                terminal.say(str(error), style="red")
    return started
