"""What stands between a program and its loop: posted operations, and the loop whose methods call out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from futurefuzz.control.loop import VirtualLoop
from futurefuzz.explorers.base import Pending
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import LOOP

if TYPE_CHECKING:
    from futurefuzz.runs.acting import Acting
    from futurefuzz.runs.world import World

__all__ = ["AskedLoop", "Posted", "RunLoop"]

_DEBUG: Final = Pending("get_debug", "loop", False)
_CALL_SOON: Final = Pending("call_soon", "loop", True)
_LOOP_ATTRIBUTE: Final = Pending("loop-attribute", "loop", False)
#: what futures, tasks and handles look up on a loop
_ASKED: Final = frozenset({"call_soon", "get_debug", "call_exception_handler"})


class Posted:
    """An operation on its way from an actor to the loop, through `call_soon_threadsafe`."""

    __slots__ = ("actor", "operation", "site", "world")

    def __init__(self, world: Acting, operation: Operation, site: str, actor: int) -> None:
        self.world = world
        self.operation = operation
        self.site = site
        self.actor = actor

    def __call__(self) -> None:
        """The loop has come to it."""
        self.world.perform_posted(self)

    def __repr__(self) -> str:
        return f"<posted {self.operation.name} of {self.site}>"


class RunLoop(VirtualLoop):
    """The virtual loop; its methods that C code calls are call-outs of the run."""

    world: World | None = None
    timers_are_actors = True

    def call_soon(self, callback: Any, *args: Any, context: Any = None) -> asyncio.Handle:  # type: ignore[override]
        """As asyncio's; a call-out of whatever schedules something."""
        if self.world is not None:
            self.world.callout(_CALL_SOON)
        return asyncio.BaseEventLoop.call_soon(self, callback, *args, context=context)

    def _spawn(self, name: str, body: Callable[[], None]) -> int:
        return self.control.spawn(name, body) if self.world is None else self.world.spawn(name, body, LOOP)

    def get_debug(self) -> bool:
        """As asyncio's; a call-out of futures, tasks and handles when they are made."""
        if self.world is not None:
            self.world.callout(_DEBUG)
        return self._debug  # type: ignore[attr-defined,no-any-return]


class AskedLoop(RunLoop):
    """Such a loop that calls out when one of its methods is looked up, before anybody calls it."""

    def __getattribute__(self, name: str) -> Any:
        if name in _ASKED:
            world = object.__getattribute__(self, "world")
            if world is not None:
                world.callout(_LOOP_ATTRIBUTE)
        return super().__getattribute__(name)
