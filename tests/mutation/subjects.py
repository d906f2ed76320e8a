"""What is changed, and how a changed module becomes something to validate.

Each changed module is compiled from its tree and run under a name of its own; nothing of the standard library is
touched. It imports what its original imports, so that a changed Future is awaited by the tasks that there are.
"""

from __future__ import annotations

import ast
import asyncio
import concurrent.futures
import inspect
import sys
import types
from asyncio import futures, tasks
from collections.abc import Callable, Mapping
from concurrent.futures import _base
from functools import cache
from types import ModuleType
from typing import Any, Final

from attrs import evolve, frozen

from futurefuzz.targets import find
from futurefuzz.targets.base import Compound, Sides, Target
from futurefuzz.targets.groups import ThreadChild, in_order
from tests.mutation.operators import Mutation, mutations

__all__ = ["SUBJECTS", "Subject", "target_of"]

Maker = Callable[[ModuleType, str], Target]


@frozen(kw_only=True)
class Subject:
    """Code that is changed.

    Args:
        name: of the subject.
        module: where the code is.
        scopes: qualified names of functions and classes.
        targets: name of a target of ours -> how the same target is made of a changed module.
    """

    name: str
    module: ModuleType
    scopes: tuple[str, ...]
    targets: Mapping[str, Maker]

    def mutations(self) -> list[Mutation]:
        """All changes, in the order of the source."""
        return mutations(_tree(self.module), self.scopes)

    def loaded(self, mutation: Mutation | None) -> ModuleType:
        """The module with that change; None: as it is, but loaded in the same way."""
        tree = _tree(self.module)
        return _loaded(self.module, tree if mutation is None else mutation.applied(tree))


@cache
def _tree(module: ModuleType) -> ast.Module:
    return ast.parse(inspect.getsource(module))


def _loaded(original: ModuleType, tree: ast.Module) -> ModuleType:
    name = f"changed_{original.__name__.replace('.', '_')}"
    module = ModuleType(name)
    module.__file__ = f"{name}.py"  # there is no such file; whoever puts points into code goes by its name
    module.__package__ = original.__package__
    sys.modules[name] = module  # classes ask for the module that they are in
    exec(compile(tree, module.__file__, "exec"), vars(module))  # noqa: S102  # the standard library, changed by us
    return module


def target_of(subject: Subject, mutation: Mutation | None, target: str, name: str) -> Target:
    """Something to validate.

    Args:
        subject, mutation: what, and how it is changed.
        target: one of the subject's targets.
        name: that it gets.

    Returns:
        The target, which says that it inherits from the one of ours: what is known of that one is no discovery.
    """
    return evolve(subject.targets[target](subject.loaded(mutation), target), name=name, inherits=target)


# ---- futures and tasks ----------------------------------------------------------------------------------------------


def _future(module: ModuleType, target: str) -> Target:
    def make(loop: asyncio.AbstractEventLoop) -> Any:
        return module._PyFuture(loop=loop)  # type: ignore[attr-defined]

    return evolve(find(target), new_future=make)


def _task(module: ModuleType, target: str) -> Target:
    async def body(gate: Any) -> Any:
        return await gate

    def make(loop: asyncio.AbstractEventLoop) -> Sides:
        return over(loop, lambda gate: gate)

    def over(loop: asyncio.AbstractEventLoop, foreign: Callable[[Any], Any]) -> Sides:
        gate = futures._PyFuture(loop=loop)  # type: ignore[attr-defined]
        return Sides(gate, module._PyTask(body(foreign(gate)), loop=loop))  # type: ignore[attr-defined]

    return evolve(find(target), new_future=make, new_over=over, task_class=module._PyTask)  # type: ignore[attr-defined]


def _concurrent(module: ModuleType, target: str) -> Target:
    return evolve(find(target), new_future=module.Future)  # type: ignore[attr-defined]


# ---- those who wait for several -------------------------------------------------------------------------------------


class _Waiting:
    def __init__(self, wait: Callable[[float | None], Any]) -> None:
        self.result = lambda timeout=None: wait(timeout)

    def done(self) -> bool:
        """One can always wait once more."""
        return False


def _wait(return_when: str) -> Maker:
    def make(module: ModuleType, target: str) -> Target:
        def over(children: list[ThreadChild]) -> _Waiting:
            def wait(timeout: float | None) -> Any:
                parts = module.wait(children, timeout=timeout, return_when=return_when)  # type: ignore[attr-defined]
                return [[child.number for child in children if child in part] for part in parts]

            return _Waiting(wait)

        return _group(target, over)

    return make


def _as_completed(module: ModuleType, target: str) -> Target:
    return _group(target, lambda children: _Waiting(lambda _: [one.number for one in module.as_completed(children)]))  # type: ignore[attr-defined]


def _until_timeout(module: ModuleType, target: str) -> Target:
    from futurefuzz.targets.thread_compounds import _Clock

    def over(children: list[ThreadChild]) -> _Waiting:
        def wait(timeout: float | None) -> Any:
            found: list[Any] = []
            module.time = _Clock()  # type: ignore[attr-defined]
            try:
                for child in module.as_completed(children, timeout):  # type: ignore[attr-defined]
                    found.append(child.number)
            except TimeoutError:
                found.append(TimeoutError())
            return found

        return _Waiting(wait)

    return _group(target, over)


def _group(target: str, over: Callable[[list[ThreadChild]], _Waiting]) -> Target:
    def new_group(count: int) -> list[Sides]:
        children = in_order(max(count - 1, 1))
        return [*(Sides(child, child) for child in children[: count - 1]), Compound(lambda _: over(children))]

    return evolve(find(target), new_group=new_group)


# ---- bridges --------------------------------------------------------------------------------------------------------


def _wrap_future(module: ModuleType, target: str) -> Target:
    def make(loop: asyncio.AbstractEventLoop) -> Sides:
        source: concurrent.futures.Future[Any] = concurrent.futures.Future()
        return Sides(source, module.wrap_future(source, loop=loop))  # type: ignore[attr-defined]

    return evolve(find(target), new_future=make)


def _threadsafe(module: ModuleType, target: str) -> Target:
    """Where the changed module is `futures`, with a copy of `tasks` that uses it."""
    ours = module
    if not hasattr(module, "run_coroutine_threadsafe"):
        ours = _loaded(tasks, _tree(tasks))
        ours.futures = module  # type: ignore[attr-defined]
    like = find(target)
    real = like.new_future

    def make(loop: asyncio.AbstractEventLoop) -> Any:
        globals_ = {**real.__globals__, "asyncio": types.SimpleNamespace(**_ASYNCIO, **_bridge(ours))}
        return types.FunctionType(real.__code__, globals_)(loop)

    return evolve(like, new_future=make)


_ASYNCIO: Final[dict[str, Any]] = {"Future": asyncio.Future}


def _bridge(module: ModuleType) -> dict[str, Any]:
    return {"run_coroutine_threadsafe": module.run_coroutine_threadsafe}  # type: ignore[attr-defined]


_BRIDGE: Final[dict[str, Maker]] = {
    "asyncio.wrap_future": _wrap_future,
    "asyncio.run_coroutine_threadsafe": _threadsafe,
}

SUBJECTS: Final = {
    subject.name: subject
    for subject in (
        Subject(
            name="asyncio.Future", module=futures, scopes=("Future",), targets={"asyncio.PyFuture": _future}
        ),
        Subject(name="asyncio.Task", module=tasks, scopes=("Task",), targets={"asyncio.PyTask": _task}),
        Subject(
            name="concurrent.Future", module=_base, scopes=("Future",), targets={"concurrent.Future": _concurrent}
        ),
        Subject(
            name="concurrent.wait",
            module=_base,
            scopes=(
                *("wait", "as_completed", "_create_and_install_waiters", "_yield_finished_futures"),
                *("_Waiter", "_AsCompletedWaiter", "_FirstCompletedWaiter", "_AllCompletedWaiter", "_AcquireFutures"),
            ),
            targets={
                "concurrent.wait": _wait("ALL_COMPLETED"),
                "concurrent.wait-first": _wait("FIRST_COMPLETED"),
                "concurrent.wait-exception": _wait("FIRST_EXCEPTION"),
                "concurrent.as_completed": _as_completed,
                "concurrent.as_completed-timeout": _until_timeout,
            },
        ),
        Subject(
            name="bridges",
            module=futures,
            scopes=(
                *("_convert_future_exc", "_set_concurrent_future_state", "_copy_future_state", "_chain_future"),
                *("wrap_future", "_get_loop", "_set_result_unless_cancelled"),
            ),
            targets=_BRIDGE,
        ),
        Subject(
            name="run_coroutine_threadsafe",
            module=tasks,
            scopes=("run_coroutine_threadsafe",),
            targets={"asyncio.run_coroutine_threadsafe": _threadsafe},
        ),
    )
}
