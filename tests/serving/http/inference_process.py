"""The model alone behind a door, in a process of its own: ``inference_process.py HOME``.

The model needs no training: its log odds are ``amount - 2``, and one more in Rome. The first line on stdout
is the address.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

import numpy as np

import sevenfold as sf
from sevenfold.learning.encoding import Column, Encoding
from sevenfold.learning.flat.kernel.link import LINK_WORDS
from sevenfold.learning.flat.model import FlatModel
from sevenfold.learning.flat.weights import FlatWeights
from sevenfold.serving.http.door import Behind, make_application
from sevenfold.serving.http.inference import inference_handlers
from sevenfold.serving.http.journal import Journal
from sevenfold.serving.http.limits import Limits
from sevenfold.serving.http.server import Address, leave, serve
from sevenfold.serving.inference_protocol import InferenceProtocol
from sevenfold.serving.model import ServedModel
from sevenfold.trust.key_file import KeyFile
from sevenfold.trust.keys import KeyRing

ENCODING = Encoding((Column("amount"), Column("city", ("Oslo", "Rome"))))


class Visit(sf.Event, key="visit_id", time="at"):
    """Nothing is decided about it here."""

    visit_id: str
    at: sf.Timestamp


class Idle:
    """A service that nobody asks."""

    async def decided(self, values: object) -> object:
        """Decide nothing."""
        raise NotImplementedError

    async def accept(self, event: str, rows: object) -> object:
        """Take nothing in."""
        raise NotImplementedError

    def record(self, event_id: str) -> None:
        """Know nothing."""

    def ready(self) -> list[str]:
        """Be ready."""
        return []


def model() -> FlatModel:
    """Make the model."""
    zero, none = np.zeros(2), np.zeros(0)
    core = FlatWeights(
        mean=np.array([2.0, 0.0]),
        scale=np.ones(2),
        weight=np.array([1.0, 0.0]),
        missing=zero,
        slots=np.array([0, 4]),
        table=np.array([0.0, 0.0, 1.0, 0.5]),
        centre=zero,
        base=0.0,
    )
    return FlatModel(ENCODING, core, np.zeros(LINK_WORDS), none, none, 1)


def _tell(url: str) -> None:
    print(url, flush=True)  # noqa: T201  (for whoever started the process)


async def main(home: Path) -> None:
    """Serve until told to stop."""
    served = ServedModel("v1", ENCODING, model())
    alone = inference_handlers(InferenceProtocol("small", lambda: served))
    behind = Behind("small", {"Visit": Visit}, "Visit", Idle(), handlers=alone)
    journal, limits = Journal(pretty=False), Limits()
    application = make_application(behind, KeyRing(KeyFile(home / "keys.json")), limits, journal)
    await serve(application, Address(port=0), limits, journal, _tell)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
    leave()
