"""A webhook: changes of alerts as signed JSON, by the Standard Webhooks specification.

The signature is HMAC-SHA-256 over ``id.timestamp.body`` (Standard Webhooks 1.0.0, "Verifying webhook
authenticity"), so that any of that specification's libraries can check it; `signed` and `verified` are both
sides of it.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["key_of", "post", "signed", "verified"]

_PREFIX = "whsec_"
_LEAST_BYTES = 16
_TIMEOUT_S = 10.0
_TOLERANCE_S = 300
_ANSWER_BYTES = 65_536


def key_of(variable: str, environment: Mapping[str, str]) -> bytes:
    """Read a webhook's key: text, or base64 behind ``whsec_``.

    Raises
    ------
    UsageError
        There is none, or it is too short.
    """
    text = environment.get(variable, "")
    key = text.encode()
    if text.startswith(_PREFIX):
        try:
            key = base64.b64decode(text.removeprefix(_PREFIX), validate=True)
        except binascii.Error:
            key = b""
    if len(key) < _LEAST_BYTES:
        hint = "openssl rand -base64 32 makes one"
        got = f"{len(key)} bytes" if text else "nothing"
        fault = Fault(variable, f"a key of {_LEAST_BYTES} bytes or more in the environment", got, hint)
        raise UsageError("A webhook has no key to sign with.", [fault])
    return key


def signed(key: bytes, delivery: str, body: bytes, now_s: int) -> dict[str, str]:
    """Return the headers of a delivery.

    Examples
    --------
    >>> headers = signed(b"k" * 16, "d-1", b"{}", 1_700_000_000)
    >>> verified(b"k" * 16, headers, b"{}", 1_700_000_100)
    True
    >>> verified(b"k" * 16, headers, b"{ }", 1_700_000_100)
    False
    >>> verified(b"k" * 16, headers, b"{}", 1_700_001_000)
    False
    """
    return {
        "content-type": "application/json",
        "user-agent": "sevenfold",
        "webhook-id": delivery,
        "webhook-timestamp": str(now_s),
        "webhook-signature": f"v1,{_signature(key, delivery, str(now_s), body)}",
    }


def verified(key: bytes, headers: Mapping[str, Any], body: bytes, now_s: int) -> bool:
    """Whether a delivery is genuine and no older than five minutes; what a receiver asks."""
    delivery, timestamp = str(headers.get("webhook-id")), str(headers.get("webhook-timestamp"))
    if not timestamp.isdecimal() or abs(now_s - int(timestamp)) > _TOLERANCE_S:
        return False
    given = str(headers.get("webhook-signature", ""))
    return hmac.compare_digest(given, f"v1,{_signature(key, delivery, timestamp, body)}")


def _signature(key: bytes, delivery: str, timestamp: str, body: bytes) -> str:
    digest = hmac.new(key, f"{delivery}.{timestamp}.".encode() + body, hashlib.sha256).digest()
    return base64.b64encode(digest).decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """Signed bodies go where the design says, and nowhere else."""

    def redirect_request(self, *_: object, **__: object) -> None:
        """Follow nothing."""


def post(url: str, headers: Mapping[str, str], body: bytes) -> str:
    """Send a delivery; returns what is wrong, or nothing where the target took it (2xx)."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - see Webhook
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=_TIMEOUT_S) as answer:
            answer.read(_ANSWER_BYTES)
    except urllib.error.HTTPError as error:
        error.close()
        return f"HTTP {error.code}"
    except (OSError, ValueError) as error:  # HTTPException is no OSError, but urllib makes URLErrors of them
        return f"{type(error).__name__}: {error}"[:200]
    return ""
