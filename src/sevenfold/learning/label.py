"""Labels: which event marks a decided event, and what was known of it at any moment.

A label arrives days or weeks after the event that it is about, and most events never get one: they count as
negative once they are old enough. A training set at time T may use only what the log held at T, so labels are
asked for with a time.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from sevenfold.data.fields import Kind
from sevenfold.errors import DesignError, Fault
from sevenfold.features.window import duration_ms
from sevenfold.learning.label_source import LabelSource

if TYPE_CHECKING:
    from collections.abc import Iterable

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
    also
        Further sources of labels: ``sf.LabelSource(...)``.
    precedence
        Whose word counts where sources contradict each other: their names, the strongest first. Names in a
        tuple of their own have the same rank, and the newest of their labels known counts, as of a
        chargeback and its reversal. Those that are not named follow in the order of declaration, weak ones
        last, whatever is named.
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
    also: tuple[LabelSource, ...] = ()
    precedence: tuple[str | tuple[str, ...], ...] = ()
    because: str = ""

    def __post_init__(self) -> None:
        object.__setattr__(self, "also", tuple(self.also))
        object.__setattr__(self, "precedence", tuple(self.precedence))
        faults = self._field_faults() or self._source_faults()
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

    def _source_faults(self) -> list[Fault]:
        faults = [
            Fault(f"also[{place}]", "sf.LabelSource(...)", type(source).__name__)
            for place, source in enumerate(self.also)
            if not isinstance(source, LabelSource)
        ]
        if faults:
            return faults
        names = [source.name for source in self.sources]
        faults += [
            Fault("also", "a name of its own for each source", f"{name} twice", "Give one of them a name=")
            for name in dict.fromkeys(n for n in names if names.count(n) > 1)
        ]
        named = [name for group in self._groups for name in group]
        faults += [
            Fault("precedence", "each source once", f"{name} twice")
            for name in dict.fromkeys(n for n in named if named.count(n) > 1)
        ]
        return faults

    @property
    def sources(self) -> tuple[LabelSource, ...]:
        """All sources: the one that the label is declared by, then the others in their order."""
        value: bool | str = True if self.value is None else self.value
        return (LabelSource(event=self.event, key=self.key, value=value), *self.also)

    @property
    def _groups(self) -> list[tuple[str, ...]]:
        return [(group,) if isinstance(group, str) else tuple(group) for group in self.precedence]

    @property
    def ranks(self) -> dict[str, int]:
        """The rank of each source by name, the higher the stronger; equal where the newest label counts."""
        weak = {source.name for source in self.sources if source.weak}
        names = {source.name for source in self.sources}
        named = [tuple(n for n in group if n in names) for group in self._groups]
        rest = [(name,) for name in dict.fromkeys(s.name for s in self.sources) if not self._names(name)]
        strong = [tuple(n for n in group if n not in weak) for group in (*named, *rest)]
        guesses = [tuple(n for n in group if n in weak) for group in (*named, *rest)]
        order = [group for group in (*strong, *guesses) if group]
        return {name: len(order) - place for place, group in enumerate(order) for name in group}

    def _names(self, name: str) -> bool:
        return any(name in group for group in self._groups)

    def unknown_names(self) -> list[str]:
        """Names in the precedence that are no source's."""
        known = {source.name for source in self.sources}
        return [name for group in self._groups for name in group if name not in known]

    def with_sources(self, sources: Iterable[LabelSource]) -> Label:
        """Return the same label with further sources; those whose names are there already are left out."""
        known = {source.name for source in self.sources}
        new = tuple(source for source in sources if source.name not in known)
        return replace(self, also=(*self.also, *new)) if new else self

    @property
    def matures_ms(self) -> int:
        """Milliseconds after which an event without a label counts as negative."""
        return duration_ms(self.matures)

    def history(
        self,
        decided: pl.DataFrame,
        events: pl.DataFrame | Mapping[str, pl.DataFrame],
        *,
        known: str | None = None,
    ) -> tuple[Labels, LabelQuality]:
        """Join label events to the decided events.

        Parameters
        ----------
        decided
            The decided events, physical columns; its key and its time are used.
        events
            The label events, physical columns; or tables by the name of their event, for all sources. A
            source without a table has said nothing.
        known
            The column of `events` that says since when an event is known: Datetime or Int64 milliseconds.
            By default its own time. Of tables by name it is the arrival in the log where they have one.

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

        return join_labels(self, decided, *self._tables(events, known))

    def _tables(
        self, events: pl.DataFrame | Mapping[str, pl.DataFrame], known: str | None
    ) -> tuple[Mapping[str, pl.DataFrame], str | None]:
        """Tables by event, and the column by which their events are known."""
        from sevenfold.data.lake import ARRIVED

        if isinstance(events, Mapping):
            return events, ARRIVED if known is None else known
        return {self.event.__name__: events}, known

    def conflicts(
        self,
        decided: pl.DataFrame,
        events: pl.DataFrame | Mapping[str, pl.DataFrame],
        at_ms: int | None = None,
        *,
        known: str | None = None,
    ) -> pl.DataFrame:
        """Show the decided events whose sources contradict each other, and who won.

        Parameters
        ----------
        decided, events, known
            As for `history`.
        at_ms
            As known at this moment, epoch milliseconds; by default in the end.

        Returns
        -------
        DataFrame
            One row a label event of such a decided event, in the order of becoming known: the decided
            event's key, ``source``, ``value`` (Int8, null where it was taken back), ``known_at`` (Int64
            milliseconds), ``weak``, and ``wins``: whether this label counts.
        """
        from sevenfold.learning.labelling import conflict_table

        return conflict_table(self, decided, *self._tables(events, known), at_ms)

    def at(
        self,
        decided: pl.DataFrame,
        events: pl.DataFrame | Mapping[str, pl.DataFrame],
        at_ms: int,
        *,
        known: str | None = None,
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
            **({"also": [source.describe() for source in self.also]} if self.also else {}),
            **({"precedence": [list(group) for group in self._groups]} if self.precedence else {}),
            "because": self.because,
        }
