"""The HTTP part of ``sevenfold bench serving``: the front door beside what a user would take instead."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from sevenfold.cli.terminal import Terminal
    from sevenfold.serving.http.bench.compare import Door

__all__ = ["bench_http"]

_PACKAGES = ("feast[redis]", "fastapi", "uvicorn[standard]", "xgboost-cpu")
_KEY = re.compile(rb'"payment_id":"[^"]*"')
_TIME = re.compile(rb'"occurred_at":(\d+)')


def bench_http(
    terminal: Terminal, *, payments: int, rounds: int, seconds: float, soak_minutes: float, stack: bool
) -> dict[str, Any]:
    """Measure the HTTP door with keys and durability on, and say what was found.

    Parameters
    ----------
    terminal
        Where a person looks on.
    payments
        How many the log holds and the model learns from.
    rounds, seconds
        How often each is measured, in turn, and for how long.
    soak_minutes
        How long the soak takes; 0 for none.
    stack
        Whether to measure Feast, FastAPI and XGBoost, too, which are installed for it.
    """
    from sevenfold.serving.http.bench.compare import measure
    from sevenfold.serving.http.bench.load import find_wrk

    find_wrk()

    def tell(text: str) -> None:
        terminal.progress_console.print(text, style="dim", markup=False, highlight=False)

    with tempfile.TemporaryDirectory(prefix="sevenfold-bench-") as name:
        folder = Path(name)
        python = _environment(folder, tell) if stack else None
        tell("making a world and a model")
        door = _door(folder, payments)
        figures = measure(
            door, folder, tell, rounds=rounds, seconds=seconds, soak_s=soak_minutes * 60, stack=python
        )
    summary = figures.summary()
    terminal.table(
        ["figure", "value"], [(key, _short(value)) for key, value in summary.items()], title="HTTP"
    )
    return summary


def _door(folder: Path, payments: int) -> Door:
    """Make a home with events and a model, and the payments that come next."""
    from sevenfold.cli import front
    from sevenfold.design.doors import key_file
    from sevenfold.design.live import prepare
    from sevenfold.design.load import load
    from sevenfold.design.workspace import Workspace
    from sevenfold.serving.http.bench.compare import Door

    home = folder / "made"
    words = ["run", "fraud", "--payments", str(payments), "--replay", "0", "--home", str(home)]
    subprocess.run(  # noqa: S603  (this program itself)
        [sys.executable, "-m", front.__name__.rpartition(".")[0], *words],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    workspace = Workspace(load("fraud"), home)
    live = prepare(workspace, workspace.bundle().id, folder / "home", payments // 10)
    key, _ = key_file(live.root).create("bench", ["decide"])
    decided = [call.body for call in live.calls if call.path == "/v1/decisions"]
    times = [int(found[1]) for body in decided if (found := _TIME.search(body))]
    bodies = [
        _TIME.sub(rb'"occurred_at":"@TIME@\1"', _KEY.sub(b'"payment_id":"@KEY@"', body)) for body in decided
    ]
    command = ["serve", "fraud", "--port", "@PORT@", "--home", str(live.root)]
    return Door([sys.executable, "-m", "sevenfold.cli", *command], key, bodies, max(times) - min(times) + 1)


def _environment(folder: Path, tell: Callable[[str], None]) -> list[str] | None:
    """Install the other stack; `None` where that can't be done here."""
    if shutil.which("redis-server") is None:
        tell("Without redis-server, Feast, FastAPI and XGBoost are not measured.")
        return None
    tell("installing Feast, FastAPI and XGBoost")
    python = folder / "environment" / "bin" / "python"
    steps = (
        [sys.executable, "-m", "venv", str(folder / "environment")],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *_PACKAGES],
    )
    for words in steps:
        done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            tell(f"They can't be installed, and are not measured: {done.stderr[-300:]}")
            return None
    return [str(python), "-W", "ignore"]


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items()) or "–"
    if isinstance(value, list):
        return "; ".join(_short(item) for item in value) or "–"
    return f"{value:,}" if isinstance(value, (int, float)) else str(value)
