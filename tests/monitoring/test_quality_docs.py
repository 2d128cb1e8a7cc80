"""What the pages on performance, fairness and skew declare can be declared."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import sevenfold as sf

DOCS = Path(__file__).parents[2] / "docs"
BLOCK = re.compile(r"^```python\n(.*?)^```", flags=re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("page", ["performance.md", "fairness.md", "skew.md"])
def test_declarations_on_the_page_work(page: str) -> None:
    blocks = BLOCK.findall((DOCS / page).read_text(encoding="utf-8"))
    assert blocks
    for block in blocks:
        *before, last = block.strip().split("\n\n")
        names: dict[str, object] = {}
        exec("\n\n".join(before), names)  # noqa: S102 - our own page
        made = eval(last, names)  # noqa: S307 - likewise
        assert isinstance(made, sf.Monitoring)


def test_every_limit_is_on_its_page() -> None:
    for page, declared in (("performance.md", sf.Performance), ("fairness.md", sf.Fairness)):
        text = (DOCS / page).read_text(encoding="utf-8")
        names = [name for name in declared.__dataclass_fields__ if name != "because"]
        assert [name for name in names if f"{name}=" not in text and f"`{name}`" not in text] == []
