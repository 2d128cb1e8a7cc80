"""What the service answers, and what it keeps."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import pytest
from served import DESIGN, Broken, chargeback, opened, payment, run, served

from sevenfold.errors import DataError, UsageError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_decision_is_recorded_with_everything_that_led_to_it(home: Path) -> None:
    service = opened(home)
    decision = service.decide(payment(1))
    record = service.record("p1")
    assert record is not None
    assert record["features"] == decision.features
    assert record["features"]["amount"] == float(payment(1)["amount"])
    assert record["features"]["country"] == payment(1)["country"]
    assert record["features"]["card_count_1h"] == 1
    assert record["features"]["card_idle"] is None
    assert record["model"] == "slope"
    assert record["policy"] == "cost-1"
    assert record["score"] == pytest.approx(record["features"]["amount"] / 1000)
    assert set(record["took_us"]) == {"waited", "features", "model", "policy"}
    assert service.record("p2") is None
    entries = [(entry.event, entry.key) for entry in service.parts.log.read()]
    assert entries[1:] == [("Payment", "p1"), ("Decision", "p1"), ("DecisionReasons", "p1")]
    assert entries[0][0] == "FeatureProgram"
    service.close_now()


def test_the_same_event_gets_the_stored_decision_and_another_body_a_conflict(home: Path) -> None:
    service = opened(home)
    first = service.outcome(payment(1))
    assert first.status == "new"
    again = service.outcome(payment(1))
    assert (again.status, again.body) == ("repeated", first.body)
    end = service.parts.log.end()
    changed = service.outcome(payment(1) | {"amount": "1.00"})
    assert changed.status == "conflict"
    assert str(changed.faults[0]) == (
        "Payment str 'p1': expected a new event, or one that was decided, got another event under its key. "
        "Events do not change; send a correction under a key of its own"
    )
    with pytest.raises(DataError, match="another event under its key"):
        service.decide(payment(1) | {"amount": "1.00"})
    assert service.parts.log.end() == end
    service.close_now()
    service = opened(home)
    assert service.outcome(payment(1)).body == first.body
    service.close_now()


def test_json_is_decided_as_the_mapping_is(home: Path) -> None:
    service = opened(home)
    assert service.outcome(msgspec.json.encode(payment(1))).status == "new"
    assert service.outcome(payment(1)).status == "repeated"
    service.close_now()


def test_everything_wrong_with_an_event_is_told_at_once(home: Path) -> None:
    service = opened(home)
    outcome = service.outcome(payment(1) | {"amount": "much", "colour": "red"})
    assert outcome.status == "refused"
    assert [fault.where for fault in outcome.faults] == ["Payment.amount", "Payment.colour"]
    end = service.parts.log.end()
    huge = service.outcome(payment(2) | {"amount": "92233720368547758.00"})
    assert huge.status == "refused"
    assert huge.faults[0].where == "Payment.amount"
    assert service.parts.log.end() == end
    service.close_now()


def test_requests_under_way_for_the_same_event_share_one_decision(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        outcomes = await asyncio.gather(*(service.decided(payment(1)) for _ in range(8)))
        assert [outcome.status for outcome in outcomes] == ["new"] + 7 * ["repeated"]
        assert len({outcome.body for outcome in outcomes}) == 1
        assert [entry.event for entry in service.parts.log.read()].count("Decision") == 1
        await service.close()

    run(ask())


def test_another_event_under_a_key_under_way_is_a_conflict_once_the_first_is_durable(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        first, other, third = await asyncio.gather(
            service.decided(payment(1)),
            service.decided(payment(1) | {"amount": "1.00"}),
            service.accept("Payment", [payment(1) | {"amount": "2.00"}, payment(2)]),
        )
        assert (first.status, other.status) == ("new", "conflict")
        assert (third.new, third.conflicts) == (1, (0,))
        await service.close()

    run(ask())


def test_other_events_are_taken_in_and_change_later_features(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        accepted = await service.accept(
            "Chargeback", [chargeback(3), chargeback(4), chargeback(3), {"chargeback_id": "b9"}]
        )
        assert (accepted.new, accepted.duplicates, accepted.conflicts) == (2, 1, ())
        assert {fault.where.split(":")[0] for fault in accepted.faults} == {"row 3"}
        again = await service.accept("Chargeback", [chargeback(3), chargeback(4) | {"card": "other"}])
        assert (again.new, again.duplicates, again.conflicts) == (0, 1, (1,))
        late = payment(3) | {"payment_id": "later", "occurred_at": chargeback(3)["reported_at"] + 1}
        await service.decided(late)
        decision = service.find("later")
        assert decision is not None
        assert decision.features["reports_30d"] >= 1
        with pytest.raises(UsageError, match="one of Payment, Chargeback"):
            await service.accept("Refund", [])
        await service.close()

    run(ask())


def test_without_a_loop_events_are_taken_in_and_observed_with_their_features(home: Path) -> None:
    service = opened(home)
    alone = DESIGN.engine()
    assert service.take("Chargeback", [chargeback(3), chargeback(4)]).new == 2
    for number in (3, 4):
        alone.observe("Chargeback", chargeback(number))
    assert service.take("Chargeback", [chargeback(3)]).duplicates == 1
    for number in range(20):
        assert service.observe("Payment", payment(number)) == alone.observe("Payment", payment(number))
    with pytest.raises(DataError, match="one that is known under its key"):
        service.observe("Payment", payment(3))
    with pytest.raises(DataError, match=r"Payment\.amount"):
        service.observe("Payment", payment(30) | {"amount": "much"})
    with pytest.raises(UsageError, match="one of Payment, Chargeback"):
        service.observe("Refund", {})
    path = service.snapshot(home / "elsewhere")
    asked = payment(40)
    assert DESIGN.engine(snapshot=path).read("Payment", [asked]) == service.read("Payment", [asked])
    service.close_now()
    assert service.take("Chargeback", [chargeback(5)]).unavailable == "closed"


def test_an_event_that_was_only_taken_in_is_not_decided_later(home: Path) -> None:
    async def ask() -> None:
        service = opened(home)
        await service.accept("Payment", [payment(1)])
        outcome = await service.decided(payment(1))
        assert outcome.status == "conflict"
        assert outcome.faults[0].got == "one that was only taken in, without a decision"
        await service.close()

    run(ask())


def test_without_a_working_model_the_rules_decide_alone_and_the_record_says_so(home: Path) -> None:
    service = opened(home, model=served("broken", Broken()))
    decision = service.decide(payment(1))
    assert decision.record.fallback
    assert (decision.record.model, decision.score) == (None, None)
    service.swap(served())
    assert service.decide(payment(2)).record.model == "slope"
    service.close_now()
