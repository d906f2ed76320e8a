"""Which programs leave the contract: a thread touches an asyncio future directly, code acts or fails inside a call-out,
memory runs out, or something is done that no documentation gives a meaning.

Judged by the program alone and on the safe side: a callback of a bridge that may run on a thread counts as if it did.
A program that is called misuse by mistake is only judged less strictly.
"""

from __future__ import annotations

from typing import Final

from futurefuzz.programs.operations import AFTERWARDS
from futurefuzz.programs.operations import UNDEFINED as UNDEFINED_OPERATIONS
from futurefuzz.programs.program import Hook, Operation, Program
from futurefuzz.targets.base import LOOPLESS, Target

__all__ = [
    "BARE",
    "FAILING",
    "INITIALISED_AGAIN",
    "LOOSE",
    "OFF_THREAD",
    "RE_ENTRANT",
    "STARVED",
    "UNDEFINED",
    "circumstances",
    "misuse",
]

OFF_THREAD: Final = "off-thread"
RE_ENTRANT: Final = "re-entrant"
FAILING: Final = "failing call-out"
STARVED: Final = "no memory"
UNDEFINED: Final = "undefined"

#: what `circumstances` says of the undefined operations that are told apart, each of which has crashes of its own
INITIALISED_AGAIN: Final = "initialised again"
BARE: Final = "never initialised"

#: where nobody promises in which state an operation leaves a future: only what holds of any state can be judged
LOOSE: Final = frozenset({FAILING, STARVED, UNDEFINED})

# Forgetting a future and collecting garbage touch it from whatever thread happens to do so, as in any program.
_UNTOUCHING: Final = frozenset({"drop", "collect", "yield"})
_UNDEFINED: Final = frozenset(UNDEFINED_OPERATIONS)
_NONE: Final[frozenset[str]] = frozenset()


def misuse(program: Program, contract: str, target: Target | None = None) -> frozenset[str]:
    """How a program departs from what the documentation allows; empty for a legal one.

    Args:
        program: what is run.
        contract: one of `targets.base.CONTRACTS`.
        target: tells which end of a bridge is the asyncio one.

    Source: "Not thread-safe", https://docs.python.org/3/library/asyncio-future.html#asyncio.Future
    """
    found = set()
    for hook in program.hooks:
        if hook.kind not in AFTERWARDS:  # that is after the run
            if hook.operations:
                found.add(RE_ENTRANT)
            if hook.raises:
                found.add(FAILING)
    for holder in (program.actors, program.callbacks, program.hooks):
        for one in holder:
            if isinstance(one, Hook) and one.kind in AFTERWARDS:
                continue
            for operation in one.operations:
                if operation.name in _UNDEFINED:
                    found.add(UNDEFINED)
                if operation.argument == "hostile":
                    found.add(FAILING)
                if operation.starved is not None:
                    found.add(STARVED)
    if contract not in LOOPLESS and _off_thread(program, contract, target):
        found.add(OFF_THREAD)
    return frozenset(found) if found else _NONE


def circumstances(program: Program) -> str:
    """What may make a crash show in an operation that has no part in it, the gravest alone: a second `__init__`, an
    object that had none, another operation without a documented meaning, `no memory`, or nothing."""
    names = {operation.name for operation in program.operations()}
    if "reinit" in names:
        return INITIALISED_AGAIN
    if "bare" in names:
        return BARE
    if names & _UNDEFINED:
        return UNDEFINED
    return STARVED if any(operation.starved is not None for operation in program.operations()) else ""


def _off_thread(program: Program, contract: str, target: Target | None) -> bool:
    if contract == "loops":
        return _astray(program)
    forbidden = _asyncio_operations(contract, target)

    def touches(operations: tuple[Operation, ...]) -> bool:
        return any(
            operation.via == "direct"
            and operation.name not in _UNTOUCHING
            and (forbidden is None or operation.name in forbidden)
            for operation in operations
        )

    threads = [actor for actor in program.actors if actor.kind == "thread"]
    if any(touches(actor.operations) for actor in threads):
        return True
    if not threads:
        return False
    # Destructors run on whichever thread lets go last; other call-outs of a legal thread's own operations do not exist.
    if any(touches(hook.operations) for hook in program.hooks if hook.kind not in AFTERWARDS):
        return True
    # The concurrent end of a bridge runs callbacks in the thread that completes it.
    return contract == "bridge" and any(touches(callback.operations) for callback in program.callbacks)


def _astray(program: Program) -> bool:
    """Whether a task of one loop, or a thread, touches a future of another one without posting."""
    return any(
        operation.via == "direct"
        and operation.name not in (*_UNTOUCHING, "close-loop")
        and (actor.kind == "thread" or actor.loop != program.home(operation.future))
        for actor in program.actors
        for operation in actor.operations
    )


def _asyncio_operations(contract: str, target: Target | None) -> frozenset[str] | None:
    """The operations that would reach an asyncio future from a thread; None means all of them."""
    if contract in ("asyncio", "compound"):
        return None
    if target is None:
        return _NONE
    # The end that threads act on is the thread-safe one; resolving ones go to the resolver wherever they come from.
    return _NONE if target.thread_side == "resolver" else target.resolver_operations
