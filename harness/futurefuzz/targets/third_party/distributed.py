"""dask.distributed: its Future and the state that all Futures of a key share, without a cluster.

What a cluster does to a Future are three messages to the client, which its handlers turn into a state: the key is in
memory, the task erred, the key was cancelled. Here the program's loop sends them, once for each key, as a scheduler
does. Threads ask and wait. The client has the real one's handlers and reference counts; it fetches the value from the
program instead of a worker, and waits through `run_coroutine_threadsafe`: the real `sync` looks again every ten
seconds, so that nobody could ever tell that it waits for nothing.

Cancelling by the Future is left out: `Client.cancel` also takes back what is finished, by design.
"""

from __future__ import annotations

import asyncio
import threading
from collections import defaultdict
from concurrent.futures import CancelledError, InvalidStateError
from typing import Any, Final

from distributed.client import Client, Future, FutureCancelledError
from tornado.platform.asyncio import AsyncIOLoop

from futurefuzz.control.going_on import current_control
from futurefuzz.runs.capture import divert
from futurefuzz.targets.base import Sides, Target
from futurefuzz.targets.third_party.setting_up import until

__all__ = ["TARGETS", "LoopClient"]

divert("tornado.application")
divert("distributed.client")

KEY: Final = "key"


class LoopClient:
    """A client for one key."""

    _inc_ref = Client._inc_ref
    _dec_ref = Client._dec_ref
    _release_key = Client._release_key
    _handle_key_in_memory = Client._handle_key_in_memory
    _handle_task_erred = Client._handle_task_erred
    _handle_cancelled_keys = Client._handle_cancelled_keys

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop: Any = _io_loop(loop)
        self.futures: dict[str, Any] = {}
        self.refcount: defaultdict[str, int] = defaultdict(int)
        self.generation = 0
        self.status = "closed"  # nobody is told of keys that are released
        self.value: Any = None
        self._refcount_lock = threading.RLock()

    def sync(self, function: Any, *arguments: Any, callback_timeout: float | None = None) -> Any:
        """Run a coroutine on the loop and wait for it."""
        asked = asyncio.run_coroutine_threadsafe(function(*arguments), self.loop.asyncio_loop)
        try:
            return asked.result(callback_timeout)
        except TimeoutError:
            asked.cancel()
            raise

    async def _gather(self, _futures: list[Any]) -> list[Any]:
        return [self.value]


def _io_loop(loop: asyncio.AbstractEventLoop) -> Any:
    known = AsyncIOLoop._ioloop_for_asyncio.get(loop)
    return AsyncIOLoop(asyncio_loop=loop, make_current=False) if known is None else known


class _Scheduler:
    """Sends the client its news, once."""

    def __init__(self, client: LoopClient) -> None:
        self._client = client
        self._sent: tuple[str, Any] | None = None

    def _send(self, what: str, value: Any) -> None:
        if self._sent is not None:
            raise InvalidStateError("the scheduler has told of this key")
        self._sent = (what, value)

    def set_result(self, value: Any) -> None:
        self._send("result", value)
        self._client.value = value
        self._client._handle_key_in_memory(key=KEY)

    def set_exception(self, error: BaseException) -> None:
        self._send("exception", error)
        self._client._handle_task_erred(key=KEY, exception=error, traceback=error.__traceback__)

    def cancel(self) -> bool:
        if self._sent is not None:
            return False
        self._send("cancelled", None)
        self._client._handle_cancelled_keys([KEY])
        return True

    def done(self) -> bool:
        return self._sent is not None

    def cancelled(self) -> bool:
        return self._sent is not None and self._sent[0] == "cancelled"

    def result(self) -> Any:
        if self._sent is None:
            raise InvalidStateError
        what, value = self._sent
        if what == "cancelled":
            raise asyncio.CancelledError
        if what == "exception":
            raise value
        return value


class _Reader:
    """The Future as threads use it; after a run, when no loop turns any more, it is asked directly."""

    def __init__(self, client: LoopClient) -> None:
        self._client = client
        self._control = current_control()
        self.future = Future(KEY, client=client)

    def done(self) -> bool:
        return bool(self.future.done())

    def cancelled(self) -> bool:
        return bool(self.future.cancelled())

    def result(self, timeout: float | None = None) -> Any:
        return self._ask(self.future.result, self.future._result, timeout)

    def exception(self, timeout: float | None = None) -> Any:
        return self._ask(self.future.exception, self.future._exception, timeout)

    def _ask(self, ask: Any, directly: Any, timeout: float | None) -> Any:
        try:
            if self._control is not None and self._control.current >= 0:
                return ask(timeout=timeout)
            if self.future.status == "pending":
                raise TimeoutError
            return until(self._client.loop.asyncio_loop, directly())
        except FutureCancelledError:
            raise CancelledError from None

    def __repr__(self) -> str:
        return repr(self.future)


def _new(loop: asyncio.AbstractEventLoop) -> Sides:
    client = LoopClient(loop)
    return Sides(_Scheduler(client), _Reader(client))


FUTURE: Final = Target(
    name="distributed.Future",
    contract="bridge",
    new_future=_new,
    shape="bridge",
    loop_side="resolver",
    resolver_operations=frozenset({"set_result", "set_exception", "cancel"}),
    thread_operations=frozenset(
        {"set_result", "set_exception", "cancel", "result", "exception", "done", "cancelled", "repr"}
    ),
    loop_operations=frozenset({"set_result", "set_exception", "cancel", "done", "cancelled", "yield", "collect"}),
)

TARGETS: Final = {FUTURE.name: FUTURE}
