"""What a line of the user's code reads and writes that others may share, and with which values.

Where an instruction stands in the source is known to the column, so the source says what it touches: `self.count`,
`total[0]`, `future.cancel()`. That is looked up in the frame right before the instruction is executed and right after
it, without running any code of the program: through plain attributes, slots, and items of builtin containers only.
What cannot be looked up so is left out.
"""

from __future__ import annotations

import ast
import linecache
from collections import deque
from collections.abc import Callable
from types import CodeType, FrameType, ModuleType
from typing import Any, Final

from attrs import define, frozen

from futurefuzz.control.bytecode import Expression, decode
from futurefuzz.control.code_points import MISSING, Labels, look_up
from futurefuzz.exploring.shown import has_state, shown

__all__ = ["Touch", "Toucher"]

_LONGEST_SOURCE: Final = 60

#: beginning of an instruction's name -> what it does
_DOES: Final = (
    ("LOAD_ATTR", "reads"), ("STORE_ATTR", "writes"), ("DELETE_ATTR", "deletes"),
    ("BINARY_SUBSCR", "reads"), ("BINARY_OP", "reads"), ("STORE_SUBSCR", "writes"), ("DELETE_SUBSCR", "deletes"),
    ("LOAD_GLOBAL", "reads"), ("LOAD_NAME", "reads"), ("LOAD_DEREF", "reads"), ("LOAD_CLASSDEREF", "reads"),
    ("STORE_GLOBAL", "writes"), ("STORE_NAME", "writes"), ("STORE_DEREF", "writes"),
    ("DELETE_GLOBAL", "deletes"), ("DELETE_NAME", "deletes"), ("DELETE_DEREF", "deletes"),
    ("CALL", "calls"), ("PRECALL", ""),
)  # fmt: skip


@frozen
class Touch:
    """Something shared that a thread has touched.

    Args:
        does: `reads`, `writes`, `deletes`, `calls` (a method; `value` is the state of its owner before the call),
            `made` (the owner is in another state after it), or `finds` (the thread has stood still in the middle of the
            call, and the state is another one when it goes on).
        what: as the source has it.
        value: in a few characters.
        thing: stands for what is touched: equal for the same thing in one run.
    """

    does: str
    what: str
    value: str
    thing: str

    def __str__(self) -> str:
        if self.does == "reads":
            return f"reads {self.what} -> {self.value}"
        if self.does == "writes":
            return f"writes {self.what} = {self.value}"
        if self.does == "deletes":
            return f"deletes {self.what}"
        if self.does == "calls":
            return f"calls {self.what} on {self.value}"
        return f"makes it {self.value}" if self.does == "made" else f"finds it {self.value}"

    def sentence(self, who: str, where: object) -> str:
        """The same as part of a sentence."""
        if self.does == "made":
            return f"{self.what} in {who} makes it {self.value} ({where})"
        if self.does == "finds":
            return f"{who} finds it {self.value} in {self.what} ({where})"
        return f"{who} {self} ({where})"

    @property
    def is_call(self) -> bool:
        """Whether it is part of a call."""
        return self.does in ("calls", "made", "finds")

    @property
    def changes(self) -> bool:
        """Whether it does anything to others."""
        return self.does in ("writes", "deletes", "made")


@frozen
class _Site:
    does: str
    what: str
    kind: str  # attribute, item, variable, global or method
    name: str
    owner: Expression | None
    key: ast.expr | None = None


@define
class _Pending:
    """A call or a store that has begun; the frame of a call."""

    code: CodeType
    frame: int
    site: _Site
    thing: str
    before: str
    caller: FrameType | None
    told: bool = False


class Toucher:
    """Tells of touches as the instructions of the user's code are executed.

    Args:
        tell: is told of each: actor, code, line, touch.
    """

    def __init__(self, tell: Callable[[int, CodeType, int, Touch], None]) -> None:
        self._tell = tell
        self._sites: dict[CodeType, dict[int, tuple[int, _Site]]] = {}
        self._pending: dict[int, list[tuple[int, _Pending]]] = {}
        self._labels = Labels(lambda file: file, frozenset())

    def sites(self, code: CodeType) -> dict[int, tuple[int, _Site]]:
        """Offset -> line and site."""
        found = self._sites.get(code)
        if found is None:
            found = self._sites[code] = _sites(code)
        return found

    # ---- before and after an instruction ----------------------------------------------------------------------------

    def before(self, actor: int, frame: FrameType, offset: int) -> None:
        """The actor is about to execute the instruction, and nobody can come between any more."""
        entry = self.sites(frame.f_code).get(offset)
        if entry is None:
            return
        line, site = entry
        owner, value = _value(site, frame)
        if site.does == "reads":
            if value is not MISSING:
                thing = self._thing(site, frame, owner)
                self._tell(actor, frame.f_code, line, Touch("reads", site.what, shown(value), thing))
            return
        if site.does == "calls" and not has_state(owner):
            return
        state = shown(owner) if site.does == "calls" else ""
        # Only the frame is kept, which lives until the call is over: to keep the owner would change when it dies.
        again = frame if site.does == "calls" else None
        pending = _Pending(frame.f_code, id(frame), site, self._thing(site, frame, owner), state, again)
        self._pending.setdefault(actor, []).append((line, pending))

    def after(self, actor: int, frame: FrameType) -> None:
        """The actor is about to execute another instruction of the frame: what it had begun there is over."""
        waiting = self._pending.get(actor)
        if not waiting:
            return
        at = next((at for at, (_, each) in enumerate(waiting) if each.frame == id(frame)), None)
        if at is None:
            return
        line, pending = waiting[at]
        del waiting[at:]
        if pending.code is not frame.f_code:
            return
        site = pending.site
        if site.does == "calls":
            self._over(actor, line, pending, _value(site, frame)[0])
            return
        _, value = _value(site, frame)
        if value is not MISSING or site.does == "deletes":
            text = shown(value) if value is not MISSING else ""
            self._tell(actor, pending.code, line, Touch(site.does, site.what, text, pending.thing))

    def left(self, actor: int, frame: FrameType) -> None:
        """An exception leaves the frame."""
        waiting = self._pending.get(actor)
        for at, (line, each) in enumerate(waiting or ()):
            if each.frame == id(frame):
                assert waiting is not None
                del waiting[at:]
                if each.site.does == "calls":
                    self._over(actor, line, each, _value(each.site, frame)[0])
                return

    def _over(self, actor: int, line: int, pending: _Pending, owner: object) -> None:
        self._told(actor, line, pending)
        state = shown(owner) if owner is not MISSING else pending.before
        if state != pending.before:
            self._tell(actor, pending.code, line, Touch("made", pending.site.what, state, pending.thing))

    def _told(self, actor: int, line: int, pending: _Pending) -> None:
        if not pending.told:
            pending.told = True
            touch = Touch("calls", pending.site.what, pending.before, pending.thing)
            self._tell(actor, pending.code, line, touch)

    def stops(self, actor: int, returned: bool) -> None:
        """The actor stands still in the middle of what it has begun, or when its innermost call has returned."""
        self._look_again(actor, "made")
        if returned and (waiting := self._pending.get(actor)) and waiting[-1][1].site.does == "calls":
            waiting.pop()

    def goes_on(self, actor: int) -> None:
        """It is about to go on there."""
        self._look_again(actor, "finds")

    def _look_again(self, actor: int, does: str) -> None:
        for line, pending in self._pending.get(actor, ()):
            if pending.site.does != "calls":
                continue
            self._told(actor, line, pending)
            owner = MISSING if pending.caller is None else _value(pending.site, pending.caller)[0]
            state = pending.before if owner is MISSING else shown(owner)
            if state != pending.before:
                pending.before = state
                self._tell(actor, pending.code, line, Touch(does, pending.site.what, state, pending.thing))

    # ---- which thing ------------------------------------------------------------------------------------------------

    def _thing(self, site: _Site, frame: FrameType, owner: object) -> str:
        if site.kind == "global":
            return f"global {frame.f_code.co_filename} {site.name}"
        if site.kind == "variable":
            outermost = frame.f_code.co_qualname.partition(".<locals>")[0]
            return f"variable {frame.f_code.co_filename} {outermost} {site.name}"
        if type(owner) is ModuleType:
            return f"global {vars(owner).get('__file__')} {site.name}"
        label = self._labels.of(owner) if owner is not MISSING else "?"
        if not type(owner).__weakrefoffset__ and site.owner is not None:
            label = f"{label} {site.owner[-1]}"  # lists and dictionaries are told apart by their names
        return f"{label} .{site.name}" if site.kind == "attribute" else label


# ---- looking up ------------------------------------------------------------------------------------------------------


def _value(site: _Site, frame: FrameType) -> tuple[object, object]:
    """The owner of what is touched, and its value."""
    if site.owner is None:
        kind = "global" if site.kind == "global" else "local"
        return MISSING, look_up((kind, site.name), frame)
    owner = look_up(site.owner, frame)
    if owner is MISSING or site.kind == "method":
        return owner, MISSING
    if site.kind == "attribute":
        if type(owner) is ModuleType:
            return owner, vars(owner).get(site.name, MISSING)
        value = look_up(("attribute", site.owner, site.name), frame)
        return owner, _of_class(owner, site.name) if value is MISSING else value
    assert site.key is not None
    return owner, _item(owner, _key(site.key, frame))


def _of_class(owner: object, name: str) -> object:
    """A plain value that the owner's class has for all of its objects, or that a class has itself."""
    kind = type(owner)
    if kind.__getattribute__ is not object.__getattribute__ and kind is not type:
        return MISSING
    mro = type.__getattribute__(owner, "__mro__") if issubclass(kind, type) else kind.__mro__
    for base in mro:
        if name in vars(base):
            found = vars(base)[name]
            return MISSING if hasattr(type(found), "__get__") else found
    return MISSING


#: keys whose comparison is C's
_KEYS: Final = frozenset({int, str, bytes, bool, type(None)})
_MOST_KEYS: Final = 1000


def _item(owner: Any, key: Any) -> object:
    if type(key) not in _KEYS:
        return MISSING
    try:
        if type(owner) in (list, tuple, deque) and type(key) is int:
            return owner[key]
        if type(owner) is dict and len(owner) <= _MOST_KEYS and all(type(each) in _KEYS for each in owner):
            return owner.get(key, MISSING)
    except (IndexError, RuntimeError):
        pass
    return MISSING


def _key(node: ast.expr, frame: FrameType) -> object:
    try:
        return ast.literal_eval(node)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        found = _expression(node, frame.f_code)
        return MISSING if found is None else look_up(found, frame)


def _expression(node: ast.expr, code: CodeType) -> Expression | None:
    if isinstance(node, ast.Name):
        local = node.id in code.co_varnames or node.id in code.co_cellvars or node.id in code.co_freevars
        return ("local" if local else "global", node.id)
    if isinstance(node, ast.Attribute):
        inner = _expression(node.value, code)
        return None if inner is None else ("attribute", inner, node.attr)
    return None


# ---- reading a code object -------------------------------------------------------------------------------------------


def _sites(code: CodeType) -> dict[int, tuple[int, _Site]]:
    positions = list(code.co_positions())
    found = {}
    for instruction in decode(code):
        does = next((does for name, does in _DOES if instruction.name.startswith(name)), "")
        line, last, begin, end = positions[instruction.offset // 2]
        if not does or line is None or line != last or begin is None or end is None:
            continue
        source = linecache.getline(code.co_filename, line).encode()[begin:end].decode(errors="replace")
        site = _site(instruction.name, does, source, code)
        if site is not None:
            found[instruction.begin] = found[instruction.offset] = (line, site)
    return found


def _site(name: str, does: str, source: str, code: CodeType) -> _Site | None:
    try:
        node = ast.parse(source.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return None
    what = source if len(source) <= _LONGEST_SOURCE else f"{source[: _LONGEST_SOURCE - 3]}..)"
    if isinstance(node, ast.Name) and name.endswith(("_GLOBAL", "_NAME", "DEREF")):
        if name.endswith("_NAME") and code.co_name != "<module>":
            return None  # of a class that is being made
        kind = "variable" if name.endswith("DEREF") else "global"
        return _Site(does, what, kind, node.id, None)
    if isinstance(node, ast.Attribute) and name.endswith("_ATTR"):
        owner = _expression(node.value, code)
        return None if owner is None else _Site(does, what, "attribute", node.attr, owner)
    if isinstance(node, ast.Subscript) and ("SUBSCR" in name or name == "BINARY_OP"):
        owner = _expression(node.value, code)
        return None if owner is None else _Site(does, what, "item", "[]", owner, node.slice)
    if isinstance(node, ast.Call) and does == "calls" and isinstance(node.func, ast.Attribute):
        owner = _expression(node.func.value, code)
        return None if owner is None else _Site(does, what, "method", node.func.attr, owner)
    return None
