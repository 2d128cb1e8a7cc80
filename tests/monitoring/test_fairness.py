"""Groups are compared by what labels tell; chance alone is no finding, nor are a handful of people."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_pages import DAY, LABEL, START, complaints, decisions, nothing, page

from sevenfold.errors import DesignError
from sevenfold.monitoring.fairness.declaration import Fairness, Group
from sevenfold.monitoring.fairness.disparity import disparities, group_frame
from sevenfold.monitoring.fairness.watcher import FairnessWatcher
from sevenfold.monitoring.performance.cohort import NoStakes, Watched

if TYPE_CHECKING:
    from sevenfold.monitoring.columns import Decisions
    from sevenfold.monitoring.page import Page

AGES = ("young", "middle", "old")
LIMITS = Fairness(
    groups=(Group(name="age", table="people.csv", key="buyer"),),
    selection=0.6,
    false_positives=0.05,
    true_positives=0.2,
    calibration=1.5,
    window="60d",
)


def ages(decided: Decisions) -> list[str | None]:
    """What a table beside the events says of each buyer."""
    known = {age: age for age in AGES}
    return [known.get(buyer) for buyer in decided.events["buyer"]]


WATCHED = Watched(LABEL, NoStakes(), (), {"age": ages})


def world(seed: int, harsher: float = 0.0, rows: int = 6_000) -> tuple[Page, np.ndarray]:
    """Orders of three ages and a few of nobody; old people are flagged from a lower score."""
    rng = np.random.default_rng(seed)
    times = np.sort(START + rng.integers(0, 10 * DAY, rows))
    scores = rng.beta(0.6, 3.0, rows)
    y = rng.random(rows) < scores
    buyers = rng.choice([*AGES, "nobody"], rows, p=[0.3, 0.4, 0.28, 0.02])
    from_ = np.where(buyers == "old", 0.4 - harsher, 0.4)
    would_be = np.where(scores >= from_, "review", "approve")
    decided = decisions(times, scores, would_be, buyers=buyers.tolist())
    told = np.flatnonzero(y)
    known = times[told] + DAY
    return page(decided, complaints([decided.keys[row] for row in told], known)), y


def watched(seed: int, declared: Fairness = LIMITS, **how: float) -> FairnessWatcher:
    watcher = FairnessWatcher(WATCHED, declared)
    watcher.see(world(seed, **how)[0])
    watcher.see(nothing(START + 11 * DAY + LABEL.matures_ms))
    return watcher


def test_figures_by_group_are_a_plain_count() -> None:
    watcher = watched(1)
    made, y = world(1)
    decided = made.decisions
    flagged = decided.would_be != "approve"
    who = np.array(decided.events["buyer"].to_list())
    figures = watcher.by_group("age")
    assert set(figures) == {*AGES, "(unknown)"}
    for age in AGES:
        mine = who == age
        assert figures[age]["selection"].value == flagged[mine].mean()
        assert figures[age]["false_positives"].value == pytest.approx(flagged[mine & ~y].mean())
        assert figures[age]["recall"].value == pytest.approx(flagged[mine & y].mean())
        assert figures[age]["calibration"].value == pytest.approx(y[mine].sum() / decided.scores[mine].sum())


def test_figures_agree_with_fairlearn() -> None:
    watcher = watched(2)
    frame = group_frame(watcher.sums("age"))
    figures = watcher.by_group("age")
    for age in AGES:
        assert frame.by_group["false_positives"][age] == pytest.approx(figures[age]["false_positives"].value)
        assert frame.by_group["true_positives"][age] == pytest.approx(figures[age]["recall"].value)
        assert frame.by_group["selection"][age] == pytest.approx(figures[age]["selection"].value)
    named = {age: one for age, one in watcher.sums("age").items() if age in AGES}
    between = group_frame(named)
    found = {one.measure: one for one in disparities(named, LIMITS)}
    assert between.difference()["false_positives"] == pytest.approx(found["false_positives"].value)
    assert between.difference()["true_positives"] == pytest.approx(found["true_positives"].value)
    assert between.ratio()["selection"] == pytest.approx(found["selection"].value)


def test_chance_alone_is_no_finding() -> None:
    """Twenty quiet worlds with limits that allow no difference but chance: about one in twenty a measure."""
    strict = Fairness(
        groups=LIMITS.groups, selection=1.0, false_positives=1e-9, true_positives=1e-9, calibration=1.0001,
        window="60d",
    )  # fmt: skip
    crossed = dict.fromkeys(("selection", "false_positives", "true_positives", "calibration"), 0)
    for seed in range(20):
        for one in watched(seed, strict, rows=2_000).disparities("age"):
            crossed[one.measure] += one.crossed
    assert max(crossed.values()) <= 4, crossed


def test_a_harsher_threshold_is_found_and_clears() -> None:
    watcher = watched(3, harsher=0.25)
    found = {finding.key: finding for finding in watcher.findings(9)}
    assert {"fairness:false_positives by age", "fairness:selection by age"} <= set(found)
    finding = found["fairness:false_positives by age"]
    assert finding.summary.startswith(
        "negatives that were reviewed or blocked: expected at most 0.05 apart, got"
    )
    assert finding.values["most"] == "old"
    assert finding.at_ms == 9
    assert {one.key for one in watcher.findings(10)} == set(found), "nothing new has matured"
    assert watched(3).findings(0) == []
    calm = FairnessWatcher(WATCHED, Fairness(groups=LIMITS.groups, false_positives=0.9, window="60d"))
    calm.restore(watcher.state())
    calm.see(nothing(START + 12 * DAY + LABEL.matures_ms))
    cleared = [one for one in calm.findings(11) if not one.firing]
    assert "fairness:false_positives by age" in {one.key for one in cleared}


def test_small_groups_are_left_out() -> None:
    found = watched(3, Fairness(groups=LIMITS.groups, false_positives=0.01, minimum=50_000), harsher=0.3)
    assert found.disparities("age") == []
    assert found.findings(0) == []


def test_what_cannot_be_declared() -> None:
    with pytest.raises(DesignError) as error:
        Group(name="Age", table="../people.csv")
    text = str(error.value)
    assert "group 'Age'.name: expected small letters, digits and _, got 'Age'" in text
    assert "group 'Age'.table: expected the name of a .parquet or .csv file, got '../people.csv'" in text
    assert "group 'Age'.key: expected the column that the table is looked up by, got none" in text
    with pytest.raises(DesignError) as error:
        Fairness(groups=(Group(name="a"), Group(name="a")), selection=1.2, calibration=1.0, minimum=0)
    text = str(error.value)
    assert "fairness.groups: expected each name once, got a twice" in text
    assert "fairness.selection: expected a share above 0, at most 1, got 1.2" in text
    assert "fairness.calibration: expected a number above 1, got 1.0" in text
    (fault,) = Fairness(groups=(Group(name="age", table="a.csv", key="card"),)).unfit(["buyer"], [])
    assert "group 'age': expected a field of the decided event, got 'card'" in str(fault)
