"""Who is in the control group: a draw that anyone with the key can repeat."""

from __future__ import annotations

import secrets
from hashlib import blake2b
from typing import TYPE_CHECKING

from sevenfold.data.durable import alone, replacing

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["KEY_BYTES", "control_key", "draw"]

KEY_BYTES = 32


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


def control_key(path: Path) -> bytes:
    """The key of a home folder, made where there is none; only its owner can read it."""
    with alone(path.parent):
        if not path.exists():
            with replacing(path) as unfinished:
                unfinished.touch(mode=0o600)
                unfinished.write_bytes(secrets.token_bytes(KEY_BYTES))
    return path.read_bytes()
