"""A real process, really interrupted."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 60


@pytest.mark.parametrize(
    ("sent", "code", "word"), [(signal.SIGINT, 130, "Interrupted"), (signal.SIGTERM, 143, "Ended")]
)
def test_a_signal_ends_a_command_cleanly(sent: signal.Signals, code: int, word: str, tmp_path: Path) -> None:
    out = tmp_path / "world"
    words = [sys.executable, "-m", "sevenfold.cli", "simulate", "--payments", "40000000", "--out", str(out)]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    try:
        given_up = time.monotonic() + PATIENCE_S
        while not list(tmp_path.glob(".world.*/*.part")):
            assert process.poll() is None, process.communicate()[1]
            assert time.monotonic() < given_up, "the simulation never began"
            time.sleep(0.05)
        process.send_signal(sent)
        said = process.communicate(timeout=PATIENCE_S)[1]
    finally:
        process.kill()
        process.wait()
    assert process.returncode == code
    assert said == f"{word}. {out} is as it was before; the same command makes the world anew.\n"
    assert list(tmp_path.iterdir()) == []
