"""The review queue over HTTP: its keys, its answers, and what it says of conflicts."""

from __future__ import annotations

import asyncio
import json
from typing import TYPE_CHECKING, Any

import pytest
from reviewed import Bench

from sevenfold.design.doors import plugged_routes
from sevenfold.serving.authentication import SCOPES, Identity
from sevenfold.serving.http.limits import Limits, RateLimits
from sevenfold.serving.http.plugged import Plugs
from sevenfold.serving.http.problem import ProblemError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Scope:
    def __init__(self, path: str, query: str) -> None:
        self.path, self.query_string = path, query
        self.headers = {"content-type": "application/json"}


class Request:
    def __init__(self, path: str, query: str, body: Any, who: str) -> None:
        self.scope = Scope(path, query)
        self.body = json.dumps(body).encode()
        self.caller = Identity(f"id-{who}", who)
        self.id = "r1"


class Door:
    """The routes as the application calls them."""

    def __init__(self, bench: Bench) -> None:
        routes = plugged_routes(bench.design, bench.service, bench.root)
        self.routes = [route for route in routes if route.room == "review"]
        self.plugs = Plugs(self.routes, RateLimits(Limits()))

    def __call__(self, method: str, path: str, body: Any = None, who: str = "ann") -> Any:
        path, _, query = path.partition("?")
        route = self.plugs.find(method, path)
        assert route is not None, path
        reply = asyncio.run(self.plugs.answer(route, Request(path, query, body, who)))  # type: ignore[arg-type]
        return json.loads(reply.body)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    made = Bench(tmp_path)
    yield made
    made.close()


@pytest.fixture
def door(bench: Bench) -> Door:
    return Door(bench)


def test_every_route_needs_the_scope_of_reviews(door: Door) -> None:
    assert {route.scope for route in door.routes} == {"review"}
    assert "review" in SCOPES
    assert len(door.routes) == 11


def test_a_case_goes_through_its_life(bench: Bench, door: Door) -> None:
    bench.pay(1)
    bench.pay(2, amount=600.0)
    (first, second) = (one["case"] for one in door("GET", "/v1/cases")["cases"])
    taken = door("POST", "/v1/cases/next")["next"]
    assert (taken["listed"]["case"], taken["listed"]["locked_by"]) == (first, "ann")
    door("POST", f"/v1/cases/{first}/note", {"text": "Asked the bank.", "tags": ["mule"]})
    door("POST", f"/v1/cases/{first}/verdict", {"positive": True, "reason": "stolen", "version": 2})
    shown = door("GET", f"/v1/cases/{first}")
    assert [(step["what"], step["by"]) for step in shown["trail"]] == [
        ("take", "ann"),
        ("note", "ann"),
        ("verdict", "ann"),
    ]
    door("POST", f"/v1/cases/{first}/undo", who="ben")
    door("POST", f"/v1/cases/{second}/assign", {"to": "cem"})
    assert [one["case"] for one in door("GET", "/v1/cases?assignee=cem")["cases"]] == [second]
    door("POST", f"/v1/cases/{second}/release", who="cem")
    door("POST", f"/v1/cases/{second}/take", who="cem")
    door("POST", f"/v1/cases/{second}/release", who="cem")
    bulk = {"cases": [first, second], "positive": False, "reason": "usual"}
    assert len(door("POST", "/v1/cases/bulk", bulk)["changes"]) == 2
    assert door("GET", "/v1/cases")["cases"] == []
    assert len(door("GET", "/v1/cases?status=closed")["cases"]) == 2
    assert door("POST", "/v1/cases/next") == {"next": None}
    assert door("GET", "/v1/cases/agreement")["cases"] == 0
    assert bench.labels() == {"p1": 0, "p2": 0}


def test_conflicts_and_mistakes_are_told_apart(bench: Bench, door: Door) -> None:
    bench.pay(1)
    (case,) = (one["case"] for one in door("GET", "/v1/cases")["cases"])
    door("POST", f"/v1/cases/{case}/take")
    with pytest.raises(ProblemError, match="Somebody else works on the case") as caught:
        door("POST", f"/v1/cases/{case}/verdict", {"positive": None}, who="ben")
    assert caught.value.name == "changed"
    with pytest.raises(ProblemError, match="There is no such case") as caught:
        door("GET", "/v1/cases/c999")
    assert caught.value.name == "not-found"
    with pytest.raises(ProblemError) as caught:
        door("POST", f"/v1/cases/{case}/verdict", {"positive": True, "reason": "who knows"})
    assert caught.value.name == "invalid"
    assert "expected one of stolen" in str(caught.value.faults[0])
    with pytest.raises(ProblemError) as caught:
        door("POST", f"/v1/cases/{case}/verdict", {"reason": "stolen"})
    assert "body.positive: expected a value, got nothing" in str(caught.value.faults[0])
    with pytest.raises(ProblemError, match="The status is one of open, second, closed, all"):
        door("GET", "/v1/cases?status=lost")
