"""What the log says of decisions, asked for on the command line."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.cli.front import run
from sevenfold.design.home import Home
from sevenfold.design.load import load
from sevenfold.design.serving import open_service

if TYPE_CHECKING:
    from pathlib import Path

START = 1_769_904_000_000
HOUR = 3_600_000
DAY = 24 * HOUR

TEXT = """
import sevenfold as sf
from sevenfold.problem.problem import Cost, Problem
from sevenfold.systems.fraud.events import Chargeback, Payment

design = sf.Design(
    name="shop",
    events=[Payment, Chargeback],
    features=sf.features(
        amount=Payment.amount, card_count=Payment.count().by(Payment.card).over("1h"), country=Payment.country
    ),
    problem=Problem(goal="Stop fraud.", decision="Approve or not.", false_alarm=Cost(fixed=5.0)),
    label=sf.Label(event=Chargeback, on=Payment, key="payment_id", matures="2d"),
    serving=sf.Serving(durability="normal", policy=sf.Policy(fallback="approve")),
    monitoring=sf.Monitoring(
        performance=sf.Performance(segments=("country",), precision=0.9, minimum=5),
        fairness=sf.Fairness(
            groups=(sf.Group(name="age", table="holders.parquet", key="card"),),
            false_positives=0.05, minimum=20,
        ),
    ),
)
"""


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Ten days of payments; a rule reviews those of large amounts, which are the old's more often."""
    folder: Path = tmp_path_factory.mktemp("views")
    (folder / "design.py").write_text(TEXT)
    design = load(str(folder / "design.py"))
    now = [START]
    from sevenfold.design.policing import PolicyDesk
    from sevenfold.serving.rules.rule import Rule

    place = Home(folder / "home", "shop")
    rule = Rule("large", "amount > 150", "review", "Because.", "ana", "live")
    PolicyDesk(design, place).add(rule)
    service = open_service(design, folder / "home", clock_ms=lambda: now[0])
    for number in range(480):
        now[0] = START + number * HOUR // 2
        card = number % 8
        paid = {
            "payment_id": f"p{number}", "occurred_at": now[0], "card": f"c{card}", "merchant": "m",
            "amount": str(100 + number * 7 % 100 + 20 * (card % 2)), "country": "DE" if number % 3 else "NL",
        }  # fmt: skip
        service.decide(paid)
        if number % 12 == 0:
            told = {name: paid[name] for name in ("payment_id", "card", "merchant")}
            service.take("Chargeback", [{**told, "chargeback_id": f"b{number}", "reported_at": now[0]}])
    now[0] += 5 * DAY
    service.take(
        "Payment",
        [{"payment_id": "late", "occurred_at": now[0], "card": "c1", "merchant": "m", "amount": "1"}],
    )
    service.close_now()
    place.groups.mkdir()
    ages = ["young", "old"]
    people = pl.DataFrame({"card": [f"c{n}" for n in range(8)], "age": [ages[n % 2] for n in range(8)]})
    people.write_parquet(place.groups / "holders.parquet")
    return folder


def call(home: Path, capsys: pytest.CaptureFixture[str], *tokens: str) -> tuple[int, dict[str, Any], str]:
    design, state = str(home / "design.py"), str(home / "home")
    code = run(["monitor", tokens[0], design, *tokens[1:], "--home", state, "--json"])
    out, err = capsys.readouterr()
    return code, json.loads(out.strip().splitlines()[-1]) if out.strip() else {}, err


@pytest.mark.parametrize(("by", "values"), [("all", {"all"}), ("country", {"DE", "NL"}), ("model", {"none"})])
def test_performance(home: Path, capsys: pytest.CaptureFixture[str], by: str, values: set[str]) -> None:
    code, told, err = call(home, capsys, "performance", "--by", by)
    assert code == 0, err
    assert set(told["figures"]) == values
    assert told["days"] == 10
    assert "precision" in told["crossed"]
    positive = [number for number in range(480) if number % 12 == 0]
    large = [n for n in range(480) if 100 + n * 7 % 100 + 20 * (n % 8 % 2) > 150]
    if by == "all":
        right = len(set(positive) & set(large))
        assert told["figures"]["all"]["precision"]["value"] == pytest.approx(right / len(large))
        assert told["figures"]["all"]["recall"]["value"] == pytest.approx(right / len(positive))


def test_performance_by_day_with_pictures(
    home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, told, err = call(home, capsys, "performance", "--by", "day", "--plots", str(tmp_path / "plots"))
    assert code == 0, err
    assert len(told["figures"]) == 10
    assert sorted(path.name for path in (tmp_path / "plots").iterdir()) == [
        "false_positives.png",
        "precision.png",
        "recall.png",
    ]


def test_a_split_that_is_not_there(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = call(home, capsys, "performance", "--by", "colour")
    assert code == 2
    assert "--by: expected one of all, model, day, country, got 'colour'" in err


def test_fairness_with_thresholds_and_pictures(
    home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    code, told, err = call(
        home, capsys, "fairness", "--mitigate", "thresholds", "--plots", str(tmp_path), "--measure",
        "selection", "--limit", "0.1",
    )  # fmt: skip
    assert code == 0, err
    assert set(told["groups"]["age"]["figures"]) == {"young", "old"}
    apart = told["groups"]["age"]["apart"]["false_positives"]
    assert apart["limit"] == 0.05
    assert apart["value"] > 0.1
    found = told["mitigation"]["age"]
    assert found["measure"] == "selection"
    assert set(found["before"]["groups"]) == {"young", "old"}
    assert (tmp_path / "fairness_age.png").exists()


def test_skew(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, told, err = call(home, capsys, "skew")
    assert code == 0, err
    assert (told["compared"], told["differ"]) == (480, {})


def test_without_a_log(home: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    code = run(["monitor", "skew", str(home / "design.py"), "--home", str(tmp_path)])
    assert code == 2
    assert "There is nothing to look at" in capsys.readouterr().err
    assert sf.Group(name="age").needs == "age"
