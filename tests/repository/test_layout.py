"""Rules about the source tree that no linter of ours knows."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "sevenfold"
PYPROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
LONGEST_MODULE = 400


def packages() -> set[str]:
    return {path.parent.name for path in SOURCE.glob("*/__init__.py")}


def test_every_room_stands_in_the_layers() -> None:
    """A new package that no contract names would be free to import anything."""
    contracts = PYPROJECT["tool"]["importlinter"]["contracts"]
    layers = {name.strip() for layer in contracts[0]["layers"] for name in layer.split("|")}
    outside = {"trust", "scale"}
    assert packages() - layers == outside
    assert {name for name in layers if not (SOURCE / name).is_dir()} == {"errors"}


def test_the_core_is_forbidden_to_know_any_system() -> None:
    contract = PYPROJECT["tool"]["importlinter"]["contracts"][2]
    assert contract["forbidden_modules"] == ["sevenfold.systems"]
    named = {module.removeprefix("sevenfold.") for module in contract["source_modules"]}
    assert named == packages() - {"cli", "console", "systems"} | {"errors"}


def test_modules_stay_short() -> None:
    long = {}
    for path in [*SOURCE.rglob("*.py"), *(ROOT / "tests").rglob("*.py")]:
        lines = len(path.read_text(encoding="utf-8").splitlines())
        if lines > LONGEST_MODULE:
            long[str(path.relative_to(ROOT))] = lines
    assert long == {}


def test_every_package_and_module_says_what_it_is() -> None:
    silent = [
        str(path.relative_to(ROOT))
        for path in SOURCE.rglob("*.py")
        if not path.read_text(encoding="utf-8").lstrip().startswith(('"""', 'r"""'))
    ]
    assert silent == []


def test_importing_sevenfold_loads_no_heavy_library() -> None:
    """What keeps the import under 300 ms; the time itself depends on the machine."""
    heavy = "{'polars', 'numba', 'sklearn', 'xgboost', 'matplotlib', 'onnxruntime', 'cyclopts', 'rich'}"
    program = f"import sys, sevenfold; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
