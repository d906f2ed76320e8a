"""`asyncio.Future`: the C implementation, and the Python one that it must agree with."""

from __future__ import annotations

import asyncio
from asyncio import futures, tasks
from typing import Any

from futurefuzz.targets.base import Target, register

__all__ = ["C_FUTURE", "PYTHON_FUTURE"]


def _c_future(loop: asyncio.AbstractEventLoop) -> Any:
    return futures._CFuture(loop=loop)  # type: ignore[attr-defined]


def _python_future(loop: asyncio.AbstractEventLoop) -> Any:
    return futures._PyFuture(loop=loop)  # type: ignore[attr-defined]


C_FUTURE = register(
    Target(
        name="asyncio.Future",
        contract="asyncio",
        new_future=_c_future,
        description="asyncio.Future as it comes: the C implementation",
    )
)

PYTHON_FUTURE = register(
    Target(
        name="asyncio.PyFuture",
        contract="asyncio",
        new_future=_python_future,
        task_class=tasks._PyTask,  # type: ignore[attr-defined]
        description="asyncio.futures._PyFuture, awaited by Python tasks",
    )
)
