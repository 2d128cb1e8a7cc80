"""State as bytes: MessagePack, with arrays as their type, shape and content."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np

from sevenfold.errors import StateError

__all__ = ["pack", "unpack"]

_ARRAY = "*array"
_TYPES = frozenset({"<i8", "<u8", "<f8", "|b1"})


def pack(state: dict[str, Any]) -> bytes:
    """Write plain data and arrays as bytes."""
    return msgspec.msgpack.encode(_plain(state))


def unpack(content: bytes, what: str) -> dict[str, Any]:
    """Read what `pack` wrote.

    Raises
    ------
    StateError
        It is damaged.
    """
    try:
        state = _whole(msgspec.msgpack.decode(content))
    except (msgspec.DecodeError, ValueError, TypeError, KeyError) as error:
        raise StateError(f"The state of {what} can't be read: {error}") from error
    if not isinstance(state, dict):
        raise StateError(f"The state of {what} can't be read: expected a mapping, got {type(state).__name__}")
    return state


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return {_ARRAY: [value.dtype.str, list(value.shape), value.tobytes()]}
    if isinstance(value, dict):
        return {key: _plain(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_plain(one) for one in value]
    return value


def _whole(value: Any) -> Any:
    if isinstance(value, dict):
        if _ARRAY in value:
            kind, shape, content = value[_ARRAY]
            if kind not in _TYPES:
                raise ValueError(f"an array of {kind!r}")
            return np.frombuffer(content, kind).reshape(shape)
        return {key: _whole(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_whole(one) for one in value]
    return value
