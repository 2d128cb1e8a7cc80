"""Load by `wrk`: so many connections, each of which asks again as soon as it is answered."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

__all__ = ["Load", "find_wrk", "run_wrk", "write_script"]

_SCRIPT = """\
-- Sends each line of a file as a body, under a key of its own, and each time round a period later.
local lines, n, run, cycle, period = {}, 0, "%(run)s", %(cycle)d, %(period)d
for line in io.lines("%(bodies)s") do lines[#lines + 1] = line end
wrk.method = "POST"
wrk.headers["content-type"] = "application/json"
%(key)s
function request()
  n = n + 1
  local later = (cycle + math.floor((n - 1) / #lines)) * period
  local body = lines[(n - 1) %% #lines + 1]:gsub("@KEY@", run .. n)
  body = body:gsub('"@TIME@(%%d+)"', function(ms) return string.format("%%d", tonumber(ms) + later) end)
  return wrk.format("POST", "%(path)s", nil, body)
end
function done(summary, latency, requests)
  io.write(string.format("RESULT %%d %%d %%d %%d %%d %%d %%d %%d\\n", summary.requests, summary.duration,
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.timeout,
    latency:percentile(50), latency:percentile(90), latency:percentile(99), latency:percentile(99.9)))
end
"""
_RESULT = re.compile(r"^RESULT " + " ".join([r"(\d+)"] * 8), re.MULTILINE)


@dataclass(frozen=True)
class Load:
    """What `wrk` saw.

    Parameters
    ----------
    rate
        Requests a second.
    refused
        Answers other than 2xx and 3xx.
    lost
        Requests without an answer.
    ms
        Latency percentiles in milliseconds.
    """

    rate: float
    refused: int
    lost: int
    ms: dict[str, float]


def find_wrk() -> str:
    """Return the program.

    Raises
    ------
    UsageError
        It is not installed.
    """
    found = shutil.which("wrk")
    if found is None:
        hint = "On Debian and Ubuntu: apt-get install wrk"
        raise UsageError("HTTP cannot be measured.", [Fault("wrk", "the program wrk", "none", hint)])
    return found


def write_script(
    folder: Path,
    run: str,
    path: str,
    bodies: Sequence[bytes],
    key: str | None,
    *,
    cycle: int = 0,
    period: int = 0,
) -> Path:
    """Write what `wrk` sends.

    Parameters
    ----------
    folder
        Where to.
    run
        Begins every key, so that no run repeats the payments of another.
    path
        Where the requests go.
    bodies
        JSON, with ``@KEY@`` where the key belongs and ``"@TIME@…"`` for a time in epoch milliseconds.
    key
        The caller's key, if any.
    cycle, period
        How many periods later the first bodies happen, and how many milliseconds a period has.
    """
    lines = folder / f"{run}.bodies"
    lines.write_bytes(b"\n".join(bodies) + b"\n")
    script = folder / f"{run}.lua"
    header = f'wrk.headers["authorization"] = "Bearer {key}"' if key else ""
    script.write_text(
        _SCRIPT % {"run": run, "bodies": lines, "path": path, "key": header, "cycle": cycle, "period": period}
    )
    script.chmod(0o600)
    return script


def run_wrk(url: str, script: Path, *, seconds: float, connections: int) -> Load:
    """Load a service from one thread.

    Raises
    ------
    UsageError
        `wrk` is not installed, or could not do it.
    """
    words = [find_wrk(), "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", str(script), url]
    done = subprocess.run(words, capture_output=True, text=True, check=False)  # noqa: S603
    found = _RESULT.search(done.stdout)
    if found is None:
        raise UsageError("HTTP cannot be measured.", [Fault("wrk", "figures", done.stderr[-200:] or "none")])
    requests, microseconds, refused, lost, *latency = map(int, found.groups())
    names = ("p50", "p90", "p99", "p99.9")
    return Load(
        requests / (microseconds / 1e6),
        refused,
        lost,
        {name: value / 1e3 for name, value in zip(names, latency, strict=True)},
    )
