"""What bringing groups together costs is measured before anything is changed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from sevenfold.errors import DataError
from sevenfold.learning.declaration import Learning
from sevenfold.learning.examples import Examples
from sevenfold.learning.knowledge import Labels
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.splits import Prequential
from sevenfold.learning.stakes import Stakes
from sevenfold.monitoring.fairness.mitigation import choose_thresholds, mitigate, outcome
from sevenfold.monitoring.fairness.reweighing import compare_reweighing, reweighing

DAY = 86_400_000


def rows(count: int = 30_000, seed: int = 0) -> pl.DataFrame:
    """Two groups that are equally honest; of one, scores are too high by half."""
    rng = np.random.default_rng(seed)
    group = rng.choice(["a", "b"], count)
    chance = rng.beta(0.5, 5.0, count)
    y = rng.random(count) < chance
    score = np.clip(np.where(group == "b", chance * 1.5, chance), 1e-6, 1 - 1e-6)
    margin = np.log(score / (1 - score)) - np.log(0.2 / 0.8)
    return pl.DataFrame(
        {
            "group": group,
            "day": rng.integers(0, 12, count),
            "margin": margin,
            "flagged": margin >= 0,
            "y": y.astype(np.int8),
            "weight": np.ones(count),
            "loss": 40.0,
            "alarm": 8.0,
        }
    )


@pytest.mark.parametrize(("measure", "limit"), [("false_positives", 0.01), ("selection", 0.95)])
def test_thresholds_bring_groups_together(measure: str, limit: float) -> None:
    found = mitigate(rows(), measure, limit)  # type: ignore[arg-type]
    before, after = found.before.apart(found.measure), found.after.apart(found.measure)
    if measure == "selection":
        assert before < 0.8 < after
        assert after > 0.9
    else:
        assert before > 0.02
        assert after < limit + 0.01, "measured on other days than those it was chosen on"
    assert found.shifts["b"] > found.shifts["a"], "the group that was scored too high is treated more mildly"
    assert found.after.cost_per_day <= found.before.cost_per_day * 1.05


def test_the_cheapest_thresholds_are_found() -> None:
    """Against trying every pair of thresholds."""
    table = rows(600, seed=4)
    limit = 0.03
    shifts = choose_thresholds(table, "false_positives", limit)
    chosen = outcome(table, shifts)
    assert chosen.apart("false_positives") <= limit + 1e-9
    cheapest = np.inf
    candidates = np.quantile(table["margin"].to_numpy(), np.linspace(0, 1, 60))
    for a in candidates:
        for b in candidates:
            one = outcome(table, {"a": a, "b": b})
            if one.apart("false_positives") <= limit:
                cheapest = min(cheapest, one.cost_per_day)
    assert chosen.cost_per_day <= cheapest * 1.02


def test_without_shifts_it_is_what_was_done() -> None:
    table = rows(500)
    plain = outcome(table, {})
    flagged, y = table["flagged"].to_numpy(), table["y"].to_numpy() == 1
    assert plain.recall == flagged[y].mean()
    assert plain.precision == y[flagged].mean()
    mine = table["group"].to_numpy() == "a"
    assert plain.groups["a"].false_positives == flagged[mine & ~y].mean()
    cost = 40.0 * (y & ~flagged).sum() + 8.0 * (~y & flagged).sum()
    assert plain.cost_per_day == pytest.approx(cost / 12)


def test_what_rules_decided_stays() -> None:
    table = rows(400).with_columns(margin=pl.lit(np.inf))
    assert outcome(table, {"a": 50.0, "b": 50.0}).groups["a"].selection == 1.0


def test_too_little_to_choose_on() -> None:
    with pytest.raises(DataError) as error:
        mitigate(rows(20).with_columns(group=pl.lit("a"), day=1), "selection", 0.8)
    assert "groups: expected two or more with decisions, got 1" in str(error.value)
    assert "days: expected three or more whose labels are final, got 1" in str(error.value)


def test_weights_make_group_and_label_independent() -> None:
    rng = np.random.default_rng(2)
    group = rng.choice(["a", "b"], 2_000)
    y = (rng.random(2_000) < np.where(group == "a", 0.1, 0.4)).astype(np.int8)
    base = rng.choice([1.0, 4.0], 2_000)
    weight = reweighing(group.tolist(), y, base)
    shares = [np.average(y[group == name], weights=weight[group == name]) for name in ("a", "b")]
    assert shares[0] == pytest.approx(shares[1])
    assert weight.sum() == pytest.approx(base.sum())
    assert reweighing([None, "a"], np.array([1, 1], np.int8), np.array([3.0, 1.0]))[0] == 3.0


def test_reweighing_brings_groups_together_and_costs() -> None:
    """Group b has more positives, and a feature tells the group: a model leans on it until it may not."""
    rng = np.random.default_rng(3)
    count = 8_000
    times = np.sort(rng.integers(0, 60 * DAY, count))
    group = rng.choice(["a", "b"], count)
    signal = rng.normal(0, 1, count)
    odds = -3.0 + 1.2 * signal + 1.8 * (group == "b")
    y = (rng.random(count) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    features = pl.DataFrame({"signal": signal, "tells": (group == "b") + rng.normal(0, 0.3, count)})
    learning = Learning(
        candidates=(LogisticRegression(),),
        folds=Prequential(test="14d", first_test="1970-02-01"),
        replicates=5,
    )
    stakes = Stakes(np.full(count, 30.0), np.full(count, 5.0))
    labels = Labels.of(times, y, "1d")
    examples = Examples.of(features, times, labels, learning, stakes=stakes)
    found = compare_reweighing(examples, group.tolist(), learning)
    gap = {
        name: abs(one.false_positives["a"] - one.false_positives["b"])
        for name, one in (("before", found.before), ("after", found.after))
    }
    assert gap["after"] < gap["before"] / 2
    before, after = found.before.metrics, found.after.metrics
    assert after["average_precision"].value < before["average_precision"].value
    assert after["money_saved"].value < before["money_saved"].value
    assert found.rows > 1_000
