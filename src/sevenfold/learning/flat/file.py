"""A flat model as one file: plain arrays in numpy's own format, read without pickle and checked.

Compiled code trusts its arrays, so what is read is checked for everything that could lead it astray: links
lead forwards and stay within their tree, places within the written row, codes within the columns.
"""

from __future__ import annotations

import io
import zipfile
from dataclasses import fields
from typing import TYPE_CHECKING, Any

import numpy as np

from sevenfold.errors import BundleError, Fault
from sevenfold.learning.flat.kernel import link as w
from sevenfold.learning.flat.layout import FlatTrees
from sevenfold.learning.flat.model import FlatModel
from sevenfold.learning.flat.weights import FlatWeights

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import numpy.typing as npt

    from sevenfold.learning.encoding import Encoding

__all__ = ["flat_bytes", "read_flat"]

_VERSION = 1
_KINDS: dict[str, type[FlatTrees] | type[FlatWeights]] = {"trees": FlatTrees, "weights": FlatWeights}

Arrays = dict[str, "npt.NDArray[Any]"]


def flat_bytes(model: FlatModel) -> bytes:
    """Write a model down; equal models give equal bytes."""
    kind = next(name for name, of in _KINDS.items() if isinstance(model.core, of))
    arrays: Arrays = {name: np.asarray(getattr(model.core, name)) for name in _names(kind)}
    arrays |= {"version": np.array(_VERSION), "kind": np.frombuffer(kind.encode(), dtype=np.uint8)}
    arrays |= {"link": model.link, "points": model.points, "values": model.values}
    stream = io.BytesIO()
    np.savez(stream, allow_pickle=False, **arrays)
    return stream.getvalue()


def read_flat(content: bytes, encoding: Encoding, threads: int = 0) -> FlatModel:
    """Read a model.

    Raises
    ------
    BundleError
        The file is no flat model, of another version, or holds what no model of this encoding holds.
    """
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            arrays: Arrays = {name: file[name] for name in file.files}
        version, kind = int(arrays.pop("version")), arrays.pop("kind").tobytes().decode()
        faults = list(_faults(arrays, version, kind, len(encoding)))
    except (ValueError, KeyError, TypeError, IndexError, OSError, EOFError, zipfile.BadZipFile) as error:
        raise BundleError(
            "The flat model can't be read.", [Fault("model.flat", "its arrays", str(error))]
        ) from error
    if faults:
        raise BundleError("The flat model can't be used.", faults)
    core: dict[str, Any] = {name: arrays[name] for name in _names(kind)}
    core = {name: value.item() if value.ndim == 0 else value for name, value in core.items()}
    return FlatModel(
        encoding, _KINDS[kind](**core), arrays["link"], arrays["points"], arrays["values"], threads
    )


def _names(kind: str) -> list[str]:
    return [f.name for f in fields(_KINDS[kind]) if f.init]


_TYPES: Mapping[str, type[np.generic]] = {
    "columns": np.int64,
    "place": np.int32,
    "left": np.int32,
    "root": np.int64,
    "depth": np.int64,
    "slots": np.int64,
    "code_column": np.int64,
    "code_missing": np.int64,
}
"""Of the arrays that are not float64."""


def _faults(arrays: Arrays, version: int, kind: str, columns: int) -> Iterator[Fault]:
    if version != _VERSION:
        yield Fault("version", str(_VERSION), str(version), "It was made by another version of Sevenfold.")
        return
    if kind not in _KINDS:
        yield Fault("kind", " or ".join(_KINDS), repr(kind))
        return
    wrong = list(_wrong_types(arrays, kind))
    yield from wrong
    if not wrong:
        yield from _tree_faults(arrays, columns) if kind == "trees" else _weight_faults(arrays, columns)
        yield from _link_faults(arrays)


def _wrong_types(arrays: Arrays, kind: str) -> Iterator[Fault]:
    for name in (*_names(kind), "link", "points", "values"):
        wanted: tuple[type[np.generic], ...] = (_TYPES.get(name, np.float64),)
        if name == "threshold":
            wanted = (np.float32, np.float64)
        dimensions = 0 if name in ("columns", "base") else 1
        array = arrays[name]
        if array.dtype not in wanted or array.ndim != dimensions:
            expected = f"{' or '.join(one.__name__ for one in wanted)} of {dimensions} dimensions"
            yield Fault(name, expected, f"{array.dtype} of {array.ndim}")


def _tree_faults(arrays: Arrays, columns: int) -> Iterator[Fault]:
    a, nodes, codes = arrays, len(arrays["leaf"]), len(arrays["code"])
    lengths = {"threshold": nodes, "place": nodes, "left": nodes, "cover": nodes, "depth": len(a["root"]) - 1}
    lengths |= {"code_column": codes, "code_missing": codes}
    short = [
        Fault(n, f"{count} values", str(len(a[n]))) for n, count in lengths.items() if len(a[n]) != count
    ]
    yield from short
    if int(a["columns"]) != columns:
        yield Fault("columns", f"{columns}, as the encoding has", str(int(a["columns"])))
    root, sizes = a["root"], np.diff(a["root"])
    if len(root) < 1 or root[0] != 0 or root[-1] != nodes or (sizes < 1).any():
        yield Fault("root", "rising positions from 0 to the number of nodes", "others")
    elif not short:
        start = np.repeat(root[:-1], sizes)
        local, left = np.arange(nodes) - start, a["left"].astype(np.int64)
        leaf = left == local
        children = (start + left)[~leaf]
        if not (leaf | ((left > local) & (left + 1 < np.repeat(sizes, sizes)))).all():
            yield Fault("left", "links that lead forwards within their tree", "others")
        elif len(np.unique(np.r_[children, children + 1])) < 2 * len(children):
            yield Fault("left", "one link to each node", "more to some")
        if not np.isposinf(a["threshold"][leaf]).all():
            yield Fault("threshold", "infinity at every leaf", "others")
        if np.isnan(a["threshold"]).any() or not np.isfinite(a["leaf"]).all():
            yield Fault("leaf", "numbers", "others")
        if not (np.isfinite(a["cover"]) & (a["cover"] >= 0.0)).all():
            yield Fault("cover", "numbers from 0 on", "others")
    if not ((a["place"] >= 0) & (a["place"] < 2 * columns + codes)).all():
        yield Fault("place", f"places below {2 * columns + codes}", "others")
    if not ((a["code_column"] >= 0) & (a["code_column"] < columns)).all():
        yield Fault("code_column", f"columns below {columns}", "others")
    # No tree is deeper than it has nodes; a file that says so would be walked for as long as it says.
    depth = a["depth"]
    if len(depth) == len(sizes) and ((depth < 0) | (depth > sizes) | (np.diff(depth, prepend=0) < 0)).any():
        yield Fault("depth", "rising steps within each tree", "others")


def _weight_faults(arrays: Arrays, columns: int) -> Iterator[Fault]:
    names = ("mean", "scale", "weight", "missing", "slots", "centre")
    yield from (
        Fault(n, f"{columns} values, as the encoding has", str(len(arrays[n])))
        for n in names
        if len(arrays[n]) != columns
    )
    slots = arrays["slots"]
    if (slots < 0).any() or slots.sum() != len(arrays["table"]):
        yield Fault("table", "a weight for each slot", str(len(arrays["table"])))


def _link_faults(arrays: Arrays) -> Iterator[Fault]:
    link, points = arrays["link"], arrays["points"]
    if len(link) != w.LINK_WORDS:
        yield Fault("link", f"{w.LINK_WORDS} words", str(len(link)))
    elif link[w.CALIBRATION] == w.ISOTONIC and not len(points):
        yield Fault("points", "an isotonic calibration", "none")
    if len(points) != len(arrays["values"]) or (np.diff(points) <= 0.0).any():
        yield Fault("points", "rising, each with its value", "others")
