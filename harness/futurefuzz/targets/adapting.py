"""A target out of nothing but a class or a factory and the contract that it claims."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
from asyncio import futures, tasks
from collections.abc import Callable
from typing import Any, Final

from attrs import frozen

from futurefuzz.errors import InputError
from futurefuzz.programs.operations import RESOLVING
from futurefuzz.targets.base import INDISPENSABLE, Sides, Target

__all__ = ["ADAPTABLE", "adapt"]

#: the contracts for which a class or a factory is enough
ADAPTABLE: Final = ("asyncio", "concurrent")

#: contract -> operation -> the method that it calls, where that has another name
_METHODS: Final[dict[str, dict[str, str]]] = {
    "asyncio": {"await": "__await__"},
    "concurrent": {"set_running": "set_running_or_notify_cancel"},
}
_CALLED: Final[dict[str, tuple[str, ...]]] = {
    "asyncio": (
        *("set_result", "set_exception", "cancel", "add_done_callback", "remove_done_callback", "result", "exception"),
        *("done", "cancelled", "await"),
    ),
    "concurrent": (
        *("set_result", "set_exception", "cancel", "add_done_callback", "result", "exception", "done", "cancelled"),
        *("running", "set_running"),
    ),
}


@frozen
class _OnLoop:
    """Makes a future of a class that takes the loop by its name, as `asyncio.Future` does."""

    made: Callable[..., Any]

    def __call__(self, loop: asyncio.AbstractEventLoop) -> Any:
        return self.made(loop=loop)


async def _body(gate: Any) -> Any:
    return await gate


@frozen
class _OverGate:
    """Makes a task of a class of tasks, over a coroutine that awaits a future of the loop."""

    made: Callable[..., Any]

    def __call__(self, loop: asyncio.AbstractEventLoop) -> Sides:
        gate = loop.create_future()
        return Sides(gate, self.made(_body(gate), loop=loop))


def _close(sides: Sides) -> None:
    sides.observer.get_coro().close()


def adapt(what: Any, contract: str, name: str, where: str) -> Target:
    """A target of a class or a factory of futures.

    One future is made, to see what it offers: operations for which it has no method are put into `Target.lacks`.

    Args:
        what: for `asyncio` a class that takes `loop=`, a subclass of `asyncio.Task`, or a function of the loop; for
            `concurrent` a class or function that needs no arguments.
        contract: which contract its futures claim.
        name: of the target.
        where: what an error begins with.

    Raises:
        InputError: it cannot be called so, raises, or makes something that is no future.
    """
    if contract not in ADAPTABLE:
        raise InputError(f"{where}: a class or factory can claim {' or '.join(ADAPTABLE)}, not {contract!r}")
    if not callable(what):
        raise InputError(
            f"{where}: is of type {type(what).__name__}; allowed: a class, a factory, or a futurefuzz.targets.Target"
        )
    if contract == "asyncio" and _is_task_class(what):
        return Target(
            name=name,
            contract=contract,
            new_future=_OverGate(what),
            shape="task",
            dispose=_close,
            inherits=_inherited(what),
            description=where,
        )
    maker = _maker(what, contract, where)
    first = _first(maker, contract, where)
    return Target(
        name=name,
        contract=contract,
        new_future=maker,
        lacks=_missing(first, contract, where),
        inherits=_inherited(type(first)),
        description=where,
    )


def _inherited(what: type) -> str:
    """The target of ours whose class a class derives from, itself included; empty for none."""
    ours: dict[type, str] = {
        asyncio.Task: "asyncio.Task",
        tasks._PyTask: "asyncio.PyTask",  # type: ignore[attr-defined]
        asyncio.Future: "asyncio.Future",
        futures._PyFuture: "asyncio.PyFuture",  # type: ignore[attr-defined]
        concurrent.futures.Future: "concurrent.Future",
    }
    return next((ours[base] for base in what.__mro__ if base in ours), "")


def _is_task_class(what: Any) -> bool:
    return isinstance(what, type) and issubclass(what, (asyncio.Task, tasks._PyTask))  # type: ignore[attr-defined]


def _maker(what: Any, contract: str, where: str) -> Callable[..., Any]:
    """How it is called; where its signature can be read, it must fit."""
    try:
        signature = inspect.signature(what)
    except (TypeError, ValueError):  # built-in classes often have none
        signature = None
    by_name = isinstance(what, type)
    if signature is not None:
        try:
            if contract == "concurrent":
                signature.bind()
            elif by_name:
                signature.bind(loop=None)
            else:
                signature.bind(None)
        except TypeError as error:
            call = "()" if contract == "concurrent" else "(loop=loop)" if by_name else "(loop)"
            allowed = "a class that takes loop=, or a function of the loop" if contract == "asyncio" else "no arguments"
            name = getattr(what, "__name__", "it")
            raise InputError(f"{where}: cannot be called as {name}{call}: {error}; allowed: {allowed}") from None
    return _OnLoop(what) if contract == "asyncio" and by_name else what


def _first(maker: Callable[..., Any], contract: str, where: str) -> Any:
    """One future, as a run would make it."""
    loop = asyncio.new_event_loop() if contract == "asyncio" else None
    try:
        made = maker() if loop is None else maker(loop)
        if inspect.iscoroutine(made):
            made.close()
            raise InputError(f"{where}: makes a coroutine; allowed: a function that is not async and returns a future")
        return made
    except InputError:
        raise
    except BaseException as error:  # it runs whatever the user has written; Ctrl-C goes to another process
        raise InputError(f"{where}: making a future raised {type(error).__name__}: {error}") from None
    finally:
        if loop is not None:
            loop.close()


def _missing(made: Any, contract: str, where: str) -> frozenset[str]:
    """The operations that a future has no method for."""
    resolver, observer = (made.resolver, made.observer) if isinstance(made, Sides) else (made, made)
    methods = _METHODS[contract]
    missing = {
        name
        for name in _CALLED[contract]
        if not callable(getattr(resolver if name in RESOLVING[:2] else observer, methods.get(name, name), None))
    }
    basic = sorted(missing & INDISPENSABLE) or (list(RESOLVING) if missing >= set(RESOLVING) else [])
    if basic:
        raise InputError(
            f"{where}: makes a {type(observer).__name__}, which is no future: it has no {', '.join(basic)}; allowed: "
            f"what has done, result, and at least one of {', '.join(RESOLVING)}"
        )
    return frozenset(missing)
