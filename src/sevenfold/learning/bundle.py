"""The bundle: a trained model and everything that its user must know, in one folder.

======================  ==========================================================================
``model.onnx``          preprocessing and model, from encoded features to a probability
``features.json``       the program that computes the features, and the encoding of its output
``metadata.json``       where the model comes from: data, label, periods, metrics, versions, licence
``record.json``         when it was made and what it cost: differs between two equal trainings
``flat.npz``            the model as plain arrays, the form that serves; where the model has one
``reference.json``      how the values of each feature were spread over the training set
``checksums.json``      the format, the bundle's id, and the SHA-256 of each file
======================  ==========================================================================

There is no pickle in it: loading a bundle runs no code. Its id is a hash of all files but the record, so the
same training gives the same bundle. The last two files are not in every bundle; without the first of them the
model is served by ONNX Runtime.
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sevenfold.errors import BundleError, Fault
from sevenfold.learning.encoding import Encoding
from sevenfold.learning.folder import write_folder
from sevenfold.learning.reference import Reference
from sevenfold.learning.scorer import Scorer

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.learning.scorer import RowScorer

__all__ = ["FORMAT", "Bundle", "load_bundle", "schema_hash", "write_bundle"]

FORMAT = 1
"""The version of the layout above."""

_MODEL, _FEATURES, _METADATA, _RECORD = "model.onnx", "features.json", "metadata.json", "record.json"
_FLAT, _REFERENCE = "flat.npz", "reference.json"
_CHECKSUMS = "checksums.json"
_IDENTITY = (_MODEL, _FEATURES, _METADATA)
_FILES = (*_IDENTITY, _RECORD)
_OPTIONAL = (_FLAT, _REFERENCE)


@dataclass(frozen=True, eq=False)
class Bundle:
    """A bundle that was read and found whole.

    Parameters
    ----------
    path
        Its folder.
    id
        16 hexadecimal digits, from its content.
    program
        The feature program, as the design gave it.
    encoding
        How features become the model's input.
    metadata
        Where the model comes from.
    record
        When it was made, and what it cost.
    model
        The serialised ONNX graph.
    flat
        The flat form's file, or ``None`` where the model has none.
    reference
        How the values of each feature were spread, or ``None`` where that was not kept.
    """

    path: Path
    id: str
    program: dict[str, Any] = field(repr=False)
    encoding: Encoding = field(repr=False)
    metadata: dict[str, Any] = field(repr=False)
    record: dict[str, Any] = field(repr=False)
    model: bytes = field(repr=False)
    flat: bytes | None = field(default=None, repr=False)
    reference: Reference | None = field(default=None, repr=False)

    @property
    def schema_hash(self) -> str:
        """The hash of the feature program that the model was trained on."""
        return schema_hash(self.program)

    def scorer(self, threads: int = 1) -> Scorer:
        """Load the model into ONNX Runtime; on one thread by default."""
        return Scorer(self.model, self.encoding, threads)

    def served(self, threads: int = 1) -> RowScorer:
        """Load the model in the form that serves: flat where the bundle has that, else in ONNX Runtime.

        Parameters
        ----------
        threads
            Threads for a table; one row always takes one. 0 takes every core.
        """
        if self.flat is not None:
            from sevenfold.learning.flat.file import read_flat

            try:
                return read_flat(self.flat, self.encoding, threads)
            except BundleError as error:
                # The file is whole, so this is the flat form of another version; ONNX outlives versions.
                logging.getLogger(__name__).warning("%s ONNX Runtime serves instead.", error)
        return self.scorer(threads)


def schema_hash(program: Mapping[str, Any]) -> str:
    """Hash a feature program: SHA-256 of its canonical JSON, hexadecimal.

    Examples
    --------
    >>> schema_hash({"b": 1, "a": 2}) == schema_hash({"a": 2, "b": 1})
    True
    """
    return _digest(_canonical(program))


def write_bundle(
    root: Path,
    *,
    model: bytes,
    program: Mapping[str, Any],
    encoding: Encoding,
    metadata: Mapping[str, Any],
    record: Mapping[str, Any],
    flat: bytes | None = None,
    reference: Reference | None = None,
) -> Bundle:
    """Write a bundle into its own folder under `root`, named after its id; all of it or nothing.

    Parameters
    ----------
    root
        The folder of all bundles; made where it is missing.
    model
        The serialised ONNX graph.
    program
        The feature program: plain data.
    encoding
        How features become the model's input.
    metadata
        Where the model comes from: plain data, the same for the same training.
    record
        Whatever else is worth keeping, such as the time; it does not enter the id.
    flat
        The flat form's file, where there is one.
    reference
        How the values of each feature were spread.

    Returns
    -------
    Bundle
        The one written; or the one already there, where it is whole and of the same id.
    """
    contents = {
        _MODEL: model,
        _FEATURES: _canonical(
            {"schema_hash": schema_hash(program), "program": program, "encoding": encoding.to_json()}
        ),
        _METADATA: _canonical(metadata),
        _RECORD: _canonical(record),
    }
    if flat is not None:
        contents[_FLAT] = flat
    if reference is not None:
        contents[_REFERENCE] = _canonical(reference.to_json())
    digests = {name: _digest(content) for name, content in contents.items()}
    identity = _identity(digests)
    contents[_CHECKSUMS] = _canonical({"format": FORMAT, "id": identity, "files": digests})
    path = root / identity
    if path.exists():
        try:
            return load_bundle(path)
        except BundleError:
            pass  # damaged: the one in hand takes its place
    write_folder(path, contents)
    return load_bundle(path)


def load_bundle(path: Path | str, *, expected_schema: str | None = None) -> Bundle:
    """Read a bundle and check it.

    Parameters
    ----------
    path
        Its folder.
    expected_schema
        The hash of the feature program that is going to feed the model; ``None`` checks nothing of it.

    Raises
    ------
    BundleError
        It is missing, incomplete, damaged, of a format that this version can't read, or made for another
        feature program. All the faults are listed.
    """
    folder = Path(path)
    listed = _read_checksums(folder)
    contents, faults = {}, []
    for name in (*_FILES, *(name for name in _OPTIONAL if name in listed["files"])):
        try:
            contents[name] = (folder / name).read_bytes()
        except OSError as error:
            faults.append(Fault(name, "a file that can be read", error.strerror or str(error)))
            continue
        expected, got = listed["files"].get(name), _digest(contents[name])
        if got != expected:
            faults.append(
                Fault(name, f"SHA-256 {str(expected)[:12]}…", f"{got[:12]}…", "The file is damaged.")
            )
    if not faults and _identity(listed["files"]) != listed["id"]:
        faults.append(Fault(_CHECKSUMS, f"the id {_identity(listed['files'])}", str(listed["id"])))
    if faults:
        raise BundleError(f"The bundle {folder} can't be used.", faults)
    features = json.loads(contents[_FEATURES])
    if expected_schema is not None and features["schema_hash"] != expected_schema:
        hint = "Its design's features have changed since: train again, or use the design it was made with."
        raise BundleError(
            f"The bundle {folder} was made for other features.",
            [Fault("schema", f"{expected_schema[:12]}…", f"{features['schema_hash'][:12]}…", hint)],
        )
    return Bundle(
        path=folder,
        id=listed["id"],
        program=features["program"],
        encoding=Encoding.from_json(features["encoding"]),
        metadata=json.loads(contents[_METADATA]),
        record=json.loads(contents[_RECORD]),
        model=contents[_MODEL],
        flat=contents.get(_FLAT),
        reference=Reference.from_json(json.loads(contents[_REFERENCE])) if _REFERENCE in contents else None,
    )


def _read_checksums(folder: Path) -> dict[str, Any]:
    where = folder / _CHECKSUMS
    try:
        listed = json.loads(where.read_bytes())
    except FileNotFoundError:
        got = f"a folder without {_CHECKSUMS}" if folder.is_dir() else "no such folder"
        raise BundleError("There is no bundle.", [Fault(str(folder), "a bundle's folder", got)]) from None
    except (OSError, ValueError) as error:
        raise BundleError(
            f"The bundle {folder} can't be used.", [Fault(_CHECKSUMS, "JSON", str(error))]
        ) from error
    version = listed.get("format") if isinstance(listed, dict) else None
    if version != FORMAT:
        hint = "It was made by another version of Sevenfold." if isinstance(version, int) else ""
        raise BundleError(
            f"The bundle {folder} can't be read.", [Fault("format", str(FORMAT), repr(version), hint)]
        )
    if not (isinstance(listed.get("files"), dict) and isinstance(listed.get("id"), str)):
        raise BundleError(
            f"The bundle {folder} can't be used.",
            [Fault(_CHECKSUMS, "an id and the files' checksums", "something else", "The file is damaged.")],
        )
    return dict(listed)


def _identity(digests: Mapping[str, str]) -> str:
    named = [digests.get(name) for name in _IDENTITY]
    named += [digests[name] for name in _OPTIONAL if name in digests]
    return _digest(_canonical({"format": FORMAT, "files": named}))[:16]


def _canonical(data: Any) -> bytes:
    return json.dumps(
        data, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False
    ).encode()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
