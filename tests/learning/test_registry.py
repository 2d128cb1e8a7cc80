"""MLflow's register: versions with their lineage, aliases, and a server that is down."""

from __future__ import annotations

import socket

import pytest

from sevenfold.learning.declaration import Learning
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.registry import Registered, register
from sevenfold.learning.splits import Prequential
from sevenfold.learning.train import train


@pytest.fixture(scope="module")
def bundles(world, tmp_path_factory):
    learning = Learning(
        candidates=(LogisticRegression(),), folds=Prequential(test="10d"), replicates=5, threads=1
    )
    result = train(world.features, world.times, world.y, learning)
    folder = tmp_path_factory.mktemp("registered")
    return [
        result.save(folder, program={"features": ["a"]}, origin={"design": "small", "log_offset": offset})
        for offset in (3000, 4000)
    ]


def test_versions_tell_where_they_come_from_and_aliases_which_are_at_work(bundles, tmp_path):
    uri = f"sqlite:///{tmp_path / 'mlflow.db'}"
    first, second = bundles
    made = register("small", [(first, None)], {"champion": first.id}, local=tmp_path, uri=uri)
    assert made.notes == ()
    aliases = {"champion": second.id, "challenger": None}
    again = register("small", [(first, None), (second, None)], aliases, local=tmp_path, uri=uri)
    assert again.versions == {first.id: "1", second.id: "2"}

    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=again.uri)
    version = client.get_model_version_by_alias("small", "champion")
    assert version.tags["bundle"] == second.id
    assert version.tags["log_offset"] == "4000"
    assert version.tags["design"] == "small"
    assert version.tags["design_hash"] == second.schema_hash
    assert version.tags["trained_to"] == second.metadata["training"]["end"]
    assert set(client.get_registered_model("small").aliases) == {"champion"}


def test_a_server_that_is_down_is_a_note_and_off_is_nothing(bundles, tmp_path):
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        uri = f"http://127.0.0.1:{closed.getsockname()[1]}"
        kept = register("small", [(bundles[0], None)], {}, local=tmp_path, uri=uri)
    assert kept.uri is None
    assert kept.notes[0].startswith(f"MLflow at {uri} did not register the model:")
    assert register("small", [], {}, local=tmp_path, uri="off") == Registered()
