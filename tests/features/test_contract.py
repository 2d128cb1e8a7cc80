"""One contract for every way of computing features: the same values, bit for bit."""

from __future__ import annotations

import random

import polars as pl
import pytest
from designs import account_features, wide_features
from hypothesis import given
from implementations import IMPLEMENTATIONS, Case, bits, online
from random_logs import BEGIN, dense_log
from sample_events import EVENTS, Chargeback, Payment, Transfer, frames_of, outside, physical
from strategies import cases

import sevenfold as sf

each_implementation = pytest.mark.parametrize(
    "implementation", IMPLEMENTATIONS.values(), ids=list(IMPLEMENTATIONS)
)


def test_there_is_something_to_compare() -> None:
    assert len(IMPLEMENTATIONS) >= 6
    assert online not in IMPLEMENTATIONS.values()


@pytest.mark.oracle
@each_implementation
@given(case=cases())
def test_random_designs_over_random_logs_are_equal_bit_for_bit(implementation, case: Case) -> None:
    assert bits(implementation(case)) == bits(online(case))


@pytest.mark.oracle
@each_implementation
@pytest.mark.parametrize(
    "case",
    [
        Case(wide_features(), dense_log(Payment, 1, 150, 0.2), "Payment"),
        Case(wide_features(), dense_log(Payment, 2, 150, 0.5), "Payment", lateness=600_000),
        Case(wide_features(), dense_log(Payment, 3, 150, 0.0), "Payment", lateness=0),
        Case(account_features(), dense_log(Transfer, 4, 150, 0.2), "Transfer"),
    ],
    ids=["wide", "wide, late", "wide, never late", "accounts"],
)
def test_every_kind_of_feature_is_equal_bit_for_bit(implementation, case: Case) -> None:
    assert bits(implementation(case)) == bits(online(case))


def hot_log(late: float, events: int = 1500) -> list:
    """One card with nearly all of the events: many rows a window, many moves of its memory."""
    rng = random.Random(11)
    time, log = BEGIN, []
    for number in range(events):
        time += rng.choice((0, 1_000, 20_000, 90_000))
        own = time - (rng.choice((1, 30_000, 4_000_000)) if rng.random() < late else 0)
        values = {
            "card": "hot" if rng.random() < 0.95 else "cold",
            "merchant": rng.choice("XYZ"),
            "device": "d",
            "amount": rng.randrange(10**6),
            "score": rng.gauss(0, 10.0 ** rng.randrange(-20, 20)),
            "country": rng.choice(["DE", "FR", None]),
        }
        log.append((Payment, physical(Payment, payment_id=f"e{number}", occurred_at=own, **values)))
    return log


@each_implementation
@pytest.mark.parametrize("late", [0.0, 0.05], ids=["in order", "late"])
def test_a_hot_key_is_equal_bit_for_bit(implementation, late: float) -> None:
    """More rows an entity than the kernel answers at once."""
    case = Case(wide_features(), hot_log(late), "Payment", lateness=3_600_000)
    assert bits(implementation(case)) == bits(online(case))


def test_tables_without_a_log_are_merged_by_time_then_position() -> None:
    """And the rows of the result stand as those of the table, whatever their order."""
    log = [
        (
            Payment,
            physical(Payment, payment_id="b", occurred_at=BEGIN + 5, card="a", merchant="X", amount=200),
        ),
        (Chargeback, physical(Chargeback, chargeback_id="c", reported_at=BEGIN + 5, card="a", reason="r")),
        (Payment, physical(Payment, payment_id="a", occurred_at=BEGIN, card="a", merchant="X", amount=100)),
        (
            Payment,
            physical(Payment, payment_id="d", occurred_at=BEGIN + 5, card="a", merchant="X", amount=300),
        ),
    ]
    features = sf.features(
        total=Payment.amount.sum().by(Payment.card).over("1h"),
        reports=Chargeback.count().by(Chargeback.card).over("1h"),
    )
    design = sf.Design(name="merged", events=list(EVENTS.values()), features=features)
    frames = frames_of(log, offsets=False)
    # At BEGIN + 5: payment b and the chargeback (position 0, in the order of the events), then payment d.
    rows = design.backfill(frames, on="Payment", physical=True).rows()
    assert rows == [("b", 3.0, 0), ("a", 1.0, 0), ("d", 6.0, 1)]
    engine = design.engine()
    order = [log[2], log[0], log[1], log[3]]
    answers = {
        row.get("payment_id", ""): engine.observe(event.__name__, outside(event, row)) for event, row in order
    }
    assert [(key, *answers[key].values()) for key in ("b", "a", "d")] == rows


def test_an_event_that_nothing_was_asked_of_may_have_an_empty_table_or_none() -> None:
    log = dense_log(Payment, 5, 30)
    log = [(event, row) for event, row in log if event is Payment]
    case = Case(wide_features(), log)
    design = sf.Design(name="empty", events=list(EVENTS.values()), features=case.features)
    expected = bits(online(case))
    for empty in ((), (Chargeback,), tuple(EVENTS.values())):
        frames = frames_of(log, empty=empty)
        assert bits(design.backfill(frames, on="Payment").drop("payment_id").to_dicts()) == expected


@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, pl.Int64], ids=str)
def test_entities_as_text_as_categories_and_as_integers_are_the_same(dtype) -> None:
    cards = ["7", "8", "7", "9", None, "7"]
    frame = pl.DataFrame(
        {
            "payment_id": list("abcdef"),
            "occurred_at": [BEGIN + 1_000 * number for number in range(6)],
            "card": "c",
            "payer": pl.Series(cards).cast(dtype),
            "amount": range(6),
        }
    )
    p = Payment
    features = sf.features(
        n=p.count().by(p.payer).over("1h"),
        pair=p.count().by(p.card, p.payer).over("1h"),
        payer=p.payer,
        other=p.payer.n_unique().by(p.card).over("1h"),
        is_seven=p.payer == "7",
    )
    design = sf.Design(name="kinds", events=[Payment], features=features)
    got = design.backfill({"Payment": frame}).drop("payment_id")
    assert got["n_1h"].to_list() == [1, 1, 2, 1, 0, 3]
    assert got["pair_1h"].to_list() == [1, 1, 2, 1, 0, 3]
    assert got["payer"].to_list() == cards
    assert got["other_1h"].to_list() == [1, 2, 2, 3, 3, 3]
    assert got["is_seven"].to_list() == [1.0, 0.0, 1.0, 0.0, None, 1.0]
    engine = design.engine()
    assert bits([engine.observe("Payment", row) for row in frame.to_dicts()]) == bits(got.to_dicts())
