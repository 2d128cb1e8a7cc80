"""From the text of a rule to Python's syntax tree, with every limit checked before anything is built.

Python's own parser reads the text; nothing is ever evaluated. What the tree may hold is decided by
`serving.rules.translate`.
"""

from __future__ import annotations

import ast
import re
import warnings

from sevenfold.errors import Fault
from sevenfold.serving.rules.limits import MOST_CHARACTERS, MOST_DEPTH, MOST_NODES

__all__ = ["Source", "parse_tree"]

_EXAMPLE = 'an expression such as amount > 200 and country in ("NG", "RU")'
_HINTS = (
    (re.compile(r"&&"), "Write and"),
    (re.compile(r"\|\|"), "Write or"),
    (re.compile(r"\bAND\b|\bOR\b|\bNOT\b|\bIN\b"), "Write and, or, not and in in small letters"),
    (re.compile(r"<>"), "Write !="),
    (re.compile(r"![^=]"), "Write not"),
    (re.compile(r"[^=!<>:]=[^=]"), "Compare with =="),
)


class Source:
    """A text and the places in it.

    Parameters
    ----------
    text
        What an analyst wrote.
    name
        What faults call it: ``rule velocity``.
    """

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self._several_lines = "\n" in text.strip()
        self._lines = text.split("\n")

    @property
    def wrapped(self) -> str:
        """What is parsed: brackets let an expression go on over several lines."""
        return f"(\n{self.text}\n)" if self._several_lines else self.text.strip()

    def where(self, line: int, byte: int) -> str:
        """A place of the tree as a reader counts: lines and characters from 1; a tree counts bytes from 0."""
        if self._several_lines:
            line = min(max(line - 1, 1), len(self._lines))
            before = self._lines[line - 1].encode()[:byte].decode(errors="replace")
            return f"{self.name}, line {line}, column {len(before) + 1}"
        skipped = self.text[: len(self.text) - len(self.text.lstrip())]
        column = len(skipped) - (skipped.rfind("\n") + 1)
        before = self.text.strip().encode()[:byte].decode(errors="replace")
        return f"{self.name}, line {1 + skipped.count(chr(10))}, column {column + len(before) + 1}"

    def of(self, node: ast.expr) -> str:
        """The place of a node."""
        return self.where(node.lineno, node.col_offset)


def parse_tree(source: Source) -> ast.expr | Fault:
    """Parse a text within the limits, or say what is wrong with it."""
    text = source.text
    if not text.strip():
        return Fault(source.name, _EXAMPLE, "nothing")
    if len(text) > MOST_CHARACTERS:
        return Fault(source.name, f"at most {MOST_CHARACTERS:,} characters", f"{len(text):,}")
    if (odd := next((c for c in text if not (c.isprintable() or c in "\n\t ")), None)) is not None:
        return Fault(source.name, "printable characters", repr(odd))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of "\d" and the like, which are no matter here
            tree = ast.parse(source.wrapped, mode="eval").body
    except SyntaxError as error:
        return _syntax_fault(source, error)
    except (ValueError, RecursionError, MemoryError):  # what the parser raises where it would go too deep
        return _too_deep(source)
    return _size_fault(source, tree) or tree


def _syntax_fault(source: Source, error: SyntaxError) -> Fault:
    hint = next((hint for pattern, hint in _HINTS if pattern.search(source.text)), "")
    lines = source.wrapped.split("\n")
    line = min(error.lineno or 1, len(lines))
    part = lines[line - 1]
    offset = error.offset - 1 if error.offset else len(part)  # none where the text ends too early
    where = source.where(line, len(part[:offset].encode()))
    return Fault(where, _EXAMPLE, error.msg.split(". ")[0], hint)


def _size_fault(source: Source, tree: ast.expr) -> Fault | None:
    """What is too large or too deep; without recursion, since depth is what is asked."""
    nodes, depth, level = 0, 0, [tree]
    while level:
        depth += 1
        nodes += len(level)
        if nodes > MOST_NODES:
            return Fault(source.name, f"at most {MOST_NODES:,} names, constants and operations", "more")
        if depth > MOST_DEPTH:
            return _too_deep(source)
        level = [
            child for node in level for child in ast.iter_child_nodes(node) if isinstance(child, ast.expr)
        ]
    return None


def _too_deep(source: Source) -> Fault:
    hint = "A chain of and, or of or, needs no brackets; several rules may do the work of one"
    return Fault(source.name, f"at most {MOST_DEPTH} operations inside one another", "more", hint)
