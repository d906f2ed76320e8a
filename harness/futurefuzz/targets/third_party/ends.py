"""Which operations make sense at the ends of a bridge, for the shapes that occur more than once."""

from __future__ import annotations

from typing import Any, Final

from attrs import frozen

from futurefuzz.targets.base import Sides

__all__ = ["INTO_LOOP", "ON_LOOP", "ON_THREADS", "OUT_OF_LOOP", "RESOLVER", "Awaited", "wait_for"]

#: threads resolve a concurrent future,
INTO_LOOP: Final = frozenset(
    {"set_result", "set_exception", "cancel", "set_running", "running"}
    | {"result", "exception", "done", "cancelled", "repr"}
)
#: what the resolving end alone has, then
RESOLVER: Final = frozenset({"set_result", "set_exception", "running", "set_running"})
#: and the loop awaits an asyncio future, whose cancellation does not go back
ON_LOOP: Final = frozenset(
    {"add_done_callback", "remove_done_callback", "result", "exception", "done", "cancelled"}
    | {"await", "yield", "repr", "collect"}
)
#: the loop resolves a gate,
OUT_OF_LOOP: Final = frozenset(
    {"set_result", "set_exception", "cancel", "add_done_callback", "done", "cancelled", "running"}
    | {"yield", "repr", "collect"}
)
#: and threads wait for a concurrent future
ON_THREADS: Final = frozenset(
    {"set_result", "set_exception", "cancel", "add_done_callback", "result", "exception", "done", "cancelled"}
    | {"running", "repr"}
)


async def wait_for(gate: Any) -> Any:
    """The body of a task whose outcome is the gate's."""
    return await gate


@frozen
class Awaited(Sides):
    """Sides with what else a run must take apart.

    Args:
        held: closed, or stopped, by the target's `dispose`.
    """

    held: Any
