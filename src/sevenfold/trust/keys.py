"""API keys: 256 random bits, of which only a digest is kept.

A key reads ``sf_<id>_<secret>``. The id is public: it finds the record, and logs show it. The secret is 32
bytes of the system's randomness; what is stored is the SHA-256 digest of the whole key. A slow hash protects
what people choose and others guess; nobody guesses 256 bits, and its cost would be paid with every request.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from typing import TYPE_CHECKING

import msgspec

from sevenfold.errors import Fault, UsageError
from sevenfold.serving.authentication import SCOPES, Denied, Identity, Scope

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.trust.key_file import KeyFile

__all__ = ["Key", "KeyRing", "digest", "issue"]

_ID_BYTES, _SECRET_BYTES = 5, 32
_KEY = re.compile(r"sf_([a-z2-7]{8})_[A-Za-z0-9_-]{43}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,62}")
_LOOK_AGAIN_S = 1.0
"""How soon a running service notices a key that was made or revoked."""
_LONGEST_HEADER = 200
_MOST_PER_SECOND = 1e6


class Key(msgspec.Struct, frozen=True, omit_defaults=True, forbid_unknown_fields=True):
    """What is kept of a key.

    Attributes
    ----------
    id
        Its public part.
    name
        What its owner calls it; several keys may share a name while one takes over from another.
    digest
        SHA-256 of the whole key, in hexadecimal.
    scopes
        What it is good for.
    created
        When it was made, in epoch seconds.
    expires
        From when on it is good for nothing, in epoch seconds; ``None`` for never.
    revoked
        When it was taken back, in epoch seconds.
    per_second
        How many payments a second it may send; ``None`` for as many as there is room for.
    """

    id: str
    name: str
    digest: str
    scopes: tuple[Scope, ...]
    created: float
    expires: float | None = None
    revoked: float | None = None
    per_second: float | None = None

    def state(self, now: float) -> str:
        """Tell in a word whether it is good: ``active``, ``expired`` or ``revoked``."""
        if self.revoked is not None:
            return "revoked"
        return "expired" if self.expires is not None and now >= self.expires else "active"


def digest(key: str) -> str:
    """Return what is stored of a key."""
    return hashlib.sha256(key.encode()).hexdigest()


def issue(
    name: str,
    scopes: Sequence[Scope],
    *,
    now: float,
    lasts: float | None = None,
    per_second: float | None = None,
) -> tuple[str, Key]:
    """Make a key.

    Parameters
    ----------
    name
        Letters, digits, dots, dashes and underscores.
    scopes
        What it is good for; at least one.
    now
        In epoch seconds.
    lasts
        Seconds until it expires; ``None`` for ever.
    per_second
        Its rate limit.

    Returns
    -------
    The key itself, which is to be shown once and kept nowhere, and its record.

    Raises
    ------
    UsageError
        With everything that is wrong.
    """
    faults = []
    if not _NAME.fullmatch(name):
        faults.append(
            Fault("--name", "letters, digits, dots, dashes and underscores, 63 at most", repr(name))
        )
    if not scopes:
        faults.append(Fault("--scope", f"at least one of {', '.join(SCOPES)}", "none"))
    faults += [
        Fault("--scope", f"one of {', '.join(SCOPES)}", repr(scope))
        for scope in scopes
        if scope not in SCOPES
    ]
    if lasts is not None and not lasts > 0:
        faults.append(Fault("--expires", "a time from now", f"{lasts:g} s"))
    if per_second is not None and not 0 < per_second <= _MOST_PER_SECOND:
        faults.append(
            Fault("--per-second", f"more than 0 and at most {_MOST_PER_SECOND:,.0f}", f"{per_second:g}")
        )
    if faults:
        raise UsageError("This key cannot be made.", faults)
    id_ = secrets.token_bytes(_ID_BYTES)
    public = _base32(id_)
    key = f"sf_{public}_{secrets.token_urlsafe(_SECRET_BYTES)}"
    expires = None if lasts is None else now + lasts
    kept = tuple(scope for scope in SCOPES if scope in scopes)
    return key, Key(public, name, digest(key), kept, now, expires, per_second=per_second)


def _base32(raw: bytes) -> str:
    import base64

    return base64.b32encode(raw).decode().lower().rstrip("=")


class KeyRing:
    """Checks keys against a file of records, which it reads anew when it changes.

    Parameters
    ----------
    file
        Where the records are.
    clock
        Epoch seconds.
    """

    def __init__(self, file: KeyFile, clock: Callable[[], float] = time.time) -> None:
        self._file, self._clock = file, clock
        self._keys: dict[str, Key] = {}
        self._version: object = None
        self._look_at = 0.0
        self._look()

    def __len__(self) -> int:
        return sum(key.state(self._clock()) == "active" for key in self._keys.values())

    def check(self, header: str | None, scope: Scope) -> Identity | Denied:
        """Check the value of an ``Authorization`` header.

        It takes the same time whether a key is unknown or has another secret.

        Raises
        ------
        StateError
            The file of keys was damaged meanwhile: then nobody comes in.
        """
        if time.monotonic() >= self._look_at:
            self._look()
        if header is None:
            return _MISSING
        scheme, _, given = header.partition(" ")
        matched = _KEY.fullmatch(given) if len(header) <= _LONGEST_HEADER else None
        if matched is None or scheme.lower() != "bearer":
            return _MALFORMED
        key = self._known(matched[1], given)
        if key is None:
            self._look()  # it may have been made a moment ago
            key = self._known(matched[1], given)
        if key is None:
            return _UNKNOWN
        state = key.state(self._clock())
        if state != "active":
            return _EXPIRED if state == "expired" else _REVOKED
        if scope not in key.scopes and "admin" not in key.scopes:
            held = ", ".join(key.scopes)
            return Denied(403, "scope", f"The key {key.id} is good for {held}; this takes the scope {scope}.")
        return Identity(key.id, key.name, key.per_second)

    def _known(self, identifier: str, given: str) -> Key | None:
        # Compared as digests, and with one that matches nothing where the id is unknown.
        key = self._keys.get(identifier, _NONE)
        return key if hmac.compare_digest(digest(given), key.digest) else None

    def _look(self) -> None:
        self._look_at = time.monotonic() + _LOOK_AGAIN_S
        version = self._file.version()
        if version != self._version:
            self._keys = {key.id: key for key in self._file.read()}
            self._version = version


_NONE = Key("", "", "0" * 64, (), 0.0)
_HOW = "Send it as: Authorization: Bearer KEY. `sevenfold keys create` makes one."
_MISSING = Denied(401, "missing", f"A key is needed. {_HOW}")
_MALFORMED = Denied(401, "malformed", f"That is no key of this service. {_HOW}")
_UNKNOWN = Denied(401, "unknown", "This key is not known here.")
_EXPIRED = Denied(401, "expired", "This key has expired. `sevenfold keys rotate` makes the next one.")
_REVOKED = Denied(401, "revoked", "This key was revoked.")
