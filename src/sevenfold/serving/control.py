"""Who is in the control group: a draw that anyone with the key can repeat."""

from __future__ import annotations

from hashlib import blake2b

__all__ = ["draw"]


def draw(key: bytes, event_id: str) -> float:
    """A number from 0 to 1, the same for the same key and event, and not to be foretold without the key.

    The first 53 bits of a keyed BLAKE2b hash (RFC 7693): all that a double holds.

    Examples
    --------
    >>> draw(b"k" * 32, "p1") == draw(b"k" * 32, "p1") != draw(b"k" * 32, "p2")
    True
    """
    digest = blake2b(event_id.encode(), key=key, digest_size=8).digest()
    return (int.from_bytes(digest, "big") >> 11) / float(1 << 53)
