"""Live decisions by arm, and what became of them: only where the label is final, never where it is silent."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from sevenfold.design.labels import with_rule_hits
from sevenfold.design.policing import problem_of, sheet_of
from sevenfold.monitoring.page import Reading, pages
from sevenfold.serving.costs import EventCosts
from sevenfold.serving.names import MODEL_CHANGE
from sevenfold.serving.rollout.guard import Counts
from sevenfold.serving.rollout.routing import place_of
from sevenfold.serving.rules.row import wide_table

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from sevenfold.design.workspace import Workspace
    from sevenfold.monitoring.columns import Decisions
    from sevenfold.serving.rollout.declaration import Metric
    from sevenfold.serving.rollout.standing import Trial

__all__ = ["Live", "live_decisions"]

_DAY_MS = 86_400_000
_PAST_MS = 120 * _DAY_MS
_ROWS = 200_000


@dataclass(frozen=True, eq=False)
class Live:
    """Decisions of a period, one element each, in the order of the log.

    Parameters
    ----------
    own
        bool: whether the entity is of the challenger's share, whoever decided in the end.
    entity
        int64: of which entity each is.
    scored
        bool: whether the model that was to decide did.
    action
        What would have been done but for the control group.
    money
        float64, (decisions, 3): what a miss, a false alarm and a review cost.
    score
        float64, NaN where there is none.
    label
        int8: 1, 0, or -1 where it is not final yet.
    took_us
        float64: microseconds of scoring.
    groups
        The values of the guardrails' group; `None` where none is declared.
    """

    own: NDArray[np.bool_]
    entity: NDArray[np.int64]
    scored: NDArray[np.bool_]
    action: NDArray[np.str_]
    money: NDArray[np.float64]
    score: NDArray[np.float64]
    label: NDArray[np.int8]
    took_us: NDArray[np.float64]
    groups: pl.Series | None = None

    @property
    def final(self) -> NDArray[np.bool_]:
        """Which of them can be judged: labels that are final, and blocks, of which no label ever comes."""
        found: NDArray[np.bool_] = (self.label >= 0) | (self.action == "block")
        return found

    def cost(self, metric: Metric) -> NDArray[np.float64]:
        """What each of those that are `final` cost, shape (final,).

        What was blocked has no label: there the false alarm counts with the chance of one that the score
        tells, which is calibrated.
        """
        blocked: NDArray[np.bool_] = self.action == "block"
        positive: NDArray[np.bool_] = self.label == 1
        if metric == "blocked":
            blocks: NDArray[np.float64] = blocked[self.final].astype(np.float64)
            return blocks
        missed = np.where((self.action == "approve") & positive, self.money[:, 0], 0.0)
        if metric == "missed":
            found: NDArray[np.float64] = missed[self.final]
            return found
        chance = np.where(np.isnan(self.score), 0.5, 1.0 - self.score)
        alarm = np.where(blocked, chance * self.money[:, 1], 0.0)
        review = np.where(self.action == "review", self.money[:, 2], 0.0)
        total: NDArray[np.float64] = (missed + alarm + review)[self.final]
        return total

    def counts(self, group: str | None) -> tuple[Counts, Counts]:
        """What the challenger's arm did, and the champion's."""
        return self._counts(self.own, group), self._counts(~self.own, group)

    def _counts(self, mine: NDArray[np.bool_], group: str | None) -> Counts:
        blocked = self.action == "block"
        groups: dict[str, tuple[int, int]] = {}
        if group is not None and self.groups is not None:
            table = pl.DataFrame({"group": self.groups, "blocked": blocked}).filter(pl.Series(mine))
            for name, n, k in (
                table.drop_nulls("group").group_by("group").agg(pl.len(), pl.col("blocked").sum()).iter_rows()
            ):
                groups[str(name)] = (n, k)
        took = self.took_us[mine & self.scored]
        return Counts(
            int(mine.sum()),
            int((blocked & mine).sum()),
            int((mine & ~self.scored).sum()),
            float(np.median(took)) if len(took) else 0.0,
            groups,
        )


def live_decisions(workspace: Workspace, trial: Trial | None, now_ms: int) -> Live:
    """Collect the decisions of a trial; without one, those of the last four months, as all the champion's."""
    parts = [_part(workspace, trial, page) for page in _pages(workspace, trial, now_ms) if len(page)]
    if not parts:
        nothing = np.zeros(0)
        flags = nothing.astype(np.bool_)
        return Live(
            flags, nothing.astype(np.int64), flags, nothing.astype(np.str_), np.zeros((0, 3)), nothing,
            nothing.astype(np.int8), nothing,
        )  # fmt: skip
    keys = [key for names, _ in parts for key in names]
    lives = [live for _, live in parts]
    label = _labels(workspace, keys, now_ms)
    groups = [live.groups for live in lives if live.groups is not None]
    entity = pl.Series(np.concatenate([live.entity for live in lives]))
    return Live(
        np.concatenate([live.own for live in lives]),
        entity.to_numpy(),
        np.concatenate([live.scored for live in lives]),
        np.concatenate([live.action for live in lives]),
        np.concatenate([live.money for live in lives]),
        np.concatenate([live.score for live in lives]),
        label,
        np.concatenate([live.took_us for live in lives]),
        pl.concat(groups) if len(groups) == len(lives) else None,
    )


def _pages(workspace: Workspace, trial: Trial | None, now_ms: int) -> Iterator[Decisions]:
    design = workspace.design
    reading = Reading(design.events[design.decides])
    with workspace.home.open_log() as log:
        if trial is not None:
            changes = {int(entry.key): entry.offset for entry in log.entries_of(MODEL_CHANGE)}
            first = changes[trial.number]
        else:
            first = max(log.end() - 3 * _ROWS, 0)
        for page in pages(log, reading, first):
            if trial is not None or page.newest_ms >= now_ms - _PAST_MS:
                yield page.decisions


def _part(workspace: Workspace, trial: Trial | None, page: Decisions) -> tuple[list[str], Live]:
    design, rollout = workspace.design, workspace.design.serving.rollout
    entity = rollout.entity or design.learning.entity
    named = page.events[entity].cast(pl.String) if entity in page.events.columns else None
    own = np.zeros(len(page), np.bool_)
    if trial is not None and named is not None:
        key = workspace.home.control_key.read_bytes()
        drawn = {e: place_of(key, trial.bundle, e) < trial.share for e in named.drop_nulls().unique()}
        own = np.array([drawn.get(e, False) if e is not None else False for e in named.to_list()])
        if trial.segment and rollout.segment is not None:
            own &= (page.events[rollout.segment].cast(pl.String) == trial.segment).fill_null(False).to_numpy()
    models = np.array([model or "" for model in page.models])
    scored = models == trial.bundle if trial is not None else models != ""
    group = rollout.guardrails.group
    return page.keys, Live(
        own,
        (named.fill_null("").hash() % (2**62)).cast(pl.Int64).to_numpy()
        if named is not None
        else page.offsets,
        np.where(own, scored, models != ""),
        page.would_be,
        _money(workspace, page),
        page.scores,
        np.full(len(page), -1, np.int8),
        np.array([record.took_us[2] for record in page.records], np.float64),
        None if group is None else page.events[group].cast(pl.String),
    )


def _money(workspace: Workspace, page: Decisions) -> NDArray[np.float64]:
    """What a miss, a false alarm and a review of each decision cost."""
    design = workspace.design
    sheet = sheet_of(design)
    costs = EventCosts(sheet, problem_of(design), design.serving.policy.amount)
    features = pl.DataFrame([page.feature(name).alias(name) for name in page.names])
    table = costs.table(wide_table(sheet, costs.used, page.events, features, None, None))
    return np.stack([table.missed, table.false_alarm, table.review], axis=1)


def _labels(workspace: Workspace, keys: list[str], now_ms: int) -> NDArray[np.int8]:
    """Labels that are final, -1 where they are not."""
    design = workspace.design
    if design.label is None:
        return np.full(len(keys), -1, np.int8)
    tables = workspace.history()
    wanted = pl.DataFrame({"_key": keys})
    decided = tables[design.decides]
    key = design.events[design.decides].__key__
    mine = wanted.join(
        decided.with_columns(_key=pl.col(key).cast(pl.String)), on="_key", how="left", maintain_order="left"
    )
    labels, _ = design.label.history(mine, with_rule_hits(design, workspace.home, tables))
    known = np.where(labels.matured(now_ms), labels.at(now_ms), -1)
    return known.astype(np.int8)
