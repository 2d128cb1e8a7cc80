"""``sevenfold review``: cases for people, and what they find."""

from __future__ import annotations

import getpass
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Literal

from cyclopts import App, Parameter

from sevenfold.cli.options import DEFAULTS, Options
from sevenfold.cli.review_shown import case_row, plain, tell_case, tell_changes, when

if TYPE_CHECKING:
    from collections.abc import Iterator

    from sevenfold.feedback.review.queue import ReviewQueue
    from sevenfold.feedback.review.steps import Opinion

__all__ = ["review"]

Found = Literal["positive", "negative", "unsure"]
Tags = Annotated[list[str] | None, Parameter(negative="")]

review = App(
    name="review",
    help="Work on cases: look at them, say what was found, and see how far people agree.",
    help_format="plaintext",
    result_action="return_value",
)


@review.command(name="list")
def list_(
    design: str,
    /,
    *,
    status: Literal["open", "second", "closed", "all"] = "open",
    overdue: bool = False,
    disputed: bool = False,
    assignee: str | None = None,
    limit: int = 50,
    options: Options = DEFAULTS,
) -> None:
    """List cases, the most urgent first.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    status
        open (with those for a second person), second, closed or all.
    overdue
        Only those past their due time.
    disputed
        Only those on which two people differ.
    assignee
        Only those of this person.
    limit
        How many at most.
    """
    from sevenfold.feedback.review.routes import STATES

    terminal = options.terminal()
    with _queue(design, options) as queue:
        found = queue.cases(
            STATES[status], overdue=overdue, disputed=disputed, assignee=assignee, limit=limit
        )
    terminal.table(
        ["case", "state", "decisions", "amount", "saves", "teaches", "per minute", "due", "whose"],
        [case_row(one) for one in found],
        title="Cases, the most urgent first",
    )
    terminal.result({"cases": [plain(one) for one in found]})


@review.command(name="next")
def next_(design: str, /, *, by: str | None = None, options: Options = DEFAULTS) -> None:
    """Lock the most urgent case that is free, and show it.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    by
        Who works on it; by default who is logged in.
    """
    terminal = options.terminal()
    with _queue(design, options) as queue:
        found = queue.next(_who(by))
    if found is None:
        terminal.say("There is no case to work on.")
        terminal.result({"next": None})
        return
    tell_case(options, found, "next")


@review.command
def show(design: str, case: str, /, *, options: Options = DEFAULTS) -> None:
    """Show a case and every step so far.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    case
        Its id, such as c17.
    """
    with _queue(design, options) as queue:
        tell_case(options, queue.show(case), "shown")


@review.command
def verdict(
    design: str,
    case: str,
    found: Found,
    /,
    *,
    reason: str | None = None,
    note: str = "",
    tag: Tags = None,
    version: int | None = None,
    by: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Say what was found; its decisions are labelled by it.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    case
        Its id, such as c17.
    found
        positive, negative, or unsure, which labels nothing.
    reason
        One of the codes that the design declares; unsure needs none.
    note
        In words.
    tag
        A free tag; give the option once for each.
    version
        The version of the case that was looked at: had somebody done something
        since, it is a conflict.
    by
        Who found it; by default who is logged in.
    """
    with _queue(design, options) as queue:
        change = queue.verdict(case, _who(by), _opinion(found, reason, note, tag), version=version)
    tell_changes(options, [change])


@review.command
def bulk(
    design: str,
    found: Found,
    /,
    *cases: str,
    reason: str | None = None,
    note: str = "",
    tag: Tags = None,
    by: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Say the same of many cases: of all of them, or of none where one can't be.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    found
        positive, negative, or unsure, which labels nothing.
    cases
        Their ids.
    reason
        One of the codes that the design declares; unsure needs none.
    note
        In words.
    tag
        A free tag; give the option once for each.
    by
        Who found it; by default who is logged in.
    """
    with _queue(design, options) as queue:
        changes = queue.bulk(cases, _who(by), _opinion(found, reason, note, tag))
    tell_changes(options, changes)


@review.command
def note(
    design: str,
    case: str,
    text: str = "",
    /,
    *,
    tag: Tags = None,
    by: str | None = None,
    options: Options = DEFAULTS,
) -> None:
    """Write something down about a case.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    case
        Its id, such as c17.
    text
        In words; card numbers are refused.
    tag
        A free tag, which may count as a weak label; give the option once for
        each.
    by
        Who writes; by default who is logged in.
    """
    with _queue(design, options) as queue:
        tell_changes(options, [queue.note(case, _who(by), text, tag or ())])


@review.command
def take(design: str, case: str, /, *, by: str | None = None, options: Options = DEFAULTS) -> None:
    """Lock a case for the time that the design declares.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    case
        Its id, such as c17.
    by
        For whom; by default who is logged in.
    """
    with _queue(design, options) as queue:
        tell_changes(options, [queue.take(case, _who(by))])


@review.command
def assign(design: str, case: str, to: str, /, *, by: str | None = None, options: Options = DEFAULTS) -> None:
    """Make a case somebody's, until they release it.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    case
        Its id, such as c17.
    to
        Whose it shall be.
    by
        Who says so; by default who is logged in.
    """
    with _queue(design, options) as queue:
        tell_changes(options, [queue.assign(case, to, _who(by))])


@review.command
def release(design: str, case: str, /, *, by: str | None = None, options: Options = DEFAULTS) -> None:
    """Let go of a case.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    case
        Its id, such as c17.
    by
        Who lets go; by default who is logged in.
    """
    with _queue(design, options) as queue:
        tell_changes(options, [queue.release(case, _who(by))])


@review.command
def undo(design: str, case: str, /, *, by: str | None = None, options: Options = DEFAULTS) -> None:
    """Take back the last verdict on a case; its labels are taken back, too.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    case
        Its id, such as c17.
    by
        Who takes it back; by default who is logged in.
    """
    with _queue(design, options) as queue:
        tell_changes(options, [queue.undo(case, _who(by))])


@review.command
def agreement(design: str, /, *, options: Options = DEFAULTS) -> None:
    """Say how far two people agree on the cases that both looked at.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    """
    terminal = options.terminal()
    with _queue(design, options) as queue:
        found = queue.agreement()
    if found.kappa is None or found.low is None or found.high is None:
        terminal.say(f"{found.cases:,} cases were looked at by two people: too few to tell.")
    else:
        terminal.say(
            f"Two people looked at {found.cases:,} cases and agree on {found.agreed:.1%} of them: "
            f"Cohen's kappa {found.kappa:.2f} ({found.low:.2f} to {found.high:.2f})."
        )
    terminal.result({"agreement": found._asdict()})


@review.command
def select(design: str, /, *, options: Options = DEFAULTS) -> None:
    """Draw decisions of the last day that nobody asked about, to learn from them.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    """
    from sevenfold.design.load import load
    from sevenfold.design.selecting import select_decisions

    terminal = options.terminal()
    drawn = select_decisions(load(design), options.home)
    terminal.table(
        ["event", "how", "chance"],
        [(one.event_id, one.strategy, one.probability) for one in drawn],
        title=f"{len(drawn):,} decisions were drawn",
    )
    terminal.result({"selected": [plain(one) for one in drawn]})


@review.command
def labels(design: str, /, *, limit: int = 50, options: Options = DEFAULTS) -> None:
    """Show whose labels contradict each other, and which of them counts.

    Parameters
    ----------
    design
        The name of a shipped design, or the path of a design's file.
    limit
        How many label events are shown at most.
    """
    from sevenfold.design.labels import conflicting_labels
    from sevenfold.design.load import load
    from sevenfold.design.workspace import Workspace

    terminal = options.terminal()
    found, notes = conflicting_labels(Workspace(load(design), options.home))
    terminal.table(
        ["event", "source", "says", "known since", "weak", "counts"],
        [
            (key, source, _SAYS[value], when(known), "weak" if weak else "", "counts" if wins else "")
            for key, source, value, known, weak, wins in found.head(limit).iter_rows()
        ],
        title="Labels that contradict each other",
    )
    for text in notes:
        terminal.say(text)
    terminal.result({"conflicts": found.head(limit).to_dicts(), "notes": list(notes)})


_SAYS = {1: "positive", 0: "negative", None: "taken back"}


@contextmanager
def _queue(design: str, options: Options) -> Iterator[ReviewQueue]:
    from sevenfold.design.load import load
    from sevenfold.design.reviewing import open_queue

    queue = open_queue(load(design), options.home)
    try:
        yield queue
    finally:
        queue.close()


def _who(by: str | None) -> str:
    return getpass.getuser() if by is None else by


def _opinion(found: Found, reason: str | None, text: str, tags: Tags) -> Opinion:
    from sevenfold.feedback.review.steps import Opinion

    positive = {"positive": True, "negative": False, "unsure": None}[found]
    return Opinion(positive, reason, text, tuple(tags or ()))
