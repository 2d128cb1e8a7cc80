"""The look of a page, and drawings that take on its colours."""

from __future__ import annotations

import html
import re
from typing import TYPE_CHECKING

from sevenfold.learning.canvas import ACCENT, FILL, GREY, GROUND, INK, LINES, PALE

if TYPE_CHECKING:
    from pathlib import Path

__all__ = ["PAGE", "drawing"]

_COLOURS = {
    GROUND: "var(--card)",
    LINES: "var(--line)",
    INK: "var(--ink)",
    GREY: "var(--muted)",
    ACCENT: "var(--accent)",
    PALE: "var(--pale)",
    FILL: "var(--fill)",
}

PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>
:root {{ --page:#f3f4f2; --card:#fcfcfb; --line:#e6e8eb; --ink:#1f2933; --muted:#66727f; --accent:#0f766e;
  --pale:#99d5cd; --fill:#dfe3e8; }}
@media (prefers-color-scheme: dark) {{ :root {{ --page:#12161a; --card:#1a2026; --line:#2d353d;
  --ink:#e6eaed; --muted:#93a0ac; --accent:#3fc1b0; --pale:#24665f; --fill:#3a444e; }} }}
* {{ box-sizing: border-box; }}
body {{ margin:0; background:var(--page); color:var(--ink); line-height:1.5;
  font:16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }}
main {{ max-width:72rem; margin:0 auto; padding:2.5rem 1.25rem 4rem; }}
h1 {{ font-size:1.9rem; line-height:1.2; margin:0 0 .35rem; letter-spacing:-.01em; }}
header p {{ color:var(--muted); margin:0 0 1.75rem; font-size:1.05rem; }}
h2 {{ font-size:1.15rem; margin:2.5rem 0 .9rem; }}
.tiles {{ display:grid; gap:.75rem; grid-template-columns:repeat(auto-fit, minmax(10rem, 1fr)); }}
.tile, figure, .wide, dl, ul {{ background:var(--card); border:1px solid var(--line); border-radius:.7rem; }}
.tile {{ padding:1rem 1.1rem; display:flex; flex-direction:column; }}
.tile b {{ font-size:1.75rem; line-height:1.15; color:var(--accent); font-variant-numeric:tabular-nums; }}
.tile span {{ font-size:.92rem; }}
small, .note {{ color:var(--muted); font-size:.85rem; }}
.wide {{ overflow-x:auto; padding:.4rem .9rem; }}
table {{ border-collapse:collapse; width:100%; font-size:.94rem; font-variant-numeric:tabular-nums; }}
th, td {{ padding:.5rem .7rem; text-align:right; white-space:nowrap; border-top:1px solid var(--line); }}
thead th {{ border-top:0; color:var(--muted); font-weight:600; }}
th[scope=row] {{ text-align:left; font-weight:500; white-space:normal; min-width:9rem; }}
.plots {{ display:grid; gap:1rem; grid-template-columns:repeat(auto-fit, minmax(min(100%, 30rem), 1fr)); }}
figure {{ margin:0; padding:.5rem .5rem .9rem; }}
figure svg {{ display:block; width:100%; height:auto; }}
figure svg text {{ font-family:inherit !important; }}
figcaption {{ color:var(--muted); font-size:.9rem; padding:.3rem .9rem 0; }}
ul {{ margin:0; padding:.9rem 1.1rem .9rem 2.2rem; }}
dl {{ margin:0; padding:.9rem 1.1rem; display:grid; grid-template-columns:minmax(9rem, max-content) 1fr;
  gap:.45rem 1.5rem; }}
dt {{ color:var(--muted); }}
dd {{ margin:0; overflow-wrap:anywhere; }}
@media (max-width:38rem) {{ dl {{ grid-template-columns:1fr; gap:.1rem; }} dd {{ margin-bottom:.6rem; }} }}
@media print {{ body {{ background:none; }} figure, .tile {{ break-inside:avoid; }} }}
</style>
</head>
<body><main>{body}</main></body>
</html>
"""
"""The page, with places for its title and its body."""


def drawing(path: Path, told: str) -> str:
    """Give an SVG file as a part of the page: in its colours, as wide as its place, with words for readers.

    Parameters
    ----------
    path
        The file, as matplotlib wrote it.
    told
        What there is to see, for those who can't.
    """
    drawn = path.read_text(encoding="utf-8")
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    # Names are the page's: two drawings may have parts of one name.
    drawn = re.sub(r'(\bid="|url\(#|href="#)', rf"\g<1>{path.stem}-", drawn)
    for colour, variable in _COLOURS.items():
        drawn = drawn.replace(colour, variable)
    head, rest = drawn.split(">", 1)
    head = re.sub(r'\b(width|height)="[^"]*"', "", head)
    return f'{head} role="img" aria-label="{html.escape(told)}">{rest}'
