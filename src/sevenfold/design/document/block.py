"""What a section of a document is made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.design.document.sources import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["Block", "Cell", "Drawing", "Prose", "Section", "Table"]

Cell = Figure | str
"""A value with its source, or words of our own, which hold no digit."""


@dataclass(frozen=True)
class Prose:
    """A paragraph; `style` is ``"plain"``, ``"quote"``, ``"note"`` or ``"code"``."""

    parts: Sequence[Cell]
    style: str = "plain"


@dataclass(frozen=True)
class Table:
    """Rows under columns; the first column names the row. `folded` hides a long one until it is asked for."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[Cell]]
    folded: bool = False


@dataclass(frozen=True)
class Drawing:
    """An SVG, and what it shows in words."""

    svg: str
    caption: str


Block = Prose | Table | Drawing


@dataclass(frozen=True)
class Section:
    """One of the seven, or what stands around them."""

    id: str
    title: str
    question: str
    blocks: Sequence[Block]
