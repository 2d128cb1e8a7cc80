"""An independent check: the same features as SQL windows in DuckDB, over a longer log.

DuckDB's ``RANGE`` windows show rows of equal time to each other, ours keep log order; here no two are equal.
"""

from __future__ import annotations

from pathlib import Path

import duckdb
import numpy as np
import polars as pl
import pytest
from sample_events import EVENTS, Chargeback, Payment

import sevenfold as sf

EVENTS_IN_ALL = 50_000
HOUR, DAY = 3_600_000, 86_400_000
WIDTHS = {"10m": 600_000, "1h": HOUR, "1d": DAY, "7d": 7 * DAY}
p, c = Payment, Chargeback


@pytest.fixture(scope="module")
def tables() -> dict[str, pl.DataFrame]:
    """Payments of a thousand cards, a few of them busy, and their chargebacks; physical."""
    rng = np.random.default_rng(17)
    n = EVENTS_IN_ALL
    times = 1_700_000_000_000 + np.sort(rng.choice(60 * DAY, n + n // 10, replace=False))
    is_report = np.zeros(times.size, bool)
    is_report[rng.choice(times.size, n // 10, replace=False)] = True
    cards = (rng.zipf(1.3, times.size) % 1_000).astype(np.int64)
    merchants = rng.integers(0, 200, times.size)
    pay, report = ~is_report, is_report

    def text(prefix: str, numbers: np.ndarray) -> pl.Series:
        return pl.Series(numbers).cast(pl.String).str.replace("^", prefix)

    def some(values: pl.Series, share: float) -> pl.Series:
        return (
            values.to_frame("v")
            .select(pl.when(pl.Series(rng.random(len(values)) < share)).then("v"))
            .to_series()
        )

    payments = pl.DataFrame(
        {
            "payment_id": text("p", np.arange(n)),
            "occurred_at": pl.Series(times[pay]).cast(pl.Datetime("ms", "UTC")),
            "card": text("c", cards[pay]),
            "card_since": pl.Series([None] * n, dtype=pl.Datetime("ms", "UTC")),
            "merchant": some(text("m", merchants[pay]), 0.9),
            "device": some(text("d", rng.integers(0, 3_000, n)), 0.7),
            "payer": pl.Series([None] * n, dtype=pl.String),
            "amount": rng.integers(-1_000, 10**7, n) // 10 ** rng.integers(0, 6, n),
            "currency": "EUR",
            "score": some(pl.Series(rng.normal(0, 10.0 ** rng.integers(-3, 4, n))), 0.8),
            "items": some(pl.Series(rng.integers(0, 5, n)), 0.9),
            "country": some(pl.Series(rng.choice(["DE", "FR", "US", "GB", "NL"], n)), 0.9),
            "online": rng.random(n) < 0.5,
            "challenged": some(pl.Series(rng.random(n) < 0.5), 0.6),
        }
    )
    reports = pl.DataFrame(
        {
            "chargeback_id": text("r", np.arange(report.sum())),
            "reported_at": pl.Series(times[report]).cast(pl.Datetime("ms", "UTC")),
            "card": text("c", cards[report]),
            "merchant": text("m", merchants[report]),
            "fee": pl.Series([None] * int(report.sum()), dtype=pl.Int64),
            "reason": "fraud",
        }
    )
    return {"Payment": payments, "Chargeback": reports}


def ours(tables: dict[str, pl.DataFrame], **features: object) -> pl.DataFrame:
    design = sf.Design(
        name="duck", events=list(EVENTS.values()), features=sf.features(**features), lateness=None
    )
    return design.backfill(tables, on="Payment", physical=True).drop("payment_id")


def theirs(tables: dict[str, pl.DataFrame], folder: Path, names: list[str], select: str) -> pl.DataFrame:
    """What DuckDB makes of the payments, in the order of their times."""
    with duckdb.connect() as database:
        for name, frame in tables.items():
            file = folder / f"{name}.parquet"
            frame.select(pl.selectors.datetime().to_physical(), ~pl.selectors.datetime()).write_parquet(file)
            database.execute(f"CREATE TABLE \"{name}\" AS SELECT * FROM read_parquet('{file}')")
        out = folder / "out.parquet"
        database.execute(f"COPY (SELECT {select} FROM \"Payment\" ORDER BY occurred_at) TO '{out}'")
    frame = pl.read_parquet(out)
    return frame.rename(dict(zip(frame.columns, names, strict=True)))


def over(width: int | None, by: str = "card", delay: int = 0) -> str:
    """A window ``(t - width - delay, t - delay]``."""
    begin = "UNBOUNDED" if width is None else str(width + delay - 1)
    end = "CURRENT ROW" if not delay else f"{delay} PRECEDING"
    return f"OVER (PARTITION BY {by} ORDER BY occurred_at RANGE BETWEEN {begin} PRECEDING AND {end})"


def assert_equal(got: pl.DataFrame, expected: pl.DataFrame) -> None:
    for name in got.columns:
        same = got[name].eq_missing(expected[name].cast(got[name].dtype))
        wrong = (~same).arg_true()
        first = (got[name][wrong[0]], expected[name][wrong[0]]) if wrong.len() else ()
        assert wrong.len() == 0, f"{name}: {wrong.len()} rows differ, first {first}"


@pytest.mark.parametrize("window", [*WIDTHS, "all"])
def test_aggregates_of_money(tables, tmp_path: Path, window: str) -> None:
    amount, width = p.amount, WIDTHS.get(window)
    got = ours(
        tables,
        count=p.count().by(p.card).over(window),
        sum=amount.sum().by(p.card).over(window),
        mean=amount.mean().by(p.card).over(window),
        min=amount.min().by(p.card).over(window),
        max=amount.max().by(p.card).over(window),
        first=amount.first().by(p.card).over(window),
        last=amount.last().by(p.card).over(window),
    )
    frame, double = over(width), "100.0::DOUBLE"
    expected = theirs(
        tables,
        tmp_path,
        got.columns,
        f"count(*) {frame}, sum(amount) {frame} / {double},"
        f"sum(amount) {frame} / ({double} * count(*) {frame}),"
        f"min(amount) {frame} / {double}, max(amount) {frame} / {double},"
        f"first(amount) {frame} / {double}, last(amount) {frame} / {double}",
    )
    assert_equal(got, expected)


def test_nulls_conditions_and_shares(tables, tmp_path: Path) -> None:
    got = ours(
        tables,
        items=p.items.sum().by(p.card).over("1d"),
        scored=p.score.count().by(p.card).over("1d"),
        least=p.score.min().by(p.card).over("7d"),
        most=p.score.max().by(p.device).over("7d"),
        online=p.count(where=p.online).by(p.card).over("1d"),
        challenged=p.count(where=~p.challenged).by(p.merchant).over("1d"),
        german=p.amount.sum(where=(p.country == "DE") & (p.amount > 5)).by(p.merchant).over("7d"),
        share=(p.amount > 50).mean().by(p.merchant).over("1d"),
        pair=p.count().by(p.card, p.merchant).over("7d"),
        countries=p.country.n_unique().by(p.card).over("7d"),
        cards=p.card.n_unique().by(p.merchant).over("1d"),
    )
    card, merchant = over(DAY), over(DAY, "merchant")
    expected = theirs(
        tables,
        tmp_path,
        got.columns,
        f"coalesce(sum(items) {card}, 0), count(score) {card}, min(score) {over(7 * DAY)},"
        f"CASE WHEN device IS NOT NULL THEN max(score) {over(7 * DAY, 'device')} END,"
        f"count(*) FILTER (online) {card},"
        f"CASE WHEN merchant IS NULL THEN 0 ELSE count(*) FILTER (NOT challenged) {merchant} END,"
        "CASE WHEN merchant IS NULL THEN 0 ELSE coalesce("
        "sum(amount) FILTER (country = 'DE' AND amount > 500)"
        f" {over(7 * DAY, 'merchant')}, 0) END / 100.0::DOUBLE,"
        "CASE WHEN merchant IS NOT NULL THEN"
        f" count(*) FILTER (amount > 5000) {merchant} / count(*) {merchant} END,"
        f"CASE WHEN merchant IS NULL THEN 0 ELSE count(*) {over(7 * DAY, 'card, merchant')} END,"
        f"count(DISTINCT country) {over(7 * DAY)},"
        f"CASE WHEN merchant IS NULL THEN 0 ELSE count(DISTINCT card) {merchant} END",
    )
    assert_equal(got, expected)


def test_sums_and_deviations_of_floats(tables, tmp_path: Path) -> None:
    """DuckDB adds and subtracts doubles as its windows slide: here it is DuckDB that is only nearly right."""
    got = ours(
        tables,
        sum=p.score.sum().by(p.card).over("1d"),
        mean=p.score.mean().by(p.card).over("7d"),
        std=p.score.std().by(p.card).over("7d"),
        amount=p.amount.std().by(p.merchant).over("7d"),
    )
    expected = theirs(
        tables,
        tmp_path,
        got.columns,
        f"coalesce(fsum(score) {over(DAY)}, 0.0), avg(score) {over(7 * DAY)},"
        f"stddev_samp(score) {over(7 * DAY)},"
        f"CASE WHEN merchant IS NOT NULL THEN stddev_samp(amount / 100.0) {over(7 * DAY, 'merchant')} END",
    )
    for name in got.columns:
        assert got[name].is_null().to_list() == expected[name].is_null().to_list()
        np.testing.assert_allclose(
            got[name].drop_nulls().to_numpy(), expected[name].drop_nulls().to_numpy(), rtol=1e-9, atol=1e-9
        )


def test_delays_and_what_came_before(tables, tmp_path: Path) -> None:
    got = ours(
        tables,
        before=p.count().by(p.card).over("1d", delay="1h"),
        most=p.amount.max().by(p.card).over("7d", delay="1d"),
        ever=p.count().by(p.card).over("all", delay="1d"),
        idle=p.occurred_at.since_last().by(p.card),
        age=p.occurred_at.since_first().by(p.card),
        lag=p.amount.lag(2).by(p.card),
        hour=p.occurred_at.hour(),
        day=p.occurred_at.day_of_week(),
    )
    rows = "OVER (PARTITION BY card ORDER BY occurred_at)"
    expected = theirs(
        tables,
        tmp_path,
        got.columns,
        f"count(*) {over(DAY, delay=HOUR)}, max(amount) {over(7 * DAY, delay=DAY)} / 100.0::DOUBLE,"
        f"count(*) {over(None, delay=DAY)}, (occurred_at - lag(occurred_at) {rows}) / 1000.0::DOUBLE,"
        f"(occurred_at - first(occurred_at) {rows}) / 1000.0::DOUBLE,"
        f"lag(amount, 2) {rows} / 100.0::DOUBLE,"
        "hour(make_timestamp(occurred_at * 1000)), isodow(make_timestamp(occurred_at * 1000))",
    )
    assert_equal(got, expected)


def test_another_stream(tables, tmp_path: Path) -> None:
    got = ours(
        tables,
        reports=c.count().by(c.merchant).over("7d"),
        card_reports=c.count().by(c.card).over("all"),
        since=c.reported_at.since_last().by(c.card),
    )
    expected = theirs(
        tables,
        tmp_path,
        got.columns,
        """
        (SELECT count(*) FROM "Chargeback" r WHERE r.merchant = "Payment".merchant
           AND r.reported_at > occurred_at - 604800000 AND r.reported_at <= occurred_at),
        (SELECT count(*) FROM "Chargeback" r WHERE r.card = "Payment".card AND r.reported_at <= occurred_at),
        (SELECT (occurred_at - max(r.reported_at)) / 1000.0::DOUBLE FROM "Chargeback" r
           WHERE r.card = "Payment".card AND r.reported_at <= occurred_at)
        """,
    )
    assert_equal(got, expected)


# The Fraud Detection Handbook's own features, over its own table.

BOOK = {
    "amount": "TX_AMOUNT",
    "during_weekend": "TX_DURING_WEEKEND",
    "during_night": "TX_DURING_NIGHT",
    **{f"customer_nb_tx_{w}d": f"CUSTOMER_ID_NB_TX_{w}DAY_WINDOW" for w in (1, 7, 30)},
    **{f"customer_avg_amount_{w}d": f"CUSTOMER_ID_AVG_AMOUNT_{w}DAY_WINDOW" for w in (1, 7, 30)},
    **{f"terminal_nb_tx_{w}d": f"TERMINAL_ID_NB_TX_{w}DAY_WINDOW" for w in (1, 7, 30)},
    **{f"terminal_risk_{w}d": f"TERMINAL_ID_RISK_{w}DAY_WINDOW" for w in (1, 7, 30)},
}


def test_the_handbooks_features_rebuilt_from_its_raw_table(
    handbook_path: Path, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch
) -> None:
    from sevenfold.systems.handbook.adapter import read

    monkeypatch.syspath_prepend(str(Path(__file__).parents[1] / "systems"))
    import handbook_reference as book

    expected = book.handbook_features(handbook_path, cache=request.config.cache.mkdir("handbook"))
    assert set(BOOK.values()) == set(book.FEATURES)
    got = sf.load("handbook").backfill(read(handbook_path), on="Transaction")
    assert set(got.columns) == {"transaction_id", *BOOK}
    assert got.height == expected.height == 1_754_155
    assert got["transaction_id"].cast(pl.Int64).equals(expected["transaction_id"])
    # A thousand amounts of the raw table are not the doubles nearest to their cents; ours are.
    expected = expected.with_columns(pl.col("TX_AMOUNT").round(2))
    assert_equal(
        got.select(pl.col(BOOK).cast(pl.Float64)),
        expected.select(pl.col(column).alias(name) for name, column in BOOK.items()),
    )
