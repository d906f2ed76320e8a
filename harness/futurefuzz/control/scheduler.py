"""One baton for many threads: who holds it runs, and an explorer chooses who gets it next.

Design. Actors run on real OS threads, of which exactly one is unlocked at any moment. Handing over means releasing
the other's raw lock and acquiring one's own (about 10 µs when the process is pinned to one core). Real threads keep
everything that CPython ties to a thread (the running loop, the current task, `threading.local`, context variables)
right for free.

Rejected: greenlets (fifty times cheaper to switch, but all of those per-thread states would have to be faked, and C
extensions see one thread); `threading.Condition` for the hand-over (half as fast, and itself among the code under
test); a central scheduler thread (two hand-overs for every switch instead of one).

The control knows points, actors and blocking; it does not know futures, loops or programs.
"""

from __future__ import annotations

import _thread
import sys
from bisect import insort
from collections.abc import Callable, Sequence
from contextvars import Context
from functools import partial
from typing import Final

from futurefuzz.control import carriers
from futurefuzz.control.actors import Abort, Actor, Blocked, Occupied
from futurefuzz.control.gates import closed_gate
from futurefuzz.control.insisting import Insistence
from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import Explorer, Pending, Step

__all__ = ["Control"]

# A target that swallows `Abort` this often will not end by itself: its thread is left behind, parked for ever; the
# calling thread's is raised at every line (`insisting`).
_ABORTS_BEFORE_PARKING: Final = 1000

#: call-outs out of which an exception cannot travel: CPython reports it as unraisable and goes on
_QUIET: Final = frozenset({"del", "weakref"})


class Control:
    """Runs actors one at a time under an explorer's choices.

    Args:
        explorer: chooses at every point where more than one actor can go on.
        step_bound: points after which the run counts as a livelock.
        record: keep a `Step` for every point (costs about a microsecond each).
        on_idle: called when nobody can go on and no timeout is pending; it may unblock somebody and return True.
        site: names where an actor (by index) stands in the program; used in recorded runs and in `blocked`.
        timers_are_choices: an actor that waits with a timeout may be chosen although others are ready, so that its
            timeout expires early: a real thread can be late by any amount. Otherwise virtual time moves on only when
            nobody is ready.
        quiet: kinds of points that a run being unwound passes without being aborted there, such as those inside C
            code, whose own error paths would otherwise be part of every unwinding.
        choices, steps: lists to append to (a caller's own list class can note each item as it comes).

    Attributes:
        current: index of the actor that runs, -1 outside the run.
        time: virtual seconds since the start.
        made: how many virtual locks were made; names the next one.
        idents: of the threads that belong to the run.
        aborting: the run is being unwound.
        wanted: by actor, what others keep it from: let go while that is occupied, it would do nothing but block.

    After `run`: `status` is `completed`, `stuck` (somebody waits for ever; see `blocked`) or `livelock`.
    """

    def __init__(
        self,
        explorer: Explorer,
        *,
        step_bound: int = 10_000,
        record: bool = False,
        on_idle: Callable[[], bool] | None = None,
        site: Callable[[int], str] | None = None,
        timers_are_choices: bool = True,
        quiet: frozenset[str] = _QUIET,
        choices: list[int] | None = None,
        steps: list[Step] | None = None,
    ) -> None:
        self.names: list[str] = []
        self.pending: list[Pending | None] = []
        self.wanted: list[Occupied | None] = []
        self.choices: list[int] = [] if choices is None else choices
        self.steps: list[Step] | None = ([] if steps is None else steps) if record else None
        self.status = "completed"
        self.blocked: list[Blocked] = []
        self.time = 0.0
        self.count = 0
        self.current = -1
        self.made = 0
        self.idents: set[int] = set()
        self.aborting = False
        self._explorer = explorer
        self._choose = explorer.choose
        self._bound = step_bound
        self._on_idle = on_idle
        self._site = site
        self._timers_are_choices = timers_are_choices
        self._quiet = quiet
        self._actors: list[Actor] = []
        self._enabled: list[int] = []
        self._timed: list[tuple[float, int]] = []
        self._me: Actor | None = None
        self._live = 0
        self._nth: dict[tuple[str, str], int] = {}
        self._key: tuple[str, str, int] = ("", "start", 1)
        self._failure: HarnessError | None = None
        self._insistence: Insistence | None = None

    # ---- what the explorer sees -------------------------------------------------------------------------------------

    def key(self) -> tuple[str, str, int]:
        """The point at which the run stands: (actor name, place, occurrence). Only in a recorded run."""
        return self._key

    # ---- actors ---------------------------------------------------------------------------------------------------

    def spawn(self, name: str, body: Callable[[], None]) -> int:
        """Add an actor before the run or from inside it; returns its index."""
        actor = Actor(len(self._actors), name, body)
        self._actors.append(actor)
        self.names.append(name)
        self.pending.append(None)
        self.wanted.append(None)
        if self._me is not None:
            actor.carrier = self._carrier()
        self._enabled.append(actor.index)
        self._live += 1
        return actor.index

    def delay(self, index: int, until: float) -> None:
        """An actor that has not started yet does so when the time has come, or at any moment before, since a timer may
        be late for everybody else: it is a choice like any other wait with a timeout.

        Args:
            index: of the actor.
            until: virtual seconds since the start of the run.
        """
        self._enabled.remove(index)
        self._actors[index].resource = "its time"
        insort(self._timed, (until, index))

    def retire(self, index: int) -> None:
        """An actor that was delayed and has not started will not start; no effect on one that has."""
        actor = self._actors[index]
        if actor.started or actor.done:
            return
        actor.done = True
        actor.resource = None
        self._live -= 1
        self._timed = [entry for entry in self._timed if entry[1] != index]
        if actor.carrier is not None:
            actor.carrier.rest()

    def run(self) -> None:
        """Run all actors to their end, or until nobody can go on. The calling thread carries the first actor.

        Raises:
            HarnessError: nothing was spawned, a thread could not be started, the explorer chose somebody who cannot
                go, or an actor's body (which is the harness's own code) let an exception out.
        """
        if not self._actors:
            raise HarnessError("a run needs at least one actor")
        first = self._actors[0]
        before = sys.gettrace()
        self._find_carriers()
        first.started = True
        start = self._next(-1, "start")
        if start is not first:
            self._hand_over(first, start)
        else:
            self._me = first
            self.current = 0
        others = self._carry(first)
        if self._insistence is not None:
            self._insistence.end(before)
        if others:
            first.lock.acquire()  # the last actor to end opens it
        self._me = None
        self.current = -1
        # Bodies and call-backs hold what made this control: cut the circles, or each run waits for the collector.
        self._actors.clear()
        self._on_idle = self._site = None
        if self._failure is not None:
            raise self._failure

    def _carrier(self) -> carriers.Carrier:
        return carriers.take()

    def _find_carriers(self) -> None:
        # All of them before anybody runs: in the middle of a run there would be no way back.
        try:
            for actor in self._actors[1:]:
                actor.carrier = self._carrier()
        except RuntimeError as error:
            for actor in self._actors:
                if actor.carrier is not None:
                    actor.carrier.rest()
            raise HarnessError(f"the threads of a run could not be started: {error}") from error

    def _carry(self, actor: Actor) -> bool:
        """Carry an actor to its end and pass the baton on; whether others still run."""
        self.idents.add(_thread.get_ident())
        if not self.aborting:
            try:
                Context().run(actor.body)
            except Abort:
                pass
            except HarnessError as error:
                self.fail(str(error), error)
            except BaseException as error:  # a body is the harness's own and catches what the target raises
                self.fail(f"{actor.name} let {error!r} out of its body", error)
        if actor.done:
            return True  # it was left behind, outside of our control, and comes back now that the run is over
        actor.done = True
        self._live -= 1
        index = actor.index
        if index in self._enabled:
            self._enabled.remove(index)
        self.pending[index] = None
        if actor.carrier is not None:
            actor.carrier.rest()  # before the baton goes on, so that the next run finds it
        if self._live:
            self._resume(self._next(index, "end"))
            return True  # decided before the baton went: from there on others change what is left
        if index:
            self._actors[0].lock.release()
        return False

    def _resume(self, actor: Actor) -> None:
        self._me = actor
        self.current = actor.index
        if actor.started:
            actor.lock.release()
        else:
            actor.started = True
            assert actor.carrier is not None
            actor.carrier.give(partial(self._carry, actor))

    def _hand_over(self, me: Actor, other: Actor) -> None:
        if other.started:  # what _resume does, without the call: nothing else happens as often
            self._me = other
            self.current = other.index
            other.lock.release()
        else:
            self._resume(other)
        me.lock.acquire()

    def fail(self, message: str, cause: BaseException | None = None) -> None:
        """The harness itself broke: unwind the run; `run` will raise this."""
        if self._failure is None:
            self._failure = HarnessError(message)
            self._failure.__cause__ = cause
        self.aborting = True

    # ---- points -----------------------------------------------------------------------------------------------------

    def point(self, event: Pending, wanted: Occupied | None = None) -> None:
        """A place where the explorer may switch: the current actor is about to do `event`.

        Args:
            event: what it announces.
            wanted: what it will then have, or block on without a timeout.

        Raises:
            Abort: the run is over.
        """
        me = self._me
        if me is None:
            return
        if self.aborting:
            self._abort(me, event.kind)
            return
        self.count += 1
        if self.count > self._bound:
            self.status = "livelock"
            self.aborting = True
            self._abort(me, event.kind)
            return
        index = me.index
        self.pending[index] = event
        if self.steps is not None:
            chosen = self._step(index, event.kind, event, self._candidates())
        elif len(self._enabled) > 1 or self._timed:
            chosen = self._ask(index, self._candidates() if self._timed else self._enabled)
        else:
            return
        if chosen != index:
            self._hand_over(me, self._wake(chosen) if self._timed else self._actors[chosen])
            if self.aborting:
                self._abort(me, event.kind)  # type: ignore[unreachable]  # set by whoever ran meanwhile

    def _ask(self, index: int, candidates: Sequence[int]) -> int:
        if len(candidates) == 1:
            return candidates[0]
        try:
            chosen = self._choose(index, candidates)
        except Exception as error:
            self.fail(f"explorer {self._explorer.name} failed: {error!r}", error)
            return candidates[0]
        if chosen not in candidates:
            self.fail(f"explorer {self._explorer.name} chose actor {chosen!r}; allowed: {list(candidates)}")
            return candidates[0]
        try:
            self.choices.append(chosen)
        except Exception as error:
            self.fail(f"a choice could not be noted: {error!r}", error)
        return chosen

    def _step(self, index: int, kind: str, event: Pending | None, candidates: Sequence[int]) -> int:
        if index < 0:
            name, place = "", kind
        else:
            name, place = self.names[index], f"{self._site(index)}/{kind}" if self._site is not None else kind
        nth = self._nth.get((name, place), 0) + 1
        self._nth[name, place] = nth
        self._key = (name, place, nth)
        candidates = tuple(candidates)
        chosen = self._ask(index, candidates)
        assert self.steps is not None
        try:
            self.steps.append(Step(index, self._key, event, candidates, chosen))
        except Exception as error:
            self.fail(f"a step could not be noted: {error!r}", error)
        return chosen

    def _candidates(self) -> list[int]:
        if self._timed and (self._timers_are_choices or not self._enabled):
            timed = self._timed if self._timers_are_choices else self._timed[:1]
            return self._enabled + [index for _, index in timed]
        return self._enabled

    # ---- blocking ---------------------------------------------------------------------------------------------------

    def block(self, resource: object, kind: str = "wait", timeout: float | None = None) -> bool:
        """The current actor cannot go on until `unblock`.

        Args:
            resource: what it waits for.
            kind: names the point, such as `acquire`.
            timeout: virtual seconds; None waits for ever.

        Returns:
            True after `unblock`, False when the timeout expired.

        Raises:
            Abort: the run is over.
        """
        me = self._me
        if me is None:
            raise HarnessError(f"a thread outside the run would block on {resource!r}")
        if self.aborting:
            self._abort(me, kind)
        index = me.index
        me.resource = resource
        me.expired = False
        self.pending[index] = None
        self._enabled.remove(index)
        if timeout is not None:
            insort(self._timed, (self.time + max(timeout, 0.0), index))
        chosen = self._next(index, kind)
        if chosen is not me:
            self._hand_over(me, chosen)
        me.resource = None
        if self.aborting:
            self._abort(me, kind)
        return not me.expired

    def unblock(self, index: int) -> None:
        """Make a blocked actor ready again; no effect on one that is not blocked."""
        actor = self._actors[index]
        if actor.done or actor.resource is None or index in self._enabled:
            return
        insort(self._enabled, index)
        if self._timed:
            self._timed = [entry for entry in self._timed if entry[1] != index]

    def _wake(self, index: int) -> Actor:
        """The actor that was chosen; when it waited with a timeout, the timeout has now expired."""
        if self._timed:
            for entry in self._timed:
                if entry[1] == index:
                    self._timed.remove(entry)
                    self.time = max(self.time, entry[0])
                    self._actors[index].expired = True
                    insort(self._enabled, index)
                    break
        return self._actors[index]

    def _next(self, index: int, kind: str) -> Actor:
        """Who goes on, now that the actor `index` cannot (it blocked, ended, or is the start of the run)."""
        while not self.aborting:
            candidates = self._candidates()
            if candidates:
                chosen = (
                    self._ask(index, candidates) if self.steps is None else self._step(index, kind, None, candidates)
                )
                return self._wake(chosen)
            try:
                helped = self._on_idle is not None and self._on_idle()
            except Exception as error:
                self.fail(f"nobody could go on, and helping failed: {error!r}", error)
                break
            if not helped:
                self._stuck()
        return next(actor for actor in self._actors if not actor.done)

    # ---- the end of a run that does not end by itself ---------------------------------------------------------------

    def _stuck(self) -> None:
        self.status = "stuck"
        self.aborting = True
        for actor in self._actors:
            if not actor.done:
                place = self._site(actor.index) if self._site is not None else ""
                self.blocked.append(Blocked(actor.name, self._described(actor), place))

    def _described(self, actor: Actor) -> str:
        resource = actor.resource
        explain = getattr(resource, "awaited_by", None)  # virtual locks know who holds them
        if explain is not None:
            return str(explain(actor.index))
        return resource if isinstance(resource, str) else repr(resource)

    def _abort(self, me: Actor, kind: str) -> None:
        """Unwind the current actor, except out of quiet points (until it seems to go round in circles there)."""
        me.aborts += 1
        if kind in _QUIET or (kind in self._quiet and me.aborts <= _ABORTS_BEFORE_PARKING):
            return
        if me.aborts > _ABORTS_BEFORE_PARKING:
            if me.carrier is not None:
                self._park(me)
            if self._insistence is None:
                self._insistence = Insistence(Abort, lambda: self._me is not me)
            self._insistence.again()
        raise Abort

    def _park(self, me: Actor) -> None:
        """Leave a thread behind that cannot be unwound; the baton goes on without it."""
        me.done = True
        self._live -= 1
        if self._live:
            self._resume(self._next(me.index, "end"))
        else:
            self._actors[0].lock.release()
        closed_gate().acquire()  # for ever: nobody else has this gate
