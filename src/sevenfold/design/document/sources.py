"""Where every value of a document comes from: plain data under addresses such as ``log:decisions/p99_ms``.

A document never holds a value, it holds an address and a format. Whoever doubts a number looks its address up
again: that is what the test does for every number on the page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["FORMATS", "Figure", "Format", "Sources"]

Format = Literal[
    "text", "short", "place", "int", "number", "decimal", "share", "ms", "us", "day", "minute", "gb", "days"
]


def _moment(value: float, spec: str) -> str:
    return datetime.fromtimestamp(value / 1000, tz=UTC).strftime(spec)


def _text(value: object) -> str:
    if isinstance(value, (list, tuple)):
        return "; ".join(map(_text, value))
    if isinstance(value, float):
        return f"{value:.10g}"
    return "yes" if value is True else "no" if value is False else str(value)


FORMATS: dict[str, Callable[[Any], str]] = {
    "text": _text,
    "short": lambda value: str(value) if len(str(value)) <= 22 else f"{str(value)[:21]}…",
    "int": lambda value: f"{value:,.0f}",
    "number": lambda value: f"{value:,.4g}",
    "decimal": lambda value: f"{value:.3f}",
    "share": lambda value: f"{value:.2%}",
    "ms": lambda value: f"{value:,.2f} ms",
    "us": lambda value: f"{value:,.0f} µs",
    "day": lambda value: _moment(value, "%Y-%m-%d"),
    "minute": lambda value: _moment(value, "%Y-%m-%d %H:%M"),
    "gb": lambda value: f"{value:,.2f} GB",
    "days": lambda value: f"{value:,.1f} days",
}
"""How a value is written."""


@dataclass(frozen=True, slots=True)
class Figure:
    """A value on the page.

    Parameters
    ----------
    source
        Its address.
    format
        How it is written.
    text
        What stands on the page.
    verdict
        ``"kept"``, ``"broken"`` or nothing: whether a promise is.
    """

    source: str
    format: Format
    text: str
    verdict: str = ""


class Sources:
    """Plain data by root: the design, the log, the bundle, the check, the project.

    Parameters
    ----------
    roots
        By name; mappings and sequences all the way down.

    Examples
    --------
    >>> sources = Sources({"log": {"decisions": {"count": 12_000}}})
    >>> sources.figure("log:decisions/count", "int").text
    '12,000'
    >>> sources.get("log:decisions/p99_ms") is None
    True
    """

    def __init__(self, roots: Mapping[str, Any]) -> None:
        self.roots = dict(roots)

    def get(self, address: str) -> Any:
        """Look a value up; ``None`` where there is none."""
        root, _, path = address.partition(":")
        value: Any = self.roots.get(root)
        for step in path.split("/") if path else ():
            if isinstance(value, Mapping):
                value = value.get(step)
            elif isinstance(value, Sequence) and not isinstance(value, str) and step.isdecimal():
                value = value[int(step)] if int(step) < len(value) else None
            else:
                return None
        return value

    def figure(self, address: str, format_: Format = "text", verdict: str = "") -> Figure | None:
        """Give the value at an address as it stands on the page; ``None`` where there is none."""
        text = self.written(address, format_)
        return None if text is None else Figure(address, format_, text, verdict)

    def written(self, address: str, format_: Format) -> str | None:
        """Give what stands on the page for a value; of the format ``"place"``, its address in words."""
        value = self.get(address)
        if value is None or value in ("", [], {}):
            return None
        if format_ == "place":
            steps = address.partition(":")[2].split("/")[1:]
            return ", ".join(step for step in steps if not step.isdecimal()).replace("_", " ")
        return FORMATS[format_](value)
