"""Tokens in the place of card numbers, by HMAC-SHA-256 under a secret of this installation.

A plain hash of a card number can be undone by trying all numbers: there are fewer than 10^16, and issuers
are known. With a key that the attacker lacks it cannot (PCI DSS 4.0, requirement 3.5.1.1). The key is
therefore as valuable as the numbers: it lies in a file that only its owner reads, or comes from the
environment, where a secret store puts it. Lose it, and the same cards get other tokens.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import secrets
from typing import TYPE_CHECKING

from sevenfold.data.durable import alone, replacing
from sevenfold.errors import Fault, StateError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["SECRET_VARIABLE", "Tokeniser"]

SECRET_VARIABLE = "SEVENFOLD_TOKEN_SECRET"  # noqa: S105  (the name of a variable)
"""The environment variable that may give the secret, in hexadecimal."""

_SECRET_BYTES = 32
_TOKEN_BYTES = 20
_PRIVATE = 0o600


class Tokeniser:
    """Makes tokens.

    Parameters
    ----------
    secret
        At least 32 bytes.

    Examples
    --------
    >>> tokeniser = Tokeniser(bytes(32))
    >>> tokeniser.token("4111 1111 1111 1111") == tokeniser.token("4111111111111111")
    True
    >>> tokeniser.token("4111111111111111")
    'tok_hlgoanxcj6uqucygbnlfkyq3gpbl2x4q'
    """

    def __init__(self, secret: bytes) -> None:
        if len(secret) < _SECRET_BYTES:
            raise StateError(
                "Card numbers can't be tokenised",
                [Fault("the secret", f"{_SECRET_BYTES} bytes or more", f"{len(secret)} bytes")],
            )
        self._keyed = hmac.new(secret, digestmod=hashlib.sha256)

    def token(self, number: str) -> str:
        """Return the token of a card number: 160 bits, the same however the number was written."""
        keyed = self._keyed.copy()
        keyed.update("".join(str(int(digit)) for digit in number if digit.isdecimal()).encode())
        return "tok_" + base64.b32encode(keyed.digest()[:_TOKEN_BYTES]).decode().lower()

    @classmethod
    def of(cls, path: Path, environment: Mapping[str, str] = os.environ) -> Tokeniser:
        """Make a tokeniser with the installation's secret, which is drawn the first time.

        Parameters
        ----------
        path
            The file of the secret; not touched where the environment gives it.
        environment
            Where `SECRET_VARIABLE` is looked up.

        Raises
        ------
        StateError
            The secret is no hexadecimal text, or too short.
        """
        given = environment.get(SECRET_VARIABLE)
        where = SECRET_VARIABLE
        if given is None:
            where = str(path)
            with alone(path.parent):
                if not path.exists():
                    with replacing(path) as unfinished:
                        unfinished.touch(_PRIVATE)
                        unfinished.write_text(secrets.token_hex(_SECRET_BYTES) + "\n")
                given = path.read_text()
        try:
            secret = bytes.fromhex(given.strip())
        except ValueError:
            fault = Fault(where, f"{_SECRET_BYTES} bytes in hexadecimal", "other text")
            raise StateError("Card numbers can't be tokenised", [fault]) from None
        return cls(secret)
