"""The commands on the pages about keys, HTTP and replaying run, in order, as they stand."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sevenfold.serving.http.problem import PROBLEMS

if TYPE_CHECKING:
    from collections.abc import Iterator

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PATIENCE_S = 90


def commands(page: str) -> list[tuple[str, list[str]]]:
    """The commands of a page, each with the lines that it shows as its output."""
    found: list[tuple[str, list[str]]] = []
    for block in BLOCK.findall((DOCS / page).read_text(encoding="utf-8")):
        for line in block.splitlines():
            if line.startswith("$ "):
                found.append((line[2:], []))
            elif found[-1][0].endswith("\\"):
                found[-1] = (f"{found[-1][0]}\n{line}", [])
            else:
                found[-1][1].append(line)
    return found


@pytest.fixture(scope="module")
def port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("reader")


@pytest.fixture(scope="module")
def environment(folder: Path) -> dict[str, str]:
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    return os.environ | {"PATH": path, "SEVENFOLD_HOME": str(folder / "home")}


@pytest.fixture(scope="module")
def services(folder: Path) -> Iterator[list[subprocess.Popen[bytes]]]:
    started: list[subprocess.Popen[bytes]] = []
    yield started
    for process in started:
        process.terminate()
        assert process.wait(PATIENCE_S) == 0


def run(command: str, folder: Path, environment: dict[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    return done.stdout


def reached(port: int) -> None:
    given_up = time.monotonic() + PATIENCE_S
    while True:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        assert time.monotonic() < given_up, "the service was never reached"
        time.sleep(0.05)


def test_the_pages_run(
    folder: Path, environment: dict[str, str], port: int, services: list[subprocess.Popen[bytes]]
) -> None:
    """One reader, who goes through the pages with one home and one service."""
    for page in ("keys.md", "http.md", "replay.md"):
        there = commands(page)
        assert there, page
        for shown, output in there:
            command = shown.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
            if command.startswith("sevenfold serve"):
                words = command.replace("8000", str(port)).split()
                with (folder / "serve.log").open("wb") as log:
                    services.append(
                        subprocess.Popen(words, cwd=folder, env=environment, stdout=log, stderr=log)
                    )
                reached(port)
                continue
            if command.startswith("export "):
                name, _, value = command.removeprefix("export ").partition("=")
                environment[name] = run(f"echo {value}", folder, environment).strip()
                assert environment[name]
                continue
            if command.startswith("sevenfold replay"):
                command += f" --to http://127.0.0.1:{port}"
            said = run(command, folder, environment)
            for line in output:
                if line.startswith("HTTP/"):
                    assert said.startswith(line), f"{shown}\n{said}"
    assert len((folder / "decisions.ndjson").read_text().splitlines()) == 300


def test_every_problem_is_explained() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (\d+) \|", (DOCS / "http.md").read_text(), flags=re.MULTILINE)
    assert {name: int(status) for name, status in rows} == {
        name: kind.status for name, kind in PROBLEMS.items()
    }
