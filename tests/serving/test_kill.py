"""Killed at any moment, the service keeps what it acknowledged, and goes on as if nothing had been."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
from pathlib import Path

from served import mismatches, opened

KILLS = int(os.environ.get("SEVENFOLD_KILLS", "3"))
"""How many times; `make bench` sets 60."""

TARGET = Path(__file__).with_name("kill_target.py")


def _killed(home: Path, first: int, after_s: float, *, at_work: bool) -> list[str]:
    """Run the service until it is killed, so long after it began or first answered; return what it said."""
    command = [sys.executable, str(TARGET), str(home), str(first), "8"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        begun = process.stdout.readline() if at_work else ""
        timer = threading.Timer(after_s, process.send_signal, [signal.SIGKILL])
        timer.start()
        lines = (begun + process.stdout.read()).splitlines(keepends=True)
    timer.join()
    assert process.returncode == -signal.SIGKILL
    return [line.rstrip("\n") for line in lines if line.endswith("\n")]  # the last may be cut


def test_every_acknowledged_decision_outlives_kills_at_random_moments(home: Path) -> None:
    home.mkdir()
    chance = random.Random(KILLS)
    decided: dict[int, str] = {}
    taken: set[int] = set()
    for kill in range(KILLS):
        first = max(decided, default=-1) + 1
        for line in _killed(home, first, chance.uniform(0.02, 0.6), at_work=kill % 4 > 0):
            kind, number, *body = line.split(" ", 2)
            if kind == "taken":
                taken.add(int(number))
                continue
            known = decided.setdefault(int(number), body[0])
            assert known == body[0], "the same payment got two answers"
    assert len(decided) > 10 * KILLS
    service = opened(home)
    for number, body in decided.items():
        decision = service.find(f"p{number}")
        assert decision is not None, f"the acknowledged decision about p{number} is lost"
        assert decision.answer().decode() == body
    for number in taken:
        assert service.parts.log.find("Chargeback", f"b{number}") is not None
    keys = [entry.key for entry in service.parts.log.read() if entry.event == "Decision"]
    assert len(keys) == len(set(keys))
    service.close_now()
    # An uninterrupted run over the same log: the features in all records, before and after the kills.
    assert mismatches(home) == []
