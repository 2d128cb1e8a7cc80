"""A real Prometheus scrapes a real service, by the rules and dashboards that are shipped.

Windows and waits are shortened from minutes to seconds; nothing else of what is shipped is changed.
"""

from __future__ import annotations

import http.client
import io
import itertools
import json
import math
import re
import select
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

import pytest
import yaml
from served import DESIGN, payment

from sevenfold.design.home import Home
from sevenfold.design.policing import PolicyDesk
from sevenfold.design.watching import Watching
from sevenfold.serving.http.journal import Journal
from sevenfold.serving.rules.rule import Rule
from sevenfold.trust.key_file import KeyFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
RULES = DEPLOY / "prometheus" / "rules.yml"
DASHBOARDS = sorted((DEPLOY / "grafana" / "dashboards").glob("*.json"))
PATIENCE_S = 120
WINDOW = "6s"


def _program(name: str) -> str:
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is absent")
    return found


def _shortened(text: str) -> str:
    """Rules whose windows are seconds."""
    text = re.sub(r"\[\d+[mhd]\]", f"[{WINDOW}]", text)
    return re.sub(r"for: \d+[mhd]", "for: 1s", re.sub(r"offset \d+[mhd]", f"offset {WINDOW}", text))


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        return int(listening.getsockname()[1])


def _until(what: Callable[[], Any], about: Callable[[], str]) -> Any:
    """Ask until there is an answer."""
    ends = time.monotonic() + PATIENCE_S
    while time.monotonic() < ends:
        if found := what():
            return found
        time.sleep(0.3)
    pytest.fail(about())


class Traffic(threading.Thread):
    """Sends payments, and now and then a bad key, until it is told to stop."""

    def __init__(self, url: str, key: str) -> None:
        super().__init__()
        parts = urlsplit(url)
        self._address, self._key = (parts.hostname or "", parts.port), key
        self.stopping = threading.Event()
        self.sent = 0

    def run(self) -> None:
        with closing(http.client.HTTPConnection(*self._address, timeout=60)) as connection:
            self._send(connection)

    def _send(self, connection: http.client.HTTPConnection) -> None:
        for number in itertools.count():
            if self.stopping.wait(0.02):
                break
            good = number % 25 != 0
            headers = {"content-type": "application/json"}
            headers["authorization"] = f"Bearer {self._key if good else 'nonsense'}"
            path, body = "/v1/decisions", payment(number)
            if number % 40 == 1:
                path, body = f"/nowhere/{number}", {"made": "up"}
            connection.request("POST", path, json.dumps(body), headers)
            connection.getresponse().read()
            self.sent += good


class Prometheus:
    """What was scraped, asked over HTTP."""

    def __init__(self, port: int) -> None:
        self._port = port

    def query(self, expression: str) -> list[dict[str, Any]]:
        told = json.loads(self._get(f"/api/v1/query?query={quote(expression)}"))
        assert told["status"] == "success", told
        result: list[dict[str, Any]] = told["data"]["result"]
        return [one for one in result if not math.isnan(float(one["value"][1]))]

    def ready(self) -> bool:
        try:
            return bool(self._get("/-/ready"))
        except OSError:
            return False

    def _get(self, path: str) -> bytes:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.read() if answer.status == 200 or path.startswith("/api/") else b""
        finally:
            connection.close()

    def fires(self, alert: str) -> list[dict[str, Any]]:
        return self.query(f'ALERTS{{alertname="{alert}",alertstate="firing"}}')


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("scraped")
    place = Home(folder, DESIGN.name)
    desk = PolicyDesk(DESIGN, place)
    desk.add(Rule("large", "amount > 20", "review", "A large one.", "ada", "live", author="ada"))
    return folder


@pytest.fixture(scope="module")
def url(home: Path) -> Iterator[str]:
    """The address of a service that runs."""
    log = home / "process.log"
    script = Path(__file__).parent / "metrics_process.py"
    with log.open("w") as stream:
        process = subprocess.Popen(
            [sys.executable, str(script), str(home)], stdout=subprocess.PIPE, stderr=stream, text=True
        )
    with process:
        assert process.stdout is not None
        ready, _, _ = select.select([process.stdout], [], [], PATIENCE_S)
        line = process.stdout.readline().strip() if ready else ""
        if not line.startswith("http"):
            process.kill()
            pytest.fail(f"the service did not start: {log.read_text()}")
        yield line
        process.send_signal(signal.SIGTERM)
        assert process.wait(PATIENCE_S) == 0, log.read_text()


@pytest.fixture(scope="module")
def traffic(home: Path, url: str) -> Iterator[Traffic]:
    key, _ = KeyFile(home / "keys.json").create("gateway", ["decide", "read", "review"])
    it = Traffic(url, key)
    it.start()
    yield it
    it.stopping.set()
    it.join()


@pytest.fixture(scope="module")
def prometheus(url: str, traffic: Traffic, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """Prometheus, with the rules that are shipped."""
    program, folder, port = _program("prometheus"), tmp_path_factory.mktemp("prometheus"), _free_port()
    (folder / "rules.yml").write_text(_shortened(RULES.read_text()))
    shipped = yaml.safe_load((DEPLOY / "prometheus" / "prometheus.yml").read_text())
    shipped["global"] = {"scrape_interval": "500ms", "evaluation_interval": "500ms"}
    (job,) = shipped["scrape_configs"]
    job["static_configs"] = [{"targets": [urlsplit(url).netloc]}]
    del job["authorization"]  # the service is on this machine
    (folder / "prometheus.yml").write_text(yaml.safe_dump(shipped))
    words = [
        f"--config.file={folder / 'prometheus.yml'}",
        f"--storage.tsdb.path={folder / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--log.level=error",
    ]
    with (
        (folder / "log").open("w") as log,
        subprocess.Popen([program, *words], stderr=log, stdout=log) as process,
    ):
        it = Prometheus(port)
        _until(it.ready, lambda: (folder / "log").read_text())
        yield it
        process.terminate()


def test_the_rules_are_sound() -> None:
    checked = subprocess.run(
        [_program("promtool"), "check", "rules", str(RULES)], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr
    alerts = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    names = [rule["alert"] for rule in alerts if "alert" in rule]
    assert len(names) >= 12
    pages = {path.name: path.read_text().lower() for path in (ROOT / "docs").glob("*.md")}
    for rule in alerts:
        if "alert" in rule:
            page, _, place = rule["annotations"]["runbook"].removeprefix("docs/").partition("#")
            assert page in pages
            assert f"\n### {place}" in pages[page] or not place, f"{rule['alert']} has no runbook"


def test_an_alert_fires_and_clears(home: Path, prometheus: Prometheus, traffic: Traffic) -> None:
    (fired,) = _until(
        lambda: prometheus.fires("SevenfoldFallback"), lambda: "there is no model, and no alert"
    )
    assert fired["metric"]["severity"] == "critical"
    assert prometheus.fires("SevenfoldDown") == []
    _watch(home, traffic)
    _until(lambda: prometheus.fires("SevenfoldNoticed"), lambda: "what the monitor noticed was not told")
    (home / "model").touch()
    _until(lambda: not prometheus.fires("SevenfoldFallback"), lambda: "there is a model, and the alert fires")


def test_every_query_of_every_dashboard_returns_data(
    home: Path, prometheus: Prometheus, traffic: Traffic
) -> None:
    _watch(home, traffic)
    (home / "model").touch()
    queries = [
        (path.name, panel["title"], target["expr"])
        for path in DASHBOARDS
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    ]
    assert len(DASHBOARDS) == 2
    assert len(queries) >= 24
    waiting = dict.fromkeys(queries)

    def asked() -> bool:
        for query in list(waiting):
            if prometheus.query(query[2].replace("$__rate_interval", WINDOW)):
                del waiting[query]
        return not waiting

    _until(asked, lambda: f"no data for {list(waiting)}")


def test_what_clients_make_up_becomes_no_label(prometheus: Prometheus, traffic: Traffic) -> None:
    _until(lambda: traffic.sent > 100, lambda: "no traffic")
    names = {one["metric"]["__name__"] for one in prometheus.query('{__name__=~"sevenfold_.+"}')}
    assert len(names) > 25
    series = prometheus.query('count by (__name__) ({__name__=~"sevenfold_.+"})')
    most = {one["metric"]["__name__"]: int(float(one["value"][1])) for one in series}
    assert max(most.values()) < 300, most
    labels = {
        value
        for one in prometheus.query('{__name__=~"sevenfold_.+"}')
        for name, value in one["metric"].items()
        if name not in ("__name__", "le")
    }
    assert not [value for value in labels if re.search(r"nowhere|made|^[pcmd]\d+$", value)]
    routes = {one["metric"]["route"] for one in prometheus.query("sevenfold_http_requests_total")}
    assert routes <= {
        *("decide", "decision", "events", "inference", "health", "metrics", "openapi", "other"),
        *("alerts", "review", "rollout"),
    }


def _watch(home: Path, traffic: Traffic) -> None:
    """Have the monitor read what was decided so far, and tell of it."""
    _until(lambda: traffic.sent > 150, lambda: "no traffic")
    with Watching(DESIGN, home, Journal(io.StringIO(), pretty=False)) as watching:
        watching.monitor.step()
        watching.postman.pump(at_once=True)
