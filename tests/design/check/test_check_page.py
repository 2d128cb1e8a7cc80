"""The page about the check says what the check does; reports are JSON and SARIF; shipped designs pass."""

from __future__ import annotations

import json
import re
from pathlib import Path

import polars as pl
import pytest

import sevenfold as sf
from sevenfold.cli import front
from sevenfold.design.check.catalogue import CATALOGUE
from sevenfold.design.load import shipped

PAGE = Path(__file__).parents[3] / "docs" / "design-check.md"

SPOILED = """
import sevenfold as sf


class Order(sf.Event, key="order_id", time="at"):
    order_id: str
    at: sf.Timestamp
    customer: sf.Entity
    total: sf.Money
    gift: bool = False


class Return(sf.Event, key="return_id", time="at"):
    return_id: str
    at: sf.Timestamp
    order_id: str


design = sf.Design(
    name="spoiled",
    events=[Order, Return],
    problem=sf.Problem(goal="g", decision="d"),
    features=sf.features(total=Order.total, n=Order.count().by(Order.customer).over("1d")),
    label=sf.Label(event=Return, on=Order, key="order_id", matures="1d"),
    accepts={"SF602": "Three <days> of test."},
)
"""


@pytest.fixture
def spoiled(tmp_path: Path) -> str:
    path = tmp_path / "spoiled.py"
    path.write_text(SPOILED)
    return str(path)


def run(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    capsys.readouterr()
    code = front.run(["design", "check", *words])
    told = capsys.readouterr()
    return code, told.out, told.err


def test_every_finding_is_explained_on_the_page() -> None:
    text = PAGE.read_text(encoding="utf-8")
    headings = re.findall(
        r"^### (SF\d{3}): (.+)$\n\n\*(\w+), section (\w+)\.\* (.+)$", text, flags=re.MULTILINE
    )
    assert [(id_, title, severity, section) for id_, title, severity, section, _ in headings] == [
        (id_, kind.title, kind.severity, kind.section) for id_, kind in CATALOGUE.items()
    ]


@pytest.mark.parametrize("name", shipped())
def test_shipped_designs_pass(name: str, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, out, err = run(capsys, name, "--no-measure", "--json", "--home", str(home))
    report = json.loads(out)
    assert code == 0, err
    assert report["errors"] == 0
    assert [one for one in report["findings"] if one["accepted"] is None] == []
    assert not home.exists()


def test_errors_fail_and_stand_in_json_and_sarif(
    spoiled: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "check.sarif"
    words = (spoiled, "--no-measure", "--json", "--sarif", str(file), "--home", str(home))
    code, out, _ = run(capsys, *words)
    assert code == 1
    report = json.loads(out)
    ids = [one["id"] for one in report["findings"]]
    assert {"SF601", "SF603"} <= set(ids)
    assert report["findings"][0]["severity"] == "error"
    written = json.loads(file.read_text())
    (ran,) = written["runs"]
    assert written["version"] == "2.1.0"
    rules = ran["tool"]["driver"]["rules"]
    assert [result["ruleId"] for result in ran["results"]] == ids
    assert all(rules[result["ruleIndex"]]["id"] == result["ruleId"] for result in ran["results"])
    assert {result["level"] for result in ran["results"]} <= {"error", "warning", "note"}
    (suppressed,) = [result for result in ran["results"] if "suppressions" in result]
    assert suppressed["suppressions"] == [{"kind": "inSource", "justification": "Three <days> of test."}]
    places = {result["locations"][0]["physicalLocation"]["region"]["startLine"] for result in ran["results"]}
    assert places > {1}


def test_what_a_home_holds_is_checked(
    spoiled: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rows, begin = 600, 1_767_225_600_000
    orders = pl.DataFrame(
        {
            "order_id": [f"o{n}" for n in range(rows)],
            "at": [begin + n * 3_600_000 for n in range(rows)],
            "customer": [f"c{n % 30}" for n in range(rows)],
            "total": [10.0 + n % 7 for n in range(rows)],
            "gift": [n % 10 == 0 for n in range(rows)],
        }
    )
    late = orders.filter(pl.col("gift")).select(
        return_id=pl.col("order_id"), at=pl.col("at") + 5 * 86_400_000, order_id=pl.col("order_id")
    )
    folder = tmp_path / "events"
    folder.mkdir()
    orders.write_csv(folder / "Order.csv")
    late.write_csv(folder / "Return.csv")
    assert front.run(["ingest", spoiled, str(folder), "--home", str(home)]) == 0
    code, out, _ = run(capsys, spoiled, "--no-measure", "--json", "--home", str(home))
    report = json.loads(out)
    found = {one["id"]: one for one in report["findings"]}
    assert code == 1
    assert report["numbers"]["per_day"]["value"] == pytest.approx(rows / ((rows - 1) / 24))
    assert report["numbers"]["amount"]["value"] == pytest.approx(orders["total"].mean())
    assert report["numbers"]["label_delay_days"]["value"] == 5.0
    assert "100.0% of the positives" in found["SF305"]["by"]
    assert "measured: delays of 60 positive labels" in found["SF305"]["arithmetic"][0]
    assert found["SF503"]["where"] == "Order.gift"


def test_stages_are_measured(spoiled: str, home: Path) -> None:
    from sevenfold.design.check.measure import measure_stages

    told: list[int] = []
    stages = measure_stages(sf.load(spoiled), home, lambda done, total: told.append(done), decisions=20)
    assert told == list(range(1, 21))
    assert {"features", "policy", "record", "flush"} <= set(stages.mean_us)
    assert stages.busy_ms > 0
    assert stages.source == "measured: 20 made-up decisions on this machine, no model"
    assert not home.exists()


def test_accepting_what_is_no_finding_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "odd.py"
    path.write_text(SPOILED.replace("SF602", "SF999"))
    code, _, err = run(capsys, str(path), "--no-measure")
    assert code == 2
    assert "accepts['SF999']: expected the id of a finding, got 'SF999'" in err


def test_a_design_that_is_not_there(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = run(capsys, "nothing")
    assert code == 2
    assert "expected one of" in err
