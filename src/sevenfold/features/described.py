"""What a feature is called by people, where its declaration says so."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from sevenfold.features.expression import Expression

if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["Described"]


@dataclass(frozen=True, slots=True, eq=False)
class Described(Expression):
    """A feature with words of its own; it computes what its expression does.

    Parameters
    ----------
    expression
        The feature.
    what
        What it is, to follow "The" … "is": ``"number of payments with this card in the {window}"``. The
        window's own words stand in for ``{window}``.
    customer
        A whole sentence for the customer whom it speaks against; empty for one made from `what`.
    """

    expression: Expression
    what: str
    customer: str = ""

    def signature(self) -> tuple[Any, ...]:
        """That of the expression: words change nothing that is computed."""
        return self.expression.signature()

    def children(self) -> tuple[Expression, ...]:
        """The expression."""
        return (self.expression,)

    @staticmethod
    def within(expression: Expression) -> Iterator[Described]:
        """Yield every description in an expression."""
        if isinstance(expression, Described):
            yield expression
        for child in expression.children():
            yield from Described.within(child)
