"""Splits in time: a model learns from the past, waits for the labels, and is tested on what came after.

Between training and test lies a gap as long as labels take: on the first test day, the youngest training rows
have just got theirs. Without the gap a model would be measured with labels that nobody had.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from sevenfold.data.timestamp import epoch_ms, rfc3339
from sevenfold.errors import DataError, DesignError, Fault, UsageError
from sevenfold.features.window import duration_ms, duration_text
from sevenfold.learning.arrays import DAY_MS

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Fold", "Prequential"]


@dataclass(frozen=True, slots=True)
class Fold:
    """One training period and the test period that follows it; moments in epoch milliseconds, ends excluded.

    Parameters
    ----------
    number
        From 1 on, the oldest first.
    train_start, train_end
        The training period.
    test_start, test_end
        The test period. Training happens at `test_start`, with the labels known by then.
    """

    number: int
    train_start: int
    train_end: int
    test_start: int
    test_end: int

    def __str__(self) -> str:
        return (
            f"fold {self.number} (train {_day(self.train_start)} to {_day(self.train_end)},"
            f" test {_day(self.test_start)} to {_day(self.test_end)})"
        )


@dataclass(frozen=True, kw_only=True)
class Prequential:
    """Folds that walk through time: train, wait for labels, test, move on by one test period.

    After Gama, Sebastião and Rodrigues (2013), with the delay of labels as a gap.

    Parameters
    ----------
    test
        Length of a test period.
    train
        Length of a training period; ``None`` for all history up to then.
    delay
        The gap between them; ``None`` for as long as the label takes to mature.
    folds
        How many.
    first
        When the training of the first fold starts: a date such as ``"2018-07-25"``, or RFC 3339. ``None``
        places the folds so that the last test period ends with the newest matured labels. Needs `train`.
    first_test
        When the test of the first fold starts, in place of `first`; needs no `train`.
    leave_out_known
        The entity of which those already known as positive are left out of the test: with ``"customer"``, a
        test day holds no customer with a positive label that was known when the day began and is about an
        event since the training period's start.
    known_within
        How long before a fold's test such a label may be about an event; ``None`` goes back to the training
        period's start.
    because
        Why the design chose it.

    Raises
    ------
    DesignError
        A duration, a date or a number can't work; all of them are named.

    Examples
    --------
    >>> folds = Prequential(train="7d", delay="7d", test="7d", folds=4, first="2018-07-25")
    >>> print(folds.over(0, 1_538_352_000_000)[3])
    fold 4 (train 2018-08-15 to 2018-08-22, test 2018-08-29 to 2018-09-05)
    """

    test: str = "7d"
    train: str | None = None
    delay: str | None = None
    folds: int = 1
    first: str | None = None
    first_test: str | None = None
    leave_out_known: str | None = None
    known_within: str | None = None
    because: str = ""

    def __post_init__(self) -> None:
        faults: list[Fault] = []
        for name in ("test", "train", "delay", "known_within"):
            text = getattr(self, name)
            if text is None:
                continue
            try:
                duration_ms(text, name)
            except DesignError as error:
                faults += error.faults
        if self.folds < 1:
            faults.append(Fault("folds", "at least 1", str(self.folds)))
        if self.first is not None and self.train is None:
            faults.append(Fault("first", "a length of training, as train='7d'", "train=None"))
        if self.first is not None and self.first_test is not None:
            faults.append(Fault("first_test", "nothing beside first", repr(self.first_test)))
        for name in ("first", "first_test"):
            date = getattr(self, name)
            try:
                epoch_ms(date or "1970-01-01")
            except DataError:
                faults.append(Fault(name, "a date such as '2018-07-25'", repr(date)))
        if faults:
            raise DesignError("These folds can't be laid out.", faults)

    def delay_ms(self, matures_ms: int) -> int:
        """Give the gap in milliseconds, for labels that take `matures_ms` to mature."""
        return matures_ms if self.delay is None else duration_ms(self.delay)

    def over(self, start: int, end: int, matures_ms: int = 0) -> tuple[Fold, ...]:
        """Lay the folds over a history.

        Parameters
        ----------
        start, end
            Epoch milliseconds: the first event, and the moment from which on labels are not final.
        matures_ms
            How long labels take.

        Raises
        ------
        DataError
            The history is too short; the error says what there is and what was asked for.
        """
        test, gap = duration_ms(self.test), self.delay_ms(matures_ms)
        train = duration_ms(self.train) if self.train is not None else None
        if self.first_test is not None:
            first_test = epoch_ms(self.first_test)
        elif self.first is not None and train is not None:
            first_test = epoch_ms(self.first) + train + gap
        else:
            # Whole days, so that a test day is a day of the calendar.
            first_test = end // DAY_MS * DAY_MS - self.folds * test
        folds = []
        for i in range(self.folds):
            test_start = first_test + i * test
            train_end = test_start - gap
            train_start = start if train is None else train_end - train
            folds.append(Fold(i + 1, train_start, train_end, test_start, test_start + test))
        self._check(folds, start, end, gap)
        return tuple(folds)

    def known_from(self, fold: Fold) -> int:
        """Give the moment from which on events count for leaving out who is known, epoch milliseconds."""
        if self.known_within is None:
            return fold.train_start
        return fold.test_start - duration_ms(self.known_within)

    def earlier(self) -> Prequential:
        """Give the same folds moved back by gap and test, for choosing settings without looking at the test.

        Raises
        ------
        UsageError
            The folds have no `first` and `delay` of their own.
        """
        if self.first is None or self.delay is None:
            raise UsageError("Only folds with a first day and a delay of their own can be moved back.")
        back = self.delay_ms(0) + duration_ms(self.test)
        return replace(self, first=rfc3339(epoch_ms(self.first) - back))

    def _check(self, folds: Sequence[Fold], start: int, end: int, gap: int) -> None:
        first, last = folds[0], folds[-1]
        # A period may begin a little before the first event of its first day.
        if (
            first.train_start >= start // DAY_MS * DAY_MS
            and first.train_end > start
            and last.test_end <= _ceil(end)
        ):
            return
        asked = (
            f"{self.train or 'any length'} of training, {duration_text(gap)} of gap"
            f" and {self.folds} × {self.test} of test"
        )
        hint = f"That is {_day(first.train_start)} to {_day(last.test_end)}."
        if self.train is None:
            hint = f"The first test would begin on {_day(first.test_start)}."
        raise DataError(
            "The history is too short for these folds.",
            [Fault("history", asked, f"{_day(start)} to {_day(end)} with final labels", hint)],
        )


def _day(moment: int) -> str:
    text = rfc3339(max(moment, 0))
    return text[:10] if moment % DAY_MS == 0 else text


def _ceil(moment: int) -> int:
    return -(-moment // DAY_MS) * DAY_MS
