"""The queue's tables in PostgreSQL, on a server of its own, where that is installed."""

from __future__ import annotations

import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from reviewed import Bench

from sevenfold.errors import StateError
from sevenfold.feedback.review.refusals import ChangedError
from sevenfold.feedback.review.steps import Opinion

if TYPE_CHECKING:
    from collections.abc import Iterator

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))
FRAUD, FINE = Opinion(positive=True, reason="stolen"), Opinion(positive=False, reason="usual")


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """The URL of a server that only listens to this machine; as root it runs as another user."""
    if not PROGRAMS:
        pytest.skip("PostgreSQL is not installed")
    folder = Path(tempfile.mkdtemp(prefix="review-pg-"))
    as_user: list[str] = []
    if os.geteuid() == 0:
        try:
            pwd.getpwnam("postgres")
        except KeyError:
            pytest.skip("PostgreSQL does not run as root, and there is no user for it")
        shutil.chown(folder, "postgres")
        as_user = ["runuser", "-u", "postgres", "--"]

    def call(program: str, *words: str) -> None:
        line = [*as_user, str(PROGRAMS[-1] / program), *words]
        done = subprocess.run(
            line, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, check=False, timeout=60
        )
        assert done.returncode == 0, done.stderr.decode()

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    data = str(folder / "data")
    call("initdb", "-D", data, "-U", "reviewer", "-A", "trust", "--no-sync")
    settings = f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off"
    call("pg_ctl", "-D", data, "-l", str(folder / "log"), "-o", settings, "-w", "start")
    yield f"postgresql+pg8000://reviewer@127.0.0.1:{port}/postgres"
    call("pg_ctl", "-D", data, "-m", "immediate", "-w", "stop")
    shutil.rmtree(folder)


def test_the_queue_is_the_same_in_postgresql_and_in_sqlite(url: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, url=url)
    for number in range(6):
        bench.pay(number, card=f"c{number % 4}")
    names = [one.case for one in bench.queue.cases()]
    bench.queue.verdict(names[0], "ann", FRAUD)
    bench.queue.take(names[1], "ben")
    bench.queue.note(names[2], "cem", "Asked.", ["mule"])
    beside = bench.open_queue()
    for status in (("open",), ("closed",)):
        assert bench.queue.cases(status) == beside.cases(status)
    assert bench.queue.trail() == beside.trail()
    beside.close()
    bench.close()


def test_two_people_race_in_postgresql_too(url: str, tmp_path: Path) -> None:
    bench = Bench(tmp_path, url=url)
    bench.pay(1)
    (one,) = bench.queue.cases()
    other, start = bench.open_queue(url), threading.Barrier(2)
    told: list[str] = []

    def give(queue, who, opinion):
        start.wait()
        try:
            queue.verdict(one.case, who, opinion)
            told.append("kept")
        except ChangedError:
            told.append("changed")

    threads = [
        threading.Thread(target=give, args=(bench.queue, "ann", FRAUD)),
        threading.Thread(target=give, args=(other, "ben", FINE)),
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told) == ["changed", "kept"]
    assert len(other.trail()) == 1
    other.close()
    bench.close()


def test_a_database_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="The review database does not answer"):
        Bench(tmp_path, url="postgresql+pg8000://reviewer@127.0.0.1:1/nowhere")
