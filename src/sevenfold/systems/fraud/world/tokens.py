"""From the numbers of the world to what the gateway sees: opaque tokens that tell nothing.

A number is scrambled one to one and written in hexadecimal digits of fixed length, so that neither order
nor length nor form says whether an entity belongs to a customer or a thief.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.systems.fraud.world.chance import mix

if TYPE_CHECKING:
    from sevenfold.systems.fraud.world.arrays import Bytes, Indices, Words

__all__ = ["Tokens"]

_PAIRS = np.frombuffer("".join(f"{byte:02x}" for byte in range(256)).encode(), dtype=np.uint16)

_KINDS = {
    "payment": 11,
    "chargeback": 13,
    "card": 17,
    "merchant": 19,
    "device": 23,
    "ip": 29,
    "refund": 31,
    "decline": 37,
}
_FORMS = {
    "payment": "pay_################",
    "chargeback": "cbk_################",
    "refund": "ref_################",
    "decline": "dec_################",
    "card": "card_############",
    "merchant": "shop_############",
    "device": "dev_##############",
    "ip": "fd##:####:####::####",
}
"""Each ``#`` is a digit. Addresses are of the private range of IPv6 (RFC 4193): nobody's."""


_FEW = 1_000
"""Numbers below which writing one after the other is faster than writing all at once."""


class Tokens:
    """Names for the entities of one world.

    Parameters
    ----------
    seed
        The world's: other worlds give other names.
    """

    def __init__(self, seed: int) -> None:
        self._keys = {
            kind: (seed * 1_000_003 + salt * 0x9E3779B97F4A7C15) % 2**64 for kind, salt in _KINDS.items()
        }

    def write(self, kind: str, numbers: Indices) -> pl.Series:
        """Return the tokens of entities; null for negative numbers.

        Parameters
        ----------
        kind
            ``payment``, ``chargeback``, ``refund``, ``decline``, ``card``, ``merchant``, ``device`` or
            ``ip``.
        numbers
            Below 2 ** (4 times the digits of the kind), so that no two share a token.
        """
        form = _FORMS[kind]
        digits = form.count("#")
        scrambled = mix(np.maximum(numbers, 0), self._keys[kind], digits * 4)
        if len(numbers) < _FEW:
            texts = _texts(scrambled.tolist(), form)
            named = [text if number >= 0 else None for text, number in zip(texts, numbers, strict=True)]
            return pl.Series(kind, named, dtype=pl.String)
        written = _hexadecimal(scrambled, form)
        series = pl.Series(kind, written).arr.to_list().cast(pl.Binary).cast(pl.String)
        missing = numbers < 0
        if missing.any():
            present = pl.Series(~missing)
            series = pl.select(pl.when(present).then(series).otherwise(None)).to_series()
        return series


def _texts(numbers: list[int], form: str) -> list[str]:
    """Write numbers into the places of a form, one after the other."""
    digits = form.count("#")
    filled = re.sub("#+", lambda places: f"{{:.{len(places[0])}}}", form)
    if filled.count("{") == 1:
        return [filled.format(f"{number:0{digits}x}") for number in numbers]
    cuts = [len(places) for places in re.findall("#+", form)]
    ends = np.cumsum(cuts).tolist()
    written = (f"{number:0{digits}x}" for number in numbers)
    return [
        filled.format(*(text[end - cut : end] for cut, end in zip(cuts, ends, strict=True)))
        for text in written
    ]


def _hexadecimal(numbers: Words, form: str) -> Bytes:
    """Write numbers into the places of a form; uint8, shape (numbers, characters)."""
    digits = form.count("#")
    bytes_each = numbers.astype(">u8").view(np.uint8).reshape(len(numbers), 8)[:, 8 - digits // 2 :]
    written = _PAIRS[bytes_each].view(np.uint8).reshape(len(numbers), digits)
    text = np.empty((len(numbers), len(form)), dtype=np.uint8)
    text[:] = np.frombuffer(form.encode(), dtype=np.uint8)
    done = 0
    for places in re.finditer("#+", form):
        length = places.end() - places.start()
        text[:, places.start() : places.end()] = written[:, done : done + length]
        done += length
    return text
