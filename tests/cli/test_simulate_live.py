"""``sevenfold simulate --live``: a world that a service decides over HTTP, its own rules and all."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]


@contextlib.contextmanager
def _serving(home: Path) -> Iterator[str]:
    words = ["-m", "sevenfold.cli", "serve", "fraud", "--port", "0", "--home", str(home)]
    with subprocess.Popen(
        [sys.executable, *words], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        try:
            yield next(line.split()[2] for line in process.stdout if line.startswith("Serving at "))
        finally:
            process.terminate()


def test_a_service_decides_a_world_and_blocks_some_of_it(sevenfold: Sevenfold, home: Path) -> None:
    key, _ = KeyFile(home / "keys.json").create("world", ["decide", "ingest"])
    small = ["--payments", 600, "--days", 4, "--fraud-share", 0.05, "--minutes", 720]
    rule = ["rules", "add", "fraud", "high", "amount > 300", "--action", "block"]
    sevenfold(*rule, "--state", "live", "--reason", "Too much.", "--owner", "ann")
    with _serving(home) as url:
        told = sevenfold("simulate", "--live", "--to", url, "--key", key, *small)
    assert told["payments"] >= 600, "who is turned away tries again"
    assert told["blocked"] == told["blocks"] > 0
    assert told["frauds"] > 0
    assert told["lost"] == pytest.approx(told["missed"] + told["false_alarms"] + told["review_time"])
    with SqliteEventLog(home / "fraud" / "log.sqlite") as log:
        events = [entry.event for entry in log.read(0)]
    assert events.count("Payment") == events.count("Decision") == told["payments"]
    assert {"Decline", "Refund"} <= set(events)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "--out, --live: expected one of them, got neither"),
        (["--live", "--out", "world"], "--out, --live: expected one of them, got both"),
        (["--live", "--to", "nowhere"], "--to: expected http://HOST:PORT or https://…, got 'nowhere'"),
        (["--live", "--minutes", "7"], "minutes: expected a whole part of 1440, got 7"),
    ],
)
def test_what_cannot_run_live(words: list[str], said: str, refused: Refused) -> None:
    assert said in refused("simulate", *words)


def test_a_key_that_is_none_is_refused_at_once(refused: Refused, home: Path) -> None:
    KeyFile(home / "keys.json").create("world", ["decide"])
    with _serving(home) as url:
        said = refused("simulate", "--live", "--to", url, "--key", "sf_no", "--payments", 50, "--days", 2)
    assert "/v1/decisions: expected an answer, got 401" in said
