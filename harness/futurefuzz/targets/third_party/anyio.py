"""anyio: its blocking portal, through which threads start tasks on a loop."""

from __future__ import annotations

import asyncio
from typing import Any, Final

from anyio.from_thread import BlockingPortal

from futurefuzz.targets.base import Sides, Target
from futurefuzz.targets.third_party.ends import ON_THREADS, OUT_OF_LOOP, Awaited, wait_for
from futurefuzz.targets.third_party.setting_up import on_loop, on_other_thread, turn_loop

__all__ = ["TARGETS"]

#: turns of the loop that a portal gets to come up, and to stop
_TURNS: Final = 20


class _Portal(BlockingPortal):
    """A portal whose loop does not run yet when the first tasks go through it."""

    loop: asyncio.AbstractEventLoop

    def _spawn_task_from_thread(
        self, func: Any, args: tuple[Any, ...], kwargs: dict[str, Any], name: object, future: Any
    ) -> None:
        # As the original, which waits until the loop has done this; here it is the waiting thread that turns the loop.
        start = self._task_group.start_soon
        on_loop(self.loop, lambda: start(self._call_func, func, args, kwargs, future, name=name))


class _Host:
    """The task in which a portal lives, as `start_blocking_portal` runs it."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.portal: _Portal | None = None
        self.task = asyncio.Task(self._live(), loop=loop)
        while self.portal is None:
            turn_loop(loop)

    async def _live(self) -> None:
        async with _Portal() as portal:
            portal.loop = self.loop
            self.portal = portal
            await portal.sleep_until_stopped()

    def stop(self) -> None:
        assert self.portal is not None
        self.loop.create_task(self.portal.stop())
        for _ in range(_TURNS):
            if self.task.done():
                break
            turn_loop(self.loop)
        self.task._log_destroy_pending = False  # type: ignore[attr-defined]


def _started(loop: asyncio.AbstractEventLoop) -> Sides:
    gate = loop.create_future()
    host = _Host(loop)
    assert host.portal is not None
    portal = host.portal
    return Awaited(gate, on_other_thread(lambda: portal.start_task_soon(wait_for, gate)), host)


def _dispose(sides: Any) -> None:
    sides.resolver.cancel()  # so that the portal, which waits for its tasks, can end by itself
    sides.held.stop()


PORTAL: Final = Target(
    name="anyio.BlockingPortal",
    contract="bridge",
    new_future=_started,
    shape="bridge",
    thread_operations=ON_THREADS,
    loop_operations=OUT_OF_LOOP,
    dispose=_dispose,
)

TARGETS: Final = {PORTAL.name: PORTAL}
