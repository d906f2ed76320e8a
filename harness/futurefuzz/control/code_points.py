"""What an actor announces at a point inside code: its place, and what it is about to touch.

Objects are numbered as they first appear in a run, by type (`Account 1`), never by address, so that the same schedule
gives the same labels in every process. Numbers are kept by weak references: to keep the objects themselves would change
when they die. What cannot be referred to weakly (lists, dictionaries, objects with `__slots__` alone) shares one label
for its type. So equal labels may mean two objects, which costs an explorer some needless tries, and different labels
never mean the same one, which would hide a conflict from it.
"""

from __future__ import annotations

import sys
import weakref
from collections.abc import Callable, Set
from types import FrameType, MemberDescriptorType, ModuleType
from typing import Any, Final

from futurefuzz.control.bytecode import Access, Expression
from futurefuzz.explorers.base import Pending
from futurefuzz.explorers.dependence import ANYTHING

__all__ = ["MISSING", "CodePoint", "Labels", "look_up"]

_OPTIMIZED: Final = 0x1  # CO_OPTIMIZED: the locals are not a namespace

#: 3.13 looks through to the frame. On 3.11 a trace function's copy is written back to the frame, so it must stay whole;
#: what it holds lives until the function ends.
_COPIED_LOCALS: Final = (3, 12) <= sys.version_info < (3, 13)

#: how attributes are found where nobody has changed that
_PLAIN: Final = (object.__getattribute__, ModuleType.__getattribute__)

#: `__qualname__` of a class, whatever its metaclass says
_qualname: Final = vars(type)["__qualname__"].__get__

#: nothing was found
MISSING: Final = object()


class CodePoint(Pending):
    """A point inside code: a `Pending` that knows its place.

    Explorers unpack a `Pending`, so what is added are attributes, not fields.

    Args:
        kind: names the place without its line, as `FILE:function:what`, so that a schedule survives edits elsewhere.
        resource: what is touched; `ANYTHING` where the way to the next point may touch several things.
        write: whether it may be changed there.
        file: the module's path below its root, or the name of the script.
        function: qualified name.
        line: in the file.
        what: what happens at it, such as `write n` or `after append()`.
    """

    file: str
    function: str
    line: int
    what: str

    def __new__(
        cls, resource: object, write: bool, *, file: str, function: str, line: int, what: str
    ) -> CodePoint:
        """As described by the class."""
        point = super().__new__(cls, f"{file}:{function}:{what}", resource, write)
        point.file = file
        point.function = function
        point.line = line
        point.what = what
        return point

    def at(self, resource: object) -> CodePoint:
        """The same place with another resource."""
        return CodePoint(
            resource, self.write, file=self.file, function=self.function, line=self.line, what=self.what
        )


class Labels:
    """Names of the objects of one run.

    Args:
        file_of: label of the file that a module's code is in.
        stored: what the program rebinds, as `analyse` wants it.
    """

    def __init__(self, file_of: Callable[[str], str], stored: Set[tuple[str, str]]) -> None:
        self._file_of = file_of
        self._stored = stored
        self._known: dict[int, tuple[weakref.ref[Any], str]] = {}
        self._made: dict[str, int] = {}

    def resource(self, access: Access, frame: FrameType, file: str) -> object:
        """What an access in a frame touches.

        Args:
            access: the frame is about to do it.
            frame: where.
            file: label of its file.

        Returns:
            A tuple of strings, equal for equal resources of a run; `ANYTHING` when it cannot be told; None for what
            never changes, such as a function of another module.
        """
        if access.owner is None:
            return (access.kind, file, access.name) if access.kind in {"global", "variable"} else ANYTHING
        owner = look_up(access.owner, frame)
        if owner is MISSING:
            return ANYTHING
        if type(owner) is ModuleType:
            if ("global", access.name) not in self._stored:
                return None
            return ("global", self._file_of(vars(owner).get("__file__") or owner.__name__), access.name)
        return (access.kind, self.of(owner), access.name)

    def of(self, thing: object) -> str:
        """The label of an object."""
        known = self._known.get(id(thing))
        if known is not None and known[0]() is thing:
            return known[1]
        kind = type(thing)
        # Not isinstance, which would ask the object for its class: a mock answers by running code.
        name = f"class {_qualname(thing)}" if issubclass(kind, type) else _qualname(kind)
        if not kind.__weakrefoffset__:
            return name
        try:
            reference = weakref.ref(thing)
        except TypeError:
            return name
        number = self._made[name] = self._made.get(name, 0) + 1
        label = f"{name} {number}"
        self._known[id(thing)] = (reference, label)
        return label


def look_up(expression: Expression, frame: FrameType) -> object:
    """What an expression stands for in a frame, found without running any code of the program; else `MISSING`."""
    kind = expression[0]
    name = expression[-1]
    assert isinstance(name, str)
    if kind == "local":
        return _local(frame, name)
    if kind == "global":
        if not frame.f_code.co_flags & _OPTIMIZED and name in frame.f_locals:
            return frame.f_locals[name]
        return frame.f_globals.get(name, MISSING)
    if kind != "attribute":
        return MISSING
    inner = expression[1]
    if not isinstance(inner, tuple):
        return MISSING
    owner = look_up(inner, frame)
    return MISSING if owner is MISSING else _attribute(owner, name)


def _local(frame: FrameType, name: str) -> object:
    if not _COPIED_LOCALS or not frame.f_code.co_flags & _OPTIMIZED:
        return frame.f_locals.get(name, MISSING)
    if sys.gettrace() is not None:
        return MISSING  # a debugger's trampoline would write the copy back
    copy = frame.f_locals
    value = copy.get(name, MISSING)
    copy.clear()  # it stays with the frame and would keep alive what it holds
    return value


def _attribute(owner: object, name: str) -> object:
    kind = type(owner)
    for base in kind.__mro__:
        found = vars(base).get(name, MISSING)
        if found is MISSING:
            continue
        if type(found) is MemberDescriptorType:  # a slot
            try:
                return found.__get__(owner, kind)
            except AttributeError:
                return MISSING
        if hasattr(type(found), "__set__"):  # a property would run code
            return MISSING
        break
    if kind.__getattribute__ not in _PLAIN:
        return MISSING
    try:
        namespace = object.__getattribute__(owner, "__dict__")
    except AttributeError:
        return MISSING
    return namespace.get(name, MISSING) if type(namespace) is dict else MISSING
