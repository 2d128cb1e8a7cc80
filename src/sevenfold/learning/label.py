"""Labels: which event marks a decided event, and what was known of it at any moment.

A label arrives days or weeks after the event that it is about, and most events never get one: they count as
negative once they are old enough. A training set at time T may use only what the log held at T, so labels are
asked for with a time.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.data.fields import Kind
from sevenfold.errors import DesignError, Fault
from sevenfold.features.window import duration_ms

if TYPE_CHECKING:
    import polars as pl

    from sevenfold.data.event import EventType
    from sevenfold.learning.knowledge import Labels
    from sevenfold.learning.labelling import LabelQuality

__all__ = ["Label"]


@dataclass(frozen=True)
class Label:
    """Which event makes a decided event positive, and after how long it counts as negative without one.

    Parameters
    ----------
    event
        The event that brings the label, such as a chargeback.
    on
        The decided event.
    key
        The field of `event` that holds the key of the decided event.
    matures
        How long to wait for a label: ``"30d"``. A decided event this old without one is negative.
    value
        The field of `event` that says 1 or 0, such as a reviewer's verdict, where it may be either; the
        newest one known counts. ``None``: each label event means positive.
    because
        Why the design chose it.

    Raises
    ------
    DesignError
        The declaration can't work; it lists every reason.
    """

    event: EventType
    on: EventType
    key: str
    matures: str
    value: str | None = None
    because: str = ""

    def __post_init__(self) -> None:
        faults = self._field_faults()
        try:
            duration_ms(self.matures, "matures")
        except DesignError as error:
            faults += error.faults
        if faults:
            raise DesignError("This label can't be built.", faults)

    def _field_faults(self) -> list[Fault]:
        fields, name = self.event.__fields__, self.event.__name__
        hint = f"Fields of {name}: {', '.join(fields)}"
        faults = [
            Fault(role, f"a field of {name}", repr(field), hint)
            for role, field in (("key", self.key), ("value", self.value))
            if field is not None and field not in fields
        ]
        if self.value in fields and fields[self.value].kind not in (Kind.BOOLEAN, Kind.INTEGER):
            faults.append(Fault("value", "a boolean or integer field", f"{fields[self.value].kind.value}"))
        return faults

    @property
    def matures_ms(self) -> int:
        """Milliseconds after which an event without a label counts as negative."""
        return duration_ms(self.matures)

    def history(
        self, decided: pl.DataFrame, events: pl.DataFrame, *, known: str | None = None
    ) -> tuple[Labels, LabelQuality]:
        """Join label events to the decided events.

        Parameters
        ----------
        decided
            The decided events, physical columns; its key and its time are used.
        events
            The label events, physical columns.
        known
            The column of `events` that says since when an event is known: Datetime or Int64 milliseconds.
            By default its own time; ``_arrived`` where the log was filled as things happened.

        Returns
        -------
        Labels
            What was known of each row of `decided`, in its order, at any time.
        LabelQuality
            What was odd about the label events.

        Raises
        ------
        DataError
            A value is neither 0 nor 1, a column is missing, or a decided event's key is there twice.
        """
        from sevenfold.learning.labelling import join_labels

        return join_labels(self, decided, events, known or self.event.__time__)

    def at(
        self, decided: pl.DataFrame, events: pl.DataFrame, at_ms: int, *, known: str | None = None
    ) -> pl.DataFrame:
        """Give the labels that were known at a moment.

        Parameters
        ----------
        decided, events, known
            As for `history`.
        at_ms
            The moment, epoch milliseconds.

        Returns
        -------
        DataFrame
            The key of each decided event, in their order; ``label`` Int8, null where it was not known yet;
            and ``known_at`` Int64, since when (null likewise).
        """
        from sevenfold.learning.labelling import label_table

        labels, _ = self.history(decided, events, known=known)
        return label_table(decided[self.on.__key__], labels, at_ms)

    def describe(self) -> dict[str, Any]:
        """Give the declaration as plain data, for a bundle's metadata and the design document."""
        return {
            "event": self.event.__name__,
            "on": self.on.__name__,
            "key": self.key,
            "matures": self.matures,
            "value": self.value,
            "because": self.because,
        }
