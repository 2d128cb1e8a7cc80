"""Snapshots and packed entities: whole or refused, of this design or refused, at home in any other state."""

from __future__ import annotations

import pytest
from designs import account_features, wide_features
from implementations import bits
from random_logs import dense_log
from sample_events import Payment, Transfer
from test_state import engine_of, observe, packed, payment

import sevenfold as sf
from sevenfold.errors import StateError, UsageError
from sevenfold.features.engine import FeatureEngine
from sevenfold.features.snapshot import load_snapshot

pytestmark = pytest.mark.oracle
p = Payment


def loaded(engine: FeatureEngine, path) -> FeatureEngine:
    state = load_snapshot(path, engine.plan)
    return FeatureEngine(
        engine.plan, {t.event.__name__: t.event for t in engine._takers.values()}, state, engine.lateness
    )


@pytest.fixture(scope="module")
def snapshot(tmp_path_factory: pytest.TempPathFactory):
    """An engine with something in it, and its snapshot."""
    engine = engine_of(wide_features(), 600_000)
    observe(engine, dense_log(Payment, 51, 100, 0.2))
    path = tmp_path_factory.mktemp("state") / "wide.state"
    engine.snapshot(path, note={"offset": 100})
    return engine, path


def test_a_snapshot_holds_everything(snapshot) -> None:
    engine, path = snapshot
    other = loaded(engine, path)
    assert packed(other) == packed(engine)
    assert other.stats().events == engine.stats().events
    assert other.stats().live_events == engine.stats().live_events
    log = dense_log(Payment, 52, 60, 0.2)
    assert bits(observe(other, log)) == bits(observe(loaded(engine, path), log))


def test_the_same_state_gives_the_same_snapshot(snapshot, tmp_path) -> None:
    engine, path = snapshot
    engine.snapshot(tmp_path / "again.state", note={"offset": 100})
    assert (tmp_path / "again.state").read_bytes() == path.read_bytes()
    loaded(engine, path).snapshot(tmp_path / "loaded.state", note={"offset": 100})
    assert (tmp_path / "loaded.state").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("share", [0.0, 0.001, 0.1, 0.5, 0.999])
def test_a_snapshot_that_is_cut_short_or_changed_is_refused(snapshot, tmp_path, share: float) -> None:
    engine, path = snapshot
    content = path.read_bytes()
    at = int(share * (len(content) - 1))
    for damaged in (
        content[:at],
        content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :],
        content + b"\0",
    ):
        broken = tmp_path / "broken.state"
        broken.write_bytes(damaged)
        with pytest.raises(StateError) as caught:
            load_snapshot(broken, engine.plan)
        assert str(caught.value) == (
            "The snapshot is damaged\n"
            f"  - {broken}: expected a snapshot as it was written, "
            f"got {len(damaged)} bytes that differ from it"
        )


def test_a_snapshot_of_other_features_is_refused(snapshot) -> None:
    engine, path = snapshot
    other = engine_of(sf.features(n=p.count().by(p.card).over("1h")))
    with pytest.raises(StateError) as caught:
        load_snapshot(path, other.plan)
    assert str(caught.value) == (
        f"The snapshot is of another design\n  - {path}: expected plan {other.plan.fingerprint}, "
        f"got {engine.plan.fingerprint}. Features of the design have changed since: fold the log anew"
    )


def test_a_snapshot_that_cannot_be_read_or_written_is_said_so(snapshot, tmp_path) -> None:
    engine, _ = snapshot
    with pytest.raises(StateError, match="cannot be read: No such file or directory"):
        load_snapshot(tmp_path / "none.state", engine.plan)
    with pytest.raises(StateError, match="cannot be read: Is a directory"):
        load_snapshot(tmp_path, engine.plan)


def test_a_snapshot_that_fails_leaves_the_one_before(snapshot, tmp_path) -> None:
    engine, path = snapshot
    kept = tmp_path / "kept.state"
    kept.write_bytes(path.read_bytes())
    with pytest.raises(TypeError):
        engine.snapshot(kept, note={"offset": object()})
    assert kept.read_bytes() == path.read_bytes()
    assert list(tmp_path.iterdir()) == [kept]


# Entities.


@pytest.mark.parametrize(("features", "on"), [(wide_features, Payment), (account_features, Transfer)])
def test_every_entity_packs_to_the_same_bytes_wherever_it_was(features, on) -> None:
    engine, other = engine_of(features()), engine_of(features())
    observe(engine, dense_log(on, 53, 150, 0.3))
    before = packed(engine)
    for content in before.values():
        other.unpack(content)
    assert packed(other) == before
    # Once more into what is there already: it takes its place.
    for content in before.values():
        other.unpack(content)
    assert packed(other) == before


EXTREMES = {
    "tiny": {"score": 5e-324, "items": 1, "amount": 1},
    "plain": {"score": 0.1, "items": 7, "amount": 1999},
    "huge": {"score": -1.7e308, "items": 2**62, "amount": 10**15},
    "mixed": {"score": 1e-300, "items": -(2**62), "amount": -(10**15)},
}


@pytest.mark.parametrize("own", EXTREMES)
@pytest.mark.parametrize("others", EXTREMES)
def test_an_entity_moves_into_a_state_that_has_seen_larger_or_smaller_values(own: str, others: str) -> None:
    """Totals are as wide as a state's values needed; those that come along are brought to one width."""
    features = sf.features(
        total=p.score.sum().by(p.card).over("1h", "all"),
        std=p.score.std().by(p.card).over("1h"),
        items=p.items.sum().by(p.card).over("1h", "all"),
        items_std=p.items.std().by(p.card).over("all"),
        amount=p.amount.mean().by(p.card).over("1h"),
        first=p.score.first().by(p.card).over("all"),
        different=p.score.n_unique().by(p.card).over("1h"),
    )
    source, target = engine_of(features), engine_of(features)
    mine = [payment(number, "mine", number, **EXTREMES[own]) for number in range(5)]
    theirs = [payment(number, "theirs", number, **EXTREMES[others]) for number in range(5)]
    observe(source, mine)
    observe(target, theirs)
    target.unpack(source.pack("card", entity="mine"))
    later = [payment(5, "mine", 5, **EXTREMES["plain"]), payment(6, "mine", 6, **EXTREMES[others])]
    assert bits(observe(target, later)) == bits(observe(source, later))
    twin = engine_of(features)
    observe(twin, theirs)
    assert bits(observe(target, [payment(7, "theirs", 7)])) == bits(observe(twin, [payment(7, "theirs", 7)]))


def test_texts_go_along_with_the_entity_that_holds_them() -> None:
    features = sf.features(
        country=p.country.last().by(p.card).over("all"), device=p.device.last().by(p.card).over("all")
    )
    source, target = engine_of(features), engine_of(features)
    observe(source, [payment(0, "a", country="DE", device="d1"), payment(0, "b", country="FR", device="d2")])
    target.unpack(source.pack("card", entity="a"))
    assert set(target.state.texts.values()) == {"DE", "d1"}
    assert observe(target, [payment(1, "a", country=None, device=None)]) == [
        {"country_all": "DE", "device_all": "d1"}
    ]


def test_a_packed_entity_that_is_changed_is_refused() -> None:
    engine = engine_of(sf.features(n=p.count().by(p.card).over("1h")))
    observe(engine, [payment(0, "a")])
    content = engine.pack("card", entity="a")
    assert content is not None
    for at in range(0, len(content), 5):
        damaged = content[:at] + bytes([content[at] ^ 0x10]) + content[at + 1 :]
        for bad in (damaged, content[:at]):
            with pytest.raises(
                StateError, match="A packed entity is damaged\n  - entity: expected its bytes"
            ):
                engine.unpack(bad)
    assert observe(engine, [payment(1, "a")]) == [{"n_1h": 2}]


def test_a_packed_entity_of_other_features_is_refused() -> None:
    engine = engine_of(sf.features(n=p.count().by(p.card).over("1h")))
    other = engine_of(sf.features(n=p.count().by(p.card).over("2h")))
    observe(engine, [payment(0, "a")])
    with pytest.raises(StateError) as caught:
        other.unpack(engine.pack("card", entity="a"))
    assert str(caught.value) == (
        "A packed entity is of another design\n"
        f"  - entity: expected version 1 of plan {other.plan.fingerprint}, "
        f"got version 1 of plan {engine.plan.fingerprint}"
    )


def test_an_entity_of_a_type_that_nothing_is_kept_by() -> None:
    engine = engine_of(wide_features())
    assert engine.pack("card", entity="never seen") is None
    with pytest.raises(UsageError) as caught:
        engine.pack("shop", entity="a")
    assert str(caught.value) == (
        "No feature is kept by this\n"
        "  - entity type: expected one of card, merchant, device, card × merchant, account, got shop"
    )
