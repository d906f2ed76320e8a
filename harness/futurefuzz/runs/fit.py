"""Whether a program suits a target: what a token or a corpus file names may be well formed and still make no sense."""

from __future__ import annotations

from typing import Final

from futurefuzz.errors import InputError
from futurefuzz.programs.operations import BY_HAND, RESOLVING, STARVABLE, UNDEFINED
from futurefuzz.programs.program import Operation, Program
from futurefuzz.targets.base import LOOPLESS, Target

__all__ = ["check_fit"]

_TASK_ONLY: Final = ("await", "yield")
_CONCURRENT_ONLY: Final = ("running", "set_running")
_ASYNCIO_ONLY: Final = ("await-elsewhere", *BY_HAND)
_OF_LOOPS: Final = (*RESOLVING, "add_done_callback", "done", "await", "yield", "close-loop")


def check_fit(program: Program, target: Target, where: str) -> None:
    """Refuse a program that the target's contract cannot perform.

    Args:
        program: what is to be run.
        target: on what.
        where: what an error begins with: a file name, or `token`.

    Raises:
        InputError: with the JSON path of the first thing that does not suit, and what is allowed.
    """
    for number, actor in enumerate(program.actors):
        if actor.kind == "task" and target.contract in LOOPLESS:
            raise InputError(
                f"{where}: $.program.actors[{number}].kind: target {target.name} has no loop; allowed: thread"
            )
    if target.contract in LOOPLESS and not program.actors:
        raise InputError(f"{where}: $.program.actors: target {target.name} needs at least one thread")
    if program.links and not target.linkable:
        raise InputError(
            f"{where}: $.program.links: the futures of target {target.name} are no tasks that could await each other"
        )
    if target.contract == "loops":
        for holder, number in [("hooks", 0)] * bool(program.hooks) + [
            ("callbacks", number) for number, callback in enumerate(program.callbacks) if callback.operations
        ]:
            raise InputError(f"{where}: $.program.{holder}[{number}]: nothing acts inside of a call with several loops")
    elif program.loops > 1:
        raise InputError(f"{where}: $.program.loops: target {target.name} has at most one loop; allowed: 1")
    for path, operations in program.places():
        in_task = path.startswith("$.actors[") and program.actors[int(path[9 : path.index("]")])].kind == "task"
        for position, operation in enumerate(operations):
            fault = _fault(operation, target, in_task=in_task)
            if fault:
                raise InputError(f"{where}: $.program{path[1:]}[{position}]: {fault}")


def _fault(operation: Operation, target: Target, *, in_task: bool) -> str | None:
    name = operation.name
    if target.contract == "loops":
        return _fault_with_several(operation, in_task=in_task)
    if operation.via == "submit" or name == "close-loop" or (name == "await" and operation.argument is not None):
        return f"{name} via {operation.via} is for several loops; target {target.name} has at most one"
    if name in _TASK_ONLY and not in_task:
        return f"{name} is allowed in tasks only"
    if target.contract != "asyncio":
        if name in _ASYNCIO_ONLY or (name in UNDEFINED and target.contract != "concurrent"):
            return f"{name} is an operation of asyncio futures; target {target.name} has none"
        if operation.starved is not None:
            return f"starved is for asyncio futures only; target {target.name} has locks of ours inside"
    if operation.starved is not None and name not in STARVABLE:
        return f"starved {name}: it is no single call of the target; allowed: {', '.join(STARVABLE)}"
    if target.contract in LOOPLESS:
        if operation.via != "direct":
            return f"via {operation.via} needs a loop, and target {target.name} has none; allowed: direct"
        if name == "remove_done_callback" or operation.context is not None or (name == "cancel" and operation.argument):
            return f"{name} as asyncio has it is not offered by target {target.name}"
    if target.contract in ("asyncio", "compound"):
        if name in _CONCURRENT_ONLY:
            return f"{name} is an operation of concurrent futures; target {target.name} has none"
        if operation.argument in ("wait", "timeout"):
            return f"{name} of an asyncio future does not wait; allowed: no argument"
    return None


def _fault_with_several(operation: Operation, *, in_task: bool) -> str | None:
    name = operation.name
    if name not in _OF_LOOPS or operation.starved is not None:
        starved = "" if operation.starved is None else " starved"
        return f"{name}{starved} is not for several loops; allowed: {', '.join(_OF_LOOPS)}"
    if not in_task and (name == "yield" or (name == "await" and operation.via == "direct")):
        return f"{name} is allowed in tasks only"
    posted = operation.via in ("post", "post-if-pending")
    if (posted and name not in RESOLVING) or (operation.via == "submit" and name in ("yield", "close-loop")):
        return f"{name} via {operation.via} is not offered; allowed: direct"
    return None
