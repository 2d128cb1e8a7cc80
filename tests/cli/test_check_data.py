"""``sevenfold check-data``: tables, JSON, pictures, an exit code; and what an ingest says of its data."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from sevenfold.cli import front
from sevenfold.data.sqlite_log import SqliteEventLog

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]

DESIGN = """
import sevenfold as sf


class Order(sf.Event, key="order_id", time="at"):
    order_id: str
    at: sf.Timestamp
    shop: sf.Entity
    total: sf.Money
    country: sf.Category | None = None
    note: str | None = None


design = sf.Design(
    name="orders",
    events=[Order],
    features=sf.features(total=Order.total, shop_count=Order.count().by(Order.shop).over("1d")),
    expectations=[
        sf.expect(Order.order_id, unique=True),
        sf.expect(Order.total, between=(0, 500), because="Nobody sells for more."),
        sf.expect(Order.country, one_of=["DE", "FR"], nulls=0.2),{more}
    ],
)
"""


@pytest.fixture
def orders_design(tmp_path: Path) -> Callable[[str], str]:
    def write(more: str = "") -> str:
        path = tmp_path / "orders.py"
        path.write_text(DESIGN.replace("{more}", more))
        return str(path)

    return write


def orders(first: int, days: int, **replaced: Any) -> pl.DataFrame:
    n = 300 * days
    begin = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=first)
    return pl.DataFrame(
        {
            "order_id": [f"o{first:03d}-{number:05d}" for number in range(n)],
            "at": [begin + timedelta(days=days) * number / n for number in range(n)],
            "shop": [f"shop-{number * 7 % 30:02d}" for number in range(n)],
            "total": [f"{5 + number * 13 % 90}.50" for number in range(n)],
            "country": [
                ("DE", "FR", "DE", None)[number % 4] if number % 12 != 7 else "FR" for number in range(n)
            ],
        }
    ).with_columns(
        **{name: pl.lit(value) if isinstance(value, str) else value for name, value in replaced.items()}
    )


@pytest.fixture
def check(home: Path, capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, dict[str, Any], str]]:
    """Run ``check-data``; gives exit code, JSON and text."""

    def call(*words: object) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        code = front.run(["check-data", *map(str, words), "--json", "--home", str(home)])
        captured = capsys.readouterr()
        return code, json.loads(captured.out), captured.err

    return call


Check = Any
Write = Any


def test_all_is_as_expected(check: Check, orders_design: Write, tmp_path: Path, home: Path) -> None:
    orders(0, 10).write_parquet(tmp_path / "Order.parquet")
    code, told, said = check(orders_design(), tmp_path / "Order.parquet")
    assert code == 0, said
    assert "All is as expected" in said
    assert told["broken"] == []
    assert {one["state"] for one in told["expectations"]} == {"met"}
    assert told["rows"] == {"Order": 3000}
    assert told["fields"]["Order"]["country"]["top"] == {"DE": 1500, "FR": 1000}
    assert told["fields"]["Order"]["total"]["high"] == 94.5
    assert not home.exists()  # looking changes nothing


def test_a_broken_expectation_exits_with_one(check: Check, orders_design: Write, tmp_path: Path) -> None:
    frame = orders(0, 1).with_columns(
        total=pl.when(pl.int_range(pl.len()) < 7).then(pl.lit("501")).otherwise("total")
    )
    frame.write_csv(tmp_path / "Order.csv")
    code, told, said = check(orders_design(), tmp_path / "Order.csv")
    assert code == 1
    assert told["broken"] == ["Order.total: expected between 0 and 500, got 7 of 300 outside (501 to 501)"]
    assert "1 broken" in said


def test_a_field_that_broke_within_the_file(check: Check, orders_design: Write, tmp_path: Path) -> None:
    pl.concat([orders(0, 8), orders(8, 2, country=pl.lit(None, pl.String))]).write_parquet(
        tmp_path / "Order.parquet"
    )
    code, told, said = check(
        orders_design("\n        sf.expect(Order, fresh='9000d'),"), tmp_path / "Order.parquet"
    )
    assert code == 1
    finding = "Order.country is all missing, usually in 16.7 %, from 2026-01-09 to 2026-01-10"
    assert finding in told["broken"]
    assert f"Broken: {finding}." in said


def test_an_ingest_names_what_broke_since_the_last_one(
    sevenfold: Sevenfold, refused: Refused, check: Check, orders_design: Write, tmp_path: Path, home: Path
) -> None:
    design = orders_design()
    orders(0, 7).write_parquet(tmp_path / "Order.parquet")
    assert sevenfold("ingest", design, tmp_path / "Order.parquet")["quality"]["broken"] == []
    cents = (pl.col("total").cast(pl.Float64) * 100).cast(pl.Int64).cast(pl.String)
    broken = tmp_path / "next.parquet"
    orders(7, 1).with_columns(total=cents).write_parquet(broken)

    code, told, _ = check(design, f"Order={broken}")
    assert code == 1
    report = sevenfold("ingest", design, f"Order={broken}")
    assert report["new"] == 300  # it is told, not refused
    assert report["quality"]["broken"] == told["broken"]
    named = [(one["where"], one["kind"]) for one in report["quality"]["findings"]]
    assert named == [("Order.total", "scale")]

    again = sevenfold("ingest", design, f"Order={broken}")
    assert again["new"] == 0
    records = sorted((home / "orders" / "profiles" / "Order").glob("[0-9]*.json"))
    assert len(records) == 2  # what adds no event leaves no profile

    orders(8, 2).with_columns(total=cents).write_parquet(broken)
    code, told, said = check(design, f"Order={broken}", "--accept", "Order.total")
    assert "Order.total: what 1 ingest brought is usual now" in said
    assert told["findings"] == []
    said = refused("check-data", design, f"Order={broken}", "--accept", "Order.total")
    assert (
        "--accept: expected a field that was found broken, got Order.total. Nothing waits to be accepted"
        in said
    )


def test_suggestions_can_be_pasted(check: Check, orders_design: Write, tmp_path: Path) -> None:
    orders(0, 3).write_parquet(tmp_path / "Order.parquet")
    code, told, said = check(orders_design(), tmp_path / "Order.parquet", "--suggest")
    assert code == 0
    assert told["suggested"].rstrip() in said
    assert 'sf.expect(Order.country, one_of=["DE", "FR"], nulls=0.25)' in told["suggested"]


def test_pictures(check: Check, orders_design: Write, tmp_path: Path, sevenfold: Sevenfold) -> None:
    design = orders_design()
    orders(0, 3).write_parquet(tmp_path / "Order.parquet")
    sevenfold("ingest", design, tmp_path / "Order.parquet")
    _, told, _ = check(design, tmp_path / "Order.parquet", "--plots", tmp_path / "plots")
    names = ["Order.volume.png", "Order.missing.png", "Order.total.png", "Order.country.png"]
    assert told["plots"] == [str(tmp_path / "plots" / name) for name in names]
    for name in names:
        assert (tmp_path / "plots" / name).read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("note", "kind"),
    [
        ("mail jo@example.com", "email"),
        ("call +49 30 1234567", "phone"),
        ("to DE89 3704 0044 0532 0130 00", "iban"),
        ("paid with 4111 1111 1111 1111", "card"),
    ],
)
def test_personal_data_must_be_declared_or_dropped(
    note: str,
    kind: str,
    refused: Refused,
    sevenfold: Sevenfold,
    orders_design: Write,
    tmp_path: Path,
    home: Path,
) -> None:
    path = tmp_path / "Order.parquet"
    orders(0, 1, note=note).write_parquet(path)
    said = refused("ingest", orders_design(), path)
    assert "These files hold personal data; nothing of them was kept." in said
    assert "- Order.note: expected no personal data, got " in said
    assert note[6:20] not in said
    with SqliteEventLog(home / "orders" / "log.sqlite") as log:
        assert log.end() == 0
    declared = f'\n        sf.expect(Order.note, personal="{kind}"),'
    if kind == "card":
        assert "Send a token instead" in said
        assert "personal=: expected what may be kept, got 'card'" in refused(
            "ingest", orders_design(declared), path
        )
        return
    assert f'Declare it: expectations=[sf.expect(Order.note, personal="{kind}")]; or drop it' in said
    assert sevenfold("ingest", orders_design(declared), path)["new"] == 300


def test_check_data_tells_of_personal_data_and_of_columns_that_are_never_read(
    check: Check, orders_design: Write, tmp_path: Path
) -> None:
    frame = orders(0, 1, note="jo@example.com", billing="DE89370400440532013000")
    for name, write in (("o.csv", frame.write_csv), ("o.parquet", frame.write_parquet), ("o.jsonl", None)):
        path = tmp_path / name
        if write is None:
            path.write_text(
                "".join(json.dumps(row, default=str) + "\n" for row in frame.iter_rows(named=True))
            )
        else:
            write(path)
        code, told, said = check(orders_design(), f"Order={path}")
        assert told.get("undeclared") == ["Order.note"], said
        assert told["personal"] == {"Order.note": {"email": 300}}
        assert f"{name}: column 'billing' holds bank accounts (IBAN) in 300 of 300 values" in " ".join(
            said.split()
        )
        assert code == 1


def test_wrong_usage_exits_with_two(refused: Refused, orders_design: Write, tmp_path: Path) -> None:
    assert "expected a file or a folder, got nothing" in refused(
        "check-data", orders_design(), tmp_path / "none.csv"
    )
    bad = orders_design("\n        sf.expect(Order.country, between=(0, 1)),")
    assert "between=: expected a number or money, got Order.country, a category" in refused(
        "check-data", bad, tmp_path
    )


def test_an_outage_of_the_simulated_world_is_named(
    sevenfold: Sevenfold, check: Check, tmp_path: Path
) -> None:
    """And nothing else of it: what people and thieves do is no broken field."""
    for turn, field, kind in (
        ("amount", "Payment.amount", "scale"),
        ("country", "Payment.country", "missing"),
    ):
        out = tmp_path / turn
        words = ["--payments", 20_000, "--days", 60, "--out", out]
        sevenfold("simulate", *words, "--turn", f"outage:{turn}:40-43:1.0")
        code, told, said = check("fraud", out)
        assert code == 1, said
        found = [(one["where"], one["kind"]) for one in told["findings"] if one["severity"] == "broken"]
        assert found == [(field, kind)]
        (text,) = [one["text"] for one in told["findings"] if one["severity"] == "broken"]
        assert text.endswith("from 2026-02-10 to 2026-02-12")
