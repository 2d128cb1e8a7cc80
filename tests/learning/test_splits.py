import pytest

from sevenfold.data.timestamp import epoch_ms
from sevenfold.errors import DataError, DesignError, UsageError
from sevenfold.learning.splits import Prequential

DAY = 86_400_000
APRIL, OCTOBER = epoch_ms("2018-04-01"), epoch_ms("2018-10-01")
HANDBOOK = Prequential(train="7d", delay="7d", test="7d", folds=4, first="2018-07-25")


def test_the_handbooks_four_folds():
    assert [str(fold) for fold in HANDBOOK.over(APRIL, OCTOBER)] == [
        "fold 1 (train 2018-07-25 to 2018-08-01, test 2018-08-08 to 2018-08-15)",
        "fold 2 (train 2018-08-01 to 2018-08-08, test 2018-08-15 to 2018-08-22)",
        "fold 3 (train 2018-08-08 to 2018-08-15, test 2018-08-22 to 2018-08-29)",
        "fold 4 (train 2018-08-15 to 2018-08-22, test 2018-08-29 to 2018-09-05)",
    ]


def test_moved_back_their_test_ends_where_the_training_began_to_count():
    first = HANDBOOK.earlier().over(APRIL, OCTOBER)[0]
    assert str(first) == "fold 1 (train 2018-07-11 to 2018-07-18, test 2018-07-25 to 2018-08-01)"


def test_without_a_first_day_the_last_test_ends_with_the_newest_final_labels():
    folds = Prequential(test="10d", folds=2).over(0, 100 * DAY + 5, matures_ms=30 * DAY)
    assert [(f.test_start // DAY, f.test_end // DAY) for f in folds] == [(80, 90), (90, 100)]
    assert [(f.train_start, f.train_end // DAY) for f in folds] == [(0, 50), (0, 60)]


def test_the_gap_is_the_labels_delay_unless_declared():
    (fold,) = Prequential(test="7d", delay="2d").over(0, 50 * DAY, matures_ms=30 * DAY)
    assert fold.test_start - fold.train_end == 2 * DAY


def test_a_window_longer_than_the_history_is_an_error_that_does_the_arithmetic():
    with pytest.raises(DataError) as error:
        Prequential(train="90d", delay="30d", test="7d", folds=2).over(APRIL, APRIL + 60 * DAY)
    assert str(error.value) == (
        "The history is too short for these folds.\n"
        "  - history: expected 90d of training, 30d of gap and 2 × 7d of test, got 2018-04-01 to 2018-05-31"
        " with final labels. That is 2018-01-17 to 2018-05-31."
    )


def test_open_training_needs_at_least_one_moment():
    with pytest.raises(DataError, match="any length of training, 30d of gap and 1 × 7d of test"):
        Prequential(test="7d").over(0, 37 * DAY, matures_ms=30 * DAY)
    (fold,) = Prequential(test="7d").over(0, 38 * DAY, matures_ms=30 * DAY)
    assert (fold.train_start, fold.train_end) == (0, DAY)


def test_folds_beyond_the_history_are_an_error():
    with pytest.raises(DataError, match="too short"):
        HANDBOOK.over(APRIL, epoch_ms("2018-09-01"))
    with pytest.raises(DataError, match="too short"):
        HANDBOOK.over(epoch_ms("2018-07-26"), OCTOBER)


def test_a_wrong_declaration_lists_every_fault():
    with pytest.raises(DesignError) as error:
        Prequential(test="0d", train="week", delay="x", folds=0, first="July")
    assert [f.where for f in error.value.faults] == ["test", "train", "delay", "folds", "first"]
    with pytest.raises(
        DesignError, match="first: expected a length of training, as train='7d', got train=None"
    ):
        Prequential(first="2018-07-25")


def test_only_folds_with_dates_can_be_moved_back():
    with pytest.raises(UsageError, match="Only folds with a first day"):
        Prequential().earlier()
