"""Figures of matured days are a plain count; with a control group they are right on average."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
import pytest
from made_pages import DAY, LABEL, START, complaints, decisions, nothing, page
from polars.testing import assert_frame_equal

from sevenfold.errors import DesignError, StateError
from sevenfold.monitoring.performance.cohort import Money, NoStakes, Watched
from sevenfold.monitoring.performance.declaration import Performance
from sevenfold.monitoring.performance.figures import bins, matured_figures
from sevenfold.monitoring.performance.rates import share, wilson
from sevenfold.monitoring.performance.sums import split_sums
from sevenfold.monitoring.performance.watcher import PerformanceWatcher

if TYPE_CHECKING:
    from sevenfold.monitoring.columns import Decisions
    from sevenfold.monitoring.page import Page

WAIT = LABEL.matures_ms


def stakes(decided: Decisions) -> Money:
    """What an order is about grows with its number; large ones are never drawn."""
    numbers = np.array([int(key[1:]) for key in decided.keys], dtype=np.float64)
    return Money(10 + numbers % 90, np.full(len(numbers), 5.0), numbers % 90 >= 80)


WATCHED = Watched(LABEL, stakes, ("shop",))


def world(
    seed: int, days: int = 12, a_day: int = 300, *, truth_times: float = 1.0, control: float = 0.3
) -> tuple[Page, np.ndarray, list[bool]]:
    """Orders whose scores are their chances, blocked from 0.6 and reviewed from 0.3, with a control group."""
    rng = np.random.default_rng(seed)
    count = days * a_day
    times = np.sort(START + rng.integers(0, days * DAY, count))
    scores = rng.beta(0.4, 2.5, count)
    y = rng.random(count) < np.minimum(scores * truth_times, 1.0)
    would_be = np.where(scores >= 0.6, "block", np.where(scores >= 0.3, "review", "approve"))
    numbers = np.arange(count)
    drawable = (would_be == "block") & (numbers % 90 < 80)
    drawn = drawable & (rng.random(count) < control)
    shops = rng.choice(["north", "south"], count).tolist()
    decided = decisions(times, scores, would_be, np.where(drawn, control, np.nan), shops=shops)
    told = np.flatnonzero(y & (decided.actions != "block"))
    known = times[told] + rng.integers(0, WAIT - 2 * DAY, len(told))
    order = np.argsort(known, kind="stable")
    labels = complaints([decided.keys[row] for row in told[order]], known[order])
    return page(decided, labels), y, drawable.tolist()


def seen(watcher: PerformanceWatcher, *shown: Page) -> PerformanceWatcher:
    for one in shown:
        watcher.see(one)
    return watcher


def test_figures_are_a_plain_count() -> None:
    """Without control group every figure is what counting one by one gives."""
    made, y, _ = world(1, control=0.0)
    watcher = seen(PerformanceWatcher(WATCHED, Performance(window="60d", segments=("shop",))), made)
    seen(watcher, nothing(START + 12 * DAY + WAIT))
    decided = made.decisions
    counted = {"tp": 0, "fp": 0, "fn": 0, "tn": 0, "missed": 0.0, "saved": 0.0, "alarms": 0.0, "unseen": 0}
    for row, key in enumerate(decided.keys):
        flagged, positive = decided.would_be[row] != "approve", bool(y[row])
        number = int(key[1:])
        if decided.actions[row] == "block":
            counted["unseen"] += number % 90 >= 80
            continue
        counted[("t" if flagged == positive else "f") + ("p" if flagged else "n")] += 1
        if positive:
            counted["saved" if flagged else "missed"] += 10 + number % 90
        elif flagged:
            counted["alarms"] += 5.0
    (sums,) = split_sums(watcher.matured, "all", 60).values()
    for name in ("tp", "fp", "fn", "tn"):
        assert sums[name] == sums[f"{name}_n"] == counted[name], name
    assert sums["unseen"] == counted["unseen"]
    assert sums["decisions"] == len(decided)
    figures = watcher.by_value()[""]
    assert figures["precision"].value == counted["tp"] / (counted["tp"] + counted["fp"])
    assert figures["recall"].value == counted["tp"] / (counted["tp"] + counted["fn"])
    assert figures["false_positives"].value == counted["fp"] / (counted["fp"] + counted["tn"])
    for name in ("missed", "saved", "alarms"):
        assert figures[name].value == pytest.approx(counted[name])
    shops = watcher.by_value("shop")
    assert set(shops) == {"north", "south"}
    both = split_sums(watcher.matured, "shop", 60).values()
    assert sum(one["tp"] for one in both) == counted["tp"]
    assert set(watcher.by_value("model")) == {"m1"}
    assert len(watcher.by_day()) == 12


def test_what_is_not_reported_yet_is_nothing() -> None:
    """No day counts before the last of its labels could have come, and then with what was known by then."""
    made, _, _ = world(2, days=3)
    watcher = PerformanceWatcher(WATCHED, Performance(window="60d"))
    seen(watcher, made, nothing(START + DAY + WAIT - 1))
    assert watcher.by_day() == {}, "one millisecond before the first day is mature"
    seen(watcher, nothing(START + DAY + WAIT))
    assert list(watcher.by_day()) == [START // DAY]
    assert watcher.cohorts.waiting.height > 0
    late = complaints([made.decisions.keys[0]], np.array([START + 2 * DAY + WAIT]))
    before = watcher.by_day()[START // DAY]["recall"].value
    seen(watcher, page(decisions(*(np.empty(0, t) for t in (np.int64, float, np.str_))), late))
    assert watcher.by_day()[START // DAY]["recall"].value == before


def test_a_past_event_decided_now_waits_from_now_on() -> None:
    """A replay of old events by today's clock: their reports come from today on, too."""
    made, _, _ = world(3, days=1)
    decided = made.decisions
    object.__setattr__(decided, "decided_ms", decided.times_ms + 100 * DAY)
    watcher = seen(PerformanceWatcher(WATCHED, Performance()), page(decided))
    seen(watcher, nothing(START + 100 * DAY))
    assert watcher.by_day() == {}


def test_the_control_group_makes_figures_unbiased() -> None:
    """Averaged over draws, weighted figures are those of all labels; without weights they are not."""
    off: dict[str, list[float]] = {name: [] for name in ("precision", "recall", "false_positives")}
    covered = dict.fromkeys(off, 0)
    plain = []
    for seed in range(40):
        made, y, drawable = world(seed, days=6, a_day=400)
        watcher = PerformanceWatcher(WATCHED, Performance(window="60d"))
        seen(watcher, made, nothing(START + 7 * DAY + WAIT))
        flagged = made.decisions.would_be != "approve"
        inside = (made.decisions.would_be != "block") | np.array(drawable)  # what can be learned of at all
        tp, fp = (y & flagged & inside).sum(), (~y & flagged & inside).sum()
        fn, tn = (y & ~flagged).sum(), (~y & ~flagged).sum()
        true = {"precision": tp / (tp + fp), "recall": tp / (tp + fn), "false_positives": fp / (fp + tn)}
        figures = watcher.by_value()[""]
        for name, value in true.items():
            off[name].append(figures[name].value - value)
            covered[name] += figures[name].low <= value <= figures[name].high
        (sums,) = split_sums(watcher.matured, "all", 60).values()
        plain.append(sums["tp_n"] / (sums["tp_n"] + sums["fn_n"]) - true["recall"])
    for name, errors in off.items():
        mean, error = np.mean(errors), np.std(errors, ddof=1) / math.sqrt(len(errors))
        assert abs(mean) < 3 * error + 0.002, f"{name} is biased by {mean:.4f}"
        assert covered[name] >= 36, f"{name}: the interval held {covered[name]} of 40 times"
    assert np.mean(plain) < -0.05, "what was blocked is missing from a recall without weights"


def test_estimates_before_labels_are_close_on_calibrated_scores() -> None:
    made, y, _ = world(5, days=10, a_day=2_000, control=0.0)
    watcher = seen(PerformanceWatcher(WATCHED, Performance(window="60d")), made)
    expected = watcher.expected()
    flagged = made.decisions.would_be != "approve"
    true = {
        "precision": y[flagged].mean(),
        "recall": flagged[y].mean(),
        "false_positives": flagged[~y].mean(),
    }
    seen(watcher, nothing(START + 11 * DAY + WAIT))
    assert watcher.expected() == {}
    for name, value in true.items():
        assert expected[name].value == pytest.approx(value, abs=0.01)
        assert expected[name].low - 0.003 <= value <= expected[name].high + 0.003
    for mean, off, days in watcher.errors().values():
        assert days == 10
        assert abs(mean) < 0.02
        assert off < 0.05


def test_the_error_of_estimates_shows_when_scores_no_longer_fit() -> None:
    """Fewer positives than scores say: estimates are off, and that is measured once labels are there."""
    made, _, _ = world(6, days=10, a_day=2_000, truth_times=0.4, control=0.0)
    watcher = seen(PerformanceWatcher(WATCHED, Performance(window="60d")), made)
    seen(watcher, nothing(START + 11 * DAY + WAIT))
    mean, _, _ = watcher.errors()["precision"]
    assert mean > 0.2
    calibration = watcher.by_value()[""]["calibration"]
    assert calibration.low < 0.4 < calibration.high


def test_calibration_by_bins() -> None:
    made, _, _ = world(7, days=10, a_day=2_000, control=0.0)
    watcher = seen(PerformanceWatcher(WATCHED, Performance(window="60d")), made)
    seen(watcher, nothing(START + 11 * DAY + WAIT))
    (sums,) = split_sums(watcher.matured, "all", 60).values()
    drawn = bins(sums)
    assert len(drawn) == 7
    inside = sum(rate.low <= score <= rate.high for score, rate in drawn[:6])
    assert inside >= 5
    assert matured_figures(sums)["calibration"].value == pytest.approx(1.0, abs=0.1)


def test_limits_crossed_beyond_the_interval_are_found_and_clear() -> None:
    good, _, _ = world(8, days=10, a_day=600, control=0.0)
    declared = Performance(precision=0.35, recall=0.01, calibration=1.3, window="5d", minimum=5)
    watcher = seen(PerformanceWatcher(WATCHED, declared), good, nothing(START + 11 * DAY + WAIT))
    assert watcher.findings(0) == []
    bad, _, _ = world(9, days=22, a_day=600, truth_times=0.3, control=0.0)
    watcher = seen(PerformanceWatcher(WATCHED, declared), bad, nothing(START + 23 * DAY + WAIT))
    found = {finding.key: finding for finding in watcher.findings(7)}
    assert set(found) == {
        "performance:precision",
        "performance:calibration",
        "performance:precision, model m1",
        "performance:calibration, model m1",
        "performance:precision, shop north",
        "performance:calibration, shop north",
        "performance:precision, shop south",
        "performance:calibration, shop south",
    }
    finding = found["performance:precision"]
    assert finding.firing
    assert finding.at_ms == 7
    assert finding.summary.startswith(
        "positives among reviewed and blocked: expected at least 0.35, got 0."
    ), finding.summary
    assert finding.values["limit"] == 0.35
    relaxed = PerformanceWatcher(WATCHED, Performance(precision=0.05, window="5d", minimum=5))
    relaxed.restore(watcher.state())
    cleared = [finding for finding in relaxed.findings(9) if not finding.firing]
    assert {finding.key for finding in cleared} >= {"performance:precision"}


def test_few_positives_say_nothing() -> None:
    bad, _, _ = world(9, days=2, a_day=100, truth_times=0.3)
    watcher = PerformanceWatcher(WATCHED, Performance(precision=0.9, minimum=1_000))
    assert seen(watcher, bad, nothing(START + 3 * DAY + WAIT)).findings(0) == []


@pytest.mark.parametrize("cuts", [2, 5, 11])
def test_the_same_whatever_the_pages_and_restarts(cuts: int) -> None:
    """Cut anywhere, and restored from its state at each cut, the watcher knows the same."""
    made, _, _ = world(11, days=14, a_day=60)
    decided, labels = made.decisions, made.labels
    declared = Performance(window="60d", segments=("shop",))
    times = np.linspace(START, START + 30 * DAY, cuts + 1)[1:].astype(np.int64)

    def pages() -> list[Page]:
        shown, since = [], START
        for until in times:
            rows = np.flatnonzero((decided.times_ms >= since) & (decided.times_ms < until))
            told = np.flatnonzero((labels.known_ms >= since) & (labels.known_ms < until))
            part = decisions(
                decided.times_ms[rows],
                decided.scores[rows],
                decided.would_be[rows],
                decided.control[rows],
                shops=decided.events["shop"].gather(rows).to_list(),
                first=int(rows[0]) if len(rows) else 0,
            )
            known = complaints([labels.keys[row] for row in told], labels.known_ms[told])
            shown.append(page(part, known))
            shown.append(nothing(int(until) - 1))
            since = until
        return shown

    kept = PerformanceWatcher(WATCHED, declared)
    for one in pages():
        again = PerformanceWatcher(WATCHED, declared)
        again.restore(kept.state())
        again.see(one)
        kept = again
    whole = seen(PerformanceWatcher(WATCHED, declared), made, nothing(START + 30 * DAY))
    order = ["day", "split", "value"]
    assert_frame_equal(kept.matured.sort(order), whole.matured.sort(order), rel_tol=1e-9)
    assert kept.by_day().keys() == whole.by_day().keys()


def test_a_state_of_another_design_is_refused() -> None:
    made, _, _ = world(12, days=1)
    watcher = seen(PerformanceWatcher(WATCHED, Performance()), made)
    other = PerformanceWatcher(Watched(LABEL, NoStakes()), Performance())
    with pytest.raises(StateError, match="The state of the cohorts is of another design"):
        other.restore(watcher.state())
    with pytest.raises(StateError, match="The state of the performance is damaged"):
        other.restore(b"nothing")


def test_intervals_hold_what_they_promise() -> None:
    """Wilson's interval of a share of 300 rows holds the true one 95 times in a hundred, weighted or not."""
    rng = np.random.default_rng(0)
    held = {"plain": 0, "weighted": 0}
    for _ in range(400):
        hit = rng.random(300) < 0.1
        low, high = wilson(hit.mean(), 300)
        held["plain"] += low <= 0.1 <= high
        weight = np.where(rng.random(300) < 0.3, 5.0, 1.0)
        rate = share(
            float(weight[hit].sum()), float(weight.sum()), float((weight[hit] ** 2).sum()),
            float((weight**2).sum()), 300,
        )  # fmt: skip
        held["weighted"] += rate.low <= 0.1 <= rate.high
    assert 365 <= held["plain"] <= 395
    assert 365 <= held["weighted"] <= 398


def test_what_cannot_be_declared() -> None:
    with pytest.raises(DesignError) as error:
        Performance(precision=2.0, calibration=0.5, window="1h", minimum=0)
    text = str(error.value)
    assert "performance.precision: expected a share from 0 to 1, got 2.0" in text
    assert "performance.calibration: expected a number above 1, got 0.5" in text
    assert "performance.window: expected a day or more, got '1h'" in text
    assert "performance.minimum: expected a whole number, 1 or more, got 0" in text
    (fault,) = Performance(segments=("colour",)).unfit(["shop"], [])
    assert "expected fields of the decided event, got 'colour'" in str(fault)
