"""What each feature means, in values that a reader can check by hand."""

from __future__ import annotations

from typing import Any

import pytest
from implementations import Case, in_one_batch, online
from random_logs import BEGIN
from sample_events import Chargeback, Payment, Profile, physical

import sevenfold as sf

p, c = Payment, Chargeback
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def pay(at: int, cents: int | None = 100, card: str = "a", **values: Any) -> tuple[type, dict[str, Any]]:
    """A payment ``at`` milliseconds after the beginning."""
    return p, physical(p, payment_id=f"p{at}", occurred_at=BEGIN + at, card=card, amount=cents, **values)


def report(at: int, card: str = "a", **values: Any) -> tuple[type, dict[str, Any]]:
    return c, physical(
        c, chargeback_id=f"c{at}", reported_at=BEGIN + at, card=card, **{"reason": "fraud", **values}
    )


def ask(feature: object, *log: tuple[type, dict[str, Any]], lateness: int | None = None) -> list[Any]:
    """The one column of a feature at each payment; the same from a table and one by one."""
    case = Case(sf.features(x=feature), log, "Payment", lateness)
    answers = [list(answer.values()) for answer in online(case)]
    assert [list(answer.values()) for answer in in_one_batch(case)] == answers
    assert all(len(answer) == 1 for answer in answers)
    return [answer[0] for answer in answers]


# Windows.


def test_a_window_holds_its_end_and_not_its_beginning() -> None:
    counted = p.count().by(p.card).over("1h")
    assert ask(counted, pay(0), pay(HOUR - 1), pay(HOUR), pay(HOUR + 1)) == [1, 2, 2, 3]


def test_ties_keep_log_order() -> None:
    assert ask(p.count().by(p.card).over("1h"), pay(0), pay(0), pay(0)) == [1, 2, 3]
    assert ask(p.amount.last().by(p.card).over("1h"), pay(0, 100), pay(0, 300), pay(0, 200)) == [
        1.0,
        3.0,
        2.0,
    ]
    assert ask(p.amount.first().by(p.card).over("1h"), pay(0, 100), pay(0, 300)) == [1.0, 1.0]


def test_windows_end_at_the_newest_time_when_an_event_is_late() -> None:
    """And the late event counts while its own time lies inside."""
    log = [pay(0), pay(HOUR + MINUTE), pay(HOUR), pay(2 * HOUR)]
    assert ask(p.count().by(p.card).over("1h"), *log) == [1, 1, 2, 2]
    # Too late for the window of its own answer, but there.
    assert ask(p.count().by(p.card).over("10m"), pay(HOUR), pay(0), pay(HOUR)) == [1, 1, 2]
    assert ask(p.count().by(p.card).over("all"), pay(HOUR), pay(0), pay(HOUR)) == [1, 2, 3]


def test_a_clock_lags_at_most_lateness_behind_the_newest_event() -> None:
    log = [pay(0), pay(DAY, card="other"), pay(1)]
    counted = p.count().by(p.card).over("1h")
    assert ask(counted, *log) == [1, 1, 2]
    assert ask(counted, *log, lateness=HOUR) == [1, 1, 0]
    assert ask(p.count().by(p.card).over("1d"), *log, lateness=HOUR) == [1, 1, 2]


def test_a_delay_shifts_a_window_back() -> None:
    counted = p.count().by(p.card).over("1h", delay="10m")
    log = [
        pay(0),
        pay(10 * MINUTE - 1),
        pay(10 * MINUTE),
        pay(HOUR + 10 * MINUTE - 1),
        pay(HOUR + 10 * MINUTE),
    ]
    assert ask(counted, *log) == [0, 0, 1, 3, 2]
    assert ask(p.count().by(p.card).over("all", delay="10m"), *log) == [0, 0, 1, 3, 3]


def test_a_window_longer_than_history_and_all_see_everything() -> None:
    log = [pay(0, 100), pay(400 * DAY, 250)]
    assert ask(p.amount.sum().by(p.card).over("5200w"), *log) == [1.0, 3.5]
    assert ask(p.amount.sum().by(p.card).over("all"), *log) == [1.0, 3.5]


def test_events_from_1970_to_2100() -> None:
    first, last = -BEGIN, 4_133_980_799_999 - BEGIN
    log = [pay(first), pay(0), pay(last)]
    assert ask(p.count().by(p.card).over("all"), *log) == [1, 2, 3]
    assert ask(p.occurred_at.since_last().by(p.card), *log) == [None, BEGIN / 1000, last / 1000]
    assert ask(p.occurred_at.hour(), *log) == [0.0, 22.0, 23.0]


# Aggregates.


def test_each_aggregate_of_one_two_and_three_values() -> None:
    log = [pay(0, 300), pay(1, 100), pay(2, 800)]
    of = {
        "sum": [3.0, 4.0, 12.0],
        "mean": [3.0, 2.0, 4.0],
        "std": [None, 2**0.5, 13**0.5],
        "min": [3.0, 1.0, 1.0],
        "max": [3.0, 3.0, 8.0],
        "n_unique": [1, 2, 3],
        "count": [1, 2, 3],
        "first": [3.0, 3.0, 3.0],
        "last": [3.0, 1.0, 8.0],
    }
    for function, expected in of.items():
        node = getattr(p.amount, function)().by(p.card).over("1h")
        close = [one if one is None else pytest.approx(one, rel=1e-15) for one in expected]
        assert ask(node, *log) == close, function
        assert ask(node.over("all"), *log) == close, function


def test_what_is_empty() -> None:
    log = [pay(0, merchant=None), pay(1, merchant="new")]
    nothing = {"count": 0, "sum": 0.0, "n_unique": 0}
    for function in ("count", "sum", "n_unique", "mean", "std", "min", "max", "first", "last"):
        node = getattr(p.amount, function)().by(p.merchant).over("1h", delay="1d")
        assert ask(node, *log) == [nothing.get(function)] * 2, function
    decayed = c.decayed_count("1h").by(c.merchant)
    assert ask(decayed, *log) == [0.0, 0.0]
    assert ask(c.reported_at.since_last().by(c.merchant), *log) == [None, None]


def test_a_missing_entity_folds_nothing() -> None:
    log = [pay(0, merchant=None), pay(1, merchant="X"), pay(2, merchant=None), pay(3, merchant="X")]
    assert ask(p.count().by(p.merchant).over("1h"), *log) == [0, 1, 0, 2]
    assert ask(p.count().by(p.card, p.merchant).over("1h"), *log) == [0, 1, 0, 2]


def test_every_aggregate_but_count_skips_nulls() -> None:
    log = [pay(0, score=None), pay(1, score=4.0), pay(2, score=None), pay(3, score=2.0)]
    assert ask(p.count().by(p.card).over("1h"), *log) == [1, 2, 3, 4]
    assert ask(p.score.count().by(p.card).over("1h"), *log) == [0, 1, 1, 2]
    assert ask(p.score.mean().by(p.card).over("1h"), *log) == [None, 4.0, 4.0, 3.0]
    assert ask(p.score.last().by(p.card).over("1h"), *log) == [None, 4.0, 4.0, 2.0]
    assert ask(p.score.lag(1).by(p.card), *log) == [None, None, 4.0, 4.0]


def test_where_keeps_what_is_true_and_neither_false_nor_null() -> None:
    log = [
        pay(0, challenged=True),
        pay(1, challenged=None),
        pay(2, challenged=False),
        pay(3, challenged=True),
    ]
    assert ask(p.count(where=p.challenged).by(p.card).over("1h"), *log) == [1, 1, 1, 2]
    assert ask(p.count(where=~p.challenged).by(p.card).over("1h"), *log) == [0, 0, 1, 1]


def test_a_condition_aggregates_as_a_share() -> None:
    log = [pay(0, 100), pay(1, 900), pay(2, 950), pay(3, 0)]
    assert ask((p.amount > 5).mean().by(p.card).over("1h"), *log) == [0.0, 0.5, 2 / 3, 0.5]
    assert ask((p.amount > 5).sum().by(p.card).over("1h"), *log) == [0.0, 1.0, 2.0, 2.0]
    assert ask((p.amount > 5).max().by(p.card).over("1h"), *log) == [0.0, 1.0, 1.0, 1.0]


def test_since_last_and_since_first_are_seconds() -> None:
    log = [pay(0), pay(1_500), pay(1_500), pay(HOUR)]
    assert ask(p.occurred_at.since_last().by(p.card), *log) == [None, 1.5, 0.0, 3598.5]
    assert ask(p.occurred_at.since_first().by(p.card), *log) == [0.0, 1.5, 1.5, 3600.0]
    assert ask(p.occurred_at.since_last(where=p.online).by(p.card), pay(0, online=True), pay(5_000)) == [
        None,
        5.0,
    ]


def test_lag_and_changed_look_at_events_before_this_one() -> None:
    log = [
        pay(0, 100, country="DE"),
        pay(1, 200, country="DE"),
        pay(2, 300, country=None),
        pay(3, 400, country="FR"),
    ]
    assert ask(p.amount.lag(1).by(p.card), *log) == [None, 1.0, 2.0, 3.0]
    assert ask(p.amount.lag(3).by(p.card), *log) == [None, None, None, 1.0]
    assert ask(p.country.changed().by(p.card), *log) == [None, 0.0, None, 1.0]


def test_a_decayed_count_halves_after_each_half_life() -> None:
    assert ask(p.decayed_count("1h").by(p.card), pay(0), pay(HOUR), pay(3 * HOUR)) == [1.0, 1.5, 1.375]
    assert ask(p.amount.decayed_sum("1h").by(p.card), pay(0, 400), pay(HOUR, 100)) == [4.0, 3.0]
    # A late event weighs as it would have weighed in its place.
    assert ask(p.decayed_count("1h").by(p.card), pay(HOUR), pay(0), pay(HOUR)) == [1.0, 1.5, 2.5]


# Other streams.


def test_another_stream_is_seen_from_the_moment_its_event_entered_the_log() -> None:
    """A report of long ago that arrives now is seen now, and by its own time: nothing looks ahead."""
    reports = c.count().by(c.card).over("1d")
    assert ask(reports, pay(0), report(1), pay(2), report(0), pay(3)) == [0, 1, 2]
    assert ask(reports, pay(2 * DAY), report(0), pay(2 * DAY + 1)) == [0, 0]
    assert ask(c.count().by(c.card).over("all"), pay(2 * DAY), report(0), pay(2 * DAY + 1)) == [0, 1]


def test_a_stream_that_moves_an_entitys_clock_moves_it_for_all() -> None:
    """A report of tomorrow puts the card's clock forward, for its payments too."""
    counted = sf.features(n=p.count().by(p.card).over("1h"), reports=c.count().by(c.card).over("1h"))
    log = [pay(0), report(DAY), pay(1)]
    case = Case(counted, log)
    assert online(case) == in_one_batch(case) == [{"n_1h": 1, "reports_1h": 0}, {"n_1h": 0, "reports_1h": 1}]


def test_a_profile_is_a_stream_read_with_last() -> None:
    def profile(at: int, **values: Any) -> tuple[type, dict[str, Any]]:
        return Profile, physical(Profile, profile_id=f"f{at}", updated_at=BEGIN + at, card="a", **values)

    log = [pay(0), profile(1, segment="gold", limit=5000), pay(2), profile(3, segment="basic"), pay(4)]
    assert ask(Profile.segment.last().by(Profile.card).over("all"), *log) == [None, "gold", "basic"]
    assert ask(Profile.limit.last().by(Profile.card).over("all"), *log) == [None, 50.0, 50.0]


@pytest.mark.parametrize(
    ("currency", "amount"), [("JPY", 123.0), ("EUR", 1.23), ("KWD", 0.123), ("CLF", 0.0123)]
)
def test_money_is_in_major_units_of_its_own_currency(currency: str, amount: float) -> None:
    log = [pay(0, 123, currency=currency), pay(1, 123, currency=currency)]
    assert ask(p.amount, *log) == [amount, amount]
    assert ask(p.amount.sum().by(p.card).over("1h"), *log)[1] == 2 * amount
    assert ask(p.amount.max().by(p.card).over("1h"), *log)[1] == amount
    assert ask(c.fee.sum().by(c.card).over("1h"), report(0, fee=1), pay(1)) == [0.001]


def test_amounts_of_several_currencies_add_up_by_their_own_digits() -> None:
    log = [pay(0, 5, currency="JPY"), pay(1, 5, currency="EUR"), pay(2, 5, currency="KWD")]
    assert ask(p.amount.sum().by(p.card).over("1h"), *log) == [5.0, 5.05, 5.055]


def test_names_of_windows_and_types_of_columns() -> None:
    features = sf.features(
        n=p.count().by(p.card).over("10m", "all"),
        total=p.amount.sum().by(p.card).over("1h"),
        ratio=p.amount / p.amount.mean().by(p.card).over("1h"),
        ratios=p.amount / p.amount.mean().by(p.card).over("1h", "1d"),
        hour=p.occurred_at.hour(),
        big=p.amount > 1,
        country=p.country,
    )
    (answer,) = online(Case(features, [pay(0, 250, country="DE")]))
    assert answer == {
        "n_10m": 1, "n_all": 1, "total_1h": 2.5, "ratio": 1.0, "ratios_1h": 1.0, "ratios_1d": 1.0,
        "hour": 22.0, "big": 1.0, "country": "DE",
    }  # fmt: skip
    assert [type(value) for value in answer.values()] == [int, int, *[float] * 6, str]
