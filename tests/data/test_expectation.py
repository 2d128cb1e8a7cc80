"""Expectations: what can be declared, what is refused at once, and how each comes out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from quality_frames import BEGIN, DAY, Order, broken_from, orders, profiled

from sevenfold.data.expectation import expect, unfit
from sevenfold.data.expectation_check import check
from sevenfold.data.expectation_suggest import suggested
from sevenfold.data.fields import Timestamp
from sevenfold.data.uniqueness import Uniqueness
from sevenfold.errors import DesignError
from sevenfold.features.stream import Event

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.data.expectation import Expectation
    from sevenfold.data.expectation_check import Outcome

NOW = BEGIN + 10 * DAY


class Other(Event, key="number", time="at"):
    number: int
    at: Timestamp


def outcome(frame: pl.DataFrame, one: Expectation, work: Path) -> Outcome:
    (found,) = check([one], [profiled(frame, work, [one])], NOW)
    return found


@pytest.mark.parametrize(
    ("what", "arguments", "said"),
    [
        (Order.at, {"between": (0, 1)}, "between=: expected a number or money, got Order.at, a timestamp"),
        (
            Order.total,
            {"between": (5, 1)},
            "between=: expected (low, high), low at most high",
        ),
        (Order.total, {"between": (None, None)}, "between=: expected (low, high)"),
        (Order.total, {"between": (0, float("nan"))}, "between=: expected (low, high)"),
        (Order.total, {"one_of": ["a"]}, "one_of=: expected texts or integers, got Order.total"),
        (Order.country, {"one_of": []}, "one_of=: expected at least one text, and nothing else, got none"),
        (
            Order.country,
            {"one_of": ["DE", 1]},
            "one_of=: expected at least one text, and nothing else",
        ),
        (Order.items, {"one_of": ["1"]}, "one_of=: expected at least one integer, and nothing else, got '1'"),
        (Order.country, {"nulls": 2}, "nulls=: expected a share from 0 to 1, got 2"),
        (Order.country, {"nulls": 0.1, "tolerate": -1}, "tolerate=: expected a share from 0 to 1, got -1"),
        (
            Order.country,
            {},
            "Order.country: expected between=, one_of=, nulls=, unique= or another",
        ),
        (
            Order.country,
            {"fresh": "1d"},
            "fresh= and hourly=: expected an event or its time, at, got",
        ),
        (Order, {"nulls": 0.1}, "nulls=: expected a field, got the event Order"),
        (Order, {}, "Order: expected fresh= or hourly=, got nothing"),
        (Order, {"fresh": "soon"}, "fresh=: expected a positive duration such as '10m'"),
        (Order, {"hourly": (10, 1)}, "hourly=: expected (low, high)"),
        (Order.total, {"nulls": 0, "clip": True}, "clip=: expected between=(low, high) with it, got none"),
        (
            Order.total,
            {"between": (0, 1), "missing": "x"},
            "missing=: expected a value such as Order.total holds (money)",
        ),
        (
            Order.items,
            {"missing": 1.5},
            "missing=: expected a value such as Order.items holds (integer)",
        ),
        (Order.shop, {"nulls": 0, "missing": "x"}, "Order.shop: expected no clip=, other= or missing="),
        (
            Order.shop,
            {"one_of": ["a"], "other": "b"},
            "other=: expected one_of=[…] of a category or a text",
        ),
        (
            Order.note,
            {"personal": "card"},
            "personal=: expected what may be kept, got 'card'. A raw",
        ),
        (Order.note, {"personal": "name"}, "personal=: expected one of email, phone, iban, got 'name'"),
        (
            Order.total,
            {"personal": "iban"},
            "personal=: expected texts or integers, got Order.total",
        ),
        ("total", {"nulls": 0}, "expect(): expected a field such as Payment.amount, or an event, got str"),
        (
            Order.total + 1,
            {"nulls": 0},
            "expect(): expected a field such as Payment.amount, or an event",
        ),
    ],
)
def test_what_cannot_be_evaluated_is_refused_at_once(what: Any, arguments: dict[str, Any], said: str) -> None:
    with pytest.raises(DesignError) as refused:
        expect(what, **arguments)
    assert said in str(refused.value)


def test_all_faults_are_told_together() -> None:
    with pytest.raises(DesignError) as refused:
        expect(Order.country, between=(1, 0), nulls=7, one_of=[])
    assert len(refused.value.faults) == 4


def test_what_does_not_belong_to_a_design() -> None:
    twice = [expect(Order.total, between=(0, 9), clip=True), expect(Order.total, missing=0)]
    faults = unfit([expect(Other, fresh="1d"), "Order", *twice], [Order])
    assert [(fault.where, fault.expected, fault.got) for fault in faults] == [
        ("expectations[0]", "an event of the design", "Other"),
        ("expectations[1]", "what sf.expect(...) gives", "str"),
        ("expectations[3]", "one a field with clip=, other= or missing=", "a second one for Order.total"),
    ]


@pytest.mark.parametrize(
    ("one", "expected", "found"),
    [
        (expect(Order.total, between=(0.01, 100_000)), "between 0.01 and 100,000", "all 2,400 inside"),
        (expect(Order.country, one_of=["DE", "FR", "NL", "PL"]), "one of DE, FR, NL, PL", "all 2,3"),
        (expect(Order.items, one_of=range(1, 9)), "one of 1, 2, 3, 4, 5 and 3 more", "all 2,400 are"),
        (expect(Order.country, nulls=0.05), "at most 5 % missing", "% missing ("),
        (expect(Order.order_id, unique=True), "no value twice", "none"),
        (expect(Order, fresh="8d"), "the newest at most 8d old", "the newest before 2026-01-04T00:00Z"),
        (expect(Order, hourly=(1, 200)), "between 1 and 200 an hour", " events in 70 full hours"),
    ],
)
def test_what_is_met(one: Expectation, expected: str, found: str, tmp_path: Path) -> None:
    came_out = outcome(orders(0, 3), one, tmp_path)
    assert (came_out.state, came_out.expected) == ("met", expected)
    assert found in came_out.found


@pytest.mark.parametrize(
    ("one", "found"),
    [
        (expect(Order.total, between=(None, 100)), " of 2,400 outside (100."),
        (expect(Order.total, between=(1, None)), "3 of 2,400 outside (-5 to -5)"),
        (expect(Order.country, one_of=["DE"]), "are another: '"),
        (expect(Order.country, nulls=0.001), "% missing ("),
        (expect(Order.shop, unique=True), "2,360 repeated"),
        (expect(Order, fresh="5d"), "the newest before 2026-01-04T00:00Z"),
        (expect(Order.at, hourly=(30, None)), "of 70 hours outside, first 2026-01-01T01:00Z with "),
    ],
)
def test_what_is_broken(one: Expectation, found: str, tmp_path: Path) -> None:
    frame = orders(0, 3)
    low = pl.when(pl.int_range(pl.len()) < 3).then(pl.lit("-5")).otherwise("total")
    came_out = outcome(frame.with_columns(total=low), one, tmp_path)
    assert came_out.state == "broken"
    assert found in came_out.found


@pytest.mark.parametrize(
    ("one", "frame", "why"),
    [
        (expect(Order.country, one_of=["DE"]), orders(0, 1).with_columns(country=None), "it has no values"),
        (expect(Order.total, between=(0, 1)), orders(0, 1).clear(), "there are no rows"),
        (expect(Order.order_id, unique=True), orders(0, 1).clear(), "there are no rows"),
        (expect(Order, fresh="1d"), orders(0, 1).clear(), "there are no rows"),
        (
            expect(Order, hourly=(1, None)),
            orders(0, 1, hours=(10, 12)),
            "there is no full hour between the first and the last",
        ),
    ],
)
def test_what_nothing_can_be_said_of(one: Expectation, frame: pl.DataFrame, why: str, tmp_path: Path) -> None:
    came_out = outcome(frame, one, tmp_path)
    assert (came_out.state, came_out.found) == ("not evaluated", why)


def test_events_that_were_not_read_are_left_out(tmp_path: Path) -> None:
    assert check([expect(Other, fresh="1d")], [profiled(orders(0, 1), tmp_path)], NOW) == []


def test_handled_values_are_counted_shown_and_tolerated_up_to_a_share(tmp_path: Path) -> None:
    frame = orders(0, 3)
    clipped = outcome(frame, expect(Order.total, between=(1, 1500), clip=True), tmp_path)
    assert (clipped.state, clipped.handled) == ("met", "taken as 1 or 1,500")
    assert clipped.expected == "between 1 and 1,500, but for 5 % of the values"
    other = outcome(frame, expect(Order.country, one_of=["DE", "FR"], other="other"), tmp_path)
    assert (other.state, other.handled) == ("broken", "taken as 'other'")
    missing = outcome(frame, expect(Order.country, missing="unknown"), tmp_path)
    assert (missing.state, missing.handled) == ("met", "taken as 'unknown'")


def test_suggestions_are_python_that_the_file_meets(tmp_path: Path) -> None:
    frame = broken_from(orders(0, 8), 0, "note", pl.lit("jo@example.com"), 1)
    profiler = profiled(frame, tmp_path)
    personal = {f"Order.{name}": kinds for name, kinds in profiler.personal().items()}
    text = suggested({"Order": Order}, {"Order": profiler.profile()}, personal)
    assert 'sf.expect(Order.country, one_of=["DE", "FR", "NL", "PL"], nulls=0.0' in text
    assert "sf.expect(Order.order_id, unique=True)" in text
    assert 'personal="email"' in text
    import sevenfold as sf

    names: dict[str, Any] = {"sf": sf, "Order": Order}
    exec(text, names)  # noqa: S102  # it is Python to be pasted
    expectations = names["expectations"]
    assert unfit(expectations, [Order]) == []
    outcomes = check(expectations, [profiled(frame, tmp_path, expectations)], NOW)
    assert {one.state for one in outcomes} == {"met"}
    assert len(outcomes) >= 6


@pytest.mark.parametrize("in_memory", [10, 1_000_000])
def test_repetitions_are_counted_exactly_on_disk_as_in_memory(
    in_memory: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sevenfold.data.uniqueness._IN_MEMORY", in_memory)
    values = pl.Series([f"v{number % 700}" for number in range(1_000)] + [None] * 5)
    counted = Uniqueness(tmp_path / "unique")
    for part in values.to_frame().iter_slices(64):
        counted.add(part.to_series())
    assert counted.repeated() == counted.repeated() == 300
    assert (tmp_path / "unique").exists() == (in_memory == 10)
