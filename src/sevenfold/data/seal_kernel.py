"""The loop that seals entries, compiled; `seal_chain` tells the compiler where its functions are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit, types

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

__all__ = ["chain_seals"]

_init = types.ExternalFunction("sevenfold_SHA256_Init", types.intc(types.intp))
_update = types.ExternalFunction("sevenfold_SHA256_Update", types.intc(types.intp, types.intp, types.intp))
_final = types.ExternalFunction("sevenfold_SHA256_Final", types.intc(types.intp, types.intp))

_SEAL_BYTES = 32
_HEADER_BYTES = 32
_CONTEXT_WORDS = 32  # more than OpenSSL's structure of 112 bytes


def _chain_seals(
    before: NDArray[np.uint8],
    first: int,
    times: NDArray[np.int64],
    arrived: NDArray[np.int64],
    keys: NDArray[np.int64],
    key_sizes: NDArray[np.int64],
    events: NDArray[np.int64],
    event_sizes: NDArray[np.int64],
    bodies: NDArray[np.int64],
    body_sizes: NDArray[np.int64],
    seals: NDArray[np.uint8],
) -> None:
    """Write the seal of each entry: SHA-256 of the seal before, the header, key, event and body.

    Parameters
    ----------
    before
        The seal before the first, shape (32,).
    first
        The first entry's offset.
    times, arrived
        Shape (entries,): epoch milliseconds.
    keys, events, bodies
        Shape (entries,): addresses; and as many bytes each.
    seals
        Shape (entries, 32): filled.
    """
    context = np.zeros(_CONTEXT_WORDS, np.uint64)
    header = np.zeros(4, np.int64)
    at, head, previous = context.ctypes.data, header.ctypes.data, before.ctypes.data
    for i in range(times.size):
        header[0] = first + i
        header[1] = times[i]
        header[2] = arrived[i]
        header[3] = key_sizes[i]
        _init(at)
        _update(at, previous, _SEAL_BYTES)
        _update(at, head, _HEADER_BYTES)
        _update(at, keys[i], key_sizes[i])
        _update(at, events[i], event_sizes[i])
        _update(at, bodies[i], body_sizes[i])
        previous = seals[i].ctypes.data
        _final(previous, at)


chain_seals: Callable[..., Any] = njit(nogil=True, cache=True)(_chain_seals)
"""`_chain_seals`, compiled and kept on disk."""
