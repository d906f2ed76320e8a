"""How each operation of the vocabulary is done to a future object."""

from __future__ import annotations

import gc
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from futurefuzz.programs.program import Operation
from futurefuzz.runs.callouts import Falsy, Planned, Value, planned_class

if TYPE_CHECKING:
    from futurefuzz.runs.world import World

__all__ = ["PERFORM"]

Perform = Callable[["World", Any, Operation, str], Any]

#: virtual seconds that `result` and `exception` with the argument `timeout` wait
TIMEOUT: Final = 1.0


def _set_result(world: World, future: Any, operation: Operation, site: str) -> Any:
    return future.set_result(Value(world, f"v:{site}"))


def _set_exception(world: World, future: Any, operation: Operation, site: str) -> Any:
    label = f"e:{site}"
    argument = operation.argument
    if argument is None:
        return future.set_exception(Planned(world, label))
    if argument == "falsy":
        return future.set_exception(Falsy(world, label))
    if argument == "class":
        return future.set_exception(planned_class(world, label))
    if argument == "StopIteration":
        stop = StopIteration()
        stop.label = label  # type: ignore[attr-defined]
        return future.set_exception(stop)
    return future.set_exception(Value(world, label))


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
}
