"""What the names in a program stand for, as far as they need saying."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from futurefuzz.programs.operations import EXITS
from futurefuzz.programs.program import Callback, Hook, Operation, Program
from futurefuzz.reports.spelling import HOOK_PLACES, operation_code

__all__ = ["legend"]

_HOLDERS: Final = {
    "exit": "with everything held by a module",
    "exit-late": "with everything held by sys",
    "exit-garbage": "with everything held by nobody",
}


def legend(program: Program) -> list[str]:
    """Phrases on values, callbacks and hooks; none where the code says it all."""
    said = _values(program)
    said += _equal_callbacks(program.callbacks)
    said += [text for i, callback in enumerate(program.callbacks) if (text := _callback(i, callback))]
    said += [_hook(hook) for hook in program.hooks]
    for link in program.links:
        said.append(f"f{link.of} is a task that awaits {'itself' if link.of == link.to else f'f{link.to}'}")
    if program.foreign:
        said.append("what is awaited is an object of ours that passes everything on to the future")
    if program.debug:
        said.append("the loop runs in debug mode")
    return said


def _values(program: Program) -> list[str]:
    """One example of how values and exceptions are named."""
    for i, actor in enumerate(program.actors):
        for j, operation in enumerate(actor.operations):
            if operation.name in ("set_result", "set_exception") and operation.argument is None:
                made = "value" if operation.name == "set_result" else "exception"
                return [f"{'v' if made == 'value' else 'e'}{i}.{j} is the {made} that operation {j} of actor {i} made"]
    return []


def _equal_callbacks(callbacks: Sequence[Callback]) -> list[str]:
    groups: dict[int, list[str]] = {}
    for i, callback in enumerate(callbacks):
        if not callback.unequal:
            groups.setdefault(callback.group, []).append(f"c{i}")
    several = [members for members in groups.values() if len(members) > 1]
    return [f"{' == '.join(members)}, but they are different objects" for members in several]


def _callback(index: int, callback: Callback) -> str:
    does = [_code(operation, f"c{index}.{i}") for i, operation in enumerate(callback.operations)]
    if callback.raises:
        does.append("an exception of its own")
    told = [f"c{index} does " + ", then ".join(does)] if does else []
    if callback.unequal:
        told.append(f"c{index} is not equal to itself")
    if callback.unhashable:
        told.append(f"c{index} has no hash")
    if callback.deferring:
        told.append(f"c{index} leaves it to the other one to say that they are not equal")
    if callback.ephemeral:
        told.append(f"only the future keeps c{index} alive")
    return "; ".join(told)


def _hook(hook: Hook) -> str:
    ordinal = "first" if hook.nth == 1 else f"{hook.nth}th" if hook.nth > 3 else ("second", "third")[hook.nth - 2]
    does = ", then ".join(_code(operation, f"h.{i}") for i, operation in enumerate(hook.operations))
    if hook.raises:
        does = f"{does}, then raises" if does else "nothing but raise"
    if hook.kind == "closed":
        return f"when the loop is closed the program does {does or 'nothing'}"
    if hook.kind == "exit-thread":
        return f"while the interpreter ends a thread does {does or 'nothing'}, again and again"
    if hook.kind in EXITS:
        return f"while the interpreter ends, {_HOLDERS[hook.kind]}, the {ordinal} finaliser does {does or 'nothing'}"
    return f"the {ordinal} call of {HOOK_PLACES.get(hook.kind, hook.kind)} does {does or 'nothing'}"


def _code(operation: Operation, site: str) -> str:
    # without the site's name: what it does is of interest here, not which value it makes
    return operation_code(operation, site).replace(f"v{site}", "value").replace(f"e{site}", "error")
