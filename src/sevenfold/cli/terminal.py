"""How a command speaks: text and tables for people, one JSON line for scripts, progress on stderr."""

from __future__ import annotations

import json
import math
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from rich.console import Console

__all__ = ["Interrupted", "Terminal", "Tick", "console", "json_line"]

_PLAIN_WIDTH = 110
"""Columns of a table that goes into a file or a pipe, where there is no window to fit."""


class Tick(Protocol):
    """Says how far a step has come."""

    def __call__(self, done: float, total: float | None, label: str = ..., unit: str = ...) -> None:
        """Show so many units done, of so many where that is known, and what is being done and counted."""
        ...


class Interrupted(KeyboardInterrupt):
    """Ctrl-C in a command that knows what is kept.

    Parameters
    ----------
    kept
        One or two sentences: what is safe, and how to go on.
    """

    def __init__(self, kept: str) -> None:
        self.kept = kept
        super().__init__(kept)


class Terminal:
    """Where a command's words go.

    Parameters
    ----------
    json
        Whether stdout is for a script: then people's text goes to stderr and `result` prints one JSON line.
    """

    def __init__(self, *, json: bool = False) -> None:
        self.json = json
        self.progress_console = console(stderr=True)
        self.console = self.progress_console if json else console(stderr=False)

    def say(self, text: str = "", *, style: str = "") -> None:
        """Print a line for people, as it is: brackets in names and paths are no markup."""
        self.console.print(text, style=style or None, markup=False, highlight=False, soft_wrap=True)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[object]], *, title: str = "") -> None:
        """Print a table; columns that hold only numbers are right-aligned."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        texts = [[_cell(value) for value in row] for row in rows]
        numeric = [all(_is_number(row[i]) for row in texts) for i in range(len(columns))]
        table = Table(
            title=Text(title) if title else None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False
        )
        for name, right in zip(columns, numeric, strict=True):
            table.add_column(name, justify="right" if right else "left", overflow="fold")
        for row in texts:
            table.add_row(*map(Text, row))
        self.console.print(table, highlight=False)

    def result(self, value: Mapping[str, object]) -> None:
        """Give scripts their JSON line: the last line on stdout, and the only one."""
        if self.json:
            print(json_line(value))  # noqa: T201  (this is the machine's line: no styling, no wrapping)

    @contextmanager
    def progress(self, label: str, total: float | None = None, *, unit: str = "rows") -> Iterator[Tick]:
        """Show a bar on stderr while a step runs; nothing where stderr is no terminal.

        Parameters
        ----------
        label
            What is being done.
        total
            How many units there will be; ``None`` where nobody knows.
        unit
            What is counted.
        """
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

        bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.fields[count]}"),
            TimeElapsedColumn(),
            console=self.progress_console,
            transient=True,
            disable=not self.progress_console.is_terminal,
        )
        with bar:
            task = bar.add_task(label, total=total, count="")

            def tick(done: float, total: float | None, label: str = label, unit: str = unit) -> None:
                count = f"{done:,.0f} {unit}" if total is None else f"{done:,.0f} of {total:,.0f} {unit}"
                bar.update(task, description=label, completed=done, total=total, count=count)

            yield tick

    @contextmanager
    def step(self, label: str) -> Iterator[None]:
        """Say that a step is done, and how long it took, when it is."""
        begun = time.perf_counter()
        yield
        self.say(f"✓ {label} ({time.perf_counter() - begun:.1f} s)", style="green")

    @contextmanager
    def keeping(self, kept: str) -> Iterator[None]:
        """Say on Ctrl-C what is kept and how to go on."""
        try:
            yield
        except Interrupted:
            raise
        except KeyboardInterrupt:
            raise Interrupted(kept) from None


def console(*, stderr: bool) -> Console:
    """Make a console that fits its stream: no colour or narrow wrapping in pipes, none under ``NO_COLOR``."""
    from rich.console import Console

    class Speaking(Console):
        def on_broken_pipe(self) -> None:
            raise BrokenPipeError  # rich would exit with 1; `front` ends with the code that shells expect

    stream = sys.stderr if stderr else sys.stdout
    return Speaking(stderr=stderr, width=None if stream.isatty() else _PLAIN_WIDTH)


def json_line(value: Mapping[str, object]) -> str:
    """One line of strict JSON: numbers that JSON can't say (NaN, infinities) become ``null``.

    >>> json_line({"auc": 0.5, "p": float("nan"), "file": __import__("pathlib").PurePosixPath("a/b")})
    '{"auc": 0.5, "p": null, "file": "a/b"}'
    """
    return json.dumps(_plain(value), ensure_ascii=False, allow_nan=False)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, (str, int, bool)):
        return value
    return str(value)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    return str(value)


def _is_number(text: str) -> bool:
    return text == "–" or text.replace(",", "").replace(".", "", 1).lstrip("-").isdigit()
