"""All rules of a design: a fold over the log, ready to run."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from msgspec.structs import replace

from sevenfold.errors import DesignError
from sevenfold.serving.rules.rule import Rule, RuleChange
from sevenfold.serving.rules.runner import RuleCompiler, Runner
from sevenfold.serving.rules.translate import condition
from sevenfold.serving.verdict import RuleCount

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    from numpy.typing import NDArray

    from sevenfold.data.log import LogEntry
    from sevenfold.errors import Fault
    from sevenfold.features.expression import Expression
    from sevenfold.features.program import Register
    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["RuleBook"]

_DEAD_SHARE = 2
"""The program is compiled anew when it holds so many times the rules that run."""


@dataclass
class RuleBook:
    """The newest version of every rule; for one thread at a time.

    Attributes
    ----------
    rules
        By name.
    broken
        Faults of those that should run and cannot: the design has changed since. They run nowhere, and are
        told of.
    counts
        What each did, by name.
    last_error
        What went wrong last while rules were run.
    """

    sheet: Sheet
    rules: dict[str, Rule] = field(default_factory=dict)
    broken: dict[str, tuple[Fault, ...]] = field(default_factory=dict)
    counts: dict[str, RuleCount] = field(default_factory=dict)
    last_error: str = ""

    def __post_init__(self) -> None:
        self._expressions: dict[str, tuple[str, Expression]] = {}
        self._compiler: RuleCompiler | None = None
        self._registers: dict[str, Register] = {}
        self._runner: Runner | None = None
        self._running: list[Rule] = []
        self._version: str | None = None

    @classmethod
    def of(cls, sheet: Sheet, changes: Iterable[LogEntry]) -> RuleBook:
        """The book that the changes of a log amount to."""
        book = cls(sheet)
        for entry in changes:
            book.update(entry)
        return book

    def update(self, entry: LogEntry) -> None:
        """Take note of an entry of the log; what is no change of a rule is passed over."""
        if entry.event == RuleChange.__name__:
            self.take(Rule.of(entry))

    def take(self, rule: Rule) -> None:
        """Have the newest version of a rule count."""
        self.rules[rule.name] = rule
        self.broken.pop(rule.name, None)
        if rule.runs:
            self._read(rule)
        self._settle_counts()
        self._runner = None
        self._version = None

    def _read(self, rule: Rule) -> None:
        known = self._expressions.get(rule.name)
        if known is not None and known[0] == rule.expression:
            return
        try:
            found = condition(rule.expression, self.sheet, f"rule {rule.name}")
        except DesignError as error:
            self.broken[rule.name] = error.faults
        else:
            self._expressions[rule.name] = (rule.expression, found)

    @property
    def running(self) -> list[Rule]:
        """Those that decisions are asked of, live and shadow, in the order of their names."""
        return [rule for _, rule in sorted(self.rules.items()) if rule.runs and rule.name not in self.broken]

    @property
    def version(self) -> str:
        """Eight digits that tell one set of live rules from another."""
        if self._version is None:
            live = [
                f"{rule.name}@{rule.version} {rule.action} {rule.expression}"
                for rule in self.running
                if rule.state == "live"
            ]
            self._version = hashlib.sha256("\n".join(live).encode()).hexdigest()[:8]
        return self._version

    @property
    def used(self) -> frozenset[int]:
        """Columns of the wide row that running rules read."""
        return self._ready().used

    def hits(self, raw: NDArray[np.int64]) -> list[list[Rule]]:
        """For each wide row, the rules that it meets; a failure is counted, and then none are met."""
        runner = self._ready()
        running = self._running
        if not running:
            return [[] for _ in range(len(raw))]
        try:
            numbers = runner.hits(raw)
        except Exception as error:  # noqa: BLE001 - no rule may fail a decision; it is counted and shown
            self.note_error(error)
            return [[] for _ in range(len(raw))]
        found = [[running[number] for number in row] for row in numbers]
        for rules in found:
            for rule in rules:
                self.counts[rule.name].hits += 1
        return found

    def note_error(self, error: Exception) -> None:
        """Count that the rules could not be run over a batch."""
        self.last_error = f"{type(error).__name__}: {error}"
        for rule in self._running:
            self.counts[rule.name].errors += 1

    def statistics(self) -> dict[str, RuleCount]:
        """What each rule did since the book was opened, as it stands."""
        runner, running = self._runner, list(self._running)
        found = {name: replace(self.counts[name], broken=name in self.broken) for name in list(self.rules)}
        if runner is not None:
            for rule, unknown in zip(running, runner.unknown.tolist(), strict=False):
                found[rule.name].unknown += unknown
        return found

    def _settle_counts(self) -> None:
        """Carry over what the runner counted by number."""
        if self._runner is not None:
            for rule, unknown in zip(self._running, self._runner.unknown.tolist(), strict=True):
                self.counts[rule.name].unknown += unknown
            self._runner.unknown[:] = 0
        for name in self.rules:
            self.counts.setdefault(name, RuleCount())

    def _ready(self) -> Runner:
        """The runner of what runs now; compiling is arithmetic on small arrays, no machine code is made."""
        if self._runner is not None:
            return self._runner
        self._running = self.running
        if self._compiler is None or len(self._registers) > _DEAD_SHARE * len(self._running):
            self._compiler, self._registers = RuleCompiler(self.sheet), {}
        for rule in self._running:
            text, expression = self._expressions[rule.name]
            if text not in self._registers:
                self._registers[text] = self._compiler.add(expression)
        self._runner = self._compiler.runner([self._registers[rule.expression] for rule in self._running])
        return self._runner
