"""What clients do wrong on purpose or by accident: the door stays up, and answers the others."""

from __future__ import annotations

import json
import socket
import threading
import time
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from .conftest import Door

PAYMENT = {"payment_id": "f", "occurred_at": 1, "card": "c", "merchant": "m", "amount": "1.50"}
PATIENCE_S = 30


def connected(door: Door) -> socket.socket:
    return socket.create_connection(door.address, timeout=PATIENCE_S)


def head(door: Door, length: int | str, *more: str) -> bytes:
    lines = [
        "POST /v1/decisions HTTP/1.1",
        "host: x",
        f"authorization: Bearer {door.key}",
        "content-type: application/json",
        f"content-length: {length}",
        *more,
    ]
    return "\r\n".join(lines).encode() + b"\r\n\r\n"


def received(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def still_decides(door: Door) -> bool:
    return door.call("POST", "/v1/decisions", PAYMENT).status == 200


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"{", 400),
        (b"\xff\xfe\xfd", 400),
        (b'{"payment_id": "\xc3\x28"}', 400),
        (b'{"payment_id": "\\ud800"}', 400),
        (b'{"amount": NaN}', 400),
        (b'{"amount": Infinity}', 400),
        (b'{"amount": 1e999999}', 400),
        (b"[" * 90_000, 400),
        (b"[" * 90_000 + b"]" * 90_000, 400),
        (b'{"a":' * 30_000 + b"1" + b"}" * 30_000, 400),
        (b"null", 422),
        (b"17", 422),
        (b'"text"', 422),
        (b"9" * 100_000, 400),
        (b"{}", 422),
        (b'{"payment_id": "\\u0000"}', 422),
        (b"\x00", 400),
        (b"\xef\xbb\xbf{}", 400),
    ],
)
def test_bodies_that_are_no_payment(body: bytes, status: int, door: Door) -> None:
    answer = door.call("POST", "/v1/decisions", body)
    assert (answer.status, answer.json["status"]) == (status, status)
    assert len(answer.body) < 5_000
    for path in ("/v1/events/Payment", "/v1/events/Chargeback"):
        assert 400 <= door.call("POST", path, body).status < 500


@pytest.mark.parametrize(
    "headers",
    [
        {"content-type": "text/plain"},
        {"content-type": "application/x-www-form-urlencoded"},
        {"content-type": ""},
        {"content-type": "application/json; charset=utf-8", "content-encoding": "gzip"},
        {"content-type": "multipart/form-data; boundary=x"},
    ],
)
def test_bodies_of_other_types(headers: dict[str, str], door: Door) -> None:
    answer = door.call("POST", "/v1/decisions", json.dumps(PAYMENT).encode(), headers=headers)
    assert answer.status == answer.json["status"] == 415


def test_a_type_with_parameters_is_taken(door: Door) -> None:
    headers = {"content-type": "Application/JSON; charset=utf-8"}
    assert door.call("POST", "/v1/decisions", PAYMENT, headers=headers).status == 200


def test_a_body_of_100_mb_is_refused_before_it_is_read(door: Door) -> None:
    with connected(door) as connection:
        connection.sendall(head(door, 100 * 2**20) + b" " * 100_000)
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 413 ")
    assert b"A body may have 200,000 bytes." in answer


def test_a_body_that_hides_its_size_is_cut_off(door: Door) -> None:
    lines = head(door, 0).replace(b"content-length: 0", b"transfer-encoding: chunked")
    chunk = b"8000\r\n" + b" " * 0x8000 + b"\r\n"
    with connected(door) as connection:
        connection.sendall(lines)
        try:
            for _ in range(3200):  # 100 MB
                connection.sendall(chunk)
        except (BrokenPipeError, ConnectionResetError):
            return
        assert received(connection).startswith(b"HTTP/1.1 413 ")
    assert still_decides(door)


def test_a_chunked_body_within_the_limit_is_read(door: Door) -> None:
    body = json.dumps(PAYMENT | {"payment_id": "chunked"}).encode()
    lines = head(door, 0, "connection: close").replace(b"content-length: 0", b"transfer-encoding: chunked")
    with connected(door) as connection:
        connection.sendall(lines + b"%x\r\n%b\r\n0\r\n\r\n" % (len(body), body))
        assert received(connection).startswith(b"HTTP/1.1 200 ")


def test_a_body_that_never_ends_is_not_waited_for(door: Door) -> None:
    with connected(door) as connection:
        connection.sendall(head(door, 1000) + b'{"payment_id"')
        answer = received(connection)
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b"The body has to be here within 1 s." in answer


def test_headers_that_never_end_are_not_waited_for(door: Door) -> None:
    with connected(door) as connection:
        connection.sendall(b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\nauthoriz")
        assert received(connection) == b""


def test_clients_that_trickle_keep_nobody_else_waiting(door: Door) -> None:
    slow = [connected(door) for _ in range(30)]
    body = head(door, 400)
    try:
        for step in range(5):
            for connection in slow:
                connection.sendall(body[step * 20 : step * 20 + 20])
            assert still_decides(door)
    finally:
        for connection in slow:
            connection.close()


def test_clients_that_vanish(door: Door) -> None:
    body = json.dumps(PAYMENT).encode()
    for sent in (b"", head(door, 100)[:40], head(door, len(body)), head(door, len(body)) + body[:20]):
        connected(door).close()
        with connected(door) as connection:
            connection.sendall(sent)
    slow = json.dumps(PAYMENT | {"payment_id": "gone", "merchant": "slow"}).encode()
    with connected(door) as connection:
        connection.sendall(head(door, len(slow)) + slow)
        time.sleep(0.2)
    assert still_decides(door)
    time.sleep(1.2)
    assert door.call("GET", "/v1/decisions/gone").status == 200, "what was accepted is decided"


@pytest.mark.parametrize(
    "sent",
    [
        b"garbage\r\n\r\n",
        b"GET / HTTP/9.9\r\n\r\n",
        b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
        b"POST /v1/decisions HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nx: " + b"a" * 200_000 + b"\r\n\r\n",
        b"GET /healthz HTTP/1.1\r\nhost: x\r\nbad header\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 500,
    ],
)
def test_what_is_no_http(sent: bytes, door: Door) -> None:
    with connected(door) as connection:
        connection.sendall(sent)
        try:
            answer = received(connection)
        except ConnectionResetError:
            answer = b""
    assert answer == b"" or answer.split(b" ")[1].startswith(b"4")
    assert still_decides(door)


def test_odd_headers_and_paths(door: Door) -> None:
    for path in (
        "/v1/decisions/%ff%fe",
        "/v1/decisions/..%2f..%2fetc",
        "/%00",
        "/v1/events/%0d%0ax:y",
        "//",
    ):
        assert door.call("GET", path).status in (404, 405)
    with connected(door) as connection:
        connection.sendall(b"GET /readyz HTTP/1.1\r\nhost: x\r\nx-odd: \xff\xfe\r\nconnection: close\r\n\r\n")
        assert received(connection).split(b" ")[1] == b"200"


def test_more_requests_at_once_than_there_is_room_for_are_told_so(door: Door) -> None:
    """Fifty may be under way; a hundred and twenty come, each taking a second."""
    statuses: list[int] = []

    def ask(number: int) -> None:
        slow = PAYMENT | {"payment_id": f"crowd{number}", "merchant": "slow"}
        answer = door.call("POST", "/v1/decisions", slow)
        statuses.append(answer.status)
        assert answer.status == 200 or int(answer.headers["retry-after"]) >= 1

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(120)]
    for thread in threads:
        thread.start()
    alive: Any = door.call("GET", "/healthz").status
    for thread in threads:
        thread.join()
    assert alive == 200
    assert set(statuses) == {200, 503}
    assert statuses.count(200) >= 50
    assert still_decides(door)
