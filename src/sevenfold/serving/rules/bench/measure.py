"""Compare the answers, then time the calls in turn."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from statistics import median
from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from sevenfold.errors import BundleError, DataError, Fault, MissingExtraError
from sevenfold.features.backfill import backfill
from sevenfold.features.bench.stream import Purchase, make_events, sixty_features
from sevenfold.features.planner import compile_plan
from sevenfold.learning.flat.bench.models import make_table
from sevenfold.learning.flat.file import read_flat
from sevenfold.learning.flat.publish import publish
from sevenfold.learning.graph import export
from sevenfold.learning.scorer import Scorer
from sevenfold.learning.xgboost import XGBoost
from sevenfold.problem.problem import Cost, Problem
from sevenfold.serving.backtest.history import History
from sevenfold.serving.backtest.run import backtest
from sevenfold.serving.costs import EventCosts
from sevenfold.serving.rules.bench.subjects import SMALL_RULE, asked, judge_with, make_rules, make_sheet
from sevenfold.serving.rules.row import WideRows
from sevenfold.serving.rules.rule import Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["RuleFigures", "compare_rules"]

_TREES = 200
_TRAINING_ROWS = 5_000


@dataclass(frozen=True, slots=True)
class RuleFigures:
    """What was measured.

    Parameters
    ----------
    calls
        Microseconds of each call on one event, by its name: median of the rounds' medians, and of their
        99th percentiles.
    change_ms
        Milliseconds from a change of one rule among all the others to the first decision with it.
    backtests, processor
        Seconds of a backtest, each round, by the clock and of the processor.
    rules, tested, rows
        Live rules; rules and decisions of the backtest.
    """

    calls: dict[str, tuple[float, float]]
    change_ms: float
    backtests: tuple[float, ...]
    processor: tuple[float, ...]
    rules: int
    tested: int
    rows: int

    @property
    def added(self) -> float:
        """Microseconds that the live rules add to a decision."""
        return self.calls["policy, all rules"][0] - self.calls["policy, no rules"][0]


def compare_rules(
    rules: int, tested: int, rows: int, calls: int, rounds: int, tell: Callable[[str], None]
) -> RuleFigures:
    """Time a policy with and without rules, one inference, one rule by us and by CEL, and a backtest.

    Raises
    ------
    MissingExtraError
        The extra [bench] or [learn] is not installed.
    DataError
        Two parties do not agree.
    """
    sheet = make_sheet()
    found = _calls(sheet, rules, calls, tell)
    timed: dict[str, list[list[float]]] = {name: [] for name, _, _ in found}
    for number in range(rounds):
        tell(f"one event: round {number + 1} of {rounds}")
        for name, call, arguments in found:
            timed[name].append(_time(call, arguments, calls))
    tell(f"changing one of {rules:,} rules")
    change = _change(sheet, rules, calls)
    history = _history(sheet, rows, tell)
    _backtest(sheet, 1, history.between(None, int(history.times[100])))  # compiled before it is timed
    seconds = []
    for number in range(rounds):
        tell(f"{tested} rules over {rows:,} decisions: round {number + 1} of {rounds}")
        seconds.append(_backtest(sheet, tested, history))
    return RuleFigures(
        {
            name: (median(_at(each, 0.5) for each in taken), median(_at(each, 0.99) for each in taken))
            for name, taken in timed.items()
        },
        change,
        tuple(wall for wall, _ in seconds),
        tuple(processor for _, processor in seconds),
        rules,
        tested,
        rows,
    )


def _calls(
    sheet: Sheet, rules: int, calls: int, tell: Callable[[str], None]
) -> list[tuple[str, Callable[[Any], object], Sequence[Any]]]:
    tell("making payments and rules")
    payments = asked(sheet, min(calls, 2_000))
    without, with_all = judge_with(sheet, []), judge_with(sheet, make_rules(sheet, rules))
    one = judge_with(sheet, [Rule("small", SMALL_RULE, "review", "A benchmark.", "us", "live")])
    contexts, program = _cel(payments, sheet)
    agree = [bool(one.judge(*payment, 0)[0].rules) for payment in payments]
    if agree != [program.execute(context) for context in contexts]:
        raise DataError(
            "Two engines do not agree; nothing was timed.", [Fault("rule", SMALL_RULE, "another")]
        )
    onnx, flat = _model(tell)
    matrix = [row[None, :].copy() for row in make_table(len(payments), seed=8).X]
    rows = WideRows(sheet, one.book.used)
    raws = [rows.fill(payment, [None]).copy() for payment, _ in payments]
    return [
        ("policy, no rules", lambda payment: without.judge(payment[0], payment[1], 0), payments),
        ("policy, all rules", lambda payment: with_all.judge(payment[0], payment[1], 0), payments),
        ("inference, ONNX Runtime", onnx, matrix),
        ("inference, flat", flat, matrix),
        ("one small rule", one.book.hits, raws),
        ("one small rule, CEL", program.execute, contexts),
    ]


def _cel(payments: Sequence[tuple[Any, Any]], sheet: Sheet) -> tuple[list[dict[str, Any]], Any]:
    """The same payments and the same rule for CEL, numbers in the type that it compares them in."""
    try:
        import cel
    except ImportError as error:
        raise MissingExtraError("bench", "comparing with CEL") from error
    fields, place = list(sheet.event.__fields__), sheet.names.index("card_count_1h")
    contexts = [
        {
            "card_count_1h": int(payment.features[0, place]),
            "merchant": payment.rows[0][fields.index("merchant")],
            "amount": payment.rows[0][fields.index("amount")] / 100,
        }
        for payment, _ in payments
    ]
    text = SMALL_RULE.replace(" and ", " && ").replace("(", "[").replace(")", "]").replace("200", "200.0")
    return contexts, cel.compile(text)


def _model(tell: Callable[[str], None]) -> tuple[Callable[[Any], object], Callable[[Any], object]]:
    """One row scored by a served model of 200 trees: by ONNX Runtime, and in its flat form."""
    tell(f"training {_TREES} trees")
    table = make_table(_TRAINING_ROWS)
    model = XGBoost(trees=_TREES, depth=6, early_stopping=None).fit(table, seed=7, threads=1)
    onnx = export(model, len(table.encoding))
    published = publish(model, onnx, table.encoding, table.X[:1_000])
    if published.content is None:
        raise BundleError(published.reason)
    return Scorer(onnx, table.encoding).score, read_flat(published.content, table.encoding).score


def _change(sheet: Sheet, rules: int, rounds: int) -> float:
    """Milliseconds until one more version of one of many rules decides; median."""
    judge = judge_with(sheet, made := make_rules(sheet, rules))
    ((payment, ids),) = asked(sheet, 1)
    judge.judge(payment, ids, 0)
    taken = []
    for number in range(min(rounds, 20)):
        changed = replace(
            made[number], version=2, expression=f"{made[number].expression} and amount > {number}.5"
        )
        started = time.perf_counter()
        judge.book.take(changed)
        judge.judge(payment, ids, 0)
        taken.append((time.perf_counter() - started) * 1000)
    return median(taken)


def _history(sheet: Sheet, rows: int, tell: Callable[[str], None]) -> History:
    """Recorded features of many purchases, a twentieth of them positive."""
    tell(f"computing the features of {rows:,} purchases")
    table = make_events(rows, "zipf").with_columns(pl.col("card", "merchant", "device", "ip").cast(pl.String))
    plan = compile_plan([Purchase], sixty_features())
    features = backfill(plan, {"Purchase": Purchase}, {"Purchase": table}, "Purchase")
    rng = np.random.default_rng(7)
    return History(
        table,
        features.select(sheet.names),
        table["at"].dt.epoch("ms").to_numpy(),
        (rng.random(rows) < 0.05).astype(np.int64),
        rng.random(rows),
        np.full(rows, -(2**63), np.int64),
    )


def _backtest(sheet: Sheet, count: int, history: History) -> tuple[float, float]:
    rules = make_rules(sheet, count)
    problem = Problem(goal="Measure.", decision="Approve, review or block.", missed=Cost(share=1.0))
    started, busy = time.perf_counter(), time.process_time()
    backtest(history, rules, rules[:10], sheet, EventCosts(sheet, problem))
    return time.perf_counter() - started, time.process_time() - busy


def _time(call: Callable[[Any], object], arguments: Sequence[Any], calls: int) -> list[float]:
    """Microseconds of each call, each on another event than the one before."""
    taken, clock = [], time.perf_counter_ns
    for number in range(calls):
        argument = arguments[number % len(arguments)]
        started = clock()
        call(argument)
        taken.append((clock() - started) / 1000)
    return taken


def _at(taken: Sequence[float], share: float) -> float:
    return sorted(taken)[int(len(taken) * share)]
