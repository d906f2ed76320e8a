"""Reads code objects: where a thread may be switched in them, and what they touch there.

A code object is read once, instruction by instruction, with a stack of *expressions* beside it ("the attribute `_lock`
of the local `self`"), because no interpreter lets anybody look at the stack of a running frame. Where an expression is
not one that can be looked up without running code, it is not followed: None.
"""

from __future__ import annotations

import dis
import re
import sys
import weakref
from collections.abc import Iterator, Sequence, Set
from functools import partial
from types import CodeType
from typing import Final, NamedTuple

__all__ = [
    "Access",
    "Call",
    "Expression",
    "Instruction",
    "Places",
    "analyse",
    "decode",
    "nested",
    "stored_names",
]

#: ("local", name) | ("global", name) | ("attribute", expression, name)
Expression = tuple[object, ...]

_NULL: Final[Expression] = ("null",)  # what the interpreter puts under or over a callable

_EXTENDED_ARG: Final = dis.opmap["EXTENDED_ARG"]
_CACHE: Final = dis.opmap["CACHE"]
_HAS_METHOD_FLAG: Final = sys.version_info >= (3, 12)  # before, LOAD_METHOD was an instruction of its own


class Instruction(NamedTuple):
    """One instruction with its whole argument; `begin` is where its first prefix stands."""

    begin: int
    offset: int
    name: str
    argument: int


class Access(NamedTuple):
    """A read or a write of something that other threads may share, right after the point at its offset.

    `kind` is `attribute`, `item`, `global` or `variable` (of a closure); `owner` is where its object is found.
    """

    kind: str
    name: str
    write: bool
    owner: Expression | None


class Call(NamedTuple):
    """A call: the name of what is called, as the source has it, where its owner is found when it is a method, and where
    control returns to."""

    name: str
    owner: Expression | None
    following: int


class Places(NamedTuple):
    """What there is in a code object, by offset."""

    accesses: dict[int, Access]
    calls: dict[int, Call]
    loops: frozenset[int]  # backward jumps at which the interpreter looks whether it should switch
    entries: dict[int, str]  # starts and resumptions at which it does: `enter` or `resume`
    lines: dict[int, int]


def decode(code: CodeType) -> Iterator[Instruction]:
    """The instructions of a code object, without prefixes and caches."""
    raw = code.co_code
    begin = -1
    high = 0
    names = dis.opname
    for offset in range(0, len(raw), 2):
        opcode = raw[offset]
        if opcode == _CACHE:
            continue
        if begin < 0:
            begin = offset
        if opcode == _EXTENDED_ARG:
            high = (high | raw[offset + 1]) << 8
            continue
        yield Instruction(begin, offset, names[opcode], high | raw[offset + 1])
        begin, high = -1, 0


def _subscript() -> tuple[str, int]:
    # Since 3.14 one of the binary operations.
    for instruction in decode(compile("a[b]", "", "eval")):
        if instruction.name.startswith("BINARY"):
            return instruction.name, instruction.argument
    raise AssertionError("a subscript is no binary instruction")


_SUBSCRIPT: Final = _subscript()


def stored_names(code: CodeType) -> frozenset[tuple[str, str]]:
    """What a code object rebinds while others may look: (kind, name), as in `Access`.

    A name of a module or of a closure counts when functions rebind it, or when its owner does so more than once: the
    first time is its definition.
    """
    known = _stored.get(id(code))
    if known is not None and known[0]() is code:
        return known[1]
    found: set[tuple[str, str]] = set()
    once: set[tuple[str, str]] = set()
    raw = code.co_code
    # Nearly a thousand code objects of the standard library are asked: `re` looks at all instructions for the few that
    # matter, a tenth of what `decode` takes. Caches are 0 in `co_code`.
    opcodes = raw[::2]
    for match in _STORING.finditer(opcodes):
        at = match.start()
        argument = raw[2 * at + 1]
        shift, prefix = 8, at - 1
        while prefix >= 0 and opcodes[prefix] == _EXTENDED_ARG:
            argument |= raw[2 * prefix + 1] << shift
            shift, prefix = shift + 8, prefix - 1
        kind = _STORES[opcodes[at]]
        if kind == "variable":
            variable = _local_names(code)[argument]
            stored = ("variable", variable)
            (found if stored in once or variable in code.co_freevars else once).add(stored)
            continue
        stored = ("global", code.co_names[argument])
        if kind == "name":
            (found if stored in once else once).add(stored)
            continue
        found.add(stored)  # an attribute's owner may be a module, too
        if kind == "attribute":
            found.add(("attribute", stored[1]))
    answer = frozenset(found)
    _stored[id(code)] = (weakref.ref(code, partial(_forget, id(code))), answer)
    return answer


#: instructions that rebind -> what
_STORES: Final = {
    dis.opmap[name]: kind
    for name, kind in {
        "STORE_ATTR": "attribute", "DELETE_ATTR": "attribute",
        "STORE_GLOBAL": "global", "DELETE_GLOBAL": "global",
        "STORE_NAME": "name", "STORE_DEREF": "variable",
    }.items()
}  # fmt: skip
_STORING: Final = re.compile(b"[" + re.escape(bytes(_STORES)) + b"]", re.DOTALL)

#: answers of `stored_names`, by id, for as long as the code object lives
_stored: Final[dict[int, tuple[weakref.ref[CodeType], frozenset[tuple[str, str]]]]] = {}


def _forget(known: int, reference: weakref.ref[CodeType]) -> None:
    found = _stored.get(known)
    if found is not None and found[0] is reference:
        del _stored[known]


def _local_names(code: CodeType) -> tuple[str, ...]:
    own = code.co_varnames
    return (*own, *(name for name in code.co_cellvars if name not in own), *code.co_freevars)


def analyse(code: CodeType, stored: Set[tuple[str, str]]) -> Places:
    """Find the places of a code object.

    Args:
        code: as the compiler made it.
        stored: what the program rebinds (`stored_names` of all its code). Methods, and names of modules and closures,
            that are not in it are constants, and reading them is no place.
    """
    reader = _Reader(code, stored)
    reader.read()
    lines = {}
    for start, end, line in code.co_lines():
        for offset in range(start, end, 2):
            lines[offset] = line if line is not None else code.co_firstlineno
    return Places(reader.accesses, reader.calls, frozenset(reader.loops), reader.entries, lines)


#: instruction -> how many values it takes; it leaves one that is not followed
_COMPUTING: Final = {
    "BINARY_OP": 2, "BINARY_SUBSCR": 2, "BINARY_SLICE": 3, "COMPARE_OP": 2, "IS_OP": 2, "CONTAINS_OP": 2,
    "UNARY_NOT": 1, "UNARY_NEGATIVE": 1, "UNARY_INVERT": 1, "UNARY_POSITIVE": 1, "TO_BOOL": 1,
    "FORMAT_SIMPLE": 1, "FORMAT_WITH_SPEC": 2, "CONVERT_VALUE": 1,
    "LOAD_CONST": 0, "LOAD_SMALL_INT": 0, "LOAD_COMMON_CONSTANT": 0, "LOAD_CLOSURE": 0,
}  # fmt: skip

#: instruction -> how many values it takes; it leaves none
_CONSUMING: Final = {
    "POP_TOP": 1, "STORE_FAST": 1, "STORE_FAST_STORE_FAST": 2, "STORE_NAME": 1, "STORE_GLOBAL": 1, "STORE_DEREF": 1,
    "STORE_ATTR": 2, "DELETE_ATTR": 1, "STORE_SUBSCR": 3, "DELETE_SUBSCR": 2, "STORE_SLICE": 4,
    "POP_JUMP_IF_TRUE": 1, "POP_JUMP_IF_FALSE": 1, "POP_JUMP_IF_NONE": 1, "POP_JUMP_IF_NOT_NONE": 1,
    "PRECALL": 0, "KW_NAMES": 0, "NOP": 0, "RESUME": 0, "NOT_TAKEN": 0, "MAKE_CELL": 0, "COPY_FREE_VARS": 0,
}  # fmt: skip

#: instruction -> values it takes for each unit of its argument; it leaves one
_BUILDING: Final = {"BUILD_TUPLE": 1, "BUILD_LIST": 1, "BUILD_SET": 1, "BUILD_STRING": 1, "BUILD_MAP": 2}

_LOCAL: Final = frozenset(
    {"LOAD_FAST", "LOAD_FAST_CHECK", "LOAD_FAST_BORROW", "LOAD_DEREF", "LOAD_CLASSDEREF", "LOAD_FAST_AND_CLEAR"}
)
_TWO_LOCALS: Final = frozenset({"LOAD_FAST_LOAD_FAST", "LOAD_FAST_BORROW_LOAD_FAST_BORROW"})

#: instructions on the items of a container -> (where the container is below the top, writes)
_ITEMS: Final = {
    "BINARY_SLICE": (3, False),
    "CONTAINS_OP": (1, False),
    "STORE_SUBSCR": (2, True),
    "DELETE_SUBSCR": (2, True),
    "STORE_SLICE": (3, True),
    _SUBSCRIPT[0]: (2, False),
}


class _Reader:
    """Goes through one code object."""

    def __init__(self, code: CodeType, stored: Set[tuple[str, str]]) -> None:
        self.accesses: dict[int, Access] = {}
        self.calls: dict[int, Call] = {}
        self.loops: set[int] = set()
        self.entries: dict[int, str] = {}
        self._code = code
        self._stored = stored
        self._locals = _local_names(code)
        self._stack: list[Expression | None] = []

    def read(self) -> None:
        """Fill the attributes."""
        labels = set(dis.findlabels(self._code.co_code))  # type: ignore[arg-type]
        call: tuple[int, str, Expression | None] | None = None
        for instruction in decode(self._code):
            if call is not None:
                self.calls[call[0]] = Call(call[1], call[2], instruction.begin)
                call = None
            if instruction.begin in labels:
                self._stack.clear()  # several ways lead here
            self._note(instruction)
            if instruction.name in {"CALL", "CALL_KW", "CALL_FUNCTION_EX"}:
                name, owner = self._callee(instruction)
                call = (self._place(instruction), name, owner)
            self._step(instruction)

    @staticmethod
    def _place(instruction: Instruction) -> int:
        # A trace function is told of an instruction's first prefix only, a monitoring callback of the instruction too.
        return instruction.begin if sys.version_info < (3, 12) else instruction.offset

    def _note(self, instruction: Instruction) -> None:
        _, _, name, argument = instruction
        offset = self._place(instruction)
        if name.startswith(("JUMP_BACKWARD", "POP_JUMP_BACKWARD")) and not name.endswith("NO_INTERRUPT"):
            self.loops.add(offset)
        elif name == "RESUME":
            if argument & 3 < 2:  # the others continue a `yield from` or an `await`, without looking
                self.entries[offset] = "resume" if argument & 3 else "enter"
        elif name in _ITEMS:
            below, write = _ITEMS[name]
            if (name, argument) == _SUBSCRIPT or name != _SUBSCRIPT[0]:
                self.accesses[offset] = Access("item", "[]", write, self._at(below))
        elif name in {"STORE_ATTR", "DELETE_ATTR"}:
            self.accesses[offset] = Access("attribute", self._code.co_names[argument], True, self._at(1))
        elif name in {"LOAD_ATTR", "LOAD_METHOD"}:
            attribute, is_method = self._attribute(instruction)
            if not is_method or ("attribute", attribute) in self._stored:
                self.accesses[offset] = Access("attribute", attribute, False, self._at(1))
        elif name.endswith(("_GLOBAL", "_NAME")) and name.startswith(("LOAD_", "STORE_", "DELETE_")):
            variable = self._code.co_names[argument >> 1 if name == "LOAD_GLOBAL" else argument]
            if ("global", variable) in self._stored:
                self.accesses[offset] = Access("global", variable, not name.startswith("LOAD"), None)
        elif name in {"LOAD_DEREF", "STORE_DEREF", "DELETE_DEREF"}:
            variable = self._locals[argument]
            if ("variable", variable) in self._stored:
                self.accesses[offset] = Access("variable", variable, name != "LOAD_DEREF", None)

    def _attribute(self, instruction: Instruction) -> tuple[str, bool]:
        _, _, name, argument = instruction
        if _HAS_METHOD_FLAG:
            return self._code.co_names[argument >> 1], bool(argument & 1)
        return self._code.co_names[argument], name == "LOAD_METHOD"

    def _callee(self, instruction: Instruction) -> tuple[str, Expression | None]:
        below = {"CALL": 2, "CALL_KW": 3}.get(instruction.name)
        if below is None:  # called with *arguments
            return "call", None
        below += instruction.argument
        called = self._at(below)
        if called is _NULL:
            called = self._at(below - 1)
        if called is None:
            return "call", None
        owner = called[1] if called[0] == "attribute" else None
        return str(called[-1]), owner if isinstance(owner, tuple) else None

    def _at(self, below: int) -> Expression | None:
        return self._stack[-below] if below <= len(self._stack) else None

    def _take(self, count: int) -> None:
        if count:
            del self._stack[-count:]

    def _step(self, instruction: Instruction) -> None:
        """What the instruction does to the stack."""
        _, _, name, argument = instruction
        stack = self._stack
        if name in _COMPUTING:
            self._take(_COMPUTING[name])
            stack.append(None)
        elif name in _CONSUMING:
            self._take(_CONSUMING[name])
        elif name in _LOCAL:
            stack.append(("local", self._locals[argument]))
        elif name in _TWO_LOCALS:
            stack.extend((("local", self._locals[argument >> 4]), ("local", self._locals[argument & 15])))
        elif name == "STORE_FAST_LOAD_FAST":
            self._take(1)
            stack.append(("local", self._locals[argument & 15]))
        elif name in {"LOAD_GLOBAL", "LOAD_NAME"}:
            self._load_global(name, argument)
        elif name in {"LOAD_ATTR", "LOAD_METHOD"}:
            attribute, is_method = self._attribute(instruction)
            owner = self._at(1)
            self._take(1)
            stack.append(("attribute", owner, attribute))
            if is_method:
                stack.append(None)
        elif name == "PUSH_NULL":
            stack.append(_NULL)
        elif name == "COPY":
            stack.append(self._at(argument))
        elif name == "SWAP" and argument <= len(stack):
            stack[-1], stack[-argument] = stack[-argument], stack[-1]
        elif name in {"CALL", "CALL_KW"}:
            self._take(argument + (2 if name == "CALL" else 3))
            stack.append(None)
        elif name in _BUILDING:
            self._take(_BUILDING[name] * argument)
            stack.append(None)
        else:
            stack.clear()

    def _load_global(self, name: str, argument: int) -> None:
        with_null = name == "LOAD_GLOBAL" and argument & 1
        value = ("global", self._code.co_names[argument >> 1 if name == "LOAD_GLOBAL" else argument])
        self._stack.append(value)
        if with_null:  # which of the two is above makes no difference to us
            self._stack.append(_NULL)


def nested(codes: Sequence[CodeType]) -> Iterator[CodeType]:
    """The code objects with all those inside them."""
    waiting = list(codes)
    while waiting:
        code = waiting.pop()
        yield code
        for constant in code.co_consts:
            if type(constant) is CodeType:
                waiting.append(constant)
