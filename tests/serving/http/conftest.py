"""A door that is really open: Granian in a process of its own, on a free port."""

from __future__ import annotations

import http.client
import json
import select
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from collections.abc import Iterator

PATIENCE_S = 60


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)


@dataclass
class Door:
    """A process that serves, and a key for it."""

    process: subprocess.Popen[str]
    url: str
    home: Path
    key: str
    log: Path
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def address(self) -> tuple[str, int]:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        assert parts.port is not None
        return parts.hostname, parts.port

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str | None = "",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """Send one request: bytes as they are, all else as JSON; with the door's own key by default."""
        connection = http.client.HTTPConnection(*self.address, timeout=PATIENCE_S)
        sent = {"content-type": "application/json"} if body is not None else {}
        if key is not None:
            sent["authorization"] = f"Bearer {key or self.key}"
        data = body if body is None or isinstance(body, bytes) else json.dumps(body).encode()
        try:
            connection.request(method, path, data, sent | (headers or {}))
            response = connection.getresponse()
            return Answer(response.status, {k.lower(): v for k, v in response.getheaders()}, response.read())
        finally:
            connection.close()

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(PATIENCE_S)


def opened(words: list[str], home: Path, log: Path) -> Door:
    """Start a process whose first line is its address."""
    key, _ = KeyFile(home / "keys.json").create(f"all-{time.monotonic_ns()}", ["admin"])
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, *words], stdout=subprocess.PIPE, stderr=stream, text=True, bufsize=1
        )
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
    line = process.stdout.readline().strip() if ready else ""
    if not line.startswith("http"):
        process.kill()
        pytest.fail(f"the service did not start: {line!r} {log.read_text()}")
    return Door(process, line, home, key, log)


@pytest.fixture(scope="session")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    """A door before a service that only remembers; bodies have to be there within a second."""
    folder = tmp_path_factory.mktemp("door")
    words = [str(Path(__file__).parent / "http_process.py"), str(folder / "home"), "1"]
    it = opened(words, folder / "home", folder / "log")
    with it.process:  # closes the pipe, whatever happens
        yield it
        assert it.process.poll() is None, "the door fell: " + it.log.read_text()
        assert it.stop() == 0
