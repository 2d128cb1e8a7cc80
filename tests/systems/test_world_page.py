"""The page about the world says what was measured, and its command measures it again."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from sevenfold.errors import UsageError
from sevenfold.systems.fraud.world import describe
from sevenfold.systems.fraud.world.comparison import compare
from sevenfold.systems.fraud.world.page import main, rewrite

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"<!-- measured: (\w+) -->\n(.*?)<!-- end -->", re.DOTALL)
NUMBER = re.compile(r"[0-9][0-9,.]*")


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """The page, written anew from a small world."""
    folder = tmp_path_factory.mktemp("page")
    shutil.copy(DOCS / "world.md", folder / "world.md")
    words = [str(folder / "world.md"), "--picture", str(folder / "world.png"), "--payments", "20000"]
    main([*words, "--seed", "3"])
    return folder


def test_the_page_is_current_but_for_its_figures(written):
    kept, again = ((folder / "world.md").read_text(encoding="utf-8") for folder in (DOCS, written))
    assert BLOCK.sub("", kept) == BLOCK.sub("", again), "prose stays"
    blocks = dict(BLOCK.findall(kept))
    assert set(blocks) == {"order", "comparison", "patterns", "habits", "shares"}
    for name, block in BLOCK.findall(again):
        rows = [
            sorted({line.split("|")[1] for line in text.splitlines() if "|" in line})
            for text in (block, blocks[name])
        ]
        assert rows[0] == rows[1], f"run the command for the block {name}"
        assert block != blocks[name]
    assert "20,000 payments" in again
    assert "1,000,000 payments" in kept
    assert (written / "world.png").stat().st_size > 10_000


def test_the_picture_on_the_page_is_small():
    assert 10_000 < (DOCS / "images" / "world.png").stat().st_size < 150_000


def test_only_what_is_between_the_marks_is_replaced():
    page = "a\n<!-- measured: order -->\nold\n<!-- end -->\nb <!-- end --> c\n"
    assert rewrite(page, {"order": "new"}) == (
        "a\n<!-- measured: order -->\n\nnew\n<!-- end -->\nb <!-- end --> c\n"
    )


def test_a_block_that_nobody_measures_is_refused():
    with pytest.raises(UsageError, match="measured: expected one of order, got 'weather'"):
        rewrite("<!-- measured: weather -->\n<!-- end -->", {"order": ""})


def test_each_figure_has_a_source_and_is_measured(world_report):
    rows = list(compare(describe(world_report.out)))
    assert len(rows) > 15
    for row in rows:
        assert row.source
        assert NUMBER.search(row.here), row.quantity
    here = {row.quantity: row.here for row in rows}
    assert here["frauds, of payments"] == "0.60 %"
    assert here["payments of a customer a day"] == "0.35"
    median, most = (
        float(here["days until a chargeback: median, 95 %, most"].split(", ")[at]) for at in (0, 2)
    )
    assert 10 < median < 20
    assert most < 120
