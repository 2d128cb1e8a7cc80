"""Find a design: one that is shipped, by name, or any other, by the path of its file."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import pkgutil
import sys
import traceback
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.design.design import Design
from sevenfold.errors import DesignError, Fault, SevenfoldError, UsageError

if TYPE_CHECKING:
    from types import ModuleType

__all__ = ["load", "shipped"]

_SYSTEMS = "sevenfold.systems"


def shipped() -> list[str]:
    """The names of the designs that come with the package."""
    package = importlib.import_module(_SYSTEMS)
    names = [info.name for info in pkgutil.iter_modules(package.__path__) if info.ispkg]
    return [name for name in names if importlib.util.find_spec(f"{_SYSTEMS}.{name}.design") is not None]


def load(design: str | Path) -> Design:
    """Load a design by name (``"fraud"``) or by the path of a Python file.

    Raises
    ------
    UsageError
        When there is no such design.
    DesignError
        When the file does not define one design, or fails; it names file and line.
    """
    text = str(design)
    if text.endswith(".py") or "/" in text or "\\" in text:
        found = _from_file(Path(text))
        found.source = str(Path(text).absolute())
        return found
    if text not in shipped():
        known = ", ".join(shipped())
        raise UsageError(
            "There is no such design",
            [Fault("design", f"one of {known}, or the path of a .py file", repr(text))],
        )
    found = _design_of(importlib.import_module(f"{_SYSTEMS}.{text}.design"), text)
    found.source = text
    return found


def _from_file(path: Path) -> Design:
    if not path.is_file():
        raise UsageError(
            "There is no such design", [Fault("design", "a Python file", f"{path}, which does not exist")]
        )
    # A name of its own for each path, so that two designs in files of one name don't share classes.
    name = f"sevenfold_design_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    if spec is None or spec.loader is None:
        raise UsageError("This is no Python file", [Fault("design", "a .py file", str(path))])
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except SevenfoldError as error:
        del sys.modules[name]
        line = _line_in(error, path)
        raise DesignError(f"{path}{line}: {error.summary}", error.faults) from error
    except SyntaxError as error:
        del sys.modules[name]
        got = (error.text or "").strip()
        raise DesignError(
            f"{error.filename or path}, line {error.lineno}: {error.msg}", [Fault("design", "Python", got)]
        ) from error
    except Exception as error:
        del sys.modules[name]
        line = _line_in(error, path)
        raise DesignError(f"{path}{line}: {type(error).__name__}: {error}") from error
    try:
        return _design_of(module, str(path))
    except DesignError:
        del sys.modules[name]
        raise


def _line_in(error: BaseException, path: Path) -> str:
    """Where in the design's own file an error came from."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if Path(frame.filename) == path.absolute()
    ]
    lines += [
        frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)
    ]
    return f", line {lines[-1]}" if lines else ""


def _design_of(module: ModuleType, where: str) -> Design:
    named = vars(module).get("design")
    if isinstance(named, Design):
        return named
    found = {id(value): value for value in vars(module).values() if isinstance(value, Design)}
    if len(found) == 1:
        return next(iter(found.values()))
    got = f"{len(found)} designs" if found else "none"
    raise DesignError(
        f"{where} does not define a design", [Fault("design", "one sf.Design(...), best named design", got)]
    )
