"""Many entries of the log at once, in columns: what a replay reads.

SQLite itself puts the entries of a page one behind the other, with Python's lock released; their seals are
checked by `seal_chain`. So a page costs Python a few calls, where row by row it costs tens of
thousands. Where anything is not as it should be, nothing is given, and whoever asked reads row by row, which
says what and where.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np

from sevenfold.data.seal_chain import Buffers, seal_many

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from sevenfold.data.seal import Row
    from sevenfold.data.sqlite_file import SqliteFile

__all__ = ["Bulk", "bulk_of", "columns_statement", "read_bulk"]

_SEAL_BYTES = 32
_NUMBERS = msgspec.json.Decoder(list[int])
_LINE = b"\n"


class Bulk(NamedTuple):
    """Entries that follow each other, sound and checked.

    Attributes
    ----------
    first, stop
        Offsets.
    seal
        Of the last.
    times
        int64, shape (entries,): epoch milliseconds.
    places
        By event, the entries of that event, counted from the first: int64, rising.
    bodies
        By event, its bodies in the same order, a line each.
    """

    first: int
    stop: int
    seal: bytes
    times: NDArray[np.int64]
    places: dict[str, NDArray[np.int64]]
    bodies: dict[str, bytes]


def read_bulk(file: SqliteFile, before: bytes, first: int, stop: int) -> Bulk | None:
    """Read and check a range of entries; nothing where they are not sound, or cannot be told to be.

    Parameters
    ----------
    file
        The log's.
    before
        The seal before them.
    first, stop
        Offsets.
    """
    found = file.columns(first, stop)
    if found is None:
        return None
    names, count, low, high, numbers, keys, seals, bodies = found
    entries = stop - first
    if (count, low, high) != (entries, first, stop - 1) or len(seals) != _SEAL_BYTES * entries:
        return None
    try:
        columns = [np.array(_NUMBERS.decode(b"[" + text + b"]"), np.int64) for text in numbers]
    except (msgspec.MsgspecError, OverflowError, UnicodeDecodeError):
        return None
    if any(column.size != entries for column in columns):
        return None
    times, arrived, kinds, key_sizes, body_sizes = columns
    if not _fits(key_sizes, keys, 0) or kinds.min() < 0 or kinds.max() >= len(names):
        return None
    places = {name: np.flatnonzero(kinds == kind) for kind, name in enumerate(names)}
    lines = dict(zip(names, bodies, strict=True))
    addresses = np.zeros(entries, np.int64)
    for name, own in places.items():
        if not own.size:
            continue
        if not _fits(body_sizes[own], lines[name], len(_LINE)):
            return None
        addresses[own] = Buffers.behind(lines[name], body_sizes[own], len(_LINE)).addresses
    own_names = Buffers.of([name.encode() for name in names])
    made = seal_many(
        before,
        first,
        times,
        arrived,
        Buffers.behind(keys, key_sizes),
        Buffers(own_names.addresses[kinds], own_names.lengths[kinds], own_names.held),
        Buffers(addresses, body_sizes, bodies),
    )
    if made != seals:
        return None
    return Bulk(first, stop, seals[-_SEAL_BYTES:], times, places, lines)


def bulk_of(rows: Sequence[Row]) -> Bulk:
    """Put rows that were read and checked one by one in columns."""
    bodies: dict[str, list[bytes]] = {}
    places: dict[str, list[int]] = {}
    for place, (_, event, _, _, _, body, _) in enumerate(rows):
        bodies.setdefault(event, []).append(body)
        places.setdefault(event, []).append(place)
    return Bulk(
        rows[0][0],
        rows[-1][0] + 1,
        rows[-1][-1],
        np.array([row[3] for row in rows], np.int64),
        {event: np.array(own, np.int64) for event, own in places.items()},
        {event: _LINE.join(own) for event, own in bodies.items()},
    )


def _fits(sizes: NDArray[np.int64], joined: bytes, between: int) -> bool:
    """Whether texts of some sizes are as long, together, as they should be."""
    whole = int(sizes.sum()) + between * max(sizes.size - 1, 0)
    return bool(sizes.min() >= 0) and whole == len(joined)


def columns_statement(names: Sequence[str]) -> str:
    """What reads a page of entries of some events, whose names are given as parameters, in columns."""
    kinds = " ".join(f"WHEN ?{3 + number} THEN {number}" for number in range(len(names)))
    bodies = ", ".join(
        f"CAST(group_concat(body, char(10)) FILTER (WHERE event = ?{3 + number}) AS BLOB)"
        for number in range(len(names))
    )
    return f"""
SELECT count(*), min(offset), max(offset),
    CAST(group_concat(time_ms) AS BLOB), CAST(group_concat(arrived_ms) AS BLOB),
    CAST(group_concat(CASE event {kinds} ELSE -1 END) AS BLOB),
    CAST(group_concat(length(CAST(key AS BLOB))) AS BLOB), CAST(group_concat(length(body)) AS BLOB),
    CAST(group_concat(key, '') AS BLOB), CAST(group_concat(seal, '') AS BLOB), {bodies}
FROM (SELECT * FROM entry WHERE offset >= ?1 AND offset < ?2 ORDER BY offset)
"""  # noqa: S608 - numbers of parameters, no text of anyone's
