"""Keeps the fold over the log in a database: SQLite beside the log, or PostgreSQL by its URL."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import create_engine, delete, event, func, insert, select
from sqlalchemy.exc import SQLAlchemyError

from sevenfold.errors import StateError
from sevenfold.feedback.review.case import Case
from sevenfold.feedback.review.change import ReviewChange
from sevenfold.feedback.review.schema import CASES, CHANGES, MEMBERS, META, TABLES

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from sqlalchemy import Connection, Engine, Table

    from sevenfold.feedback.review.declaration import Review

__all__ = ["Kept", "Store"]

_LOCK = 0x7E7E_F01D
"""The advisory lock of PostgreSQL under which tables are made."""


class Kept(msgspec.Struct, frozen=True):
    """How far the log is folded: up to `stop`, behind the entry with this seal; under which declaration."""

    stop: int = 0
    seal: bytes = b""
    declared: str = ""


class Store:
    """The tables of one design.

    Parameters
    ----------
    url
        ``sqlite:///PATH`` or ``postgresql+pg8000://USER@HOST/NAME``, as SQLAlchemy has them.
    design
        Whose cases.
    review
        How cases are weighed.

    Raises
    ------
    StateError
        The database cannot be opened.
    """

    def __init__(self, url: str, design: str, review: Review) -> None:
        self.design, self.review = design, review
        self._engine = _engine(url)
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(select(func.pg_advisory_xact_lock(_LOCK)))
                TABLES.create_all(connection)
        except SQLAlchemyError as error:
            raise _failed(error) from error

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """A transaction beside which nobody else writes for this design.

        Raises
        ------
        StateError
            The database does not do it; nothing of the transaction is kept.
        """
        try:
            with self._engine.begin() as connection:
                if connection.dialect.name == "postgresql":
                    connection.execute(select(func.pg_advisory_xact_lock(_LOCK, func.hashtext(self.design))))
                yield connection
        except SQLAlchemyError as error:
            raise _failed(error) from error

    def kept(self, connection: Connection) -> Kept:
        """How far the log is folded."""
        query = select(META.c.stop, META.c.seal, META.c.declared).where(META.c.design == self.design)
        row = connection.execute(query).first()
        return Kept() if row is None else Kept(row.stop, bytes(row.seal), row.declared)

    def clear(self, connection: Connection) -> None:
        """Forget everything of this design."""
        for table in (META, CASES, MEMBERS, CHANGES):
            connection.execute(delete(table).where(table.c.design == self.design))

    def unfinished(self, connection: Connection) -> list[Case]:
        """All cases that are not closed."""
        query = select(CASES.c.body).where(CASES.c.design == self.design, CASES.c.status != "closed")
        return [_case(row.body) for row in connection.execute(query)]

    def case(self, connection: Connection, name: str) -> Case | None:
        """A case by its id."""
        query = select(CASES.c.body).where(CASES.c.design == self.design, CASES.c.id == name)
        row = connection.execute(query).first()
        return None if row is None else _case(row.body)

    def case_of(self, connection: Connection, event_id: str) -> Case | None:
        """The case of a decided event."""
        query = select(MEMBERS.c.case_id).where(
            MEMBERS.c.design == self.design, MEMBERS.c.event_id == event_id
        )
        row = connection.execute(query).first()
        return None if row is None else self.case(connection, row.case_id)

    def save(
        self,
        connection: Connection,
        cases: Sequence[Case],
        gone: Iterable[str],
        changes: Sequence[tuple[int, ReviewChange]],
        kept: Kept,
    ) -> None:
        """Keep what became of the log up to an offset."""
        names = [*(case.id for case in cases), *gone]
        events = [event_id for case in cases for event_id in case.members]
        self._remove(connection, CASES, "id", names)
        self._remove(connection, MEMBERS, "event_id", events)
        self._remove(connection, META, "design", [self.design])
        self._insert(connection, CASES, [self._row(case) for case in cases])
        self._insert(
            connection,
            MEMBERS,
            [{"event_id": event_id, "case_id": case.id} for case in cases for event_id in case.members],
        )
        self._insert(
            connection,
            CHANGES,
            [
                {"stop": offset, "case_id": change.case, "body": msgspec.json.encode(change)}
                for offset, change in changes
            ],
        )
        self._insert(connection, META, [msgspec.to_builtins(kept, builtin_types=(bytes,))])

    def listed(
        self, connection: Connection, status: Sequence[str], *, limit: int | None = None
    ) -> list[tuple[Case, float, int]]:
        """Cases with their priority and due time, the most urgent first."""
        query = (
            select(CASES.c.body, CASES.c.priority, CASES.c.due_ms)
            .where(CASES.c.design == self.design, CASES.c.status.in_(status))
            .order_by(CASES.c.priority.desc(), CASES.c.due_ms, CASES.c.id)
            .limit(limit)
        )
        return [(_case(row.body), row.priority, row.due_ms) for row in connection.execute(query)]

    def seconded(self, connection: Connection) -> list[Case]:
        """Cases that two people looked at."""
        query = select(CASES.c.body).where(CASES.c.design == self.design, CASES.c.seconded == 1)
        return [_case(row.body) for row in connection.execute(query.order_by(CASES.c.id))]

    def changes(self, connection: Connection, case: str | None = None) -> list[ReviewChange]:
        """The trail of a case, or of all of them, in the order of the log."""
        query = select(CHANGES.c.body).where(CHANGES.c.design == self.design).order_by(CHANGES.c.stop)
        if case is not None:
            query = query.where(CHANGES.c.case_id == case)
        return [msgspec.json.decode(row.body, type=ReviewChange) for row in connection.execute(query)]

    def close(self) -> None:
        """Let go of the database."""
        self._engine.dispose()

    def priority(self, case: Case) -> float:
        """Expected loss avoided and what the model would learn, in major units, a minute of a reviewer."""
        minutes = case.minutes(self.review.minutes, self.review.minutes_each)
        return (case.gain + case.learning) / minutes

    def _row(self, case: Case) -> dict[str, Any]:
        return {
            "id": case.id,
            "status": case.status,
            "priority": self.priority(case),
            "due_ms": case.opened_ms + self.review.due_ms,
            "assignee": case.assignee,
            "locked_by": case.locked_by,
            "lock_until": case.lock_until,
            "seconded": int(case.second is not None),
            "body": msgspec.json.encode(case),
        }

    def _remove(self, connection: Connection, table: Table, column: str, keys: Sequence[str]) -> None:
        for first in range(0, len(keys), _AT_ONCE):
            some = keys[first : first + _AT_ONCE]
            mine = table.c.design == self.design
            connection.execute(delete(table).where(mine, table.c[column].in_(some)))

    def _insert(self, connection: Connection, table: Table, rows: Sequence[dict[str, Any]]) -> None:
        if rows:
            connection.execute(insert(table), [{"design": self.design, **row} for row in rows])


_AT_ONCE = 500
"""Keys in one statement."""


def _engine(url: str) -> Engine:
    try:
        engine = create_engine(url)
    except (SQLAlchemyError, ImportError) as error:
        raise StateError(f"The review database cannot be opened: {error}") from error
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _plain_sqlite)
        event.listen(engine, "begin", _begin_alone)
    return engine


def _plain_sqlite(connection: Any, _: object) -> None:
    """Have SQLAlchemy begin transactions, not the driver, and wait for others."""
    connection.isolation_level = None
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute("PRAGMA busy_timeout=10000")


def _begin_alone(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _case(body: bytes) -> Case:
    return msgspec.json.decode(bytes(body), type=Case)


def _failed(error: SQLAlchemyError) -> StateError:
    reason = getattr(error, "orig", None) or error
    return StateError(f"The review database does not answer: {type(reason).__name__}: {reason}")
