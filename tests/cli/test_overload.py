"""Far more than the service can take: what it accepts stays right, and it is well again when it is over.

``SEVENFOLD_OVERLOAD=200000`` sends for minutes.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sevenfold.serving.replay.client import Target
from sevenfold.serving.replay.run import Call, Pace, replay
from sevenfold.serving.replay.tally import Tally
from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

PAYMENTS = int(os.environ.get("SEVENFOLD_OVERLOAD", "2500"))
WAITING = 40
"""How many may wait for their decision in this design; ten times as many connections ask."""


@pytest.fixture
def service(design: str, tmp_path: Path) -> Iterator[tuple[str, Target]]:
    text = (
        Path(design)
        .read_text()
        .replace("design = sf.Design(", f"design = sf.Design(serving=sf.Serving(most_waiting={WAITING}),")
    )
    file = tmp_path / "small.py"
    file.write_text(text)
    key, _ = KeyFile(tmp_path / "home" / "keys.json").create("all", ["admin"])
    words = ["serve", str(file), "--port", "0", "--home", str(tmp_path / "home")]
    with (
        (tmp_path / "log").open("w") as log,
        subprocess.Popen(
            [sys.executable, "-m", "sevenfold.cli", *words], stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        try:
            line = ""
            for line in process.stdout or ():
                if line.startswith("Serving at"):
                    break
            yield (url := line.split()[2]), Target.of(url, key)
        finally:
            process.terminate()
            assert process.wait(60) == 0


def payment(number: int) -> Call:
    row = {
        "payment_id": f"p{number}",
        "occurred_at": number,
        "card": f"c{number % 50}",
        "merchant": "m",
        "amount": "1.50",
    }
    return Call("/v1/decisions", json.dumps(row).encode(), 1.5)


def sent(calls: Sequence[Call], target: Target, rate: float, connections: int) -> Tally:
    tally = Tally(len(calls))
    asyncio.run(replay(calls, target, Pace(rate, connections), tally))
    return tally


def known(target: Target, numbers: Sequence[int]) -> list[str]:
    """Ask for the same payments again, one after the other: the actions that stand."""
    return sent([payment(number) for number in numbers], target, 1e6, 1).actions


def test_overload_sheds_what_is_too_much_and_is_over_when_it_ends(service: tuple[str, Target]) -> None:
    _, target = service
    calls = [payment(number) for number in range(PAYMENTS)]
    storm = sent(calls, target, rate=1e6, connections=10 * WAITING)
    statuses = storm.summary()["statuses"]
    assert set(statuses) == {"200", "503"}
    assert storm.summary()["lost"] == 0
    assert statuses["200"] >= WAITING
    decided = [number for number in range(PAYMENTS) if storm.actions[number]][::10]
    assert known(target, decided) == [storm.actions[number] for number in decided]
    after = sent([payment(PAYMENTS + number) for number in range(30)], target, rate=50, connections=4)
    assert after.summary()["statuses"] == {"200": 30}
