"""MLflow keeps every training, and never stands in a training's way."""

from __future__ import annotations

import socket

import pytest

from sevenfold.learning.declaration import Learning
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.plots import plot_training
from sevenfold.learning.splits import Prequential
from sevenfold.learning.tracking import Tracked, track
from sevenfold.learning.train import train
from sevenfold.learning.xgboost import XGBoost


@pytest.fixture(scope="module")
def trained(world, tmp_path_factory):
    learning = Learning(
        candidates=(LogisticRegression(), XGBoost(trees=5, early_stopping=None)),
        folds=Prequential(test="10d", folds=2),
        replicates=5,
        threads=1,
    )
    result = train(world.features, world.times, world.y, learning)
    folder = tmp_path_factory.mktemp("trained")
    origin = {"design": "small", "label": {}, "log_offset": 3000}
    bundle = result.save(folder / "bundles", program={"features": ["amount"]}, origin=origin)
    return result, bundle, plot_training(result, folder / "plots")


def test_a_run_holds_parameters_metrics_by_fold_plots_bundle_hash_and_offset(trained, tmp_path, monkeypatch):
    """A server that is down comes first, so that the file is made but once: it is slow to make."""
    result, bundle, plots = trained
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
        kept = track(result, bundle, plots, experiment="small", local=tmp_path, uri=uri)
    assert kept.uri == f"sqlite:///{tmp_path / 'mlflow.db'}"
    said, instead = kept.notes
    assert said.startswith(f"MLflow at {uri} did not take the run:")
    assert "refused" in said
    assert instead == f"It is kept in {tmp_path / 'mlflow.db'} instead."

    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=kept.uri)
    run = client.get_run(kept.run)
    assert run.info.status == "FINISHED"
    assert run.data.tags["design"] == "small"
    assert run.data.tags["design_hash"] == bundle.schema_hash
    assert run.data.tags["log_offset"] == "3000"
    assert run.data.tags["bundle"] == bundle.id
    assert run.data.params["candidate.kind"] == type(result.candidate).__name__
    assert run.data.params["learning.folds.test"] == "10d"
    assert run.data.params["training.rows"] == str(result.rows)
    by_fold = client.get_metric_history(kept.run, "xgboost/roc_auc")
    (boosted,) = (r for r in result.evaluation.results if r.candidate.name == "xgboost")
    assert {m.step: m.value for m in by_fold} == {
        fold.fold.number: fold.metrics["roc_auc"].value for fold in boosted.folds
    }
    assert run.data.metrics["roc_auc"] == result.chosen.mean["roc_auc"].value
    found = {file.path for file in client.list_artifacts(kept.run, "plots")}
    assert found == {f"plots/{plot.name}" for plot in plots}
    names = {file.path for file in client.list_artifacts(kept.run, "bundle")}
    assert {"bundle/model.onnx", "bundle/metadata.json", "bundle/checksums.json"} <= names

    monkeypatch.delenv("SEVENFOLD_MLFLOW")
    again = track(result, bundle, plots, experiment="small", local=tmp_path)
    assert (again.uri, again.notes) == (kept.uri, ())
    assert again.run != kept.run


def test_where_nothing_can_be_kept_that_is_said_and_nothing_raised(trained, tmp_path, monkeypatch):
    result, bundle, plots = trained
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    monkeypatch.delenv("SEVENFOLD_MLFLOW")
    kept = track(result, bundle, plots, experiment="small", local=blocked)
    assert kept.run is None
    assert len(kept.notes) == 1
    assert "did not take the run" in kept.notes[0]


def test_without_the_library_it_says_so(trained, tmp_path, monkeypatch):
    import sys

    result, bundle, plots = trained
    for name in [name for name in sys.modules if name.partition(".")[0] == "mlflow"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "mlflow", None)
    kept = track(result, bundle, plots, experiment="small", local=tmp_path, uri="sqlite:///x.db")
    assert kept == Tracked(None, None, ("MLflow is not installed, so this run is not kept in it.",))


def test_it_can_be_turned_off(trained, tmp_path, monkeypatch):
    result, bundle, plots = trained
    assert track(result, bundle, plots, experiment="small", local=tmp_path, uri="off") == Tracked()
    monkeypatch.setenv("SEVENFOLD_MLFLOW", "off")
    assert track(result, bundle, plots, experiment="small", local=tmp_path) == Tracked()
    assert list(tmp_path.iterdir()) == []
