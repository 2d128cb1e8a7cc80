"""``sevenfold serve``: a real service on a free port, from its first word to its last."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Refused = Callable[..., str]

PATIENCE_S = 90


class Served:
    """A service in a process."""

    def __init__(self, design: str, home: Path, *words: str) -> None:
        command = [sys.executable, "-m", "sevenfold.cli", "serve", design, "--port", "0", "--home", str(home)]
        self.process = subprocess.Popen(
            [*command, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        assert self.process.stdout is not None
        self.said: list[str] = []
        while not self.said or not self.said[-1].startswith("Serving at "):
            line = self.process.stdout.readline()
            if not line:
                self.process.kill()
                pytest.fail(f"it did not start: {self.said} {self.process.communicate()[1]}")
            self.said.append(line)
        self.url = self.said[-1].split()[2]

    def call(self, method: str, path: str, body: object = None, key: str = "") -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(  # noqa: S310  (the address is our own)
            self.url + path, data, {"content-type": "application/json"}, method=method
        )
        if key:
            request.add_header("authorization", f"Bearer {key}")
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:  # noqa: S310
            return json.loads(answer.read())

    def status(
        self, method: str, path: str, body: object = None, headers: dict[str, str] | None = None
    ) -> int:
        """Return the status of the answer, whatever it is."""
        host, port = self.url.removeprefix("http://").rsplit(":", 1)
        connection = http.client.HTTPConnection(host, int(port), timeout=PATIENCE_S)
        data = None if body is None else json.dumps(body).encode()
        connection.request(method, path, data, {"content-type": "application/json"} | (headers or {}))
        status = connection.getresponse().status
        connection.close()
        return status

    def stop(self, sent: signal.Signals = signal.SIGINT) -> tuple[int, str, str]:
        self.process.send_signal(sent)
        out, err = self.process.communicate(timeout=PATIENCE_S)
        return self.process.returncode, out, err


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home of this module's own, without events and without a model."""
    return tmp_path_factory.mktemp("served")


@pytest.fixture
def served(design: str, home: Path) -> Iterator[Callable[..., Served]]:
    started: list[Served] = []

    def serve(*words: str, design: str = design, home: Path = home) -> Served:
        started.append(Served(design, home, *words))
        return started[-1]

    yield serve
    for one in started:
        with one.process:  # closes the pipes, whatever happens
            one.process.kill()


PAYMENT = {"payment_id": "p1", "occurred_at": 1, "card": "c", "merchant": "m", "amount": "1.50"}


def test_it_decides_without_a_model_says_so_and_finishes(served: Callable[..., Served], home: Path) -> None:
    first = served()
    assert "Deciding each Payment by rules alone, since there is no model; 5 features.\n" in first.said
    assert any("there is no key yet: sevenfold keys create" in line for line in first.said)
    key, _ = KeyFile(home / "keys.json").create("gateway", ["decide", "read"])
    with pytest.raises(urllib.error.HTTPError, match="401"):
        first.call("POST", "/v1/decisions", PAYMENT)
    decided = first.call("POST", "/v1/decisions", PAYMENT, key)
    assert (decided["event_id"], decided["model"], decided["fallback"]) == ("p1", None, True)
    assert first.call("GET", "/v1/decisions/p1", key=key)["features"]["amount"] == 1.5
    code, out, err = first.stop()
    assert code == 0
    assert out.endswith("Stopped; everything that was accepted is decided and durable.\n")
    assert [json.loads(line)["event"] for line in err.splitlines() if "stop" in line] == [
        "stopping",
        "stopped",
    ]
    again = served("--no-auth")
    assert any("nobody is asked for a key" in line for line in again.said)
    assert again.call("POST", "/v1/decisions", PAYMENT) == decided
    assert again.stop(signal.SIGTERM)[0] == 0


CARD_NUMBERS = ("4111111111111111", "5500005555555559", "340000000000009", "6011000000000004")


def written(*folders: Path) -> bytes:
    """Everything in the files of folders."""
    return b"".join(file.read_bytes() for folder in folders for file in folder.rglob("*") if file.is_file())


def shapes(number: str) -> list[str]:
    return [number, f"{number[:4]} {number[4:8]} {number[8:12]} {number[12:]}", f"{number[:6]}-{number[6:]}"]


@pytest.mark.parametrize("tokenise", [False, True])
def test_no_card_number_is_written_anywhere(
    tokenise: bool, served: Callable[..., Served], design: str, tmp_path: Path
) -> None:
    """They come in every field, in paths and headers; every file is searched, and the log."""
    text = (
        Path(design)
        .read_text()
        .replace("design = sf.Design(", f"design = sf.Design(serving=sf.Serving(tokenise={tokenise}), ")
    )
    file = tmp_path / "guarded.py"
    file.write_text(text.replace('name="small"', 'name="guarded"'))
    service = served("--no-auth", design=str(file), home=tmp_path / "home")
    answers = []
    for position, number in enumerate(CARD_NUMBERS):
        for shape in shapes(number):
            key = f"k{position}-{len(shape)}-{shape[6:7] == '-'}".lower()
            changed = {"payment_id": key, "card": shape}
            answers.append(service.status("POST", "/v1/decisions", PAYMENT | changed))
            for odd in (
                {"merchant": shape, "device": shape},
                {"country": shape},
                {"note": shape},
                {shape: 1},
                {"amount": shape},
                {"occurred_at": shape},
            ):
                service.status("POST", "/v1/decisions", PAYMENT | {"payment_id": f"o{key}"} | odd)
            service.status(
                "POST",
                "/v1/events/Chargeback",
                {
                    "chargeback_id": f"c{key}",
                    "card": shape,
                    "merchant": "m",
                    "payment_id": key,
                    "reported_at": 1,
                },
            )
            service.status("POST", "/v1/decisions", shape)
            service.status(
                "POST",
                "/v1/decisions",
                PAYMENT,
                headers={"authorization": f"Bearer {shape}", "x-request-id": number},
            )
            service.status("GET", f"/v1/decisions/{quote(shape)}")
            service.status("POST", f"/v1/events/{quote(shape)}", {})
            service.status("GET", f"/{number}")
    code, out, err = service.stop()
    assert code == 0
    assert set(answers) == ({200} if tokenise else {422})
    everything = written(tmp_path / "home") + out.encode() + err.encode()
    assert b"unauthenticated" in everything or b"invalid" in everything
    for number in CARD_NUMBERS:
        for shape in shapes(number):
            assert shape.encode() not in everything
    assert (b"tok_" in everything) is tokenise


def test_two_services_do_not_share_a_port(
    served: Callable[..., Served], design: str, refused: Refused
) -> None:
    port = served().url.rpartition(":")[2]
    said = refused("serve", design, "--port", port)
    assert "The service cannot listen there." in said
    assert f"127.0.0.1:{port}: Address already in use" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--no-auth", "--host", "::"], "--no-auth: expected a host that only this machine can reach"),
        (["--host", "203.0.113.1"], "--host, --port: expected an address that is free"),
        (["--port", "99999"], "--host, --port: expected an address that is free"),
        (
            ["--tls-key", "nowhere.pem"],
            "--tls-certificate: expected a PEM file, since the other one is given",
        ),
        (["--max-body", "1"], "limits.body_bytes: expected at least 1024, got 1"),
        (["--grace", "long"], "--grace: expected a positive duration"),
    ],
)
def test_what_cannot_be_served_is_said_at_once(
    words: list[str], said: str, refused: Refused, design: str
) -> None:
    assert said in refused("serve", design, *words)
