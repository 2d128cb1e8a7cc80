"""Where all randomness of the world comes from: named streams of one seed, and hashes that need no state.

A stream belongs to one purpose in one slice of time, so that a change in one pattern leaves every other
draw as it was. What an entity *is* (a device's age, a carrier's address at some hour) is hashed from its
number instead of stored, so that a hundred million payments need no table of them.
"""

from __future__ import annotations

import zlib
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Floats, Indices, Words

__all__ = ["locate", "mix", "pick", "stream", "unit"]


def stream(seed: int, *names: str | int) -> np.random.Generator:
    """Return the generator of one purpose: the same seed and names give the same draws.

    >>> bool(stream(7, "people").random() == stream(7, "people").random())
    True
    >>> bool(stream(7, "people").random() == stream(7, "merchants").random())
    False
    """
    entropy = [seed, *(zlib.crc32(name.encode()) if isinstance(name, str) else name for name in names)]
    return np.random.Generator(np.random.SFC64(np.random.SeedSequence(entropy)))


def mix(numbers: Indices | Words, key: int, bits: int = 64) -> Words:
    """Scramble numbers one to one within ``bits`` bits: nothing of their order is left.

    Three rounds of xor-shift and multiplication by odd constants, each a bijection modulo a power of two
    (Steele, Lea, Flood, "Fast Splittable Pseudorandom Number Generators", OOPSLA 2014).

    Parameters
    ----------
    numbers
        Integers from 0 to below 2 ** bits.
    key
        Which of the scramblings; any integer from 0 to below 2 ** 64.
    bits
        Width of the domain, 8 to 64.
    """
    mask = np.uint64((1 << bits) - 1)
    shift = np.uint64(bits // 2 - 1)
    x = (numbers.astype(np.uint64) + np.uint64(key)) & mask
    for factor in (0xBF58476D1CE4E5B9, 0x94D049BB133111EB, 0xD6E8FEB86659FD93):
        x ^= x >> shift
        x *= np.uint64(factor)
        x &= mask
    x ^= x >> shift
    return x


def unit(numbers: Indices | Words, key: int) -> Floats:
    """Return a number in [0, 1) for each, always the same for the same number and key."""
    return (mix(numbers, key) >> np.uint64(11)).astype(np.float64) * 2.0**-53


def locate(running: Floats, at: Floats) -> Indices:
    """Return the last position whose running sum is not above each value.

    The search goes through the values in ascending order: on a sum of millions that is three times faster,
    since neighbours lie in the cache.

    Parameters
    ----------
    running
        Ascending sums that begin with 0, one longer than what is drawn from.
    at
        Values from 0 to below the last sum.
    """
    order = np.argsort(at)
    found = np.empty(len(at), dtype=np.int64)
    found[order] = np.searchsorted(running, at[order], side="right") - 1
    return found


def pick(chance: np.random.Generator, weights: Floats | list[float], size: int) -> Indices:
    """Draw ``size`` positions with probabilities in proportion to ``weights``."""
    cumulative = np.cumsum(np.asarray(weights, dtype=np.float64))
    drawn: Indices = np.searchsorted(cumulative, chance.random(size) * cumulative[-1], side="right")
    return drawn.clip(0, len(cumulative) - 1)
