"""Compiled code of the kernel is kept on disk, and never outlives the sources that it was made from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from sevenfold.features.kernel.compiled import source_stamp
from sevenfold.features.kernel.totals import decay

ROOT = Path(__file__).parents[2]
KERNEL = ROOT / "src" / "sevenfold" / "features" / "kernel"
PROGRAM = "from sevenfold.features.kernel.totals import decay; print(decay(2.0, 1.0))"


def run(cache: Path) -> str:
    """Call one compiled function in a process of its own; what numba says of its files on disk."""
    environment = os.environ | {
        "NUMBA_CACHE_DIR": str(cache),
        "NUMBA_DEBUG_CACHE": "1",
        "NUMBA_DISABLE_JIT": "0",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True, env=environment
    )
    assert done.stdout.endswith("\n0.25\n")
    return done.stdout


def test_the_second_process_compiles_nothing(tmp_path: Path) -> None:
    first, second = run(tmp_path), run(tmp_path)
    assert "data saved" in first
    assert "data loaded" in second
    assert "data saved" not in second


def test_code_compiled_from_other_sources_is_not_used() -> None:
    assert decay._cache._cache_file._source_stamp == source_stamp(KERNEL)


def test_any_change_of_any_source_changes_the_stamp(tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("A = 1\n")
    (tmp_path / "b.py").write_text("B = 1\n")
    stamps = [source_stamp(tmp_path)]
    (tmp_path / "b.py").write_text("B = 2\n")
    stamps.append(source_stamp(tmp_path))
    (tmp_path / "c.py").write_text("")
    stamps.append(source_stamp(tmp_path))
    (tmp_path / "a.py").write_text("A = 1\nB = 2\n")
    stamps.append(source_stamp(tmp_path))
    assert len(set(stamps)) == len(stamps)


def test_the_kernel_compiles_in_one_way() -> None:
    """A function decorated by numba itself would be taken from disk after a change of what it calls."""
    assert [path.name for path in KERNEL.glob("*.py") if "njit" in path.read_text(encoding="utf-8")] == [
        "compiled.py"
    ]
