"""Replaying: what callers would have seen, not what a polite client saw."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.data.table import normalise
from sevenfold.errors import UsageError
from sevenfold.serving.replay.calls import calls_of, outer_rows
from sevenfold.serving.replay.client import Target
from sevenfold.serving.replay.run import Call, Pace, replay
from sevenfold.serving.replay.tally import Tally

if TYPE_CHECKING:
    from .conftest import Door


class Paid(sf.Event, key="paid_id", time="at"):
    paid_id: str
    at: sf.Timestamp
    card: sf.Entity
    amount: sf.Money
    currency: sf.Category = "EUR"
    note: str | None = None


class Refund(sf.Event, key="refund_id", time="at"):
    refund_id: str
    at: sf.Timestamp
    fee: sf.Money["JPY"]  # noqa: F821


def call(key: str, merchant: str = "m", amount: float = 1.5) -> Call:
    row = {"payment_id": key, "occurred_at": 1, "card": "c", "merchant": merchant, "amount": amount}
    return Call("/v1/decisions", json.dumps(row).encode(), amount)


def sent(door: Door, calls: list[Call], rate: float, connections: int = 8, **options: Any) -> Tally:
    tally = Tally(len(calls))
    target = Target.of(door.url, options.pop("key", door.key))
    asyncio.run(replay(calls, target, Pace(rate, connections), tally, **options))
    return tally


def test_everything_is_sent_answered_and_summed_up(door: Door) -> None:
    calls = [call(f"rp{number}") for number in range(40)]
    calls.append(Call("/v1/events/Payment", calls[0].body, 0.0))
    calls.append(call("rp-bad", amount=-1e300))
    tally = sent(door, calls, rate=400)
    summary = tally.summary()
    assert (summary["sent"], summary["answered"], summary["lost"]) == (42, 42, 0)
    assert summary["statuses"] == {"200": 40, "202": 1, "422": 1}
    assert summary["actions"] == {"approve": 40}
    assert summary["money"] == {"approve": 60.0}
    assert tally.actions[:40] == ["approve"] * 40
    assert summary["took_s"] >= 41 / 400
    assert list(summary["latency_ms"]) == ["p50", "p90", "p99", "p99.9", "max"]


def test_a_stall_is_charged_to_all_who_would_have_waited(door: Door) -> None:
    """One connection, one request of a second: the others were due meanwhile; a closed loop would hide it."""
    calls = [call(f"st{number}", "slow" if number == 0 else "m") for number in range(50)]
    latency = sent(door, calls, rate=100, connections=1).percentiles_ms()
    assert latency["max"] >= 1000
    assert latency["p50"] >= 500


def test_requests_beyond_the_connections_wait_and_are_not_lost(door: Door) -> None:
    summary = sent(
        door, [call(f"cn{number}", "slow") for number in range(6)], rate=1000, connections=3
    ).summary()
    assert summary["answered"] == 6
    assert summary["latency_ms"]["max"] >= 1900


def test_refusals_are_counted_by_status(door: Door) -> None:
    assert sent(door, [call("x"), call("y")], rate=100, key="nonsense").summary()["statuses"] == {"401": 2}


def test_stopping_ends_the_sending(door: Door) -> None:
    stop = asyncio.Event()
    stop.set()
    assert sent(door, [call("never")], rate=100, stop=stop).summary()["sent"] == 0


def test_nobody_there_is_said() -> None:
    with pytest.raises(UsageError, match="Is the service running"):
        asyncio.run(replay([call("x")], Target.of("http://127.0.0.1:9", None), Pace(1, 1), Tally(1)))


@pytest.mark.parametrize("url", ["127.0.0.1:8000", "ftp://x", "http://", "http://x:99999", "http://x:port"])
def test_an_address_that_is_none(url: str) -> None:
    with pytest.raises(UsageError, match="--to: expected http://HOST:PORT"):
        Target.of(url, None)


def test_a_pace_that_is_none() -> None:
    with pytest.raises(UsageError) as caught:
        Pace(0, 0).check()
    assert [fault.where for fault in caught.value.faults] == ["--rate", "--connections"]


def test_rows_go_out_as_they_came_in() -> None:
    rows = [
        {"paid_id": "a", "at": 5, "card": "c", "amount": "12.50", "currency": "EUR"},
        {"paid_id": "b", "at": 4, "card": "d", "amount": "-7", "currency": "JPY", "note": "x"},
        {"paid_id": "c", "at": 4, "card": "e", "amount": "0.005", "currency": "KWD"},
    ]
    frame = normalise(Paid, pl.DataFrame(rows))
    assert outer_rows(Paid, frame) == rows
    refunds = normalise(Refund, pl.DataFrame([{"refund_id": "r", "at": 3, "fee": 100}]))
    calls = calls_of({"Paid": Paid, "Refund": Refund}, "Paid", {"Paid": frame, "Refund": refunds})
    assert [(one.path, one.amount) for one in calls] == [
        ("/v1/events/Refund", 0.0),
        ("/v1/decisions", -7.0),
        ("/v1/decisions", 0.005),
        ("/v1/decisions", 12.5),
    ]
    assert json.loads(calls[0].body) == {"refund_id": "r", "at": 3, "fee": "100"}
