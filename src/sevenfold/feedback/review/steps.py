"""The steps of a review: what may be done to a case, and the change that does it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.data.card import redacted
from sevenfold.data.timestamp import rfc3339
from sevenfold.errors import Fault, UsageError
from sevenfold.feedback.review.change import ReviewChange
from sevenfold.feedback.review.refusals import ChangedError

if TYPE_CHECKING:
    from sevenfold.feedback.review.case import Case
    from sevenfold.feedback.review.declaration import Review

__all__ = ["Opinion", "Stepping"]

_LONGEST_TEXT, _LONGEST_TAG, _MOST_TAGS = 4_000, 40, 10


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a reviewer found.

    Parameters
    ----------
    positive
        `True`, `False`, or `None` where they are not sure.
    reason
        A declared code; not needed where they are not sure.
    text, tags
        In words, and in free tags.
    """

    positive: bool | None
    reason: str | None = None
    text: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Stepping:
    """Who takes a step, when, and by which rules; each method gives the change, or says why not."""

    review: Review
    by: str
    now_ms: int

    def take(self, case: Case) -> ReviewChange:
        """Lock a case for a while."""
        self._free(case)
        until = self.now_ms + self.review.lease_ms
        return self._change(case, "take", until_ms=until, events=tuple(case.members))

    def assign(self, case: Case, to: str) -> ReviewChange:
        """Make a case somebody's."""
        self._unclosed(case)
        if not to.strip():
            raise UsageError("The case is not assigned.", [Fault("to", "a name", "nothing")])
        return self._change(case, "assign", to=to, events=tuple(case.members))

    def release(self, case: Case) -> ReviewChange:
        """Let go of a case."""
        self._free(case)
        return self._change(case, "release", events=tuple(case.members))

    def note(self, case: Case, text: str, tags: tuple[str, ...]) -> ReviewChange:
        """Write something down."""
        if not text.strip() and not tags:
            raise UsageError("There is nothing to note.", [Fault("note", "a few words or a tag", "neither")])
        _check_words(text, tags)
        return self._change(case, "note", text=text, tags=tags, events=tuple(case.members))

    def verdict(
        self,
        case: Case,
        opinion: Opinion,
        *,
        version: int | None = None,
        second: bool = False,
        bulk: str | None = None,
    ) -> ReviewChange:
        """Say what was found; it closes the case, or asks for a second person."""
        self._free(case)
        if version is not None and version != case.version:
            fault = Fault(f"case {case.id}", f"version {version}", f"version {case.version}", "Look again")
            raise ChangedError("The case was changed meanwhile.", [fault])
        if case.status == "second" and case.first is not None and case.first.by == self.by:
            fault = Fault(f"case {case.id}", "a second person", repr(self.by), "Leave it to somebody else")
            raise UsageError("The same person can't review a case twice.", [fault])
        self._check_reason(opinion)
        _check_words(opinion.text, opinion.tags)
        return self._change(
            case,
            "verdict",
            positive=opinion.positive,
            reason=opinion.reason,
            text=opinion.text,
            tags=opinion.tags,
            second=second and case.first is None,
            bulk=bulk,
            events=case.seen if case.locked_by == self.by and case.seen else tuple(case.members),
        )

    def undo(self, case: Case) -> ReviewChange:
        """Take back the last verdict; what the first person found counts again where it was the second's."""
        last = case.second or case.first
        if last is None:
            raise UsageError("There is nothing to undo.", [Fault(f"case {case.id}", "a verdict", "none")])
        positive = case.first.positive if case.second is not None and case.first is not None else None
        return self._change(case, "undo", positive=positive, events=tuple(case.members))

    def _change(self, case: Case, what: str, **rest: object) -> ReviewChange:
        return ReviewChange(case.id, case.version + 1, self.now_ms, self.by, what, **rest)  # type: ignore[arg-type]

    def _unclosed(self, case: Case) -> None:
        if case.status == "closed":
            last = case.second or case.first
            got = "closed" if last is None else f"closed by {last.by} at {rfc3339(last.at_ms)}"
            hint = "Undo the verdict first"
            raise ChangedError("The case is closed.", [Fault(f"case {case.id}", "an open case", got, hint)])

    def _free(self, case: Case) -> None:
        self._unclosed(case)
        if case.locked_for(self.by, self.now_ms):
            got = f"locked by {case.locked_by} until {rfc3339(case.lock_until)}"
            raise ChangedError(
                "Somebody else works on the case.", [Fault(f"case {case.id}", "a free case", got)]
            )
        if case.assignee not in (None, self.by):
            got = f"assigned to {case.assignee}"
            raise ChangedError("The case is somebody else's.", [Fault(f"case {case.id}", "a free case", got)])

    def _check_reason(self, opinion: Opinion) -> None:
        review = self.review
        codes = {True: review.positive_reasons, False: review.negative_reasons, None: ()}[opinion.positive]
        if codes and opinion.reason not in codes:
            fault = Fault("reason", f"one of {', '.join(codes)}", repr(opinion.reason))
            raise UsageError("A verdict says why, in a code.", [fault])


def _check_words(text: str, tags: tuple[str, ...]) -> None:
    """Keep card numbers and endless texts out of the log."""
    faults = []
    if redacted(text) != text:
        faults.append(Fault("note", "words without card numbers", "a raw card number"))
    if len(text) > _LONGEST_TEXT:
        faults.append(Fault("note", f"at most {_LONGEST_TEXT:,} characters", f"{len(text):,}"))
    if len(tags) > _MOST_TAGS:
        faults.append(Fault("tags", f"at most {_MOST_TAGS}", str(len(tags))))
    faults += [
        Fault("tags", f"a word of 1 to {_LONGEST_TAG} characters that is no card number", "another")
        for tag in tags
        if not 0 < len(tag.strip()) <= _LONGEST_TAG or redacted(tag) != tag
    ]
    if faults:
        raise UsageError("This can't be written down.", faults)
