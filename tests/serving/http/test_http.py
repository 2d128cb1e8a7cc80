"""The HTTP door: what it answers, and what it says when it can't."""

from __future__ import annotations

import json
import re
import time
from typing import TYPE_CHECKING, Any

import pytest

from sevenfold.serving.http.problem import PROBLEMS
from sevenfold.serving.http.telemetry import ROUTES
from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from .conftest import Answer, Door

NDJSON = {"content-type": "application/x-ndjson"}


def payment(key: str, **other: Any) -> dict[str, Any]:
    return {"payment_id": key, "occurred_at": 1, "card": "c", "merchant": "m", "amount": "1.50"} | other


def is_problem(answer: Answer, name: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json
    assert problem["type"] == f"urn:sevenfold:problem:{name}"
    assert (problem["status"], problem["title"]) == (PROBLEMS[name].status, PROBLEMS[name].title)
    assert answer.status == problem["status"]
    assert problem["request_id"] == answer.headers["x-request-id"]
    assert "Traceback" not in answer.body.decode()
    return problem


def test_a_payment_is_decided_and_its_record_can_be_read(door: Door) -> None:
    answer = door.call("POST", "/v1/decisions", payment("one"))
    assert answer.status == 200
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["event_id"] == "one"
    assert door.call("POST", "/v1/decisions", payment("one")).body == answer.body
    assert door.call("GET", "/v1/decisions/one").json["event_id"] == "one"
    is_problem(door.call("GET", "/v1/decisions/nobody-knows"), "not-found")


def test_a_key_with_slashes_and_spaces_finds_its_record(door: Door) -> None:
    door.call("POST", "/v1/decisions", payment("a/b c%"))
    assert door.call("GET", "/v1/decisions/a/b%20c%25").json["event_id"] == "a/b c%"


def test_another_payment_under_a_known_key_is_a_conflict(door: Door) -> None:
    door.call("POST", "/v1/decisions", payment("two"))
    problem = is_problem(door.call("POST", "/v1/decisions", payment("two", amount="2.00")), "conflict")
    assert problem["errors"][0]["where"] == "Payment.payment_id"


def test_a_wrong_field_is_named_with_what_was_expected(door: Door) -> None:
    wrong = payment("three", amount="much", colour="red")
    del wrong["card"]
    problem = is_problem(door.call("POST", "/v1/decisions", wrong), "invalid")
    errors = {error["where"]: (error["expected"], error["got"]) for error in problem["errors"]}
    assert errors["Payment.card"] == ("a value", "nothing")
    assert errors["Payment.amount"][1] == "str 'much'"
    assert errors["Payment.colour"][1] == "an undeclared name"


def test_each_of_an_array_is_answered_on_its_own(door: Door) -> None:
    answer = door.call(
        "POST", "/v1/decisions", [payment("b1"), {"payment_id": "b2"}, 7, payment("b1", amount=2)]
    )
    assert answer.status == 200
    assert [one.get("event_id") for one in answer.json] == ["b1", None, None, None]
    assert [one.get("status") for one in answer.json] == [None, 422, 422, 409]
    assert answer.json[2]["errors"] == [{"where": "Payment", "expected": "an object", "got": "int"}]


def test_each_line_is_answered_on_its_own(door: Door) -> None:
    lines = [json.dumps(payment("l1")), "", "no json", json.dumps(payment("l2"))]
    answer = door.call("POST", "/v1/decisions", "\r\n".join(lines).encode(), headers=NDJSON)
    assert answer.headers["content-type"] == "application/x-ndjson"
    told = [json.loads(line) for line in answer.body.splitlines()]
    assert [one.get("event_id", one.get("status")) for one in told] == ["l1", 422, "l2"]


def test_a_thousand_payments_and_no_more(door: Door) -> None:
    many = [payment(f"m{number}") for number in range(1001)]
    answer = door.call("POST", "/v1/decisions", many[:1000])
    assert [one["event_id"] for one in answer.json] == [one["payment_id"] for one in many[:1000]]
    is_problem(door.call("POST", "/v1/decisions", many), "too-large")
    is_problem(door.call("POST", "/v1/decisions", []), "malformed")


def test_events_come_in(door: Door) -> None:
    event = {"chargeback_id": "e1", "reported_at": 1, "payment_id": "one", "card": "c", "merchant": "m"}
    answer = door.call("POST", "/v1/events/Chargeback", event)
    assert (answer.status, answer.json) == (202, {"new": 1, "duplicates": 0, "refused": [], "conflicts": []})
    again = [event, event | {"card": "other"}, "x", event | {"chargeback_id": "e2"}]
    body = "\n".join(map(json.dumps, again)).encode() + b"\n{"
    told = door.call("POST", "/v1/events/Chargeback", body, headers=NDJSON).json
    assert (told["new"], told["duplicates"], told["conflicts"]) == (1, 1, [1])
    assert sorted(fault["where"] for fault in told["refused"]) == ["row 2: Chargeback", "row 4"]
    is_problem(door.call("POST", "/v1/events/Chargeback", event | {"card": "other"}), "conflict")
    is_problem(door.call("POST", "/v1/events/Chargeback", {}), "invalid")
    unknown = is_problem(door.call("POST", "/v1/events/Nothing", {}), "not-found")
    assert unknown["errors"][0]["expected"] == "one of Payment, Chargeback"


def test_what_leads_nowhere_says_so(door: Door) -> None:
    is_problem(door.call("GET", "/nowhere"), "not-found")
    wrong = door.call("DELETE", "/healthz")
    assert is_problem(wrong, "method-not-allowed")["detail"] == "Use GET."
    assert wrong.headers["allow"] == "GET"
    assert door.call("GET", "/v1/decisions").headers["allow"] == "POST"
    assert door.call("GET", "/v1/events/Chargeback").headers["allow"] == "POST"


def test_alive_and_ready_or_why_not(door: Door) -> None:
    assert door.call("GET", "/healthz", key=None).json["status"] == "alive"
    assert door.call("GET", "/readyz", key=None).json == {"status": "ready"}


def test_metrics_hold_few_labels_whatever_is_sent(door: Door) -> None:
    door.call("POST", "/v1/decisions", payment("measured"))
    for number in range(30):
        door.call("GET", f"/no/{number}", key=None)
        door.call("POST", f"/v1/events/e{number}", {})
    text = door.call("GET", "/metrics", key=None).body.decode()
    for line in (
        "sevenfold_decisions_total 5.0",
        'sevenfold_actions_total{action="block"} 1.0',
        'sevenfold_stage_seconds_total{stage="model"} 0.5',
        "sevenfold_snapshot_lag_entries 7.0",
        'sevenfold_serving{model="m1",policy="p1"} 1.0',
        'sevenfold_rules_total{rule="burst",what="hits"} 3.0',
        "sevenfold_rules_broken 1.0",
        'sevenfold_stage_duration_seconds_bucket{le="0.0001",stage="model"} 2.0',
        'sevenfold_stage_duration_seconds_bucket{le="+Inf",stage="model"} 5.0',
        'sevenfold_stage_duration_seconds_sum{stage="model"} 0.5',
        'sevenfold_scores_bucket{le="0.005"} 5.0',
        "sevenfold_scores_sum 0.25",
        'sevenfold_feature_nulls_total{feature="country"} 2.0',
    ):
        assert line in text
    routes = set(re.findall(r'sevenfold_http_requests_total\{route="(\w+)"', text))
    assert {"decide", "events", "other"} <= routes <= {*ROUTES, "review"}, "and the rooms plugged in"
    assert 'sevenfold_http_outcomes_total{outcome="new"}' in text


@pytest.mark.parametrize("forwarded", [{"x-forwarded-for": "10.0.0.1"}, {"forwarded": "for=10.0.0.1"}])
def test_metrics_need_a_key_from_elsewhere(door: Door, forwarded: dict[str, str]) -> None:
    is_problem(door.call("GET", "/metrics", key=None, headers=forwarded), "unauthenticated")
    assert door.call("GET", "/metrics", headers=forwarded).status == 200


def test_every_door_needs_a_key_of_the_right_scope(door: Door) -> None:
    file = KeyFile(door.home / "keys.json")
    doors = {
        "decide": ("POST", "/v1/decisions", payment("four")),
        "ingest": ("POST", "/v1/events/Payment", payment("five")),
        "read": ("GET", "/v1/decisions/one", None),
    }
    keys = {scope: file.create(f"only-{scope}", [scope])[0] for scope in doors}  # type: ignore[list-item]
    time.sleep(1.1)  # how soon the service notices
    for scope, (method, path, body) in doors.items():
        denied = door.call(method, path, body, key=None)
        assert is_problem(denied, "unauthenticated")["detail"].startswith("A key is needed.")
        assert denied.headers["www-authenticate"] == 'Bearer realm="sevenfold"'
        for other, key in keys.items():
            answer = door.call(method, path, body, key=key)
            if other == scope:
                assert answer.status in (200, 202)
            else:
                detail = is_problem(answer, "forbidden")["detail"]
                assert detail.endswith(f"is good for {other}; this takes the scope {scope}.")
    wrong = door.call("POST", "/v1/decisions", payment("six"), key=keys["decide"][:-2] + "xx")
    assert is_problem(wrong, "unauthenticated")["detail"] == "This key is not known here."
    assert wrong.headers["www-authenticate"].endswith('error="invalid_token"')
    logged = door.log.read_text()
    assert "unauthenticated" in logged
    assert not any(key in logged for key in [*keys.values(), door.key])


def test_a_revoked_key_is_good_for_nothing_within_seconds(door: Door) -> None:
    file = KeyFile(door.home / "keys.json")
    key, record = file.create("soon-gone", ["decide"])
    time.sleep(1.1)
    assert door.call("POST", "/v1/decisions", payment("rev"), key=key).status == 200
    file.revoke(record.id)
    time.sleep(1.1)
    is_problem(door.call("POST", "/v1/decisions", payment("rev"), key=key), "unauthenticated")


def test_a_key_has_a_rate(door: Door) -> None:
    key, _ = KeyFile(door.home / "keys.json").create("slowly", ["decide"], per_second=2)
    time.sleep(1.1)
    answers = [door.call("POST", "/v1/decisions", payment(f"r{n}"), key=key) for n in range(5)]
    assert [answer.status for answer in answers[:2]] == [200, 200]
    limited = next(answer for answer in answers if answer.status != 200)
    assert "may send 2 payments a second" in is_problem(limited, "too-many-requests")["detail"]
    assert int(limited.headers["retry-after"]) >= 1


def test_a_service_that_cannot_says_when_to_come_back(door: Door) -> None:
    answer = door.call("POST", "/v1/decisions", payment("seven", merchant="busy"))
    is_problem(answer, "unavailable")
    assert answer.headers["retry-after"] == "1"
    both = door.call("POST", "/v1/decisions", [payment("eight", merchant="busy"), payment("nine")])
    assert [one.get("status", 200) for one in both.json] == [503, 200]
    all_of_them = door.call("POST", "/v1/decisions", [payment("eight", merchant="busy")] * 3)
    assert is_problem(all_of_them, "unavailable")


def test_a_failure_is_logged_and_not_told(door: Door) -> None:
    answer = door.call("POST", "/v1/decisions", payment("ten", merchant="boom", card="secret-card"))
    assert "ZeroDivision" not in json.dumps(is_problem(answer, "internal"))
    request = answer.headers["x-request-id"]
    line = next(line for line in door.log.read_text().splitlines() if request in line)
    assert json.loads(line)["event"] == "failed"
    assert "ZeroDivisionError" in line
    assert "http_process.py" in line, "where it happened"
    assert "secret" not in line, "a message may hold what the client sent"


def test_request_ids_are_passed_on_or_made(door: Door) -> None:
    def given(text: str) -> str:
        return door.call("GET", "/healthz", headers={"x-request-id": text}).headers["x-request-id"]

    assert given("abc-123") == "abc-123"
    for odd in ("x" * 65, "a b", "4111111111111111", ""):
        assert given(odd) != odd
    assert given("a b") != given("a b")


def test_the_document_covers_every_route_with_examples_that_work(door: Door) -> None:
    document = door.call("GET", "/openapi.json", key=None).json
    assert document["openapi"].startswith("3.1")
    assert set(document["paths"]) >= {
        *("/v1/decisions", "/v1/decisions/{event_id}", "/v1/events/Payment", "/v1/events/Chargeback"),
        *("/healthz", "/readyz", "/metrics", "/openapi.json"),
    }
    for path in ("/v1/decisions", "/v1/events/Payment", "/v1/events/Chargeback"):
        content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
        assert content["examples"]
        for example in content["examples"].values():
            answer = door.call("POST", path, example["value"])
            assert answer.status in (200, 202), answer.body
            assert b'"errors"' not in answer.body
