import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.errors import UsageError
from sevenfold.learning.money import money_by_threshold

rows = st.lists(
    st.tuples(st.integers(0, 1), st.integers(0, 5), st.integers(0, 100), st.integers(0, 9)), max_size=25
)


@given(rows)
def test_every_threshold_saves_what_adding_up_row_by_row_gives(rows):
    y, score, loss, alarm = (np.array([r[i] for r in rows], dtype=float) for i in range(4))
    curve = money_by_threshold(y, score, loss, alarm)
    assert curve.threshold.tolist() == [np.inf, *sorted(set(score), reverse=True)]
    for threshold, saved in zip(curve.threshold, curve.saved, strict=True):
        stopped = [r for r in rows if r[1] >= threshold]
        assert saved == sum(r[2] if r[0] else -r[3] for r in stopped)
    assert curve.at_stake == sum(r[2] for r in rows if r[0])
    assert curve.best[1] == max(curve.saved)


def test_where_alarms_cost_more_than_they_save_nothing_is_stopped():
    assert money_by_threshold([0, 1], [0.9, 0.1], loss=1, alarm=10).best == (np.inf, 0.0)


def test_lengths_must_agree():
    with pytest.raises(UsageError, match="must be of one length"):
        money_by_threshold([0, 1], [0.5, 0.5], loss=[1, 2, 3], alarm=1)
    with pytest.raises(UsageError, match=r"Labels \(2,\) and scores \(1,\)"):
        money_by_threshold([0, 1], [0.5], loss=1, alarm=1)
