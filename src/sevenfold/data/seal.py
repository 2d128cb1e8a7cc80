"""Seals: what makes damage to a log visible.

Each entry carries the SHA-256 of itself and of the seal before it, so that a changed byte, a missing
entry or an exchanged one shows at its offset. What no entry can show is that the last ones are gone: the
database would recover to an earlier commit, and look whole. So the end is also written to a small file
beside it, after each commit.
"""

from __future__ import annotations

import hashlib
import os
import struct
import zlib
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from sevenfold.data.log import NewEntries

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from sevenfold.data.log import NewEntry

__all__ = ["NO_SEAL", "EndMark", "Mark", "Row", "first_broken", "seal", "sealed", "sealed_together"]

NO_SEAL = bytes(32)
"""What the first entry is chained to."""

Row = tuple[int, str, str, int, int, bytes, bytes]
"""offset, event, key, time_ms, arrived_ms, body, seal."""

_SEAL_BYTES = 32
_TOGETHER = 256
"""Entries from which on they are sealed together."""
_HEADER = struct.Struct("<qqqq")
_MARK = struct.Struct("<8sq32sI")
_MAGIC = b"7foldend"


def seal(
    before: bytes, offset: int, event: str, key: str, time_ms: int, arrived_ms: int, body: bytes
) -> bytes:
    """Return the seal of an entry, given the one before."""
    identity = key.encode()
    header = _HEADER.pack(offset, time_ms, arrived_ms, len(identity))
    return hashlib.sha256(b"".join((before, header, identity, event.encode(), body))).digest()


def sealed(before: bytes, first: int, entries: Sequence[NewEntry], now: int) -> list[Row]:
    """Return the rows of new entries behind an offset and a seal; those without an arrival came now."""
    if len(entries) >= _TOGETHER:
        return sealed_together(before, first, NewEntries.of(entries), now)
    pack, sha256, join = _HEADER.pack, hashlib.sha256, b"".join  # `seal`, unrolled: every entry passes here
    rows: list[Row] = []
    for offset, entry in enumerate(entries, first):
        event, key, time_ms, body = entry.event, entry.key, entry.time_ms, entry.body
        arrived_ms = now if entry.arrived_ms is None else entry.arrived_ms
        identity = key.encode()
        header = pack(offset, time_ms, arrived_ms, len(identity))
        before = sha256(join((before, header, identity, event.encode(), body))).digest()
        rows.append((offset, event, key, time_ms, arrived_ms, body, before))
    return rows


def sealed_together(before: bytes, first: int, entries: NewEntries, now: int) -> list[Row]:
    """As `sealed`, of columns, and in a few calls where `seal_chain` can do its work."""
    from sevenfold.data.seal_chain import Buffers, seal_many

    events, keys, times, came, bodies = entries
    arrived = [now if at is None else at for at in came]
    different = list(dict.fromkeys(events))
    names = Buffers.of([name.encode() for name in different])
    numbers = {name: number for number, name in enumerate(different)}
    kinds = np.fromiter(map(numbers.__getitem__, events), np.int64, len(events))
    made = seal_many(
        before,
        first,
        np.array(times, np.int64),
        np.array(arrived, np.int64),
        Buffers.of(list(map(str.encode, keys))),
        Buffers(names.addresses[kinds], names.lengths[kinds], names.held),
        Buffers.of(bodies),
    )
    if made is not None:
        seals = [made[at : at + _SEAL_BYTES] for at in range(0, len(made), _SEAL_BYTES)]
    else:
        seals = []
        for offset, (event, key, at, then, body) in enumerate(
            zip(events, keys, times, arrived, bodies, strict=True), first
        ):
            before = seal(before, offset, event, key, at, then, body)
            seals.append(before)
    return list(
        zip(range(first, first + len(seals)), events, keys, times, arrived, bodies, seals, strict=True)
    )


def first_broken(before: bytes, rows: Sequence[Row]) -> int | None:
    """Return the position of the first row that is not what was sealed, given the seal before them all."""
    pack, sha256, join = (
        _HEADER.pack,
        hashlib.sha256,
        b"".join,
    )  # `seal`, unrolled: every entry read passes here
    position = 0
    try:
        for position, (offset, event, key, time_ms, arrived_ms, body, sealed) in enumerate(rows):
            identity = key.encode()
            header = pack(offset, time_ms, arrived_ms, len(identity))
            if sha256(join((before, header, identity, event.encode(), body))).digest() != sealed:
                return position
            before = sealed
    except (AttributeError, TypeError, ValueError, struct.error):  # damage may change even the types
        return position
    return None


class Mark(NamedTuple):
    """An end that was acknowledged: the offset after the last entry, and that entry's seal."""

    end: int
    seal: bytes


class EndMark:
    """The file that remembers how far a log was acknowledged.

    Written without a flush of its own: a crash of the machine may leave it behind the log, which weakens
    the check, but never ahead of it.

    Parameters
    ----------
    path
        Of the file; it is made if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def read(self) -> Mark | None:
        """Return the mark, or nothing where none was written.

        Raises
        ------
        ValueError
            Where the file holds something else.
        """
        packed = os.pread(self._file, _MARK.size, 0)
        if not packed:
            return None
        if len(packed) != _MARK.size:
            raise ValueError(f"{self.path} is cut short")
        magic, end, last, check = _MARK.unpack(packed)
        if magic != _MAGIC or check != zlib.crc32(packed[:-4]):
            raise ValueError(f"{self.path} is damaged")
        return Mark(end, last)

    def write(self, mark: Mark) -> None:
        """Replace the mark."""
        packed = _MARK.pack(_MAGIC, *mark, 0)[:-4]
        os.pwrite(self._file, packed + struct.pack("<I", zlib.crc32(packed)), 0)

    def close(self) -> None:
        """Let go of the file."""
        os.close(self._file)
