"""A document as one HTML file that needs nothing else, and as Markdown."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from sevenfold.design.document.block import Drawing, Prose, Table
from sevenfold.design.document.content import sections
from sevenfold.design.document.sources import Figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.design.document.block import Cell
    from sevenfold.design.document.sources import Sources

__all__ = ["as_html", "as_markdown"]


def as_html(sources: Sources) -> str:
    """Write a document as HTML; every value bears its address as ``data-source``."""
    from jinja2 import Environment, PackageLoader, StrictUndefined
    from markupsafe import Markup

    environment = Environment(
        loader=PackageLoader("sevenfold.design.document", "."),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["figure"] = lambda value: isinstance(value, Figure)
    environment.filters["svg"] = Markup  # drawn by `drawing`, which escapes what it is given
    return environment.get_template("page.html").render(
        sections=sections(sources),
        name=sources.figure("design:name"),
        now=sources.figure("project:now_ms", "minute"),
        kinds={Prose: "prose", Table: "table", Drawing: "drawing"},
    )


def as_markdown(sources: Sources) -> str:
    """Write a document as Markdown; drawings are left to the HTML."""
    lines = [f"# {_plain(sources.figure('design:name') or '')}", ""]
    for section in sections(sources):
        lines += [f"## {section.title}", "", f"*{section.question}*", ""]
        for block in section.blocks:
            if isinstance(block, Prose):
                text = "".join(_plain(part) for part in block.parts)
                lines += [
                    f"    {text}"
                    if block.style == "code"
                    else f"> {text}"
                    if block.style == "quote"
                    else text,
                    "",
                ]
            elif isinstance(block, Table) and block.rows:
                lines += [f"### {block.title}", "", _row(block.columns), _row(["---"] * len(block.columns))]
                lines += [_row([_plain(cell) for cell in row]) for row in block.rows] + [""]
    return "\n".join(lines).rstrip() + "\n"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(cell: Cell) -> str:
    """Text that Markdown takes as it is."""
    text = cell.text if isinstance(cell, Figure) else cell
    return re.sub(r"([\\`*_<>|\[\]])", r"\\\1", " ".join(text.split()))
