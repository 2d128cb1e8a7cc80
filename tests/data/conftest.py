"""Events that the tests of the data room share."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from sevenfold.data.event import EventRecord, EventType
from sevenfold.data.fields import Category, Entity, Money, Timestamp
from sevenfold.data.ingest import IngestReport, ingest
from sevenfold.data.sqlite_log import SqliteEventLog

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# Pytest's importlib mode leaves the path alone; the tests of this folder share a module.
sys.path.insert(0, str(Path(__file__).parent))


class Payment(EventRecord, key="payment_id", time="occurred_at"):
    """As in the design document."""

    payment_id: str
    occurred_at: Timestamp
    card: Entity
    merchant: Entity
    device: Entity | None = None
    ip: Entity | None = None
    amount: Money
    currency: Category = "EUR"
    country: Category | None = None


class Chargeback(EventRecord, key="chargeback_id", time="reported_at"):
    """A label that comes late."""

    chargeback_id: str
    reported_at: Timestamp
    payment_id: str
    card: Entity
    merchant: Entity


class Reading(EventRecord, key="number", time="at"):
    """One field of every kind."""

    number: int
    at: Timestamp
    sensor: Entity
    text: str | None = None
    whole: int | None = None
    real: float | None = None
    truth: bool | None = None
    price: Money | None = None
    yen: Money["JPY"] | None = None  # noqa: F821 - a name, not a type
    label: Category | None = None


@pytest.fixture(scope="session")
def payment() -> EventType:
    return Payment


@pytest.fixture(scope="session")
def chargeback() -> EventType:
    return Chargeback


@pytest.fixture(scope="session")
def reading() -> EventType:
    return Reading


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    return tmp_path / "home" / "log.sqlite"


@pytest.fixture
def log(log_path: Path) -> Iterator[SqliteEventLog]:
    with SqliteEventLog(log_path, clock_ms=lambda: 5_000) as opened:
        yield opened


@pytest.fixture
def bring(
    payment: EventType, chargeback: EventType, log: SqliteEventLog, tmp_path: Path
) -> Callable[..., IngestReport]:
    """Ingest into the test's log, with its home for the rejects."""
    events = {"Payment": payment, "Chargeback": chargeback}

    def bring(source: object, **options: Any) -> IngestReport:
        return ingest(events, source, log, rejects_path=tmp_path / "home" / "rejects.csv", **options)  # type: ignore[arg-type]

    return bring
