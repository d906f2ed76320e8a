"""What a program has in it, in words that do not depend on its numbers: what two programs can have in common.

`futurefuzz validate` learns from them what it takes to break a clause, so that it can look at the other clauses in
programs that do without.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from futurefuzz.programs.operations import RESOLVING
from futurefuzz.programs.program import Operation, Program

__all__ = ["features"]


def features(program: Program) -> frozenset[str]:
    """The features of a program: operations with their arguments and routes, and how they come together.

    Such as `cancel`, `cancel(message)`, `set_result via post`, `set_result in a thread`, `two callbacks on a future`,
    `hook eq`.
    """
    return frozenset(_features(program))


def _features(program: Program) -> Iterator[str]:
    everywhere: list[Operation] = []
    kinds = Counter(actor.kind for actor in program.actors)
    for kind, count in kinds.items():
        yield kind
        if count > 1:
            yield f"two {kind}s"
    if program.futures > 1:
        yield "two futures"
    if program.loops > 1:
        yield "several loops"
    if program.debug:
        yield "debug"
    if program.links:
        yield "tasks that await each other"
    for actor in program.actors:
        yield from (f"{operation.name} in a {actor.kind}" for operation in actor.operations)
        everywhere += actor.operations
    for callback in program.callbacks:
        if callback.operations:
            yield "callback that acts"
        if callback.raises:
            yield "callback that raises"
        if callback.ephemeral:
            yield "callback that nobody else keeps"
        everywhere += callback.operations
    if len({callback.group for callback in program.callbacks}) < len(program.callbacks):
        yield "equal callbacks"
    for hook in program.hooks:
        yield f"hook {hook.kind}"
        everywhere += hook.operations
    for operation in everywhere:
        yield operation.name
        if operation.argument is not None:
            yield f"{operation.name}({operation.argument})"
        if operation.via != "direct":
            yield f"{operation.name} via {operation.via}"
        if operation.context is not None:
            yield "callback in a context"
    yield from _together(everywhere)
    yield from _of_callbacks(program, everywhere)


def _together(operations: list[Operation]) -> Iterator[str]:
    """What several operations do to one future."""
    resolving: dict[int, list[str]] = {}
    callbacks: Counter[int] = Counter()
    waiters: Counter[int] = Counter()
    for operation in operations:
        if operation.name in RESOLVING:
            resolving.setdefault(operation.future, []).append(operation.name)
        elif operation.name == "add_done_callback":
            callbacks[operation.future] += 1
        elif operation.name == "await" or operation.argument in ("wait", "timeout"):
            waiters[operation.future] += 1
    for names in resolving.values():
        if len(names) > 1:
            yield "two resolutions of a future"
        if len(set(names) - {"cancel"}) > 0 and "cancel" in names:
            yield "cancellation and resolution of a future"
    if any(count > 1 for count in callbacks.values()):
        yield "two callbacks on a future"
    if any(count > 1 for count in waiters.values()):
        yield "two waiters for a future"
    if callbacks.keys() & waiters.keys():
        yield "callback and waiter on a future"


def _of_callbacks(program: Program, operations: list[Operation]) -> Iterator[str]:
    """What callbacks have to do with each other, and with contexts."""
    groups = program.groups()
    added = {(one.future, one.callback) for one in operations if one.name == "add_done_callback"}
    for one in operations:
        if one.name == "remove_done_callback" and one.callback is not None:
            twins = {other for other in range(len(groups)) if groups[other] == groups[one.callback]} - {one.callback}
            if any((one.future, twin) in added for twin in twins):
                yield "removal by an equal callback"
    within = {
        one.callback for one in operations if one.name == "add_done_callback" and one.context is not None
    }  # what these do, they do in a context of the program's
    for index, callback in enumerate(program.callbacks):
        futures = {future for future, added_one in added if added_one == index}
        for one in callback.operations:
            elsewhere = futures - {one.future}  # the callback's own future is done
            if index in within and elsewhere and (one.name in RESOLVING or one.name == "add_done_callback"):
                yield "another future meets a context"
