"""Row-wise operations: tables of truth, calendars, distances, in values that can be checked by hand."""

from __future__ import annotations

import datetime as dt
import math
from typing import Any

import pytest
from implementations import Case, in_one_batch, online
from random_logs import BEGIN
from sample_events import Payment, Profile, physical

import sevenfold as sf

p = Payment


def value(expression: object, event: type = Payment, **given: Any) -> Any:
    """The value of one expression at one event, from a table and from the engine."""
    own = {event.__key__: "e", event.__time__: given.pop("at", BEGIN), "card": "a"}
    if event is Payment:
        own["amount"] = 100
    case = Case(sf.features(x=expression), [(event, physical(event, **own | given))], event.__name__)
    (answer,) = online(case)
    assert in_one_batch(case) == [answer]
    return answer["x"]


TRUTH = (True, False, None)


@pytest.mark.parametrize("a", TRUTH)
@pytest.mark.parametrize("b", TRUTH)
def test_logic_is_kleenes(a: bool | None, b: bool | None) -> None:
    """A null is unknown: what does not depend on it is known all the same."""
    x, y = p.challenged, p.items == 1
    given = {"challenged": a, "items": {True: 1, False: 0, None: None}[b], "score": None}
    known = [one for one in (a, b) if one is not None]
    conjunction = False if False in known else (True if len(known) == 2 else None)
    disjunction = True if True in known else (False if len(known) == 2 else None)
    assert value(x & y, **given) == conjunction
    assert value(x | y, **given) == disjunction
    assert value(~x, **given) == (None if a is None else not a)


def test_a_null_operand_gives_null() -> None:
    for expression in (
        p.score + 1, p.score - 1, p.score * 0, p.score / 1, 1 / p.score, -p.score, abs(p.score),
        p.score.log1p(), p.score.clip(0, 1), p.score > 0, p.score == p.score, p.score != 0,
        p.items.is_in(1, 2), p.country == "DE", p.country != "DE", p.occurred_at - p.card_since,
        p.card_since.hour(), p.card_since.is_weekend(),
        sf.distance_km(p.score, 0, 0, 0), sf.distance_km(0, 0, 0, p.score),
    ):  # fmt: skip
        assert value(expression, score=None, items=None) is None


def test_arithmetic() -> None:
    given = {"score": 3.0, "items": 2, "amount": 250}
    assert value(p.score + p.items, **given) == 5.0
    assert value(10 - p.items, **given) == 8.0
    assert value(p.amount * 2, **given) == 5.0
    assert value(p.amount + p.amount, **given) == 5.0
    assert value(p.amount - 1, **given) == 1.5
    assert value(p.items / p.score, **given) == 2 / 3
    assert value(-p.amount, **given) == -2.5
    assert value(abs(-p.items), **given) == 2.0
    assert value((p.items - 3).abs(), **given) == 1.0
    assert value(p.online + p.online, online=True) == 2.0


def test_what_is_no_finite_number_is_null() -> None:
    assert value(p.score / 0, score=1.0) is None
    assert value(p.score / p.items, score=0.0, items=0) is None
    assert value(p.score * 1e300, score=1e300) is None
    assert value(p.score + p.score, score=1.7e308) is None
    assert value(p.score - 1.7e308, score=-1.7e308) is None
    assert value(p.score.log1p(), score=-1.0) is None
    assert value(p.items + p.items, items=2**62) is None
    assert value(p.items - 2 - 2**62, items=-(2**62)) is None
    assert value(p.items + 1, items=2**62) == float(2**62 + 1)


def test_comparisons() -> None:
    given = {"score": 2.0, "items": 2, "amount": 200}
    assert value(p.score == p.items, **given) == 1.0
    assert value(p.amount == 2, **given) == 1.0
    assert value(p.items < 3, **given) == 1.0
    assert value(p.items <= 2, **given) == 1.0
    assert value(p.items > 2, **given) == 0.0
    assert value(p.items >= 2, **given) == 1.0
    assert value(p.score != 2, **given) == 0.0
    assert value(3 > p.items, **given) == 1.0  # noqa: SIM300  # both ways round
    assert value(p.country == "DE", country="DE") == 1.0
    assert value(p.country != p.merchant, country="DE", merchant="DE") == 0.0
    assert value(p.online == p.challenged, online=True, challenged=False) == 0.0
    # Integers are compared as such: one more than 2 ** 53 is not the same as 2 ** 53.
    assert value(p.items == 2**53, items=2**53 + 1) == 0.0


def test_choices_and_fillings() -> None:
    steps = sf.when(p.amount > 100).then("large").when(p.amount > 10).then("middle").otherwise("small")
    assert [value(steps, amount=cents) for cents in (20_000, 5_000, 100)] == ["large", "middle", "small"]
    # A condition that is null does not hold.
    assert value(sf.when(p.challenged).then(1).otherwise(2), challenged=None) == 2.0
    assert value(sf.when(p.challenged).then(p.amount).otherwise(2), challenged=True, amount=150) == 1.5
    assert value(p.score.fill_null(7), score=None) == 7.0
    assert value(p.score.fill_null(7), score=1.5) == 1.5
    assert value(p.country.fill_null("none"), country=None) == "none"
    assert value(p.items.fill_null(p.score), items=None, score=0.5) == 0.5
    assert value(p.score.is_null(), score=None) == 1.0
    assert value(p.country.is_null(), country="DE") == 0.0


def test_membership() -> None:
    assert value(p.country.is_in("DE", "FR"), country="FR") == 1.0
    assert value(p.country.is_in(["DE", "FR"]), country="US") == 0.0
    assert value(p.items.is_in({1, 2}), items=2) == 1.0
    assert value(p.card.is_in("b"), card="a") == 0.0


def test_bounds_and_logarithms() -> None:
    assert [value(p.score.clip(-1, 1), score=score) for score in (-3.0, 0.5, 3.0)] == [-1.0, 0.5, 1.0]
    assert value(p.score.clip(lower=0), score=-3.0) == 0.0
    assert value(p.score.clip(upper=0), score=3.0) == 0.0
    assert value(p.amount.clip(0, 10), amount=5_000) == 10.0
    assert value(p.score.log1p(), score=0.5) == pytest.approx(math.log1p(0.5), rel=1e-15)


@pytest.mark.parametrize(
    ("moment", "hour", "day", "weekend"),
    [
        ("1970-01-01T00:00:00Z", 0, 4, False),
        ("2024-02-29T23:59:59.999Z", 23, 4, False),
        ("2026-01-03T00:00:00Z", 0, 6, True),
        ("2026-01-04T23:59:59.999Z", 23, 7, True),
        ("2026-01-05T00:00:00+00:00", 0, 1, False),
        ("2100-12-31T12:30:00Z", 12, 5, False),
    ],
)
def test_calendar_in_utc(moment: str, hour: int, day: int, weekend: bool) -> None:
    at = dt.datetime.fromisoformat(moment)
    ms = (at - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) // dt.timedelta(milliseconds=1)
    assert value(p.occurred_at.hour(), at=ms) == hour
    assert value(p.occurred_at.day_of_week(), at=ms) == day == at.isoweekday()
    assert value(p.occurred_at.is_weekend(), at=ms) == weekend


def test_durations_are_seconds() -> None:
    assert value(p.occurred_at - p.card_since, at=BEGIN + 1_500, card_since=BEGIN) == 1.5
    assert value((p.occurred_at - p.card_since) > 1, at=BEGIN + 1_500, card_since=BEGIN) == 1.0
    assert value(p.occurred_at < p.card_since, at=BEGIN, card_since=BEGIN + 1) == 1.0


PLACES = {"Sydney": (-33.8688, 151.2093), "pole": (90.0, 0.0), "here": (0.0, 0.0)}


@pytest.mark.parametrize(
    ("start", "end", "kilometres"),
    [
        ("pole", "Sydney", math.radians(90 + 33.8688) * 6371.0088),
        ("here", "pole", math.pi / 2 * 6371.0088),
        ("here", "here", 0.0),
        ("Sydney", "Sydney", 0.0),
    ],
)
def test_distances_over_the_globe(start: str, end: str, kilometres: float) -> None:
    q = Profile
    expression = sf.distance_km(q.latitude, q.longitude, *PLACES[end])
    latitude, longitude = PLACES[start]
    got = value(expression, Profile, latitude=latitude, longitude=longitude)
    assert got == pytest.approx(kilometres, rel=1e-12, abs=1e-9)


def test_half_way_round_the_globe_is_a_distance_and_no_nan() -> None:
    q = Profile
    got = value(sf.distance_km(q.latitude, q.longitude, 0.0, 180.0), Profile, latitude=0.0, longitude=0.0)
    assert got == pytest.approx(math.pi * 6371.0088)
    assert (
        value(sf.distance_km(q.latitude, q.longitude, 0.0, 0.0), Profile, latitude=None, longitude=1.0)
        is None
    )


def test_speed_from_the_position_before() -> None:
    q = Profile
    speed = sf.speed_kmh(
        q.latitude, q.longitude, q.latitude.lag(1).by(q.card), q.longitude.lag(1).by(q.card),
        q.updated_at.since_last().by(q.card),
    )  # fmt: skip
    log = [
        (
            q,
            physical(
                q, profile_id=str(at), updated_at=BEGIN + at, card="a", latitude=latitude, longitude=0.0
            ),
        )
        for at, latitude in ((0, 0.0), (3_600_000, 1.0), (3_600_000, 1.0))
    ]
    case = Case(sf.features(speed=speed), log, "Profile")
    got = [answer["speed"] for answer in online(case)]
    assert got == [answer["speed"] for answer in in_one_batch(case)]
    # No position before; a degree in an hour; no time has passed.
    assert got[0] is got[2] is None
    assert got[1] == pytest.approx(math.pi / 180 * 6371.0088)
