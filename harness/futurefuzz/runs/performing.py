"""How each operation of the vocabulary is done to a future object."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from futurefuzz.programs.program import Operation
from futurefuzz.runs import undefined
from futurefuzz.runs.elsewhere import await_elsewhere
from futurefuzz.runs.planned import exception_of
from futurefuzz.runs.starving import starved

if TYPE_CHECKING:
    from futurefuzz.runs.world import World

__all__ = ["PERFORM", "perform_starved"]

Perform = Callable[[Any, Any, Operation, str], Any]

#: virtual seconds that `result` and `exception` with the argument `timeout` wait
TIMEOUT: Final = 1.0


def _set_result(world: World, future: Any, operation: Operation, site: str) -> Any:
    return future.set_result(world.value(f"v:{site}"))


def _set_exception(world: World, future: Any, operation: Operation, site: str) -> Any:
    return future.set_exception(_exception(world, operation, site))


def _exception(world: World, operation: Operation, site: str) -> Any:
    label = f"e:{site}"
    if operation.argument == "not-an-exception":
        return world.value(label)
    return exception_of(world, operation.argument, label)


def _cancel(world: World, future: Any, operation: Operation, site: str) -> Any:
    return future.cancel() if operation.argument is None else future.cancel(msg=f"m:{site}")


def _add_done_callback(world: World, future: Any, operation: Operation, site: str) -> Any:
    assert operation.callback is not None
    callback = world.callback(operation.callback)
    if operation.context is None:
        return future.add_done_callback(callback)
    return future.add_done_callback(callback, context=world.context(operation.context))


def _remove_done_callback(world: World, future: Any, operation: Operation, site: str) -> Any:
    assert operation.callback is not None
    return future.remove_done_callback(world.callback(operation.callback))


def _asking(name: str) -> Perform:
    def ask(world: World, future: Any, operation: Operation, site: str) -> Any:
        if not world.blocks(future):
            return getattr(future, name)()
        if operation.argument is None:
            return getattr(future, name)(timeout=0)
        if operation.argument == "wait":
            return getattr(future, name)()
        return getattr(future, name)(timeout=TIMEOUT)

    return ask


def _calling(name: str) -> Perform:
    def call(world: World, future: Any, operation: Operation, site: str) -> Any:
        return getattr(future, name)()

    return call


def _repr(world: World, future: Any, operation: Operation, site: str) -> Any:
    return repr(future)


def _drop(world: World, future: Any, operation: Operation, site: str) -> Any:
    world.drop(operation.future)
    del future


def _collect(world: World, future: Any, operation: Operation, site: str) -> Any:
    gc.collect()


PERFORM: Final[dict[str, Perform]] = {
    "set_result": _set_result,
    "set_exception": _set_exception,
    "cancel": _cancel,
    "add_done_callback": _add_done_callback,
    "remove_done_callback": _remove_done_callback,
    "result": _asking("result"),
    "exception": _asking("exception"),
    "done": _calling("done"),
    "cancelled": _calling("cancelled"),
    "running": _calling("running"),
    "set_running": _calling("set_running_or_notify_cancel"),
    "repr": _repr,
    "drop": _drop,
    "collect": _collect,
    "await-elsewhere": await_elsewhere,
    **undefined.PERFORM,
}


def perform_starved(world: Any, future: Any, operation: Operation, site: str) -> Any:
    """Perform an operation while one of its allocations fails: everything that is ours is made before.

    Raises:
        MemoryError: most often; what an operation does about it is what is looked at.
    """
    name = operation.name
    arguments: tuple[Any, ...] = ()
    keywords: dict[str, Any] = {}
    if name == "set_result":
        arguments = (world.value(f"v:{site}"),)
    elif name == "set_exception":
        arguments = (_exception(world, operation, site),)
    elif name in ("add_done_callback", "remove_done_callback"):
        assert operation.callback is not None
        arguments = (world.callback(operation.callback),)
        if operation.context is not None:
            keywords = {"context": world.context(operation.context)}
    elif name == "cancel" and operation.argument is not None:
        keywords = {"msg": f"m:{site}"}
    function = getattr(future, name)
    assert operation.starved is not None
    world.starving = True
    try:
        return starved(operation.starved, function, arguments, keywords)
    finally:
        world.starving = False
