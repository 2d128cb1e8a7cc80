"""Rules are a fold over the log; adding one compiles nothing; a broken one is told of and runs nowhere."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pytest
from orders import NAMES, SHEET, Order

import sevenfold as sf
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import DataError, DesignError, UsageError
from sevenfold.features.expression import Expression
from sevenfold.serving.rules import kernel
from sevenfold.serving.rules.book import RuleBook
from sevenfold.serving.rules.row import WideRows
from sevenfold.serving.rules.rule import Rule, RuleChange, checked, promoted
from sevenfold.serving.rules.runner import RuleCompiler
from sevenfold.serving.rules.sheet import Sheet
from sevenfold.serving.rules.translate import condition
from sevenfold.serving.verdict import Asked

if TYPE_CHECKING:
    from pathlib import Path

BIG = Rule("big", "amount > 200", "review", "Large.", "ana", "live")


def _raw(book: RuleBook, amount: str = "300", country: str | None = "NG") -> np.ndarray:
    row = Order.__convert__({"order_id": "o", "at": 0, "card": "c", "amount": amount, "country": country})
    features = dict.fromkeys(NAMES, 1.0) | {"before": None, "count_1h": 7}
    return WideRows(SHEET, book.used).fill(Asked([row], [features], np.array([0.5])), [500])


def _names(book: RuleBook, **row: str | None) -> list[str]:
    return [rule.name for rule in book.hits(_raw(book, **row))[0]]


def test_the_log_tells_what_the_rules_are(tmp_path: Path) -> None:
    changes = [
        BIG,
        Rule("ng", "country == 'NG'", "block", "Fraud ring.", "bo"),
        promoted(BIG, "retired", "ana", 9),
    ]
    with SqliteEventLog(tmp_path / "log.sqlite") as log:
        log.append([rule.entry() for rule in changes])
        book = RuleBook.of(SHEET, log.entries_of(RuleChange.__name__))
        with pytest.raises(DataError, match="RuleChange str 'big@1': expected the event logged at offset 0"):
            log.append([replace(BIG, reason="Other.").entry()])
    assert book.rules["big"] == replace(BIG, state="retired", version=2, author="ana", changed_at=9)
    assert (book.rules["ng"].author, book.rules["ng"].state) == ("bo", "draft")
    assert book.running == []


def test_only_shadow_and_live_rules_run() -> None:
    book = RuleBook(SHEET)
    for state in ("draft", "shadow", "live", "retired"):
        book.take(replace(BIG, name=state, state=state))
    assert _names(book) == ["live", "shadow"]
    book.take(replace(BIG, name="live", version=2, state="retired"))
    assert _names(book) == ["shadow"]


def test_the_version_follows_what_is_live() -> None:
    book = RuleBook(SHEET)
    empty = book.version
    book.take(replace(BIG, state="shadow"))
    assert book.version == empty
    book.take(BIG)
    live = book.version
    assert live != empty
    book.take(replace(BIG, version=2, expression="amount > 300"))
    assert book.version not in (live, empty)
    book.take(replace(BIG, version=3, state="retired"))
    assert book.version == empty


def test_a_changed_rule_acts_at_once_and_compiles_no_machine_code() -> None:
    book = RuleBook(SHEET)
    book.take(BIG)
    assert _names(book, amount="300") == ["big"]
    compiled = [len(getattr(f, "signatures", ())) for f in (kernel.judge_few, kernel.judge_many)]
    for number in range(60):
        book.take(replace(BIG, version=2 + number, expression=f"amount > {100 * number}.5 and weight_ok"))
        book.take(replace(BIG, version=2 + number, expression=f"amount > {100 * number}.5 and count_1h > 3"))
        assert _names(book, amount="3000") == (["big"] if number < 30 else [])
    assert compiled == [len(getattr(f, "signatures", ())) for f in (kernel.judge_few, kernel.judge_many)]


def test_rules_share_what_they_have_in_common() -> None:
    compiler = RuleCompiler(SHEET)
    texts = [f"amount > 200 and country in ('NG', 'RU') and count_1h > {number}" for number in range(50)]
    for text in texts:
        compiler.add(condition(text, SHEET, "rule"))
    assert len(compiler._compiler.program().instructions) <= 5 + 3 * 50


def test_a_rule_whose_feature_is_gone_is_told_of() -> None:
    book = RuleBook(Sheet(Order))
    book.take(replace(BIG, expression="count_1h > 3"))
    book.take(replace(BIG, name="fine"))
    assert [fault.got for fault in book.broken["big"]] == ["'count_1h'"]
    assert [rule.name for rule in book.running] == ["fine"]
    book.take(replace(BIG, version=2, expression="amount > 3"))
    assert book.broken == {}


def test_hits_and_missing_values_are_counted() -> None:
    book = RuleBook(SHEET)
    book.take(BIG)
    book.take(replace(BIG, name="ng", expression="country == 'NG'"))
    for country in ("NG", None, None):
        _names(book, country=country)
    counts = book.statistics()
    assert (counts["big"].hits, counts["big"].unknown) == (3, 0)
    assert (counts["ng"].hits, counts["ng"].unknown) == (1, 2)
    book.take(replace(BIG, name="other"))
    assert book.statistics()["ng"].unknown == 2


def test_an_error_at_run_time_fails_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    book = RuleBook(SHEET)
    book.take(BIG)
    raw = _raw(book)

    def fail(_: np.ndarray) -> list[list[int]]:
        raise RuntimeError("the kernel broke")

    monkeypatch.setattr(book._ready(), "hits", fail)
    assert book.hits(raw) == [[]]
    assert book.statistics()["big"].errors == 1
    assert book.last_error == "RuntimeError: the kernel broke"


def test_a_rule_is_checked_whole_before_it_is_kept() -> None:
    assert checked(BIG, SHEET).signature() == condition("amount > 200", SHEET, "rule").signature()
    bad = Rule("Big!", "amuont > 1", "refuse", "", " ", "alive")  # type: ignore[arg-type]
    with pytest.raises(DesignError) as refused:
        checked(bad, SHEET)
    assert [line[:96] for line in str(refused.value).splitlines()] == [
        "The rule 'Big!' cannot be kept like this",
        "  - rule name: expected small letters, digits, - and _, beginning with a letter, got 'Big!'",
        "  - rule action: expected one of approve, review, block, got 'refuse'",
        "  - rule state: expected one of draft, shadow, live, retired, got 'alive'",
        "  - rule reason: expected a few words, got nothing",
        "  - rule owner: expected a few words, got nothing",
        "  - rule Big!, line 1, column 1: expected a field, a feature or score, got 'amuont'. Did you mea",
    ]


def test_a_promotion_leads_to_the_next_state() -> None:
    draft = replace(BIG, state="draft")
    shadow = promoted(draft, None, "bo", 5)
    assert (shadow.state, shadow.version, shadow.author, shadow.changed_at) == ("shadow", 2, "bo", 5)
    assert promoted(shadow, None, "bo", 6).state == "live"
    assert promoted(draft, "live", "bo", 6).state == "live"
    with pytest.raises(UsageError, match="rule big: expected a state that it is not in, got live"):
        promoted(BIG, None, "bo", 7)


def test_a_design_may_not_use_reserved_names_of_columns_alone() -> None:
    features = sf.features(score=Order.amount)
    sheet = Sheet(Order, features, features.names)
    with pytest.raises(DesignError, match=r"Write features\.score or model\.score"):
        condition("score > 1", sheet, "rule")
    both = condition("model.score > 0.5 and features.score > 1", sheet, "rule")
    assert isinstance(both, Expression)
