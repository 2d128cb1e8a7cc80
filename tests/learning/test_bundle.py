import errno
import json
from pathlib import Path

import numpy as np
import pytest

from sevenfold.errors import BundleError
from sevenfold.learning import folder
from sevenfold.learning.bundle import FORMAT, load_bundle, schema_hash, write_bundle
from sevenfold.learning.graph import export
from sevenfold.learning.logistic_regression import LogisticRegression

PROGRAM = {"features": [{"name": "amount", "op": "field"}], "version": 1}


@pytest.fixture(scope="module")
def parts(table):
    model = LogisticRegression().fit(table)
    return {
        "model": export(model, len(table.encoding)),
        "program": PROGRAM,
        "encoding": table.encoding,
        "metadata": {"design": "test", "metrics": {"roc_auc": 0.9}, "data_licence": "CC0-1.0"},
        "record": {"created_at": "2026-01-01T00:00:00Z"},
    }


@pytest.fixture
def bundle(parts, tmp_path):
    return write_bundle(tmp_path / "bundles", **parts)


def test_what_is_loaded_is_what_was_written(bundle, parts, table):
    loaded = load_bundle(str(bundle.path), expected_schema=schema_hash(PROGRAM))
    assert loaded.id == bundle.id == bundle.path.name
    assert loaded.program == PROGRAM
    assert loaded.encoding == parts["encoding"]
    assert loaded.metadata == parts["metadata"]
    assert loaded.record == parts["record"]
    assert loaded.schema_hash == schema_hash(PROGRAM)
    scores = loaded.scorer().score(table.X)
    assert scores.shape == (len(table),)
    np.testing.assert_array_equal(loaded.scorer(threads=2).score(table.X), scores)


def test_a_folder_holds_nothing_that_runs(bundle):
    assert sorted(p.name for p in bundle.path.iterdir()) == [
        "checksums.json",
        "features.json",
        "metadata.json",
        "model.onnx",
        "record.json",
    ]


def test_the_id_comes_from_the_content_and_not_from_the_record(bundle, parts, tmp_path):
    later = write_bundle(tmp_path / "other", **{**parts, "record": {"created_at": "2027-01-01T00:00:00Z"}})
    assert later.id == bundle.id
    other = write_bundle(tmp_path / "other", **{**parts, "metadata": {"design": "other"}})
    assert other.id != bundle.id


def test_writing_it_again_keeps_the_first(bundle, parts):
    again = write_bundle(bundle.path.parent, **{**parts, "record": {"created_at": "later"}})
    assert again.path == bundle.path
    assert again.record == parts["record"]


def test_writing_it_again_mends_a_damaged_one(bundle, parts):
    (bundle.path / "model.onnx").write_bytes(b"torn")
    assert write_bundle(bundle.path.parent, **parts).model == parts["model"]


def test_all_damage_is_reported_at_once(bundle):
    content = bytearray((bundle.path / "model.onnx").read_bytes())
    content[len(content) // 2] ^= 1
    (bundle.path / "model.onnx").write_bytes(bytes(content))
    (bundle.path / "metadata.json").unlink()
    with pytest.raises(BundleError) as error:
        load_bundle(bundle.path)
    assert [f.where for f in error.value.faults] == ["model.onnx", "metadata.json"]
    assert str(error.value).startswith(
        f"The bundle {bundle.path} can't be used.\n  - model.onnx: expected SHA-256"
    )
    assert "The file is damaged." in str(error.value)
    assert "metadata.json: expected a file that can be read, got No such file" in str(error.value)


@pytest.mark.parametrize("name", ["model.onnx", "features.json", "metadata.json", "record.json"])
def test_a_truncated_file_is_noticed(bundle, name):
    (bundle.path / name).write_bytes((bundle.path / name).read_bytes()[:-1])
    with pytest.raises(BundleError, match=rf"{name}: expected SHA-256"):
        load_bundle(bundle.path)


def test_another_schema_is_refused(bundle):
    with pytest.raises(BundleError) as error:
        load_bundle(bundle.path, expected_schema=schema_hash({"features": []}))
    assert str(error.value) == (
        f"The bundle {bundle.path} was made for other features.\n"
        f"  - schema: expected {schema_hash({'features': []})[:12]}…, got {schema_hash(PROGRAM)[:12]}…."
        " Its design's features have changed since: train again, or use the design it was made with."
    )


def rewrite(bundle, **changes):
    path = bundle.path / "checksums.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def test_an_unknown_format_is_refused(bundle):
    rewrite(bundle, format=99)
    with pytest.raises(BundleError) as error:
        load_bundle(bundle.path)
    assert str(error.value) == (
        f"The bundle {bundle.path} can't be read.\n"
        f"  - format: expected {FORMAT}, got 99. It was made by another version of Sevenfold."
    )


def test_a_forged_id_is_refused(bundle):
    rewrite(bundle, id="0" * 16)
    with pytest.raises(BundleError, match=f"checksums.json: expected the id {bundle.id}, got {'0' * 16}"):
        load_bundle(bundle.path)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"format": 1}', b"\xff\xfe"])
def test_broken_checksums_are_refused(bundle, content):
    (bundle.path / "checksums.json").write_bytes(content)
    with pytest.raises(BundleError):
        load_bundle(bundle.path)


def test_no_bundle_is_refused(tmp_path):
    with pytest.raises(BundleError, match="expected a bundle's folder, got no such folder"):
        load_bundle(tmp_path / "nothing")
    with pytest.raises(BundleError, match=r"got a folder without checksums\.json"):
        load_bundle(tmp_path)


def test_a_full_disk_leaves_nothing_behind(parts, tmp_path, monkeypatch):
    def full(_handle: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(folder, "flush", full)
    with pytest.raises(OSError, match="No space left on device"):
        write_bundle(tmp_path, **parts)
    assert list(tmp_path.iterdir()) == []


def test_an_interruption_leaves_nothing_behind(parts, tmp_path, monkeypatch):
    def interrupted(_self: Path, _target: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", interrupted)
    with pytest.raises(KeyboardInterrupt):
        write_bundle(tmp_path, **parts)
    assert list(tmp_path.iterdir()) == []


def test_metadata_that_is_not_plain_data_is_refused_before_anything_is_written(parts, tmp_path):
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_bundle(tmp_path, **{**parts, "metadata": {"auc": float("nan")}})
    assert list(tmp_path.iterdir()) == []


def test_the_schema_hash_does_not_depend_on_the_order_of_keys():
    assert schema_hash({"b": [1, 2], "a": "ü"}) == schema_hash({"a": "ü", "b": [1, 2]})
    assert schema_hash({"a": [1, 2]}) != schema_hash({"a": [2, 1]})
