"""Texts as integers: entities and categories reach the kernel as 64-bit hashes.

A hash needs no dictionary, so the state of one entity means the same in another process. Two different texts
are taken for one with a probability of about 2 ** -64 a pair.
"""

from __future__ import annotations

from hashlib import blake2b

__all__ = ["text_code"]

_NULL = -(2**63)


def text_code(text: str) -> int:
    """The signed 64-bit BLAKE2b hash of a text; never the word that stands for null."""
    code = int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)
    return code if code != _NULL else 1
