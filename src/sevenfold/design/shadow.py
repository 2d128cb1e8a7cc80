"""A challenger in the shadow, in a process of its own: ``python -m sevenfold.design.shadow``."""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.design.load import load
from sevenfold.design.rollout import trained_first
from sevenfold.design.serving import served_model
from sevenfold.design.workspace import Workspace
from sevenfold.errors import SevenfoldError
from sevenfold.monitoring.page import Reading, pages
from sevenfold.serving.model import ModelRows
from sevenfold.serving.names import MODEL_CHANGE
from sevenfold.serving.record import Program
from sevenfold.serving.rollout.shadow import Shadowed, ShadowError, ShadowTable, score_words

if TYPE_CHECKING:
    from sevenfold.monitoring.columns import Decisions
    from sevenfold.serving.model import ServedModel

__all__ = ["Shadow", "main", "shadow_table"]

_PAUSE_S = 0.5
_PAGE = 4_000
_NICE = 15
"""Decisions come first."""


def shadow_table(workspace: Workspace) -> ShadowTable:
    """Open the side table of shadow scores of a home."""
    return ShadowTable(workspace.home.runs / "shadow.sqlite")


class Shadow:
    """Scores decisions as they are logged, from those of the trial's beginning on.

    Parameters
    ----------
    workspace
        The design in its home.
    bundle
        The challenger's id.
    """

    def __init__(self, workspace: Workspace, bundle: str) -> None:
        self._workspace, self._bundle = workspace, bundle
        design = workspace.design
        self._asking = design.plan.asking[design.decides]
        self._program = Program.of(design.decides, design.plan.fingerprint, self._asking)
        self._reading = Reading(design.events[design.decides])
        self._table = shadow_table(workspace)
        self._challenger = self._ready(served_model(workspace.bundle(bundle)))
        with workspace.home.open_log() as log:
            changes = log.entries_of(MODEL_CHANGE)
            standing = trained_first(workspace.home.bundles, changes)
            begun = [c for c in changes if standing.trial and int(c.key) == standing.trial.number]
            self._begun = begun[0].offset if begun else log.end()
        champion = standing.champion()
        self._champion = None if champion is None else self._ready(served_model(workspace.bundle(champion)))

    def catch_up(self) -> int:
        """Score what was decided since; return how many decisions.

        Raises
        ------
        ShadowError
            The challenger is not fit.
        """
        count = 0
        with self._workspace.home.open_log() as log:
            first = max(self._table.done(self._bundle).offset, self._begun)
            for page in pages(log, self._reading, first, size=_PAGE):
                count += self._score(page.decisions, page.stop)
        return count

    def _score(self, decisions: Decisions, stop: int) -> int:
        if not len(decisions) or decisions.program is None or decisions.program.key != self._program.key:
            return 0
        rails = self._workspace.design.serving.rollout.guardrails
        scores, seconds, usual = score_words(self._challenger, self._champion, decisions.words, rails.latency)
        block = np.array([record.block_from for record in decisions.records])
        done = self._table.done(self._bundle)
        self._table.add(
            self._bundle,
            decisions.offsets.tolist(),
            scores.tolist(),
            Shadowed(
                done.decisions + len(decisions),
                stop,
                done.seconds + seconds,
                done.champion_seconds + usual,
                done.blocked + int((scores >= block).sum()),
                done.champion_blocked + int((decisions.scores >= block).sum()),
            ),
        )
        return len(decisions)

    def _ready(self, model: ServedModel) -> tuple[ServedModel, ModelRows]:
        rows = ModelRows(self._asking, model.encoding)
        model.model.score(rows(np.zeros((1, len(self._asking.names)), np.int64)))
        return model, rows

    def close(self) -> None:
        """Let go of the side table."""
        self._table.close()


def main(design: str, home: str, bundle: str) -> None:
    """Score a bundle until somebody ends the process, and tell each time that all is well."""
    os.nice(_NICE)
    _alive()
    try:
        shadow = Shadow(Workspace(load(design), Path(home)), bundle)
        while True:
            _alive()
            if not shadow.catch_up():
                time.sleep(_PAUSE_S)
    except (ShadowError, SevenfoldError) as error:
        print(f"unfit: {str(error).splitlines()[0]}", flush=True)  # noqa: T201 - what its minder reads


def _alive() -> None:
    print("alive", flush=True)  # noqa: T201 - what its minder reads


if __name__ == "__main__":
    main(*sys.argv[1:4])
