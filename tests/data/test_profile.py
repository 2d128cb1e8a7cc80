"""Profiles: right about what they count, the same whatever the chunks, bounded, unchanged by a file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest
from polars.testing import assert_frame_equal
from quality_frames import BEGIN, DAY, Order, orders, profile_of, profiled

from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Entity, Money, Timestamp
from sevenfold.data.profile import Profile, load_profile
from sevenfold.data.profile_cells import COLUMNS, compacted
from sevenfold.data.profile_sketch import (
    ACCURACY,
    bins,
    distinct,
    quantiles,
    register,
    register_rank,
    trimmed,
    value_of,
)
from sevenfold.data.profiler import Profiler
from sevenfold.data.sources import Chunk
from sevenfold.data.table import REJECTS
from sevenfold.errors import DataError

if TYPE_CHECKING:
    from pathlib import Path


class Sale(EventRecord, key="number", time="at"):
    number: int
    at: Timestamp
    merchant: Entity
    amount: Money


@pytest.mark.parametrize("scale", [1e-6, 1.0, 1e12])
def test_quantiles_are_within_two_percent(scale: float) -> None:
    random = np.random.default_rng(5)
    values = random.lognormal(0, 3, 20_000) * np.where(random.random(20_000) < 0.2, -scale, scale)
    values[:100] = 0.0
    counts = pl.DataFrame({"x": values}).group_by(bin=bins(pl.col("x"))).agg(n=pl.len())
    shares = [0.001, 0.05, 0.25, 0.5, 0.75, 0.99]
    exact = np.quantile(values, shares, method="inverted_cdf")
    np.testing.assert_allclose(quantiles(counts, shares), exact, rtol=ACCURACY * 1.001, atol=1e-9)


def test_bins_keep_the_order_of_values() -> None:
    values = np.sort(np.concatenate([-np.logspace(-9, 300, 500), [0.0], np.logspace(-9, 300, 500)]))
    found = pl.DataFrame({"x": values}).select(bins(pl.col("x"))).to_series().to_numpy().astype(np.int64)
    assert (np.diff(found) >= 0).all()
    np.testing.assert_allclose(value_of(found), values, rtol=ACCURACY * 1.001, atol=1e-9)


@pytest.mark.parametrize("n", [1, 100, 3_000, 200_000])
def test_distinct_values_are_estimated(n: int) -> None:
    hashes = pl.DataFrame({"h": pl.Series([f"v{number}" for number in range(n)]).hash(7)})
    table = hashes.group_by(bin=register(pl.col("h"))).agg(n=register_rank(pl.col("h")).max())
    assert distinct(table["n"].to_numpy()) == pytest.approx(n, rel=0.1, abs=1)


def test_frequent_values_are_never_off_by_more_than_what_was_lost() -> None:
    """Agarwal et al.: the true count lies between the counter and the counter plus what its group lost."""
    random = np.random.default_rng(3)
    values = np.minimum(random.zipf(1.3, 50_000), 5_000)
    kept, lost = pl.DataFrame(schema={"g": pl.Int32, "value": pl.Int64, "n": pl.Int64}), 0
    for part in np.array_split(values, 20):
        counted = pl.DataFrame({"g": 0, "value": part}).group_by("g", "value").agg(n=pl.len().cast(pl.Int64))
        both = pl.concat([kept, counted]).group_by("g", "value").agg(pl.col("n").sum())
        kept, gone = trimmed(both, ["g"], 50)
        lost += int(gone["n"].sum())
    assert kept.height <= 50
    truth = dict(zip(*np.unique(values, return_counts=True), strict=True))
    for _, value, n in kept.iter_rows():
        assert n <= truth[value] <= n + lost
    missing = [n for value, n in truth.items() if value not in set(kept["value"])]
    assert max(missing) <= lost < 50_000 / 50


def test_it_counts_what_is_there(tmp_path: Path) -> None:
    frame = orders(0, 3)
    profile = profile_of(frame, tmp_path)
    assert profile.rows == profile.read == frame.height
    assert profile.nulls("country") == frame["country"].null_count()
    assert dict(profile.top("country").iter_rows()) == dict(
        frame["country"].drop_nulls().value_counts().iter_rows()
    )
    totals = frame["total"].cast(pl.Float64)
    assert profile.extremes("total") == (totals.min(), totals.max(), pytest.approx(totals.mean()))
    assert profile.quantiles("total", [0.5])[0] == pytest.approx(totals.quantile(0.5), rel=0.021)
    assert profile.part("hourly")["n"].sum() == frame.height
    assert profile.distinct("shop") == pytest.approx(40, abs=3)
    assert profile.distinct("country") == 4
    assert profile.top("gift")["value"].to_list() == ["false", "true"]


def test_chunks_and_merging_change_nothing(tmp_path: Path) -> None:
    """But for the frequent values of days, which are trimmed at other moments."""
    frame = orders(0, 6)
    whole = profile_of(frame, tmp_path).cells.sort(*COLUMNS)
    parted = profile_of(frame, tmp_path, chunks=7).cells.sort(*COLUMNS)
    half = frame.height // 2
    merged = (
        profile_of(frame[:half], tmp_path).merged(profile_of(frame[half:], tmp_path)).cells.sort(*COLUMNS)
    )
    few = (pl.col("part") != "frequent") & (pl.col("part") != "lost")
    for other in (parted, merged):
        assert_frame_equal(whole.filter(few), other.filter(few))


def test_a_file_gives_it_back(tmp_path: Path) -> None:
    profile = profile_of(orders(0, 2), tmp_path)
    profile.save(tmp_path / "p.parquet")
    back = load_profile(tmp_path / "p.parquet")
    assert (back.event, back.kinds) == (profile.event, profile.kinds)
    assert_frame_equal(back.cells, profile.cells.sort(*COLUMNS))


@pytest.mark.parametrize("content", [b"", b"no parquet", None])
def test_a_damaged_file_is_named(content: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "p.parquet"
    if content is None:
        pl.DataFrame({"a": [1]}).write_parquet(path)  # sound, but no profile
    else:
        path.write_bytes(content)
    with pytest.raises(DataError, match=r"p\.parquet is no profile, or is damaged"):
        load_profile(path)


def test_a_field_of_another_kind_is_not_mixed_in(tmp_path: Path) -> None:
    old = profile_of(orders(0, 2), tmp_path)
    changed = Profile(old.event, {**old.kinds, "items": "category"}, old.cells)
    merged = changed.merged(old)
    assert merged.part("numbers", "items")["n"].sum() == 2 * old.part("numbers", "items")["n"].sum() // 2
    assert merged.rows == 2 * old.rows


def test_two_versions_of_hashes_are_not_mixed(tmp_path: Path) -> None:
    now = profile_of(orders(0, 2), tmp_path)
    before = Profile(now.event, now.kinds, profile_of(orders(2, 2), tmp_path).cells, "0.1")
    assert before.merged(now).distinct("shop") == now.distinct("shop")


def test_no_rows_no_numbers(tmp_path: Path) -> None:
    profile = profile_of(orders(0, 1).clear(), tmp_path)
    assert (profile.rows, profile.read, profile.refused) == (0, 0, {})
    assert profile.extremes("total") is None
    assert profile.distinct("shop") is None
    assert np.isnan(profile.quantiles("total", [0.5])).all()


def test_refusals_are_counted_by_field(tmp_path: Path) -> None:
    profiler = profiled(orders(0, 1), tmp_path)
    refused = pl.DataFrame(
        {"row": [1, 2, 2], "field": ["total", "total", ""], "expected": "x", "got": "y", "hint": ""},
        schema=REJECTS,
    )
    profiler.add(
        Chunk(
            orders(0, 1).clear().select(*Order.__fields__.keys() - {"note"}).with_columns(note=None),
            refused,
            2,
            0,
        )
    )
    profile = profiler.profile()
    assert profile.refused == {"total": 2, "": 1}
    assert profile.read == profile.rows + 2


def test_old_slices_are_let_go() -> None:
    """Of 500 days and 20 weeks of hours, the newest 400 and 8 are kept."""
    days = pl.DataFrame({"slice": 1, "at": range(500)})
    hours = pl.DataFrame({"slice": 2, "at": range(20 * 24)})
    clock = pl.DataFrame({"slice": 0, "at": range(500 * 24)})
    parts = [
        one.with_columns(part=pl.lit(part), n=pl.lit(1))
        for one, part in ((days, "rows"), (hours, "rows"), (clock, "hourly"))
    ]
    empty = pl.DataFrame(schema=COLUMNS)
    kept = compacted([pl.concat([empty, part], how="diagonal_relaxed").cast(COLUMNS) for part in parts])  # type: ignore[arg-type]
    assert sorted(kept.filter(pl.col("slice") == 1)["at"]) == list(range(100, 500))
    assert sorted(kept.filter(pl.col("slice") == 2)["at"]) == list(range(12 * 24, 20 * 24))
    assert sorted(kept.filter(pl.col("slice") == 0)["at"]) == list(range(100 * 24, 500 * 24))


def test_ten_million_payments_of_one_merchant(tmp_path: Path) -> None:
    """In bounded size, whatever their number, and without a fault."""
    n = 1_000_000
    at = pl.Series(BEGIN + np.arange(n) * 800).cast(pl.Datetime("ms", "UTC"))
    rows = pl.DataFrame(
        {
            "number": np.arange(n),
            "at": at,
            "merchant": pl.repeat("m", n, eager=True),
            "amount": np.arange(n) % 5000,
        }
    )
    profiler = Profiler(Sale, [], tmp_path)
    for _ in range(10):
        profiler.add(Chunk(rows, pl.DataFrame(schema=REJECTS), n, 0))
    profile = profiler.profile()
    assert profile.rows == 10 * n
    assert profile.top("merchant").rows() == [("m", 10 * n)]
    assert profile.quantiles("amount", [0.5])[0] == pytest.approx(25.0, rel=0.021)
    assert profile.cells.height < 20_000


def test_names_of_fields_meet_none_of_its_own(tmp_path: Path) -> None:
    class Odd(EventRecord, key="n", time="at"):
        n: str
        at: Timestamp
        value: float
        rows: int
        field: str | None = None

    day = pl.Series([BEGIN, BEGIN + DAY]).cast(pl.Datetime("ms", "UTC"))
    rows = pl.DataFrame(
        {"n": ["a", "b"], "at": day, "value": [1.0, 2.0], "rows": [3, 4], "field": [None, "x"]}
    )
    profiler = Profiler(Odd, [], tmp_path)
    profiler.add(Chunk(rows, pl.DataFrame(schema=REJECTS), 2, 0))
    profile = profiler.profile()
    assert profile.nulls("field") == 1
    assert profile.extremes("rows") == (3.0, 4.0, 3.5)
