"""The flat model's file: the same bytes for the same model, read without pickle, and never trusted."""

from __future__ import annotations

import io
import json
import logging
from typing import TYPE_CHECKING

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sevenfold.errors import BundleError, UsageError
from sevenfold.learning.bundle import load_bundle, write_bundle
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.flat.file import flat_bytes, read_flat
from sevenfold.learning.flat.model import FlatModel
from sevenfold.learning.flat.publish import flatten, publish
from sevenfold.learning.formula import formula_of
from sevenfold.learning.graph import export
from sevenfold.learning.logistic_regression import LogisticRegression
from sevenfold.learning.reference import Reference
from sevenfold.learning.scorer import Scorer
from sevenfold.learning.xgboost import XGBoost

if TYPE_CHECKING:
    from sevenfold.learning.candidate import Table


@pytest.fixture(scope="module")
def trees(table: Table) -> FlatModel:
    model = XGBoost(trees=5, depth=3, early_stopping=None).fit(table, seed=1, threads=1)
    return flatten(formula_of(model), table.encoding, table.X)


@pytest.fixture(scope="module")
def weights(table: Table) -> FlatModel:
    return flatten(formula_of(LogisticRegression().fit(table)), table.encoding, table.X)


def changed(model: FlatModel, **arrays: np.ndarray) -> bytes:
    with np.load(io.BytesIO(flat_bytes(model))) as file:
        content = {name: file[name] for name in file.files} | arrays
    stream = io.BytesIO()
    np.savez(stream, **{name: array for name, array in content.items() if array is not None})
    return stream.getvalue()


@pytest.mark.parametrize("kind", ["trees", "weights"])
def test_what_is_read_is_what_was_written(kind, table, request):
    model = request.getfixturevalue(kind)
    content = flat_bytes(model)
    read = read_flat(content, table.encoding)
    np.testing.assert_array_equal(read.score(table.X), model.score(table.X))
    np.testing.assert_array_equal(read.shapley(table.X[:9]), model.shapley(table.X[:9]))
    assert flat_bytes(read) == content


def test_no_file_is_taken_that_would_lead_compiled_code_astray(trees, table):
    core, codes = trees.core, len(trees.core.code)
    places = 2 * core.columns + codes
    wrong = {
        "version: expected 1, got 2. It was made by another version of Sevenfold.": {"version": np.array(2)},
        "kind: expected trees or weights, got 'none'": {"kind": np.frombuffer(b"none", np.uint8)},
        "left: expected int32 of 1 dimensions, got int64 of 1": {"left": core.left.astype(np.int64)},
        "threshold: expected float32 or float64 of 1 dimensions": {"threshold": core.left},
        "left: expected links that lead forwards within their tree": {"left": core.left + 1},
        f"left: expected {len(core)} values, got 3": {"left": core.left[:3]},
        f"place: expected places below {places}": {"place": core.place + places},
        "place: expected places below": {"place": core.place - 1},
        "code_column: expected columns below 8": {"code_column": core.code_column + 8},
        "threshold: expected infinity at every leaf": {"threshold": np.zeros_like(core.threshold)},
        "leaf: expected numbers": {"leaf": core.leaf * np.nan},
        "left: expected one link to each node, got more to some": {
            "left": np.where(core.left == 5, 3, core.left)
        },
        "cover: expected numbers from 0 on": {"cover": -core.cover},
        "root: expected rising positions": {"root": core.root[::-1].copy()},
        "depth: expected rising steps within each tree": {"depth": core.depth + 10**9},
        "depth: expected rising": {"depth": np.arange(len(core.depth))[::-1].copy()},
        "columns: expected 8, as the encoding has, got 9": {"columns": np.array(9)},
        "link: expected 5 words, got 2": {"link": np.zeros(2)},
        "points: expected rising": {"points": np.zeros(3), "values": np.zeros(3)},
        "points: expected an isotonic calibration, got none": {"link": np.array([0, 1, 2.0, 0, 0])},
    }
    for said, arrays in wrong.items():
        with pytest.raises(BundleError) as caught:
            read_flat(changed(trees, **arrays), table.encoding)
        assert said in str(caught.value)


def test_no_weights_are_taken_that_do_not_fit(weights, table):
    for said, arrays in {
        "mean: expected 8 values, as the encoding has, got 2": {"mean": np.zeros(2)},
        "table: expected a weight for each slot": {"slots": weights.core.slots + 1},
    }.items():
        with pytest.raises(BundleError) as caught:
            read_flat(changed(weights, **arrays), table.encoding)
        assert said in str(caught.value)


@pytest.mark.parametrize("content", [b"", b"no archive", b"PK\x03\x04"])
def test_what_is_no_file_of_ours_is_refused(content, table):
    with pytest.raises(BundleError, match=r"The flat model can't be read\."):
        read_flat(content, table.encoding)


def test_a_pickle_is_refused(table, trees):
    with pytest.raises(BundleError, match="allow_pickle=False"):
        read_flat(changed(trees, leaf=np.array([print], dtype=object)), table.encoding)


def test_a_missing_array_is_refused(table, trees):
    with pytest.raises(BundleError, match="leaf"):
        read_flat(changed(trees, leaf=None), table.encoding)


def test_a_model_of_another_width_is_refused(trees):
    with pytest.raises(UsageError, match="expected 1 columns, as its encoding has, got 8"):
        FlatModel(Encoding((Column("one"),)), trees.core, trees.link, trees.points, trees.values)


def written(table: Table, root, *, flat: bytes | None, reference: Reference | None = None):
    model = XGBoost(trees=5, depth=3, early_stopping=None).fit(table, seed=1, threads=1)
    return write_bundle(
        root,
        model=export(model, len(table.encoding)),
        program={"features": []},
        encoding=table.encoding,
        metadata={},
        record={},
        flat=flat,
        reference=reference,
    )


def test_a_bundle_serves_its_flat_form(table, trees, tmp_path):
    reference = Reference.of(table)
    bundle = load_bundle(written(table, tmp_path, flat=flat_bytes(trees), reference=reference).path)
    served = bundle.served()
    assert isinstance(served, FlatModel)
    np.testing.assert_allclose(served.score(table.X), bundle.scorer().score(table.X), rtol=0, atol=1e-6)
    assert served.score_row(dict.fromkeys(table.encoding.names)) == pytest.approx(
        bundle.scorer().score_row(dict.fromkeys(table.encoding.names)), abs=1e-6
    )
    assert bundle.reference.to_json() == reference.to_json()


def test_a_bundle_without_one_is_served_by_onnx_runtime(table, tmp_path):
    bundle = written(table, tmp_path, flat=None)
    assert isinstance(bundle.served(), Scorer)
    assert bundle.reference is None


def test_a_flat_form_of_another_version_leaves_the_model_to_onnx_runtime(table, trees, tmp_path, caplog):
    bundle = written(table, tmp_path, flat=changed(trees, version=np.array(2)))
    with caplog.at_level(logging.WARNING):
        assert isinstance(bundle.served(), Scorer)
    assert "ONNX Runtime serves instead." in caplog.text


def test_a_damaged_flat_form_is_a_damaged_bundle(table, trees, tmp_path):
    bundle = written(table, tmp_path, flat=flat_bytes(trees))
    path = bundle.path / "flat.npz"
    content = bytearray(path.read_bytes())
    content[100] ^= 1
    path.write_bytes(content)
    with pytest.raises(BundleError, match=r"flat\.npz: expected SHA-256"):
        load_bundle(bundle.path)
    path.unlink()
    with pytest.raises(BundleError, match=r"flat\.npz: expected a file that can be read"):
        load_bundle(bundle.path)


def test_the_flat_form_is_part_of_the_bundle_s_identity(table, trees, tmp_path):
    plain, flat = written(table, tmp_path, flat=None), written(table, tmp_path, flat=flat_bytes(trees))
    assert plain.id != flat.id
    listed = json.loads((flat.path / "checksums.json").read_text())
    assert set(listed["files"]) >= {"model.onnx", "flat.npz"}


def test_publishing_leaves_a_file_that_is_read(table):
    model = LogisticRegression().fit(table)
    published = publish(model, export(model, len(table.encoding)), table.encoding, table.X)
    assert published.to_json()["form"] == "flat"
    assert isinstance(read_flat(published.content, table.encoding), FlatModel)


@settings(max_examples=150)
@given(seed=st.integers(0, 2**32))
def test_whatever_stands_in_the_arrays_is_refused_or_walked_within_them(trees, table, seed):
    """A checksum guards against chance, not against somebody; compiled code has no net of its own."""
    rng = np.random.default_rng(seed)
    core = trees.core
    name = rng.choice(["place", "left", "root", "depth", "threshold", "code_column", "leaf", "cover"])
    array = getattr(core, name).copy()
    if not len(array):
        return
    for at in rng.integers(0, len(array), rng.integers(1, 4)):
        drawn = rng.choice([-1, 0, 1, 2, 7, len(core), 2**31 - 1, rng.integers(-(2**31), 2**31)])
        array[at] = np.inf if name == "threshold" and rng.random() < 0.3 else drawn
    try:
        read = read_flat(changed(trees, **{name: array}), table.encoding)
    except BundleError:
        return
    assert read.score(table.X[:70]).shape == (70,)
    assert read.shapley(table.X[:9]).shape == (9, len(table.encoding))
