"""``python -m sevenfold.systems.fraud.world.page PAGE``: measure a world, and write it into its page.

The prose of the page is the page's own. Between ``<!-- measured: NAME -->`` and ``<!-- end -->`` stands what
is measured: that is replaced.
"""

from __future__ import annotations

import argparse
import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from sevenfold.errors import Fault, UsageError
from sevenfold.systems.fraud.world.comparison import compare
from sevenfold.systems.fraud.world.description import Description, describe
from sevenfold.systems.fraud.world.picture import draw
from sevenfold.systems.fraud.world.simulation import WorldReport, simulate

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import polars as pl

__all__ = ["main", "measured", "rewrite"]

_BLOCK = re.compile(r"(<!-- measured: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)


def main(words: Sequence[str] | None = None) -> None:
    """Make a world, measure it and write the page and its picture."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("page", type=Path)
    parser.add_argument("--picture", type=Path)
    parser.add_argument("--payments", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=7)
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="sevenfold-") as folder:
        report = simulate(given.payments, given.seed, Path(folder) / "world")
        told = describe(report.out)
        if given.picture is not None:
            draw(told, given.picture)
        page = given.page.read_text(encoding="utf-8")
        given.page.write_text(rewrite(page, measured(report, told)), encoding="utf-8")


def rewrite(page: str, blocks: dict[str, str]) -> str:
    """Put what was measured into a page.

    Raises
    ------
    UsageError
        If the page asks for something else.
    """
    unknown = sorted({name for _, name, _ in _BLOCK.findall(page)} - set(blocks))
    if unknown:
        known = ", ".join(blocks)
        raise UsageError(
            "This page can't be written.",
            [Fault("measured", f"one of {known}", repr(name)) for name in unknown],
        )
    return _BLOCK.sub(lambda found: f"{found[1]}\n{blocks[found[2]]}\n{found[3]}", page)


def measured(report: WorldReport, told: Description) -> dict[str, str]:
    """Return the blocks that a page may hold, by name, as Markdown."""
    order = (
        f"{report.payments:,} payments by {report.customers:,} customers at {report.merchants:,} merchants "
        f"over {report.days} days, seed {report.seed}: {report.frauds:,} frauds, "
        f"{report.declines:,} declines, {report.refunds:,} refunds, {report.chargebacks:,} chargebacks.\n"
    )
    rows = list(compare(told))
    return {
        "order": order,
        "comparison": _table(rows[0]._fields, rows),
        "patterns": _frame(told.patterns),
        "habits": _frame(told.habits),
        "shares": _frame(told.shares),
    }


def _frame(frame: pl.DataFrame) -> str:
    return _table([name.replace("_", " ") for name in frame.columns], frame.rows())


def _table(columns: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [" | ".join(columns), " | ".join("---" for _ in columns)]
    lines += [" | ".join(_cell(value) for value in row) for row in rows]
    return "".join(f"| {line} |\n" for line in lines)


def _cell(value: object) -> str:
    if value is None:
        return "–"
    if isinstance(value, float):
        return f"{value:.4f}" if abs(value) < 1 else f"{value:.2f}"
    return f"{value:,}" if isinstance(value, int) else str(value).replace("_", " ")


if __name__ == "__main__":
    main()
