"""Operations that no documentation gives a meaning: nothing is promised of them but that the interpreter survives."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from futurefuzz.programs.program import Operation
from futurefuzz.runs.planned import exception_of

if TYPE_CHECKING:
    from futurefuzz.runs.world import World

__all__ = ["PERFORM"]


async def _again(gate: Any) -> Any:
    return await gate


def _reinit(world: World, future: Any, operation: Operation, site: str) -> Any:
    """Call `__init__` once more; a task gets a new coroutine over the same gate, and a context if need be."""
    if world.loop is None:
        future.__init__()
    elif world.target.shape == "task":
        coroutine = _again(world.gate(operation.future))
        world.coroutines.append(coroutine)
        if operation.context is None:
            future.__init__(coroutine, loop=world.loop)
        else:
            future.__init__(coroutine, loop=world.loop, context=world.context(operation.context))
    else:
        future.__init__(loop=world.loop)


def _bare(world: World, future: Any, operation: Operation, site: str) -> Any:
    """From now on the program's future is one that was never initialised."""
    kind: Any = type(future)
    world.replace(operation.future, kind.__new__(kind))


def _iterator(world: World, future: Any, operation: Operation) -> Any:
    iterator = world.iterators.get(operation.future)
    if iterator is None:
        iterator = world.iterators[operation.future] = future.__await__()
    return iterator


def _iter(world: World, future: Any, operation: Operation, site: str) -> Any:
    world.iterators[operation.future] = future.__await__()


def _iter_send(world: World, future: Any, operation: Operation, site: str) -> Any:
    iterator = _iterator(world, future, operation)
    if operation.argument == "next":
        given = next(iterator)
    else:
        given = iterator.send(None if operation.argument is None else site)
    return "the future" if given is future else given


def _iter_throw(world: World, future: Any, operation: Operation, site: str) -> Any:
    thrown = exception_of(world, operation.argument, f"e:{site}")
    given = _iterator(world, future, operation).throw(thrown)
    return "the future" if given is future else given


def _iter_close(world: World, future: Any, operation: Operation, site: str) -> Any:
    return _iterator(world, future, operation).close()


PERFORM: Final[dict[str, Callable[[World, Any, Operation, str], Any]]] = {
    "iter": _iter,
    "iter-send": _iter_send,
    "iter-throw": _iter_throw,
    "iter-close": _iter_close,
    "reinit": _reinit,
    "bare": _bare,
}
