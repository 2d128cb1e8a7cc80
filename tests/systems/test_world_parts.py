"""The small parts that the world stands on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.systems.fraud.world.chance import locate, mix, pick, stream, unit
from sevenfold.systems.fraud.world.clock import DAY
from sevenfold.systems.fraud.world.merchants import Merchants
from sevenfold.systems.fraud.world.patterns import PATTERNS
from sevenfold.systems.fraud.world.patterns.attack import Attacks
from sevenfold.systems.fraud.world.people import People
from sevenfold.systems.fraud.world.plan import Plan
from sevenfold.systems.fraud.world.prices import rounded
from sevenfold.systems.fraud.world.tokens import Tokens
from sevenfold.systems.fraud.world.underworld import apportion


@given(st.integers(8, 64), st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_scrambling_is_one_to_one(bits, key, start):
    mask = (1 << bits) - 1
    numbers = np.unique(np.array([(start + i * 7) & mask for i in range(200)], dtype=np.uint64))
    scrambled = mix(numbers, key, bits)
    assert len(np.unique(scrambled)) == len(numbers)
    assert int(scrambled.max()) <= mask


def test_scrambling_fills_a_small_domain_once():
    assert sorted(mix(np.arange(256), 5, 8).tolist()) == list(range(256))


def test_hashed_units_are_even():
    drawn = unit(np.arange(100_000), 3)
    assert 0 <= drawn.min() < drawn.max() < 1
    assert np.histogram(drawn, bins=10, range=(0, 1))[0].min() > 9_500


@given(st.integers(0, 10**9), st.lists(st.floats(0.01, 1e3), min_size=1, max_size=9))
def test_parts_add_up_to_the_whole_and_keep_their_proportions(total, shares):
    parts = apportion(total, np.array(shares))
    assert parts.sum() == total
    assert np.all(np.abs(parts - total * np.array(shares) / np.sum(shares)) < 1 + 1e-6 * total)


def test_the_shares_of_the_patterns_make_one():
    assert sum(pattern.share for pattern in PATTERNS) == pytest.approx(1.0)
    assert len({pattern.name for pattern in PATTERNS}) == len(PATTERNS)


def test_picking_keeps_to_the_weights():
    drawn = np.bincount(pick(stream(1, "pick"), [1, 0, 3], 40_000), minlength=3)
    assert drawn[1] == 0
    assert drawn[2] / drawn[0] == pytest.approx(3, rel=0.1)


def test_locating_finds_what_a_plain_search_finds():
    chance = stream(1, "locate")
    running = np.concatenate([[0.0], np.cumsum(chance.random(50))])
    at = chance.random(500) * running[-1]
    assert locate(running, at).tolist() == [max(i for i in range(51) if running[i] <= x) for x in at]


@given(st.floats(0.0, 1e6), st.integers(0, 4))
def test_prices_are_positive_and_end_as_they_should(value, ending):
    (cents,) = rounded(np.array([value]), np.array([ending]))
    assert 10 <= cents <= 2_500_000
    if 1.0 <= value < 20_000:
        assert abs(cents - 100 * value) <= 105
        assert cents % 100 in {0: set(range(100)), 1: {99}, 2: {95}, 3: {0, 50}, 4: {0}}[ending]


def test_tokens_are_as_many_as_the_numbers_and_null_where_there_is_none():
    tokens = Tokens(9)
    numbers = np.array([0, 1, 2, -1, 2**40])
    for kind in ("card", "merchant", "device", "ip"):
        written = tokens.write(kind, numbers)
        assert written.is_null().to_list() == [False, False, False, True, False]
        assert written.n_unique() == 5
    assert tokens.write("card", numbers[:0]).len() == 0
    assert Tokens(9).write("card", numbers).equals(tokens.write("card", numbers))


def test_attacks_follow_their_pace_and_are_squeezed_before_the_end():
    attacks = Attacks(np.array([0, 1]), np.array([1_000, 9_000]), np.array([3, 2]))
    gaps = np.array([0.0, 10.0, 20.0, 500.0, 1_500.0])
    assert attacks.times(gaps, end=100_000).tolist() == [1_000, 1_010, 1_030, 9_500, 11_000]
    squeezed = attacks.times(gaps, end=10_001)
    assert squeezed.tolist() == [1_000, 1_010, 1_030, 9_250, 10_000]
    assert attacks.of.tolist() == [0, 0, 0, 1, 1]
    assert attacks.step.tolist() == [0, 1, 2, 0, 1]


def test_nobody_pays_before_they_joined():
    plan = Plan(50_000, 3, days=100, customers=2_000)
    people = People.settle(plan, Merchants.settle(plan))
    days = np.repeat(np.arange(100), 200)
    customer = people.anyone(stream(3, "test"), days)
    assert (people.joined[customer] <= days).all()
    assert len(np.unique(customer)) > 1_500


def test_the_young_and_the_old_buy_different_things():
    plan = Plan(50_000, 3, customers=4_000)
    merchants = Merchants.settle(plan)
    people = People.settle(plan, merchants)
    from sevenfold.systems.fraud.world.categories import CATEGORIES

    names = np.array([category.name for category in CATEGORIES])[merchants.category[people.habits]]
    gaming = [(names[people.age == age] == "gaming").mean() for age in range(4)]
    assert gaming[0] > 2 * gaming[2] > 4 * gaming[3] > 0
    assert people.means[people.region == 0].mean() > people.means[people.region == 3].mean()


def test_an_address_of_a_home_is_kept_and_one_of_a_carrier_is_shared():
    from sevenfold.systems.fraud.world.society import Society

    world = Society.found(Plan(100_000, 3, customers=5_000))
    everybody = np.arange(5_000)
    start = np.full(5_000, world.plan.start_ms)
    network = world.network
    kept = (network.home(everybody, start) == network.home(everybody, start + 3 * DAY)).mean()
    assert 0.85 < kept < 1
    assert len(np.unique(network.home(everybody, start))) == 5_000
    shared = network.carrier(np.zeros(5_000, dtype=np.int64), everybody, start)
    assert np.unique(shared, return_counts=True)[1].mean() > 50
    assert len(np.unique(network.own(everybody, start))) == 5_000


@pytest.mark.parametrize("kind", ["payment", "card", "device", "ip", "decline"])
def test_few_tokens_are_written_as_many_are(kind):
    numbers = np.concatenate([np.arange(-2, 1_500), np.arange(1 << 40, (1 << 40) + 500)])
    tokens = Tokens(3)
    many = tokens.write(kind, numbers)
    few = [tokens.write(kind, numbers[at : at + 101]) for at in range(0, len(numbers), 101)]
    assert many.to_list() == [text for part in few for text in part.to_list()]
