"""What a declaration says: names, windows, references; and what it may not say, all at once and by name."""

from __future__ import annotations

import pytest
from sample_events import EVENTS, Chargeback, Payment, Profile, Transfer

import sevenfold as sf
from sevenfold.errors import DesignError
from sevenfold.features.planner import compile_plan
from sevenfold.features.window import duration_ms, duration_text

p, c = Payment, Chargeback


def faults(**features: object) -> list[str]:
    with pytest.raises(DesignError) as caught:
        sf.features(**features)
    return [str(fault) for fault in caught.value.faults]


# Durations.


@pytest.mark.parametrize(
    ("text", "milliseconds"),
    [
        ("1ms", 1),
        ("250ms", 250),
        ("1s", 1_000),
        ("10m", 600_000),
        ("1h", 3_600_000),
        ("1d", 86_400_000),
        ("2w", 1_209_600_000),
        ("1.5h", 5_400_000),
        ("1d12h", 129_600_000),
    ],
)
def test_durations_are_read(text: str, milliseconds: int) -> None:
    assert duration_ms(text) == milliseconds


@pytest.mark.parametrize("text", ["", "1", "h", "1 h", "-1h", "1y", "1H", "1h ", "all", "1,5h", 3600, None])
def test_what_is_no_duration_is_refused(text: object) -> None:
    with pytest.raises(DesignError) as caught:
        duration_ms(text, "window")
    assert str(caught.value) == (
        "A duration cannot be read\n"
        "  - window: expected a positive duration such as '10m', '1h', '7d' or '1d12h', "
        f"got {text!r}. Units are ms, s, m, h, d and w"
    )


@pytest.mark.parametrize("text", ["0s", "0.5ms", "1.0001s", "0d0h"])
def test_durations_are_positive_and_whole_milliseconds(text: str) -> None:
    with pytest.raises(DesignError, match="1d12h', in whole ms, got"):
        duration_ms(text)


def test_durations_end_at_two_hundred_years() -> None:
    with pytest.raises(DesignError) as caught:
        duration_ms("100000d")
    assert caught.value.faults[0].hint == "For everything since the beginning, write 'all'"


@pytest.mark.parametrize("text", ["1ms", "59s", "10m", "1h", "1d12h", "90d", "1d1h1m1s1ms"])
def test_durations_are_written_as_they_were_read(text: str) -> None:
    assert duration_text(duration_ms(text)) == text


# Names.


def test_a_plain_aggregate_is_named_by_its_windows_and_a_larger_expression_keeps_its_name() -> None:
    count = p.count().by(p.card)
    features = sf.features(
        plain=p.amount,
        one=count.over("1h"),
        many=count.over("10m", "1h", "all"),
        larger=count.over("1h") + 1,
        larger_many=count.over("1h", "1d") / count.over("all"),
        both=count.over("1h", "1d") / p.amount.mean().by(p.card).over("1h", "1d"),
        idle=p.occurred_at.since_last().by(p.card),
    )
    assert features.names == [
        *("plain", "one_1h", "many_10m", "many_1h", "many_all", "larger", "larger_many_1h", "larger_many_1d"),
        *("both_1h", "both_1d", "idle"),
    ]
    assert [name for name in features if features.is_count(name)] == [
        *("one_1h", "many_10m", "many_1h", "many_all")
    ]
    assert list(features) == features.names
    assert len(features) == 11


def test_windows_that_are_written_differently_keep_their_own_names() -> None:
    features = sf.features(n=p.count().by(p.card).over("60m", "1.5h"))
    assert features.names == ["n_60m", "n_1.5h"]


def test_a_name_that_two_features_make_is_refused() -> None:
    assert faults(n_1h=p.amount, n=p.count().by(p.card).over("1h", "1d")) == [
        (
            "features.n: expected a name of its own, got 'n_1h' a second time. "
            "Rename one of the two features that make it"
        )
    ]


def test_lists_of_windows_must_pair() -> None:
    count = p.count().by(p.card)
    assert faults(
        x=count.over("1h", "1d") / count.over("1h", "1d", "7d"),
        y=count.over("1h", "1d") + count.over("1d", "7d"),
    ) == [
        "features.x: expected one window, or the same windows, in all parts, got 2 and 3 windows",
        "features.y: expected the same windows in all parts, got 1d, 7d and 1h, 1d",
    ]


# References.


def test_a_feature_may_refer_to_another_by_the_name_of_its_column() -> None:
    features = sf.features(
        ratio=sf.feature("n_1h") / sf.feature("n_1d"),
        n=p.count().by(p.card).over("1h", "1d"),
        high=sf.feature("ratio") > 0.5,
    )
    assert features.types["high"].value == "boolean"
    assert not features.is_count("ratio")
    plan = compile_plan([Payment], features)
    assert plan.asking["Payment"].names == ("ratio", "n_1h", "n_1d", "high")


def test_a_reference_to_nothing_and_cycles_are_named() -> None:
    known = "The features are: a, b, c, d"
    assert faults(a=sf.feature("b") + 1, b=sf.feature("a"), c=sf.feature("c"), d=sf.feature("n")) == [
        "features.a: expected features that do not refer to themselves, got the cycle a → b → a",
        "features.b: expected features that do not refer to themselves, got the cycle b → a → b",
        "features.c: expected features that do not refer to themselves, got the cycle c → c",
        f"features.d: expected the name of a feature, got 'n'. {known}",
    ]


# What cannot be said at all.


def test_an_unknown_field_is_an_attribute_error_that_lists_the_fields() -> None:
    with pytest.raises(AttributeError) as caught:
        _ = c.amount
    assert isinstance(caught.value, DesignError)
    assert str(caught.value) == (
        "Chargeback has no field amount\n"
        "  - Chargeback.amount: expected a declared field, got an unknown name. "
        "Its fields are: chargeback_id, reported_at, card, merchant, fee, reason"
    )
    assert not hasattr(c, "_private")


def test_python_logic_on_expressions_is_refused() -> None:
    message = "feature: expected & | ~ between conditions, got and, or, not or if"
    for wrong in (
        lambda: p.online and p.challenged,
        lambda: not p.online,
        lambda: 1 < p.amount < 5,
        lambda: 1 if p.online else 2,
    ):
        with pytest.raises(DesignError) as caught:
            wrong()
        assert str(caught.value.faults[0]) == message


def test_an_aggregate_must_know_what_it_aggregates() -> None:
    with pytest.raises(DesignError) as caught:
        (p.amount + c.fee).mean()
    assert str(caught.value) == (
        "mean() cannot tell which events it aggregates\n"
        "  - mean(): expected an expression over fields of one event, got fields of Chargeback and Payment"
    )
    with pytest.raises(DesignError, match="got no field"):
        (sf.feature("x") + 1).sum()


def test_what_is_no_value_is_named_where_it_stands() -> None:
    assert faults(when=None, list=[1], good=p.amount) == [
        "features.when: expected an expression, a number, a bool or a text, got None",
        "features.list: expected an expression, a number, a bool or a text, got [1]",
    ]
    with pytest.raises(DesignError, match="got None"):
        _ = p.amount + None


def test_nothing_is_no_declaration() -> None:
    assert faults() == ["features: expected at least one feature, got none"]


# Between declaration and events.


def test_features_may_only_read_events_of_the_design() -> None:
    features = sf.features(n=c.count().by(c.card).over("1h"), amount=p.amount)
    with pytest.raises(DesignError) as caught:
        compile_plan([Payment], features)
    assert str(caught.value) == (
        "Features read events that the design does not list\n"
        "  - features: expected events that the design lists, got Chargeback. The design lists: Payment"
    )


def test_one_event_must_have_what_all_features_need() -> None:
    features = sf.features(
        amount=p.amount,
        limit=Profile.limit.last().by(Profile.card).over("all"),
        sent=Transfer.count().by(Transfer.sender, Transfer.receiver).over("1d"),
        instant=Transfer.instant,
    )
    with pytest.raises(DesignError) as caught:
        compile_plan(list(EVENTS.values()), features)
    assert str(caught.value) == (
        "No event can be asked for all features\n"
        "  - features.sent_1d: expected what can be known at a Payment, got each account of Transfer, "
        "which has several. Say which of its fields with .at(...)\n"
        "  - features.instant: expected what can be known at a Payment, got Transfer.instant. "
        "Aggregate it by an entity that both have, such as .last().by(...).over('all')"
    )


def test_an_event_must_have_one_field_of_an_entitys_type_or_be_told_which() -> None:
    def got(node: object) -> str:
        features = sf.features(risk=Transfer.risk, instant=Transfer.instant, n=node)
        with pytest.raises(DesignError) as caught:
            compile_plan(list(EVENTS.values()), features)
        (fault,) = caught.value.faults
        assert fault.where.startswith("features.n")
        assert fault.expected == "what can be known at a Transfer"
        return f"{fault.got}. {fault.hint}"

    paid = p.count().by(p.payer).over("1d")
    assert got(paid) == (
        "the account of Payment, which it has several of: sender, receiver. "
        "Say which of its fields with .at(...)"
    )
    assert got(p.count().by(p.card).over("1d")) == (
        "the card of Payment, which it has no field of. Say which of its fields with .at(...)"
    )
    assert got(paid.at(p.payer)) == ".at(Payment.payer). Give fields of Transfer to .at()"
    features = sf.features(risk=Transfer.risk, n=paid.at(Transfer.sender))
    assert compile_plan([Transfer, Payment], features).asking["Transfer"].names == ("risk", "n_1d")


def test_an_event_is_asked_what_it_can_answer() -> None:
    features = sf.features(
        amount=p.amount, n=p.count().by(p.card).over("1h"), reports=c.count().by(c.merchant).over("1d")
    )
    plan = compile_plan([Payment, Chargeback, Profile], features)
    assert plan.asking["Payment"].names == ("amount", "n_1h", "reports_1d")
    assert plan.asking["Chargeback"].names == ("n_1h", "reports_1d")
    assert plan.asking["Profile"].names == ("n_1h",)
