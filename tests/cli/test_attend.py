"""``sevenfold attend``: one round of everything that a system does by itself."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Any

from sevenfold.data.sqlite_log import SqliteEventLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def test_a_round_retrains_where_it_is_due_and_says_what_it_did(
    sevenfold: Callable[..., dict[str, Any]], design: str, trained: Path, home: Path
) -> None:
    shutil.copytree(trained, home, dirs_exist_ok=True)
    told = sevenfold("attend", design, "--once")
    assert told["selected"] == 0, "the design asks for no labels"
    assert told["reasons"], "a model that was trained on a world of long ago is old"
    assert "days old" in told["reasons"][0]
    (log,) = home.glob("*/log.sqlite")
    with SqliteEventLog(log) as opened:
        steps = [entry for entry in opened.read(0) if entry.event == "RetrainingStep"]
    assert steps, "each step is an entry of the log"
    again = sevenfold("attend", design, "--once")
    assert again["reasons"] == [], "it cools down"


def test_a_home_without_events_is_told(refused: Callable[..., str], design: str) -> None:
    assert "Traceback" not in refused("attend", design, "--once", "--every", "soon")
