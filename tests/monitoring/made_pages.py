"""Pages made of arrays: decisions and labels as a service would have left them, without one."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import polars as pl

import sevenfold as sf
from sevenfold.data.log import LogEntry
from sevenfold.monitoring.columns import Decisions, LabelEvents
from sevenfold.monitoring.page import Page
from sevenfold.serving.record import DecisionRecord

if TYPE_CHECKING:
    from numpy.typing import NDArray

DAY = 86_400_000
START = 20_000 * DAY


class Order(sf.Event, key="order_id", time="at"):
    """What is decided."""

    order_id: str
    at: sf.Timestamp
    buyer: sf.Entity
    shop: sf.Category | None = None


class Complaint(sf.Event, key="complaint_id", time="at"):
    """What says that it was wrong."""

    complaint_id: str
    at: sf.Timestamp
    order_id: str


LABEL = sf.Label(event=Complaint, on=Order, key="order_id", matures="10d")


def decisions(
    times: NDArray[np.int64],
    scores: NDArray[np.float64],
    would_be: NDArray[np.str_],
    control: NDArray[np.float64] | None = None,
    *,
    shops: list[str] | None = None,
    buyers: list[str] | None = None,
    model: str | list[str | None] = "m1",
    first: int = 0,
) -> Decisions:
    """Decisions of orders ``o{first}`` and so on; would-be blocks in the control group were let through."""
    count = len(times)
    drawn = np.full(count, np.nan) if control is None else control
    keys = [f"o{first + number}" for number in range(count)]
    events = pl.DataFrame(
        {
            "order_id": keys,
            "at": pl.Series(times).cast(pl.Datetime("ms", "UTC")),
            "buyer": buyers or ["b"] * count,
            "shop": shops or [None] * count,
        },
        schema_overrides={"shop": pl.String},
    )
    return Decisions(
        offsets=np.arange(count) * 2 + 1,
        keys=keys,
        times_ms=times,
        decided_ms=times,
        actions=np.where(np.isnan(drawn), would_be, "approve"),
        would_be=would_be,
        scores=scores,
        risk_scores=np.full(count, np.nan),
        models=[model] * count if isinstance(model, str) else model,
        policies=["p"] * count,
        control=drawn,
        fallback=np.isnan(scores),
        rules=[()] * count,
        events=events,
        words=np.empty((count, 0), np.int64),
        program=None,
        records=[
            DecisionRecord("Order", "p", b"", "m1", None, "p", action, (0, 0, 0, 0))
            for action in np.where(np.isnan(drawn), would_be, "approve").tolist()
        ],
    )


def complaints(keys: list[str], times: NDArray[np.int64]) -> LabelEvents:
    """Complaints about orders, known since their times."""
    if not keys:
        return LabelEvents.of(LABEL, {})
    table = pl.DataFrame(
        {
            "complaint_id": [f"c{key}" for key in keys],
            "at": pl.Series(times).cast(pl.Datetime("ms", "UTC")),
            "order_id": keys,
            "_offset": np.arange(len(keys)),
            "_arrived": times,
        }
    )
    return LabelEvents.of(LABEL, {"Complaint": table})


def page(
    decided: Decisions, labels: LabelEvents | None = None, newest_ms: int | None = None, first: int = 0
) -> Page:
    """A page of decisions and labels; its newest arrival is the last of them unless given."""
    told = complaints([], np.empty(0, np.int64)) if labels is None else labels
    times = [*decided.times_ms.tolist(), *told.known_ms.tolist(), first]
    newest = max(times) if newest_ms is None else newest_ms
    return Page(first, first + 1, newest, decided, told, ())


def nothing(newest_ms: int) -> Page:
    """A page without decisions, that only says that time has passed: an order that nobody decided."""
    empty = decisions(np.empty(0, np.int64), np.empty(0), np.empty(0, dtype=np.str_))
    late = LogEntry(0, "Order", "late", newest_ms, newest_ms, b"{}")
    return Page(0, 1, newest_ms, empty, complaints([], np.empty(0, np.int64)), (late,))
