"""``sevenfold ingest``: nothing lost, nothing twice, and every refusal told."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from sevenfold.data.sqlite_log import SqliteEventLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]

HEAD = "payment_id,occurred_at,card,merchant,amount\n"
GOOD = "p1,2026-01-05T10:00:00Z,card_a,shop_a,12.50\n"


def logged(home: Path) -> int:
    with SqliteEventLog(home / "small" / "log.sqlite") as log:
        return log.end()


def test_a_folder_goes_in_once(sevenfold: Sevenfold, design: str, world: Path, home: Path) -> None:
    first = sevenfold("ingest", design, world)
    again = sevenfold("ingest", design, world)
    assert first["new"] == first["rows"] == logged(home) > 6000
    assert (again["new"], again["duplicates"]) == (0, first["rows"])
    left_out = ("Decline.parquet", "Refund.parquet", "truth.parquet")  # the small design has two events
    assert again["notes"] == [f"{name} was left out: it is named after no event" for name in left_out]


def test_pairs_and_mapped_columns(sevenfold: Sevenfold, design: str, tmp_path: Path) -> None:
    (tmp_path / "export.csv").write_text(HEAD.replace("amount", "amt").replace("card", "token") + GOOD)
    words = ["--map", "amount=amt", "--map", "Payment.card=token"]
    assert sevenfold("ingest", design, f"Payment={tmp_path}/export.csv", *words)["new"] == 1


def test_what_is_refused_is_told_row_by_row(sevenfold: Sevenfold, design: str, tmp_path: Path) -> None:
    bad = "p2,yesterday,card_a,shop_a,1.005\np3,2026-01-05T10:00:00Z,4111 1111 1111 1111,shop_a,1\n"
    (tmp_path / "Payment.csv").write_text(HEAD + GOOD + bad)
    report = sevenfold("ingest", design, tmp_path / "Payment.csv")
    assert (report["rows"], report["new"], report["rejected"]) == (3, 1, 2)
    assert report["refused"] == {"Payment.occurred_at": 1, "Payment.amount": 1, "Payment.card": 1}
    rejects = pl.read_csv(report["rejects"])
    assert rejects.select("row", "field").rows() == [(2, "occurred_at"), (2, "amount"), (3, "card")]


def test_when_every_row_is_refused_the_files_are_not_what_was_meant(
    refused: Refused, design: str, tmp_path: Path
) -> None:
    (tmp_path / "Payment.csv").write_text(HEAD + GOOD.replace("12.50", "much"))
    said = refused("ingest", design, tmp_path / "Payment.csv")
    assert "Every row was refused; " in said
    assert "- Payment.amount: expected values that fit, got 1 that do not" in said


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("Payment.csv", "", "Payment.csv cannot be read: it is empty"),
        (
            "Payment.csv",
            HEAD.replace(",card", "") + GOOD,
            "Payment.csv: Payment.card: expected a column 'card', got none",
        ),
        ("Payment.parquet", "no parquet", "Payment.parquet cannot be read"),
        ("Payment.jsonl", "[{}]", "it holds a JSON array; write one object on each line instead"),
        ("Refund.csv", HEAD + GOOD, "Refund.csv: expected the rows of a declared event, got 'Refund'"),
        ("Payment.xlsx", HEAD, "expected a file with one of .csv, .jsonl, .ndjson, .parquet"),
    ],
)
def test_a_file_that_cannot_fit_is_refused_whole(
    name: str, content: str, said: str, refused: Refused, design: str, tmp_path: Path, home: Path
) -> None:
    (tmp_path / name).write_text(content)
    assert said in refused("ingest", design, tmp_path / name)
    assert logged(home) == 0


def test_a_header_without_rows_is_no_error(sevenfold: Sevenfold, design: str, tmp_path: Path) -> None:
    (tmp_path / "Payment.csv").write_text(HEAD)
    report = sevenfold("ingest", design, tmp_path / "Payment.csv")
    assert report["rows"] == 0
    assert report["notes"] == ["Payment.csv holds no rows"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["nowhere.csv"], "nowhere.csv: expected a file or a folder, got nothing"),
        (["a.csv", "b.csv"], "SOURCE: expected one file or folder, or EVENT=FILE pairs, got 'a.csv'"),
        (["Payment=a.csv", "Payment=b.csv"], "SOURCE: expected each name once, got Payment 2 times"),
        (["Payment=a.csv", "--map", "amount"], "--map: expected FIELD=COLUMN, got 'amount'"),
    ],
)
def test_wrong_usage(words: list[str], said: str, refused: Refused, design: str) -> None:
    assert said in refused("ingest", design, *words)


def test_an_unknown_design_names_the_known_ones(refused: Refused) -> None:
    said = refused("ingest", "froud", "world")
    assert "design: expected one of fraud" in said
    assert "or the path of a .py file, got 'froud'" in said


@pytest.mark.parametrize("stop", ["ctrl-c", "full"])
def test_interrupted_it_goes_on(
    stop: str,
    sevenfold: Sevenfold,
    refused: Refused,
    design: str,
    world: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first batches are in, the third breaks off; the same command brings in the rest, once."""
    append, calls = SqliteEventLog.append, []

    def breaks_off(log: SqliteEventLog, *batch: Any, **options: Any) -> Any:
        calls.append(1)
        if len(calls) == 3:
            raise KeyboardInterrupt if stop == "ctrl-c" else OSError(28, "No space left on device")
        return append(log, *batch, **options)

    with monkeypatch.context() as patched:
        patched.setattr("sevenfold.data.ingest._ENTRIES_A_BATCH", 1000)
        patched.setattr(SqliteEventLog, "append", breaks_off)
        said = refused("ingest", design, world, code=130 if stop == "ctrl-c" else 1)
    kept = {
        "ctrl-c": "Interrupted. What was logged is kept; the same command goes on, and adds nothing twice.",
        "full": "No space left on device. What was logged stays; make room and run it again",
    }
    assert kept[stop] in said
    assert logged(home) == 2000
    rest = sevenfold("ingest", design, world)
    assert rest["duplicates"] == 2000
    assert rest["new"] == rest["rows"] - 2000
    assert logged(home) == rest["rows"]
    assert not list(home.rglob(".ingest-*"))
