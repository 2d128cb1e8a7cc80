"""``sevenfold rules``: analysts' rules, and what they would have done."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from sevenfold.cli.options import DEFAULTS, Options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.cli.terminal import Terminal
    from sevenfold.design.policing import PolicyDesk
    from sevenfold.design.workspace import Workspace
    from sevenfold.serving.backtest.run import Backtest
    from sevenfold.serving.rules.rule import Rule

__all__ = ["add", "backtest", "list_", "promote", "retire", "rules"]

Action = Literal["approve", "review", "block"]
State = Literal["draft", "shadow", "live", "retired"]

_UNNAMED = "backtest"
"""The owner of expressions that are tested without being rules."""

rules = App(
    name="rules",
    help="Write rules in the feature language, test them on history, and have them decide.",
    help_format="plaintext",
    result_action="return_value",
)


@rules.command
def add(
    design: str,
    name: str,
    expression: str,
    /,
    *,
    reason: str,
    action: Action = "review",
    owner: str | None = None,
    state: State = "draft",
    options: Options = DEFAULTS,
) -> None:
    """Keep a rule, or a new version of one; a running service takes it up by itself.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    name
        Small letters, digits, - and _.
    expression
        A condition over the event, the features and the score, such as
        'card_count_1h > 5 and country in ("NG", "RU") and amount > 200'.
    reason
        Why, for those who see the decision.
    action
        What is done with an event that meets it.
    owner
        Who answers for it; by default whoever calls.
    state
        draft runs nowhere, shadow is recorded without effect, live acts.
    """
    from sevenfold.serving.rules.rule import Rule

    desk, terminal = _desk(design, options), options.terminal()
    who = getpass.getuser()
    kept = desk.add(Rule(name, expression, action, reason, owner or who, state, author=who))
    _tell(terminal, kept)


@rules.command(name="list")
def list_(design: str, /, *, options: Options = DEFAULTS) -> None:
    """List the rules, and those that no longer fit the design.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    """
    book, terminal = _desk(design, options).book(), options.terminal()
    found = [rule for _, rule in sorted(book.rules.items())]
    terminal.table(
        ["rule", "version", "state", "action", "expression", "owner", "reason"],
        [
            (rule.name, rule.version, rule.state, rule.action, rule.expression, rule.owner, rule.reason)
            for rule in found
        ],
    )
    for faults in book.broken.values():
        for fault in faults:
            terminal.say(f"Runs nowhere: {fault}", style="yellow")
    terminal.result(
        {
            "rules": [rule.to_json() for rule in found],
            "broken": {name: [str(fault) for fault in faults] for name, faults in book.broken.items()},
        }
    )


@rules.command
def promote(design: str, name: str, /, *, to: State | None = None, options: Options = DEFAULTS) -> None:
    """Have a rule go on: from draft to shadow, and from there to live.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    name
        The rule.
    to
        Another state than the next one.
    """
    kept = _desk(design, options).promote(name, to, getpass.getuser())
    _tell(options.terminal(), kept)


@rules.command
def retire(design: str, name: str, /, *, options: Options = DEFAULTS) -> None:
    """Have a rule decide no more; what it did stays in the log.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    name
        The rule.
    """
    kept = _desk(design, options).promote(name, "retired", getpass.getuser())
    _tell(options.terminal(), kept)


@rules.command
def backtest(
    design: str,
    what: Annotated[list[str] | None, Parameter(negative="")] = None,
    /,
    *,
    action: Action = "block",
    since: str | None = None,
    until: str | None = None,
    days: bool = False,
    plot: Path | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Show what rules would have done, with what was known at each decision.

    Rules are compared with those that are live. Money is counted against
    approving everything, with the costs that the design declares.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    what
        Names of rules, or expressions such as 'risk_score >= 750'; by default
        every rule that is not retired.
    action
        What expressions without a name would do.
    since
        The first moment that counts, such as 2026-03-01.
    until
        The first moment that no longer counts.
    days
        Show a table of days for each rule.
    plot
        Where the picture goes; by default to the home folder's plots.
    """
    from sevenfold.data.timestamp import epoch_ms
    from sevenfold.design.backtesting import history_of
    from sevenfold.design.load import load
    from sevenfold.design.policing import problem_of, sheet_of
    from sevenfold.design.workspace import Workspace
    from sevenfold.serving.backtest.run import backtest as run
    from sevenfold.serving.costs import EventCosts

    terminal = options.terminal()
    workspace = Workspace(load(design), options.home)
    tested, live = _tested(workspace, what or [], action)
    policy = workspace.design.serving.policy
    costs = EventCosts(sheet_of(workspace.design), problem_of(workspace.design), policy.amount)
    start, end = (None if moment is None else epoch_ms(moment) for moment in (since, until))
    with terminal.keeping("Nothing was changed."), terminal.progress("backtest", unit="events") as tick:
        history, notes = history_of(workspace, tick)
        found = run(
            history.between(start, end),
            tested,
            live,
            sheet_of(workspace.design),
            costs,
            catches=policy.review_catches,
            progress=lambda done, total: tick(done, total, "testing"),
        )
    _tell_backtest(terminal, found, notes, days=days)
    path = _draw(found, plot or workspace.home.plots / "backtest.png", terminal)
    terminal.result(
        {
            "rules": [result.to_json() for result in found.results],
            "rows": found.rows,
            "positives": found.positives,
            "unknown": found.unknown,
            "at_stake": round(found.at_stake, 2),
            "notes": notes,
            "plot": path,
        }
    )


def _desk(design: str, options: Options) -> PolicyDesk:
    from sevenfold.design.load import load
    from sevenfold.design.policing import PolicyDesk
    from sevenfold.design.workspace import Workspace

    workspace = Workspace(load(design), options.home)
    return PolicyDesk(workspace.design, workspace.home)


def _tested(workspace: Workspace, what: Sequence[str], action: Action) -> tuple[list[Rule], list[Rule]]:
    """The rules to test, by name or made from expressions, and those that are live."""
    from sevenfold.design.policing import PolicyDesk
    from sevenfold.errors import Fault, UsageError
    from sevenfold.serving.rules.rule import Rule, checked

    desk = PolicyDesk(workspace.design, workspace.home)
    book = desk.book()
    tested = [
        book.rules[text]
        if text in book.rules
        else Rule(f"expression-{number}", text, action, "A backtest.", _UNNAMED)
        for number, text in enumerate(what, 1)
    ] or [rule for _, rule in sorted(book.rules.items()) if rule.state != "retired"]
    if not tested:
        hint = "Name one, or give an expression: 'amount > 500'"
        raise UsageError("There is nothing to test.", [Fault("rules", "a rule", "none", hint)])
    for rule in tested:
        checked(rule, desk.sheet)
    return tested, [rule for rule in book.running if rule.state == "live"]


def _tell(terminal: Terminal, rule: Rule) -> None:
    terminal.say(f"{rule.name} is {rule.state}, version {rule.version}: {rule.action} if {rule.expression}")
    terminal.result({"rule": rule.to_json()})


def _tell_backtest(terminal: Terminal, found: Backtest, notes: Sequence[str], *, days: bool) -> None:
    from sevenfold.cli.figures import tell_notes
    from sevenfold.serving.backtest.report import DAY_HEAD, HEAD, day_rows, result_row

    terminal.table(
        list(HEAD),
        [result_row(result) for result in found.results],
        title=f"{found.rows:,} decisions, {found.positives:,} of them known as positive",
    )
    for result in found.results:
        if result.rule.owner == _UNNAMED:
            terminal.say(f"{result.rule.name}: {result.rule.expression}")
        if days:
            rows = day_rows(found, result)
            terminal.table(list(DAY_HEAD), rows, title=f"{result.rule.name}: {result.rule.expression}")
    tell_notes(terminal, [f"{note}." for note in notes])


def _draw(found: Backtest, path: Path, terminal: Terminal) -> Path | None:
    """Draw it, where the extra that can is installed."""
    from sevenfold.errors import MissingExtraError
    from sevenfold.serving.backtest.report import draw_money

    try:
        drawn = draw_money(found, path)
    except MissingExtraError as error:
        terminal.say(f"No plot: {error}", style="yellow")
        return None
    terminal.say(f"Plot: {drawn}")
    return drawn
