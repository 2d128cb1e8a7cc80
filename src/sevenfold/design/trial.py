"""The next step of a rollout: what a challenger did so far, and what follows by the declared policy."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.design.outcomes import Live, live_decisions
from sevenfold.design.rollout import RolloutDesk
from sevenfold.design.shadow import Shadow, shadow_table
from sevenfold.errors import SevenfoldError
from sevenfold.features.window import duration_ms
from sevenfold.feedback.retraining.step import Runs
from sevenfold.serving.names import RETRAINING
from sevenfold.serving.rollout.guard import Counts, breaches
from sevenfold.serving.rollout.sequential import needed, saving
from sevenfold.serving.rollout.shadow import Shadowed, ShadowError

if TYPE_CHECKING:
    from pathlib import Path

    from sevenfold.design.design import Design
    from sevenfold.serving.rollout.change import Action, ModelChange, Value
    from sevenfold.serving.rollout.standing import Trial

__all__ = ["advance"]

_WHO = "policy"
_FEWEST = 1_000
"""Decisions that a sequential test is planned for and waits for, where fewer would do."""


def advance(
    design: Design, root: Path, now_ms: int, *, mind_shadow: bool | None = None
) -> ModelChange | None:
    """Take the next step of the rollout, if there is one: to be called now and then.

    A challenger that a retraining made begins its trial; one that broke a guardrail is stopped; one that has
    been through a stage goes on to the next where the rollout is automatic, and is promoted behind the last.

    Parameters
    ----------
    design, root
        What was declared, and the home folder.
    now_ms
        The moment, epoch milliseconds.
    mind_shadow
        Whether to score the shadow here; by default where the design was not loaded from a file, so that no
        service can have it done by a process of its own.

    Returns
    -------
    ModelChange or None
        What was changed.
    """
    desk = RolloutDesk(design, root, lambda: now_ms)
    standing = desk.standing()
    if standing.trial is None:
        return _begin(desk, now_ms)
    step = _Step(desk, standing.trial, now_ms)
    if standing.trial.stage == "shadow":
        return step.shadow(here=design.source is None if mind_shadow is None else mind_shadow)
    live = live_decisions(desk.workspace, standing.trial, now_ms)
    return step.canary(live) if standing.trial.stage == "canary" else step.ab(live)


def _begin(desk: RolloutDesk, now_ms: int) -> ModelChange | None:
    """Put the newest retraining's bundle on trial, where nothing has been done with it yet."""
    home, rollout = desk.workspace.home, desk.design.serving.rollout
    if not home.log.exists():
        return None
    with home.open_log() as log:
        runs = Runs(log.entries_of(RETRAINING))
    ended = [stages["ended"] for stages in runs.steps.values() if "ended" in stages]
    standing = desk.standing()
    bundle = ended[-1].bundle if ended else None
    seen = {change.bundle for change in standing.changes} | {standing.champion()}
    if bundle is None or bundle in seen:
        return None
    why = f"Retraining {ended[-1].run} made it."
    if standing.champion() is None or (not rollout.stages and rollout.automatic):
        return desk.promote(bundle, who=_WHO, why=why)
    if rollout.stages and (rollout.automatic or rollout.stages[0] == "shadow"):
        return _enter(desk, bundle, rollout.stages[0], why, {}, now_ms)
    return None


def _enter(
    desk: RolloutDesk, bundle: str, stage: Action, why: str, evidence: dict[str, Value], now_ms: int
) -> ModelChange:
    if stage == "ab":
        evidence = {**evidence, **_planned(desk, now_ms)}
    return desk.change(stage, bundle, who=_WHO, why=why, evidence=evidence)


def _planned(desk: RolloutDesk, now_ms: int) -> dict[str, Value]:
    """What an A/B test settles beforehand: how many decisions with a final label it will take."""
    test = desk.design.serving.rollout.ab
    past = live_decisions(desk.workspace, None, now_ms)
    cost = past.cost(test.metric)
    spread = float(cost.std()) if len(cost) > 1 else 0.0
    number = needed(spread, test.share, test.minimum_effect, test.confidence, test.power)
    return {
        "metric": test.metric,
        "minimum_effect": test.minimum_effect,
        "power": test.power,
        "confidence": test.confidence,
        "spread": spread,
        "planned": max(number, _FEWEST),
    }


class _Step:
    """What follows for one challenger."""

    def __init__(self, desk: RolloutDesk, trial: Trial, now_ms: int) -> None:
        self.desk, self.trial, self.now_ms = desk, trial, now_ms
        self.rollout = desk.design.serving.rollout
        self.age = now_ms - trial.since_ms

    def shadow(self, *, here: bool) -> ModelChange | None:
        """Behind the shadow."""
        workspace = self.desk.workspace
        if here:
            try:
                shadow = Shadow(workspace, self.trial.bundle)
                shadow.catch_up()
                shadow.close()
            except (ShadowError, SevenfoldError) as error:
                return self._stop(str(error).splitlines()[0], {})
        table = shadow_table(workspace)
        done = table.done(self.trial.bundle)
        table.close()
        evidence: dict[str, Value] = {
            "decisions": done.decisions, "slower": done.slower,
            "blocked": done.blocked, "champion_blocked": done.champion_blocked,
        }  # fmt: skip
        if broken := breaches(self.rollout.guardrails, *_shadow_counts(done)):
            return self._stop(" ".join(broken), evidence)
        rollout = self.rollout
        if self.age < duration_ms(rollout.shadow_for) or done.decisions < rollout.shadow_decisions:
            return None
        return self._next(f"It scored {done.decisions:,} decisions in the shadow.", evidence)

    def canary(self, live: Live) -> ModelChange | None:
        """Behind the canary."""
        if (stopped := self._guarded(live)) is not None:
            return stopped
        mine, _ = live.counts(self.rollout.guardrails.group)
        if self.age < duration_ms(self.rollout.canary_for) or mine.decisions < self.rollout.guardrails.least:
            return None
        return self._next(f"It decided {mine.decisions:,} as canary, within all guardrails.", {})

    def ab(self, live: Live) -> ModelChange | None:
        """While the A/B test runs."""
        if (stopped := self._guarded(live)) is not None:
            return stopped
        test = self.rollout.ab
        planned = int(self.trial.evidence.get("planned") or _FEWEST)
        final = live.final
        found = saving(
            live.cost(test.metric), live.own[final], live.entity[final], self.trial.share, test.confidence,
            planned,
        )  # fmt: skip
        evidence: dict[str, Value] = {
            "decisions": found.decisions, "challenged": found.challenged, "planned": planned,
            "saving": found.value if found.challenged else None,
        }  # fmt: skip
        if found.decisions >= _FEWEST and found.verdict() != "open":
            bounds = f"{found.low:.4f} to {found.high:.4f} for each of {found.decisions:,} decisions"
            evidence |= {"low": found.low, "high": found.high}
            if found.verdict() == "worse":
                return self._stop(f"It costs more by {test.metric}: it saves {bounds}.", evidence)
            return self._next(f"It saves {bounds}, by {test.metric}.", evidence)
        if self.age > duration_ms(test.longest):
            return self._stop(f"Nothing could be told after {test.longest}.", evidence)
        return None

    def _guarded(self, live: Live) -> ModelChange | None:
        rails = self.rollout.guardrails
        mine, theirs = live.counts(rails.group)
        broken = breaches(rails, mine, theirs)
        evidence: dict[str, Value] = {
            "decisions": mine.decisions, "block_rate": mine.block_rate,
            "champion_block_rate": theirs.block_rate, "failed": mine.failed,
        }  # fmt: skip
        return self._stop(" ".join(broken), evidence) if broken else None

    def _stop(self, why: str, evidence: dict[str, Value]) -> ModelChange:
        return self.desk.stop(who=_WHO, why=why, evidence=evidence)

    def _next(self, why: str, evidence: dict[str, Value]) -> ModelChange | None:
        rollout, trial = self.rollout, self.trial
        if not rollout.automatic:
            return None
        stages = list(rollout.stages)
        behind = stages[stages.index(trial.stage) + 1 :] if trial.stage in stages else []
        if behind:
            return _enter(self.desk, trial.bundle, behind[0], why, evidence, self.now_ms)
        return self.desk.promote(trial.bundle, who=_WHO, why=why, evidence=evidence, segment=trial.segment)


def _shadow_counts(done: Shadowed) -> tuple[Counts, Counts]:
    each = 1e6 / done.decisions if done.decisions else 0.0
    return (
        Counts(done.decisions, done.blocked, scoring_us=done.seconds * each),
        Counts(done.decisions, done.champion_blocked, scoring_us=done.champion_seconds * each),
    )
