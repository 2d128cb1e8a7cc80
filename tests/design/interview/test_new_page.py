"""The commands on the page about starting a design run, in order, down to a served decision."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING

import sevenfold as sf
from sevenfold.cli import front

if TYPE_CHECKING:
    import pytest

PAGE = Path(__file__).parents[3] / "docs" / "design-new.md"


def blocks(kind: str) -> list[str]:
    text = PAGE.read_text(encoding="utf-8")
    return re.findall(rf"^```{kind}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def sample() -> str:
    """The table that the page begins with, gone on with."""
    head, first = blocks("text")[0].splitlines()
    rows = [
        f"o{n};2026-01-{1 + n // 24 % 28:02}T{n % 24:02}:12:00+00:00;c{n % 40};"
        f"{310 if n % 11 == 0 or n % 13 == 0 else 20 + n % 9}.90;{'web' if n % 2 else 'app'};"
        f"u{n}@example.com;{int(n % 11 == 0)}"
        for n in range(1, 660)
    ]
    return "\n".join([head, first, *rows]) + "\n"


def test_the_page_runs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SEVENFOLD_HOME", str(tmp_path / "home"))
    (tmp_path / "orders.csv").write_text(sample())
    (tmp_path / "answers.toml").write_text(blocks("toml")[0])
    commands = [
        line[2:] for block in blocks("console") for line in block.splitlines() if line.startswith("$ ")
    ]
    assert [command.split()[1] for command in commands] == [
        "design",
        "design",
        "ingest",
        "train",
        "keys",
        "serve",
    ]
    for command in commands[:-1]:
        code = front.run(command.removesuffix(" || true").split()[1:])
        assert code == 0 or (command.endswith("|| true") and code == 1), command
    service = sf.load("shop.py").engine(home=tmp_path / "home")  # what `serve` opens
    row = {"placed_at": "2026-02-01T00:00:00Z", "customer": "c1", "channel": "web"}
    dear = service.decide({"order_id": "dear", "amount": "310.90", **row})
    cheap = service.decide({"order_id": "cheap", "amount": "21.90", **row})
    service.close_now()
    assert dear.score is not None
    assert cheap.score is not None
    assert dear.score > cheap.score


def test_the_answers_on_the_page_are_answers() -> None:
    from sevenfold.design.interview.questions import checked_answers

    given = tomllib.loads(blocks("toml")[0])
    given.pop("columns")
    assert checked_answers(given) == given
