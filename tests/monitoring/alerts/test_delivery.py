"""Who is told: at least once, in groups, signed, however long they were away."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import pytest
from watched import Counting, Listening, Watched, decide

from sevenfold.errors import StateError, UsageError
from sevenfold.monitoring.alerts.book import Told
from sevenfold.monitoring.alerts.change import AlertChange
from sevenfold.monitoring.alerts.declaration import Webhook
from sevenfold.monitoring.alerts.delivery import Delivery, Group
from sevenfold.monitoring.alerts.targets import WebhookTarget, targets_of
from sevenfold.monitoring.alerts.webhook import key_of, post, verified
from sevenfold.monitoring.store import MonitorStore
from sevenfold.serving.http.journal import Journal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

KEY = b"0123456789abcdef0123456789abcdef"


def told(offset: int, alert: str = "drift:a", severity: Any = "warning", *, silenced: bool = False) -> Told:
    return Told(offset, AlertChange("fired", 1_000, alert, severity, "it drifted"), silenced)


def delivery(store: MonitorStore, target: Any, wait_ms: int = 10_000) -> Delivery:
    return Delivery(target, store, "fraud", "kind", wait_ms, lambda trouble: pytest.fail(trouble))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[MonitorStore]:
    it = MonitorStore(tmp_path / "monitor.sqlite")
    yield it
    it.close()


def offsets(target: Listening) -> list[list[int]]:
    return [[one.offset for one in group.changes] for group in target.groups]


def test_one_cause_is_told_once(store: MonitorStore) -> None:
    target = Listening()
    it = delivery(store, target)
    it.add([told(3), told(5, "skew:a")], 0)
    it.add([told(7, "drift:b", "critical")], 4_000)
    assert it.pump(9_999, end=8) == 0, "it may be part of something larger"
    assert it.pump(10_000, end=8) == 3
    assert offsets(target) == [[3, 7], [5]]
    assert [(group.by, group.value, group.severity) for group in target.groups] == [
        ("kind", "drift", "critical"),
        ("kind", "skew", "warning"),
    ]
    assert store.targets()["ops"].cursor == 8


def test_what_is_silenced_or_too_mild_is_not_told_and_not_kept(store: MonitorStore) -> None:
    target = Listening(least="critical")
    it = delivery(store, target)
    it.add([told(3), told(4, severity="critical", silenced=True)], 0)
    assert it.pending == 0
    assert it.pump(99_999, end=5) == 0
    assert store.targets()["ops"].cursor == 5


def test_a_target_down_for_an_hour_misses_nothing_and_is_not_pestered(store: MonitorStore) -> None:
    target = Listening(down=True)
    it = delivery(store, target, wait_ms=0)
    for second in range(3_600):
        if second % 60 == 0:
            it.add([told(second // 60, f"drift:f{second // 60}")], second * 1_000)
        it.pump(second * 1_000, end=second // 60 + 1)
    assert target.tries < 25, "each pause is twice the one before, up to five minutes"
    assert it.state.trouble == "HTTP 503"
    assert it.pending == 60
    assert store.targets()["ops"].cursor == 0
    target.down = False
    at = 3_600_000
    while it.pending:
        it.pump(at, end=60)
        at += 1_000
    assert at <= 3_600_000 + 302_000
    assert sorted(one for group in offsets(target) for one in group) == list(range(60)), "each once"
    assert (it.state.trouble, it.state.cursor) == ("", 60)


def test_what_was_told_is_known_after_a_restart_and_the_rest_is_told(store: MonitorStore) -> None:
    first = Listening()
    it = delivery(store, first)
    it.add([told(3)], 0)
    it.add([told(5, "skew:a")], 9_000)
    assert it.pump(10_000, end=6) == 1
    assert store.targets()["ops"][1:3] == (5, "")
    second = Listening()
    again = delivery(store, second)
    again.add([told(3), told(5, "skew:a"), told(9)], 20_000)
    again.pump(30_000, end=10)
    assert offsets(second) == [[5], [9]]
    assert store.targets()["ops"].cursor == 10


def test_what_was_told_out_of_order_is_not_told_again(store: MonitorStore) -> None:
    target = Listening()
    it = delivery(store, target)
    it.add([told(5, "skew:a")], 0)
    it.add([told(3)], 9_000)
    assert it.pump(10_000, end=6) == 1
    assert store.targets()["ops"][1:3] == (3, "5")
    again = delivery(store, target)
    again.add([told(3), told(5, "skew:a")], 20_000)
    again.pump(30_000, end=6)
    assert offsets(target) == [[5], [3]]


def test_a_delivery_that_failed_is_tried_again_as_it_was(store: MonitorStore) -> None:
    ids: list[str] = []

    class Losing(Listening):
        def tell(self, group: Group, now_ms: int) -> str:
            ids.append(group.id)
            return "" if len(ids) > 2 else "TimeoutError"

    it = delivery(store, Losing(), wait_ms=0)
    it.add([told(3)], 0)
    it.pump(0, end=4)
    it.add([told(4, "drift:b")], 500)
    it.pump(1_000, end=5)
    it.pump(3_000, end=5)
    assert ids[0] == ids[1] == ids[2], "whoever took it and could not say so knows it again"
    assert len(ids) == 4
    assert ids[3] != ids[0]


def test_a_store_that_cannot_be_written_costs_no_delivery(store: MonitorStore) -> None:
    said: list[str] = []
    target = Listening()
    it = Delivery(target, store, "fraud", "kind", 0, said.append)
    store.close()
    it.add([told(3)], 0)
    assert it.pump(0, end=4) == 1
    assert offsets(target) == [[3]]
    assert "The monitor's store cannot be written" in said[0]
    with pytest.raises(StateError):
        store.targets()


class Receiver(BaseHTTPRequestHandler):
    """Takes deliveries; the path says what it answers."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        received: list[Any] = self.server.received  # type: ignore[attr-defined]
        received.append(({k.lower(): v for k, v in self.headers.items()}, body))
        self.send_response(int(self.path.strip("/")))
        if self.path == "/302":
            self.send_header("location", "/200")
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[HTTPServer]:
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    server.received = []  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def _hook(receiver: HTTPServer, status: int) -> WebhookTarget:
    url = f"http://127.0.0.1:{receiver.server_port}/{status}"
    return WebhookTarget(Webhook(name="ops", url=url, key_variable="KEY"), KEY)


def test_a_webhook_gets_signed_json(store: MonitorStore, receiver: HTTPServer) -> None:
    it = delivery(store, _hook(receiver, 200), wait_ms=0)
    it.add([told(3, severity="critical")], 0)
    now_ms = 1_700_000_000_000
    assert it.pump(now_ms, end=4) == 1
    ((headers, body),) = receiver.received  # type: ignore[attr-defined]
    assert headers["content-type"] == "application/json"
    assert verified(KEY, headers, body, 1_700_000_010)
    assert not verified(KEY, headers, body + b" ", 1_700_000_010)
    assert not verified(b"another key of 32 bytes, or so ..", headers, body, 1_700_000_010)
    assert not verified(KEY, headers, body, 1_700_000_400), "too old: it may have been caught on the way"
    assert not verified(KEY, {**headers, "webhook-id": "x"}, body, 1_700_000_010)
    sent = json.loads(body)
    assert sent["id"] == headers["webhook-id"]
    assert sent["group"] == {"by": "kind", "value": "drift"}
    assert (sent["design"], sent["severity"]) == ("fraud", "critical")
    assert sent["changes"] == [
        {
            "offset": 3,
            "kind": "drift",
            "what": "fired",
            "at_ms": 1_000,
            "alert": "drift:a",
            "severity": "critical",
            "summary": "it drifted",
        }
    ]


@pytest.mark.parametrize("status", [500, 404, 302])
def test_a_webhook_that_does_not_take_it_is_tried_again(
    store: MonitorStore, receiver: HTTPServer, status: int
) -> None:
    it = delivery(store, _hook(receiver, status), wait_ms=0)
    it.add([told(3)], 0)
    assert it.pump(0, end=4) == 0
    assert it.state.trouble == f"HTTP {status}"
    assert it.pending == 1
    assert len(receiver.received) == 1, "a redirect is not followed"  # type: ignore[attr-defined]


def test_nobody_there_is_no_delivery(receiver: HTTPServer) -> None:
    closed = HTTPServer(("127.0.0.1", 0), Receiver)
    port = closed.server_port
    closed.server_close()
    assert post(f"http://127.0.0.1:{port}/", {}, b"{}").startswith("URLError: ")


def test_a_webhook_without_a_key_is_refused_by_name() -> None:
    hook = Webhook(name="ops", url="https://example.org/", key_variable="ALERTS_KEY")
    with pytest.raises(UsageError) as caught:
        targets_of((hook,), Journal(pretty=False), {})
    expected = "ALERTS_KEY: expected a key of 16 bytes or more in the environment, got nothing."
    assert expected in str(caught.value)
    with pytest.raises(UsageError, match="got 5 bytes") as caught:
        key_of("ALERTS_KEY", {"ALERTS_KEY": "short"})
    assert "short" not in str(caught.value)
    assert key_of("K", {"K": "whsec_MDEyMzQ1Njc4OWFiY2RlZg=="}) == b"0123456789abcdef"
    with pytest.raises(UsageError, match="got 0 bytes"):
        key_of("K", {"K": "whsec_!"})


def test_a_monitor_tells_what_it_found_and_goes_on_where_its_target_is_down(tmp_path: Path) -> None:
    decide(tmp_path, 0, 80)
    with Watched(tmp_path, [Counting()], size=20) as it:
        it.target.down = True
        it.monitor.step()
        it.now_ms += 20_000
        assert it.postman.pump() == 0
        assert it.target.tries == 1
    with Watched(
        tmp_path, [Counting()], size=20, now_ms=5_000_000
    ) as it:  # an hour later, in another process
        it.monitor.step()
        it.now_ms += 10_000
        assert it.postman.pump() == 2
        assert it.target.told == ["fired share:counting", "cleared share:counting"]
    with Watched(tmp_path, [Counting()], now_ms=6_000_000) as it:
        it.monitor.step()
        it.now_ms += 10_000
        assert it.postman.pump() == 0, "all of it was told"
        it.postman.start()
        it.monitor.close()
        it.now_ms += 10_000
