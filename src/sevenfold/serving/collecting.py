"""Python's search for cycles, kept out of the way.

Every few hundred new objects Python looks for cycles among all young ones, and now and then among all there
are. What is made here has none: a batch of decisions would be searched over and over while it grows, and a
search through everything that was loaded at the start takes longer than a hundred decisions.
"""

from __future__ import annotations

import gc
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["collecting_later", "settled_in"]


@contextmanager
def collecting_later() -> Iterator[None]:
    """Look for cycles when this is over, if at all before."""
    on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if on:
            gc.enable()


def settled_in() -> None:
    """Leave everything that is there now out of all searches to come."""
    gc.collect()
    gc.freeze()
