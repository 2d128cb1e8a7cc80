"""Compiled code of the flat model has a stamp of its own and outlives none of its sources."""

from __future__ import annotations

from pathlib import Path

import pytest

from sevenfold.features.kernel import compiled as feature_kernel
from sevenfold.features.kernel.compiled import source_stamp
from sevenfold.learning.flat.kernel import compiled as flat_kernel
from sevenfold.learning.flat.kernel.forest import forest_scores
from sevenfold.learning.flat.kernel.linear import linear_scores
from sevenfold.learning.flat.kernel.shapley import shapley_values
from sevenfold.learning.flat.warm import warm_up

FOLDER = Path(flat_kernel.__file__).parent
ENTRIES = {"forest_scores": forest_scores, "linear_scores": linear_scores, "shapley_values": shapley_values}


@pytest.mark.parametrize("name", ENTRIES)
def test_code_compiled_from_other_sources_is_not_used(name):
    assert ENTRIES[name]._cache._cache_file._source_stamp == source_stamp(FOLDER)


def test_a_change_of_the_feature_kernel_compiles_nothing_here_anew():
    assert flat_kernel._STAMP == source_stamp(FOLDER) != feature_kernel._STAMP


def test_the_kernel_compiles_in_one_way():
    users = [path.name for path in FOLDER.glob("*.py") if "njit" in path.read_text(encoding="utf-8")]
    assert users == ["compiled.py"]


def test_warming_up_compiles_every_kind_of_node():
    warm_up()
    assert len(forest_scores.signatures) >= 3
    assert len(shapley_values.signatures) >= 2
