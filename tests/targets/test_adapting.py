"""Targets out of classes and factories."""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
from asyncio import futures, tasks
from typing import Any

import pytest

from futurefuzz.errors import InputError
from futurefuzz.targets.adapting import adapt
from tests.runs.told import directed, op, program


class Whole(asyncio.Future):  # type: ignore[type-arg]
    pass


class Named(concurrent.futures.Future):  # type: ignore[type-arg]
    def __init__(self, name: str) -> None:
        super().__init__()


class Less:
    """A future by looks, without some methods."""

    def __init__(self) -> None:
        self.result = self.done = self.cancel = lambda: None


class Raises:
    def __init__(self) -> None:
        raise ValueError("not today")


async def late(loop: Any) -> Any:
    """A factory that would have to be awaited."""
    return loop.create_future()


@pytest.mark.parametrize("made", [asyncio.Future, futures._PyFuture, Whole, lambda loop: loop.create_future()])  # type: ignore[attr-defined]
def test_classes_and_factories_of_asyncio_futures(made: Any) -> None:
    """A class gets the loop by its name, a function as its argument; nothing is lacking."""
    target = adapt(made, "asyncio", "mine", "m:made")
    assert (target.shape, target.lacks) == ("future", frozenset())
    run = directed(program(("task", ["await", "result"]), ("thread", [op("set_result", via="post")])), target)
    assert run.status == "completed"


@pytest.mark.parametrize("made", [asyncio.Task, tasks._PyTask, type("Mine", (asyncio.Task,), {})])  # type: ignore[attr-defined]
def test_subclasses_of_task_become_tasks_over_a_gate(made: Any) -> None:
    """What resolves them is what their coroutine awaits."""
    target = adapt(made, "asyncio", "mine", "m:made")
    assert target.shape == "task"
    run = directed(program(("task", ["await"]), ("thread", [op("set_result", via="post")])), target)
    assert run.status == "completed"


def test_a_class_of_concurrent_futures_needs_no_arguments() -> None:
    """As `concurrent.futures.Future` does."""
    assert adapt(concurrent.futures.Future, "concurrent", "mine", "m:F").lacks == frozenset()


def test_what_has_no_method_is_lacking() -> None:
    """The generator will not draw it."""
    assert adapt(Less, "concurrent", "mine", "m:Less").lacks == {
        "add_done_callback",
        "cancelled",
        "exception",
        "running",
        "set_exception",
        "set_result",
        "set_running",
    }


@pytest.mark.parametrize(
    ("what", "contract", "said"),
    [
        (Named, "concurrent", "m:x: cannot be called as Named(): missing a required argument: 'name'; allowed: no arg"),
        (Named, "asyncio", "m:x: cannot be called as Named(loop=loop): "),
        (lambda: None, "asyncio", "cannot be called as <lambda>(loop): too many positional arguments"),
        (object, "concurrent", "m:x: makes a object, which is no future: it has no done, result; allowed: what has"),
        (Raises, "concurrent", "m:x: making a future raised ValueError: not today"),
        (late, "asyncio", "makes a coroutine"),
        (7, "asyncio", "m:x: is of type int; allowed: a class, a factory, or"),
        (asyncio.Future, "bridge", "can claim asyncio or concurrent, not 'bridge'"),
    ],
)
def test_what_makes_no_futures_is_refused(what: Any, contract: str, said: str) -> None:
    """In one line that says what would be right."""
    with pytest.raises(InputError, match=re.escape(said)):
        adapt(what, contract, "mine", "m:x")


@pytest.mark.parametrize(
    ("what", "contract", "inherits"),
    [
        (Whole, "asyncio", "asyncio.Future"),
        (lambda loop: Whole(loop=loop), "asyncio", "asyncio.Future"),
        (type("Mine", (futures._PyFuture,), {}), "asyncio", "asyncio.PyFuture"),  # type: ignore[attr-defined]
        (type("Mine", (asyncio.Task,), {}), "asyncio", "asyncio.Task"),
        (concurrent.futures.Future, "concurrent", "concurrent.Future"),
        (Less, "concurrent", ""),
    ],
)
def test_what_is_known_of_a_class_is_known_of_its_subclasses(what: Any, contract: str, inherits: str) -> None:
    """Its bugs come with it."""
    assert adapt(what, contract, "mine", "m:x").inherits == inherits
