"""Routes of other rooms: let in, limited, refused and described like the service's own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from .conftest import Answer, Door

NOTES = "/v1/cases/c1/notes"


def _problem(answer: Answer, name: str) -> dict[str, Any]:
    assert answer.headers["content-type"] == "application/problem+json", answer.body
    assert answer.json["type"] == f"urn:sevenfold:problem:{name}"
    return answer.json


def test_a_handler_sees_path_body_query_and_caller(door: Door) -> None:
    answer = door.call("POST", NOTES, {"text": "called"})
    assert answer.status == 201
    assert answer.json["case"] == "c1"
    assert answer.json["text"] == "called"
    assert answer.json["by"].startswith("all-")
    assert "x-request-id" in answer.headers
    assert door.call("GET", "/v1/cases?limit=2").json == ["case-0", "case-1"]
    assert door.call("GET", "/v1/cases").json == ["case-0", "case-1", "case-2"]
    assert door.call("POST", "/v1/cases/a%20b/notes", {"text": "x"}).json["case"] == "a b"


def test_a_key_needs_the_scope_of_the_route_and_method(door: Door) -> None:
    keys = KeyFile(door.home / "keys.json")
    reviewer, _ = keys.create("reviewer", ["review"])
    reader, _ = keys.create("reader", ["read"])
    assert door.call("POST", NOTES, {"text": "x"}, key=reviewer).json["by"] == "reviewer"
    told = _problem(door.call("GET", "/v1/cases", key=reviewer), "forbidden")
    assert told["detail"].endswith("is good for review; this takes the scope read.")
    assert door.call("GET", "/v1/cases", key=reader).status == 200
    _problem(door.call("DELETE", "/v1/cases", key=reader), "forbidden")
    _problem(door.call("POST", NOTES, {"text": "x"}, key=None), "unauthenticated")


def test_a_rate_holds_here_too(door: Door) -> None:
    slow, _ = KeyFile(door.home / "keys.json").create("slow", ["read"], per_second=0.01)
    assert door.call("GET", "/v1/cases", key=slow).status == 200
    told = door.call("GET", "/v1/cases", key=slow)
    assert _problem(told, "too-many-requests")["detail"].endswith("may send 0.01 requests a second.")
    assert int(told.headers["retry-after"]) >= 1


def test_a_body_that_does_not_fit_is_refused_by_name_and_not_repeated(door: Door) -> None:
    def errors(body: object) -> list[dict[str, str]]:
        found: list[dict[str, str]] = _problem(door.call("POST", NOTES, body), "invalid")["errors"]
        return found

    assert errors({}) == [{"where": "body.text", "expected": "a value", "got": "nothing"}]
    assert errors({"text": 7}) == [{"where": "body.text", "expected": "`str`", "got": "`int`"}]
    unknown = errors({"text": "x", "4111111111111111": 1})
    assert unknown == [{"where": "body", "expected": "what the schema declares", "got": "an undeclared name"}]
    _problem(door.call("POST", NOTES, b"{"), "malformed")
    _problem(door.call("POST", NOTES, b"\xff"), "malformed")
    assert door.call("POST", NOTES, b"[" * 100_000).status == 422
    _problem(door.call("POST", NOTES, {"text": "x" * 300_000}), "too-large")
    text = {"content-type": "text/plain"}
    _problem(door.call("POST", NOTES, b"{}", headers=text), "unsupported-media-type")
    query = _problem(door.call("GET", "/v1/cases?limit=many"), "invalid")
    assert query["errors"] == [{"where": "query.limit", "expected": "`int`", "got": "`str`"}]


def test_what_a_handler_raises_is_answered_in_the_doors_way(door: Door) -> None:
    def told(case: str) -> Answer:
        return door.call("POST", f"/v1/cases/{case}/notes", {"text": "x"})

    assert _problem(told("gone"), "not-found")["detail"] == "There is no such case."
    assert _problem(told("taken"), "changed")["status"] == 409
    odd = _problem(told("odd"), "invalid")
    assert odd["errors"] == [{"where": "case", "expected": "an even one", "got": "an odd one"}]
    assert _problem(told("stuck"), "unavailable")["detail"] == "The log cannot be written"


def test_another_method_is_refused_and_another_path_leads_nowhere(door: Door) -> None:
    wrong = door.call("PUT", "/v1/cases", {})
    assert _problem(wrong, "method-not-allowed")["detail"] == "Use DELETE, GET."
    assert wrong.headers["allow"] == "DELETE, GET"
    _problem(door.call("GET", "/v1/cases/c1/other"), "not-found")
    _problem(door.call("POST", "/v1/cases//notes", {}), "not-found")


def test_the_document_describes_them_with_their_types(door: Door) -> None:
    document = door.call("GET", "/openapi.json").json
    post = document["paths"]["/v1/cases/{case}/notes"]["post"]
    assert post["summary"] == "Note something about a case. Takes the scope review."
    assert post["parameters"][0]["name"] == "case"
    content = post["requestBody"]["content"]["application/json"]
    assert content["schema"] == {"$ref": "#/components/schemas/review.Note"}
    assert content["example"] == {"text": "called the customer"}
    assert post["responses"]["201"]["content"]["application/json"]["schema"]["$ref"].endswith("review.Noted")
    assert {"401", "403", "404", "409", "422", "429", "503"} <= post["responses"].keys()
    assert document["components"]["schemas"]["review.Note"]["required"] == ["text"]
    listed = document["paths"]["/v1/cases"]
    assert listed["get"]["parameters"][0] == {
        "name": "limit",
        "in": "query",
        "required": False,
        "schema": {"type": "integer", "default": 10},
    }
    assert "delete" in listed


def test_they_are_counted_under_their_rooms_name(door: Door) -> None:
    door.call("GET", "/v1/cases")
    lines = door.call("GET", "/metrics").body.decode().splitlines()
    assert any(
        line.startswith('sevenfold_http_requests_total{route="review",status="200"}') for line in lines
    )
