"""``sevenfold design new``: an unknown CSV of labelled events leads to a trained design that decides."""

from __future__ import annotations

import csv
import json
import random
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.cli import front
from sevenfold.cli.interview import asked
from sevenfold.cli.terminal import Terminal
from sevenfold.design.interview.questions import QUESTIONS
from sevenfold.design.interview.sample import moments, proposed, truth
from sevenfold.design.interview.start import begin

if TYPE_CHECKING:
    from pathlib import Path

COLUMNS = ["Order ID", "placed at", "Customer", "class", "amount", "channel", "e-mail", "status", "is_fraud"]
ANSWERS = """
goal = "Stop fraudulent orders before they are sent."
label_delay = "2d"
reviews_per_day = 20
retention = "400d"
protected = ["age", "gender"]

[columns]
class = "category"
"""


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    """A CSV that nobody wrote for us: odd names, an address, a column that gives the label away."""
    chance, at = random.Random(3), datetime(2026, 1, 1, tzinfo=UTC)
    path = tmp_path / "orders.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(COLUMNS)
        for n in range(1500):
            at += timedelta(minutes=30 * chance.random())
            fraud = chance.random() < 0.08
            amount = round(chance.lognormvariate(5 if fraud else 3.4, 0.6), 2)
            row = [f"o{n}", at.isoformat(), f"c{chance.randrange(150)}", chance.choice("ab"), amount]
            row += [
                chance.choice(["web", "app"]),
                f"u{n}@example.com",
                "lost" if fraud else "fine",
                int(fraud),
            ]
            writer.writerow(row)
    return path


def test_an_unknown_csv_leads_to_a_design_that_decides(
    orders: Path, tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "answers.toml").write_text(ANSWERS)
    out = tmp_path / "shop.py"
    words = ["design", "new", "--sample", str(orders), "--out", str(out), "--event", "Order"]
    assert front.run([*words, "--answers", str(tmp_path / "answers.toml"), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["columns"] == dict(
        zip(
            COLUMNS,
            ["key", "time", "entity", "category", "money", "category", "drop", "drop", "label"],
            strict=True,
        )
    )
    assert "The column 'status' gives the label away and was left out: when is it known?" in told["open"]
    assert any("'e-mail' holds e-mail addresses" in point for point in told["open"])

    design = sf.load(out)
    assert design.name == "shop"
    assert list(design.events["Order"].__fields__)[:3] == ["order_id", "placed_at", "customer"]
    assert "f_class" not in design.events["Order"].__fields__ or "class" not in design.features
    assert design.problem is not None
    assert design.problem.goal == "Stop fraudulent orders before they are sent."
    assert list(design.problem.open_points) == told["open"]
    assert design.trust.protected == ("age", "gender")

    assert front.run(["ingest", str(out), told["events"], "--home", str(home)]) == 0
    assert front.run(["train", str(out), "--home", str(home)]) == 0
    service = design.engine(home=home)
    row = pl.read_parquet(f"{told['events']}/Order.parquet").to_dicts()[-1]
    decision = service.decide({**row, "order_id": "new", "amount": "900.00"})
    usual = service.decide({**row, "order_id": "newer", "amount": "20.00"})
    service.close_now()
    assert decision.score is not None
    assert usual.score is not None
    assert decision.score > usual.score
    assert front.run(["design", "check", str(out), "--no-measure", "--home", str(home)]) in (0, 1)
    assert "SF703" in capsys.readouterr().out


def test_questions_are_asked_until_they_are_answered(orders: Path, tmp_path: Path) -> None:
    started = begin(orders, tmp_path / "shop.py", {}, name=None, event="Order")
    typed = iter(["channel=nonsense", "channel=drop", "", "Fewer thieves.", "", "", "dear", "7"])
    ended = asked(Terminal(json=True), started, lambda _: next(typed, ""))
    assert ended.sample.kinds["channel"] == "drop"
    assert ended.answers == {"goal": "Fewer thieves.", "missed": 7.0}
    assert len(ended.open_points()) == len(QUESTIONS) - 2 + 2


@pytest.mark.parametrize(
    ("content", "name", "said"),
    [
        (b"\x00\xff\xfe junk \x80\x81" * 100, "junk.csv", "is no table of events"),
        (b"PAR1 not really", "junk.parquet", "is no table of events"),
        (b"a,b,c\n1,2,3\n", "short.csv", "holds too little"),
        (b"", "empty.csv", "is no table of events"),
        (b"{]", "junk.jsonl", "is no table of events"),
        (b"x", "what.xlsx", "expected a .csv, .jsonl or .parquet file, got '.xlsx'"),
        (
            b"a,b,c\n" + b"1,2,x\n" * 60,
            "plain.csv",
            "expected a column that is the time of the event, got none",
        ),
    ],
)
def test_junk_is_refused(
    content: bytes, name: str, said: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / name).write_bytes(content)
    out = tmp_path / "made.py"
    (tmp_path / "none.json").write_text("{}")
    words = ["--sample", str(tmp_path / name), "--out", str(out), "--answers", str(tmp_path / "none.json")]
    assert front.run(["design", "new", *words]) == 2
    assert said in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ('colour = "red"', "answers.colour: expected the answer to a question, got 'colour'"),
        ("review = -1", "answers.review: expected a number, zero or more, got -1"),
        ('label_delay = "soon"', "answers.label_delay: expected a duration such as '30d', got 'soon'"),
        ('[columns]\nnothing = "key"', "columns.nothing: expected a column of the sample, got 'nothing'"),
        ('[columns]\namount = "gold"', "columns.amount: expected one of key, time, label"),
        ("goal = ", "expected TOML or JSON"),
    ],
)
def test_wrong_answers_are_refused(
    answers: str, said: str, orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "answers.toml").write_text(answers)
    words = [
        "--sample",
        str(orders),
        "--out",
        str(tmp_path / "made.py"),
        "--answers",
        str(tmp_path / "answers.toml"),
    ]
    assert front.run(["design", "new", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_file_that_is_there_is_not_written_over(
    orders: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "made.py"
    out.write_text("mine")
    assert front.run(["design", "new", "--sample", str(orders), "--out", str(out)]) == 2
    assert "--out: expected a file that is not there yet" in capsys.readouterr().err
    assert out.read_text() == "mine"


def test_times_and_truths_are_read() -> None:
    assert moments(pl.Series([1_767_225_600, 1_767_225_601])).dt.epoch("s").to_list()[0] == 1_767_225_600  # type: ignore[union-attr]
    assert moments(pl.Series(["2026-01-01 10:00:00"])).dt.year().to_list() == [2026]  # type: ignore[union-attr]
    assert moments(pl.Series([1, 2, 3])) is None
    assert moments(pl.Series(["a", "b"])) is None
    assert truth(pl.Series(["Yes", "no", None])).to_list() == [True, False, False]  # type: ignore[union-attr]
    assert truth(pl.Series([0.0, 1.0])).to_list() == [False, True]  # type: ignore[union-attr]
    assert truth(pl.Series([1, 2])) is None


def test_names_are_python_names_and_their_own() -> None:
    frame = pl.DataFrame({"2nd value": [0.5], "class": ["x"], "2ND value": [0.1], "count": [3]})
    sample = proposed(frame)
    sample.kinds = dict.fromkeys(frame.columns, "float")
    names = list(sample.names().values())
    assert len(set(names)) == 4
    assert all(name.isidentifier() for name in names)
    assert "class" not in names
