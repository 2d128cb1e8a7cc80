"""Reading changes nothing, what no window sees is freed, and a hot key costs what a cold one does."""

from __future__ import annotations

import random

import numpy as np
import polars as pl
import pytest
from designs import account_features, wide_features
from implementations import bits
from random_logs import BEGIN, dense_log
from sample_events import EVENTS, Chargeback, Payment, Profile, Transfer, outside, physical

import sevenfold as sf
from sevenfold.features import engine as engine_module
from sevenfold.features.backfill import make_batch
from sevenfold.features.batch import fold_batch
from sevenfold.features.engine import FeatureEngine
from sevenfold.features.kernel import layout as w
from sevenfold.features.planner import compile_plan
from sevenfold.features.state import FeatureState
from sevenfold.features.text import text_code

p = Payment
HOUR, DAY = 3_600_000, 86_400_000


def engine_of(features: sf.features, lateness: int | None = None) -> FeatureEngine:
    return FeatureEngine(compile_plan(list(EVENTS.values()), features), EVENTS, lateness=lateness)


def observe(engine: FeatureEngine, log: list) -> list[dict]:
    return [engine.observe_physical(event.__name__, tuple(row.values())) for event, row in log]


def packed(engine: FeatureEngine) -> dict:
    """Every entity's state as bytes."""
    return {
        (key.entities, entity): engine.pack(*key.entities, entity=entity)
        for key in engine.plan.keys
        for entity in engine.state.slots[key.number]
    }


def payment(at: int, card: str = "a", number: int = 0, **values: object) -> tuple:
    given = {"amount": 100, **values}
    return p, physical(p, payment_id=f"p{number}", occurred_at=BEGIN + at, card=card, **given)


# Reading.


@pytest.mark.parametrize(("features", "on"), [(wide_features, Payment), (account_features, Transfer)])
def test_read_changes_nothing(features, on) -> None:
    """Known and unknown entities, in order and late: all bytes, sizes and later answers stay the same."""
    log = dense_log(on, 31, 200, 0.3)
    engine, twin = engine_of(features(), HOUR), engine_of(features(), HOUR)
    observe(engine, log[:120])
    observe(twin, log[:120])
    before, slots = packed(engine), [dict(of_key) for of_key in engine.state.slots]
    sizes, newest, clocks = engine.stats(), engine.state.newest, engine.state.clocks.copy()
    questions = [(event, row) for event, row in dense_log(on, 32, 200, 0.5)]
    stranger = {"card": "never seen", "merchant": "never seen", "sender": "never seen", "payer": "never seen"}
    for event, row in questions:
        unknown = row | {name: value for name, value in stranger.items() if name in row}
        engine.read(event.__name__, [outside(event, row), outside(event, unknown)])
    assert packed(engine) == before
    assert engine.state.slots == slots
    assert engine.state.newest == newest
    assert np.array_equal(engine.state.clocks, clocks)
    assert (engine.stats().events, engine.stats().entities) == (sizes.events, sizes.entities)
    assert bits(observe(engine, log[120:])) == bits(observe(twin, log[120:]))


def test_many_rows_can_be_asked_at_once_and_none_sees_another() -> None:
    engine = engine_of(
        sf.features(n=p.count().by(p.card).over("1h"), seen=p.count().by(p.merchant).over("1h"))
    )
    observe(engine, [payment(0, merchant="X")])
    rows = [outside(*payment(1, merchant=merchant)) for merchant in ("X", "Y", "X", None)]
    assert engine.read("Payment", rows) == [{"n_1h": 2, "seen_1h": seen} for seen in (2, 1, 2, 0)]
    assert engine.read("Payment", []) == []


def test_a_question_with_a_value_beyond_all_others_changes_no_later_answer() -> None:
    engine, twin = (engine_of(wide_features()) for _ in range(2))
    log = [event for event in dense_log(Payment, 33, 80) if abs(event[1].get("score") or 0) < 1e9]
    observe(engine, log[:40])
    observe(twin, log[:40])
    _, row = payment(0, score=1.7e308, amount=10**15, items=2**62)
    answer = engine.read("Payment", [outside(p, row)])
    assert answer == engine.read("Payment", [outside(p, row)])
    assert bits(observe(engine, log[40:])) == bits(observe(twin, log[40:]))


# Freeing.


SLIDING = sf.features(
    n=p.count().by(p.card).over("10m", "1h"),
    total=p.amount.sum().by(p.card).over("1h", delay="10m"),
    most=p.score.max().by(p.card).over("1h"),
    merchants=p.merchant.n_unique().by(p.card).over("1h"),
)


def test_memory_is_bounded_while_windows_slide() -> None:
    """Twenty thousand events of twenty cards, a few of which a window sees at any time."""
    rng, engine = random.Random(5), engine_of(SLIDING, lateness=HOUR)
    sizes = []
    for number in range(20_000):
        values = {"merchant": f"m{rng.randrange(10**6)}", "score": rng.gauss(0, 1)}
        engine.observe_physical(
            "Payment", tuple(payment(number * 60_000, f"c{rng.randrange(20)}", number, **values)[1].values())
        )
        if number % 1_000 == 999:
            sizes.append(engine.stats())
    settled = sizes[1].bytes_used + sizes[1].bytes_free
    assert all(size.bytes_used + size.bytes_free <= 1.5 * settled for size in sizes[1:])
    assert all(size.live_events <= 4 * sizes[1].live_events for size in sizes[1:])
    # Seventy minutes at a payment a minute: no more than that many rows, twice over, in each series.
    assert sizes[-1].live_events < 3 * 2 * 70 * 4
    assert engine.state.texts == {}


def test_memory_is_bounded_from_batch_to_batch() -> None:
    plan = compile_plan([p], SLIDING)
    state, rng, tops = FeatureState(plan), np.random.default_rng(6), []
    for number in range(40):
        times = BEGIN + number * 1_000 * 60_000 + np.arange(1_000) * 60_000
        frame = pl.DataFrame(
            {
                "payment_id": "p",
                "occurred_at": pl.Series(times).cast(pl.Datetime("ms", "UTC")),
                "card": [f"c{card}" for card in rng.integers(0, 20, 1_000)],
                "merchant": "m",
                "currency": "EUR",
                "amount": rng.integers(0, 10**6, 1_000),
                "score": rng.normal(size=1_000),
            }
        )
        fold_batch(
            state,
            make_batch(plan, {"Payment": p}, {"Payment": frame}, None, None, HOUR, state),
            None,
            None,
            None,
        )
        tops.append(int(state.memory[0]))
    # What a batch needs, and a free segment of each size: not more from one half of the batches to the next.
    assert tops[-1] <= 1.2 * tops[20]
    assert tops[-1] < 40_000 * 3
    assert state.folded == {"Payment": 40_000}


def test_entities_that_no_window_can_see_again_are_freed() -> None:
    engine = engine_of(SLIDING, lateness=HOUR)
    observe(engine, [payment(0, f"c{number}", number) for number in range(100)])
    # The longest window ends ten minutes and an hour back, and a clock may lag an hour.
    observe(engine, [payment(2 * HOUR + 10 * 60_000 - 1, "late")])
    assert engine.evict() == 0
    observe(engine, [payment(2 * HOUR + 10 * 60_000, "late")])
    assert engine.evict() == 100
    assert engine.stats().entities == {"card": 1}
    # Their memory and their slots serve the next ones.
    top, slots = int(engine.state.memory[0]), engine.state.next_slot[0]
    observe(engine, [payment(3 * HOUR, f"d{number}", number) for number in range(100)])
    assert int(engine.state.memory[0]) == top
    assert engine.state.next_slot[0] == slots


def test_an_engine_frees_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_EVICT_EVERY", 50)
    engine = engine_of(SLIDING, lateness=HOUR)
    most = 0
    for number in range(2_000):
        observe(engine, [payment(number * 600_000, f"c{number}", number)])
        most = max(most, engine.stats().entities["card"])
    assert most < 200


def test_what_is_kept_for_ever_is_not_freed() -> None:
    engine = engine_of(sf.features(n=p.count().by(p.card).over("all")), lateness=HOUR)
    observe(engine, [payment(0, "old"), payment(400 * DAY, "new")])
    assert engine.evict() == 0
    assert observe(engine, [payment(400 * DAY, "old")]) == [{"n_all": 2}]
    unbounded = engine_of(SLIDING, lateness=None)
    observe(unbounded, [payment(0, "old"), payment(400 * DAY, "new")])
    assert unbounded.evict() == 0
    # And rows of "all" are not: one row carries them.
    hot = engine_of(
        sf.features(n=p.count().by(p.card).over("all"), total=p.amount.sum().by(p.card).over("all"))
    )
    observe(hot, [payment(number, "a", number) for number in range(3_000)])
    assert hot.stats().bytes_used < 10_000


def test_texts_that_nothing_holds_any_longer_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine_module, "_EVICT_EVERY", 20)
    monkeypatch.setattr(engine_module, "_REMEMBERED_TEXTS", 30)
    engine = engine_of(
        sf.features(
            last=p.merchant.last().by(p.card).over("1h", delay="1m"),
            n=p.card.n_unique().by(p.device).over("1h"),
        )
    )
    most = 0
    for number in range(3_000):
        (answer,) = observe(
            engine, [payment(number * 60_000, "a", number, merchant=f"m{number}", device="d")]
        )
        assert answer["last_1h"] == (f"m{number - 1}" if number else None)
        most = max(most, len(engine.state.texts))
    assert most < 600
    assert all(text.startswith("m") for text in engine.state.texts.values())


# A hot key.


def test_a_hot_key_with_a_million_live_events_costs_what_a_cold_one_does() -> None:
    """Counted, not timed: how often its memory is moved, and how much of it there is."""
    features = sf.features(
        n=p.count().by(p.card).over("30d"),
        total=p.amount.sum().by(p.card).over("30d"),
        most=p.amount.max().by(p.card).over("30d"),
    )
    plan = compile_plan([p], features)
    state = FeatureState(plan)
    amounts = np.random.default_rng(7).integers(0, 10**6, 1_000_000)
    moves, place = 0, None
    for begin in range(0, 1_000_000, 50_000):
        times = BEGIN + np.arange(begin, begin + 50_000)
        frame = pl.DataFrame(
            {
                "payment_id": "p", "card": "hot",
                "occurred_at": pl.Series(times).cast(pl.Datetime("ms", "UTC")),
                "amount": amounts[begin : begin + 50_000], "currency": "EUR",
            }
        )  # fmt: skip
        fold_batch(
            state,
            make_batch(plan, {"Payment": p}, {"Payment": frame}, None, None, None, state),
            None,
            None,
            None,
        )
        moves, place = moves + (where(state) != place), where(state)
    assert moves <= 1 + np.log2(1_000_000 / 50_000)
    engine = FeatureEngine(plan, {"Payment": p}, state)
    moves = 0
    for number in range(2_000):
        (answer,) = observe(engine, [payment(1_000_000 + number, "hot", number, amount=1)])
        moves, place = moves + (where(state) != place), where(state)
    assert moves <= 1
    assert answer == {
        "n_30d": 1_002_000,
        "total_30d": (amounts.sum() + 2_000) / 100,
        "most_30d": amounts.max() / 100,
    }
    stats = engine.stats()
    assert stats.live_events == 1_002_000
    # Time, total, value and stack are four words; room to grow at most doubles them twice.
    assert stats.bytes_per_live_event <= 4 * 8 * 4


def where(state: FeatureState) -> tuple[int, int]:
    """Where the first segment lies and how many rows it has dropped: one of them changes when it is moved."""
    segment = int(state.offsets[0][state.offsets[0] > 0][0])
    return segment, int(state.arena[segment + w.H_DROPPED])


def test_growth_is_paid_for_by_what_is_appended() -> None:
    """Under a sliding window of some hundred rows, a segment moves once in hundreds of events."""
    engine = engine_of(SLIDING, lateness=0)
    moves, place = 0, None
    for number in range(5_000):
        observe(engine, [payment(number * 10_000, "a", number, score=1.0)])
        moves, place = moves + (where(engine.state) != place), where(engine.state)
    assert moves < 5_000 / 200


# Sizes.


def test_stats_count_events_entities_rows_and_bytes() -> None:
    engine = engine_of(
        sf.features(n=p.count().by(p.card).over("1h"), pair=p.count().by(p.card, p.merchant).over("1h"))
    )
    observe(
        engine, [payment(0, "a", merchant="X"), payment(1, "a", merchant=None), payment(2, "b", merchant="X")]
    )
    stats = engine.stats()
    assert stats.events == {"Payment": 3, "Chargeback": 0, "Transfer": 0, "Profile": 0}
    assert stats.entities == {"card": 2, "card × merchant": 2}
    assert stats.live_events == 3 + 2
    assert stats.bytes_total == stats.bytes_used + stats.bytes_free + stats.bytes_index
    assert stats.bytes_per_entity == stats.bytes_total / 4
    assert stats.bytes_per_live_event == stats.bytes_total / 5
    assert str(stats).startswith("3 events folded; 2 card, 2 card × merchant; 5 live rows; ")


def test_stats_of_nothing() -> None:
    stats = engine_of(SLIDING).stats()
    assert (stats.live_events, stats.bytes_used, stats.entities) == (0, 0, {"card": 0})


# Erasing.


def test_erasing_an_entity_leaves_nothing_of_it_behind() -> None:
    features = sf.features(country=p.country.last().by(p.card).over("all"), n=p.count().by(p.card).over("1h"))
    engine = engine_of(features)
    observe(engine, [payment(0, "a", country="Atlantis"), payment(0, "b", country="DE")])
    code = text_code("Atlantis")
    assert code in engine.state.arena
    assert engine.erase("card", entity="a")
    assert code not in engine.state.arena
    assert code not in engine.state.texts
    assert not engine.erase("card", entity="a")
    assert engine.pack("card", entity="a") is None
    assert observe(engine, [payment(1, "a"), payment(1, "b")]) == [
        {"country_all": None, "n_1h": 1}, {"country_all": "DE", "n_1h": 2},
    ]  # fmt: skip


def test_streams_are_told_apart_when_one_entity_is_in_several() -> None:
    """Erasing a card under its own key leaves the pairs that it is part of."""
    c = Chargeback
    features = sf.features(
        reports=c.count().by(c.card).over("all"), pair=p.count().by(p.card, p.merchant).over("all")
    )
    engine = engine_of(features)
    _, report = c, physical(c, chargeback_id="r", reported_at=BEGIN, card="a", reason="x")
    observe(engine, [(c, report), payment(0, "a", merchant="X")])
    engine.erase("card", entity="a")
    assert observe(engine, [payment(1, "a", merchant="X")]) == [{"reports_all": 0, "pair_all": 2}]
    assert engine.erase("merchant", "card", entity=("a", "X"))
    assert observe(engine, [payment(2, "a", merchant="X")]) == [{"reports_all": 0, "pair_all": 1}]
    assert Profile.__name__ in engine.stats().events
