"""Async fixtures of an explored test: each schedule sets them up anew, in the loop and the task that run the test.

What a plugin's fixture awaits belongs to the plugin's event loop, which is real: outside of control. So a plugin never
gets to see async fixtures of an explored test. In their place, and in that of plain fixtures that are made from them,
stands a `Later` until a run begins.
"""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import AsyncExitStack, contextmanager
from typing import Any, Final

from futurefuzz.errors import InputError

__all__ = ["Later", "is_async", "put_off", "run_with"]

_WITHOUT_TEST: Final = "asked for while its test runs; allowed: naming it among the arguments of the test"


class Later:
    """Stands for what a fixture will give in a run.

    Args:
        name: of the fixture.
        function: bound, when it is a method.
        arguments: of the function, where others of this kind may stand.
    """

    __slots__ = ("arguments", "function", "name")

    def __init__(self, name: str, function: Callable[..., Any], arguments: Mapping[str, Any]) -> None:
        self.name = name
        self.function = function
        self.arguments = dict(arguments)


class _Request:
    """pytest's request; what is to be done at the end is the run's."""

    def __init__(self, request: Any, stack: AsyncExitStack) -> None:
        self._request = request
        self._stack = stack

    def __getattr__(self, name: str) -> Any:
        return getattr(self._request, name)

    def addfinalizer(self, finalizer: Callable[[], object]) -> None:
        """As pytest's."""
        self._stack.callback(finalizer)


def is_async(function: object) -> bool:
    """Whether a fixture's function is made to be awaited.

    Args:
        function: of the fixture.
    """
    return inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function)


@contextmanager
def put_off(fixture: Any, request: Any, *, running: bool) -> Iterator[None]:
    """While in this context, pytest sets up a fixture of an explored test: a `Later` where that must wait for the run.

    Args:
        fixture: pytest's definition, of scope `function`.
        request: pytest's.
        running: whether the test is being explored already.

    Raises:
        InputError: it must wait, and the test is running.
    """
    real = fixture.func
    bound = real
    if request.instance is not None and inspect.ismethod(real) and type(real.__self__) is type(request.instance):
        bound = real.__func__.__get__(request.instance)
    elif request.instance is not None and inspect.isfunction(real) and _is_method(request.instance, real):
        bound = real.__get__(request.instance)

    def later(**arguments: Any) -> Later:
        if running:
            raise InputError(f"fixture {fixture.argname!r}: {_WITHOUT_TEST}")
        return Later(fixture.argname, bound, arguments)

    must = is_async(real) or any(
        isinstance(request.getfixturevalue(name), Later) for name in fixture.argnames if name != "request"
    )
    if not must:
        yield
        return
    fixture.func = later
    try:
        yield
    finally:
        fixture.func = real


def _is_method(instance: object, function: Any) -> bool:
    return inspect.getattr_static(type(instance), function.__name__, None) is not None


def run_with(test: Callable[..., Any], arguments: Mapping[str, Any], others: Mapping[str, Any]) -> None:
    """Set up what was put off, run the test, tear down: one run.

    Args:
        test: plain or a coroutine function.
        arguments: of the test.
        others: fixtures that it has without naming them.

    Raises:
        BaseException: whatever a fixture or the test raises.
    """

    async def whole() -> None:
        async with AsyncExitStack() as stack:
            given = await _set_up(arguments, others, stack)
            await test(**given)

    if inspect.iscoroutinefunction(test):
        asyncio.run(whole())
    elif not any(isinstance(value, Later) for value in (*arguments.values(), *others.values())):
        test(**arguments)
    else:
        with asyncio.Runner() as runner:
            stack = AsyncExitStack()
            try:
                given = runner.run(_set_up(arguments, others, stack))
                test(**given)
            finally:
                runner.run(stack.aclose())


async def _set_up(arguments: Mapping[str, Any], others: Mapping[str, Any], stack: AsyncExitStack) -> dict[str, Any]:
    made: dict[int, Any] = {}
    for value in others.values():
        await _made(value, made, stack)
    return {name: await _made(value, made, stack) for name, value in arguments.items()}


async def _made(value: Any, made: dict[int, Any], stack: AsyncExitStack) -> Any:
    """What stands there in this run; each fixture is set up once, and torn down after those made from it."""
    if not isinstance(value, Later):
        return value
    if id(value) in made:
        return made[id(value)]
    arguments = {name: await _made(argument, made, stack) for name, argument in value.arguments.items()}
    if "request" in arguments:
        arguments["request"] = _Request(arguments["request"], stack)
    found = value.function(**arguments)
    if inspect.isasyncgen(found):
        generator = found
        found = await anext(generator)
        stack.push_async_callback(_end_async, value.name, generator)
    elif inspect.isgenerator(found):
        plain = found
        found = next(plain)
        stack.callback(_end, value.name, plain)
    elif inspect.iscoroutine(found):
        found = await found
    made[id(value)] = found
    return found


async def _end_async(name: str, generator: Any) -> None:
    if await anext(generator, generator) is not generator:
        raise InputError(f"fixture {name!r}: yields more than once; allowed: one yield")


def _end(name: str, generator: Any) -> None:
    if next(generator, generator) is not generator:
        raise InputError(f"fixture {name!r}: yields more than once; allowed: one yield")
