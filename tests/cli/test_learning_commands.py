"""``backfill``, ``train``, ``evaluate`` and ``score``: from a log to scores, and what stands in the way."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl
import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    Sevenfold = Callable[..., dict[str, Any]]
    Refused = Callable[..., str]

FEATURES = ["amount", "card_count_1h", "card_count_1d", "card_idle", "reports_30d"]


def test_backfill_of_files_equals_that_of_the_log(
    sevenfold: Sevenfold, design: str, world: Path, trained: Path, tmp_path: Path
) -> None:
    of_log = sevenfold("backfill", design, "--out", tmp_path / "log.parquet", home=trained)
    of_files = sevenfold("backfill", design, world, "--out", tmp_path / "files.parquet")
    assert of_log["rows"] == of_files["rows"] == 6000
    assert of_log["features"] == FEATURES
    assert pl.read_parquet(tmp_path / "log.parquet").equals(pl.read_parquet(tmp_path / "files.parquet"))


@pytest.mark.parametrize(("name", "read"), [("f.csv", pl.read_csv), ("f.jsonl", pl.read_ndjson)])
def test_backfill_writes_text_too(
    name: str,
    read: Callable[[Path], pl.DataFrame],
    sevenfold: Sevenfold,
    design: str,
    trained: Path,
    tmp_path: Path,
) -> None:
    sevenfold("backfill", design, "--out", tmp_path / name, home=trained)
    assert read(tmp_path / name).columns == ["payment_id", *FEATURES]


def test_backfill_refuses_what_it_cannot_write_and_what_is_not_there(
    refused: Refused, design: str, tmp_path: Path
) -> None:
    said = refused("backfill", design, "--out", tmp_path / "f.xlsx")
    assert "expected a name that ends with .parquet, .csv, .jsonl, got '.xlsx'" in said
    said = refused("backfill", design, "--out", tmp_path / "f.parquet")
    assert "There are no events." in said
    assert "Bring some in: sevenfold ingest small FOLDER" in said
    assert list(tmp_path.glob("f.*")) == []


def test_train_keeps_a_bundle_and_tells_its_figures(sevenfold: Sevenfold, design: str, trained: Path) -> None:
    again = sevenfold("train", design, home=trained)
    bundle = trained / "small" / "bundles" / again["bundle"]
    assert json.loads((bundle.parent / "current.json").read_text()) == {"bundle": again["bundle"]}
    assert len(list(bundle.parent.glob("*/model.onnx"))) == 1, "an equal training gives the same bundle"
    assert set(again["compared"]) == {"logistic regression", "xgboost"}
    assert again["metrics"]["roc_auc"]["value"] > 0.6
    metadata = json.loads((bundle / "metadata.json").read_text())
    assert metadata["design"] == "small"
    assert 0 < metadata["training"]["positives"] < metadata["training"]["rows"] <= 6000
    assert all(plot.endswith(".png") for plot in again["plots"])


def test_evaluate_tells_the_same_figures_and_keeps_nothing(
    sevenfold: Sevenfold, design: str, world: Path, trained: Path, home: Path
) -> None:
    of_files = sevenfold("evaluate", design, world)
    of_log = sevenfold("evaluate", design, home=trained)
    assert of_files["metrics"] == of_log["metrics"]
    assert not (home / "small" / "bundles").exists()
    assert not (home / "small" / "log.sqlite").exists()


def test_training_needs_events_a_label_and_both_classes(
    refused: Refused, sevenfold: Sevenfold, design: str, world: Path, tmp_path: Path
) -> None:
    assert "There are no events." in refused("train", design)
    sevenfold("ingest", design, world / "Payment.parquet")
    assert "A model needs both classes to learn from." in refused("train", design)
    plain = tmp_path / "plain.py"
    text = Path(design).read_text()
    plain.write_text(text[: text.index("    label=")] + ")\n")
    said = refused("train", plain)
    assert "label: expected a label, got none" in said


def test_a_history_shorter_than_the_folds_says_so(
    refused: Refused, sevenfold: Sevenfold, design: str, world: Path, tmp_path: Path, payments: pl.DataFrame
) -> None:
    payments.head(300).write_parquet(tmp_path / "Payment.parquet")
    sevenfold("ingest", design, tmp_path / "Payment.parquet")
    assert "There is nothing to learn from." in refused("train", design)
    payments.filter(pl.col("occurred_at") < pl.datetime(2026, 2, 20, time_zone="UTC")).write_parquet(
        tmp_path / "Payment.parquet"
    )
    pl.read_parquet(world / "Chargeback.parquet").write_parquet(tmp_path / "Chargeback.parquet")
    sevenfold("ingest", design, tmp_path)
    assert "The history is too short for these folds." in refused("train", design)


def test_score_marks_what_the_model_learned_from(
    sevenfold: Sevenfold, design: str, trained: Path, tmp_path: Path
) -> None:
    report = sevenfold("score", design, "--out", tmp_path / "scores.parquet", home=trained)
    scores = pl.read_parquet(tmp_path / "scores.parquet")
    assert scores.columns == ["payment_id", "occurred_at", "score", "trained_on"]
    assert report["rows"] == report["known"] == scores.height == 6000
    assert scores["trained_on"].sum() == report["trained_on"] > 0
    assert scores["score"].is_between(0, 1).all()


def test_score_in_small_parts_gives_the_same(
    sevenfold: Sevenfold, design: str, trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sevenfold("score", design, "--out", tmp_path / "whole.parquet", home=trained)
    monkeypatch.setattr("sevenfold.design.scoring.EVENTS_A_PART", 777)
    sevenfold("score", design, "--out", tmp_path / "parts.parquet", home=trained)
    assert pl.read_parquet(tmp_path / "parts.parquet").equals(pl.read_parquet(tmp_path / "whole.parquet"))


def test_score_of_a_file_knows_what_the_log_knows_and_leaves_it_alone(
    sevenfold: Sevenfold, design: str, trained: Path, tmp_path: Path, payments: pl.DataFrame
) -> None:
    sevenfold("score", design, "--out", tmp_path / "log.parquet", home=trained)
    later = payments.tail(50).with_columns(pl.format("new-{}", "payment_id").alias("payment_id"))
    pl.concat([payments.slice(100, 200), later]).write_parquet(tmp_path / "Payment.parquet")
    report = sevenfold(
        "score", design, tmp_path / "Payment.parquet", "--out", tmp_path / "file.parquet", home=trained
    )
    assert (report["rows"], report["known"]) == (250, 200)
    of_file, of_log = pl.read_parquet(tmp_path / "file.parquet"), pl.read_parquet(tmp_path / "log.parquet")
    assert of_file.head(200).equals(of_log.slice(100, 200))
    assert of_file["payment_id"].tail(50).to_list() == later["payment_id"].to_list()
    after = sevenfold("score", design, "--out", tmp_path / "log.parquet", home=trained)
    assert after["rows"] == 6000


def test_score_needs_a_model_made_for_these_features(
    refused: Refused, design: str, trained: Path, tmp_path: Path
) -> None:
    out = tmp_path / "scores.csv"
    assert "Train one: sevenfold train small" in refused("score", design, "--out", out)
    other = tmp_path / "other.py"
    other.write_text(Path(design).read_text().replace('over("1h", "1d")', 'over("2h", "1d")'))
    said = refused("score", other, "--out", out, home=trained)
    assert "was made for other features." in said
    assert "train again, or use the design it was made with" in said
    assert "no such folder" in refused("score", design, "--bundle", "0123", "--out", out, home=trained)
    assert not out.exists()


def test_an_interrupted_score_leaves_the_old_file(
    sevenfold: Sevenfold,
    refused: Refused,
    design: str,
    trained: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out = tmp_path / "scores.csv"
    sevenfold("score", design, "--out", out, home=trained)
    before = out.read_bytes()

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("sevenfold.learning.scorer.RowScorer.score_frame", interrupt)
    said = refused("score", design, "--out", out, code=130, home=trained)
    assert said == f"Interrupted. {out} is as it was before.\n"
    assert out.read_bytes() == before
    assert [file.name for file in tmp_path.iterdir()] == ["scores.csv"]
