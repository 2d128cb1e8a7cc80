"""Where the state of a design lies: one folder a design, below the home folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.data.sqlite_log import SqliteEventLog

__all__ = ["Home"]


@dataclass(frozen=True, slots=True)
class Home:
    """The places of one design's state. Nothing is created by asking for them.

    Parameters
    ----------
    root
        The home folder, ``--home``.
    design
        The design's name.

    Examples
    --------
    >>> from pathlib import Path
    >>> print(Home(Path(".sevenfold"), "fraud").log.as_posix())
    .sevenfold/fraud/log.sqlite
    """

    root: Path
    design: str

    @property
    def folder(self) -> Path:
        """All of this design's state."""
        return self.root / self.design

    @property
    def log(self) -> Path:
        """The event log, the truth that everything else is computed from."""
        return self.folder / "log.sqlite"

    def open_log(self) -> SqliteEventLog:
        """Open the event log; it is made where there is none.

        Raises
        ------
        LogError
            If it is damaged or can't be opened.
        """
        from sevenfold.data.sqlite_log import SqliteEventLog

        self.folder.mkdir(parents=True, exist_ok=True)
        return SqliteEventLog(self.log)

    @property
    def lake(self) -> Path:
        """The same events as Parquet, by type and day."""
        return self.folder / "lake"

    @property
    def bundles(self) -> Path:
        """Trained models, one folder each."""
        return self.folder / "bundles"

    @property
    def control_key(self) -> Path:
        """What the control group is drawn with: whoever knows it knows who will be of it."""
        return self.folder / "control.key"

    @property
    def snapshots(self) -> Path:
        """The state of the features at some offsets of the log."""
        return self.folder / "snapshots"

    @property
    def reviews(self) -> Path:
        """Cases of the review queue, to be looked up; the log says all of it again."""
        return self.folder / "reviews.sqlite"

    @property
    def groups(self) -> Path:
        """Tables of groups of people, which only the monitor reads."""
        return self.folder / "groups"

    @property
    def monitor(self) -> Path:
        """How far the monitor has read, and how far its targets were told."""
        return self.folder / "monitor.sqlite"

    @property
    def runs(self) -> Path:
        """What single runs made: features, figures, plots, scores."""
        return self.folder / "runs"

    @property
    def plots(self) -> Path:
        """Pictures of trainings and evaluations."""
        return self.folder / "plots"

    @property
    def rejects(self) -> Path:
        """Rows that were refused, and why."""
        return self.folder / "rejects"

    @property
    def profiles(self) -> Path:
        """What the events of each ingest were like."""
        return self.folder / "profiles"

    @property
    def worlds(self) -> Path:
        """Simulated worlds, each named after what decides it."""
        return self.folder / "worlds"

    @property
    def simulated(self) -> Path:
        """The note that the log holds nothing but a simulated world, which can be made again at any time."""
        return self.folder / "simulated.json"
