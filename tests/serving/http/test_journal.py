"""The service's log: for machines, without card numbers, and never flooded."""

from __future__ import annotations

import io
import json
import logging

from sevenfold.serving.http.journal import Journal, JournalHandler


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def written(stream: io.StringIO) -> list[dict[str, object]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_is_one_json_object() -> None:
    stream = io.StringIO()
    Journal(stream).warning("invalid", route="decide", fields=["Payment.amount"])
    (line,) = written(stream)
    assert line.pop("timestamp")
    assert line == {
        "event": "invalid",
        "level": "warning",
        "route": "decide",
        "fields": ["Payment.amount"],
    }


def test_card_numbers_are_hidden_wherever_they_come_from() -> None:
    stream = io.StringIO()
    journal = Journal(stream)
    for raised in (ValueError("card 4111 1111 1111 1111"), OSError("no space for 4111 1111 1111 1111")):
        try:
            raise raised
        except (ValueError, OSError) as error:
            journal.error("failed", error=error, path="/4111111111111111")
    assert "4111" not in stream.getvalue()
    told, machine = written(stream)
    assert told["error"] == "ValueError", "what it says may hold what a client sent"
    assert machine["error"] == "OSError: no space for [16 digits hidden]"
    assert "test_journal.py" in str(told["at"])


def test_a_flood_is_counted_and_not_written() -> None:
    stream, clock = io.StringIO(), Clock()
    journal = Journal(stream, clock=clock)
    for _ in range(1000):
        journal.warning("malformed")
    assert len(written(stream)) == 20
    journal.info("stopping")
    assert len(written(stream)) == 21
    clock.now = 1.0
    journal.warning("malformed")
    assert written(stream)[-1]["lines_left_out"] == 980


def test_what_libraries_log_goes_the_same_way() -> None:
    stream = io.StringIO()
    handler = JournalHandler(Journal(stream))
    handler.handle(logging.LogRecord("_granian", logging.INFO, "", 0, "hello", (), None))
    handler.handle(logging.LogRecord("_granian", logging.ERROR, "", 0, "broke: %s", ("x",), None))
    lines = [line for line in written(stream) if line["level"] == "error"]
    assert [(line["event"], line["said"]) for line in lines] == [("server", "broke: x")]
