"""A design ties its answers together, says what does not fit, and meets bad tables with clear words."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.errors import DataError, DesignError, StateError, UsageError

NOON = dt.datetime(2026, 1, 1, 12, tzinfo=dt.UTC)


class Payment(sf.Event, key="payment_id", time="occurred_at"):
    payment_id: str
    occurred_at: sf.Timestamp
    card: sf.Entity
    amount: sf.Money
    country: sf.Category | None = None
    score: float | None = None


class Chargeback(sf.Event, key="chargeback_id", time="reported_at"):
    chargeback_id: str
    reported_at: sf.Timestamp
    payment_id: str
    card: sf.Entity


class Stranger(sf.Event, key="stranger_id", time="at"):
    stranger_id: str
    at: sf.Timestamp
    payment_id: str


p = Payment
FEATURES = sf.features(
    amount=p.amount,
    n=p.count().by(p.card).over("1h", "1d"),
    mean=p.amount.mean().by(p.card).over("1d"),
    reports=Chargeback.count().by(Chargeback.card).over("30d"),
    country=p.country,
)


@pytest.fixture(scope="module")
def design() -> sf.Design:
    return sf.Design(name="small", events=[Payment, Chargeback], features=FEATURES)


def table(*rows: tuple[Any, ...]) -> pl.DataFrame:
    """Payments of (id, minutes after noon, card, amount)."""
    return pl.DataFrame(
        {
            "payment_id": [row[0] for row in rows],
            "occurred_at": [NOON + dt.timedelta(minutes=row[1]) for row in rows],
            "card": [row[2] for row in rows],
            "amount": [row[3] for row in rows],
        }
    )


# What does not fit together.


def test_everything_that_does_not_fit_is_said_at_once() -> None:
    with pytest.raises(DesignError) as caught:
        sf.Design(
            name="Not A Name", events=[Payment, "Chargeback"], features={"a": p.amount},
            problem="stop fraud", label=Chargeback, learning=object, lateness="soon",
        )  # fmt: skip
    assert str(caught.value) == (
        "The design 'Not A Name' does not fit together\n"
        "  - name: expected small letters, digits, - and _, beginning with a letter, got 'Not A Name'\n"
        "  - events[1]: expected a class derived from sf.Event, got 'Chargeback'\n"
        "  - features: expected what sf.features(...) gives, got dict\n"
        "  - problem: expected sf.Problem(...), got str\n"
        "  - label: expected sf.Label(...), got StreamType\n"
        "  - learning: expected sf.Learning(...), got type\n"
        "  - lateness: expected a positive duration such as '10m', '1h', '7d' or '1d12h', got 'soon'. "
        "Units are ms, s, m, h, d and w"
    )
    assert isinstance(caught.value, ValueError)


@pytest.mark.parametrize("name", ["", "a" * 64, "1st", "with space", "ümlaut", "../up", None])
def test_names_are_safe_names_of_folders(name: object) -> None:
    with pytest.raises(DesignError, match="beginning with a letter, got"):
        sf.Design(name=name, events=[Payment, Chargeback], features=FEATURES)


def test_events_are_named_once_and_there_is_one() -> None:
    with pytest.raises(DesignError, match="events: expected each event once, got Payment twice"):
        sf.Design(name="twice", events=[Payment, Chargeback, Payment], features=FEATURES)
    with pytest.raises(DesignError, match="events: expected at least one event, got none"):
        sf.Design(name="none", events=[], features=FEATURES)


def test_features_and_label_are_about_the_designs_events() -> None:
    label = sf.Label(event=Stranger, on=Payment, key="payment_id", matures="30d")
    with pytest.raises(DesignError) as caught:
        sf.Design(name="other", events=[Payment], features=FEATURES, label=label)
    assert [str(fault) for fault in caught.value.faults] == [
        "label.event: expected an event of the design, got Stranger. Its events are: Payment",
        "features: expected events that the design lists, got Chargeback. The design lists: Payment",
    ]


def test_the_decided_event_must_have_what_the_features_need() -> None:
    label = sf.Label(event=Payment, on=Chargeback, key="payment_id", matures="30d")
    with pytest.raises(DesignError) as caught:
        sf.Design(name="turned", events=[Payment, Chargeback], features=FEATURES, label=label)
    assert [str(fault).split(". ")[0] for fault in caught.value.faults] == [
        "features.amount: expected what can be known at a Chargeback, got Payment.amount",
        "features.country: expected what can be known at a Chargeback, got Payment.country",
    ]


def test_what_is_left_out_has_a_default(design: sf.Design) -> None:
    assert design.problem is None
    assert design.label is None
    assert isinstance(design.learning, sf.Learning)
    assert design.lateness_ms == 365 * 86_400_000
    assert design.decides == "Payment"
    assert repr(design) == "<Design small: Payment, Chargeback; 6 features>"
    unbounded = sf.Design(name="x", events=[Payment, Chargeback], features=FEATURES, lateness=None)
    assert unbounded.lateness_ms is None


def test_the_label_says_what_is_decided() -> None:
    label = sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="30d")
    features = sf.features(n=p.count().by(p.card).over("1h"))
    design = sf.Design(name="x", events=[Chargeback, Payment], features=features)
    assert design.decides == "Chargeback"
    labelled = sf.Design(name="x", events=[Chargeback, Payment], features=features, label=label)
    assert labelled.decides == "Payment"


def test_the_program_is_plain_data_and_changes_with_the_features(design: sf.Design) -> None:
    program = design.program()
    assert program["design"] == "small"
    assert program["event"] == "Payment"
    assert program["features"] == ["amount", "n_1h", "n_1d", "mean_1d", "reports_30d", "country"]
    assert program == sf.Design(name="small", events=[Payment, Chargeback], features=FEATURES).program()
    other = sf.features(amount=p.amount, n=p.count().by(p.card).over("2h"))
    assert sf.Design(name="small", events=[Payment], features=other).program()["plan"] != program["plan"]


# Tables.


def test_a_table_gives_its_key_and_a_column_a_feature_in_its_own_order(design: sf.Design) -> None:
    payments = table(
        ("c", 30, "a", "3.00"), ("a", 0, "a", "1.00"), ("d", 61, "a", "4.00"), ("b", 0, "b", "2.00")
    )
    got = design.backfill({"Payment": payments})
    assert got.columns == ["payment_id", *design.features.names]
    assert got.schema == {
        "payment_id": pl.String, "amount": pl.Float64, "n_1h": pl.Int64, "n_1d": pl.Int64,
        "mean_1d": pl.Float64, "reports_30d": pl.Int64, "country": pl.String,
    }  # fmt: skip
    assert got.rows() == [
        ("c", 3.0, 2, 2, 2.0, 0, None),
        ("a", 1.0, 1, 1, 1.0, 0, None),
        ("d", 4.0, 2, 3, 8 / 3, 0, None),
        ("b", 2.0, 1, 1, 2.0, 0, None),
    ]


def test_another_event_can_be_asked(design: sf.Design) -> None:
    reports = pl.DataFrame(
        {
            "chargeback_id": ["r"],
            "reported_at": [NOON + dt.timedelta(minutes=1)],
            "payment_id": ["a"],
            "card": ["a"],
        }
    )
    frames = {"Payment": table(("a", 0, "a", 1)), "Chargeback": reports}
    assert design.backfill(frames, on="Chargeback").to_dicts() == [
        {"chargeback_id": "r", "n_1h": 1, "n_1d": 1, "mean_1d": 1.0, "reports_30d": 1}
    ]


def test_an_empty_table_and_a_header_give_an_empty_table(design: sf.Design) -> None:
    full = design.backfill({"Payment": table(("a", 0, "a", 1))})
    header_only = pl.DataFrame(
        schema=dict.fromkeys(["payment_id", "occurred_at", "card", "amount"], pl.String)
    )
    for empty in (table(("a", 0, "a", 1)).head(0), header_only):
        got = design.backfill({"Payment": empty})
        assert got.height == 0
        assert got.schema == full.schema


def test_a_row_that_comes_twice_counts_twice(design: sf.Design) -> None:
    """As for an engine that observes it twice; the log is where keys are held to be unique."""
    payments = table(("a", 0, "a", 1), ("a", 0, "a", 1))
    assert design.backfill({"Payment": payments})["n_1h"].to_list() == [1, 2]
    engine = design.engine()
    assert [engine.observe("Payment", row)["n_1h"] for row in payments.to_dicts()] == [1, 2]


def test_negative_amounts_are_refunds(design: sf.Design) -> None:
    got = design.backfill({"Payment": table(("a", 0, "a", "5.00"), ("b", 1, "a", "-7.00"))})
    assert got["mean_1d"].to_list() == [5.0, -1.0]


def test_times_of_several_zones_and_of_1970_and_2100_are_put_in_order(design: sf.Design) -> None:
    times = [
        "2026-01-01T12:30:00Z",
        "2026-01-01T14:00:00+02:00",
        "1970-01-01T00:00:00Z",
        "2100-12-31T23:59:59.999Z",
    ]
    payments = pl.DataFrame({"payment_id": list("abcd"), "occurred_at": times, "card": "x", "amount": 1})
    assert design.backfill({"Payment": payments})["n_1d"].to_list() == [2, 1, 1, 1]


@pytest.mark.parametrize(
    ("column", "message"),
    [
        (
            pl.Series("occurred_at", ["2101-01-01T00:00:00Z"]),
            "row 0: occurred_at: expected a time between 1970-01-01 and 2100-12-31",
        ),
        (pl.Series("occurred_at", ["yesterday"]), "row 0: occurred_at: expected"),
        (
            pl.Series("occurred_at", [None], dtype=pl.Datetime),
            "row 0: occurred_at: expected a value, got null",
        ),
        (pl.Series("amount", ["1.234"]), "row 0: amount: expected"),
        (pl.Series("amount", [float("nan")]), "row 0: amount: expected"),
        (pl.Series("score", [float("inf")]), "row 0: score: expected"),
        (pl.Series("score", ["high"]), "row 0: score: expected"),
        (pl.Series("card", [1.5]), "row 0: card: expected"),
        (
            pl.Series("card", ["4111111111111111"]),
            "row 0: card: expected an opaque token, got a raw card number",
        ),
    ],
)
def test_a_value_that_its_field_refuses_is_named_with_its_row(
    design: sf.Design, column: pl.Series, message: str
) -> None:
    with pytest.raises(DataError) as caught:
        design.backfill({"Payment": table(("a", 0, "a", 1)).with_columns(column)})
    assert message in str(caught.value)


def test_columns_that_are_missing_are_all_named(design: sf.Design) -> None:
    with pytest.raises(DataError) as caught:
        design.backfill({"Payment": table(("a", 0, "a", 1)).drop("card", "amount")})
    assert caught.value.summary == "The table cannot hold Payment events"
    assert [fault.where for fault in caught.value.faults] == ["Payment.card", "Payment.amount"]


def test_names_that_are_no_events_are_all_named(design: sf.Design) -> None:
    with pytest.raises(UsageError) as caught:
        design.backfill({"Payments": table(("a", 0, "a", 1))}, on="payment")
    assert str(caught.value) == (
        "The design small has no such event\n"
        "  - event: expected one of Payment, Chargeback, got 'Payments'\n"
        "  - event: expected one of Payment, Chargeback, got 'payment'"
    )


def test_the_table_that_is_asked_must_be_there(design: sf.Design) -> None:
    with pytest.raises(
        UsageError, match=re.escape("backfill(on='Payment') needs a table of Payment; it was given none")
    ):
        design.backfill({})


def test_a_wrong_physical_table_is_refused(design: sf.Design) -> None:
    with pytest.raises(DataError, match="amount"):
        design.backfill({"Payment": table(("a", 0, "a", "1.00"))}, physical=True)


def test_log_order_and_time_order_are_not_mixed(design: sf.Design) -> None:
    from sevenfold.data.table import from_physical_rows

    first = from_physical_rows(Payment, [("a", 1, "a", 100, None, None)]).with_columns(_offset=pl.lit(0))
    second = from_physical_rows(Chargeback, [("r", 2, "a", "a")])
    with pytest.raises(DataError, match="Tables can be merged in log order or by time, not both"):
        design.backfill({"Payment": first, "Chargeback": second}, physical=True)


def test_progress_ends_with_all_rows(design: sf.Design) -> None:
    told: list[tuple[int, int]] = []
    payments = table(("a", 0, "a", 1), ("b", 1, "a", 1))
    design.backfill({"Payment": payments}, progress=lambda done, total: told.append((done, total)))
    assert told[-1] == (2, 2)


# Engines.


def test_an_event_that_is_refused_folds_nothing(design: sf.Design) -> None:
    engine = design.engine()
    good = table(("a", 0, "a", 1)).row(0, named=True)
    before = engine.observe("Payment", good)
    with pytest.raises(DataError) as caught:
        engine.observe("Payment", {"payment_id": "b", "occurred_at": "never", "amount": "1.001"})
    assert [fault.where for fault in caught.value.faults] == [
        "Payment.occurred_at", "Payment.card", "Payment.amount",
    ]  # fmt: skip
    with pytest.raises(DataError):
        engine.read("Payment", [good, {"payment_id": "b"}])
    with pytest.raises(UsageError, match="event: expected one of Payment, Chargeback, got 'Refund'"):
        engine.observe("Refund", good)
    assert engine.stats().events == {"Payment": 1, "Chargeback": 0}
    assert engine.observe("Payment", good)["n_1h"] == before["n_1h"] + 1


def test_a_snapshot_that_is_not_there_is_said_so(design: sf.Design, tmp_path) -> None:
    with pytest.raises(StateError, match=r"nothing\.state cannot be read: No such file"):
        design.engine(snapshot=tmp_path / "nothing.state")
