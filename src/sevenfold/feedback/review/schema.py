"""The tables in which cases are looked up: nothing but what the log says, made anew where they are lost."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, Integer, LargeBinary, MetaData, String, Table

__all__ = ["CASES", "CHANGES", "MEMBERS", "META", "TABLES"]

TABLES = MetaData()

META = Table(
    "review_state",
    TABLES,
    Column("design", String(64), primary_key=True),
    Column("declared", String(64), nullable=False),
    Column("stop", BigInteger, nullable=False),
    Column("seal", LargeBinary, nullable=False),
)
"""How far the log is folded, and under which declaration; one row a design."""

CASES = Table(
    "review_case",
    TABLES,
    Column("design", String(64), primary_key=True),
    Column("id", String(64), primary_key=True),
    Column("status", String(8), nullable=False, index=True),
    Column("priority", Float, nullable=False, index=True),
    Column("due_ms", BigInteger, nullable=False),
    Column("assignee", String(200)),
    Column("locked_by", String(200)),
    Column("lock_until", BigInteger, nullable=False),
    Column("seconded", Integer, nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
"""Every case as JSON, with the columns by which it is looked for."""

MEMBERS = Table(
    "review_member",
    TABLES,
    Column("design", String(64), primary_key=True),
    Column("event_id", String(400), primary_key=True),
    Column("case_id", String(64), nullable=False, index=True),
)
"""Which case a decided event is part of."""

CHANGES = Table(
    "review_change",
    TABLES,
    Column("design", String(64), primary_key=True),
    Column("stop", BigInteger, primary_key=True),
    Column("case_id", String(64), nullable=False, index=True),
    Column("body", LargeBinary, nullable=False),
)
"""Every step of every case: the audit trail, by its place in the log."""
