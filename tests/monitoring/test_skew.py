"""Recorded features are those that the log gives; a single bit that differs is found and named."""

from __future__ import annotations

import itertools
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from served import DESIGN, chargeback, opened, payment

from sevenfold.data.log import NewEntry, new_entry
from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.errors import StateError
from sevenfold.monitoring.page import Page, Reading, pages
from sevenfold.monitoring.skew.watcher import SkewWatcher

if TYPE_CHECKING:
    from pathlib import Path

READING = Reading(DESIGN.events["Payment"], DESIGN.label)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Payments of before the service, then decisions with chargebacks between them."""
    folder = tmp_path_factory.mktemp("log")
    event = DESIGN.events["Payment"]
    with SqliteEventLog(folder / "log.sqlite", "normal") as log:
        rows = [event.__convert__(payment(number)) for number in range(30)]
        log.append([new_entry(event, row) for row in rows])
    service = opened(folder)
    for number in range(30, 200):
        service.decide(payment(number))
        if number % 20 == 0:
            service.take("Chargeback", [chargeback(number - 20)])
    service.close_now()
    return folder


def watcher(share: float = 1.0) -> SkewWatcher:
    return SkewWatcher(DESIGN.plan, DESIGN.events, "Payment", DESIGN.lateness_ms, share)


def read(home: Path, size: int = 1_000) -> list[Page]:
    with SqliteEventLog(home / "log.sqlite", "normal") as log:
        return list(pages(log, READING, size=size))


@pytest.mark.parametrize("size", [7, 50, 1_000])
def test_nothing_differs(home: Path, size: int) -> None:
    watching = watcher()
    for page in read(home, size):
        watching.see(page)
    assert watching.compared == 170
    assert watching.findings(0) == []


def spoilt(page: Page, feature: str, row: int, value: Any) -> Page:
    """The page with one recorded value changed."""
    decisions = page.decisions
    words = decisions.words.copy()
    place = decisions.names.index(feature)
    words[row, place] = value if isinstance(value, int) else np.float64(value).view(np.int64)
    return replace(page, decisions=replace(decisions, words=words))


def test_a_difference_names_feature_event_and_both_values(home: Path) -> None:
    (page,) = read(home)
    true = int(page.decisions.features[40, page.decisions.names.index("card_count_1h")])
    watching = watcher()
    watching.see(spoilt(page, "card_count_1h", 40, true + 1))
    (finding,) = watching.findings(5)
    assert (finding.key, finding.severity, finding.at_ms) == ("skew:card_count_1h", "critical", 5)
    assert finding.summary == (
        f"card_count_1h at event p70: expected {true} by the log, recorded {true + 1}; 1 of 170 compared so "
        "far differ"
    )
    assert finding.values["event"] == "p70"
    assert (finding.values["recorded"], finding.values["computed"]) == (true + 1, true)


def test_the_last_bit_counts_and_nulls_are_equal(home: Path) -> None:
    (page,) = read(home)
    place = page.decisions.names.index("card_mean_7d")
    row = int(np.flatnonzero(~np.isnan(page.decisions.features[:, place]))[3])
    mean = page.decisions.features[row, place]
    watching = watcher()
    watching.see(spoilt(page, "card_mean_7d", row, float(np.nextafter(mean, np.inf))))
    (finding,) = watching.findings(0)
    assert finding.subject == "card_mean_7d"
    assert finding.values["computed"] == mean
    nulls = np.flatnonzero(np.isnan(page.decisions.features[:, page.decisions.names.index("card_idle")]))
    watching = watcher()
    watching.see(spoilt(page, "card_idle", int(nulls[0]), int(np.float64(np.nan).view(np.int64)) ^ 1))
    assert watching.findings(0) == [], "another NaN is null, too"


def test_an_event_that_the_service_never_folded(home: Path, tmp_path: Path) -> None:
    """A payment written into the log behind the service's back: later counts of its card differ."""
    with SqliteEventLog(home / "log.sqlite", "normal") as log:
        entries = list(log.read())
    behind = {**payment(31), "payment_id": "hidden"}
    event = DESIGN.events["Payment"]
    with SqliteEventLog(tmp_path / "log.sqlite", "normal") as log:
        for number, entry in enumerate(entries):
            if number == 40:
                log.append([new_entry(event, event.__convert__(behind))])
            log.append([NewEntry(entry.event, entry.key, entry.time_ms, entry.body, entry.arrived_ms)])
    watching = watcher()
    for page in read(tmp_path):
        watching.see(page)
    found = {finding.subject: finding for finding in watching.findings(0)}
    assert "card_count_1h" in found
    values = found["card_count_1h"].values
    assert values["computed"] == values["recorded"] + 1  # type: ignore[operator]


def test_the_sample_is_the_same_each_time(home: Path) -> None:
    counts = []
    for share, size in itertools.product((0.2, 0.0), (13, 1_000)):
        watching = watcher(share)
        for page in read(home, size):
            watching.see(page)
        counts.append(watching.compared)
    assert counts[0] == counts[1]
    assert 15 <= counts[0] <= 60
    assert counts[2] == counts[3] == 0


def test_it_goes_on_from_its_state(home: Path) -> None:
    shown = read(home, 60)
    kept = watcher()
    for number, page in enumerate(shown):
        again = watcher()
        again.restore(kept.state() or b"")
        again.see(spoilt(page, "amount", 0, -1.0) if number == 2 else page)
        kept = again
    (finding,) = kept.findings(0)
    assert finding.subject == "amount"
    assert finding.values["differences"] == 1
    assert kept.compared == 170


def test_a_difference_clears_after_a_thousand_equal_ones(home: Path) -> None:
    (page,) = read(home)
    watching = watcher()
    watching.see(spoilt(page, "amount", 0, -1.0))
    assert watching.findings(0)[0].firing
    watching._features["amount"].clean = 1_000
    (finding,) = watching.findings(1)
    assert not finding.firing
    assert finding.summary == "amount: the last 1,000 compared are equal"
    assert watching.findings(2) == []


def test_other_programs_are_not_compared(home: Path) -> None:
    (page,) = read(home)
    program = page.decisions.program
    assert program is not None
    other = replace(page.decisions, program=type(program)("Payment", "other", program.names, (), ()))
    watching = watcher()
    watching.see(replace(page, decisions=other))
    assert (watching.compared, watching.other_program) == (0, 170)
    assert watching.findings(0) == []


def test_a_damaged_state(home: Path) -> None:
    with pytest.raises(StateError, match="The state of the comparison is damaged"):
        watcher().restore(b"no")
