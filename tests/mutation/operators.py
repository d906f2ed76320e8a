"""Small changes of a program's syntax tree, made systematically: the mistakes that programmers make.

A change is known by where it is and by what it does to the text, never by a number, so that what was said of it (that
nobody can see it, for a reason) stays with it when the source moves.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, Final

from attrs import frozen

__all__ = ["Mutation", "mutations"]

Path = tuple[tuple[str, int | None], ...]

#: names of which each is replaced by the next; states that are mixed up, and ways to wait
_RINGS: Final = (
    ("_PENDING", "_FINISHED", "_CANCELLED"),
    ("PENDING", "RUNNING", "CANCELLED", "CANCELLED_AND_NOTIFIED", "FINISHED"),
    ("FIRST_COMPLETED", "FIRST_EXCEPTION", "ALL_COMPLETED"),
)
_NEXT: Final = {name: ring[(at + 1) % len(ring)] for ring in _RINGS for at, name in enumerate(ring)}

#: attributes and methods that are taken for one another
_MIXED_UP: Final = {
    "_result": "_exception",
    "_exception": "_result",
    "notify_all": "notify",
    "append": "remove",
    "cancelled": "done",
    "done": "cancelled",
    "result": "exception",
    "exception": "result",
    "set_result": "set_exception",
    "set_exception": "set_result",
    "call_soon_threadsafe": "call_soon",
    "add_result": "add_cancelled",
    "add_exception": "add_result",
    "add_cancelled": "add_exception",
    "__cause__": "__context__",
    "__context__": "__cause__",
    "add_done_callback": "remove_done_callback",
}

#: exceptions that are taken for one another; all others become a RuntimeError, and that a ValueError
_EXCEPTIONS: Final = {
    "CancelledError": "InvalidStateError",
    "InvalidStateError": "CancelledError",
    "BaseException": "Exception",
    "RuntimeError": "ValueError",
}

_COPIES: Final = frozenset({"list", "set", "tuple"})

#: statements that change places
_MOVABLE: Final = (ast.Assign, ast.AugAssign, ast.Expr, ast.Delete)


@frozen(kw_only=True)
class Mutation:
    """One change.

    Args:
        function: qualified name of the function, or of the class, that it is in.
        operator: what kind of change.
        line: in the source.
        change: the text before and after.
        nth: among those that are equal in all that.
        path: where in the tree.
        instead: what stands there then: a node, or a list of statements.
    """

    function: str
    operator: str
    line: int
    change: str
    nth: int
    path: Path
    instead: Any

    @property
    def key(self) -> str:
        """What it is called where something is said of it."""
        return self.change + (f" #{self.nth}" if self.nth else "")

    def applied(self, tree: ast.Module) -> ast.Module:
        """The tree of a module, changed; the tree that it gets stays as it is."""
        changed = copy.deepcopy(tree)
        *way, (last, at) = self.path
        node: Any = changed
        for name, index in way:
            node = getattr(node, name) if index is None else getattr(node, name)[index]
        instead = copy.deepcopy(self.instead)
        if at is None:
            setattr(node, last, instead)
        elif isinstance(instead, _Statements):
            getattr(node, last)[at : at + instead.takes] = instead.body
        else:
            getattr(node, last)[at] = instead
        return ast.fix_missing_locations(changed)


@frozen
class _Statements:
    """Statements in the place of `takes` others."""

    body: list[ast.stmt]
    takes: int = 1


def mutations(tree: ast.Module, scopes: Iterable[str]) -> list[Mutation]:
    """All changes within some functions and classes.

    Args:
        tree: of a module.
        scopes: qualified names; what is inside of them belongs to them.

    Returns:
        In the order of the source.
    """
    wanted = tuple(scopes)
    found: list[Mutation] = []
    seen: dict[tuple[str, str, str], int] = {}
    for function, operator, line, change, path, instead in _walk(tree, (), ""):
        if not any(function == scope or function.startswith(f"{scope}.") for scope in wanted):
            continue
        known = (function, operator, change)
        nth = seen[known] = seen.get(known, -1) + 1
        found.append(
            Mutation(
                function=function, operator=operator, line=line, change=change, nth=nth, path=path, instead=instead
            )
        )
    return found


Found = tuple[str, str, int, str, Path, Any]


def _walk(node: ast.AST, path: Path, function: str) -> Iterator[Found]:
    for name, value in ast.iter_fields(node):
        if isinstance(value, list):
            if value and isinstance(value[0], ast.stmt):
                yield from _in_block(value, path, name, function)
            for at, item in enumerate(value):
                if isinstance(item, ast.AST):
                    yield from _at(item, (*path, (name, at)), function)
        elif isinstance(value, ast.AST):
            yield from _at(value, (*path, (name, None)), function)


def _at(node: ast.AST, path: Path, function: str) -> Iterator[Found]:
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        function = f"{function}.{node.name}" if function else node.name
    if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)):
        return  # texts for people
    if isinstance(node, ast.expr):
        for operator, instead in _of_expression(node):
            yield function, operator, node.lineno, _change(node, instead), path, instead
    elif isinstance(node, ast.ExceptHandler) and node.type is not None:
        for instead in _caught(node):
            where = (*path, ("type", None))
            yield function, "exception class", node.lineno, _change(node.type, instead), where, instead
    elif isinstance(node, (ast.If, ast.While)):
        yield _negated(node.test, path, function)
    if isinstance(node, ast.IfExp):
        yield _negated(node.test, path, function)
    if isinstance(node, ast.comprehension):
        for nth, test in enumerate(node.ifs):
            instead = ast.Constant(True)
            yield function, "condition", test.lineno, _change(test, instead), (*path, ("ifs", nth)), instead
    yield from _walk(node, path, function)


def _negated(test: ast.expr, path: Path, function: str) -> Found:
    instead = ast.UnaryOp(ast.Not(), test)
    return function, "condition", test.lineno, _change(test, instead), (*path, ("test", None)), instead


# ---- statements -----------------------------------------------------------------------------------------------------


def _in_block(block: list[ast.stmt], path: Path, name: str, function: str) -> Iterator[Found]:
    for at, statement in enumerate(block):
        where = (*path, (name, at))
        for operator, body in _of_statement(statement):
            text = "; ".join(_line(one) for one in body)
            yield function, operator, statement.lineno, f"{_line(statement)} → {text}", where, _Statements(body)
    for at, (first, second) in enumerate(pairwise(block)):
        if _is_movable(first) and _is_movable(second) and not (_is_plain(first) and _is_plain(second)):
            change = f"{_line(first)}; {_line(second)} → the other way round"
            instead = _Statements([second, first], takes=2)
            yield function, "order", first.lineno, change, (*path, (name, at)), instead


def _is_movable(statement: ast.stmt) -> bool:
    return isinstance(statement, _MOVABLE) and not _is_text(statement)


def _is_plain(statement: ast.stmt) -> bool:
    """An assignment of a constant: the order of two of them cannot matter."""
    return isinstance(statement, ast.Assign) and isinstance(statement.value, (ast.Constant, ast.Name))


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _of_statement(statement: ast.stmt) -> Iterator[tuple[str, list[ast.stmt]]]:
    nothing: list[ast.stmt] = [ast.Pass()]
    if isinstance(statement, (*_MOVABLE, ast.Raise, ast.Assert)) and not _is_text(statement):
        yield "statement", nothing
    if isinstance(statement, ast.Return) and statement.value is not None and not _is_none(statement.value):
        yield "return", [ast.Return(ast.Constant(None))]
    elif isinstance(statement, ast.Return):
        yield "return", nothing
    if isinstance(statement, ast.With):
        yield "lock", statement.body
    if isinstance(statement, ast.Try) and statement.finalbody:
        without = copy.copy(statement)
        without.finalbody = []
        yield "statement", [without] if without.handlers else [*statement.body]
    if isinstance(statement, ast.Break):
        yield "loop", [ast.Continue()]
    if isinstance(statement, ast.While):
        once = ast.If(statement.test, statement.body, [])
        if not any(isinstance(inside, (ast.Break, ast.Continue)) for inside in ast.walk(statement)):
            yield "loop", [once]
    if isinstance(statement, ast.For):
        for fewer in (ast.Slice(ast.Constant(1), None, None), ast.Slice(None, ast.Constant(-1), None)):
            shorter = copy.copy(statement)
            all_of_them = ast.Call(ast.Name("list", ast.Load()), [statement.iter], [])
            shorter.iter = ast.Subscript(all_of_them, fewer, ast.Load())
            yield "loop", [shorter]


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


# ---- expressions ----------------------------------------------------------------------------------------------------


def _of_expression(node: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Name):
        if node.id in _NEXT and isinstance(node.ctx, ast.Load):
            yield "state", ast.Name(_NEXT[node.id], node.ctx)
    elif isinstance(node, ast.Attribute):
        if node.attr in _MIXED_UP:
            yield "attribute", ast.Attribute(node.value, _MIXED_UP[node.attr], node.ctx)
    elif isinstance(node, ast.Constant):
        if isinstance(node.value, bool):
            yield "constant", ast.Constant(not node.value)
        elif isinstance(node.value, int):
            yield "constant", ast.Constant(node.value + 1)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield "condition", ast.BoolOp(other, node.values)
        for value in node.values:
            rest = [one for one in node.values if one is not value]
            yield "condition", rest[0] if len(rest) == 1 else ast.BoolOp(node.op, rest)
    elif isinstance(node, ast.Compare):
        yield from _compared(node)
    elif isinstance(node, ast.Subscript):
        if isinstance(node.ctx, ast.Load) and ast.unparse(node.slice) == ":":
            yield "copy", node.value
    elif isinstance(node, ast.Call):
        yield from _called(node)


def _compared(node: ast.Compare) -> Iterator[tuple[str, ast.expr]]:
    right = node.comparators[0]
    operator = node.ops[0]
    if isinstance(operator, (ast.In, ast.NotIn)) and isinstance(right, (ast.List, ast.Tuple, ast.Set)):
        for left_out in right.elts:
            fewer = ast.List([one for one in right.elts if one is not left_out], ast.Load())
            yield "state", ast.Compare(node.left, node.ops, [fewer])
    if isinstance(operator, (ast.Gt, ast.Lt)):
        looser = ast.GtE() if isinstance(operator, ast.Gt) else ast.LtE()
        yield "condition", ast.Compare(node.left, [looser], node.comparators)
    if isinstance(operator, (ast.Is, ast.IsNot)) and _is_none(right):  # what is falsy is not always None
        truth = ast.UnaryOp(ast.Not(), node.left) if isinstance(operator, ast.Is) else node.left
        yield "condition", truth
    elif isinstance(operator, (ast.Is, ast.IsNot)):
        equal = ast.Eq() if isinstance(operator, ast.Is) else ast.NotEq()
        yield "condition", ast.Compare(node.left, [equal], node.comparators)
    elif isinstance(operator, (ast.Eq, ast.NotEq)) and isinstance(node.left, ast.Name):
        same = ast.Is() if isinstance(operator, ast.Eq) else ast.IsNot()
        yield "condition", ast.Compare(node.left, [same], node.comparators)


def _called(node: ast.Call) -> Iterator[tuple[str, ast.expr]]:
    for left_out in node.keywords:
        keywords = [one for one in node.keywords if one is not left_out]
        yield "argument", ast.Call(node.func, node.args, keywords)
    if isinstance(node.func, ast.Name) and node.func.id in _COPIES and len(node.args) == 1:
        yield "copy", node.args[0]
    name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    if name[-5:] == "Error" or name == "KeyboardInterrupt":
        yield "exception class", ast.Call(_exception(name, node.func), node.args, node.keywords)
    if name in {"wait", "put", "get", "acquire", "result", "with_traceback"} and node.args:
        yield "argument", ast.Call(node.func, [], node.keywords)
    if name == "with_traceback" and isinstance(node.func, ast.Attribute):
        yield "argument", node.func.value


def _exception(name: str, where: ast.expr) -> ast.expr:
    instead = _EXCEPTIONS.get(name, "RuntimeError")
    if isinstance(where, ast.Attribute) and instead in {"CancelledError", "InvalidStateError"}:
        return ast.Attribute(where.value, instead, ast.Load())
    return ast.Name(instead, ast.Load())


def _caught(handler: ast.ExceptHandler) -> Iterator[ast.expr]:
    kind = handler.type
    if isinstance(kind, ast.Tuple):
        for left_out in kind.elts:
            yield ast.Tuple([one for one in kind.elts if one is not left_out], ast.Load())
    elif kind is not None:
        name = kind.attr if isinstance(kind, ast.Attribute) else getattr(kind, "id", "")
        yield ast.Name({"Exception": "ValueError", "BaseException": "Exception"}.get(name, "KeyError"), ast.Load())
        if name == "Exception":
            yield ast.Name("BaseException", ast.Load())


# ---- texts ----------------------------------------------------------------------------------------------------------


def _change(before: ast.expr, after: ast.expr) -> str:
    return f"{_line(before)} → {_line(after)}"


def _line(node: ast.AST) -> str:
    """The text of a node, of compound statements no more than the head."""
    lines = ast.unparse(node).splitlines()
    return lines[0] + (" …" if len(lines) > 1 else "")
