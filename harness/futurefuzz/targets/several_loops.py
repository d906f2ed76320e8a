"""Futures of several event loops, and asyncio's own ways from one loop to another."""

from __future__ import annotations

import asyncio

from attrs import evolve

from futurefuzz.targets.base import Crossing, Target, register

__all__ = ["FUTURES", "PY_FUTURES"]

FUTURES = register(
    Target(
        name="asyncio.loops",
        contract="loops",
        new_future=lambda loop: asyncio.Future(loop=loop),
        inherits="asyncio.Future",
        crossing=Crossing(submit=asyncio.run_coroutine_threadsafe, wrap=asyncio.wrap_future),
        description="futures of several loops, reached by run_coroutine_threadsafe, wrap_future, call_soon_threadsafe",
    )
)

PY_FUTURES = register(
    evolve(
        FUTURES,
        name="asyncio.pyloops",
        inherits="asyncio.PyFuture",
        new_future=lambda loop: asyncio.futures._PyFuture(loop=loop),  # type: ignore[attr-defined]
        description="the same with asyncio's Python Future",
    )
)
