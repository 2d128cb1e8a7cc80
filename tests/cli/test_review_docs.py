"""The commands on the page about reviews run, in order, as they stand; Python on both pages does, too."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[2] / "docs"
COMMANDS = re.compile(r"^```console\n(.*?)^```", re.MULTILINE | re.DOTALL)
PYTHON = re.compile(r"^```python\n(.*?)^```", re.MULTILINE | re.DOTALL)


def test_a_reviewers_day_runs_as_the_page_tells_it(tmp_path: Path) -> None:
    text = (DOCS / "review.md").read_text(encoding="utf-8")
    lines = [line[2:] for block in COMMANDS.findall(text) for line in block.splitlines() if line[:2] == "$ "]
    assert len(lines) > 15
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", "\n".join(lines)],
        cwd=tmp_path,
        env=os.environ | {"PATH": path, "SEVENFOLD_HOME": str(tmp_path / "home")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "positive, says ann (stolen)" in done.stdout
    assert "negative, says ben (usual)" in done.stdout


@pytest.mark.parametrize("page", ["review.md", "labels.md", "active-learning.md"])
def test_the_declarations_on_the_pages_work(page: str) -> None:
    blocks = PYTHON.findall((DOCS / page).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        exec(compile(block, page, "exec"), {"__name__": page.removesuffix(".md")})  # noqa: S102
