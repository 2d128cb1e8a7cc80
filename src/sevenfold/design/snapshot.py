"""Take a snapshot of feature state, in a process of its own: ``python -m sevenfold.design.snapshot``."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from sevenfold.design.home import Home
from sevenfold.design.load import load
from sevenfold.serving.background import take_snapshot
from sevenfold.serving.snapshots import Snapshots

__all__ = ["main", "snapshot_command"]


def snapshot_command(source: str, root: Path) -> tuple[str, ...]:
    """What to run for a design, given where it was loaded from, and its home folder."""
    return sys.executable, "-m", "sevenfold.design.snapshot", source, str(root.absolute())


def main(source: str, root: str) -> None:
    """Fold the log of a design, and write the next snapshot."""
    os.nice(19)
    design = load(source)
    home = Home(Path(root), design.name)
    snapshots = Snapshots(home.snapshots, design.plan, design.serving.snapshots_kept)
    take_snapshot(home.log, snapshots, design.events, design.lateness_ms)


if __name__ == "__main__":
    main(*sys.argv[1:])
