"""Bringing files in: all that can be wrong with them, and that nothing is lost whatever happens."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from ingest_files import (
    HEADER,
    WRITERS,
    Bring,
    a_row,
    keys_of,
    rejects_of,
    some_rows,
    write_csv,
    write_jsonl,
    write_parquet,
)

from sevenfold.data.ingest import ingest
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import DataError, UsageError

if TYPE_CHECKING:
    from sevenfold.data.event import EventType


@pytest.mark.parametrize("kind", WRITERS)
def test_every_kind_of_file_gives_the_same_events(
    kind: str, bring: Bring, log: SqliteEventLog, tmp_path: Path
) -> None:
    report = bring(WRITERS[kind](tmp_path / f"Payment.{kind}", some_rows(0, 10)))
    assert (report.rows, report.new, report.duplicates, report.rejected) == (10, 10, 0, 0)
    first = next(iter(log.read()))
    assert first.body == (
        b'{"payment_id":"p0","occurred_at":1700000000000,"card":"c0","merchant":"m","amount":125,"currency":"EUR"}'
    )
    assert (first.time_ms, first.arrived_ms) == (1_700_000_000_000, 1_700_000_000_000)
    assert rejects_of(report) == []
    assert log.verify() == 10


def test_a_second_run_adds_nothing_whatever_the_kind(
    bring: Bring, log: SqliteEventLog, tmp_path: Path
) -> None:
    for position, (kind, write) in enumerate(WRITERS.items()):
        report = bring(write(tmp_path / f"Payment.{kind}", some_rows(0, 10)))
        assert (report.new, report.duplicates) == ((10, 0) if position == 0 else (0, 10))
    assert log.end() == 10


def test_a_folder_is_merged_in_the_order_of_time(bring: Bring, log: SqliteEventLog, tmp_path: Path) -> None:
    world = tmp_path / "world"
    write_parquet(world / "Payment.parquet", some_rows(0, 6))
    reports = [
        {
            "chargeback_id": f"cb{number}",
            "reported_at": 1_700_000_000_000 + number * 1000 + (0 if number == 3 else 500),
            "payment_id": f"p{number}",
            "card": "c",
            "merchant": "m",
        }
        for number in (1, 3)
    ]
    write_csv(world / "Chargeback.csv", reports)
    write_csv(world / "labels.csv", some_rows(0, 1))
    (world / "README.txt").write_text("hello")
    report = bring(world)
    assert keys_of(log) == ["p0", "p1", "cb1", "p2", "p3", "cb3", "p4", "p5"]
    assert [Path(source).name for source in report.sources] == ["Payment.parquet", "Chargeback.csv"]
    assert report.notes == ("labels.csv was left out: it is named after no event",)


def test_files_can_be_named_by_event(bring: Bring, log: SqliteEventLog, tmp_path: Path) -> None:
    bring({"Payment": write_csv(tmp_path / "some.csv", some_rows(0, 3))})
    bring(write_csv(tmp_path / "other.csv", some_rows(3, 5)), event="Payment")
    assert log.end() == 5


def test_columns_can_be_mapped(bring: Bring, log: SqliteEventLog, tmp_path: Path) -> None:
    rows = [{**row, "amt": row.pop("amount"), "ts": row.pop("occurred_at")} for row in some_rows(0, 3)]
    for kind, write in WRITERS.items():
        report = bring(
            write(tmp_path / f"Payment.{kind}", rows), mapping={"amount": "amt", "Payment.occurred_at": "ts"}
        )
        assert report.rejected == 0
    assert log.end() == 3


# Bad input


@pytest.mark.parametrize("kind", WRITERS)
def test_an_empty_file_is_an_error(kind: str, bring: Bring, log: SqliteEventLog, tmp_path: Path) -> None:
    path = tmp_path / f"Payment.{kind}"
    path.touch()
    with pytest.raises(DataError, match=f"Payment.{kind} cannot be read: it is empty"):
        bring(path)
    assert log.end() == 0


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_header_alone_brings_nothing_and_says_so(kind: str, bring: Bring, tmp_path: Path) -> None:
    report = bring(WRITERS[kind](tmp_path / f"Payment.{kind}", []))
    assert (report.rows, report.new, report.rejected) == (0, 0, 0)
    assert report.notes == (f"Payment.{kind} holds no rows",)


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_missing_columns_are_an_error_that_names_them_all(kind: str, bring: Bring, tmp_path: Path) -> None:
    rows = [{name: row[name] for name in ("payment_id", "card", "merchant")} for row in some_rows(0, 2)]
    with pytest.raises(DataError) as caught:
        bring(WRITERS[kind](tmp_path / f"Payment.{kind}", rows), mapping={"country": "land"})
    columns = "The columns are: payment_id, card, merchant"
    assert str(caught.value).splitlines() == [
        f"Payment.{kind} cannot be ingested",
        f"  - Payment.{kind}: Payment.occurred_at: expected a column 'occurred_at', got none. {columns}",
        f"  - Payment.{kind}: Payment.amount: expected a column 'amount', got none. {columns}",
        f"  - Payment.{kind}: Payment.country: expected a column 'land', got none. {columns}",
    ]
    assert caught.value.exit_code == 2


def test_a_name_missing_from_json_lines_refuses_thea_row(bring: Bring, tmp_path: Path) -> None:
    report = bring(write_jsonl(tmp_path / "Payment.jsonl", [a_row(0), {"payment_id": "p1"}]))
    assert (report.new, report.rejected) == (1, 1)
    assert [line["field"] for line in rejects_of(report)] == ["occurred_at", "card", "merchant", "amount"]


@pytest.mark.parametrize("kind", WRITERS)
def test_wrong_values_are_refused_with_row_field_expected_and_got(
    kind: str, bring: Bring, log: SqliteEventLog, tmp_path: Path
) -> None:
    rows = some_rows(0, 12)
    rows[1] |= {"amount": "NaN"}
    rows[2] |= {"amount": "inf"}
    rows[3] |= {"amount": "-1.25"}
    rows[4] |= {"amount": "much"}
    rows[5] |= {"currency": "XXX", "card": "4111 1111 1111 1111"}
    rows[6] |= {"occurred_at": "1969-12-31T23:59:59Z"}
    rows[7] |= {"occurred_at": "1970-01-01T00:00:00Z"}
    rows[8] |= {"occurred_at": "2100-12-31T23:59:59Z"}
    rows[9] |= {"occurred_at": "2101-01-01T00:00:00Z"}
    rows[10] |= {"occurred_at": "2023-11-14T22:13:30+09:00"}
    for row in rows:
        row["occurred_at"] = str(row["occurred_at"])
    report = bring(WRITERS[kind](tmp_path / f"Payment.{kind}", rows))
    lines = [(line["row"], line["field"], line["expected"], line["got"]) for line in rejects_of(report)]
    assert sorted(lines) == sorted(
        [
            ("2", "amount", "a finite amount", "str 'NaN'"),
            ("3", "amount", "a finite amount", "str 'inf'"),
            ("5", "amount", "an amount as a number or a decimal string", "str 'much'"),
            ("6", "card", "an opaque token", "a raw card number"),
            ("6", "currency", "an ISO 4217 currency code such as 'EUR'", "str 'XXX'"),
            ("7", "occurred_at", "a time between 1970-01-01 and 2100-12-31", "str '1969-12-31T23:59:59Z'"),
            ("10", "occurred_at", "a time between 1970-01-01 and 2100-12-31", "str '2101-01-01T00:00:00Z'"),
        ]
    )
    assert (report.rows, report.new, report.rejected) == (12, 6, 6)
    assert report.refused == {
        "Payment.amount": 3,
        "Payment.card": 1,
        "Payment.currency": 1,
        "Payment.occurred_at": 2,
    }
    assert {line["source"] for line in rejects_of(report)} == {f"Payment.{kind}"}
    assert "4111" not in report.rejects_path.read_text()
    assert keys_of(log) == ["p7", "p10", "p0", "p3", "p11", "p8"]


def test_numbers_that_are_not_finite_are_refused_in_parquet(bring: Bring, tmp_path: Path) -> None:
    rows = [a_row(0, amount=1.25), a_row(1, amount=float("nan")), a_row(2, amount=float("-inf"))]
    report = bring(write_parquet(tmp_path / "Payment.parquet", rows))
    assert [(line["row"], line["got"]) for line in rejects_of(report)] == [
        ("2", "float nan"),
        ("3", "float -inf"),
    ]


def test_repeated_keys_are_duplicates_or_refused(bring: Bring, log: SqliteEventLog, tmp_path: Path) -> None:
    rows = [a_row(0), a_row(1), a_row(1), a_row(0, amount="2"), a_row(2)]
    report = bring(write_csv(tmp_path / "Payment.csv", rows))
    assert (report.rows, report.new, report.duplicates, report.rejected) == (5, 3, 1, 1)
    (line,) = rejects_of(report)
    assert (line["row"], line["field"], line["expected"], line["got"], line["hint"]) == (
        "4",
        "payment_id",
        "one event under each key",
        "str 'p0'",
        "The log holds another event under this key, at offset 0; events do not change",
    )
    again = bring(tmp_path / "Payment.csv")
    assert (again.new, again.duplicates, again.rejected) == (0, 4, 1)


def test_times_in_seconds_are_accepted_and_remarked_on(bring: Bring, tmp_path: Path) -> None:
    rows = [a_row(number, occurred_at=1_700_000_000 + number) for number in range(3)]
    report = bring(write_csv(tmp_path / "Payment.csv", rows))
    assert report.new == 3
    assert report.notes == (
        "Payment.csv holds nothing later than February 1970: is occurred_at in seconds, not milliseconds?",
    )


@pytest.mark.parametrize("order", ["reversed", "shuffled"])
def test_a_file_out_of_order_is_sorted(
    order: str, bring: Bring, log: SqliteEventLog, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sevenfold.data.csv_source.ROWS_A_CHUNK", 7)
    monkeypatch.setattr("sevenfold.data.merge._FEWEST_ROWS", 2)
    monkeypatch.setattr("sevenfold.data.merge._ROWS_LOADED", 10)
    rows = some_rows(0, 100)
    rows = rows[::-1] if order == "reversed" else [rows[number * 37 % 100] for number in range(100)]
    report = bring(write_csv(tmp_path / "Payment.csv", rows))
    assert keys_of(log) == [f"p{number}" for number in range(100)]
    assert report.notes == ("Payment.csv was not in the order of occurred_at; its events were sorted",)


@given(data=st.data())
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_files_enter_in_the_order_of_time_source_anda_row(
    data: st.DataObject,
    payment: EventType,
    chargeback: EventType,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Ties and overlaps included, with chunks and buffers so small that every seam is crossed."""
    monkeypatch.setattr("sevenfold.data.parquet_source.ROWS_A_CHUNK", data.draw(st.integers(1, 6)))
    monkeypatch.setattr("sevenfold.data.merge._ROWS_LOADED", data.draw(st.integers(1, 8)))
    monkeypatch.setattr("sevenfold.data.merge._FEWEST_ROWS", 1)
    monkeypatch.setattr("sevenfold.data.ingest._ENTRIES_A_BATCH", data.draw(st.integers(1, 9)))
    home = tmp_path_factory.mktemp("merge")
    times = st.lists(st.integers(0, 9), min_size=1, max_size=25)
    payments = [a_row(number, occurred_at=time) for number, time in enumerate(data.draw(times))]
    reports = [
        {"chargeback_id": f"cb{number}", "reported_at": time, "payment_id": "p", "card": "c", "merchant": "m"}
        for number, time in enumerate(data.draw(times))
    ]
    write_parquet(home / "Payment.parquet", payments)
    write_parquet(home / "Chargeback.parquet", reports)
    with SqliteEventLog(home / "log.sqlite", "normal") as log:
        ingest({"Payment": payment, "Chargeback": chargeback}, home, log, rejects_path=home / "rejects.csv")
        keyed = [(row["occurred_at"], 0, row["payment_id"]) for row in payments]
        keyed += [(row["reported_at"], 1, row["chargeback_id"]) for row in reports]
        assert keys_of(log) == [key for _, _, key in sorted(keyed, key=lambda item: item[:2])]


# Files that are not quite what they seem


def test_a_csv_row_that_is_no_row_is_refused_and_the_others_are_not(
    bring: Bring, log: SqliteEventLog, tmp_path: Path
) -> None:
    lines = [
        b",".join(name.encode() for name in HEADER),
        b"p1,1700000000000,c,m,1,EUR",
        b"p2,1700000000000,c,m,1",
        b"p3,1700000000000,c,m,1,EUR,more",
        b"",
        b'p4,1700000000000,"c"x,m,1,EUR',
        b"p5,1700000000000,caf\xe9,m,1,EUR",
        "p6,1700000000000,café,m,1,EUR".encode(),
        b'p7,1700000000000,"two\nlines",m,1,EUR',
        b"p8,1700000000000,,m,1,",
        b'p9,1700000000000,"never closed,m,1,EUR',
    ]
    path = tmp_path / "Payment.csv"
    path.write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines) + b"\n")
    report = bring(path)
    assert [(line["row"], line["field"], line["expected"], line["got"]) for line in rejects_of(report)] == [
        ("2", "", "6 cells, as in the header", "5"),
        ("3", "", "6 cells, as in the header", "7"),
        ("4", "", "a CSV row", "',' expected after '\"'"),
        ("5", "", "text in UTF-8", "other bytes"),
        ("8", "card", "a value", "null"),
        ("9", "", "a CSV row", "unexpected end of data"),
    ]
    assert rejects_of(report)[2]["hint"] == "Look at lines 6 to 6 of the file"
    assert keys_of(log) == ["p1", "p6", "p7"]
    assert report.rows == report.new + report.rejected == 9


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_other_delimiters_are_recognised(delimiter: str, bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "Payment.csv"
    rows = [HEADER, *([str(value) for value in row.values()] for row in some_rows(0, 3))]
    path.write_text("\r\n".join(delimiter.join(row) for row in rows))
    assert bring(path).new == 3


def test_a_header_with_a_name_twice_is_an_error(bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "Payment.csv"
    path.write_text(",".join([*HEADER, "card"]) + "\n")
    with pytest.raises(DataError, match=r"Payment\.csv: header: expected each name once, got 'card' twice"):
        bring(path)


def test_json_lines_that_are_none_are_refused(bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "Payment.jsonl"
    good = json.dumps(a_row(0)).encode()
    path.write_bytes(b"\n".join([good, b"{", b"[1]", b"", b'"\xff"', b"x" * 3_000_000, good]) + b"\n")
    report = bring(path)
    assert [(line["row"], line["expected"], line["got"]) for line in rejects_of(report)] == [
        ("2", "a JSON object", "other text"),
        ("3", "an object", "list [1]"),
        ("4", "a JSON object", "other text"),
        ("5", "a line of at most 1,048,576 bytes", "a longer one"),
    ]
    assert (report.rows, report.new, report.duplicates) == (6, 1, 1)


def test_a_json_array_is_an_error_with_advice(bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "Payment.jsonl"
    path.write_text(json.dumps(some_rows(0, 2)))
    with pytest.raises(DataError, match="it holds a JSON array; write one object on each line instead"):
        bring(path)


def test_what_is_no_parquet_is_an_error(bring: Bring, tmp_path: Path) -> None:
    path = tmp_path / "Payment.parquet"
    path.write_bytes(b"PAR1 not really")
    with pytest.raises(DataError, match=r"Payment\.parquet cannot be read: "):
        bring(path)
    whole = write_parquet(tmp_path / "whole.parquet", some_rows(0, 5000)).read_bytes()
    for damaged in (whole[: len(whole) // 2], whole[:40] + bytes(400) + whole[440:]):
        path.write_bytes(damaged)
        with pytest.raises(DataError, match=r"Payment\.parquet cannot be read: "):
            bring(path)


def test_what_is_not_there_is_told_all_at_once(bring: Bring, tmp_path: Path) -> None:
    text = tmp_path / "notes.txt"
    text.touch()
    with pytest.raises(UsageError) as caught:
        bring({"Payment": tmp_path / "gone.csv", "Refund": text}, mapping={"amout": "amt"})
    assert [fault.where for fault in caught.value.faults] == [
        str(tmp_path / "gone.csv"),
        "notes.txt",
        str(text),
        "mapping of amout",
    ]
    assert "Say what its rows are; the events are: Payment, Chargeback" in str(caught.value)
    assert "The fields are: amount, card, country" in str(caught.value)
    with pytest.raises(UsageError, match=r"expected files named Payment or Chargeback with \.csv"):
        bring(tmp_path)
