"""Bridges between our own futures, each wrong in one respect: one or more for every clause of the bridge contract.

Threads resolve the concurrent end, the loop awaits and cancels the asyncio end, as with `asyncio.wrap_future`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.targets.base import Sides, Target
from futurefuzz.targets.bridges import WRAP_FUTURE
from tests.zoo import own_asyncio, own_concurrent
from tests.zoo.variant import Variant

__all__ = ["SOUND", "VARIANTS", "Bridge"]


class Bridge:
    """A bridge of ours: what went in is copied by the loop, and a cancellation that came out goes in.

    Args:
        loop: of the outgoing end.
    """

    outgoing: type[own_asyncio.OwnFuture] = own_asyncio.OwnFuture

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        self.source = own_concurrent.OwnFuture()
        self.out = self.make_out()
        self.out.add_done_callback(lambda out: self.went_out())
        self.source.add_done_callback(lambda source: self.came_in())

    def make_out(self) -> own_asyncio.OwnFuture:
        return self.outgoing(self.loop)

    def came_in(self) -> None:
        """In the thread that completed the source."""
        self.loop.call_soon_threadsafe(self.copy)

    def copy(self) -> None:
        """On the loop. What is asked of the source first takes locks; the rest is one step."""
        how, what = self.fetch()
        if not self.out.done():
            self.deliver(how, what)

    def fetch(self) -> tuple[str, Any]:
        source = self.source
        if source.cancelled():
            return "cancelled", None
        error = source.exception()
        return ("value", source.result()) if error is None else ("error", error)

    def deliver(self, how: str, what: Any) -> None:
        if how == "cancelled":
            self.out.cancel()
        elif how == "value":
            self.out.set_result(what)
        elif isinstance(what, StopIteration):
            failure = RuntimeError("the future failed with a StopIteration")
            failure.__cause__ = what
            self.out.set_exception(failure)
        else:
            self.out.set_exception(what)

    def went_out(self) -> None:
        """On the loop, after the outgoing end is done."""
        if self.out.cancelled():
            self.source.cancel()


def _target(made: type[Bridge]) -> Target:
    def make(loop: asyncio.AbstractEventLoop) -> Sides:
        bridge = made(loop)
        return Sides(bridge.source, bridge.out)

    return Target(
        name=f"zoo.{made.__name__}",
        contract="bridge",
        new_future=make,
        shape="bridge",
        thread_side="resolver",
        loop_side="observer",
        resolver_operations=WRAP_FUTURE.resolver_operations,
        thread_operations=WRAP_FUTURE.thread_operations,
        loop_operations=WRAP_FUTURE.loop_operations,
    )


# ---- B1: what went in comes out -------------------------------------------------------------------------------------


class FalsyExceptionIsNone(Bridge):
    """Truth where `is None` was meant: an exception that has a length of 0 comes out as the value None."""

    def deliver(self, how: str, what: Any) -> None:
        if how == "error" and not what:
            self.out.set_result(None)
        else:
            super().deliver(how, what)


class WrapsExceptions(Bridge):
    """What failed over there is something else over here, it thinks."""

    def deliver(self, how: str, what: Any) -> None:
        if how == "error" and not isinstance(what, StopIteration):
            self.out.set_exception(RuntimeError(f"the source failed: {type(what).__name__}"))
        else:
            super().deliver(how, what)


class GivesExceptionsAsValues(Bridge):
    """What failed over there is a value over here, which happens to be an exception."""

    def deliver(self, how: str, what: Any) -> None:
        super().deliver("value" if how == "error" else how, what)


class SwallowsStopIteration(Bridge):
    """What cannot be set is left alone, and whoever awaits the outgoing end waits for ever."""

    def deliver(self, how: str, what: Any) -> None:
        if not isinstance(what, StopIteration):
            super().deliver(how, what)


# ---- B2: cancellation -----------------------------------------------------------------------------------------------


class OneWay(Bridge):
    """Cancelling the outgoing end leaves the source pending; somebody may work for nothing."""

    def went_out(self) -> None:
        return


class CancelsOnError(Bridge):
    """Whatever failed on the other side is cancelled on this one."""

    def deliver(self, how: str, what: Any) -> None:
        super().deliver("cancelled" if how == "error" else how, what)


class ForgetsCancellation(Bridge):
    """Copies values and exceptions; a cancelled source has neither."""

    def deliver(self, how: str, what: Any) -> None:
        if how != "cancelled":
            super().deliver(how, what)


# ---- B3, B4: the outgoing end is a future ---------------------------------------------------------------------------


class Overwritable(own_asyncio.OwnFuture):
    """Lets the bridge in by a door of its own, which does not ask whether it is done."""

    def put(self, value: Any) -> None:
        self._value = value
        self._complete(own_asyncio.VALUE)


class OverwritesCancellation(Bridge):
    """Cancelled while the value was on its way: the value wins, after everybody was told of the cancellation."""

    outgoing = Overwritable

    def copy(self) -> None:
        how, what = self.fetch()
        if how == "value":
            assert isinstance(self.out, Overwritable)
            self.out.put(what)
        else:
            super().copy()


class Inline(own_asyncio.OwnFuture):
    """Tells the loop when somebody waits; plain callbacks it calls itself, on whatever thread it is."""

    def _schedule(self, one: own_asyncio.Registered) -> None:
        if own_asyncio.is_waiter(one):
            self._loop.call_soon_threadsafe(one.function, self, context=one.context)
        else:
            one.context.run(self._call, one.function)

    def _call(self, function: Callable[[Any], object]) -> None:
        try:
            function(self)
        except Exception as error:
            self._loop.call_exception_handler({"message": "Exception in callback", "exception": error})


class CompletesInTheThread(Bridge):
    """Completes the outgoing end in the thread that completed the source, and so runs its callbacks there."""

    outgoing = Inline

    def came_in(self) -> None:
        self.copy()


class Doubling(own_asyncio.OwnFuture):
    """Schedules late callbacks, and then once more since it is done."""

    def add_done_callback(self, function: Callable[[Any], object], *, context: Any = None) -> None:
        super().add_done_callback(function, context=context)
        if self._state == own_asyncio.CANCELLED and not own_asyncio.is_wake_up(function):
            super().add_done_callback(function, context=context)


class DoublesCallbacks(Bridge):
    """Its outgoing end runs a callback twice that comes after a cancellation."""

    outgoing = Doubling


# ---- B5: who waits wakes --------------------------------------------------------------------------------------------


class SetsFromTheThread(Bridge):
    """Completes the outgoing end in the thread that completed the source; nobody wakes the loop.

    Debug mode would say so; there it takes the right way.
    """

    def came_in(self) -> None:
        if self.loop.get_debug():
            super().came_in()
        else:
            self.copy()


class ForgetsWaiters(own_asyncio.OwnFuture):
    def _complete(self, state: str) -> None:
        if state == own_asyncio.CANCELLED:
            self._registered = [one for one in self._registered if not own_asyncio.is_waiter(one)]
        super()._complete(state)


class CancelsInSilence(Bridge):
    """Nobody waits for what is cancelled, it thinks."""

    outgoing = ForgetsWaiters


# ---- B6: quiet ------------------------------------------------------------------------------------------------------


class AsksTheThreadForItsLoop(Bridge):
    """The bridge of many articles: asks for the running loop where none runs; whoever waits hangs.

    The first sign is the error in the source's callback, which ends in the log (B6); without an eye for the log it is
    a hang.
    """

    def came_in(self) -> None:
        asyncio.get_running_loop().call_soon_threadsafe(self.copy)


class AsksNobody(Bridge):
    """The other bridge of many articles: does not ask on the loop whether the outgoing end is done meanwhile."""

    def copy(self) -> None:
        self.deliver(*self.fetch())


# ---- B7: operations -------------------------------------------------------------------------------------------------


class Refusing(own_asyncio.OwnFuture):
    bridge: Bridge

    def cancel(self, msg: Any = None) -> bool:
        if self._state == own_asyncio.PENDING and self.bridge.source.running():
            raise RuntimeError("what runs cannot be cancelled")
        return super().cancel(msg)


class RefusesLoudly(Bridge):
    """cancel() of the outgoing end raises when the source is running."""

    def make_out(self) -> own_asyncio.OwnFuture:
        out = Refusing(self.loop)
        out.bridge = self
        return out


# ---- B8: where it was raised ----------------------------------------------------------------------------------------


class Translates(Bridge):
    """Gives exceptions of some classes new ones of the same class: the message is kept, the traceback is not."""

    def deliver(self, how: str, what: Any) -> None:
        super().deliver(how, type(what)(*what.args) if isinstance(what, TimeoutError) else what)


SOUND: Final = _target(Bridge)


def _variant(clause: str, made: type[Bridge], **fields: Any) -> Variant:
    return Variant(clause=clause, target=_target(made), sound=SOUND, **fields)


VARIANTS: Final = [
    _variant("B1", FalsyExceptionIsNone),
    _variant("B1", WrapsExceptions),
    _variant("B1", GivesExceptionsAsValues),
    _variant("B1", SwallowsStopIteration),
    _variant("B2", OneWay),
    _variant("B2", CancelsOnError),
    _variant("B2", ForgetsCancellation),
    _variant("B3", OverwritesCancellation),
    _variant("B4", CompletesInTheThread),
    _variant("B4", DoublesCallbacks),
    _variant("B5", SetsFromTheThread),
    _variant("B5", CancelsInSilence),
    _variant("B6", AsksTheThreadForItsLoop),
    _variant("B6", AsksNobody),
    _variant("B7", RefusesLoudly),
    _variant("B8", Translates, grade="interesting"),
]
