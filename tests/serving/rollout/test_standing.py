"""Where the models stand: a fold over changes, and what is possible from there."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import sevenfold as sf
from sevenfold.data.log import LogEntry
from sevenfold.errors import DesignError, UsageError
from sevenfold.serving.rollout.routing import Routing, place_of
from sevenfold.serving.rollout.standing import Standing

if TYPE_CHECKING:
    from sevenfold.serving.rollout.change import ModelChange


def _go(standing: Standing, action: Any, bundle: str | None = None, **more: Any) -> ModelChange:
    change = standing.next(action, bundle, who="ana", why="because", at_ms=7, **more)
    standing.take(change)
    return change


def test_promotions_and_rollbacks_move_the_champion_back_and_forth() -> None:
    standing = Standing("a")
    _go(standing, "promote", "b")
    _go(standing, "promote", "c")
    assert standing.champion() == "c"
    assert _go(standing, "rollback").bundle == "b"
    assert _go(standing, "rollback").bundle == "a"
    assert standing.champion() == "a"
    with pytest.raises(UsageError, match="expected a champion before this one, got none in the log"):
        _go(standing, "rollback")


def test_the_log_says_the_same_whatever_the_current_bundle_is_by_then() -> None:
    standing = Standing("a")
    changes = [_go(standing, "promote", "b"), _go(standing, "rollback")]
    entries = [
        LogEntry(i, one.event, one.key, one.time_ms, 0, one.body)
        for i, one in enumerate(change.entry() for change in changes)
    ]
    for initial in (None, "a", "b", "z"):
        assert Standing.of(initial, entries).champion() == "a"
        assert Standing.of(initial, entries[:1]).champion() == "b"


def test_a_segment_has_a_champion_of_its_own_and_goes_back_to_that_of_all() -> None:
    standing = Standing("a")
    _go(standing, "promote", "b", segment="shop")
    assert (standing.champion(), standing.champion("shop"), standing.champion("online")) == ("a", "b", "a")
    assert _go(standing, "rollback", segment="shop").bundle is None
    assert standing.champion("shop") == "a"


def test_a_trial_goes_through_its_stages_and_ends_with_the_promotion() -> None:
    standing = Standing("a")
    _go(standing, "shadow", "b")
    with pytest.raises(UsageError, match="b is on trial"):
        _go(standing, "shadow", "c")
    _go(standing, "canary", "b", share=0.05)
    assert [one.share for one in (standing.trial,) if one is not None] == [0.05]
    _go(standing, "promote", "b")
    assert standing.to_json()["challenger"] is None
    with pytest.raises(UsageError, match="expected a bundle on trial, got none"):
        _go(standing, "stop")


def test_all_that_stands_against_a_change_is_told() -> None:
    standing = Standing("a")
    with pytest.raises(UsageError) as caught:
        standing.next("canary", "a", who="ana", why=" ", at_ms=0, share=0.7)
    assert [fault.where for fault in caught.value.faults] == ["why", "challenger", "share"]


def test_a_share_is_sticky_and_grows_around_those_it_has() -> None:
    def challenged(share: float) -> set[int]:
        routing = Routing({}, challenger="b", share=share, entity_at=0, key=b"k" * 32)
        return {n for n in range(4000) if routing.arm((f"card{n}",)) == "b"}

    small, large = challenged(0.05), challenged(0.2)
    assert small < large
    assert len(small) == pytest.approx(200, abs=60)
    assert len(large) == pytest.approx(800, abs=120)
    assert challenged(0.05) == small
    assert place_of(b"k", "b", "card1") != place_of(b"other", "b", "card1")


def test_routing_by_segment_and_none_where_the_entity_is_missing() -> None:
    routing = Routing({}, 1, {"shop": "s"}, "b", 0.5, 0, b"k", segment="online")
    drawn = next(f"c{n}" for n in range(99) if place_of(b"k", "b", f"c{n}") < 0.5)
    assert routing.arm((drawn, "online")) == "b"
    assert routing.arm((drawn, "shop")) == "s"
    assert routing.arm((drawn, None)) is None
    assert routing.arm((None, "online")) is None
    assert routing.arms([(drawn, "shop"), (drawn, "online"), (None, None), (drawn, "shop")]) == {
        "s": [0, 3],
        "b": [1],
        None: [2],
    }


def test_a_declaration_that_cannot_be_lists_every_fault() -> None:
    with pytest.raises(DesignError) as caught:
        sf.Rollout(stages=("ab", "shadow"), canary_share=0.9, shadow_for="soon")
    assert [fault.where for fault in caught.value.faults] == [
        "rollout.stages",
        "rollout.canary_share",
        "rollout.shadow_for",
    ]
    with pytest.raises(DesignError, match=r"ab.metric: expected one of cost, missed, blocked"):
        sf.ABTest(metric="clicks")  # type: ignore[arg-type]
    with pytest.raises(DesignError, match=r"both fairness and group"):
        sf.Guardrails(fairness=0.1)
