"""The control of whole programs: threads come and go, wait for descriptors, and may block where we have no say.

It differs from `Control`, whose actors are all our own, in four things.

* *Outside.* An actor that is blocked in C code (a lock that we do not know, a socket) or that computes without end
  keeps the baton from the others. The watchdog takes it away: the actor is then *outside*, others go on, and when it
  comes back (its next point) it waits for its turn.
* *Descriptors.* Actors that wait in a selector are asked for when somebody blocks; when nobody can go on and
  descriptors are watched, the control really waits for them, for a bounded time.
* *The clock.* Timers of event loops are choices as timeouts of threads are (`lateness`).
* *Places.* In recorded runs a point is named by what is done and where in the user's code.
"""

from __future__ import annotations

import _thread
import sys
import time
from bisect import insort
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.control import carriers
from futurefuzz.control.actors import Abort, Actor, Occupied
from futurefuzz.control.lateness import LateControl
from futurefuzz.control.places import is_ours, line_of, place_of
from futurefuzz.control.waiting import LoopObserver, Outside, Sleeper, Waiting, waiting_now
from futurefuzz.explorers.base import Explorer, Pending, Step

__all__ = ["EPOCH", "WholeControl"]

#: `time.time()` at the start of every run: the same in each, or a run would not be repeatable
EPOCH: Final = 1_750_000_000.0

_get_ident: Final = _thread.get_ident
_real_monotonic: Final = time.monotonic
_real_sleep: Final = time.sleep
_real_lock: Final = _thread.allocate_lock

#: how long a run waits for real descriptors, and for threads that are blocked outside, when nobody can go on
_PATIENCE: Final = 3.0
#: real seconds that a descriptor is given before virtual time moves on without it; Linux may keep small packets of a
#: loopback connection for 40 ms (Nagle's algorithm and delayed acknowledgements)
_GRACE: Final = 0.1
_SLICE: Final = 0.002


class WholeControl(LateControl):
    """As `Control`, for a whole program.

    Args:
        explorer, step_bound, record, choices, steps, timers_are_choices: as in `Control`.
        patience: real seconds to wait for what is outside when nobody can go on.

    Attributes:
        waiting: after a run that did not complete, who waited for what.
        external: who was blocked outside, in order.
        finished: the program is over and daemons are being unwound.
        at_exit: what is to be called when the program ends.
        unwound: there were daemons to unwind.
    """

    def __init__(
        self,
        explorer: Explorer,
        *,
        step_bound: int,
        record: bool,
        choices: list[int] | None = None,
        steps: list[Step] | None = None,
        patience: float = _PATIENCE,
        timers_are_choices: bool = True,
    ) -> None:
        super().__init__(
            explorer,
            step_bound=step_bound,
            record=record,
            choices=choices,
            steps=steps,
            on_idle=self._wait_outside,
            timers_are_choices=timers_are_choices,
        )
        self.waiting: list[Waiting] = []
        self.external: list[Outside] = []
        self.finished = False
        self.unwound = False
        self.by_ident: dict[int, Actor] = {}
        self.holder = 0
        self.sleepers: dict[int, Sleeper] = {}
        self.loops: dict[int, Any] = {}
        self.made_loops: list[Any] = []
        self.counts: dict[str, int] = {}
        self.time_of_day = EPOCH  # when the run's clock shows 0
        self.looks: dict[int, tuple[int, float]] = {}
        self.spinning: dict[int, float] = {}
        self.ends: dict[int, Any] = {}
        self.awaited: list[Any] = []
        self.at_exit: list[tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]] = []
        self.on_start: Callable[[], None] | None = None
        self.on_end: Callable[[], None] | None = None
        self.on_failure: Callable[[Any, BaseException], None] | None = None
        self.observer: LoopObserver | None = None
        self.interrupt_main: Callable[[], None] | None = None
        self._patience = patience
        self._arrivals: list[int] = []
        self._gate = _real_lock()
        self._outside = 0
        self._borrowed: list[carriers.Borrowed] = []

    # ---- names ------------------------------------------------------------------------------------------------------

    def number(self, what: str) -> int:
        """1 for the first of its kind in this run, and so on."""
        count = self.counts[what] = self.counts.get(what, 0) + 1
        return count

    def ident_of(self, index: int) -> int:
        """The thread that carries an actor, even before it begins."""
        carrier = self._actors[index].carrier
        return 0 if carrier is None else carrier.ident

    # ---- who holds the baton ----------------------------------------------------------------------------------------

    def _carrier(self) -> carriers.Carrier:
        carrier = carriers.Borrowed(carriers.take_clean())
        self._borrowed.append(carrier)
        return carrier

    def give_threads_back(self) -> None:
        """When the run is over, and nothing of the process is its own any more."""
        for carrier in self._borrowed:
            carrier.give_back()

    def _carry(self, actor: Actor) -> bool:
        actor.ident = self.holder = _get_ident()
        self.by_ident[actor.ident] = actor
        return super()._carry(actor)

    def _resume(self, actor: Actor) -> None:
        self.holder = actor.ident
        self._ran[actor.index] = self._firings
        super()._resume(actor)

    def _hand_over(self, me: Actor, other: Actor) -> None:
        if other is self._clock:
            self._tick()
            other = self._after_tick(me)
            if other is me:
                self._me, self.current, self.holder = me, me.index, me.ident
                return
        self.holder = other.ident
        self._ran[other.index] = self._firings
        if other.started:  # as in `Control._hand_over`
            self._me = other
            self.current = other.index
            other.lock.release()
        else:
            super()._resume(other)
        me.lock.acquire()

    def settle(self) -> None:
        """Make sure that the calling actor holds the baton: one that was outside waits for its turn here."""
        ident = _get_ident()
        if ident != self.holder:
            self._come_back(ident)

    def _come_back(self, ident: int) -> bool:
        actor = self.by_ident.get(ident)
        if actor is None:
            return False  # a thread that is none of the run's
        with self._gate:
            if actor.done or (self._me is None and self.aborting):
                raise Abort
            if not actor.outside:
                return True
            self._arrivals.append(actor.index)
        actor.lock.acquire()
        if actor.done:
            raise Abort
        return True

    def _admit(self) -> None:
        arrivals = self._arrivals
        while arrivals:
            index = arrivals.pop(0)
            actor = self._actors[index]
            if actor.outside:
                actor.outside = False
                actor.resource = None
                self._outside -= 1
                insort(self._enabled, index)

    def declare_outside(self, ident: int, count: int, what: str) -> bool:
        """The watchdog's verdict: the holder of the baton is blocked where we have no say. Others go on.

        Args:
            ident: the thread that it found.
            count: how many points the run had then.
            what: `blocked` or `computing`.

        Returns:
            Whether the baton was taken; not when the thread has moved meanwhile.
        """
        with self._gate:
            me = self._me
            if self.holder != ident or self.count != count or me is None or me.done or me.ident != ident:
                return False
            self.holder = 0  # from here on it stops at its next point ...
            frame = sys._current_frames().get(ident)
            if frame is None or is_ours(frame):  # ... unless it is already there
                self.holder = ident
                return False
            place = line_of(frame)
            self.external.append(Outside(actor=me.name, place=place, what=what))
            me.outside = True
            self._outside += 1
            me.resource = f"something outside of our control ({what})"
            self.pending[me.index] = None
            if me.index in self._enabled:
                self._enabled.remove(me.index)
            self._me = None  # `current` stays: it says that the run goes on
        self._resume(self._next(me.index, "outside"))
        return True

    # ---- points -----------------------------------------------------------------------------------------------------

    def point(self, event: Pending, wanted: Occupied | None = None) -> None:
        """As `Control.point`; one that was outside waits for the baton first."""
        ident = _get_ident()
        if ident != self.holder and not self._come_back(ident):
            return
        if self._arrivals:
            self._admit()
        if self.sleepers and not self.aborting:
            self._poll()
        me = self._me
        if self.aborting or self.steps is not None or self.count >= self._bound or me is None:
            self._rare_point(event)
            return
        # From here on as in `Control.point`, without calls: nothing else happens as often.
        self.count += 1
        index = me.index
        self.pending[index] = event
        if self._timed:
            candidates = self._candidates()
        elif len(self._enabled) > 1:
            candidates = self._enabled
        else:
            return
        chosen = self._ask(index, candidates)
        if chosen == index:
            return
        other = self._wake(chosen) if self._timed else self._actors[chosen]
        if self.wanted[chosen] is not None:
            other = self._instead_of(other)
        if other is me:
            return
        if wanted is None:
            self._hand_over(me, other)
        else:
            self.wanted[index] = wanted
            self._hand_over(me, other)
            self.wanted[index] = None
            if me.resource is not None:  # blocked meanwhile, in its name
                me.resource = None
                wanted._waiters.remove(index)
        if self.aborting:
            self._abort(me, event.kind)  # type: ignore[unreachable]  # set by whoever ran meanwhile

    def _rare_point(self, event: Pending) -> None:
        if self.count >= self._bound and not self.aborting:
            self.note_waiting(everybody=True)
        if self.steps is not None and type(event) is Pending:
            event = Pending(f"{event.kind} {event.resource} at {place_of(sys._getframe(2))}", *event[1:])
        super().point(event)

    def block(self, resource: object, kind: str = "wait", timeout: float | None = None) -> bool:
        """As `Control.block`; one that was outside waits for the baton first."""
        self.settle()
        if self.observer is not None and kind == "sleep":
            self.observer.sleeps(timeout or 0.0, sys._getframe(1))
        if self.steps is not None:
            kind = f"{kind} at {place_of(sys._getframe(1))}"
        return super().block(resource, kind, timeout)

    def _next(self, index: int, kind: str) -> Actor:
        while True:
            if self.aborting:
                return self._next_to_unwind()
            if self._arrivals:
                self._admit()
            if self.sleepers:
                self._poll()
            if not self._enabled and (self.sleepers or self._outside) and self._timed:
                self._give_grace()
            chosen = super()._next(index, kind)
            if self.aborting:
                continue  # type: ignore[unreachable]  # set on the way
            if chosen is self._clock:
                self._tick()
            elif self._is_vain(chosen):
                self._block_instead(chosen)
                index, kind = chosen.index, "wait"
            else:
                if chosen is self._me and self.current != chosen.index:
                    self.current = chosen.index
                    self._ran[chosen.index] = self._firings
                return chosen

    # ---- who would do nothing but block -----------------------------------------------------------------------------
    #
    # Many choices fall on a thread that will only find a lock taken. To let it see that by itself costs two hand-overs;
    # so the thread that runs does in its name what it would do: block, and ask who goes on. The explorer is asked the
    # same as ever. A recorded run takes the long way, for the sake of its steps.

    def _is_vain(self, actor: Actor) -> bool:
        wanted = self.wanted[actor.index]
        if wanted is None or not wanted._count:
            return False
        return self.steps is None and not self.sleepers and not self._outside

    def _block_instead(self, actor: Actor) -> None:
        """What `block` would do on the thread of an actor that was chosen."""
        index = actor.index
        wanted = self.wanted[index]
        if actor.resource is None and wanted is not None:
            actor.resource = wanted
            wanted._waiters.append(index)
        self.pending[index] = None
        self._enabled.remove(index)
        self._ran[index] = self._firings
        self.current = index

    def _instead_of(self, actor: Actor) -> Actor:
        """Who goes on at a point of an actor where another one was chosen."""
        if not self._is_vain(actor):
            return actor
        self._block_instead(actor)
        return self._next(actor.index, "wait")

    # ---- descriptors and what is outside ----------------------------------------------------------------------------

    def _poll(self) -> bool:
        found = False
        for index, sleeper in list(self.sleepers.items()):
            if index not in self._enabled and sleeper.ready():
                self.unblock(index)
                found = True
        return found

    def _give_grace(self) -> None:
        """Virtual time is about to move: what really goes on gets a moment, or it would always be too late."""
        end = _real_monotonic() + _GRACE
        while _real_monotonic() < end:
            _real_sleep(_SLICE)
            if self._arrivals:
                self._admit()
            if self._enabled or self._poll():
                return

    def _wait_outside(self) -> bool:
        """Nobody can go on; perhaps a descriptor becomes ready, or somebody comes back."""
        if not self.sleepers and not self._outside:
            return False
        end = _real_monotonic() + self._patience
        while _real_monotonic() < end:
            if self._arrivals:
                self._admit()
            if self._enabled or self._poll():
                return True
            if not self._outside and not any(sleeper.watches() for sleeper in self.sleepers.values()):
                return False
            _real_sleep(_SLICE)
        return False

    # ---- the end ----------------------------------------------------------------------------------------------------

    def is_last(self) -> bool:
        """Whether all other threads have ended."""
        return self._live == 1

    def finish(self) -> None:
        """The program is over; what still runs are daemons, which end as they would with the process."""
        self.finished = True
        self.unwound = self._live > 1
        self.aborting = True

    def _next_to_unwind(self) -> Actor:
        end = _real_monotonic() + self._patience
        while True:
            if self._arrivals:
                self._admit()
            rest = [actor for actor in self._actors if not actor.done]
            for actor in rest:
                if not actor.outside:
                    return actor
            if not rest:
                return self._actors[0]
            main = rest[0] if rest[0].index == 0 else None
            if main is not None and self.interrupt_main is not None:
                self.interrupt_main()
            if main is None and (self.finished or _real_monotonic() > end):
                with self._gate:
                    for actor in rest:  # it never came back: leave it behind
                        actor.done = True
                        self._live -= 1
                return self._actors[0]
            _real_sleep(_SLICE)

    def _stuck(self) -> None:
        self.note_waiting()
        super()._stuck()

    def note_waiting(self, *, everybody: bool = False) -> None:
        """Write down who waits for what, as it is now."""
        actors = [actor for actor in self._actors if not actor.done and (everybody or actor.resource is not None)]
        self.waiting = waiting_now(self, actors)
