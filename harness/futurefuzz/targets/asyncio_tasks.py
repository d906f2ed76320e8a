"""`asyncio.Task`, C and Python: a future whose outcome comes from a coroutine that awaits a gate."""

from __future__ import annotations

import asyncio
from asyncio import futures, tasks
from collections.abc import Callable
from typing import Any

from futurefuzz.targets.base import Sides, Target, register

__all__ = ["C_TASK", "PYTHON_TASK", "maker"]


async def _body(gate: Any) -> Any:
    return await gate


def maker(
    future_class: Callable[..., Any], task_class: Callable[..., Any]
) -> tuple[Callable[..., Sides], Callable[..., Sides]]:
    """What makes a task over a gate, and over something that stands in for the gate."""

    def make(loop: asyncio.AbstractEventLoop) -> Sides:
        gate = future_class(loop=loop)
        return Sides(gate, task_class(_body(gate), loop=loop))

    def make_over(loop: asyncio.AbstractEventLoop, foreign: Callable[[Any], Any]) -> Sides:
        gate = future_class(loop=loop)
        return Sides(gate, task_class(_body(foreign(gate)), loop=loop))

    return make, make_over


def _dispose(sides: Sides) -> None:
    task = sides.observer
    task.get_loop()  # refuses what was never initialised, of which C reads a coroutine that is not there up to 3.12
    task.get_coro().close()


_new_c_task, _new_c_task_over = maker(futures._CFuture, tasks._CTask)  # type: ignore[attr-defined]
_new_python_task, _new_python_task_over = maker(futures._PyFuture, tasks._PyTask)  # type: ignore[attr-defined]

C_TASK = register(
    Target(
        name="asyncio.Task",
        contract="asyncio",
        new_future=_new_c_task,
        new_over=_new_c_task_over,
        shape="task",
        dispose=_dispose,
        description="asyncio.Task as it comes (C), over a coroutine that awaits a C future",
    )
)

PYTHON_TASK = register(
    Target(
        name="asyncio.PyTask",
        contract="asyncio",
        new_future=_new_python_task,
        new_over=_new_python_task_over,
        shape="task",
        task_class=tasks._PyTask,  # type: ignore[attr-defined]
        dispose=_dispose,
        description="asyncio.tasks._PyTask over a coroutine that awaits a Python future",
    )
)
