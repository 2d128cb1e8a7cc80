"""Where events come from: files as they are, or a table of which a shipped design knows the form."""

from __future__ import annotations

import importlib
import importlib.util
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.errors import Fault, UsageError

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.design.design import Design

__all__ = ["Events", "adapter_of", "events_of", "pairs", "sources"]

Events = Path | str | Mapping[str, Path | str]
"""Files of events, as `sevenfold.data.ingest.ingest` takes them."""


def sources(words: Sequence[str]) -> Events:
    """Read SOURCE: one file or folder, or EVENT=FILE pairs.

    >>> sources(["world/"])
    'world/'
    >>> sources(["Payment=p.csv", "Chargeback=c.csv"])
    {'Payment': 'p.csv', 'Chargeback': 'c.csv'}

    Raises
    ------
    UsageError
        If there are several words and some are no pair.
    """
    if len(words) == 1 and ("=" not in words[0] or Path(words[0]).exists()):
        return words[0]
    return pairs(words, "SOURCE", "one file or folder, or EVENT=FILE pairs")


def pairs(words: Sequence[str], where: str, expected: str) -> dict[str, Path | str]:
    """Read NAME=VALUE pairs; every name once."""
    faults = [Fault(where, expected, repr(word)) for word in words if "=" not in word]
    names = [word.partition("=")[0] for word in words]
    twice = sorted({name for name in names if names.count(name) > 1})
    faults += [Fault(where, "each name once", f"{name} {names.count(name)} times") for name in twice]
    if faults:
        raise UsageError("The command cannot be read.", faults)
    return {name: word.partition("=")[2] for name, word in zip(names, words, strict=True)}


@contextmanager
def events_of(design: Design, source: Events) -> Iterator[Events]:
    """Give the files that hold a source's events.

    A single file that is named after no event may be a table in a form of its own, which a shipped design's
    ``adapter`` parts into events: the Fraud Detection Handbook's, say. The events are then written to files
    that are removed in the end.
    """
    adapter = adapter_of(design)
    if adapter is None or not isinstance(source, (str, Path)):
        yield source
        return
    path = Path(source)
    if path.is_dir() or path.stem in design.events:
        yield source
        return
    frames: dict[str, pl.DataFrame] = adapter.read(path)
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        for name, frame in frames.items():
            frame.write_parquet(Path(folder) / f"{name}.parquet", compression_level=1)
        yield folder


def adapter_of(design: Design) -> Any:
    """Find the adapter module of a shipped design."""
    package = f"sevenfold.systems.{design.name}"
    if importlib.util.find_spec(package) is None or importlib.util.find_spec(f"{package}.adapter") is None:
        return None
    return importlib.import_module(f"{package}.adapter")
