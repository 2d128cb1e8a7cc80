"""``sevenfold serve``: a real service on a free port, from its first word to its last."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

import pytest

from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

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

    def serve(*words: str) -> Served:
        started.append(Served(design, home, *words))
        return started[-1]

    yield serve
    for one in started:
        if one.process.poll() is None:
            one.process.kill()
            one.process.communicate()


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
