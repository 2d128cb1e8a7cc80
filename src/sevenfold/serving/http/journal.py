"""The service's log: one JSON object a line, without anything that is personal.

What is logged is chosen by name; values of events, keys and headers never are. Behind that stands a second
line of defence: every line goes through `sevenfold.data.card.redacted` before it is written. Who floods the
service with bad requests does not flood the log: some lines a second are written, the others counted.
"""

from __future__ import annotations

import logging
import sqlite3
import sys
import time
import traceback
from typing import TYPE_CHECKING, Any, TextIO

from sevenfold.data.card import redacted

if TYPE_CHECKING:
    from collections.abc import Callable, MutableMapping

__all__ = ["Journal", "JournalHandler"]

_LINES_PER_SECOND = 20.0


class Journal:
    """Writes the log.

    Parameters
    ----------
    stream
        Where to; stderr by default.
    pretty
        For a person at a terminal rather than for a machine; by default where the stream is one.
    clock
        Seconds; only differences count.
    """

    def __init__(
        self,
        stream: TextIO | None = None,
        *,
        pretty: bool | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        import structlog

        stream = sys.stderr if stream is None else stream
        pretty = stream.isatty() if pretty is None else pretty
        render = structlog.dev.ConsoleRenderer() if pretty else structlog.processors.JSONRenderer()
        self._logger = structlog.wrap_logger(
            structlog.PrintLogger(stream),
            processors=[
                structlog.processors.add_log_level,
                structlog.processors.TimeStamper(fmt="iso", utc=True),
                _traced,
                render,
                _redact,
            ],
            cache_logger_on_first_use=True,
        )
        self._clock = clock
        self._left, self._counted = _LINES_PER_SECOND, clock()
        self._unwritten = 0

    def info(self, event: str, **about: object) -> None:
        """Tell of something that is as it should be; always written."""
        self._logger.info(event, **about)

    def warning(self, event: str, **about: object) -> None:
        """Tell of a client's mistake, or of something that may become a fault."""
        if self._room():
            self._logger.warning(event, **self._with_unwritten(about))

    def error(self, event: str, *, error: BaseException | None = None, **about: object) -> None:
        """Tell of a fault of the service, with the traceback that its client does not get."""
        if self._room():
            self._logger.error(event, exc_info=error, **self._with_unwritten(about))

    def _room(self) -> bool:
        now = self._clock()
        self._left = min(_LINES_PER_SECOND, self._left + (now - self._counted) * _LINES_PER_SECOND)
        self._counted = now
        if self._left < 1.0:
            self._unwritten += 1
            return False
        self._left -= 1.0
        return True

    def _with_unwritten(self, about: dict[str, Any]) -> dict[str, Any]:
        if self._unwritten:
            about["lines_left_out"] = self._unwritten
            self._unwritten = 0
        return about


def _traced(_: object, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Say what was raised and where. Messages hold what clients sent, unless the machine raised them."""
    error = line.pop("exc_info", None)
    if isinstance(error, BaseException):
        frames = [f"{at.filename}:{at.lineno} {at.name}" for at in traceback.extract_tb(error.__traceback__)]
        said = f": {error}" if isinstance(error, OSError | sqlite3.Error) else ""
        line["error"], line["at"] = f"{type(error).__name__}{said}", frames
    return line


def _redact(_logger: object, _name: str, line: Any) -> str:
    return redacted(line)


class JournalHandler(logging.Handler):
    """Leads what libraries log into the journal.

    Parameters
    ----------
    journal
        Where to.
    """

    def __init__(self, journal: Journal) -> None:
        super().__init__(logging.WARNING)
        self._journal = journal

    def emit(self, record: logging.LogRecord) -> None:
        """Pass one line on."""
        error = record.exc_info[1] if record.exc_info else None
        tell = self._journal.error if record.levelno >= logging.ERROR else self._journal.warning
        tell("server", **({"error": error} if error else {}), said=record.getMessage())
