"""The measurement of the front door, in its shortest form: it runs, and its figures add up."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from sevenfold.errors import UsageError
from sevenfold.serving.http.bench.compare import Door, measure
from sevenfold.serving.http.bench.load import find_wrk
from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.skipif(shutil.which("wrk") is None, reason="wrk is not installed: apt-get install wrk")
def test_the_door_is_measured_beside_an_empty_handler(design: str, tmp_path: Path) -> None:
    home = tmp_path / "home"
    key, _ = KeyFile(home / "keys.json").create("bench", ["decide"])
    row = {"payment_id": "@KEY@", "occurred_at": "@TIME@1000", "card": "c", "merchant": "m", "amount": 1}
    bodies = [json.dumps(row | {"card": f"c{n}"}, separators=(",", ":")).encode() for n in range(50)]
    words = ["serve", design, "--port", "@PORT@", "--home", str(home)]
    door = Door([sys.executable, "-m", "sevenfold.cli", *words], key, bodies, 1_000)
    told: list[str] = []
    figures = measure(door, tmp_path, told.append, rounds=1, seconds=1, soak_s=2.0)
    summary = figures.summary()
    assert summary["lost"] == summary["refused"] == 0
    assert summary["rate"] > 0
    assert summary["share_of_bare"] == pytest.approx(summary["rate"] / summary["bare_rate"], rel=0.05)
    assert set(summary["statuses"]) == {"200"}
    assert set(summary["latency_ms"]) == {"p50", "p90", "p99", "p99.9", "max"}
    assert len(summary["soak"]) == 10
    assert [part["errors"] for part in summary["soak"]] == [0] * 10
    assert all(part["memory_mb"] > 10 for part in summary["soak"])
    assert told[0] == "starting the service"


def test_without_wrk_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(UsageError, match="apt-get install wrk"):
        find_wrk()
