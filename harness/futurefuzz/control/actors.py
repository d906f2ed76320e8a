"""The words of a control: who takes turns, what they wait for, and what unwinds them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from futurefuzz.control import carriers
from futurefuzz.control.gates import closed_gate

__all__ = ["Abort", "Actor", "Blocked", "Occupied"]


class Abort(BaseException):
    """Raised inside an actor to unwind it when a run ends before the actor does. Code under test must let it pass."""


class Blocked:
    """Who waits for what, since where; made when a run is stuck.

    Args:
        actor: name of the actor.
        resource: what it waits for, as it was at that moment.
        place: where in the program it stands.
    """

    __slots__ = ("actor", "place", "resource")

    def __init__(self, actor: str, resource: str, place: str) -> None:
        self.actor = actor
        self.resource = resource
        self.place = place


class Occupied(Protocol):
    """What one has or waits for: a lock, the end of a thread.

    Attributes:
        _count: not 0 as long as nobody else can have it.
        _waiters: who is blocked on it.
    """

    _count: int
    _waiters: list[int]


class Actor:
    """One of those that take turns, with the lock that suspends its thread."""

    __slots__ = (
        "aborts",
        "body",
        "carrier",
        "done",
        "expired",
        "ident",
        "index",
        "lock",
        "name",
        "outside",
        "resource",
        "started",
    )

    def __init__(self, index: int, name: str, body: Callable[[], None]) -> None:
        self.index = index
        self.name = name
        self.body = body
        self.carrier: carriers.Carrier | None = None
        self.lock = closed_gate()
        self.started = False
        self.done = False
        self.expired = False
        self.aborts = 0
        self.resource: object = None
        self.ident = 0  # of the thread that carries it, where somebody needs to know
        self.outside = False  # blocked where the control has no say
