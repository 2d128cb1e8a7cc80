"""The architecture and the data flow of a design, drawn from it as SVG."""

from __future__ import annotations

from typing import TYPE_CHECKING

from markupsafe import escape

if TYPE_CHECKING:
    from sevenfold.design.document.sources import Sources

__all__ = ["data_flow"]

_WIDTH, _BOX, _HEIGHT, _GAP, _TOP = 1040, 190, 54, 16, 34
_COLUMNS = (10, 285, 560, 840)


def data_flow(sources: Sources) -> str:
    """Draw what flows from events over the log and the features to decisions, and back as labels."""
    design = sources.roots["design"]
    decides = design["decides"]
    label = design.get("label") or {}
    bringing = {label.get("event"), *(source.get("event") for source in label.get("also", ()))}
    events = list(design["events"])
    entities = design["entity_names"]
    rows = max(len(events), len(entities), 4)
    height = _TOP + rows * (_HEIGHT + _GAP) + 46
    middle = _TOP + (rows * (_HEIGHT + _GAP) - _GAP - _HEIGHT) / 2
    parts = [
        _title(_COLUMNS[0], "events"),
        _title(_COLUMNS[1], "log, the truth"),
        _title(_COLUMNS[2], "state, by entity"),
        _title(_COLUMNS[3], "decision"),
    ]
    for place, name in enumerate(events):
        y = _TOP + place * (_HEIGHT + _GAP)
        kind = "decided" if name == decides else "label" if name in bringing else "event"
        named = _named(sources, f"design:event_names/{place}")
        parts.append(_box(_COLUMNS[0], y, named, kind, "accent" if kind == "decided" else ""))
        parts.append(_line(_COLUMNS[0] + _BOX, y + _HEIGHT / 2, _COLUMNS[1], middle + _HEIGHT / 2))
    parts.append(_box(_COLUMNS[1], middle, "event log", "append-only, sealed", ""))
    for place in range(len(entities)):
        y = _TOP + place * (_HEIGHT + _GAP)
        parts.append(
            _box(_COLUMNS[2], y, _named(sources, f"design:entity_names/{place}"), "windows, exact", "")
        )
        parts.append(_line(_COLUMNS[1] + _BOX, middle + _HEIGHT / 2, _COLUMNS[2], y + _HEIGHT / 2))
        parts.append(_line(_COLUMNS[2] + _BOX, y + _HEIGHT / 2, _COLUMNS[3], middle + _HEIGHT / 2))
    count = f"{_named(sources, 'design:feature_count')} features in"
    parts.append(_box(_COLUMNS[3], middle, "model and policy", count, "accent"))
    below = _TOP + rows * (_HEIGHT + _GAP) + 22
    x, end, to = _COLUMNS[3] + _BOX / 2, middle + _HEIGHT, _COLUMNS[1] + _BOX / 2
    parts.append(
        f'<path d="M{x} {end}V{below}H{to}V{middle + _HEIGHT + 6}" class="back" marker-end="url(#tip)"/>'
    )
    words = "decisions, reviews, changes of models and rules: events of the same log"
    parts.append(
        f'<text x="{(x + to) / 2}" y="{below - 7}" class="small" text-anchor="middle">{words}</text>'
    )
    return (
        f'<svg viewBox="0 0 {_WIDTH} {height}" role="img" aria-label="Data flow"><defs><marker id="tip" '
        'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">'
        f'<path d="M0 0L8 4L0 8z"/></marker></defs>{"".join(parts)}</svg>'
    )


def _named(sources: Sources, address: str) -> str:
    """A value as a part of a text, with its source."""
    found = sources.figure(address, "int" if address.endswith("count") else "short")
    if found is None:
        return ""
    bears = f'data-source="{escape(found.source)}" data-format="{found.format}"'
    return f"<tspan {bears}>{escape(found.text)}</tspan>"


def _title(x: float, text: str) -> str:
    return f'<text x="{x}" y="20" class="small">{escape(text)}</text>'


def _box(x: float, y: float, title: str, below: str, style: str) -> str:
    return (
        f'<g><rect x="{x}" y="{y}" width="{_BOX}" height="{_HEIGHT}" rx="9" class="box {style}"/>'
        f'<text x="{x + 14}" y="{y + 23}" class="name">{title}</text>'
        f'<text x="{x + 14}" y="{y + 41}" class="small">{below}</text></g>'
    )


def _line(x: float, y: float, to_x: float, to_y: float) -> str:
    bend = (x + to_x) / 2
    return f'<path d="M{x} {y}C{bend} {y} {bend} {to_y} {to_x} {to_y}" class="flow"/>'
