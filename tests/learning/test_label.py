import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Category, Entity, Timestamp
from sevenfold.errors import DataError, DesignError, UsageError
from sevenfold.learning.knowledge import NEVER, UNKNOWN, Labels
from sevenfold.learning.label import Label

DAY = 86_400_000


class Payment(EventRecord, key="payment_id", time="occurred_at"):
    payment_id: str
    occurred_at: Timestamp
    card: Entity


class Chargeback(EventRecord, key="chargeback_id", time="reported_at"):
    chargeback_id: str
    reported_at: Timestamp
    payment_id: str


class Verdict(EventRecord, key="verdict_id", time="given_at"):
    verdict_id: str
    given_at: Timestamp
    payment_id: str
    fraud: bool
    reason: Category | None = None


LABEL = Label(event=Chargeback, on=Payment, key="payment_id", matures="30d")
VERDICT = Label(event=Verdict, on=Payment, key="payment_id", matures="30d", value="fraud")


def payments(*days: float) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "payment_id": [f"p{i}" for i in range(len(days))],
            "occurred_at": pl.Series([int(d * DAY) for d in days]).cast(pl.Datetime("ms", "UTC")),
        }
    )


def chargebacks(*pairs: tuple[str, float]) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "payment_id": [p for p, _ in pairs],
            "reported_at": pl.Series([int(d * DAY) for _, d in pairs], dtype=pl.Int64).cast(
                pl.Datetime("ms", "UTC")
            ),
        },
        schema_overrides={"payment_id": pl.String},
    )


def test_a_label_is_known_from_the_moment_it_arrived():
    decided, events = payments(0, 0, 20), chargebacks(("p0", 10))
    before = LABEL.at(decided, events, 10 * DAY - 1)
    assert before["label"].to_list() == [None, None, None]
    assert before["known_at"].to_list() == [None, None, None]
    arrived = LABEL.at(decided, events, 10 * DAY)
    assert arrived["label"].to_list() == [1, None, None]
    assert arrived["known_at"].to_list() == [10 * DAY, None, None]
    assert arrived.columns == ["payment_id", "label", "known_at"]


def test_silence_means_negative_after_maturity_and_not_before():
    decided, events = payments(0, 5), chargebacks()
    assert LABEL.at(decided, events, 30 * DAY - 1)["label"].to_list() == [None, None]
    matured = LABEL.at(decided, events, 30 * DAY)
    assert matured["label"].to_list() == [0, None]
    assert matured["known_at"].to_list() == [30 * DAY, None]


def test_a_label_after_maturity_still_counts():
    labels = LABEL.at(payments(0), chargebacks(("p0", 45)), 50 * DAY)
    assert labels["label"].to_list() == [1]


def test_the_newest_verdict_known_wins():
    decided = payments(0)
    events = pl.DataFrame(
        {
            "payment_id": ["p0", "p0", "p0"],
            "given_at": [1 * DAY, 3 * DAY, 2 * DAY],
            "fraud": [True, True, False],
        }
    )
    said = [VERDICT.at(decided, events, int(d * DAY))["label"].to_list()[0] for d in (0.5, 1, 2, 3)]
    assert said == [None, 1, 0, 1]


def test_a_label_for_an_unknown_event_is_ignored_and_counted():
    labels, quality = LABEL.history(payments(0), chargebacks(("p0", 1), ("elsewhere", 1)))
    assert labels.at().tolist() == [1]
    assert quality.unknown == 1
    assert quality.notes() == ("1 of 2 label events refer to an event that is not there and were ignored.",)


def test_a_label_dated_before_its_event_counts_from_the_event_on():
    labels, quality = LABEL.history(payments(10), chargebacks(("p0", 3)))
    assert labels.at(10 * DAY - 1).tolist() == [UNKNOWN]
    assert labels.at(10 * DAY).tolist() == [1]
    assert quality.early == 1
    assert "dated before their event" in quality.notes()[0]


def test_repeated_labels_are_counted():
    _, quality = LABEL.history(payments(0), chargebacks(("p0", 1), ("p0", 2)))
    assert quality.repeated == 1


def test_arrival_can_count_instead_of_the_events_own_time():
    events = chargebacks(("p0", 1)).with_columns(_arrived=pl.lit(4 * DAY))
    assert LABEL.at(payments(0), events, 2 * DAY)["label"].to_list() == [1]
    assert LABEL.at(payments(0), events, 2 * DAY, known="_arrived")["label"].to_list() == [None]


def test_keys_may_be_categorical_or_integer():
    decided = payments(0, 1).with_columns(payment_id=pl.Series([7, 8]))
    events = chargebacks(("8", 2)).with_columns(pl.col("payment_id").cast(pl.Categorical))
    assert LABEL.at(decided, events, 3 * DAY)["label"].to_list() == [None, 1]


def test_a_verdict_that_is_neither_0_nor_1_is_an_error():
    events = pl.DataFrame({"payment_id": ["p0", "p0"], "given_at": [1, 2], "fraud": [2, None]})
    with pytest.raises(DataError) as error:
        VERDICT.at(payments(0), events, DAY)
    assert str(error.value) == (
        "Labels of Verdict must say 0 or 1.\n"
        "  - Verdict.fraud of p0: expected 0 or 1, got 2\n"
        "  - Verdict.fraud of p0: expected 0 or 1, got None"
    )


def test_missing_columns_are_named_together():
    with pytest.raises(DataError) as error:
        LABEL.at(pl.DataFrame({"payment_id": ["a"]}), pl.DataFrame({"x": [1]}), 0)
    assert [fault.where for fault in error.value.faults] == [
        "Payment.occurred_at",
        "Chargeback.payment_id",
        "Chargeback.reported_at",
    ]


def test_decided_events_need_keys_of_their_own():
    decided = payments(0, 1).with_columns(payment_id=pl.lit("same"))
    with pytest.raises(DataError, match="payment_id same: expected one event, got several"):
        LABEL.at(decided, chargebacks(), DAY)


def test_a_wrong_declaration_lists_every_fault():
    with pytest.raises(DesignError) as error:
        Label(event=Chargeback, on=Payment, key="payment", matures="soon", value="fraud")
    assert str(error.value) == (
        "This label can't be built.\n"
        "  - key: expected a field of Chargeback, got 'payment'."
        " Fields of Chargeback: chargeback_id, reported_at, payment_id\n"
        "  - value: expected a field of Chargeback, got 'fraud'."
        " Fields of Chargeback: chargeback_id, reported_at, payment_id\n"
        "  - matures: expected a positive duration such as '10m', '1h', '7d' or '1d12h', got 'soon'."
        " Units are ms, s, m, h, d and w"
    )
    with pytest.raises(DesignError, match="value: expected a boolean or integer field, got category"):
        Label(event=Verdict, on=Payment, key="payment_id", matures="1d", value="reason")


@given(
    st.lists(st.tuples(st.integers(0, 5), st.integers(0, 9), st.integers(0, 1)), max_size=12),
    st.integers(0, 20),
)
def test_labels_at_a_moment_use_nothing_that_came_later(events, moment):
    """An oracle that reads the events one by one."""
    times = np.zeros(6, dtype=np.int64)
    row, known, value = (np.array([e[i] for e in events], dtype=np.int64) for i in range(3))
    labels = Labels(times, times + 7, row, value.astype(np.int8), known)
    for i in range(6):
        expected, since = (0, 7) if moment >= 7 else (UNKNOWN, NEVER)
        for _, at, said in sorted((e for e in events if e[0] == i and e[1] <= moment), key=lambda e: e[1]):
            expected, since = said, at
        assert labels.at(moment)[i] == expected
        assert labels.known_since(moment)[i] == since


def test_plain_labels_are_known_a_fixed_delay_after_their_event():
    labels = Labels.of([0, DAY, 2 * DAY], [1, 0, None], delay="7d")
    assert labels.at(7 * DAY - 1).tolist() == [UNKNOWN, UNKNOWN, UNKNOWN]
    assert labels.at(8 * DAY).tolist() == [1, 0, UNKNOWN]
    assert labels.at().tolist() == [1, 0, UNKNOWN]
    assert labels.delay_ms == 7 * DAY


def test_plain_labels_are_checked():
    with pytest.raises(DataError, match="row 1: expected 0, 1 or null, got 2"):
        Labels.of([0, 1], [1, 2])
    with pytest.raises(UsageError, match="There are 1 times and 2 labels"):
        Labels.of([0], [1, 0])
    with pytest.raises(DesignError, match="delay: expected a positive duration"):
        Labels.of([0], [1], delay="later")


def test_a_declaration_describes_itself_as_plain_data():
    assert LABEL.describe() == {
        "event": "Chargeback",
        "on": "Payment",
        "key": "payment_id",
        "matures": "30d",
        "value": None,
        "because": "",
    }
