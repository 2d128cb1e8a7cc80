"""Two small lives of the same world: one in which the loop is at work, and one in which the model stays."""

from __future__ import annotations

from dataclasses import replace

import pytest
from polars.testing import assert_frame_equal

from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.systems.fraud.loop import trial as module
from sevenfold.systems.fraud.loop.design import unattended
from sevenfold.systems.fraud.loop.trial import Lived, Trial, live, prepare

SMALL = Trial(payments_a_day=110, fraud_share=0.08, past=140, days=4, onset=2, minutes=720)


def _eager():
    """The design, which retrains after a few labels and asks for some each day."""
    design = unattended()
    retraining = replace(design.feedback.retraining, matured_labels=5, cool_down="1d", positives=10, rows=100)
    active = replace(design.feedback.active, per_day=10)
    design.feedback = replace(design.feedback, retraining=retraining, active=active)
    return design


def _silent(done, total, what):
    assert 0 <= done <= total


@pytest.fixture(scope="module")
def lives(tmp_path_factory):
    root = tmp_path_factory.mktemp("lives")
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(module, "unattended", _eager)
        prepare(SMALL, root / "past", _silent)
        begun = (root / "past" / "prepared").stat().st_mtime_ns
        prepare(SMALL, root / "past", _silent)
        assert (root / "past" / "prepared").stat().st_mtime_ns == begun, "what is done is not done again"
        found = {
            name: live(SMALL, root / "past", root / name, loop=name == "loop", told=_silent)
            for name in ("frozen", "loop")
        }
    return root, found


def _events(root, name):
    with SqliteEventLog(root / name / "fraud" / "log.sqlite") as log:
        return [entry.event for entry in log.read(0)]


def test_both_lives_begin_alike_and_decide_every_payment(lives):
    root, found = lives
    frozen, loop = found["frozen"].ledger, found["loop"].ledger
    assert frozen["day"].to_list() == loop["day"].to_list() == [0, 1, 2, 3]
    assert_frame_equal(frozen[:1], loop[:1])
    for name, one in found.items():
        assert _events(root, name).count("Decision") == one.ledger["payments"].sum()


def test_the_frozen_life_asks_reviewers_and_changes_nothing(lives):
    root, found = lives
    events = _events(root, "frozen")
    assert found["frozen"].story == []
    assert "ModelChange" not in events
    assert events.count("ReviewVerdict") == found["frozen"].ledger["reviews"].sum()


def test_the_loop_asks_for_labels_retrains_and_says_why(lives):
    root, found = lives
    events, story = _events(root, "loop"), found["loop"].story
    asked = events.count("ReviewVerdict") - found["loop"].ledger["reviews"].sum()
    # Some are of the evening before, which these reviewers do not look at again.
    assert 0 < asked <= events.count("ReviewSelection")
    tried = [told for told in story if told["what"] in ("retrained", "refused")]
    assert tried
    assert all("labels are new" in told["why"] for told in tried)
    promoted = [told for told in story if told["what"] == "promoted"]
    assert events.count("ModelChange") == len(promoted)
    assert found["loop"].promoted == [told["day"] for told in promoted]


def test_a_life_is_written_down_and_read_again(lives, tmp_path):
    _, found = lives
    assert Lived.load(tmp_path / "loop") is None
    found["loop"].save(tmp_path / "loop")
    again = Lived.load(tmp_path / "loop")
    assert again.story == found["loop"].story
    assert_frame_equal(again.ledger, found["loop"].ledger)
