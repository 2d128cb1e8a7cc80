"""A broken upstream field is named within one ingest, and a sound one is left alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from quality_frames import BEGIN, DAY, broken_from, orders, profile_of, profiled

from sevenfold.data.profile_store import ProfileStore
from sevenfold.data.quality import Finding, compare, without_broken
from sevenfold.data.sources import Chunk
from sevenfold.data.table import REJECTS
from sevenfold.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.data.profile import Profile

HOUR = DAY // 24


def times(factor: float) -> pl.Expr:
    return (pl.col("total").cast(pl.Float64) * factor).round(2).cast(pl.String)


BREAKS: dict[str, tuple[str, pl.Expr, str, str]] = {
    "all missing": ("country", pl.lit(None, pl.String), "missing", "is all missing, usually in "),
    "half missing": (
        "country",
        pl.when(pl.int_range(pl.len()) % 2 == 0).then("country"),
        "missing",
        "is missing in 5",
    ),
    "cents": ("total", times(100), "scale", "has values about 100 times what they were (median "),
    "tenth": ("total", times(0.1), "scale", "has values smaller, by about 10"),
    "constant category": ("country", pl.lit("DE"), "constant", "holds 100 % 'DE'; before, no value "),
    "constant number": ("items", pl.lit(1), "constant", "holds 100 % about"),
    "constant entity": ("shop", pl.lit("shop-000"), "constant", "holds 100 % 'shop-000'"),
    "new categories": (
        "country",
        pl.col("country").replace({"DE": "DEU", "FR": "FRA"}),
        "new",
        "has values that were never seen before: 'DEU' (",
    ),
    "cut tokens": (
        "shop",
        pl.lit("s-") + pl.col("items").cast(pl.String),
        "length",
        "texts of another length",
    ),
    "turned around": ("gift", ~pl.col("gift"), "mix", "is mixed otherwise: '"),
    "signs": ("items", -pl.col("items"), "shape", "has values elsewhere"),
}


@pytest.fixture(scope="module")
def usual(tmp_path_factory: pytest.TempPathFactory) -> Profile:
    """Two weeks of orders that came in earlier."""
    return profile_of(orders(0, 14), tmp_path_factory.mktemp("work"))


def named(findings: list[Finding]) -> list[tuple[str, str, str]]:
    return [(one.where, one.kind, one.severity) for one in findings]


@pytest.mark.parametrize("seed", range(6))
def test_sound_data_are_left_alone(seed: int, tmp_path: Path) -> None:
    """Within one file, and against what came before."""
    before = profile_of(orders(0, 10, seed=seed), tmp_path)
    after = profile_of(orders(10, 5, seed=seed), tmp_path)
    assert compare(before, None) == []
    assert compare(after, before) == []


@pytest.mark.parametrize("case", BREAKS)
def test_a_field_that_broke_is_named_with_its_day(case: str, tmp_path: Path) -> None:
    field, value, kind, text = BREAKS[case]
    profile = profile_of(broken_from(orders(0, 14), 9, field, value, 11), tmp_path)
    (found,) = compare(profile, None)
    assert (found.where, found.kind, found.severity) == (f"Order.{field}", kind, "broken")
    assert text in found.text
    assert found.period == "from 2026-01-10 to 2026-01-11"


@pytest.mark.parametrize("case", BREAKS)
def test_it_is_named_in_the_first_ingest_that_brings_it(case: str, usual: Profile, tmp_path: Path) -> None:
    field, value, kind, _ = BREAKS[case]
    (found,) = compare(profile_of(broken_from(orders(14, 1), 0, field, value), tmp_path), usual)
    assert (found.where, found.kind, found.severity) == (f"Order.{field}", kind, "broken")
    assert found.period == "on 2026-01-15"


@pytest.mark.parametrize("case", [None, *BREAKS])
def test_hours_are_held_against_the_same_hours(case: str | None, usual: Profile, tmp_path: Path) -> None:
    """At night, orders are ten times as large and from abroad: a night is not broken, but may be."""
    night = orders(14, 1, a_day=3_000, hours=(0, 4))
    if case is None:
        assert [one for one in compare(profile_of(night, tmp_path), usual) if one.kind != "volume"] == []
        return
    field, value, kind, _ = BREAKS[case]
    found = compare(profile_of(broken_from(night, 0, field, value), tmp_path), usual)
    assert (f"Order.{field}", kind) in [(one.where, one.kind) for one in found]


def test_what_is_broken_does_not_become_usual(usual: Profile, tmp_path: Path) -> None:
    broken = profile_of(broken_from(orders(14, 2), 0, "country", pl.lit(None, pl.String)), tmp_path)
    usual = usual.merged(without_broken(broken, compare(broken, usual)))
    again = profile_of(broken_from(orders(16, 2), 0, "country", pl.lit(None, pl.String)), tmp_path)
    assert named(compare(again, usual)) == [("Order.country", "missing", "broken")]
    assert compare(profile_of(orders(18, 2), tmp_path), usual) == []
    assert usual.part("numbers", "items")["n"].sum() == 2 * 800 * 16  # other fields of these days are kept


def test_several_breaks_are_named_each(usual: Profile, tmp_path: Path) -> None:
    frame = orders(14, 1)
    for case in ("all missing", "cents", "constant entity"):
        field, value, _, _ = BREAKS[case]
        frame = broken_from(frame, 0, field, value)
    found = named(compare(profile_of(frame, tmp_path), usual))
    assert sorted(found) == [
        ("Order.country", "missing", "broken"),
        ("Order.shop", "constant", "broken"),
        ("Order.total", "scale", "broken"),
    ]


def test_a_small_change_is_for_a_person_to_look_at(usual: Profile, tmp_path: Path) -> None:
    some = pl.when(pl.int_range(pl.len()) % 10 == 0).then(pl.lit("LU")).otherwise("country")
    (found,) = compare(profile_of(broken_from(orders(14, 1), 0, "country", some), tmp_path), usual)
    assert (found.kind, found.severity) == ("new", "look")
    assert str(found) == "Order.country has values that were never seen before: 'LU' (10.3 %), on 2026-01-15"


def test_a_category_that_is_gone(usual: Profile, tmp_path: Path) -> None:
    other = pl.col("country").replace({"DE": "FR"})
    found = compare(profile_of(broken_from(orders(14, 1), 0, "country", other), tmp_path), usual)
    assert named(found) == [("Order.country", "gone", "broken")]
    assert "never is 'DE' any more, before in " in found[0].text


def test_a_third_of_the_values_being_wrong_does_not_pass_for_noise(tmp_path: Path) -> None:
    """It is seen on each of the days: what is odd is no measure of how much days differ."""
    some = pl.when(pl.int_range(pl.len()) % 3 == 0).then(times(100)).otherwise("total")
    frame = broken_from(orders(0, 14), 9, "total", some, 12)
    (found,) = compare(profile_of(frame, tmp_path), None)
    assert (found.where, found.kind) == ("Order.total", "shape")
    assert found.period == "from 2026-01-10 to 2026-01-12"


def test_hours_without_events_and_hours_with_too_many(tmp_path: Path) -> None:
    frame = orders(0, 21, a_day=2_000)
    gap = pl.col("at").is_between(BEGIN + 16 * DAY + 8 * HOUR, BEGIN + 16 * DAY + 15 * HOUR - 1)
    (found,) = compare(profile_of(frame.filter(~gap), tmp_path), None)
    assert (found.where, found.kind, found.severity) == ("Order", "volume", "broken")
    assert found.text.startswith("has 0 events where about 521 are usual")
    assert found.period == "from 2026-01-17T09:00Z to 2026-01-17T14:00Z"
    burst = orders(16, 1, a_day=60_000, seed=9, hours=(12, 14)).with_columns(
        order_id="b" + pl.col("order_id")
    )
    volume = compare(profile_of(pl.concat([frame, burst]).sort("at"), tmp_path), None)
    assert ("Order", "volume", "broken") in named(volume)


def test_rows_refused_more_often_than_before(usual: Profile, tmp_path: Path) -> None:
    profiler = profiled(orders(14, 1), tmp_path)
    lines = {"row": range(300), "field": "total", "expected": "x", "got": "y", "hint": ""}
    none = profiled(orders(14, 1), tmp_path)
    profiler.add(Chunk(_no_rows(), pl.DataFrame(lines, schema=REJECTS), 300, 0))
    assert compare(none.profile(), usual) == []
    (found,) = compare(profiler.profile(), usual)
    assert str(found).startswith("Order.total is refused in 27.3 % of rows, usually in 0 %, ")
    assert found.severity == "broken"


def test_few_rows_raise_no_alarm(usual: Profile, tmp_path: Path) -> None:
    few = orders(14, 1, a_day=20).with_columns(country=pl.lit("DE"))
    assert [one for one in compare(profile_of(few, tmp_path), usual) if one.kind != "volume"] == []
    assert compare(profile_of(few.clear(), tmp_path), usual) == []


def test_a_field_that_is_new_is_not_compared(usual: Profile, tmp_path: Path) -> None:
    frame = orders(14, 1)
    before = type(usual)(usual.event, {**usual.kinds, "items": "category"}, usual.cells)
    assert compare(profile_of(broken_from(frame, 0, "items", pl.lit(1)), tmp_path), before) == []


def test_a_store_keeps_what_came_and_learns_what_is_accepted(tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "profiles")
    work = tmp_path / "work"
    assert store.usual("Order") is None
    store.add(profile_of(orders(0, 7), work), [], ["a.csv"])
    for first in (7, 10):
        profile = profile_of(broken_from(orders(first, 3), 0, "total", BREAKS["cents"][1]), work)
        findings = compare(profile, store.usual("Order"))
        assert named(findings) == [("Order.total", "scale", "broken")]
        store.add(profile, findings, ["b.csv"])
    assert [(record.sources, len(record.findings)) for record in store.records("Order")] == [
        (("a.csv",), 0),
        (("b.csv",), 1),
        (("b.csv",), 1),
    ]
    with pytest.raises(UsageError) as refused:
        store.accept("Order.country")
    assert "expected a field that was found broken, got Order.country. Findings wait for: Order.total" in str(
        refused.value
    )
    assert store.accept("Order.total") == 2
    as_before = profile_of(orders(13, 3), work)
    as_now = profile_of(broken_from(orders(13, 3), 0, "total", BREAKS["cents"][1]), work)
    assert named(compare(as_before, store.usual("Order"))) == [("Order.total", "scale", "broken")]
    assert compare(as_now, store.usual("Order")) == []
    with pytest.raises(UsageError, match="Nothing waits to be accepted"):
        store.accept("Order.total")


@pytest.mark.parametrize("name", ["usual.parquet", "000001.json"])
def test_a_damaged_file_is_passed_over_and_told(name: str, tmp_path: Path) -> None:
    store = ProfileStore(tmp_path / "profiles")
    store.add(profile_of(orders(0, 3), tmp_path), [], ["a.csv"])
    (tmp_path / "profiles" / "Order" / name).write_bytes(b"\0")
    assert (store.usual("Order") is None) == (name == "usual.parquet")
    assert len(store.records("Order")) == (name == "usual.parquet")
    assert len(store.notes) == 1
    assert name in store.notes[0]
    assert "passed over" in store.notes[0]
    store.add(profile_of(orders(3, 3), tmp_path), [], ["b.csv"])


def _no_rows() -> pl.DataFrame:
    from quality_frames import Order

    from sevenfold.data.table import normalise

    return normalise(Order, orders(0, 1).clear())


def test_chance_alone_finds_nothing_in_noise(tmp_path: Path) -> None:
    """Sixty days of few orders whose numbers are noise, with a weekly rhythm."""
    random = np.random.default_rng(2)
    sizes = [int(random.integers(60, 120) * (2 if day % 7 in (2, 3) else 1)) for day in range(60)]
    frame = pl.concat(orders(day, 1, a_day=size) for day, size in enumerate(sizes))
    assert [one for one in compare(profile_of(frame, tmp_path), None) if one.severity == "broken"] == []
