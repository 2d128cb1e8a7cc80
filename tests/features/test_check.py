"""Every mistake in a feature is named by its name, with what would have worked, and all of them at once."""

from __future__ import annotations

import pytest
from sample_events import Chargeback, Payment, Transfer

import sevenfold as sf
from sevenfold.errors import DesignError

p, c, t = Payment, Chargeback, Transfer
PAYMENT = "Its entities are: card, merchant, device, account"

MISTAKES = {
    # .by()
    "no key": (
        lambda: p.count().over("1h"),
        f"expected .by(...) with an entity of Payment, got none. {PAYMENT}",
    ),
    "key of another event": (
        lambda: p.count().by(c.card).over("1h"),
        f"expected an entity of Payment in .by(), got Chargeback.card. {PAYMENT}",
    ),
    "key that is no entity": (
        lambda: p.count().by(p.country).over("1h"),
        f"expected an entity of Payment in .by(), got country, a category. {PAYMENT}",
    ),
    "key that is computed": (
        lambda: p.count().by(p.amount + 1).over("1h"),
        f"expected an entity of Payment in .by(), got an expression. {PAYMENT}",
    ),
    "key twice": (
        lambda: p.count().by(p.card, p.card).over("1h"),
        "expected each entity once in .by(), got card, card",
    ),
    # .at()
    "too few places": (
        lambda: p.count().by(p.card, p.merchant).over("1h").at(p.card),
        "expected 2 fields in .at(), one for each of .by(), got 1",
    ),
    "place that is no entity": (
        lambda: p.count().by(p.card).over("1h").at(p.amount),
        "expected entities of the deciding event in .at(), got Payment.amount",
    ),
    "place of another type": (
        lambda: t.count().by(t.sender).over("1h").at(p.card),
        (
            "expected an entity of type account in .at(), got Payment.card of type card. "
            'A field of another name can hold one too: sf.Entity["account"]'
        ),
    ),
    # .over()
    "no window": (
        lambda: p.amount.mean().by(p.card),
        "expected .over(...) after mean(), got no window. Such as .over('1h', 'all')",
    ),
    "empty window list": (
        lambda: p.count().by(p.card).over(),
        ".over(): expected at least one window such as '1h', got none",
    ),
    "window of a function without": (
        lambda: p.occurred_at.since_last().by(p.card).over("1h"),
        "expected since_last() without .over(), got a window. It looks back as far as it needs",
    ),
    "window twice": (
        lambda: p.count().by(p.card).over("1h", "1h"),
        ".over(): expected each window once, got 1h, 1h",
    ),
    "window of nothing": (
        lambda: p.count().by(p.card).over("0s"),
        (
            "window '0s': expected a positive duration such as '10m', '1h', '7d' or '1d12h', "
            "in whole ms, got '0s'"
        ),
    ),
    "window that goes back": (
        lambda: p.count().by(p.card).over("-1h"),
        (
            "window '-1h': expected a positive duration such as '10m', '1h', '7d' or '1d12h', got '-1h'. "
            "Units are ms, s, m, h, d and w"
        ),
    ),
    "delay that is none": (
        lambda: p.count().by(p.card).over("1h", delay="soon"),
        (
            "delay: expected a positive duration such as '10m', '1h', '7d' or '1d12h', got 'soon'. "
            "Units are ms, s, m, h, d and w"
        ),
    ),
    # What is aggregated.
    "sum of texts": (
        lambda: p.country.sum().by(p.card).over("1h"),
        "expected a number or a condition in sum(), got text",
    ),
    "mean of times": (
        lambda: p.occurred_at.mean().by(p.card).over("1h"),
        "expected a number or a condition in mean(), got time",
    ),
    "least text": (
        lambda: p.country.min().by(p.card).over("1h"),
        "expected an ordered value in min(), got text",
    ),
    "time since something else": (
        lambda: p.card_since.since_last().by(p.card),
        "expected Payment.occurred_at.since_last(), got another expression",
    ),
    "where that is a number": (
        lambda: p.count(where=p.amount).by(p.card).over("1h"),
        "expected a condition in where=, got money",
    ),
    "where over another event": (
        lambda: p.count(where=c.fee > 1).by(p.card).over("1h"),
        "expected fields of Payment inside count(), got Chargeback.fee",
    ),
    "aggregate inside an aggregate": (
        lambda: (p.amount - p.amount.mean().by(p.card).over("1h")).std().by(p.card).over("1d"),
        (
            "expected fields of Payment inside std(), got another aggregate. "
            "Aggregates can be combined, not nested"
        ),
    ),
    "lag of nothing": (
        lambda: p.amount.lag(0).by(p.card),
        "expected lag(n) with n from 1 to 1000, got lag(0)",
    ),
    "lag that is no number": (
        lambda: p.amount.lag("1").by(p.card),
        "expected lag(n) with n from 1 to 1000, got lag('1')",
    ),
    # Types.
    "adding a text": (
        lambda: p.amount + p.country,
        "expected numbers to add, got money and text. Two times can be subtracted",
    ),
    "adding times": (
        lambda: p.occurred_at + p.card_since,
        "expected numbers to add, got time and time. Two times can be subtracted",
    ),
    "logic between numbers": (
        lambda: p.amount & p.score,
        "expected conditions around 'and', got money and float",
    ),
    "order between texts": (
        lambda: p.country < p.currency,
        "expected == or != between texts, got an order between texts",
    ),
    "comparison of unlike things": (
        lambda: p.country == 1,
        "expected two values of one type to compare, got text and integer",
    ),
    "membership of a float": (
        lambda: p.score.is_in(1.0),
        "expected a text or an integer before is_in(), got float",
    ),
    "membership among unlike things": (
        lambda: p.country.is_in("DE", 1),
        "expected only text in is_in(), got integer",
    ),
    "membership of nothing": (
        lambda: p.country.is_in(),
        "expected at least one constant in is_in(), got 0 expressions",
    ),
    "choice between unlike things": (
        lambda: sf.when(p.online).then(1).otherwise("no"),
        "expected values of one type in then() and otherwise(), got integer and text",
    ),
    "choice by a number": (
        lambda: sf.when(p.amount).then(1).otherwise(2),
        "expected a condition in when(), got money",
    ),
    "filling with something else": (
        lambda: p.amount.fill_null("none"),
        "expected values of one type in fill_null, got money and text",
    ),
    "bounds of a text": (
        lambda: p.country.clip("A", "Z"),
        "expected numbers in clip(), got text and text",
    ),
    "hour of a number": (lambda: p.amount.hour(), "expected a time for hour(), got money"),
    "logarithm of a text": (lambda: p.country.log1p(), "expected a number for log1p, got text"),
    "distance in money": (
        lambda: sf.distance_km(p.amount, 0, 0, 0),
        "expected degrees as numbers for a distance, got money",
    ),
    "a time as a column": (
        lambda: p.card_since,
        "expected a number, a condition or a text, got a time. Use .hour() or a difference",
    ),
    "a constant beyond 64 bits": (
        lambda: p.items + 2**63,
        "expected an integer of 64 bits, got 9223372036854775808. A float may be larger",
    ),
    "a constant that is not finite": (lambda: p.score + float("nan"), "expected a finite number, got nan"),
}


def faults_of(**features: object) -> list[str]:
    with pytest.raises(DesignError) as caught:
        sf.features(**features)
    assert caught.value.summary == "These features cannot be built"
    return [str(fault) for fault in caught.value.faults]


@pytest.mark.parametrize(("feature", "message"), MISTAKES.values(), ids=list(MISTAKES))
def test_a_mistake_is_named_with_what_would_have_worked(feature, message: str) -> None:
    (fault,) = faults_of(mistaken=feature())
    assert fault == f"features.mistaken: {message}"


def test_all_mistakes_are_reported_together() -> None:
    features = {f"f{number}": feature() for number, (feature, _) in enumerate(MISTAKES.values())}
    found = faults_of(**features)
    assert len(found) == len(MISTAKES)
    assert {fault.split(":")[0] for fault in found} == {f"features.{name}" for name in features}


def test_several_mistakes_of_one_feature_are_all_reported() -> None:
    assert faults_of(x=p.country.sum(where=p.amount).by(c.card).over("0h", "1h", delay="x")) == [
        (
            "features.x: delay: expected a positive duration such as '10m', '1h', '7d' or '1d12h', got 'x'. "
            "Units are ms, s, m, h, d and w"
        ),
        (
            "features.x: window '0h': expected a positive duration such as '10m', '1h', '7d' or '1d12h', "
            "in whole ms, got '0h'"
        ),
        f"features.x: expected an entity of Payment in .by(), got Chargeback.card. {PAYMENT}",
        "features.x: expected a condition in where=, got money",
        "features.x: expected a number or a condition in sum(), got text",
    ]


def test_a_half_life_that_is_none_is_refused_at_once() -> None:
    with pytest.raises(DesignError, match="half_life: expected a positive duration"):
        p.decayed_count("never")
    with pytest.raises(DesignError, match="half_life: expected a positive duration"):
        p.amount.decayed_sum("0s")
