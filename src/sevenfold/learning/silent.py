"""Silent events: those without a label that may be positive all the same, because word of it is late or lost.

Waiting until every label is final throws the newest weeks away; taking silence for innocence teaches the
model that new kinds of fraud are none. In between, a silent event counts as what it is: positive with the
chance that a positive like it would be silent at its age.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from sevenfold.learning.candidate import Table
from sevenfold.learning.reporting import Reporting

if TYPE_CHECKING:
    from sevenfold.learning.arrays import FloatVector
    from sevenfold.learning.declaration import Learning
    from sevenfold.learning.encoding import Encoding
    from sevenfold.learning.examples import Examples

__all__ = ["Silent", "hidden_share"]


def hidden_share(score: FloatVector, heard: FloatVector) -> FloatVector:
    """Chance that a silent event is positive: the expectation step of a delayed-feedback model.

    Parameters
    ----------
    score
        Chance of being positive by its features alone, shape (rows,).
    heard
        Chance that a positive of its age would have been reported by now.

    References
    ----------
    Chapelle (2014), "Modeling delayed feedback in display advertising", section 4.1; the exponential delay
    of the paper is replaced by `Reporting`.

    Examples
    --------
    >>> hidden_share(np.array([0.5, 0.5]), np.array([0.0, 1.0])).tolist()
    [0.5, 0.0]
    """
    silent: FloatVector = score * (1.0 - heard)
    return silent / np.maximum(silent + 1.0 - score, 1e-300)


@dataclass(frozen=True, eq=False)
class Silent:
    """The rows of a training period whose labels are not final, and what is known of their silence.

    Parameters
    ----------
    young
        The rows, labelled as far as is known: 0 where nothing was said yet.
    heard
        float64, shape (young rows,): the chance that a positive of that age had been reported.
    reported
        Share of positives that are ever reported; what silence of final rows means.
    guess
        Whether silent rows count as positive by their chance; else as negative.
    """

    young: Table
    heard: FloatVector
    reported: float
    guess: bool

    @classmethod
    def of(
        cls, examples: Examples, start: int, moment: int, learning: Learning, encoding: Encoding
    ) -> Silent | None:
        """Gather the rows from the start of training to a moment whose labels are not final then.

        ``None`` where the declaration waits for labels, and takes every final one at its word.
        """
        if learning.young == "wait" and learning.reported == 1.0:
            return None
        labels = examples.labels
        rows = examples.within(start, moment) & ~labels.matured(moment)
        if learning.young == "wait":
            rows &= False
        rows = examples.drawn(examples.let_through(rows), moment, learning)
        table = examples.coded(rows, moment, learning, encoding)
        reporting = Reporting.learn(labels, moment)
        heard = reporting.by(moment - labels.times[rows]) * learning.reported
        return cls(table, heard, learning.reported, learning.young != "negative")

    def joined(self, final: Table, final_score: FloatVector, young_score: FloatVector) -> Table:
        """Put final and young rows together; a silent row that is guessed at is two rows, by its chance.

        Parameters
        ----------
        final
            The rows with final labels.
        final_score, young_score
            What a first model, learned from `final`, says of both.
        """
        parts = [*self._parts(final, final_score, np.full(len(final), self.reported))]
        if len(self.young):
            parts += self._parts(self.young, young_score, self.heard)
        return Table(
            np.concatenate([part.X for part in parts]),
            np.concatenate([part.y for part in parts]),
            final.encoding,
            np.concatenate([_weights(part) for part in parts]),
        )

    def _parts(self, table: Table, score: FloatVector, heard: FloatVector) -> list[Table]:
        if not self.guess:
            return [table]
        chance = np.where(table.y == 1, 0.0, hidden_share(score, heard))
        weight = _weights(table)
        certain = Table(table.X, table.y, table.encoding, weight * (1.0 - chance))
        hidden = chance > 1e-4  # what is all but certain to be negative is not worth a second row
        guessed = Table(
            table.X[hidden],
            np.ones(int(hidden.sum()), dtype=table.y.dtype),
            table.encoding,
            (weight * chance)[hidden],
        )
        return [certain, guessed]


def _weights(table: Table) -> FloatVector:
    return np.ones(len(table)) if table.weight is None else table.weight
