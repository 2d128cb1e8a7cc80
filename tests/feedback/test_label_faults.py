"""Labels that come in wrong, twice, too early or by the million: the service goes on, and it is told."""

from __future__ import annotations

import resource
from typing import TYPE_CHECKING

import polars as pl
import pytest
from reviewed import DAY, HOUR, START, Bench

import sevenfold as sf
from sevenfold.design.labels import conflicting_labels
from sevenfold.errors import DesignError
from sevenfold.feedback.review.steps import Opinion
from sevenfold.systems.fraud.events import Chargeback, Payment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


def test_labels_of_unknown_payments_and_twice_are_told_and_ignored(bench: Bench) -> None:
    bench.pay(1)
    bench.charge_back(77)
    bench.charge_back(1)
    again = {"chargeback_id": "b1", "reported_at": bench.clock.now, "payment_id": "p1", "card": "c1"}
    accepted = bench.service.take("Chargeback", [again | {"merchant": "m1"}])
    assert (accepted.new, accepted.duplicates) == (0, 1), "the same event is the same event"
    bench.charge_back(1, chargeback_id="another")
    tables = bench.workspace.history()
    quality = bench.workspace.training_table(tables).quality
    assert (quality.events, quality.unknown, quality.repeated) == (3, 1, 1)
    assert bench.labels() == {"p1": 1}
    assert bench.pay(2) == "review"


def test_another_event_under_a_labels_key_is_a_conflict_and_changes_nothing(bench: Bench) -> None:
    bench.pay(1)
    bench.pay(2)
    bench.charge_back(1)
    other = {"chargeback_id": "b1", "reported_at": bench.clock.now, "payment_id": "p2", "card": "c2"}
    accepted = bench.service.take("Chargeback", [other | {"merchant": "m1"}])
    assert (accepted.new, accepted.conflicts) == (0, (0,))
    assert bench.labels() == {"p1": 1, "p2": -1}


@pytest.mark.parametrize("skew", [-20 * DAY, -HOUR, HOUR, 20 * DAY])
def test_a_label_is_known_from_its_arrival_whatever_its_source_says(bench: Bench, skew: int) -> None:
    bench.clock.now = START + 30 * DAY
    bench.pay(1)
    bench.clock.now += 10 * DAY
    bench.charge_back(1, reported_at=bench.clock.now + skew)
    tables = bench.workspace.history()
    labels = bench.workspace.training_table(tables).labels
    assert labels.at(bench.clock.now - 1).tolist() == [-1]
    assert labels.at(bench.clock.now).tolist() == [1]
    assert bench.pay(2) == "review"


def test_a_label_dated_before_its_payment_counts_from_the_payment_on(bench: Bench) -> None:
    bench.charge_back(1)
    bench.clock.now += DAY
    bench.pay(1)
    table = bench.workspace.training_table(bench.workspace.history())
    assert table.quality.early == 1
    assert table.labels.at(bench.clock.now - 1).tolist() == [-1]
    assert bench.labels() == {"p1": 1}


def test_contradicting_labels_are_settled_by_rank_and_shown(bench: Bench) -> None:
    bench.pay(1)
    (one,) = bench.queue.cases()
    bench.queue.verdict(one.case, "ann", Opinion(positive=False, reason="usual"))
    assert bench.labels() == {"p1": 0}
    bench.clock.now += 20 * DAY
    bench.charge_back(1)
    assert bench.labels() == {"p1": 1}, "an issuer's word counts more than a reviewer's here"
    found, notes = conflicting_labels(bench.workspace)
    assert found.select("payment_id", "source", "value", "wins").rows() == [
        ("p1", "ReviewVerdict", 0, False),
        ("p1", "Chargeback", 1, True),
    ]
    assert any("precedence settled which counts" in note for note in notes)


def test_rules_and_tags_may_be_guesses(tmp_path: Path) -> None:
    weak = (sf.WeakLabel(rule="large", weight=0.2), sf.WeakLabel(tag="fine", value=False, weight=0.5))
    bench = Bench(tmp_path, weak=weak)
    bench.pay(1, amount=950.0)  # the rule runs in shadow
    bench.pay(2)
    bench.pay(3)
    last = sorted((one.case for one in bench.queue.cases()), key=lambda name: int(name[1:]))[-1]
    bench.queue.note(last, "ann", tags=["fine", "other"])
    table = bench.workspace.training_table(bench.workspace.history())
    assert table.labels.at(bench.clock.now).tolist() == [1, -1, 0]
    weights = table.labels.weights(bench.clock.now)
    assert weights is not None
    assert weights.tolist() == [0.2, 1.0, 0.5]
    assert table.labels.certain.at(bench.clock.now).tolist() == [-1, -1, -1]
    assert table.quality.weak == 2
    bench.close()


def test_a_precedence_names_sources_that_there_are() -> None:
    with pytest.raises(
        DesignError, match=r"label\.precedence: expected the name of a source, got 'Review'"
    ) as e:
        sf.Design(
            name="small",
            events=[Payment, Chargeback],
            features=sf.features(amount=Payment.amount),
            label=sf.Label(
                event=Chargeback,
                on=Payment,
                key="payment_id",
                matures="45d",
                precedence=("Review", "Chargeback"),
            ),
        )
    assert "Sources are: Chargeback, ReviewVerdict" in str(e.value)


_FLOOD, _PART = 1_000_000, 10_000


def test_a_flood_of_a_million_labels_is_taken_in_bounded_memory(bench: Bench) -> None:
    """A part of it through the service, and the million through the join, which is where it would hurt."""
    for number in range(20):
        bench.pay(number)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for part in range(3):
        rows = [
            {
                "chargeback_id": f"f{part}-{number}",
                "reported_at": bench.clock.now,
                "payment_id": f"p{number % 50_000}",
                "card": "c1",
                "merchant": "m1",
            }
            for number in range(_PART)
        ]
        assert bench.service.take("Chargeback", rows).new == _PART
        assert bench.pay(1000 + part) == "review", "decisions go on in between"
        assert bench.queue.update() > 0
    tables = bench.workspace.history()
    marks = tables["Chargeback"]
    flood = pl.concat([marks] * (_FLOOD // marks.height + 1))[:_FLOOD]
    labels, quality = bench.workspace.label.history(
        tables["Payment"], {**tables, "Chargeback": flood.with_columns(_offset=pl.int_range(_FLOOD))}
    )
    assert quality.events == _FLOOD
    assert quality.unknown > 0.9 * _FLOOD
    assert (labels.at(bench.clock.now) == 1).sum() == 23
    grown_mb = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
    assert grown_mb < 1_500
    assert bench.service.ready() == []
