"""Who waits for what when a run is over that did not complete, and who looks at its event loops meanwhile."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

from futurefuzz.control.actors import Actor
from futurefuzz.control.places import coroutine_line, line_of, lines_of

if TYPE_CHECKING:
    from futurefuzz.control.whole import WholeControl

__all__ = ["LoopObserver", "Outside", "Sleeper", "Waiting", "waiting_now"]


class Sleeper(Protocol):
    """Waits for descriptors; a selector."""

    def watches(self) -> bool:
        """Whether there is a descriptor to wait for."""

    def ready(self) -> bool:
        """Whether one is ready now."""


class LoopObserver(Protocol):
    """Looks at the event loops of a run; nothing of the run depends on it."""

    def goes_round(self, loop: Any, actor: str, now: float) -> None:
        """A loop is about to ask its selector; what an iteration before has left is in its ready queue."""

    def sleeps(self, seconds: float, frame: FrameType) -> None:
        """The current actor is about to sleep; perhaps inside of a callback."""

    def waits(self, loop: Any, tasks: Sequence[Any]) -> None:
        """Nobody can go on, and these tasks of a loop are not done."""


@dataclass(frozen=True, kw_only=True)
class Waiting:
    """Who waits for what when a run is over that did not complete.

    Args:
        actor: its name.
        resource: what it waits for, in words.
        place: `file:line in function` of the user's code.
        holder: the actor that holds the resource, where that is known.
        stack: all frames but ours, innermost first.
        tasks: of a waiting event loop: (name of the task, where it stands).
    """

    actor: str
    resource: str
    place: str
    holder: str | None
    stack: tuple[str, ...]
    tasks: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, kw_only=True)
class Outside:
    """Somebody was blocked, or computed, where the control has no say.

    Args:
        actor: its name.
        place: `file:line in function`.
        what: `blocked` or `computing`.
    """

    actor: str
    place: str
    what: str


def waiting_now(control: WholeControl, actors: Iterable[Actor]) -> list[Waiting]:
    """What each of these actors of a run waits for, as it is now."""
    frames: dict[int, FrameType] = sys._current_frames()
    found = []
    for actor in actors:
        frame = frames.get(actor.ident)
        owner = getattr(actor.resource, "_owner", -1)
        blocks_itself = owner == actor.index
        found.append(
            Waiting(
                actor=actor.name,
                resource="nothing: it could go on" if actor.resource is None else control._described(actor),
                place=line_of(frame),
                holder=control.names[owner] if owner >= 0 and not blocks_itself else None,
                stack=lines_of(frame),
                tasks=_tasks(control, actor.index),
            )
        )
    return found


def _tasks(control: WholeControl, index: int) -> tuple[tuple[str, str], ...]:
    loop = control.loops.get(index)
    if loop is None:
        return ()
    import asyncio  # only programs with a loop come here

    tasks = [task for task in asyncio.all_tasks(loop) if not task.done()]
    if control.observer is not None:
        control.observer.waits(loop, tasks)
    found = [(task.get_name(), coroutine_line(task.get_coro())) for task in tasks]
    return tuple(sorted(found))
