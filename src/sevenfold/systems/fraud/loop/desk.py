"""The reviewers of a simulated world at the system's own review queue: every verdict is a step of a case."""

from __future__ import annotations

from typing import TYPE_CHECKING

from sevenfold.feedback.review.steps import Opinion

if TYPE_CHECKING:
    from collections.abc import Mapping

    import polars as pl

    from sevenfold.feedback.review.queue import ReviewQueue

__all__ = ["ReviewDesk"]


class ReviewDesk:
    """Writes what reviewers say into the queue.

    Parameters
    ----------
    queue
        Its cases hold one decision each (``sf.Review(most=1)``), since these reviewers judge payments.
    decisions
        The decision's id by the payment's.
    """

    def __init__(self, queue: ReviewQueue, decisions: Mapping[str, str]) -> None:
        self._queue, self._decisions = queue, decisions

    def judged(self, verdicts: pl.DataFrame) -> None:
        """Have verdicts become events of the log, those of one reviewer with one outcome together.

        Parameters
        ----------
        verdicts
            The columns of `reviewers.VERDICT`.
        """
        for (reviewer, fraud), said in verdicts.group_by("reviewer", "fraud", maintain_order=True):
            cases = [f"c{self._decisions[payment]}" for payment in said["payment_id"]]
            opinion = Opinion(bool(fraud), "other")
            self._queue.bulk(cases, str(reviewer), opinion)
