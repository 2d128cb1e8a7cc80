"""Keys: what is kept of them, what they open, and how they end."""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from sevenfold.errors import StateError, UsageError
from sevenfold.serving.authentication import Denied, Identity, Open
from sevenfold.trust import keys as keys_module
from sevenfold.trust.key_file import KeyFile
from sevenfold.trust.keys import KeyRing, issue

if TYPE_CHECKING:
    from pathlib import Path


@dataclass
class Clock:
    now: float = 1_700_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def file(tmp_path: Path, clock: Clock) -> KeyFile:
    return KeyFile(tmp_path / "home" / "keys.json", clock)


@pytest.fixture
def ring(file: KeyFile, clock: Clock, monkeypatch: pytest.MonkeyPatch) -> KeyRing:
    """A ring that looks at its file with every check."""
    monkeypatch.setattr(keys_module, "_LOOK_AGAIN_S", 0.0)
    return KeyRing(file, clock)


def bearer(key: str) -> str:
    return f"Bearer {key}"


def denied(answer: Identity | Denied) -> tuple[int, str]:
    assert isinstance(answer, Denied)
    return answer.status, answer.reason


def test_a_key_has_256_random_bits_and_only_its_digest_is_kept(file: KeyFile) -> None:
    key, record = file.create("gateway", ["decide", "ingest"])
    assert re.fullmatch(r"sf_[a-z2-7]{8}_[A-Za-z0-9_-]{43}", key)
    stored = file.path.read_text()
    assert key not in stored
    assert key.split("_", 2)[2] not in stored
    assert record.digest == hashlib.sha256(key.encode()).hexdigest()
    assert json.loads(stored)[0]["digest"] == record.digest
    assert file.path.stat().st_mode & 0o777 == 0o600
    assert len({issue("k", ["read"], now=0)[0] for _ in range(200)}) == 200


def test_a_good_key_is_known_by_its_name(file: KeyFile, ring: KeyRing) -> None:
    key, record = file.create("gateway", ["decide"], per_second=50)
    assert ring.check(bearer(key), "decide") == Identity(record.id, "gateway", 50)
    assert ring.check(f"bearer {key}", "decide") == Identity(record.id, "gateway", 50)
    assert len(ring) == 1


def test_each_way_of_being_no_key(file: KeyFile, ring: KeyRing) -> None:
    key, record = file.create("gateway", ["decide"])
    wrong = key[:-1] + ("A" if key[-1] != "A" else "B")
    unknown, _ = issue("other", ["decide"], now=0)
    for header, reason in [
        (None, "missing"),
        ("", "malformed"),
        (key, "malformed"),
        (f"Basic {key}", "malformed"),
        (f"Bearer  {key}", "malformed"),
        (f"Bearer {key} ", "malformed"),
        (f"Bearer {key}x", "malformed"),
        ("Bearer " + "a" * 100_000, "malformed"),
        ("Bearer sf_" + "\u0661" * 8 + "_" + "a" * 43, "malformed"),
        (bearer(wrong), "unknown"),
        (bearer(unknown), "unknown"),
    ]:
        answer = ring.check(header, "decide")
        assert denied(answer) == (401, reason)
        assert isinstance(answer, Denied)
        assert key[12:] not in answer.detail
    assert record.id not in str(ring.check(bearer(wrong), "decide"))


def test_a_key_opens_what_it_is_for(file: KeyFile, ring: KeyRing) -> None:
    reader, _ = file.create("reader", ["read"])
    boss, _ = file.create("boss", ["admin"])
    answer = ring.check(bearer(reader), "decide")
    assert denied(answer) == (403, "scope")
    assert isinstance(answer, Denied)
    assert "is good for read; this takes the scope decide." in answer.detail
    for scope in ("decide", "ingest", "read", "admin"):
        assert isinstance(ring.check(bearer(boss), scope), Identity)
    assert isinstance(Open().check(None, "admin"), Identity)


def test_keys_expire(file: KeyFile, ring: KeyRing, clock: Clock) -> None:
    key, _ = file.create("gateway", ["decide"], lasts=60)
    clock.now += 59.9
    assert isinstance(ring.check(bearer(key), "decide"), Identity)
    clock.now += 0.1
    assert denied(ring.check(bearer(key), "decide")) == (401, "expired")
    assert len(ring) == 0


def test_rotation_overlaps(file: KeyFile, ring: KeyRing, clock: Clock) -> None:
    first, old = file.create("gateway", ["decide", "read"], lasts=1000, per_second=5)
    clock.now += 100
    second, new, before = file.rotate("gateway", overlap=60)
    assert (new.scopes, new.per_second, new.expires) == (("decide", "read"), 5, clock.now + 1000)
    assert [key.id for key in before] == [old.id]
    assert all(isinstance(ring.check(bearer(key), "decide"), Identity) for key in (first, second))
    clock.now += 60
    assert denied(ring.check(bearer(first), "decide")) == (401, "expired")
    assert isinstance(ring.check(bearer(second), "decide"), Identity)


def test_rotation_never_makes_an_old_key_last_longer(file: KeyFile, clock: Clock) -> None:
    file.create("gateway", ["decide"], lasts=10)
    *_, before = file.rotate("gateway", overlap=3600)
    assert before[0].expires == clock.now + 10


def test_revoking_ends_a_key_at_once(file: KeyFile, ring: KeyRing) -> None:
    first, old = file.create("gateway", ["decide"])
    second, _, _ = file.rotate(old.id, overlap=3600)
    assert [key.id for key in file.revoke(old.id)] == [old.id]
    assert denied(ring.check(bearer(first), "decide")) == (401, "revoked")
    assert isinstance(ring.check(bearer(second), "decide"), Identity)
    file.revoke("gateway")
    assert denied(ring.check(bearer(second), "decide")) == (401, "revoked")


def test_a_running_service_knows_a_new_key_at_once(file: KeyFile, clock: Clock) -> None:
    ring = KeyRing(file, clock)
    key, _ = file.create("gateway", ["decide"])
    other, _ = file.create("another", ["decide"])
    assert isinstance(ring.check(bearer(key), "decide"), Identity)
    assert isinstance(ring.check(bearer(other), "decide"), Identity)
    assert denied(ring.check(bearer(key[:-1] + ("a" if key[-1] != "a" else "b")), "decide")) == (
        401,
        "unknown",
    )


def test_a_name_has_one_key_unless_it_is_rotated(file: KeyFile) -> None:
    file.create("gateway", ["decide"])
    with pytest.raises(UsageError, match="`sevenfold keys rotate gateway` makes the next"):
        file.create("gateway", ["read"])
    file.revoke("gateway")
    file.create("gateway", ["read"])


def test_what_cannot_be_made_says_why(file: KeyFile) -> None:
    with pytest.raises(UsageError) as caught:
        file.create("no spaces", [], lasts=-1, per_second=0)
    assert [fault.where for fault in caught.value.faults] == [
        "--name",
        "--scope",
        "--expires",
        "--per-second",
    ]
    with pytest.raises(UsageError, match="expected the name or id of an active key, got 'nobody'"):
        file.revoke("nobody")
    with pytest.raises(UsageError, match="--overlap: expected a time from now"):
        file.rotate("nobody", overlap=-1)


def test_a_damaged_file_lets_nobody_in(file: KeyFile, ring: KeyRing) -> None:
    key, _ = file.create("gateway", ["decide"])
    assert isinstance(ring.check(bearer(key), "decide"), Identity)
    file.path.write_text('[{"id": 7}]')
    with pytest.raises(StateError, match="The file of keys is damaged"):
        ring.check(bearer(key), "decide")
