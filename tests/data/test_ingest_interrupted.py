"""An ingest that is stopped, by a person, by the machine or by a full disk, is simply run again."""

from __future__ import annotations

import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest
from ingest_files import (
    Bring,
    a_row,
    keys_of,
    some_rows,
    write_csv,
)

from sevenfold.data.ingest import Progress, ingest
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import LogError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.data.event import EventType
    from sevenfold.data.log import Appended, EventLog, NewEntry


class _FailingLog:
    """A log that stops after some batches."""

    def __init__(self, log: EventLog, batches: int, error: BaseException) -> None:
        self._log, self._left, self._error = log, batches, error

    def append(self, batch: Sequence[NewEntry], **options: Any) -> Appended:
        if not self._left:
            raise self._error
        self._left -= 1
        return self._log.append(batch, **options)


@pytest.mark.parametrize("batches", [0, 1, 3])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), LogError("full")])
def test_an_interrupted_ingest_is_simply_repeated(
    batches: int,
    error: BaseException,
    payment: EventType,
    bring: Bring,
    log: SqliteEventLog,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("sevenfold.data.ingest._ENTRIES_A_BATCH", 10)
    path = write_csv(tmp_path / "Payment.csv", [*some_rows(0, 45), a_row(99, card="")])
    rejects_path = tmp_path / "home" / "rejects.csv"
    with pytest.raises(type(error)):
        ingest({"Payment": payment}, path, _FailingLog(log, batches, error), rejects_path=rejects_path)  # type: ignore[arg-type]
    assert log.verify() == batches * 10
    assert not rejects_path.exists()
    assert [
        file.name for file in rejects_path.parent.iterdir() if not file.name.startswith("log.sqlite")
    ] == [".lock"]
    report = bring(path)
    assert (report.new, report.duplicates, report.rejected) == (45 - batches * 10, batches * 10, 1)
    assert keys_of(log) == [f"p{number}" for number in range(45)]


def test_ctrl_c_while_reading_leaves_nothing(bring: Bring, log: SqliteEventLog, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "Payment.csv", some_rows(0, 5))

    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(path, progress=stop)
    assert log.end() == 0
    assert bring(path).new == 5


_WATCHED = """
import sys
from pathlib import Path
import sevenfold.data.ingest as room
from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Entity, Timestamp
from sevenfold.data.sqlite_log import SqliteEventLog

class Visit(EventRecord, key="visit_id", time="at"):
    visit_id: str
    at: Timestamp
    visitor: Entity

home, source = Path(sys.argv[1]), sys.argv[2]
room._ENTRIES_A_BATCH = 100
with SqliteEventLog(home / "log.sqlite") as log:
    room.ingest({"Visit": Visit}, source, log, rejects_path=home / "rejects.csv", event="Visit",
                progress=lambda progress: print(*progress, flush=True))
"""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_a_process_that_is_stopped_while_it_logs_is_simply_run_again(number: int, tmp_path: Path) -> None:
    source, home = tmp_path / "visits.csv", tmp_path / "home"
    rows = [{"visit_id": f"v{row}", "at": row, "visitor": f"u{row}"} for row in range(20_000)]
    pl.DataFrame(rows).write_csv(source)
    arguments = [sys.executable, "-c", _WATCHED, str(home), str(source)]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if line.startswith("logging"):
                process.send_signal(number)
                break
        process.communicate()
        assert process.returncode != 0
    with SqliteEventLog(home / "log.sqlite") as log:
        stopped_at = log.verify()
        assert 0 < stopped_at < 20_000
        assert stopped_at % 100 == 0
    subprocess.run(arguments, check=True, capture_output=True)
    with SqliteEventLog(home / "log.sqlite") as log:
        assert log.verify() == 20_000
        assert keys_of(log) == [f"v{row}" for row in range(20_000)]


def test_the_working_folder_of_a_killed_ingest_is_cleared_away(bring: Bring, tmp_path: Path) -> None:
    left = tmp_path / "home" / ".ingest-killed"
    left.mkdir(parents=True)
    (left / "0-0.parquet").write_bytes(b"half")
    bring(write_csv(tmp_path / "Payment.csv", some_rows(0, 5)))
    assert not left.exists()


def test_progress_runs_to_the_end_of_both_stages(bring: Bring, tmp_path: Path) -> None:
    seen: list[Progress] = []
    bring(write_csv(tmp_path / "Payment.csv", some_rows(0, 5)), progress=seen.append)
    size = (tmp_path / "Payment.csv").stat().st_size
    assert seen == [Progress("reading", size, size), Progress("logging", 5, 5)]


_ON_A_SMALL_DISK = """
import resource, sys
from pathlib import Path
from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Entity, Timestamp
from sevenfold.data.ingest import ingest
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import LogError

class Visit(EventRecord, key="visit_id", time="at"):
    visit_id: str
    at: Timestamp
    visitor: Entity

home, source, limit = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3])
with SqliteEventLog(home / "log.sqlite") as log:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    try:
        report = ingest({"Visit": Visit}, source, log, rejects_path=home / "rejects.csv", event="Visit")
    except LogError as error:
        print("LogError", log.verify(), error.summary)
    else:
        print("done", log.verify(), report.new, report.duplicates)
"""


def test_a_full_disk_stops_the_ingest_and_more_room_completes_it(tmp_path: Path) -> None:
    """No file of the process may grow beyond a limit, which is how a full disk looks from inside."""
    source = tmp_path / "visits.csv"
    rows = [{"visit_id": f"v{number}", "at": number, "visitor": f"u{number}"} for number in range(60_000)]
    pl.DataFrame(rows).write_csv(source)
    home = tmp_path / "home"

    def run(limit: int) -> list[str]:
        arguments = [sys.executable, "-c", _ON_A_SMALL_DISK, str(home), str(source), str(limit)]
        result = subprocess.run(arguments, capture_output=True, text=True, check=True)
        return result.stdout.split(maxsplit=2)

    no_room_to_work = run(100_000)
    assert no_room_to_work[:2] == ["LogError", "0"]
    assert "What was logged stays; make room and run it again" in no_room_to_work[2]
    no_room_to_log = run(6_000_000)
    assert no_room_to_log[0] == "LogError"
    assert "cannot be written" in no_room_to_log[2]
    logged = int(no_room_to_log[1])
    assert 0 < logged < 60_000
    assert {file.name for file in home.iterdir()} <= {".lock", "log.sqlite", "log.sqlite.end"}
    enough = run(1_000_000_000)
    assert enough == ["done", "60000", f"{60_000 - logged} {logged}\n"]
