"""The drift watcher on made streams: silence where nothing changes, a name where something does."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import pytest

from sevenfold.errors import StateError
from sevenfold.features.kernel.layout import NULL_INT
from sevenfold.learning.days import DAY_MS, Days
from sevenfold.monitoring.columns import Decisions, LabelEvents
from sevenfold.monitoring.drift import DriftWatcher
from sevenfold.monitoring.page import Page
from sevenfold.serving.record import DecisionRecord, Program

if TYPE_CHECKING:
    from sevenfold.monitoring.finding import Finding

ROWS, REFERENCE, LIVE, CHANGE = 600, 91, 110, 70
START = 20_000
NAMES = ("amount", "count", "idle", "hour", "weekend", "country")
PROGRAM = Program("Order", "plan", NAMES, ("count",), ("country",))


@cache
def table(seed: int = 1, change: str = "") -> pl.DataFrame:
    """Rows of a reference and of live days; noise of each day beside that of rows, weeks, and a pay day."""
    chance = np.random.default_rng(seed)
    days = np.repeat(np.arange(REFERENCE + LIVE), ROWS)
    count = len(days)
    noise = chance.normal(0, 0.05, REFERENCE + LIVE)[days]
    paid = np.where(days % 30 < 3, 0.2, 0.0)
    weekend = days % 7 > 4
    amount = np.exp(chance.normal(3, 1, count) + noise + paid + 0.5 * weekend)
    buys = chance.poisson(np.where(weekend, 3, 2), count)
    idle = np.where(chance.random(count) < 0.1, np.nan, chance.exponential(5, count))
    country = chance.choice(np.array(["NL", "DE", "FR", "BE"]), count, p=[0.5, 0.3, 0.15, 0.05])
    score = chance.beta(0.5, 30, count)
    fraud = chance.random(count) < score
    moved = (days >= REFERENCE + CHANGE) & (chance.random(count) < 0.3)
    if change == "amount":
        amount = np.where(moved, amount / 100, amount)
    elif change == "idle":
        idle = np.where(moved, np.nan, idle)
    elif change == "country":
        country = np.where(moved, "CA", country)
    elif change == "gone":
        country = np.where((country == "FR") & (days >= REFERENCE + CHANGE), "NL", country)
    elif change == "score":
        score = np.where(moved, np.minimum(score * 5 + 0.05, 0.9), score)
    elif change == "block":
        score = np.where(moved & (chance.random(count) < 0.05), 0.95, score)
    elif change == "labels":
        fraud = fraud | (moved & (chance.random(count) < 0.06))
    action = np.where(score > 0.12, "block", "approve")
    return pl.DataFrame(
        {"day": days, "amount": amount, "count": buys, "idle": idle, "hour": days * 0.0 + 12.0}
        | {"weekend": weekend * 1.0, "country": country, "score": score, "fraud": fraud, "action": action}
    )


def features(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.select(NAMES)


@cache
def reference(seed: int = 1) -> Days:
    rows = table(seed).filter(pl.col("day") < REFERENCE)
    return Days.of(features(rows), ((START + rows["day"]) * DAY_MS).to_numpy())


def decided(rows: pl.DataFrame, offset: int = 0, model: str = "m1") -> Decisions:
    count = rows.height
    words = np.zeros((count, len(NAMES)), np.int64)
    for place, name in enumerate(NAMES):
        if name == "count":
            words[:, place] = rows[name].fill_null(NULL_INT).to_numpy()
        elif name != "country":
            words[:, place] = rows[name].cast(pl.Float64).fill_null(np.nan).to_numpy().view(np.int64)
    times = ((START + rows["day"]) * DAY_MS).to_numpy() + np.arange(count) % ROWS * 1000
    actions = rows["action"].to_numpy().astype(np.str_)
    return Decisions(
        offsets=offset + np.arange(count) * 2 + 1,
        keys=[f"o{offset + number}" for number in range(count)],
        times_ms=times,
        decided_ms=times,
        actions=actions,
        would_be=actions,
        scores=rows["score"].to_numpy(),
        risk_scores=np.full(count, np.nan),
        models=[model] * count,
        policies=["p"] * count,
        control=np.full(count, np.nan),
        fallback=np.zeros(count, np.bool_),
        rules=[()] * count,
        events=pl.DataFrame(),
        words=words,
        program=PROGRAM,
        records=[
            DecisionRecord("Order", "p", b"", model, None, "p", "approve", (0, 0, 0, 0), texts=(value,))
            for value in rows["country"].to_list()
        ],
    )


def page(rows: pl.DataFrame, first: int = 0, model: str = "m1") -> Page:
    """One page; what is fraud is reported five days later, so its label follows decisions of that day."""
    made = decided(rows, first, model)
    fraud = np.flatnonzero((rows["fraud"] & (rows["action"] != "block")).to_numpy())
    after = np.searchsorted(made.decided_ms, made.decided_ms[fraud] + 5 * DAY_MS)
    fraud, after = fraud[after < len(made)], after[after < len(made)]
    labels = LabelEvents(
        made.offsets[after] + 1,
        [made.keys[place] for place in fraud.tolist()],
        np.ones(len(fraud), np.int8),
        made.decided_ms[after],
        ["Report"] * len(fraud),
        {},
    )
    return Page(first, int(made.offsets[-1]) + 2, int(made.decided_ms[-1]), made, labels, ())


def live(change: str = "", seed: int = 1) -> pl.DataFrame:
    return table(seed, change).filter(pl.col("day") >= REFERENCE)


def watched(change: str = "", seed: int = 1) -> list[Finding]:
    watcher = DriftWatcher(lambda _: reference(seed), 10)
    whole = page(live(change, seed))
    watcher.see(whole)
    return watcher.findings(whole.newest_ms)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_days_with_weeks_pay_days_and_noise_raise_nothing(seed: int) -> None:
    assert watched(seed=seed) == []


@pytest.mark.parametrize(
    ("change", "key", "within"),
    [
        ("amount", "drift:amount", 2),
        ("idle", "drift:idle", 2),
        ("country", "category:country new", 1),
        ("country", "drift:country", 2),
        ("gone", "category:country gone", 8),
        ("score", "share:score", 2),
        ("block", "share:block", 14),
        ("labels", "label_rate:labels", 20),
        ("labels", "concept:labels", 25),
    ],
)
def test_a_change_is_noticed_and_named(change: str, key: str, within: int) -> None:
    found = watched(change)
    begin = (START + REFERENCE + CHANGE) * DAY_MS
    assert all(one.at_ms > begin for one in found)
    first = next(one for one in found if one.key == key)
    assert first.firing
    assert first.at_ms - begin <= within * DAY_MS


def test_the_sentence_says_what_was_expected_and_what_was_there() -> None:
    by_key = {one.key: one for one in reversed(watched("idle"))}
    summary = by_key["drift:idle"].summary
    assert summary.startswith("idle: missing in 3")
    assert "of decisions, expected 10." in summary
    assert by_key["drift:idle"].values["psi"] > 0.1
    new = {one.key: one for one in watched("country")}["category:country new"]
    assert new.summary.startswith("country: 'CA' never seen in the reference, ")


def test_what_is_the_new_normal_clears() -> None:
    states = [one.firing for one in watched("amount") if one.key == "drift:amount"]
    assert states == [True, False] or states[-2:] == [True, False]


@pytest.mark.parametrize("cuts", [[20_001], [600, 1200, 30_000, 30_001], [45_123, 50_000]])
def test_pages_and_restarts_change_nothing(cuts: list[int]) -> None:
    whole = page(live("labels"))
    at_once = DriftWatcher(lambda _: reference(), 10)
    at_once.see(whole)
    expected = at_once.findings(whole.newest_ms)
    assert expected
    watcher, found = DriftWatcher(lambda _: reference(), 10), []
    for low, high in zip([0, *cuts], [*cuts, len(whole.decisions)], strict=True):
        watcher.see(part(whole, low, high))
        found += watcher.findings(0)
        kept = watcher.state()
        watcher = DriftWatcher(lambda _: reference(), 10)
        watcher.restore(kept)
        assert watcher.state() == kept
    assert found == expected
    assert watcher.state() == at_once.state()


def part(whole: Page, low: int, high: int) -> Page:
    cut, made, told = slice(low, high), whole.decisions, whole.labels
    fields = {
        name: getattr(made, name)[cut]
        for name in made.__dataclass_fields__
        if name not in ("program", "events")
    }
    first = 0 if low == 0 else made.offsets[low]
    stop = made.offsets[high] if high < len(made) else 1 << 60
    rows = (told.offsets >= first) & (told.offsets < stop)
    labels = replace(
        told,
        offsets=told.offsets[rows],
        keys=[key for key, mine in zip(told.keys, rows, strict=True) if mine],
        values=told.values[rows],
        known_ms=told.known_ms[rows],
        sources=["Report"] * int(rows.sum()),
    )
    return replace(whole, decisions=replace(made, **fields), labels=labels)


@pytest.mark.parametrize("what", ["missing", "one value", "infinite"])
def test_hostile_features_are_noticed_and_break_nothing(what: str) -> None:
    value = {"missing": None, "one value": 5.0, "infinite": float("inf")}[what]
    late = pl.col("day") >= REFERENCE + CHANGE
    rows = live().with_columns(
        pl.when(late).then(pl.lit(value)).otherwise(pl.col("amount")).alias("amount"),
        pl.when(late).then(pl.lit(float("nan"))).otherwise(pl.col("score")).alias("score"),
    )
    watcher = DriftWatcher(lambda _: reference(), 10)
    watcher.see(page(rows))
    found = {one.key for one in watcher.findings(0)}
    assert {"drift:amount", "share:score"} <= found


def test_a_feature_that_was_always_the_same_raises_nothing_while_it_is() -> None:
    assert "drift:hour" not in {one.key for one in watched("amount")}


def test_a_flood_of_unseen_values_stays_small() -> None:
    rows = live().head(60 * ROWS)
    flood = rows.with_columns(country=pl.Series([f"x{n}" * 50 for n in range(rows.height)]))
    watcher = DriftWatcher(lambda _: reference(), 10)
    watcher.see(page(rows.head(ROWS)))
    quiet = len(watcher.state())
    for number in range(3):
        watcher.see(page(flood, 1_000_000 * (number + 1)))
    assert len(watcher.state()) < quiet + 5_000_000
    assert "drift:country" in {one.key for one in watcher.findings(0)}


def test_another_model_begins_anew() -> None:
    rows = live("amount")
    first, second = rows.filter(pl.col("day") < REFERENCE + 80), rows.filter(pl.col("day") >= REFERENCE + 80)
    watcher = DriftWatcher(lambda model: reference() if model == "m1" else None, 10)
    watcher.see(page(first))
    assert [one.firing for one in watcher.findings(0) if one.key == "drift:amount"] == [True]
    watcher.see(page(second, 1_000_000, "m2"))
    cleared = [one for one in watcher.findings(0) if one.key == "drift:amount"]
    assert [one.summary for one in cleared] == ["The model m2 decides now"]
    assert watcher.model == "m2"
    assert watcher.distances().height == 0


def test_distances_to_the_training_are_given_for_every_feature() -> None:
    watcher = DriftWatcher(lambda _: reference(), None)
    watcher.see(page(live("amount")))
    found = watcher.distances()
    assert found["feature"].to_list() == list(NAMES)
    by_name = dict(found.select("feature", "psi").iter_rows())
    assert by_name["amount"] > 0.25 > 0.05 > by_name["idle"]


@pytest.mark.parametrize(
    ("state", "said"), [(b"\x00\xff", "can't be read"), (b"\x80", "is of version None, not 1")]
)
def test_damaged_state_is_refused(state: bytes, said: str) -> None:
    with pytest.raises(StateError, match=said):
        DriftWatcher(lambda _: None, 10).restore(state)


def test_the_state_of_another_design_is_refused() -> None:
    watcher = DriftWatcher(lambda _: reference(), 10)
    watcher.see(page(live().head(ROWS)))
    with pytest.raises(StateError, match="of another design or reference"):
        DriftWatcher(lambda _: reference(), None).restore(watcher.state())
