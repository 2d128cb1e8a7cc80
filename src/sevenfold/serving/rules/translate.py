"""From Python's syntax tree to an expression of the feature language: a whitelist, node by node."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from sevenfold.errors import DesignError, Fault
from sevenfold.features.check import Checker
from sevenfold.features.expression import Call, Expression, FieldOf, Literal, walk
from sevenfold.features.value import ValueType
from sevenfold.serving.rules.limits import MOST_MEMBERS
from sevenfold.serving.rules.text import Source, parse_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

    from sevenfold.serving.rules.sheet import Sheet

__all__ = ["condition", "number"]

_ARITHMETIC: dict[type[ast.operator], str] = {
    ast.Add: "add",
    ast.Sub: "subtract",
    ast.Mult: "multiply",
    ast.Div: "divide",
    ast.BitAnd: "and",
    ast.BitOr: "or",
}
_COMPARED: dict[type[ast.cmpop], tuple[str, bool]] = {
    ast.Lt: ("less", False),
    ast.LtE: ("less_equal", False),
    ast.Gt: ("less", True),
    ast.GtE: ("less_equal", True),
    ast.Eq: ("equal", False),
    ast.NotEq: ("unequal", False),
}
"""The operation, and whether its sides change places."""

_METHODS = {
    "abs": (0, 0),
    "log1p": (0, 0),
    "clip": (1, 2),
    "is_in": (1, MOST_MEMBERS),
    "is_null": (0, 0),
    "fill_null": (1, 1),
    "hour": (0, 0),
    "day_of_week": (0, 0),
    "is_weekend": (0, 0),
}
"""Functions of the feature language that look at one row, and how many values they take."""

_AGGREGATES = (
    "count", "sum", "mean", "std", "min", "max", "n_unique", "first", "last", "lag", "changed", "by", "over",
    "since_last", "since_first", "decayed_sum", "decayed_count",
)  # fmt: skip
_ALLOWED = (
    "names, constants, comparisons, and, or, not, in, + - * /, a if b else c, and "
    f"{', '.join(f'.{name}()' for name in _METHODS)}"
)


class Typed(NamedTuple):
    """An expression and its type."""

    expression: Expression
    type: ValueType


def condition(text: str, sheet: Sheet, name: str) -> Expression:
    """The condition that the text of a rule stands for.

    Parameters
    ----------
    name
        What faults call it.

    Raises
    ------
    DesignError
        With line, column, what was expected and what would have worked, for everything that is wrong.
    """
    return _translated(text, sheet, name, (ValueType.BOOLEAN,), "a condition, true or false")


def number(text: str, sheet: Sheet, name: str) -> Expression:
    """The number that a text stands for, such as the cost of a mistake.

    Raises
    ------
    DesignError
        As for `condition`.
    """
    wanted = tuple(type_ for type_ in ValueType if type_.is_number and type_ is not ValueType.BOOLEAN)
    return _translated(text, sheet, name, wanted, "a number")


def _translated(text: str, sheet: Sheet, name: str, wanted: Sequence[ValueType], expected: str) -> Expression:
    source = Source(text, name)
    tree = parse_tree(source)
    if isinstance(tree, Fault):
        raise DesignError(f"This cannot be read: {name}", [tree])
    translator = _Translator(sheet, source)
    found = translator.visit(tree)
    faults = translator.faults
    if found is not None and found.type not in wanted:
        faults.append(Fault(source.of(tree), expected, f"a {found.type.value}"))
    elif (
        found is not None
        and ValueType.BOOLEAN in wanted
        and not any(isinstance(part, FieldOf) for part in walk(found.expression))
    ):
        faults.append(Fault(source.of(tree), "a condition on a field, a feature or score", "a constant"))
    if faults or found is None:
        raise DesignError(f"This cannot be read: {name}", faults)
    return found.expression


class _Translator:
    """Translates one tree; `None` stands for a part with a fault, which is told once."""

    def __init__(self, sheet: Sheet, source: Source) -> None:
        self._sheet = sheet
        self._source = source
        self.faults: list[Fault] = []

    def visit(self, node: ast.expr) -> Typed | None:
        match node:
            case ast.Constant(value=value) if isinstance(value, (bool, int, float, str)):
                return self._made(Literal(value), node)
            case ast.Name(id=name):
                return self._named(self._sheet.look_up(name, self._source.of(node)))
            case ast.Attribute(value=ast.Name(id=space), attr=name) if self._sheet.is_namespace(space):
                return self._named(self._sheet.look_up_in(space, name, self._source.of(node)))
            case ast.BoolOp(op=op, values=values):
                parts = [self.visit(value) for value in values]
                return self._chain("and" if isinstance(op, ast.And) else "or", parts, node)
            case ast.UnaryOp():
                return self._unary(node)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _ARITHMETIC:
                return self._call(_ARITHMETIC[type(op)], [self.visit(left), self.visit(right)], node)
            case ast.Compare():
                return self._compare(node)
            case ast.IfExp(test=test, body=body, orelse=otherwise):
                return self._call("choose", [self.visit(part) for part in (test, body, otherwise)], node)
            case ast.Call(func=ast.Attribute(value=value, attr=method)):
                return self._method(node, value, method, node.args)
            case ast.Call(func=ast.Name(id=function), args=[value, *rest]):
                return self._method(node, value, function, rest)
            case ast.Constant(value=None):
                return self._refuse(node, "a value", "None", "Write x is None or x is not None")
        return self._refuse(node, _ALLOWED, _NAMES.get(type(node), type(node).__name__))

    def _refuse(self, node: ast.expr, expected: str, got: str, hint: str = "") -> Typed | None:
        """Note a fault; what has one has no meaning."""
        self.faults.append(Fault(self._source.of(node), expected, got, hint))
        return None

    def _named(self, found: FieldOf | Fault) -> Typed | None:
        if isinstance(found, Fault):
            self.faults.append(found)
            return None
        type_ = Checker({}).type_of(found, "")
        return None if type_ is None else Typed(found, type_)

    def _made(self, expression: Expression, node: ast.expr) -> Typed | None:
        """An expression with its type, as the checker of features finds it."""
        checker = Checker({})
        type_ = checker.type_of(expression, self._source.of(node))
        self.faults += checker.faults
        return None if type_ is None else Typed(expression, type_)

    def _call(self, operation: str, parts: Sequence[Typed | None], node: ast.expr) -> Typed | None:
        known = [part for part in parts if part is not None]
        if len(known) < len(parts):
            return None
        return self._made(Call(operation, tuple(part.expression for part in _alike(known))), node)

    def _chain(self, operation: str, parts: Sequence[Typed | None], node: ast.expr) -> Typed | None:
        """``a and b and c …`` as a balanced tree, so that a long chain is not a deep one."""
        if len(parts) == 1:
            return parts[0]
        middle = len(parts) // 2
        first = self._chain(operation, parts[:middle], node)
        return self._call(operation, [first, self._chain(operation, parts[middle:], node)], node)

    def _unary(self, node: ast.UnaryOp) -> Typed | None:
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return self._made(Literal(-value), node)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return self._call("negate", [self.visit(operand)], node)
            case ast.UnaryOp(op=ast.Not() | ast.Invert(), operand=operand):
                return self._call("not", [self.visit(operand)], node)
        return self.visit(node.operand)

    def _compare(self, node: ast.Compare) -> Typed | None:
        """``a < b < c`` as ``a < b and b < c``."""
        found = []
        left = node.left
        for op, right in zip(node.ops, node.comparators, strict=True):
            found.append(self._pair(node, left, op, right))
            left = right
        return self._chain("and", found, node)

    def _pair(self, node: ast.Compare, left: ast.expr, op: ast.cmpop, right: ast.expr) -> Typed | None:
        if isinstance(op, (ast.Is, ast.IsNot)):
            if not (isinstance(right, ast.Constant) and right.value is None):
                return self._refuse(right, "None after is", ast.unparse(right)[:40], "Compare with ==")
            null = self._call("is_null", [self.visit(left)], node)
            return null if isinstance(op, ast.Is) else self._call("not", [null], node)
        if isinstance(op, (ast.In, ast.NotIn)):
            members = self._members(right)
            inside = None if members is None else self._is_in(self.visit(left), members, node)
            return inside if isinstance(op, ast.In) else self._call("not", [inside], node)
        operation, swapped = _COMPARED[type(op)]
        sides = [self.visit(left), self.visit(right)]
        return self._call(operation, sides[::-1] if swapped else sides, node)

    def _members(self, node: ast.expr) -> list[Typed] | None:
        if not isinstance(node, (ast.Tuple, ast.List, ast.Set)) or not node.elts:
            self._refuse(node, 'values in brackets after in, such as ("NG", "RU")', "something else")
            return None
        if len(node.elts) > MOST_MEMBERS:
            hint = "Keep a list of entities instead"
            self._refuse(node, f"at most {MOST_MEMBERS} values after in", str(len(node.elts)), hint)
            return None
        members = [self.visit(element) for element in node.elts]
        known = [member for member in members if member is not None]
        return known if len(known) == len(members) else None

    def _is_in(self, value: Typed | None, members: Sequence[Typed], node: ast.expr) -> Typed | None:
        """Few members are compared one by one, so that rules share the comparisons."""
        if value is None:
            return None
        checked = self._made(
            Call("is_in", (value.expression, *(member.expression for member in members))), node
        )
        if checked is None or len(members) > _COMPARED_SINGLY:
            return checked
        return self._chain("or", [self._call("equal", [value, member], node) for member in members], node)

    def _method(
        self, node: ast.Call, value: ast.expr, name: str, arguments: Sequence[ast.expr]
    ) -> Typed | None:
        if name in _AGGREGATES:
            hint = "Declare it as a feature of the design, and use the feature's name here"
            return self._refuse(node, "a function of one row", f"{name}(), which looks at many", hint)
        if name not in _METHODS:
            return self._refuse(node, f"one of {', '.join(_METHODS)}", f"{name}()")
        least, most = _METHODS[name]
        if node.keywords or not least <= len(arguments) <= most:
            counts = str(least) if least == most else f"{least} to {most}"
            return self._refuse(node, f"{counts} values in {name}(), without names", ast.unparse(node)[:60])
        found = self.visit(value)
        if name == "is_in":
            several = len(arguments) > 1 or not isinstance(arguments[0], (ast.Tuple, ast.List, ast.Set))
            listed = ast.Tuple(list(arguments)) if several else arguments[0]
            members = self._members(ast.copy_location(listed, node))
            return None if members is None else self._is_in(found, members, node)
        parts = [self.visit(argument) for argument in arguments]
        if name == "clip":
            held = self._call("maximum", [found, parts[0]], node)
            return held if len(parts) == 1 else self._call("minimum", [held, parts[1]], node)
        return self._call("absolute" if name == "abs" else name, [found, *parts], node)


_COMPARED_SINGLY = 4

_NAMES: dict[type[ast.expr], str] = {
    ast.Lambda: "a lambda",
    ast.Subscript: "an index in square brackets",
    ast.Attribute: "an attribute",
    ast.Call: "a call",
    ast.JoinedStr: "an f-string",
    ast.Constant: "another kind of constant",
    ast.BinOp: "another operator",
    ast.Tuple: "a list of values",
    ast.List: "a list of values",
    ast.Set: "a list of values",
    ast.Dict: "a dictionary",
    ast.ListComp: "a loop",
    ast.SetComp: "a loop",
    ast.DictComp: "a loop",
    ast.GeneratorExp: "a loop",
    ast.NamedExpr: "an assignment",
    ast.Starred: "a star",
    ast.Await: "await",
    ast.Yield: "yield",
    ast.YieldFrom: "yield",
}


def _alike(parts: Sequence[Typed]) -> Sequence[Typed]:
    """Constants in the type of what they stand beside, so that nothing is converted while rules run.

    An integer beside a number that is none becomes a float, as the kernel would make it; a whole float beside
    an integer becomes one.
    """
    if len(parts) != 2:
        return parts
    return [_beside(parts[0], parts[1].type), _beside(parts[1], parts[0].type)]


def _beside(part: Typed, other: ValueType) -> Typed:
    value = part.expression.value if isinstance(part.expression, Literal) else None
    if part.type is ValueType.INTEGER and other in (ValueType.FLOAT, ValueType.MONEY, ValueType.DURATION):
        return Typed(Literal(float(value or 0)), ValueType.FLOAT) if value is not None else part
    if part.type is ValueType.FLOAT and other is ValueType.INTEGER and isinstance(value, float):
        whole = value.is_integer() and abs(value) < 2**53
        return Typed(Literal(int(value)), ValueType.INTEGER) if whole else part
    return part
