"""What `futurefuzz.watch` costs a program: the same work in the same loop, watched and not, as a ratio.

Three kinds of work, the most expensive for a watch first: callbacks that do nothing, tasks that do nothing but let
others go, and an echo server on the loopback with its client (32 connections, 64 bytes a message).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import nullcontext
from importlib import import_module
from typing import Any

from futurefuzz.health import watch
from tests.benchmarks.measuring import arguments, pin, rounds

__all__ = ["compare"]

CALLBACKS = 2000


async def _callbacks() -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()

    def again(left: int) -> None:
        if left:
            loop.call_soon(again, left - 1)
        else:
            done.set_result(None)

    again(CALLBACKS)
    await done


async def _tasks() -> None:
    async def goes_on() -> None:
        for _ in range(CALLBACKS // 20):
            await asyncio.sleep(0)

    await asyncio.gather(*(goes_on() for _ in range(20)))


async def _echo() -> None:
    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(64):
            writer.write(data)
            await writer.drain()
        writer.close()

    async def ask(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(20):
            writer.write(b"x" * 64)
            await reader.readexactly(64)
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        await asyncio.gather(*(ask(port) for _ in range(32)))


def compare(count: int = 3, repeat: int = 7, uvloop: int = 0) -> dict[str, tuple[float, float]]:
    """By kind of work: microseconds without and with a watch; with `uvloop`, of its loop."""
    loop = import_module("uvloop").new_event_loop() if uvloop else asyncio.new_event_loop()

    def run(work: Callable[[], Any], watched: bool) -> Callable[[], object]:
        def once() -> None:
            with watch(loop) if watched else nullcontext():
                loop.run_until_complete(work())

        return once

    candidates: dict[str, Callable[[], object]] = {}
    kinds = {"callbacks": _callbacks, "tasks": _tasks, "echo": _echo}
    for name, work in kinds.items():
        candidates[name] = run(work, False)
        candidates[f"{name}, watched"] = run(work, True)
    try:
        times = rounds(candidates, count=count, repeat=repeat)
    finally:
        loop.close()
    return {name: (times[name], times[f"{name}, watched"]) for name in kinds}


def main() -> None:
    """Print microseconds and ratios."""
    pin()
    for name, (plain, watched) in compare(**arguments(__doc__, count=3, repeat=7, uvloop=0)).items():
        print(f"{name:10s} {plain:10.0f} us   watched {watched:10.0f} us   {watched / plain:5.2f} times")  # noqa: T201


if __name__ == "__main__":
    main()
