"""``sf.when(condition).then(value).otherwise(value)``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from sevenfold.features.expression import Call, as_expression

if TYPE_CHECKING:
    from sevenfold.features.expression import Expression

__all__ = ["Then", "When", "when"]


@dataclass(frozen=True, slots=True)
class When:
    """A condition that waits for ``.then(value)``."""

    condition: Expression
    before: tuple[tuple[Expression, Expression], ...] = ()

    def then(self, value: object) -> Then:
        """What the expression is where the condition holds."""
        return Then((*self.before, (self.condition, as_expression(value))))


@dataclass(frozen=True, slots=True)
class Then:
    """Branches that wait for ``.otherwise(value)`` or another ``.when(condition)``."""

    branches: tuple[tuple[Expression, Expression], ...]

    def when(self, condition: object) -> When:
        """Add a branch, tried where the ones before do not hold."""
        return When(as_expression(condition), self.branches)

    def otherwise(self, value: object) -> Expression:
        """What the expression is where no condition holds, a null one included."""
        result = as_expression(value)
        for condition, branch in reversed(self.branches):
            result = Call("choose", (condition, branch, result))
        return result


def when(condition: object) -> When:
    """Begin ``when(condition).then(value).otherwise(value)``."""
    return When(as_expression(condition))
