"""Random logs: nulls, ties, late events, several streams, constants, values from 5e-324 to 1.8e308."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

from hypothesis import strategies as st
from sample_events import EVENTS, Chargeback, Payment, Profile, Row, Transfer, physical

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn

    from sevenfold.data.event import EventType

__all__ = ["BEGIN", "dense_log", "logs"]

BEGIN = 1_700_000_000_000
STEPS = (0, 0, 1, 1_000, 60_000, 300_000, 600_000, 3_600_000, 86_400_000)
BACK = (0, 0, 0, 0, 1, 60_000, 600_000, 4_000_000, 90_000_000)
"""How far an event lies before the newest one."""

Log = list[tuple["EventType", Row]]

_SCORES = (None, 0.0, -0.0, 0.1, 0.1, 1.0, -2.5, 1e-300, 5e-324, 1e300, -1e300, 1.7976931348623157e308)
_AMOUNTS = (0, 1, 199, 199, 5000, -300, 10**9, 10**13)
_MERCHANTS = ("a", "X", "Y", None)
_ACCOUNTS = ("a", "b", "c", None)
_DEGREES = (None, 0.0, 52.5, -33.9, 90.0)
_POOLS: dict[EventType, dict[str, tuple[Any, ...]]] = {
    Payment: {
        "card": ("a", "b", "c"),
        "card_since": (None, 0, BEGIN, BEGIN + 500, BEGIN + 10**7),
        "merchant": _MERCHANTS,
        "device": ("d", "e", None),
        "payer": _ACCOUNTS,
        "amount": _AMOUNTS,
        "currency": ("EUR", "EUR", "JPY", "KWD"),
        "score": _SCORES,
        "items": (None, 0, 1, 1, -1, 7, 2**31, 2**53 + 1, 2**62),
        "country": ("DE", "FR", "US", None),
        "online": (True, False),
        "challenged": (True, False, None),
    },
    Chargeback: {
        "card": ("a", "b", "c"),
        "merchant": _MERCHANTS,
        "fee": (None, *_AMOUNTS),
        "reason": ("fraud", "goods"),
    },
    Transfer: {
        "sender": ("a", "b", "c"),
        "receiver": _ACCOUNTS,
        "amount": _AMOUNTS,
        "risk": _SCORES,
        "instant": (True, False),
    },
    Profile: {
        "card": ("a", "b", "c"),
        "segment": ("DE", "gold", None),
        "limit": (None, *_AMOUNTS),
        "latitude": _DEGREES,
        "longitude": _DEGREES,
    },
}
_SPREAD = {"amount": 10**6, "fee": 10**6, "limit": 10**6}
_REAL = ("score", "risk")


def _strategy(name: str, pool: tuple[Any, ...]) -> st.SearchStrategy[Any]:
    if name in _SPREAD:
        return st.one_of(st.sampled_from(pool), st.integers(-_SPREAD[name], _SPREAD[name]))
    if name in _REAL:
        return st.one_of(st.sampled_from(pool), st.floats(allow_nan=False, allow_infinity=False))
    return st.sampled_from(pool)


_STRATEGIES = {
    event: st.fixed_dictionaries({name: _strategy(name, pool) for name, pool in pools.items()})
    for event, pools in _POOLS.items()
}


def _row(event: EventType, number: int, time: int, values: Row) -> Row:
    return physical(event, **{event.__key__: f"e{number}", event.__time__: time}, **values)


@st.composite
def drawn_log(draw: DrawFn, on: EventType, most: int = 12) -> Log:
    """A log that Hypothesis draws value by value, and can shrink; the last event is ``on``."""
    streams = [*draw(st.lists(st.sampled_from([on, on, on, *EVENTS.values()]), max_size=most - 1)), on]
    time, log = BEGIN, []
    for number, event in enumerate(streams):
        time += draw(st.sampled_from(STEPS))
        log.append((event, _row(event, number, time - draw(st.sampled_from(BACK)), draw(_STRATEGIES[event]))))
    return log


def dense_log(on: EventType, seed: int, events: int, late: float = 0.2) -> Log:
    """A longer log from a seed."""
    rng = random.Random(seed)
    few = rng.random() < 0.3  # now and then nearly everything is constant
    time, log = BEGIN, []
    for number in range(events):
        event = on if number == events - 1 else rng.choice([on, on, on, *EVENTS.values()])
        time += rng.choice(STEPS)
        own = time - (rng.choice(BACK) if rng.random() < late else 0)
        values = {name: rng.choice(pool[:2] if few else pool) for name, pool in _POOLS[event].items()}
        if not few:
            values |= {
                name: rng.randrange(_SPREAD[name])
                for name in values
                if name in _SPREAD and rng.random() < 0.5
            }
            values |= {name: rng.gauss(0, 1e6) for name in values if name in _REAL and rng.random() < 0.5}
        log.append((event, _row(event, number, own, values)))
    return log


def logs(on: EventType) -> st.SearchStrategy[Log]:
    """Short logs, drawn value by value, and longer ones from a seed."""
    seeds, sizes = st.integers(0, 2**32), st.integers(1, 60)
    late = st.sampled_from([0.0, 0.1, 0.5])
    return st.one_of(drawn_log(on), st.builds(dense_log, st.just(on), seeds, sizes, late))
