"""``sevenfold run``: the main job, safe to interrupt and to repeat."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

from sevenfold.data.sqlite_log import SqliteEventLog
from sevenfold.design.home import Home

if TYPE_CHECKING:
    from collections.abc import Callable

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]

STEPS = ["simulate", "ingest", "backfill", "train", "score"]


@pytest.fixture(autouse=True)
def _world_of_frauds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make worlds small and full of fraud, so that a few thousand payments suffice."""
    from sevenfold.systems.fraud import world

    simulate = world.simulate
    monkeypatch.setattr(
        world, "simulate", lambda *words, **options: simulate(*words, fraud_share=0.03, days=120, **options)
    )


@pytest.fixture(autouse=True)
def _nothing_comes_in(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Leave the replay out, which starts a service, but where a test is about it."""
    if "live" not in request.keywords:
        monkeypatch.setattr("sevenfold.cli.run._NEWEST", 0)


def again(report: dict[str, Any]) -> dict[str, bool]:
    return {name: step["again"] for name, step in report["steps"].items()}


def logged(home: Path) -> int:
    with SqliteEventLog(home / "small" / "log.sqlite") as log:
        return log.end()


def test_it_goes_from_nothing_to_scores_and_then_has_nothing_to_do(
    sevenfold: Sevenfold, design: str, home: Path
) -> None:
    first = sevenfold("run", design, "--payments", 5000)
    assert again(first) == dict.fromkeys(STEPS, False)
    folder = Path(first["folder"])
    assert pl.read_parquet(folder / "features.parquet").height == 5000
    assert pl.read_parquet(folder / "scores.parquet").height == first["steps"]["score"]["rows"] == 5000
    assert all(Path(plot).is_file() for plot in first["steps"]["train"]["plots"])
    assert (Home(home, "small").bundles / first["steps"]["train"]["bundle"] / "model.onnx").is_file()
    second = sevenfold("run", design, "--payments", 5000)
    assert again(second) == dict.fromkeys(STEPS, True)
    assert second["folder"] == first["folder"]
    assert second["steps"]["train"]["metrics"] == first["steps"]["train"]["metrics"]


@pytest.mark.live
def test_in_the_end_the_newest_payments_come_in_over_http(
    sevenfold: Sevenfold, design: str, home: Path
) -> None:
    first = sevenfold("run", design, "--payments", 4000, "--replay", 200)
    summary = first["steps"]["replay"]
    assert summary["again"] is False
    assert summary["lost"] == 0
    assert summary["statuses"]["200"] == sum(summary["actions"].values()) == 200
    assert set(summary["statuses"]) <= {"200", "202"}
    assert summary["fallbacks"] == 0
    assert 0 < summary["reported"] <= 200
    assert 0 <= summary["stopped"] <= summary["reported"]
    assert logged(Path(first["folder"]) / "live") >= logged(home)
    second = sevenfold("run", design, "--payments", 4000, "--replay", 200)
    assert second["steps"]["replay"] == summary | {
        "again": True,
        "seconds": second["steps"]["replay"]["seconds"],
    }


@pytest.mark.parametrize(
    ("breaks", "done"),
    [
        ("sevenfold.systems.fraud.world.files.Table.close", []),
        ("sevenfold.data.sqlite_log.SqliteEventLog.append", ["simulate"]),
        ("sevenfold.design.workspace.Workspace.features", ["simulate", "ingest"]),
        ("sevenfold.design.workspace.train", ["simulate", "ingest", "backfill"]),
        ("sevenfold.learning.scorer.RowScorer.score_frame", ["simulate", "ingest", "backfill", "train"]),
    ],
)
def test_interrupted_in_any_step_it_goes_on_from_there(
    breaks: str,
    done: list[str],
    sevenfold: Sevenfold,
    refused: Refused,
    design: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(breaks, interrupt)
        said = refused("run", design, "--payments", 4000, code=130)
    assert said.startswith("Interrupted. Steps that are done are kept in ")
    assert said.endswith("; the same command goes on from there.\n")
    assert [
        name for name, step in again(sevenfold("run", design, "--payments", 4000)).items() if step
    ] == done


def test_another_world_takes_the_place_of_the_simulated_one(
    sevenfold: Sevenfold, design: str, home: Path
) -> None:
    first = sevenfold("run", design, "--payments", 4000)
    other = sevenfold("run", design, "--payments", 4500, "--seed", 8)
    assert again(other) == dict.fromkeys(STEPS, False)
    assert logged(home) == other["steps"]["ingest"]["events"]
    back = sevenfold("run", design, "--payments", 4000)
    assert again(back) == {name: name != "ingest" for name in STEPS}
    assert back["steps"]["train"]["metrics"] == first["steps"]["train"]["metrics"]


def test_a_simulated_world_never_mixes_with_events_that_were_brought_in(
    sevenfold: Sevenfold, refused: Refused, design: str, world: Path, home: Path
) -> None:
    sevenfold("ingest", design, world)
    before = logged(home)
    said = refused("run", design, "--payments", 4000)
    assert "A simulated world is not mixed with events that were brought in." in said
    assert f"expected no events, or a simulated world, got {before:,} events" in said
    assert logged(home) == before


def test_events_added_to_a_simulated_world_are_never_thrown_away(
    sevenfold: Sevenfold, refused: Refused, design: str, tmp_path: Path, home: Path
) -> None:
    sevenfold("run", design, "--payments", 4000)
    line = "own,2026-01-05T10:00:00Z,card_a,shop_a,12.50\n"
    (tmp_path / "Payment.csv").write_text("payment_id,occurred_at,card,merchant,amount\n" + line)
    sevenfold("ingest", design, tmp_path / "Payment.csv")
    before = logged(home)
    assert "not mixed with events" in refused("run", design, "--payments", 4500)
    assert logged(home) == before


def test_own_events_instead_of_a_simulated_world(
    sevenfold: Sevenfold, design: str, world: Path, home: Path
) -> None:
    first = sevenfold("run", design, "--events", world)
    assert list(first["steps"]) == STEPS[1:]
    assert first["steps"]["score"]["rows"] == 6000
    assert again(sevenfold("run", design, "--events", world)) == dict.fromkeys(STEPS[1:], True)


@pytest.mark.parametrize("simulated", [True, False])
def test_a_changed_design_is_a_run_of_its_own_on_the_same_events(
    simulated: bool, sevenfold: Sevenfold, design: str, world: Path, tmp_path: Path
) -> None:
    source = ["--payments", 4000] if simulated else ["--events", world]
    first = sevenfold("run", design, *source)
    changed = tmp_path / "small.py"
    changed.write_text(Path(design).read_text().replace('over("1h", "1d")', 'over("2h", "1d")'))
    second = sevenfold("run", changed, *source)
    assert second["folder"] != first["folder"]
    assert second["steps"]["ingest"]["new"] == 0
    assert second["steps"]["backfill"]["again"] is False
    if simulated:
        assert second["steps"]["simulate"]["again"] is second["steps"]["ingest"]["again"] is True


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--payments", "-5"], "payments: expected 0 or more, got -5"),
        (["--payments", "many"], 'Invalid value for --payments: unable to convert "many" into int.'),
        (["--events", "nowhere"], "nowhere: expected a file or a folder, got nothing"),
        (["--replay", "-1"], "--replay: expected 1 or more, or 0 without --serve, got -1"),
        (["--replay", "0", "--serve"], "--replay: expected 1 or more, or 0 without --serve, got 0"),
        (["--events", "nowhere", "--seed", "1"], "Events are simulated or brought in, not both."),
    ],
)
def test_what_cannot_be_run_is_said_at_once(
    words: list[str], said: str, refused: Refused, design: str, home: Path
) -> None:
    assert said in refused("run", design, *words)


def test_too_few_payments_say_what_is_missing(refused: Refused, design: str) -> None:
    for payments in (0, 30):
        said = refused("run", design, "--payments", payments)
        assert "expected" in said
        assert "did not expect" not in said


def test_a_design_with_events_that_no_world_has(refused: Refused, tmp_path: Path) -> None:
    other = tmp_path / "other.py"
    other.write_text(
        "import sevenfold as sf\n"
        "class Visit(sf.Event, key='visit_id', time='at'):\n"
        "    visit_id: str\n"
        "    at: sf.Timestamp\n"
        "    user: sf.Entity\n"
        "design = sf.Design(name='visits', events=[Visit],"
        " features=sf.features(n=Visit.count().by(Visit.user).over('1d')))\n"
    )
    said = refused("run", other)
    assert "There is no simulated world for the design visits." in said
    expected = "one of Payment, Decline, Refund, Chargeback"
    assert f"Visit: expected {expected}, got another event. Name its events' files" in said
