"""Rules mean what their text says, over one decision, over a batch and over a table alike."""

from __future__ import annotations

from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orders import DESIGN, NAMES, SHEET, Order, feature_rows, feature_words, field_rows, scores
from rule_oracle import Part, conditions, known_values

from sevenfold.data.table import normalise
from sevenfold.serving.rules.book import RuleBook
from sevenfold.serving.rules.row import WideRows, wide_table
from sevenfold.serving.rules.rule import Rule
from sevenfold.serving.rules.runner import RuleCompiler
from sevenfold.serving.rules.sheet import SCORE, Sheet
from sevenfold.serving.rules.translate import condition
from sevenfold.serving.verdict import Asked

pytestmark = pytest.mark.oracle

RISKS = st.none() | st.integers(0, 999)
CASES = st.lists(st.tuples(field_rows(), feature_rows(), scores(), RISKS), min_size=1, max_size=5)


def _book(parts: list[Part]) -> RuleBook:
    book = RuleBook(SHEET)
    for number, part in enumerate(parts):
        if any(name in part.text for name in ("a", "e", "i", "o", "u")):  # constants alone are refused
            book.take(Rule(f"r{number:03d}", part.text, "review", "a test", "us", "live"))
    assert not book.broken, book.broken
    return book


def _asked(cases: list[Any], *, words: bool) -> tuple[Asked, list[int | None]]:
    features = np.array([feature_words(case[1]) for case in cases]) if words else [case[1] for case in cases]
    return Asked([case[0] for case in cases], features, np.array([case[2] for case in cases])), [
        case[3] for case in cases
    ]


def _answers(runner: Any, raw: np.ndarray) -> list[list[bool | None]]:
    return [[None if word < 0 else bool(word) for word in row] for row in runner.answers(raw).T.tolist()]


@settings(max_examples=50, deadline=None)
@given(parts=st.lists(conditions(), min_size=1, max_size=5), cases=CASES)
def test_rules_agree_with_the_oracle(parts: list[Part], cases: list[Any]) -> None:
    compiler = RuleCompiler(SHEET)
    runner = compiler.runner([compiler.add(condition(part.text, SHEET, "rule")) for part in parts])
    expected = [[part.value(known_values(*case)) for part in parts] for case in cases]
    rows = WideRows(SHEET, runner.used)
    for words in (True, False):
        raw = rows.fill(*_asked(cases, words=words))
        assert [[number for number, value in enumerate(row) if value] for row in expected] == runner.hits(raw)
        assert _answers(runner, raw) == expected
    unknown = sum(np.array([[value is None for value in row] for row in expected]))
    assert runner.unknown.tolist() == (2 * unknown).tolist()


@settings(max_examples=25, deadline=None)
@given(parts=st.lists(conditions(), min_size=1, max_size=3), cases=CASES)
def test_a_table_gives_what_single_rows_give(parts: list[Part], cases: list[Any]) -> None:
    compiler = RuleCompiler(SHEET)
    runner = compiler.runner([compiler.add(condition(part.text, SHEET, "rule")) for part in parts])
    schema = normalise(
        Order, pl.DataFrame(schema=dict.fromkeys(Order.__fields__, pl.String)), physical=False
    ).schema
    columns = {name: [case[0][i] for case in cases] for i, name in enumerate(Order.__fields__)}
    decided = pl.DataFrame(
        {
            name: pl.Series(values, dtype=pl.Int64).cast(schema[name])
            if schema[name].is_temporal()
            else pl.Series(values, dtype=schema[name])
            for name, values in columns.items()
        }
    )
    features = pl.DataFrame(
        {name: [case[1][name] for case in cases] for name in NAMES},
        schema={
            name: pl.Int64 if name == "count_1h" else pl.String if name == "before" else pl.Float64
            for name in NAMES
        },
    )
    table = wide_table(
        SHEET,
        runner.used,
        decided,
        features,
        np.array([case[2] for case in cases]),
        np.array([-(2**63) if case[3] is None else case[3] for case in cases], np.int64),
    )
    rows = WideRows(SHEET, runner.used).fill(*_asked(cases, words=True))
    assert (runner.answers(table) == runner.answers(rows)).all()


def test_a_batch_may_be_larger_than_a_block() -> None:
    compiler = RuleCompiler(SHEET)
    texts = ["count_1h > 3", "count_1h > 3 and country == 'NG'", "score >= 0.5"]
    runner = compiler.runner([compiler.add(condition(text, SHEET, "rule")) for text in texts])
    n = 1_000
    raw = np.zeros((n, len(SHEET.row.__fields__)), np.int64)
    raw[:, SHEET.position("features.count_1h")] = np.arange(n) % 7
    raw[:, SHEET.position(SCORE)] = (np.arange(n) / n).view(np.int64)
    answers = runner.answers(raw)
    assert answers[0].tolist() == [int(i % 7 > 3) for i in range(n)]
    assert answers[2].tolist() == [int(i >= n / 2) for i in range(n)]
    assert runner.hits(raw) == [np.flatnonzero(column).tolist() for column in answers.T]


def test_rules_see_what_an_engine_computes() -> None:
    engine = DESIGN.engine()
    compiler = RuleCompiler(SHEET)
    texts = ["count_1h == 2 and changed", "before == 'DE' and hour == 1", "idle == 60.0", "mean_1d > 10"]
    runner = compiler.runner([compiler.add(condition(text, SHEET, "rule")) for text in texts])
    base = {"order_id": "o1", "at": 3_600_000, "card": "c1", "amount": "10.00", "country": "DE"}
    engine.observe("Order", base)
    row = Order.__convert__({**base, "order_id": "o2", "at": 3_660_000, "country": "NG", "amount": "11"})
    words = engine.observe_words("Order", row).copy()
    raw = WideRows(SHEET, runner.used).fill(Asked([row], words[None, :], None), [None])
    assert runner.hits(raw) == [[0, 1, 2, 3]]


def test_an_event_without_features_has_rules_too() -> None:
    sheet = Sheet(Order)
    compiler = RuleCompiler(sheet)
    runner = compiler.runner([compiler.add(condition("amount > 1 and items is None", sheet, "rule"))])
    row = Order.__convert__({"order_id": "o", "at": 0, "card": "c", "amount": "1.01"})
    assert runner.hits(WideRows(sheet, runner.used).fill(Asked([row], [{}], None), [None])) == [[0]]


def test_a_value_that_no_word_holds_is_null_and_counted() -> None:
    compiler = RuleCompiler(SHEET)
    runner = compiler.runner([compiler.add(condition("amount > 1", SHEET, "rule"))])
    row = Order.__convert__({"order_id": "o", "at": 0, "card": "c", "amount": 2**52, "currency": "JPY"})
    rows = WideRows(SHEET, runner.used)
    features = dict.fromkeys(NAMES)
    assert runner.hits(rows.fill(Asked([row], [features], None), [None])) == [[]]
    assert (rows.overflows, runner.unknown.tolist()) == (1, [1])
