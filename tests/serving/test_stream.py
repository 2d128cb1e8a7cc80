"""The stream door: every event decided once, in order, whatever interrupts it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pytest
from served import DESIGN, opened, payment

from sevenfold.errors import StateError
from sevenfold.serving.door import doormen_of
from sevenfold.serving.stream import LinesSink, LinesSource, Streamed, decide_stream

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from sevenfold.serving.service import DecisionService

EVENT = DESIGN.events["Payment"]
DOORMAN = doormen_of(DESIGN.events)["Payment"]


@pytest.fixture
def service(tmp_path: Path) -> Iterator[DecisionService]:
    it = opened(tmp_path / "home")
    yield it
    it.close_now()


def lines_of(rows: Sequence[Any]) -> bytes:
    return b"".join(row if isinstance(row, bytes) else json.dumps(row).encode() + b"\n" for row in rows)


def streamed(service: DecisionService, source: LinesSource, out: io.BytesIO) -> tuple[Streamed, list[Any]]:
    begin = out.tell()
    done = decide_stream(EVENT, DOORMAN, service, source, LinesSink(out, durable=False))
    return done, [json.loads(line) for line in out.getvalue()[begin:].splitlines()]


def test_each_line_is_answered_in_order(service: DecisionService) -> None:
    rows = [payment(number) for number in range(25)]
    odd = [b"no json\n", b"\n", payment(3) | {"amount": "1.00"}, {"payment_id": "x"}, b"[1]\n", rows[3]]
    source = LinesSource(io.BytesIO(lines_of([*rows, *odd])), None, rows=10)
    done, answers = streamed(service, source, io.BytesIO())
    assert [answer.get("event_id") for answer in answers[:25]] == [row["payment_id"] for row in rows]
    assert {answer["status"] for answer in answers[:25]} == {"new"}
    assert [answer["status"] for answer in answers[25:]] == [422, 409, 422, 422, "repeated"]
    assert (done.decided, done.refused, done.conflicts) == (26, 3, 1)
    assert sum(done.actions.values()) == 26
    record = service.record("p7")
    assert record is not None
    assert record["action"] == answers[7]["action"]


def test_it_decides_as_one_event_at_a_time_would(service: DecisionService, tmp_path: Path) -> None:
    rows = [payment(number) for number in range(60)]
    _, answers = streamed(service, LinesSource(io.BytesIO(lines_of(rows)), None, rows=7), io.BytesIO())
    one_by_one = opened(tmp_path / "other")
    for row, answer in zip(rows, answers, strict=True):
        decision = one_by_one.decide(row)
        assert (decision.action, decision.score) == (answer["action"], answer["score"])
        record = service.record(row["payment_id"])
        assert record is not None
        assert record["features"] == decision.features
    one_by_one.close_now()


@pytest.mark.parametrize("breaks", ["write", "commit"])
def test_interrupted_it_goes_on_and_decides_nothing_twice(
    breaks: str, service: DecisionService, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = [payment(number) for number in range(30)]
    file, position = tmp_path / "in.ndjson", tmp_path / "out.position"
    file.write_bytes(lines_of(rows))
    out = io.BytesIO()
    with file.open("rb") as stream, monkeypatch.context() as patched:
        calls = 0
        target = LinesSink if breaks == "write" else LinesSource
        real = getattr(target, breaks)

        def failing(self: Any, argument: Any) -> None:
            nonlocal calls
            calls += 1
            if calls == 2:
                raise KeyboardInterrupt
            real(self, argument)

        patched.setattr(target, breaks, failing)
        with pytest.raises(KeyboardInterrupt):
            streamed(service, LinesSource(stream, position, rows=10), out)
    with file.open("rb") as stream:
        done, answers = streamed(service, LinesSource(stream, position, rows=10), out)
    assert done.decided == 20
    assert [answer["status"] for answer in answers] == ["repeated"] * 10 + ["new"] * 10
    assert service.stats().decided == 30
    with file.open("rb") as stream:
        assert streamed(service, LinesSource(stream, position), out)[0].decided == 0
    first: dict[str, Any] = {}
    for line in map(json.loads, out.getvalue().splitlines()):
        assert first.setdefault(line["event_id"], line)["decision_id"] == line["decision_id"]
    assert len(first) == 30


def test_card_numbers_stay_outside(service: DecisionService) -> None:
    row = payment(1) | {"card": "4111 1111 1111 1111"}
    done, answers = streamed(service, LinesSource(io.BytesIO(lines_of([row])), None), io.BytesIO())
    assert done.refused == 1
    assert answers[0]["errors"][0]["got"] == "a raw card number"


def test_a_position_that_is_none_is_said(tmp_path: Path) -> None:
    (tmp_path / "position").write_text("somewhere")
    with pytest.raises(StateError, match="expected a position in bytes, got other text"):
        LinesSource(io.BytesIO(), tmp_path / "position")
