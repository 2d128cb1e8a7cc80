"""Every finding of the check: a design that has it, with figures computed by hand, and one that hasn't."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import polars as pl
import pytest
from checked import (
    BECAUSE,
    STAGES,
    Order,
    Return,
    design,
    found,
    learning,
    problem,
    serving,
)

import sevenfold as sf
from sevenfold.design.check.arithmetic import half_width, queue_p99_ms, review_gain, sample_size
from sevenfold.design.check.catalogue import CATALOGUE
from sevenfold.design.check.finding import Number
from sevenfold.design.check.history import History
from sevenfold.design.check.leakage import separation
from sevenfold.design.check.privacy import association
from sevenfold.learning.splits import Prequential
from sevenfold.problem.problem import Cost, ServiceLevels
from sevenfold.serving.rollout.declaration import ABTest, Rollout


class Telling(sf.Event, key="order_id", time="at"):
    """An order that tells too much."""

    order_id: str
    at: sf.Timestamp
    shop: sf.Entity
    customer: sf.Entity
    total: sf.Money
    status: sf.Category | None = None
    country: sf.Category | None = None
    gender: sf.Category | None = None


class Unread(sf.Event, key="id", time="at"):
    """Nobody reads it."""

    id: str
    at: sf.Timestamp


def levels(**more: float) -> sf.Problem:
    return problem(service_levels=ServiceLevels(**more))


def of_telling(**more: Any) -> sf.Design:
    event, label = Telling, sf.Label(event=Return, on=Telling, key="order_id", matures="30d", because=BECAUSE)
    given: dict[str, Any] = {
        "events": [Telling, Return],
        "label": label,
        "features": sf.features(total=event.total, shop_count=event.count().by(event.shop).over("1d")),
        "trust": sf.Trust(
            purposes={"customer": "To know him."}, retention="730d", erasure="By hand.", because=BECAUSE
        ),
    }
    return design(**(given | more))


def history(rows: int = 1000, days: float = 400.0, **more: Any) -> History:
    decided = pl.DataFrame(
        {
            "order_id": [str(n) for n in range(rows)],
            "shop": [f"s{n % 10}" for n in range(rows)],
            "total": list(range(rows)),
            "colour": ["red" if n % 20 == 0 else "blue" for n in range(rows)],
        }
    )
    return History(**({"days": days, "decided": decided} | more))


POSITIVE = np.array([1 if n % 20 == 0 else 0 for n in range(1000)], np.int8)
SEEN = {"seen": Order.at.since_first().by(Order.shop), "total": Order.total}
BY_KEY = {"again": Return.count().by(Return.shop).over("1d"), "total": Order.total}


class Keyed(sf.Event, key="order_id", time="at"):
    """Its key is an entity."""

    order_id: sf.Entity
    at: sf.Timestamp
    total: sf.Money
    returned: bool = False


def keyed(**features: object) -> sf.Design:
    return sf.Design(
        name="keyed",
        events=[Keyed],
        features=sf.features(**features),
        label=sf.Label(event=Keyed, on=Keyed, key="order_id", matures="30d", value="returned"),
    )


def with_rollout(**ab: Any) -> sf.Design:
    made = design()
    object.__setattr__(made.serving, "rollout", Rollout(ab=ABTest(**ab)))
    return made


def every(text: str) -> sf.Design:
    class Every:
        every = text

    made = design()
    object.__setattr__(made.feedback, "retraining", Every())
    return made


CASES: dict[str, tuple[Any, str]] = {
    # 60 ms alone against 50 ms.
    "SF101": (lambda: found(stages=replace(STAGES, p99_ms=60.0)), "10.00 ms over"),
    # 1 ms of work each, 1,200 a second: 1.2 of the time; 1,000 a second is all that goes.
    "SF102": (lambda: found(design(problem=levels(decisions_per_second=1200.0))), "1.20 of its time: 200"),
    # ln(100) / (1000 - 950) = 92.1 ms, and twice 2 ms of the disk.
    "SF103": (lambda: found(design(problem=levels(decisions_per_second=950.0))), "96.1 ms against 50 ms"),
    # 10,000 x 1 ms + 4 ms against 100 x 50 ms.
    "SF104": (
        lambda: found(design(serving=replace(serving(), most_waiting=10_000))),
        "10,004 ms for the last of 10,000",
    ),
    # (1 - 0.99999) x 43,776 minutes = 0.4; four restarts of 8 s + 100,000 x 0.4 ms = 48 s are 3.2.
    "SF105": (lambda: found(design(problem=levels(availability=0.99999))), "3.2 minutes a month against 0.4"),
    "SF106": (
        lambda: found(history=history(recorded_ms=np.full(200, 75.0))),
        "75.0 ms at p99, 1.5 times the level",
    ),
    "SF201": (lambda: found(design(scale=sf.Scale(memory_gb=0.001, because=BECAUSE))), "against 0.0 GB"),
    "SF202": (lambda: found(design(features=sf.features(**SEEN))), "every new entity stays"),
    # (10,000 x 1,000 + 200 x 350) x 1.1 bytes a day, for 730 days = 8.09 GB.
    "SF203": (lambda: found(design(scale=sf.Scale(disk_gb=1.0, because=BECAUSE))), "8 GB against 1 GB"),
    # 100 GB / (10.07 MB x 1.1).
    "SF204": (lambda: found(design(trust=sf.Trust(because=BECAUSE))), "the disk is full in 9,028 days"),
    "SF205": (lambda: found(design(trust=sf.Trust(retention="60d", because=BECAUSE))), "kept for 60 days"),
    # One day of thirty.
    "SF301": (lambda: found(every("1d")), "3.3% of what is waiting is new"),
    # 10,000 x 0.0002 x 7 = 14 a week; 0.1 at one half takes 388 each: 2 x 388 / 14 = 55.4 weeks.
    "SF302": (
        lambda: found(design(problem=problem(expected={"positive_rate": 0.0002, "difference": 0.1}))),
        "55 weeks until 776",
    ),
    # 0.05 at one half takes 1,562; half of 1,400 a week in the challenger's share: 2.2 weeks of one.
    "SF303": (lambda: found(with_rollout(longest="7d")), "2.2 weeks needed, 1.0 given"),
    # 28 days of 7 a week.
    "SF304": (
        lambda: found(design(problem=problem(expected={"positive_rate": 0.0001}))),
        "about 28 positives",
    ),
    "SF305": (
        lambda: found(design(problem=problem(expected={"label_delay_days": 40}))),
        "nine of ten labels take 40.0 days",
    ),
    # 0.02 x 35 a week.
    "SF306": (
        lambda: found(
            design(
                problem=problem(expected={"positive_rate": 0.0005}),
                serving=serving(control=sf.Control(share=0.02, below=50.0, because=BECAUSE)),
            )
        ),
        "0.70 positives a week",
    ),
    # 1 + 30 + 28 + 30 days.
    "SF307": (lambda: found(history=history(days=30.0)), "30 days of 89"),
    # 1,000 x 1.05 x 3 minutes = 52.5 hours; one person has 6.
    "SF401": (
        lambda: found(design(serving=serving(review_capacity_per_day=1000))),
        "52.5 hours a day against 6.0",
    ),
    # 80 x 20 / 100 = 16.
    "SF402": (
        lambda: found(design(problem=problem(review=Cost(fixed=16.0, because=BECAUSE)))),
        "costs 16.00 and saves 16.00",
    ),
    # 80 + 30.4 x 5.25 hours x 36.
    "SF403": (lambda: found(design(problem=problem(budget_per_month=1000.0))), "5,826 against 1,000"),
    # Blocking pays from 20 / 100.
    "SF404": (
        lambda: found(design(problem=problem(expected={"positive_rate": 0.25}))),
        "blocking pays from 20.00%",
    ),
    "SF405": (
        lambda: found(design(learning=learning(entity="shop", review_per_day=50))),
        "50 a day in the evaluation, 100 in the service",
    ),
    "SF406": (
        lambda: found(design(feedback=sf.Feedback(active=sf.Active(per_day=100), because=BECAUSE))),
        "100 of 100 a day",
    ),
    # 30.4 x 10,000 x 0.000001 x 80 = 24.
    "SF407": (
        lambda: found(design(problem=problem(expected={"positive_rate": 0.000001}))),
        "5,826 a month against 24",
    ),
    # 30.4 x 10,000 x 0.02 x 80 = 486,400 a month, of which a thousandth.
    "SF408": (lambda: found(design(serving=serving(fallback="approve"))), "486.40 a month"),
    "SF501": (
        lambda: found(of_telling(features=sf.features(status=Telling.status, total=Telling.total))),
        "1 features: status",
    ),
    "SF502": (lambda: found(of_telling()), "no feature reads it"),
    # A colour that is red for each positive and for no other.
    "SF503": (lambda: found(history=history(labels=POSITIVE)), "area under the ROC curve 1.0000"),
    "SF504": (
        lambda: found(keyed(n=Keyed.count().by(Keyed.order_id).over("1d"), total=Keyed.total)),
        "1 features: n_1d",
    ),
    "SF505": (
        lambda: found(
            history=history(
                decided=history().decided.with_columns(shop=pl.Series([f"s{n}" for n in range(1000)]))
            )
        ),
        "100% of 1,000 are new",
    ),
    "SF506": (lambda: found(keyed(returned=Keyed.returned, total=Keyed.total)), "1 features: returned"),
    "SF507": (
        lambda: found(design(learning=learning(folds=Prequential(delay="7d", because=BECAUSE)))),
        "delay 7d, while labels take 30d",
    ),
    "SF508": (lambda: found(design(learning=learning(entity="shop"))), "known cases"),
    "SF601": (
        lambda: found(of_telling(trust=sf.Trust(retention="730d", because=BECAUSE))),
        "1 of 1 fields: Telling.customer",
    ),
    "SF602": (lambda: found(of_telling(trust=sf.Trust(because=BECAUSE))), "1 fields"),
    "SF603": (lambda: found(of_telling(trust=sf.Trust(because=BECAUSE))), "only ever appended to"),
    "SF604": (
        lambda: found(
            of_telling(
                features=sf.features(gender=Telling.gender, total=Telling.total),
                trust=sf.Trust(protected=("gender",), because=BECAUSE),
            )
        ),
        "1 features: gender",
    ),
    "SF605": (
        lambda: found(
            of_telling(
                features=sf.features(country=Telling.country, total=Telling.total),
                trust=sf.Trust(protected=("nationality",), because=BECAUSE),
            )
        ),
        "read by 1 features",
    ),
    "SF606": (
        lambda: found(design(trust=sf.Trust(protected=("age",), retention="730d", because=BECAUSE))),
        "1 attributes: age",
    ),
    "SF701": (lambda: found(design(scale=None)), "every default of the section"),
    "SF702": (lambda: found(design(because="")), "1: design"),
    "SF703": (lambda: found(design(problem=problem(open_points=("Who is called at night?",)))), "open"),
    "SF704": (lambda: found(design(problem=problem(expected={"amount": None}))), "1: amount"),
    "SF705": (lambda: found(design(learning=learning(choose_by="average_precision"))), "average_precision"),
    "SF706": (lambda: found(design(events=[Order, Return, Unread])), "for nothing"),
    "SF707": (lambda: found(design(accepts={"SF101": "It was slow once."})), "a reason for nothing"),
}


def test_every_finding_has_a_case() -> None:
    assert list(CASES) == list(CATALOGUE)


@pytest.mark.parametrize("id_", CASES)
def test_a_design_that_has_it(id_: str) -> None:
    make, by = CASES[id_]
    one = make()[id_]
    assert by in one.by
    assert (one.severity, one.section) == (CATALOGUE[id_].severity, CATALOGUE[id_].section)
    assert one.wrong.endswith((".", "?"))
    assert one.fix


def test_a_design_that_has_none_of_them() -> None:
    assert found(design(because=BECAUSE)) == {}
    sound = history(labels=POSITIVE, recorded_ms=np.full(200, 5.0))
    innocent = sound.decided.with_columns(colour=pl.lit("red"))
    assert found(design(because=BECAUSE), history=replace(sound, decided=innocent)) == {}


def test_an_accepted_finding_stands_with_its_reason() -> None:
    spoiled = design(
        because=BECAUSE,
        scale=sf.Scale(disk_gb=1.0, because="Small."),
        accepts={"SF203": "A bigger one comes."},
    )
    assert found(spoiled)["SF203"].accepted == "A bigger one comes."


def test_what_is_measured_counts_before_what_is_expected() -> None:
    from sevenfold.design.check.facts import facts_of

    measured = history(numbers={"per_day": Number(5.0, "measured: by hand")})
    facts = facts_of(design(), None, measured)
    assert facts.per_day == Number(5.0, "measured: by hand")
    assert facts.amount == Number(100.0, "declared: problem.expected.amount")


def test_the_formulas_against_published_figures() -> None:
    # By the equation, without its correction; Wilson's interval for 50 of 100 is 0.404 to 0.596.
    assert sample_size(0.5, 0.1) == 388
    assert half_width(100, 0.5) == pytest.approx((0.59617 - 0.40383) / 2, abs=1e-4)
    assert queue_p99_ms(2000, 1.0) == float("inf")
    assert review_gain(80.0, 20.0, catches=0.5) == 8.0


def test_separation_and_association() -> None:
    y = np.array([True, True, False, False])
    assert separation(pl.Series([3.0, 4.0, 1.0, 2.0]), y) == 1.0
    assert separation(pl.Series([1.0, 2.0, 1.0, 2.0]), y) == 0.5
    assert separation(pl.Series([None, None, 1.0, 2.0]), y) == 1.0
    left = pl.Series(["a", "a", "b", "b"])
    assert association(left, pl.Series(["x", "x", "y", "y"])) == pytest.approx(1.0)
    assert association(left, pl.Series(["x", "y", "x", "y"])) == 0.0
