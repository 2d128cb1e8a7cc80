"""A rule, and the event in the log that makes or changes one."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import msgspec

from sevenfold.data.body import read_body
from sevenfold.data.event import EventRecord
from sevenfold.data.fields import Category, Timestamp
from sevenfold.data.log import NewEntry, new_entry
from sevenfold.errors import DesignError, Fault, UsageError
from sevenfold.serving.rules.translate import condition
from sevenfold.serving.verdict import ACTIONS, Action

if TYPE_CHECKING:
    from collections.abc import Mapping

    from sevenfold.data.log import LogEntry
    from sevenfold.features.expression import Expression
    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["NEXT", "STATES", "Rule", "RuleChange", "State", "checked", "promoted"]

State = Literal["draft", "shadow", "live", "retired"]
STATES: tuple[State, ...] = get_args(State)

NEXT: Mapping[State, State] = {"draft": "shadow", "shadow": "live", "retired": "draft"}
"""Where a promotion leads: a rule is written, watched without effect, then acts."""

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,62}")


class RuleChange(EventRecord, key="change_id", time="changed_at"):
    """One version of a rule; the newest of each name counts."""

    change_id: str
    changed_at: Timestamp
    rule: str
    version: int
    expression: str
    action: Category
    reason: str
    owner: str
    state: Category
    author: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One version of a rule.

    Parameters
    ----------
    name
        Small letters, digits, ``-`` and ``_``.
    expression
        A condition in the feature language.
    action
        What is done with an event that meets it.
    reason
        Why, for those who see the decision.
    owner
        Who answers for it.
    state
        ``draft`` runs nowhere, ``shadow`` is recorded without effect, ``live`` acts, ``retired`` is past.
    version
        Counts the changes of this name from 1.
    author
        Who made this version.
    changed_at
        When, in epoch milliseconds.
    """

    name: str
    expression: str
    action: Action = "review"
    reason: str = ""
    owner: str = ""
    state: State = "draft"
    version: int = 1
    author: str = ""
    changed_at: int = 0

    @property
    def runs(self) -> bool:
        """Whether decisions are asked of it."""
        return self.state in ("shadow", "live")

    def entry(self) -> NewEntry:
        """The log entry of this version; a second one of the same name and number is a conflict there."""
        return new_entry(
            RuleChange,
            RuleChange.__convert__(
                {
                    "change_id": f"{self.name}@{self.version}",
                    "changed_at": self.changed_at,
                    "rule": self.name,
                    "version": self.version,
                    "expression": self.expression,
                    "action": self.action,
                    "reason": self.reason,
                    "owner": self.owner,
                    "state": self.state,
                    "author": self.author or self.owner,
                }
            ),
        )

    @classmethod
    def of(cls, entry: LogEntry) -> Rule:
        """The version that a log entry holds."""
        row = read_body(RuleChange, entry.body)
        (_, at, name, version, expression, action, reason, owner, state, author) = row
        return cls(name, expression, action, reason, owner, state, version, author, at)

    def to_json(self) -> dict[str, Any]:
        """Give it as plain data."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def checked(rule: Rule, sheet: Sheet) -> Expression:
    """The expression of a rule that is fit to be kept.

    Raises
    ------
    DesignError
        With everything that is wrong: its name, its action, a missing reason, and all faults of its text.
    """
    faults = []
    if not _NAME.fullmatch(rule.name):
        expected = "small letters, digits, - and _, beginning with a letter"
        faults.append(Fault("rule name", expected, repr(rule.name)[:80]))
    choices: tuple[tuple[str, str, tuple[str, ...]], ...] = (
        ("action", rule.action, ACTIONS),
        ("state", rule.state, STATES),
    )
    faults += [
        Fault(f"rule {what}", f"one of {', '.join(allowed)}", repr(value))
        for what, value, allowed in choices
        if value not in allowed
    ]
    faults += [
        Fault(f"rule {what}", "a few words", "nothing")
        for what, text in (("reason", rule.reason), ("owner", rule.owner))
        if not text.strip()
    ]
    expression = None
    try:
        expression = condition(rule.expression, sheet, f"rule {rule.name}"[:80])
    except DesignError as error:
        faults += error.faults
    if faults or expression is None:
        raise DesignError(f"The rule {rule.name!r:.80} cannot be kept like this", faults)
    return expression


def promoted(rule: Rule, to: State | None, author: str, at: int) -> Rule:
    """The next version of a rule, in its next state or another one.

    Raises
    ------
    UsageError
        There is no next state, or it is in that state already.
    """
    state = to or NEXT.get(rule.state)
    if state is None or state == rule.state:
        hint = "Name another state with --to, or retire it"
        fault = Fault(f"rule {rule.name}", "a state that it is not in", rule.state, hint)
        raise UsageError("Nothing would change.", [fault])
    return replace(rule, state=state, version=rule.version + 1, author=author, changed_at=at)
