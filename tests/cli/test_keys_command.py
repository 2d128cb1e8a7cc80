"""``sevenfold keys``: made once, shown once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from sevenfold.cli import front
from sevenfold.serving.authentication import Denied, Identity
from sevenfold.trust.key_file import KeyFile
from sevenfold.trust.keys import KeyRing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]


def test_the_key_is_the_last_line_and_nothing_keeps_it(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = [
        "--name",
        "gateway",
        "--scope",
        "decide",
        "--scope",
        "ingest",
        "--scope",
        "read",
        "--expires",
        "90d",
    ]
    assert front.run(["keys", "create", *words, "--home", str(home)]) == 0
    key = capsys.readouterr().out.splitlines()[-1]
    ring = KeyRing(KeyFile(home / "keys.json"))
    for scope in ("decide", "ingest", "read"):
        assert isinstance(ring.check(f"Bearer {key}", scope), Identity)
    assert isinstance(ring.check(f"Bearer {key}", "admin"), Denied)
    assert front.run(["keys", "list", "--home", str(home)]) == 0
    listed = capsys.readouterr().out
    assert key not in listed
    assert key.split("_")[1] in listed
    assert "decide ingest read" in listed


def test_list_rotate_and_revoke(sevenfold: Sevenfold, home: Path) -> None:
    assert sevenfold("keys", "list") == {"keys": []}
    first = sevenfold("keys", "create", "--name", "gateway", "--scope", "decide", "--per-second", "10")
    second = sevenfold("keys", "rotate", "gateway", "--overlap", "1h")
    assert second["before"] == [first["id"]]
    assert (second["per_second"], second["scopes"]) == (10.0, ["decide"])
    assert [key["state"] for key in sevenfold("keys", "list")["keys"]] == ["active", "active"]
    assert [key["id"] for key in sevenfold("keys", "revoke", first["id"])["revoked"]] == [first["id"]]
    listed = sevenfold("keys", "list")["keys"]
    assert {key["id"]: key["state"] for key in listed} == {first["id"]: "revoked", second["id"]: "active"}
    assert "key" not in listed[0]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["create", "--name", "a b", "--scope", "read"], "--name: expected letters, digits, dots"),
        (["create", "--name", "a", "--scope", "fly"], "Invalid value"),
        (["create", "--name", "a", "--scope", "read", "--expires", "soon"], "--expires: expected a positive"),
        (["create", "--name", "a", "--scope", "read", "--per-second", "-1"], "--per-second: expected more"),
        (["rotate", "nobody"], "expected the name or id of an active key, got 'nobody'"),
        (["revoke", "nobody"], "Active: none: `sevenfold keys create` makes one"),
    ],
)
def test_what_cannot_be_done_is_said(words: list[str], said: str, refused: Refused) -> None:
    assert said in refused("keys", *words)
