"""How operations and outcomes are written in reports: like the code that a person would write."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from futurefuzz.programs.program import Operation
from futurefuzz.reports.page import clean

__all__ = ["HOOK_PLACES", "label", "operation_code", "operation_from", "outcome_words", "point_words"]

#: hook kind -> where the call-out lands, as the reader knows it
HOOK_PLACES: Final[dict[str, str]] = {
    "call_soon": "loop.call_soon",
    "get_debug": "loop.get_debug",
    "eq": "__eq__",
    "hash": "__hash__",
    "repr": "__repr__",
    "del": "__del__",
    "init": "__init__",
    "context": "the context",
    "getattribute": "__getattribute__",
    "value-attribute": "__getattribute__ of a value",
    "context-attribute": "__getattribute__ of the context",
    "loop-attribute": "__getattribute__ of the loop",
    "closed": "the end, with the loop closed",
    "exit": "the end of the interpreter",
    "exit-late": "the very end of the interpreter",
    "exit-garbage": "the interpreter's last collection",
    "exit-thread": "a thread at the end of the interpreter",
}

#: kind of a point -> what was about to happen there
_POINTS: Final[dict[str, str]] = {
    **{kind: f"at {place}" for kind, place in HOOK_PLACES.items()},
    "acquire": "before it takes a lock",
    "release": "before it gives a lock back",
    "callback": "as a callback begins",
}

_LABEL: Final = re.compile(r"\b([vem]):([ch]?\d+\.\d+(?:#\d+)?)!?")
#: what a callback or a call-out raises that is told to raise
_RAISED: Final = re.compile(r"\bx:(c\d+)")
_FAILED: Final = re.compile(r"\bo:(?:e:)?([ch]?\d+(?:\.\d+)?)")

_WRONG_EXCEPTIONS: Final = {
    "class": "type(e{})",
    "StopIteration": "e{} := StopIteration()",
    "not-an-exception": "'not an exception'",
    "falsy": "e{} := FalsyError()",
    "StopIteration-subclass": "e{} := SubclassOfStopIteration()",
    "TimeoutError": "e{} := TimeoutError()",
    "InvalidStateError": "e{} := concurrent.futures.InvalidStateError()",
    "raising-class": "ClassWhoseInitRaises",
    "foreign-class": "ClassWhoseNewGivesText",
    "hostile": "e{} := ErrorThatRaisesWhenAskedForAnything()",
}


def label(text: str) -> str:
    """A label of an outcome as reports show it: `v:1.0` becomes `v1.0`."""
    text = _FAILED.sub(r"CallOutError(\1)", clean(text))
    return _RAISED.sub(r"CallbackError(\1)", _LABEL.sub(r"\1\2", text))


def operation_from(what: object) -> Operation | None:
    """The operation of an event in its JSON shape, None where the event has none."""
    if isinstance(what, Mapping) and isinstance(what.get("operation"), Mapping):
        fields: Mapping[str, Any] = what["operation"]
        return Operation(**{str(name): value for name, value in fields.items()})
    return None


def operation_code(operation: Operation, site: str, *, blocking: bool = False) -> str:
    """An operation as code.

    Args:
        operation: what is done.
        site: where it stands (`1.0`, `c0.1#2`): it names the values that it makes.
        blocking: `result` and `exception` of this future wait; their plain form is the one with `timeout=0`.
    """
    code = _call(operation, site.replace("!", ""), blocking)
    if operation.starved is not None:
        return f"{code}  # allocation {operation.starved} fails"
    if operation.via == "direct" or "!" in site:
        return code
    if operation.via == "submit":
        return f"run_coroutine_threadsafe({code})"
    if operation.via == "post-if-pending":
        return f"loop.call_soon_threadsafe(lambda: f{operation.future}.done() or {code})"
    function, _, arguments = code.partition("(")
    inside = arguments.removesuffix(")")
    return f"loop.call_soon_threadsafe({function}{', ' if inside else ''}{inside})"


def _call(operation: Operation, site: str, blocking: bool) -> str:
    future, name, argument = f"f{operation.future}", operation.name, operation.argument
    match name:
        case "set_result":
            return f"{future}.set_result(v{site})"
        case "set_exception":
            made = _WRONG_EXCEPTIONS.get(argument or "", "e{}").format(site)
            return f"{future}.set_exception({made})"
        case "cancel":
            return f"{future}.cancel(msg=m{site})" if argument == "message" else f"{future}.cancel()"
        case "add_done_callback":
            context = "" if operation.context is None else f", context={operation.context}"
            return f"{future}.add_done_callback(c{operation.callback}{context})"
        case "remove_done_callback":
            return f"{future}.remove_done_callback(c{operation.callback})"
        case "result" | "exception":
            waits = {"wait": "", "timeout": "timeout=1.0"}.get(argument or "", "timeout=0" if blocking else "")
            return f"{future}.{name}({waits})"
        case "set_running":
            return f"{future}.set_running_or_notify_cancel()"
        case "await":
            return f"await {future}" if argument is None else f"await asyncio.wait_for({future}, 1.0)"
        case "close-loop":
            return f"{future}.get_loop().call_soon_threadsafe(stop)"
        case "await-elsewhere":
            return f"await {future}  # by a task of another loop"
        case "iter":
            return f"i = {future}.__await__()"
        case "iter-send":
            return {"next": "next(i)", "value": "i.send('value')"}.get(argument or "", "i.send(None)")
        case "iter-throw":
            return f"i.throw({'type(e{})' if argument == 'class' else 'e{}'})".format(site)
        case "iter-close":
            return "i.close()"
        case "reinit":
            return f"{future}.__init__(...)"
        case "bare":
            return f"{future} = type({future}).__new__(type({future}))"
        case "yield":
            return "await asyncio.sleep(0)"
        case "repr":
            return f"repr({future})"
        case "drop":
            return f"del {future}"
        case "collect":
            return "gc.collect()"
        case _:
            return f"{future}.{name}()"


def point_words(kind: str, inside: str) -> str:
    """Where in a call a switch happened.

    Args:
        kind: of the point.
        inside: the function that was called; in `call_soon_threadsafe` points mean something else.
    """
    if inside == "loop.call_soon_threadsafe" and kind in ("call_soon", "wake"):
        return "before the call is queued" if kind == "call_soon" else "before the loop is woken"
    return _POINTS.get(kind, f"at {clean(kind)}")


def outcome_words(outcome: Sequence[str] | None) -> tuple[str, str]:
    """How a call ended: (`returned` or `raised` or ``, what) with labels as reports show them."""
    if not outcome:
        return "", ""
    how, what = outcome[0], label(str(outcome[1]))
    return how, what
