"""Timers that expire early or late: how far a run may go with it, and the clock that event loops' timers share.

Timeouts of threads and timers of loops are choices: they may expire while others could go on, as on a machine that was
late. Two bounds keep that from becoming an unfair scheduler's doing. An actor without a body, the clock, stands for the
next timer of all loops.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable
from typing import Final

from futurefuzz.control.actors import Actor
from futurefuzz.control.scheduler import Control
from futurefuzz.explorers.base import Explorer, Step

__all__ = ["LateControl"]

#: virtual seconds by which a machine may be late: a timer that far ahead is no choice yet
_LATENESS: Final = 30.0
#: timers that may expire, one after another, while somebody who could go is not let go: more of them would be an
#: unfair scheduler's doing, not a late machine's (a thread that polls with a timeout would keep all others away)
_PASSED_BY: Final = 20


class LateControl(Control):
    """As `Control`, with bounds on lateness and with timers of event loops."""

    def __init__(
        self,
        explorer: Explorer,
        *,
        step_bound: int,
        record: bool,
        on_idle: Callable[[], bool],
        choices: list[int] | None,
        steps: list[Step] | None,
        timers_are_choices: bool,
    ) -> None:
        super().__init__(
            explorer,
            step_bound=step_bound,
            record=record,
            choices=choices,
            steps=steps,
            on_idle=on_idle,
            timers_are_choices=timers_are_choices,
        )
        self._clock: Actor | None = None
        self._firings = 0  # of timeouts and timers
        self._ran: dict[int, int] = {}  # how many there had been when an actor last went, or could go
        self._timers: list[tuple[float, int]] = []  # (when, loop): what the clock's actor stands for

    def unique(self, name: str) -> str:
        """A name that no actor has."""
        if name not in self.names:
            return name
        nth = 2
        while f"{name}#{nth}" in self.names:
            nth += 1
        return f"{name}#{nth}"

    # ---- bounds -----------------------------------------------------------------------------------------------------

    def _wake(self, index: int) -> Actor:
        waiting = len(self._timed)
        actor = super()._wake(index)
        if len(self._timed) != waiting:
            self._firings += 1
        return actor

    def unblock(self, index: int) -> None:
        """As `Control.unblock`."""
        self._ran[index] = self._firings
        super().unblock(index)

    def _candidates(self) -> list[int]:
        timed = self._timed
        if not timed:
            return self._enabled
        if not self._timers_are_choices:
            return self._enabled or [timed[0][1]]
        firings, ran, current = self._firings, self._ran, self.current
        for index in self._enabled:
            if index != current and firings - ran.setdefault(index, firings) >= _PASSED_BY:
                return self._enabled
        latest = (self.time if self._enabled else timed[0][0]) + _LATENESS
        return self._enabled + [index for when, index in timed if when <= latest]

    # ---- the clock --------------------------------------------------------------------------------------------------

    def set_timer(self, loop: int, when: float | None) -> None:
        """The next timer of a loop that has other things to do: it may become due before these are done."""
        self._timers = [entry for entry in self._timers if entry[1] != loop]
        if when is not None and when > self.time:
            insort(self._timers, (when, loop))
        self._wind_clock()

    def _wind_clock(self) -> None:
        clock = self._clock
        if clock is None:
            if not self._timers:
                return
            clock = self._clock = Actor(len(self._actors), self.unique("the clock"), lambda: None)
            clock.done = True  # nobody carries it, waits for it or unwinds it
            self._actors.append(clock)
            self.names.append(clock.name)
            self.pending.append(None)
            self.wanted.append(None)
        index = clock.index
        self._timed = [entry for entry in self._timed if entry[1] != index]
        if index in self._enabled:
            self._enabled.remove(index)
        if self._timers:
            insort(self._timed, (self._timers[0][0], index))

    def _tick(self) -> None:
        """The clock was chosen, and `_wake` has moved the time."""
        self._timers = [entry for entry in self._timers if entry[0] > self.time]
        self._wind_clock()

    def _after_tick(self, me: Actor) -> Actor:
        """Time has moved at a point of an actor: who goes on there?"""
        candidates = self._candidates()
        event = self.pending[me.index]
        if self.steps is not None:
            chosen = self._step(me.index, "clock", event, candidates)
        else:
            chosen = self._ask(me.index, candidates)
        actor = self._wake(chosen)
        if actor is self._clock:
            self._tick()
            return self._after_tick(me)
        return actor
