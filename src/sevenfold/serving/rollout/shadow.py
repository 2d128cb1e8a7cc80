"""A challenger in the shadow: it scores what the log says was decided, behind the decisions.

It runs in a process of its own, so that it can crash, hang or be slow without a decision that waits for it.
Whoever minds it (`Minder`) stops it where it does, and says so.
"""

from __future__ import annotations

import sqlite3
import subprocess
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from sevenfold.serving.model import ModelRows, ServedModel

__all__ = ["SILENT_S", "Minder", "ShadowError", "ShadowTable", "Shadowed", "score_words"]

SILENT_S = 60.0
"""After how long without a sign a challenger in the shadow counts as hanging."""

_LOOK_S = 0.1


class ShadowError(Exception):
    """Why a challenger is not fit to be tried."""


@dataclass(frozen=True, slots=True)
class Shadowed:
    """What a challenger did in the shadow.

    Parameters
    ----------
    decisions
        That it scored.
    offset
        Up to which it read the log.
    seconds, champion_seconds
        What it took for them, and what the champion took for the same rows, on the same processor.
    blocked, champion_blocked
        Decisions that it would block by its score and the costs, and that the champion would.
    """

    decisions: int = 0
    offset: int = 0
    seconds: float = 0.0
    champion_seconds: float = 0.0
    blocked: int = 0
    champion_blocked: int = 0

    @property
    def slower(self) -> float:
        """Its time over the champion's."""
        return self.seconds / self.champion_seconds if self.champion_seconds else 0.0


def score_words(
    challenger: tuple[ServedModel, ModelRows],
    champion: tuple[ServedModel, ModelRows] | None,
    words: NDArray[np.int64],
    slowest: float,
) -> tuple[NDArray[np.float64], float, float]:
    """Score the recorded features of decisions by both models.

    Parameters
    ----------
    challenger, champion
        Each with what makes its input of features.
    words
        Recorded features, (decisions, features).
    slowest
        How many times the champion's time it may take.

    Returns
    -------
    scores, seconds, champion_seconds
        The challenger's probabilities, and what both took.

    Raises
    ------
    ShadowError
        It fails, gives something that is no probability, or is too slow.
    """
    model, rows = challenger
    begun = time.perf_counter()
    try:
        scores = np.asarray(model.model.score(rows(words)), np.float64)
    except Exception as error:
        raise ShadowError(f"It failed: {type(error).__name__}: {error}") from error
    seconds = time.perf_counter() - begun
    if scores.shape != (len(words),) or not ((scores >= 0.0) & (scores <= 1.0)).all():
        wrong = int((~((scores >= 0.0) & (scores <= 1.0))).sum())
        raise ShadowError(f"It gave {wrong:,} of {len(words):,} scores that are no probability.")
    if champion is None:
        return scores, seconds, 0.0
    begun = time.perf_counter()
    champion[0].model.score(champion[1](words))
    usual = time.perf_counter() - begun
    if len(words) >= 100 and seconds > slowest * usual + 0.005:
        raise ShadowError(
            f"It took {seconds / usual:.1f} times as long as the champion; {slowest:g} is allowed."
        )
    return scores, seconds, usual


class ShadowTable:
    """The side table of shadow scores: one file a home, which can be thrown away and made again from the log.

    Parameters
    ----------
    path
        The SQLite file; made where it is missing.
    """

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path, timeout=10.0)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS score (bundle TEXT, offset INTEGER, score REAL,"
            " PRIMARY KEY (bundle, offset)) WITHOUT ROWID"
        )
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS done (bundle TEXT PRIMARY KEY, decisions INTEGER, offset INTEGER,"
            " seconds REAL, champion_seconds REAL, blocked INTEGER, champion_blocked INTEGER)"
        )

    def add(self, bundle: str, offsets: Sequence[int], scores: Sequence[float], done: Shadowed) -> None:
        """Keep the scores of some decisions, and how far it is with them."""
        with self._db:
            self._db.executemany(
                "INSERT OR REPLACE INTO score VALUES (?, ?, ?)",
                zip([bundle] * len(offsets), offsets, scores, strict=True),
            )
            self._db.execute(
                "INSERT OR REPLACE INTO done VALUES (?, ?, ?, ?, ?, ?, ?)",
                (bundle, done.decisions, done.offset, done.seconds, done.champion_seconds,
                 done.blocked, done.champion_blocked),
            )  # fmt: skip

    def done(self, bundle: str) -> Shadowed:
        """How far a bundle is."""
        row = self._db.execute(
            "SELECT decisions, offset, seconds, champion_seconds, blocked, champion_blocked"
            " FROM done WHERE bundle = ?", (bundle,),
        ).fetchone()  # fmt: skip
        return Shadowed() if row is None else Shadowed(*row)

    def scores(self, bundle: str) -> Iterator[tuple[int, float]]:
        """Offsets of decision records, and the challenger's scores."""
        yield from self._db.execute(
            "SELECT offset, score FROM score WHERE bundle = ? ORDER BY offset", (bundle,)
        )

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


class Minder:
    """Runs a challenger's process, and stops it where it crashes, hangs, or says that it is unfit.

    Parameters
    ----------
    command
        What to run. It writes a line when it is alive and well, once a batch or a second at most; a line that
        begins with ``unfit:`` says why the challenger is not fit, and ends it.
    silent_s
        After how long without a line it counts as hanging.
    unfit
        Told why, once; on the minder's thread.
    """

    def __init__(self, command: Sequence[str], silent_s: float, unfit: Callable[[str], None]) -> None:
        self._silent_s, self._unfit = silent_s, unfit
        self._heard = time.monotonic()
        self._said = ""
        self._closing = threading.Event()
        self._process = subprocess.Popen(  # noqa: S603 - the command is made by this program
            list(command), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        )
        self._reader = threading.Thread(target=self._read, name="sevenfold-shadow-reader", daemon=True)
        self._thread = threading.Thread(target=self._mind, name="sevenfold-shadow", daemon=True)
        self._reader.start()
        self._thread.start()

    def _read(self) -> None:
        for line in self._process.stdout or ():
            self._heard = time.monotonic()
            if line.startswith("unfit:"):
                self._said = line.removeprefix("unfit:").strip()

    def _mind(self) -> None:
        while not self._closing.wait(_LOOK_S):
            code = self._process.poll()
            if code is not None:
                self._reader.join()
                self._unfit(self._said or f"Its process ended by itself, with code {code}.")
                return
            if time.monotonic() - self._heard > self._silent_s:
                self._process.kill()
                self._process.wait()
                self._unfit(f"It did not answer for {self._silent_s:g} seconds.")
                return

    def close(self) -> None:
        """End the process."""
        self._closing.set()
        if self._thread is not threading.current_thread():
            self._thread.join()
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._process.stdout is not None:
            self._process.stdout.close()
