"""Labels from several sources: rank, corrections, what is taken back, and guesses that are marked as such."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import sevenfold as sf
from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Category, Entity, Timestamp
from sevenfold.errors import DesignError
from sevenfold.learning.declaration import Learning
from sevenfold.learning.examples import Examples
from sevenfold.learning.label import Label
from sevenfold.learning.label_source import LabelSource

DAY = 86_400_000


class Payment(EventRecord, key="payment_id", time="occurred_at"):
    payment_id: str
    occurred_at: Timestamp
    card: Entity


class Chargeback(EventRecord, key="chargeback_id", time="reported_at"):
    chargeback_id: str
    reported_at: Timestamp
    payment_id: str


class Reversal(EventRecord, key="reversal_id", time="won_at"):
    reversal_id: str
    won_at: Timestamp
    payment_id: str


class Opinion(EventRecord, key="opinion_id", time="given_at"):
    opinion_id: str
    given_at: Timestamp
    payment_id: str
    positive: bool | None = None


class Tag(EventRecord, key="tag_id", time="tagged_at"):
    tag_id: str
    tagged_at: Timestamp
    payment_id: str
    tag: Category


REVERSAL = LabelSource(event=Reversal, key="payment_id", value=False)
OPINION = LabelSource(event=Opinion, key="payment_id", value="positive")
MULE = LabelSource(
    event=Tag, key="payment_id", where=("tag", "mule"), name="tag:mule", weight=0.25, weak=True
)
LABEL = Label(
    event=Chargeback,
    on=Payment,
    key="payment_id",
    matures="30d",
    also=(REVERSAL, OPINION, MULE),
    precedence=(("Chargeback", "Reversal"), "Opinion"),
)
TIME = {"Chargeback": "reported_at", "Reversal": "won_at", "Opinion": "given_at", "Tag": "tagged_at"}


def payments(count: int = 1, at: float = 0) -> pl.DataFrame:
    return pl.DataFrame(
        {"payment_id": [f"p{i}" for i in range(count)], "occurred_at": pl.Series([int(at * DAY)] * count)}
    ).with_columns(pl.col("occurred_at").cast(pl.Datetime("ms", "UTC")))


def said(*events: tuple[object, ...]) -> dict[str, pl.DataFrame]:
    """Tables of events (name, payment, day, more fields) in the order of a log that they arrive in."""
    tables: dict[str, list[dict[str, object]]] = {}
    for offset, (name, payment, day, *rest) in enumerate(events):
        row: dict[str, object] = {"payment_id": payment, TIME[str(name)]: int(float(day) * DAY)}  # type: ignore[arg-type]
        row |= {"_offset": offset, "_arrived": int(float(day) * DAY)}  # type: ignore[arg-type]
        if name == "Opinion":
            row["positive"] = rest[0]
        if name == "Tag":
            row["tag"] = rest[0]
        tables.setdefault(str(name), []).append(row)
    return {name: pl.DataFrame(rows, infer_schema_length=None) for name, rows in tables.items()}


def at(events: dict[str, pl.DataFrame], day: float) -> list[int | None]:
    return LABEL.at(payments(), events, int(day * DAY))["label"].to_list()


def test_ranks_follow_precedence_and_guesses_come_last() -> None:
    assert LABEL.ranks == {"Chargeback": 3, "Reversal": 3, "Opinion": 2, "tag:mule": 1}
    plain = Label(event=Chargeback, on=Payment, key="payment_id", matures="30d", also=(MULE, OPINION))
    assert plain.ranks == {"Chargeback": 3, "Opinion": 2, "tag:mule": 1}


def test_a_chargeback_that_is_won_back_is_a_correction_and_may_come_again() -> None:
    events = said(("Chargeback", "p0", 5), ("Reversal", "p0", 9), ("Chargeback", "p0", 12))
    assert [at(events, day) for day in (4, 5, 9, 12)] == [[None], [1], [0], [1]]


def test_a_weaker_source_does_not_overrule_and_fills_in() -> None:
    events = said(("Opinion", "p0", 1, True), ("Chargeback", "p0", 5), ("Opinion", "p0", 6, False))
    assert [at(events, day) for day in (1, 5, 6)] == [[1], [1], [1]]
    events = said(("Opinion", "p0", 1, True), ("Reversal", "p0", 5), ("Opinion", "p0", 6, True))
    assert [at(events, day) for day in (1, 5, 6)] == [[1], [0], [0]]


def test_what_is_taken_back_lets_the_weaker_source_count_again() -> None:
    events = said(("Tag", "p0", 1, "mule"), ("Opinion", "p0", 2, False), ("Opinion", "p0", 3, None))
    assert [at(events, day) for day in (1, 2, 3)] == [[1], [0], [1]]
    alone = said(("Opinion", "p0", 2, True), ("Opinion", "p0", 3, None))
    assert [at(alone, day) for day in (2, 3, 29, 30)] == [[1], [None], [None], [0]]
    labels, _ = LABEL.history(payments(), alone)
    assert labels.known_since(40 * DAY).tolist() == [30 * DAY]


def test_guesses_have_a_weight_and_are_left_out_of_what_is_certain() -> None:
    events = said(("Tag", "p0", 1, "mule"), ("Tag", "p1", 1, "mule"), ("Chargeback", "p1", 2))
    events["Tag"] = pl.concat(
        [events["Tag"], events["Tag"][:1].with_columns(tag=pl.lit("odd"), payment_id=pl.lit("p2"))]
    )
    labels, quality = LABEL.history(payments(3), events)
    assert labels.at().tolist() == [1, 1, 0]
    assert labels.weights().tolist() == [0.25, 1.0, 1.0]  # type: ignore[union-attr]
    assert labels.certain.at().tolist() == [0, 1, 0]
    assert labels.certain.at(10 * DAY).tolist() == [-1, 1, -1]
    assert quality.weak == 2
    assert any("are weak: learned from with their weight" in note for note in quality.notes())


def test_training_weighs_guesses_less() -> None:
    events = said(("Tag", "p0", 1, "mule"), ("Chargeback", "p1", 2))
    labels, _ = LABEL.history(payments(4), events)
    features = pl.DataFrame({"x": [1.0, 2.0, 3.0, 4.0]})
    learning = Learning()
    examples = Examples.of(features, labels.times, labels, learning, as_of=40 * DAY)
    table = examples.table(np.ones(4, dtype=bool), examples.as_of, learning)
    assert table.y.tolist() == [1, 1, 0, 0]
    assert table.weight is not None
    assert table.weight.tolist() == [0.25, 1.0, 1.0, 1.0]


def test_contradictions_are_shown_with_who_won() -> None:
    events = said(
        ("Opinion", "p0", 1, False),
        ("Chargeback", "p0", 5),
        ("Opinion", "p1", 1, True),
        ("Chargeback", "p1", 3),
        ("Tag", "p2", 1, "mule"),
        ("Opinion", "p2", 2, False),
    )
    found = LABEL.conflicts(payments(3), events)
    assert found.rows() == [
        ("p0", "Opinion", 0, 1 * DAY, False, False),
        ("p0", "Chargeback", 1, 5 * DAY, False, True),
        ("p2", "tag:mule", 1, 1 * DAY, True, False),
        ("p2", "Opinion", 0, 2 * DAY, False, True),
    ]
    assert LABEL.conflicts(payments(3), events, 4 * DAY).height == 2
    _, quality = LABEL.history(payments(3), events)
    assert quality.contradicting == 2
    assert any("contradict each other" in note for note in quality.notes())


def test_a_label_from_the_future_is_known_when_it_arrived_and_told() -> None:
    """The source's clock is a week ahead, or wrong altogether: arrival bounds what was known."""
    events = said(("Chargeback", "p0", 5))
    events["Chargeback"] = events["Chargeback"].with_columns(reported_at=pl.lit(4000 * DAY))
    assert [at(events, day) for day in (4.9, 5)] == [[None], [1]]
    labels, quality = LABEL.history(payments(), events)
    assert quality.future == 1
    assert (
        "1 of 1 label events are dated after they arrived and count from their arrival on." in quality.notes()
    )
    assert labels.newest == 5 * DAY


@pytest.mark.parametrize("skew_hours", [-30, -1, 0, 1, 30])
def test_clocks_that_differ_never_make_a_label_known_before_it_arrived(skew_hours: int) -> None:
    events = said(("Chargeback", "p0", 5))
    skewed = pl.col("reported_at") + skew_hours * 3_600_000
    events["Chargeback"] = events["Chargeback"].with_columns(reported_at=skewed)
    assert [at(events, day) for day in (4.99, 5)] == [[None], [1]]


def test_a_label_that_arrives_before_its_payment_waits_for_it() -> None:
    labels, quality = LABEL.history(payments(at=10), said(("Chargeback", "p0", 3)))
    assert labels.at(10 * DAY - 1).tolist() == [-1]
    assert labels.at(10 * DAY).tolist() == [1]
    assert quality.early == 1


def test_the_same_label_twice_and_labels_of_nobody_change_nothing() -> None:
    events = said(("Chargeback", "p0", 5), ("Chargeback", "p0", 6), ("Chargeback", "nobody", 5))
    labels, quality = LABEL.history(payments(), events)
    assert labels.at().tolist() == [1]
    assert (quality.repeated, quality.unknown, quality.contradicting) == (1, 1, 0)


def test_what_is_wrong_with_a_declaration_is_told() -> None:
    with pytest.raises(DesignError) as caught:
        LabelSource(event=Tag, key="payment", where=("tags", "x"), value="tag", weight=2.0)
    for text in (
        "key: expected a field of Tag, got 'payment'",
        "where: expected a field of Tag, got 'tags'",
        "value: expected a boolean or integer field, got category",
        "weight: expected above 0 and at most 1, got 2.0",
    ):
        assert text in str(caught.value)
    with pytest.raises(DesignError, match="a name of its own for each source, got Opinion twice"):
        Label(event=Chargeback, on=Payment, key="payment_id", matures="30d", also=(OPINION, OPINION))
    with pytest.raises(DesignError, match="precedence: expected each source once, got Opinion twice"):
        Label(
            event=Chargeback,
            on=Payment,
            key="payment_id",
            matures="30d",
            also=(OPINION,),
            precedence=("Opinion", ("Opinion", "Chargeback")),
        )
    with pytest.raises(DesignError, match=r"weak: expected a rule or a tag, got neither"):
        sf.WeakLabel()


@settings(deadline=None, max_examples=150)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Chargeback", "Reversal", "Opinion", "Tag"]),
            st.integers(0, 2),
            st.integers(0, 40),
            st.sampled_from([True, False, None]),
        ),
        max_size=14,
    ),
    st.integers(0, 45),
)
def test_it_is_what_a_slow_reader_of_the_log_would_say(
    log: list[tuple[str, int, int, bool | None]], day: int
) -> None:
    """The oracle keeps what each source said last, in the order of becoming known."""
    events = [
        (name, f"p{payment}", when, *([value] if name == "Opinion" else ["mule"] if name == "Tag" else []))
        for name, payment, when, value in log
    ]
    tables = said(*events)
    for name in TIME:
        if name in tables and name == "Opinion":
            tables[name] = tables[name].with_columns(pl.col("positive").cast(pl.Boolean))
    got = LABEL.at(payments(3), tables, day * DAY)["label"].to_list()
    order = sorted(range(len(log)), key=lambda place: (log[place][2], place))
    expected: list[int | None] = []
    for payment in range(3):
        ranks: dict[int, int | None] = {}
        for place in order:
            name, about, when, value = log[place]
            if about == payment and when <= day:
                source = "tag:mule" if name == "Tag" else name
                word = {"Chargeback": 1, "Reversal": 0, "Tag": 1}.get(name, value)
                ranks[LABEL.ranks[source]] = None if word is None else int(word)
        words = [ranks[rank] for rank in sorted(ranks, reverse=True) if ranks[rank] is not None]
        expected.append(words[0] if words else 0 if day >= 30 else None)
    assert got == expected
