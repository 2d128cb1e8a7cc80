"""Seals of many entries in one call: the same as `seal.seal`, without the interpreter between them.

A seal takes a microsecond of hashing and two of Python around it, under the interpreter's lock. Here a
compiled loop calls the SHA-256 of OpenSSL, which Python's own hashes come from, with the lock released. Where
that library cannot be found by itself, `chain` gives nothing, and entries are sealed one by one.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import hashlib
import sys
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

__all__ = ["Buffers", "chain", "seal_many"]

_DIGEST = 32
_NAMES = ("libcrypto.so.3", "libcrypto.so.1.1")
_FUNCTIONS = ("SHA256_Init", "SHA256_Update", "SHA256_Final")


class Buffers:
    """Where texts lie in memory: an address and a length each.

    Parameters
    ----------
    addresses, lengths
        int64, shape (texts,).
    held
        What must live as long as this does.
    """

    __slots__ = ("addresses", "held", "lengths")

    def __init__(
        self, addresses: NDArray[np.int64], lengths: NDArray[np.int64], held: Sequence[object]
    ) -> None:
        self.addresses, self.lengths, self.held = addresses, lengths, held

    @classmethod
    def behind(cls, joined: bytes, lengths: NDArray[np.int64], between: int = 0) -> Buffers:
        """Texts that lie one behind the other, with a separator of some bytes between them."""
        ends = np.cumsum(lengths + between)
        return cls(ends - lengths - between + address(joined), lengths, (joined,))

    @classmethod
    def of(cls, texts: Sequence[bytes]) -> Buffers:
        """Texts that are apart."""
        return cls.behind(b"".join(texts), np.fromiter(map(len, texts), np.int64, len(texts)))


def address(content: bytes) -> int:
    """Where bytes lie; good as long as they live."""
    return int(np.frombuffer(content, np.uint8).ctypes.data) if content else 0


@cache
def chain() -> Callable[..., None] | None:
    """The compiled loop, or nothing where OpenSSL cannot be found."""
    from numba import config

    if sys.byteorder != "little" or config.DISABLE_JIT or not _found():
        return None
    from sevenfold.data.seal_kernel import chain_seals

    return chain_seals


def _found() -> bool:
    """Tell the compiler where the functions are."""
    from llvmlite import binding

    try:
        library = _library()
        for function in _FUNCTIONS:
            place = ctypes.cast(getattr(library, function), ctypes.c_void_p).value
            binding.add_symbol(f"sevenfold_{function}", place)
        context, digest = (ctypes.c_uint64 * 32)(), ctypes.create_string_buffer(_DIGEST)
        library.SHA256_Init(context)
        library.SHA256_Update(context, b"abc", ctypes.c_size_t(3))
        library.SHA256_Final(digest, context)
    except (AttributeError, OSError):
        return False
    return digest.raw == hashlib.sha256(b"abc").digest()


def _library() -> ctypes.CDLL:
    """OpenSSL as Python has it loaded, or as the system names it."""
    for name in _NAMES:
        try:
            return ctypes.CDLL(name)
        except OSError:
            continue
    return ctypes.CDLL(ctypes.util.find_library("crypto") or _NAMES[0])


def seal_many(
    before: bytes,
    first: int,
    times: NDArray[np.int64],
    arrived: NDArray[np.int64],
    keys: Buffers,
    events: Buffers,
    bodies: Buffers,
) -> bytes | None:
    """Give the seals of entries behind an offset and a seal, 32 bytes each; nothing without OpenSSL.

    Parameters
    ----------
    before, first
        The seal before them, and the offset of the first.
    times, arrived
        int64, shape (entries,): epoch milliseconds.
    keys, events, bodies
        The rest of each.
    """
    run = chain()
    if run is None:
        return None
    seals = np.empty((times.size, _DIGEST), np.uint8)
    run(
        np.frombuffer(before, np.uint8), first, times, arrived, keys.addresses, keys.lengths,
        events.addresses, events.lengths, bodies.addresses, bodies.lengths, seals,
    )  # fmt: skip
    return seals.tobytes()
