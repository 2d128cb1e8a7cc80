"""The memory of one entity: finding rows, keeping extremes and numbers of values, taking and giving back."""

from __future__ import annotations

from bisect import bisect_right

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sample_events import Payment

import sevenfold as sf
from sevenfold.features.kernel import layout as w
from sevenfold.features.kernel.arrange import (
    arrange_items,
    break_ties,
    dense_codes,
    find_records,
    running_newest,
)
from sevenfold.features.kernel.distinct import find, move_counter
from sevenfold.features.kernel.extremes import advance, first_from
from sevenfold.features.kernel.rows import seek
from sevenfold.features.kernel.segment import (
    FULL,
    SMALLEST,
    TOP,
    WANTED,
    allocate,
    class_of,
    release,
    reserve,
    segment_words,
)
from sevenfold.features.planner import compile_plan
from sevenfold.features.state import FeatureState

pytestmark = pytest.mark.oracle

small = st.integers(-5, 20)


@given(st.lists(small, max_size=30).map(sorted), st.integers(-3, 35), small, st.data())
def test_the_first_row_after_a_time_is_found_from_any_hint(
    times: list[int], hint: int, cutoff: int, data
) -> None:
    start = data.draw(st.integers(0, len(times)))
    end = data.draw(st.integers(start, len(times)))
    arena = np.array([[time, 0, 0] for time in times] + [[99, 0, 0]], np.int64).ravel()
    found = seek(arena, 0, 3, hint, start, end, cutoff)
    assert found == bisect_right(times, cutoff, start, end)


@pytest.mark.parametrize(("rows", "size"), [(0, 0), (1, 0), (4, 0), (5, 1), (8, 1), (9, 2), (1_000_000, 18)])
def test_size_classes_are_powers_of_two(rows: int, size: int) -> None:
    assert class_of(rows) == size
    assert SMALLEST << size >= rows


def links_of(values: list[int]) -> np.ndarray:
    """Previous and next row of the same value, rows counted from one; words 0 and 1 of the base row."""
    rows = np.zeros((len(values) + 1, 2), np.int64)
    rows[:, 1] = w.NO_ROW
    newest: dict[int, int] = {}
    for row, value in enumerate(values, start=1):
        rows[row, 0] = newest.get(value, 0)
        if value in newest:
            rows[newest[value], 1] = row
        newest[value] = row
    return rows.ravel()


@given(st.lists(st.integers(0, 4), min_size=1, max_size=20), st.data())
def test_a_counter_of_values_moves_to_any_window(values: list[int], data) -> None:
    arena = links_of(values)
    head = upto = 1
    distinct = 0
    for _ in range(5):
        new_head = data.draw(st.integers(1, len(values) + 1))
        new_upto = data.draw(st.integers(new_head, len(values) + 1))
        distinct = move_counter(arena, 0, 2, head, upto, distinct, new_head, new_upto)
        head, upto = new_head, new_upto
        assert distinct == len(set(values[head - 1 : upto - 1]))


@given(
    st.lists(st.integers(-3, 3), min_size=1, max_size=25), st.sampled_from([1, -1]), st.booleans(), st.data()
)
def test_a_stack_gives_the_extreme_of_any_window(values: list[int], sign: int, is_float: bool, data) -> None:
    """Tails go forth and back, as those of questions about late events do."""
    n = len(values) + 1
    arena = np.zeros(3 * n + 2, np.int64)
    farena = arena.view(np.float64)
    (farena if is_float else arena)[1:n] = values
    stack, state = n, 3 * n
    arena[state + 1] = 1
    for _ in range(5):
        tail = data.draw(st.integers(1, n))
        head = data.draw(st.integers(1, n))
        length = advance(arena, farena, stack, state, 0, 1, tail, is_float, sign, 1)
        row = first_from(arena, stack, length, head)
        inside = values[head - 1 : tail - 1]
        if not inside:
            assert row == w.NO_ROW
            continue
        assert values[row - 1] == (min(inside) if sign > 0 else max(inside))
        # Of equal extremes the latest: it stays the longest.
        assert row == max(at for at in range(head, tail) if values[at - 1] == values[row - 1])


@given(st.lists(st.integers(-(2**63) + 1, 2**63 - 1), min_size=1, max_size=16, unique=True))
def test_a_hash_table_finds_each_value_and_a_place_for_others(values: list[int]) -> None:
    capacity = 16
    arena = np.full(64 + 2 * capacity, w.NO_ROW, np.int64)
    for row, value in enumerate(values):
        place = find(arena, 0, 1, 0, 64, capacity, np.int64(value))
        assert arena[place] == w.NO_ROW
        arena[place], arena[row] = row, value
    for row, value in enumerate(values):
        assert arena[find(arena, 0, 1, 0, 64, capacity, np.int64(value))] == row


# Taking memory and giving it back.


@pytest.fixture
def state() -> FeatureState:
    p = Payment
    features = sf.features(
        n=p.count().by(p.card).over("1h"),
        most=p.amount.max().by(p.card).over("1h"),
        cards=p.country.n_unique(where=p.online).by(p.card).over("1h"),
    )
    return FeatureState(compile_plan([Payment], features), words=4_000)


def reserved(state: FeatureState, series: int, slot: int, extra: int, clock: int = w.NEVER) -> int:
    return reserve(
        state.spec,
        state.blocks()[series],
        series,
        state.arena,
        state.farena,
        state.memory,
        state.offsets,
        slot,
        extra,
        clock,
    )


def test_segments_that_were_given_back_are_taken_again(state: FeatureState) -> None:
    block, top = state.blocks()[0], int(state.memory[TOP])
    first = allocate(state.spec, block, 0, state.arena, state.memory, 0)
    second = allocate(state.spec, block, 0, state.arena, state.memory, 0)
    words = segment_words(state.spec, block, SMALLEST)
    assert (first, second) == (top, top + words)
    for segment in (first, second):
        state.arena[segment + w.H_CAPACITY] = SMALLEST
        release(0, state.arena, state.memory, segment)
    assert allocate(state.spec, block, 0, state.arena, state.memory, 0) == second
    assert allocate(state.spec, block, 0, state.arena, state.memory, 0) == first
    # Another size or another series takes its own.
    assert allocate(state.spec, block, 0, state.arena, state.memory, 1) == top + 2 * words


def test_a_full_arena_says_how_much_is_wanted_and_changes_nothing(state: FeatureState) -> None:
    before, offsets = state.memory.copy(), state.offsets.copy()
    assert reserved(state, 0, 20, 4_000) == FULL
    assert state.memory[WANTED] > state.arena.size
    before[WANTED] = state.memory[WANTED]
    assert np.array_equal(state.memory, before)
    assert np.array_equal(state.offsets, offsets)
    state.grow_arena(int(state.memory[WANTED]))
    assert reserved(state, 0, 20, 4_000) > 0


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 5_000_000)), min_size=1, max_size=12))
def test_rows_that_a_window_may_see_survive_every_move(steps: list[tuple[int, int]]) -> None:
    p = Payment
    plan = compile_plan([p], sf.features(n=p.count().by(p.card).over("1h"), lag=p.amount.lag(3).by(p.card)))
    state = FeatureState(plan, words=200_000)
    block, width = state.blocks()[0], int(state.spec[state.blocks()[0] + w.ROW])
    times: list[int] = []
    clock = w.NEVER
    for extra, pause in steps:
        segment = reserved(state, 0, 20, extra, clock)
        rows = segment + int(state.spec[block + w.HEADER])
        clock = (times[-1] if times else 0) + pause
        for _ in range(extra):
            end = int(state.arena[segment + w.H_END])
            assert end < state.arena[segment + w.H_CAPACITY]
            state.arena[rows + end * width] = clock
            state.arena[segment + w.H_END] = end + 1
            times.append(clock)
        end, dropped = int(state.arena[segment + w.H_END]), int(state.arena[segment + w.H_DROPPED])
        kept = [int(state.arena[rows + row * width]) for row in range(1, end)]
        assert kept == times[dropped:]
        # All that an hour sees, and what lag(3) needs, are there.
        assert sum(time > clock - 3_600_000 for time in kept) == sum(
            time > clock - 3_600_000 for time in times
        )
        assert len(kept) >= min(len(times), 4)


# Putting rows in order.


@given(st.lists(st.integers(-1, 6), max_size=40))
def test_codes_are_given_in_order_of_appearance(values: list[int]) -> None:
    codes, firsts = np.zeros(len(values), np.int64), np.zeros(len(values), np.int64)
    count = dense_codes(np.array(values, np.int64), codes, firsts)
    order = list(dict.fromkeys(value for value in values if value >= 0))
    assert count == len(order)
    assert codes.tolist() == [order.index(value) if value >= 0 else -1 for value in values]
    assert firsts[:count].tolist() == [values.index(value) for value in order]


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 2), st.integers(0, 5)), max_size=20))
def test_ties_between_tables_go_by_position_then_table(rows: list[tuple[int, int, int]]) -> None:
    times, tables, positions = (np.array([row[part] for row in rows], np.int64) for part in range(3))
    order = np.argsort(times, kind="stable")
    break_ties(order, times, tables, positions)
    got = [(int(times[at]), int(positions[at]), int(tables[at])) for at in order]
    assert got == sorted((time, position, table) for time, table, position in rows) or _untouched(rows, got)


def _untouched(rows: list[tuple[int, int, int]], got: list[tuple[int, int, int]]) -> bool:
    """Rows of one table with equal times keep their places, whatever their positions say."""
    expected: list[tuple[int, int, int]] = []
    for time in sorted({row[0] for row in rows}):
        own = [(time, position, table) for at, table, position in rows if at == time]
        expected += sorted(own) if len({table for _, _, table in own}) > 1 else own
    return got == expected


@given(st.lists(small, max_size=20), small | st.just(w.NEVER))
def test_the_newest_time_so_far(times: list[int], newest: int) -> None:
    out = np.zeros(len(times), np.int64)
    late = running_newest(np.array(times, np.int64), newest, out)
    expected, any_late = [], False
    for time in times:
        any_late |= newest != w.NEVER and time < newest
        newest = max(newest, time)
        expected.append(newest)
    assert out.tolist() == expected
    assert bool(late) == any_late


@given(st.lists(st.integers(-1, 4), max_size=30))
def test_items_are_sorted_by_entity_and_keep_their_order(slots: list[int]) -> None:
    n = len(slots)
    starts, order, times = np.zeros(6, np.int64), np.zeros(n, np.int32), np.zeros(n, np.int64)
    kept = arrange_items(np.array(slots, np.int64), np.arange(n) * 10, starts, order, times)
    expected = [item for slot in range(5) for item in range(n) if slots[item] == slot]
    assert kept == len(expected)
    assert order[:kept].tolist() == expected
    assert times[:kept].tolist() == [10 * item for item in expected]
    assert np.diff(starts).tolist() == [slots.count(slot) for slot in range(5)]


def test_each_asking_row_finds_its_record() -> None:
    lookups, events = np.array([0, -1, 0, 1], np.int16), np.array([5, 5, 7, 6], np.int32)
    places = np.zeros(3, np.int32)
    find_records(lookups, events, 0, 5, 99, places)
    assert places.tolist() == [0, 99, 2]
    find_records(lookups, events, 1, 5, 98, places)
    assert places.tolist() == [98, 3, 98]
