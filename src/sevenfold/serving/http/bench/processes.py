"""Processes of a measurement: started, waited for, and ended whatever happens."""

from __future__ import annotations

import socket
import subprocess
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.errors import SevenfoldError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

__all__ = ["MeasurementError", "free_port", "resident_mb", "running"]

_ENDING_S = 20.0


class MeasurementError(SevenfoldError, RuntimeError):
    """Something that was to be measured did not run."""

    exit_code = 1


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def running(
    words: Sequence[str],
    port: int,
    log: Path,
    *,
    patience_s: float = 180.0,
    environment: Mapping[str, str] | None = None,
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a server until the block ends; it has begun when its port answers.

    Raises
    ------
    MeasurementError
        It ended, or its port did not answer in time.
    """
    with (
        log.open("wb") as stream,
        subprocess.Popen(words, stdout=stream, stderr=stream, env=environment) as process,  # noqa: S603
    ):
        try:
            _wait(process, port, log, patience_s)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(_ENDING_S)
            except subprocess.TimeoutExpired:
                process.kill()


def _wait(process: subprocess.Popen[bytes], port: int, log: Path, patience_s: float) -> None:
    given_up = time.monotonic() + patience_s
    while process.poll() is None and time.monotonic() < given_up:
        with socket.socket() as probe:
            probe.settimeout(1.0)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.05)
    said = log.read_text(errors="replace")[-800:]
    raise MeasurementError(f"{log.stem} did not start: {said}")


def resident_mb(process: subprocess.Popen[bytes]) -> float:
    """Return the memory of a process in MB; 0 where the system does not tell."""
    try:
        status = Path(f"/proc/{process.pid}/status").read_text()
    except OSError:
        return 0.0
    line = next((line for line in status.splitlines() if line.startswith("VmRSS:")), "VmRSS: 0 kB")
    return int(line.split()[1]) / 1024
