"""Files of events for the tests of ingest, and what came of them."""

from __future__ import annotations

import csv
import json
from typing import TYPE_CHECKING, Any

import polars as pl

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from sevenfold.data.ingest import IngestReport
    from sevenfold.data.sqlite_log import SqliteEventLog


HEADER = ["payment_id", "occurred_at", "card", "merchant", "amount", "currency"]


def a_row(number: int, **changed: object) -> dict[str, object]:
    return {
        "payment_id": f"p{number}",
        "occurred_at": 1_700_000_000_000 + number * 1000,
        "card": f"c{number % 3}",
        "merchant": "m",
        "amount": "1.25",
        "currency": "EUR",
    } | changed


def some_rows(first: int, stop: int) -> list[dict[str, object]]:
    return [a_row(number) for number in range(first, stop)]


def write_csv(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]) if rows else HEADER)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_jsonl(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def write_parquet(path: Path, rows: Sequence[Mapping[str, object]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame(rows, schema=None if rows else dict.fromkeys(HEADER, pl.String)).write_parquet(path)
    return path


WRITERS = {"csv": write_csv, "jsonl": write_jsonl, "parquet": write_parquet}
Bring = Any


def rejects_of(report: IngestReport) -> list[dict[str, str]]:
    with report.rejects_path.open(newline="") as file:
        return list(csv.DictReader(file))


def keys_of(log: SqliteEventLog) -> list[str]:
    return [entry.key for entry in log.read()]
