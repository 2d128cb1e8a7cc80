"""Texts that are no rules are refused with their place and what would have worked; nothing else happens."""

from __future__ import annotations

import keyword

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from orders import SHEET, Order

import sevenfold as sf
from sevenfold.errors import DesignError, Fault
from sevenfold.features.expression import Expression
from sevenfold.serving.rules.declared import declared_number
from sevenfold.serving.rules.limits import MOST_CHARACTERS, MOST_MEMBERS
from sevenfold.serving.rules.translate import condition, number

ALLOWED = (
    "names, constants, comparisons, and, or, not, in, + - * /, a if b else c, and .abs(), .log1p(), .clip(), "
    ".is_in(), .is_null(), .fill_null(), .hour(), .day_of_week(), .is_weekend()"
)
EXAMPLE = 'an expression such as amount > 200 and country in ("NG", "RU")'

REFUSED = [
    ("amuont > 5", 1, 1, "a field, a feature or score", "'amuont'", "Did you mean amount?"),
    ("gift and contry == 'NG'", 1, 10, "a field, a feature or score", "'contry'", "Did you mean country?"),
    ("count_1h > 'x'", 1, 1, "two values of one type to compare", "text and integer", ""),
    ("country < 'NG'", 1, 1, "== or != between texts", "an order between texts", ""),
    ("amount and gift", 1, 1, "conditions around 'and'", "money", ""),
    ("amount + 1", 1, 1, "a condition, true or false", "a float", ""),
    ("1 < 2", 1, 1, "a condition on a field, a feature or score", "a constant", ""),
    ("weight > 1", 1, 1, "a name with one meaning", "'weight'", "Write Order.weight or features.weight"),
    ("amount = 5", 1, 8, EXAMPLE, "invalid syntax", "Compare with =="),
    ("gift && changed", 1, 7, EXAMPLE, "invalid syntax", "Write and"),
    ("gift AND changed", 1, 6, EXAMPLE, "invalid syntax", "Write and, or, not and in in small letters"),
    ("gift and", 1, 9, EXAMPLE, "invalid syntax", ""),
    ("ü == 1", 1, 1, "a field, a feature or score", "'ü'", None),
    ("country == 'ü' or amuont > 1", 1, 19, "a field, a feature or score", "'amuont'", None),
    ("gift\n  or amuont > 5", 2, 6, "a field, a feature or score", "'amuont'", "Did you mean amount?"),
    ("   amuont > 5", 1, 4, "a field, a feature or score", "'amuont'", "Did you mean amount?"),
    ("country in 'NG'", 1, 12, 'values in brackets after in, such as ("NG", "RU")', "something else", ""),
    ("country in ()", 1, 12, 'values in brackets after in, such as ("NG", "RU")', "something else", ""),
    ("country in ('NG', 1)", 1, 1, "only text in is_in()", "integer", ""),
    ("amount in (1, 2)", 1, 1, "a text or an integer before is_in()", "money", ""),
    ("amount == None", 1, 11, "a value", "None", "Write x is None or x is not None"),
    ("amount is 5", 1, 11, "None after is", "5", "Compare with =="),
    ("amount ** 2 > 5", 1, 1, ALLOWED, "another operator", ""),
    ("amount > 1e999", 1, 10, "a finite number", "inf", ""),
    (f"count_1h > {2**64}", 1, 12, "an integer of 64 bits", str(2**64), "A float may be larger"),
    (
        "amount.mean() > 3", 1, 1, "a function of one row", "mean(), which looks at many",
        "Declare it as a feature of the design, and use the feature's name here",
    ),
    ("amount.hour() > 3", 1, 1, "a time for hour()", "money", ""),
    ("at.hour(1) > 3", 1, 1, "0 values in hour(), without names", "at.hour(1)", ""),
    ("features.x > 3", 1, 1, "a field, a feature or score", "'x'", None),
    ("__import__('os').system('x')", 1, 1, None, "system()", ""),
    ("gift.__class__", 1, 1, ALLOWED, "an attribute", ""),
    ("(lambda: gift)()", 1, 1, ALLOWED, "a call", ""),
    ("[x for x in (1, 2)]", 1, 1, ALLOWED, "a loop", ""),
    ("(gift := True)", 1, 2, ALLOWED, "an assignment", ""),
    ("f'{gift}'", 1, 1, ALLOWED, "an f-string", ""),
    ("gift[0]", 1, 1, ALLOWED, "an index in square brackets", ""),
]  # fmt: skip


@pytest.mark.parametrize(("text", "line", "column", "expected", "got", "hint"), REFUSED)
def test_a_text_is_refused(
    text: str, line: int, column: int, expected: str | None, got: str, hint: str | None
) -> None:
    with pytest.raises(DesignError) as refused:
        condition(text, SHEET, "rule r")
    (fault,) = refused.value.faults
    assert refused.value.summary == "This cannot be read: rule r"
    assert (fault.where, fault.got) == (f"rule r, line {line}, column {column}", got)
    if expected is not None:
        assert fault.expected == expected
    if hint is not None:
        assert fault.hint == hint


def test_all_faults_are_told_at_once() -> None:
    with pytest.raises(DesignError) as refused:
        condition("amuont > 5 and contry == 'NG' and gift < 'x'", SHEET, "rule r")
    assert [fault.got for fault in refused.value.faults] == ["'amuont'", "'contry'", "boolean and text"]


@pytest.mark.parametrize(
    ("text", "expected", "got"),
    [
        ("  ", EXAMPLE, "nothing"),
        ("a" * (MOST_CHARACTERS + 1), "at most 4,000 characters", "4,001"),
        ("gift\x00", "printable characters", "'\\x00'"),
        ("not " * 900 + "gift", "at most 40 operations inside one another", "more"),
        ("-" * 3900 + "1 > 0", "at most 40 operations inside one another", "more"),
        ("1+" * 1900 + "1 > count_1h", "at most 40 operations inside one another", "more"),
        ("gift or " * 499 + "changed", None, None),
        ("(" * 41 + "gift" + ")" * 41, None, None),
        ("or ".join(["1<items<2 "] * 305), "at most 1,200 names, constants and operations", "more"),
    ],
)
def test_size_and_depth_have_limits(text: str, expected: str | None, got: str | None) -> None:
    if expected is None:
        assert isinstance(condition(text, SHEET, "rule"), Expression)
        return
    with pytest.raises(DesignError) as refused:
        condition(text, SHEET, "rule")
    (fault,) = refused.value.faults
    assert (fault.where, fault.expected, fault.got) == ("rule", expected, got)


def test_a_long_list_belongs_on_a_list() -> None:
    text = f"items in ({', '.join(map(str, range(MOST_MEMBERS + 1)))})"
    with pytest.raises(DesignError, match=r"at most 500 values after in, got 501\. Keep a list of entities"):
        condition(text, SHEET, "rule")


@pytest.mark.parametrize(
    ("text", "same"),
    [
        ("amount > 5", "Order.amount > 5.0"),
        ("amount > 5", "amount > 5"),
        ("count_1h > 5.0", "features.count_1h > 5"),
        ("not (gift)", "~gift"),
        ("gift and changed", "gift & changed"),
        ("at.hour() == 3", "hour(at) == 3"),
        ("abs(items) > 1", "items.abs() > 1"),
        ("country.is_in('NG', 'RU')", "country in ['NG', 'RU']"),
        ("items.clip(0, 5) == 5", "clip(items, 0, 5) == 5"),
        ("items > -5", "items > +-5"),
        ("score > 0.5", "model.score > 0.5"),
        ("gift if changed else gift", "(gift) if (changed) else (gift)"),
        ("country in ('NG',)", "country == 'NG'"),
    ],
)
def test_two_ways_to_write_the_same(text: str, same: str) -> None:
    assert condition(text, SHEET, "rule").signature() == condition(same, SHEET, "rule").signature()


NAMES = sorted([*Order.__fields__, "score", "features", "count_1h", "self", "__class__", "os"])
TOKENS = [
    *NAMES, *keyword.kwlist, "(", ")", "[", "]", "{", "}", ",", ".", ":", "+", "-", "**", "//", "@", "<",
    "==", "=", ":=", "1", "0.5", "1e999", "'NG'", '"', "'", "\\", "\n", "#", ";", "$", "\u2028", "\x00",
    "0" * 300, "'x'*9",
]  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(st.lists(st.sampled_from(TOKENS), max_size=25).map(" ".join) | st.text(max_size=60))
def test_hostile_texts_are_read_or_refused(text: str) -> None:
    found: Expression | tuple[Fault, ...]
    try:
        found = condition(text, SHEET, "rule")
    except DesignError as refused:
        found = refused.faults
    assert isinstance(found, Expression) or (found and all(isinstance(fault, Fault) for fault in found))


@pytest.mark.parametrize(
    "bracket", ["(", "[", "{", "gift and (", "f(", "not ", "lambda: ", "x.", "1 if 1 else "]
)
def test_deep_texts_are_refused_at_once(bracket: str) -> None:
    with pytest.raises(DesignError):
        condition((bracket * 4_000)[:3_990] + "gift", SHEET, "rule")


def test_a_cost_may_be_a_text_or_an_expression() -> None:
    assert isinstance(number("10 + 0.5 * amount", SHEET, "cost"), Expression)
    assert isinstance(declared_number(10 + 0.5 * Order.amount, SHEET, "cost"), Expression)
    assert isinstance(declared_number(sf.feature("mean_1d") * 2, SHEET, "cost"), Expression)
    with pytest.raises(DesignError, match="cost: expected a number, got a boolean"):
        declared_number(Order.amount > 5, SHEET, "cost")
    with pytest.raises(
        DesignError, match=r"fields of Order, and features by sf.feature\(name\), got aggregate"
    ):
        declared_number(Order.amount.sum().by(Order.card).over("1d"), SHEET, "cost")
    with pytest.raises(DesignError, match="expected a number, got a boolean"):
        number("amount > 5", SHEET, "cost")
