"""``sevenfold replay`` and ``sevenfold stream``: what can't be done is said before anything is sent."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "SOURCE, --simulate: expected one of them, got neither"),
        (["world", "--simulate", "5"], "SOURCE, --simulate: expected one of them, got both"),
        (["--simulate", "5", "--rate", "0"], "--rate: expected above 0 and at most 1,000,000, got 0"),
        (
            ["--simulate", "5", "--to", "nowhere"],
            "--to: expected http://HOST:PORT or https://…, got 'nowhere'",
        ),
        (["nowhere"], "nowhere: expected a file or a folder, got nothing"),
    ],
)
def test_what_cannot_be_replayed(words: list[str], said: str, refused: Refused, design: str) -> None:
    assert said in refused("replay", design, *words)


def test_a_service_that_is_not_there(refused: Refused, design: str, world: Path) -> None:
    said = refused("replay", design, world, "--limit", 3, "--to", "http://127.0.0.1:9")
    assert "--to: expected a service that answers, got 127.0.0.1:9" in said
    assert "`sevenfold serve` starts it" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["in.ndjson", "--batch", "0"], "--batch: expected 1 or more, got 0"),
        (["in.ndjson", "--json"], "--out: expected a file, since --json has stdout, got -"),
        (["nowhere.ndjson", "--out", "out"], "nowhere.ndjson: No such file or directory"),
    ],
)
def test_what_cannot_be_streamed(words: list[str], said: str, refused: Refused, design: str) -> None:
    assert said in refused("stream", design, *words)


def test_a_stream_goes_on_where_it_ended(sevenfold: Sevenfold, design: str, tmp_path: Path) -> None:
    rows = [
        {"payment_id": f"p{n}", "occurred_at": n, "card": "c", "merchant": "m", "amount": "1.50"}
        for n in range(6)
    ]
    source, out = tmp_path / "in.ndjson", tmp_path / "out.ndjson"
    source.write_text("".join(json.dumps(row) + "\n" for row in rows[:4]))
    first = sevenfold("stream", design, source, "--out", out, "--batch", 3)
    assert (first["decided"], first["refused"]) == (4, 0)
    with source.open("a") as file:
        file.write("".join(json.dumps(row) + "\n" for row in rows[4:]) + "odd\n")
    second = sevenfold("stream", design, source, "--out", out)
    assert (second["decided"], second["refused"]) == (2, 1)
    lines = [json.loads(line) for line in out.read_text().splitlines()]
    assert [line.get("event_id") for line in lines] == [*(row["payment_id"] for row in rows), None]
