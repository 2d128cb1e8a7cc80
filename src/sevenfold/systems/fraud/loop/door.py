"""The ways by which a simulated world reaches a service: inside this process, or over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

import polars as pl

from sevenfold.errors import DataError

if TYPE_CHECKING:
    from sevenfold.serving.service import DecisionService

__all__ = ["Clock", "Door", "InProcess"]


class Clock:
    """A clock that is set by hand, so that simulated days pass as fast as they are worked through.

    Examples
    --------
    >>> clock = Clock()
    >>> clock.now_ms = 1_000
    >>> clock()
    1000
    """

    def __init__(self) -> None:
        self.now_ms = 0

    def __call__(self) -> int:
        """Milliseconds since the epoch."""
        return self.now_ms


class Door(Protocol):
    """Where payments are decided, and other events come in."""

    def decide(self, payments: pl.DataFrame) -> pl.DataFrame:
        """Decide payments in their order.

        Parameters
        ----------
        payments
            In outside form.

        Returns
        -------
        One row each: ``payment_id``, ``action``, ``score`` (null where there was no model).
        """
        ...

    def tell(self, event: str, frame: pl.DataFrame) -> None:
        """Bring in other events, in outside form."""
        ...


class InProcess:
    """A service of this process, by its batch door.

    Parameters
    ----------
    service
        What decides; its clock is the world's.

    Attributes
    ----------
    decisions
        The decision's id by the payment's.
    """

    def __init__(self, service: DecisionService) -> None:
        self._service = service
        self.decisions: dict[str, str] = {}

    def decide(self, payments: pl.DataFrame) -> pl.DataFrame:
        """Decide payments; see `Door.decide`."""
        if not payments.height:
            return pl.DataFrame(schema={"payment_id": pl.String, "action": pl.String, "score": pl.Float64})
        answers = self._service.decide_table(payments)
        self.decisions.update(
            zip(answers["payment_id"].to_list(), answers["decision_id"].to_list(), strict=True)
        )
        return answers.select("payment_id", "action", "score")

    def tell(self, event: str, frame: pl.DataFrame) -> None:
        """Bring in other events.

        Raises
        ------
        DataError
            The service refuses one of them.
        """
        if not frame.height:
            return
        rows: list[dict[str, Any]] = [
            {name: value for name, value in row.items() if value is not None}
            for row in frame.iter_rows(named=True)
        ]
        accepted = self._service.take(event, rows)
        if accepted.faults or accepted.conflicts or accepted.unavailable:
            raise DataError(f"The service refuses events of {event}", accepted.faults)
