"""Reasons come behind the decision: approvals do not wait for them, reviews and blocks do."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from served import mismatches, opened, payment, run

from sevenfold.data.sqlite_file import SqliteFile

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

    from sevenfold.serving.verdict import Verdict


@dataclass
class Because:
    text: str

    def to_json(self) -> dict[str, Any]:
        return {"sentence": self.text}


class Plain:
    """Says the amount, and counts how often it was asked."""

    asked = 0

    def reasons(self, row: Any, values: dict[str, Any], verdict: Verdict, history: Any) -> list[Because]:
        Plain.asked += 1
        return [Because(f"{verdict.action} of {values['amount']}: {row[0]}")]


class Silent:
    def reasons(self, row: Any, values: dict[str, Any], verdict: Verdict, history: Any) -> list[Because]:
        raise ValueError("no words")


def test_a_review_is_answered_with_its_reasons_and_they_are_kept(home: Path) -> None:
    service = opened(home, explain=lambda model: Plain())
    decisions = [service.decide(payment(number)) for number in range(30)]
    actions = {decision.action for decision in decisions}
    assert {"approve", "review"} <= actions
    for decision in decisions:
        amount = decision.features["amount"]
        expected = (
            ()
            if decision.action == "approve"
            else ({"sentence": f"{decision.action} of {amount}: {amount}"},)
        )
        assert decision.reasons == expected
        again = service.outcome(payment(int(decision.event_id[1:])))
        assert (again.status, again.body) == ("repeated", decision.answer())
        record = service.record(decision.event_id)
        assert record is not None
        assert record["reasons"] == list(expected)
    service.close_now()
    assert mismatches(home) == []


def test_reasons_lost_to_a_crash_are_found_again(home: Path) -> None:
    service = opened(home)  # without an explainer, its records stand for those that a crash left alone
    numbers = [n for n in range(30) if service.decide(payment(n)).action != "approve"]
    service.close_now()
    removed = opened(home, explain=lambda model: Plain())
    plain = removed.parts.log.find
    removed.parts.log.find = lambda event, key: None if event == "DecisionReasons" else plain(event, key)  # type: ignore[method-assign]
    asked = Plain.asked
    decision = removed.find(f"p{numbers[0]}")
    assert decision is not None
    assert decision.reasons[0]["sentence"].startswith(decision.action)
    assert Plain.asked == asked + 1
    removed.close_now()


def test_a_decision_never_fails_for_want_of_a_reason(home: Path) -> None:
    service = opened(home, explain=lambda model: Silent())
    decisions = [service.decide(payment(number)) for number in range(10)]
    assert any(decision.action == "review" for decision in decisions)
    assert all(decision.reasons == () for decision in decisions)
    assert service.stats().model_trouble == "no reasons: ValueError: no words"
    service.close_now()


def test_approvals_are_answered_before_the_reasons_of_others_are_found(home: Path) -> None:
    async def ask() -> None:
        service = opened(home, explain=lambda model: Plain())
        order: list[str] = []

        async def one(number: int) -> None:
            outcome = await service.decided(payment(number))
            action = "approve" if b'"action":"approve"' in outcome.body else "other"
            order.append(action)

        await asyncio.gather(*(one(number) for number in range(60)))
        last = max(place for place, action in enumerate(order) if action == "approve")
        first = order.index("other")
        assert last < first
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_reasons_found_while_a_group_waits_for_the_disk_lie_in_its_own_commit(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    slow, plain = threading.Event(), SqliteFile.commit

    def held(self: SqliteFile) -> None:
        assert slow.wait(10)
        plain(self)

    async def ask() -> None:
        service = opened(home, explain=lambda model: Plain())
        pipeline = service._worker.pipeline
        monkeypatch.setattr(SqliteFile, "commit", held)
        first = asyncio.create_task(service.decided(payment(0)))
        while not pipeline.committing:
            await asyncio.sleep(0)
        others = [asyncio.create_task(service.decided(payment(number))) for number in range(1, 40)]
        while pipeline.queue or len(service._worker.reception.pending) < 40 or pipeline.can_explain:
            await asyncio.sleep(0)
        slow.set()
        outcomes = await asyncio.gather(first, *others)
        unlike = [outcome for outcome in outcomes[1:] if b'"action":"approve"' not in outcome.body]
        assert unlike
        assert all(b'"reasons":[{' in outcome.body for outcome in unlike)
        alone = b'"action":"approve"' not in outcomes[0].body  # the log was free: its reasons come behind
        assert service.stats().groups == 2 + alone
        for outcome in outcomes:
            known = service.find(outcome.event_id or "")
            assert known is not None
            assert known.answer() == outcome.body
        await service.close()

    run(ask())
    assert mismatches(home) == []


def test_reasons_are_kept_for_tables_too(home: Path) -> None:
    import polars as pl

    service = opened(home, explain=lambda model: Plain())
    answer = service.decide_table(pl.DataFrame([payment(number) for number in range(50)]))
    reviewed = answer.filter(pl.col("action") == "review")["payment_id"].to_list()
    assert reviewed
    for key in reviewed:
        assert service.parts.log.find("DecisionReasons", key) is not None
    service.close_now()
    assert mismatches(home) == []


class Usual:
    def reasons(self, row: Any, values: dict[str, Any], verdict: Verdict, history: Any) -> list[Because]:
        return [Because(",".join(str(one["amount"]) for one in history))]


def test_reasons_are_told_what_the_entity_did_before(home: Path) -> None:
    service = opened(home, explain=lambda model: Usual(), about="card")
    earlier: dict[str, list[str]] = {}
    explained = 0
    for number in range(80):
        asked = payment(number)
        decision = service.decide(asked)
        before = earlier.setdefault(str(asked["card"]), [])
        if decision.action != "approve":
            assert decision.reasons[0]["sentence"] == ",".join(before[-8:])
            explained += bool(before)
        before.append(str(decision.features["amount"]))
    assert explained
    service.close_now()
    assert mismatches(home) == []
