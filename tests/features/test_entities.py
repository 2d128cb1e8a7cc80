"""Entities are numbered for the kernel, however tables hold them and however many there are."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from random_logs import BEGIN

import sevenfold as sf
from sevenfold.data.table import normalise
from sevenfold.features.backfill import backfill
from sevenfold.features.planner import compile_plan


class Visit(sf.Event, key="visit_id", time="at"):
    visit_id: str
    at: sf.Timestamp
    person: sf.Entity | None = None
    place: sf.Entity | None = None
    guide: sf.Entity | None = None


class Invitation(sf.Event, key="invitation_id", time="at"):
    invitation_id: str
    at: sf.Timestamp
    person: sf.Entity
    place: sf.Entity | None = None


v, i = Visit, Invitation
EVENTS = {"Visit": v, "Invitation": i}
PEOPLE = pl.Enum(["-5", "7", "9000000000"])
FEATURES = sf.features(
    n=v.count().by(v.person).over("all"),
    pair=v.count().by(v.place, v.person).over("all"),
    invited=i.count().by(i.person).over("all"),
    invited_there=i.count().by(i.person, i.place).over("all"),
)


def visits(persons: Any, places: Any = None, first: int = 0) -> pl.DataFrame:
    columns = {"visit_id": [f"v{row}" for row in range(len(persons))], "person": persons, "place": places}
    at = pl.Series([BEGIN + first + 2 * row for row in range(len(persons))])
    return pl.DataFrame(columns).with_columns(at=at)


def invitations(persons: Any, places: Any = None) -> pl.DataFrame:
    columns = {
        "invitation_id": [f"i{row}" for row in range(len(persons))],
        "person": persons,
        "place": places,
    }
    at = pl.Series([BEGIN + 2 * row + 1 for row in range(len(persons))])
    return pl.DataFrame(columns).with_columns(at=at)


def ask(frames: dict[str, pl.DataFrame], batch_rows: int) -> list[tuple[Any, ...]]:
    tables = {name: normalise(EVENTS[name], frame) for name, frame in frames.items()}
    plan = compile_plan([v, i], FEATURES)
    return backfill(plan, EVENTS, tables, "Visit", batch_rows=batch_rows).drop("visit_id").rows()


each_batch = pytest.mark.parametrize("batch_rows", [1, 2, 3, 1_000_000])


@each_batch
@pytest.mark.parametrize("dtype", [pl.String, pl.Categorical, PEOPLE, pl.Int64], ids=str)
@pytest.mark.parametrize("other", [pl.String, pl.Categorical, pl.Int64], ids=str)
def test_tables_may_hold_one_type_of_entity_differently(dtype, other, batch_rows: int) -> None:
    """Categories differ from batch to batch, integers are far apart, streams differ from each other."""
    persons = pl.Series(["7", "-5", None, "7", "9000000000", "-5"])
    invited = pl.Series(["7", "9000000000", "7", "-5"])
    frames = {
        "Visit": visits(persons.cast(dtype), pl.Series(["X", "X", "Y", "Y", None, "X"])),
        "Invitation": invitations(invited.cast(other), pl.Series(["X", "Y", "Y", "X"])),
    }
    assert ask(frames, batch_rows) == [
        (1, 1, 0, 0),
        (1, 1, 0, 0),
        (0, 0, 0, 0),
        (2, 1, 2, 1),
        (1, 0, 1, 0),
        (2, 2, 1, 1),
    ]


@each_batch
def test_a_column_of_nothing_but_nulls(batch_rows: int) -> None:
    for dtype in (pl.String, pl.Int64, pl.Categorical):
        frames = {"Visit": visits(pl.Series([None, None, None], dtype=dtype))}
        assert ask(frames, batch_rows) == [(0, 0, 0, 0)] * 3


@pytest.mark.parametrize("prefix", ["", "p"], ids=["integers", "texts"])
def test_more_tuples_of_entities_than_words_are_told_apart(prefix: str) -> None:
    """A code for three entities, each among two million, exceeds 64 bits."""
    n = 600_000 if not prefix else 1_000
    rng = np.random.default_rng(8)
    names = {}
    for kind in ("person", "place", "guide"):
        half = rng.integers(0, 4 * n - 10, n // 2)
        half[:2] = 0, 4 * n - 11
        column = pl.Series(np.concatenate([half, half]))
        names[kind] = column if not prefix else prefix + column.cast(pl.String)
    frame = pl.DataFrame({"visit_id": "v", "at": pl.Series(BEGIN + np.arange(n)), **names})
    design = sf.Design(
        name="many", events=[v], features=sf.features(n=v.count().by(v.guide, v.person, v.place).over("all"))
    )
    got = design.backfill({"Visit": frame})["n_all"].to_numpy()
    assert (got[: n // 2] == 1).all()
    assert (got[n // 2 :] == 2).all()
