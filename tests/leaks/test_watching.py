"""Leaks of ordinary code: what must be found, and what must not."""

from __future__ import annotations

import asyncio
import collections
import concurrent.futures
import ctypes
import gc
import os
import threading
import tracemalloc
import weakref
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from futurefuzz import leaks
from futurefuzz.errors import InputError
from futurefuzz.leaks import leftovers

_buffer = bytearray()
_kept: list[Any] = []
_opened: list[int] = []
_local = threading.local()
_stop = threading.Event()


@pytest.fixture(autouse=True)
def _tidy() -> Iterator[None]:
    _stop.clear()
    yield
    _stop.set()
    _kept.clear()
    while _opened:
        os.close(_opened.pop())
    for thread in threading.enumerate():
        if thread.name.startswith("left behind"):
            thread.join()


class _Thing:
    """Supports weak references and attributes."""


class _Owned:
    """Another class."""


class _Owner:
    """The article's pattern: a bound method as a callback of a future that it owns."""

    def __init__(self) -> None:
        self.future = asyncio.get_running_loop().create_future()
        self.future.add_done_callback(self.on_done)

    def on_done(self, future: asyncio.Future[Any]) -> None:
        """Nothing."""


class _WeakOwner(_Owner):
    """The article's cure: a weak reference to the method."""

    def __init__(self) -> None:
        self.future = asyncio.get_running_loop().create_future()
        method = weakref.WeakMethod(self.on_done)

        def call(future: asyncio.Future[Any]) -> None:
            found = method()
            if found is not None:
                found(future)

        self.future.add_done_callback(call)


async def _bound_method() -> None:
    _Owner()


async def _weak_method() -> None:
    _WeakOwner()


async def _capture() -> None:
    large = bytearray(100_000)
    future = asyncio.get_running_loop().create_future()
    future.add_done_callback(lambda _: large)
    _kept.append(future)


async def _capture_and_complete() -> None:
    large = bytearray(100_000)
    future = asyncio.get_running_loop().create_future()
    future.add_done_callback(lambda _: large)
    future.set_result(None)
    await asyncio.sleep(0)


def _grow_a_buffer() -> None:
    _buffer.extend(bytes(4000))


def _leave_a_thread() -> None:
    threading.Thread(target=_stop.wait, name="left behind").start()


def _join_a_thread() -> None:
    thread = threading.Thread(target=int)
    thread.start()
    thread.join()


def _leave_a_descriptor() -> None:
    _opened.append(os.open(os.devnull, os.O_RDONLY))


def _close_a_descriptor() -> None:
    os.close(os.open(os.devnull, os.O_RDONLY))


async def _leave_a_timer() -> None:
    asyncio.get_running_loop().call_later(1000, print)


async def _cancel_a_timer() -> None:
    asyncio.get_running_loop().call_later(1000, print).cancel()


async def _leave_a_task() -> None:
    task = asyncio.ensure_future(asyncio.Event().wait())
    await asyncio.sleep(0)
    assert not task.done()


async def _ordinary() -> None:
    async with asyncio.TaskGroup() as group:
        group.create_task(asyncio.sleep(0))
    await asyncio.gather(asyncio.sleep(0), asyncio.sleep(0))
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(asyncio.sleep(100), 0.001)
    await asyncio.to_thread(int)


async def _left_pending() -> None:
    """Chained and gathered futures refer to each other by design, as long as they are pending."""
    loop = asyncio.get_running_loop()
    asyncio.wrap_future(concurrent.futures.Future(), loop=loop)
    asyncio.gather(loop.create_future(), loop.create_future())


@pytest.mark.parametrize(
    "clean",
    [
        _ordinary,
        _left_pending,
        _weak_method,
        _capture_and_complete,
        _join_a_thread,
        _close_a_descriptor,
        _cancel_a_timer,
    ],
)
def test_what_tidies_up_has_no_leak(clean: Callable[[], object]) -> None:
    """No false alarm, asyncio's own machinery included."""
    report = leaks.check_leaks(clean)
    assert not report, str(report)
    assert str(report) == f"no leak in {report.calls} calls"
    assert report.calls < 30


@pytest.mark.parametrize(
    ("leaking", "kind", "said"),
    [
        (_leave_a_thread, "thread", "left behind"),
        (_leave_a_descriptor, "descriptor", "null"),
        (_leave_a_timer, "handle", "timer of print"),
        (_leave_a_task, "handle", "coroutine Event.wait"),
    ],
)
def test_what_is_left_behind_is_found(leaking: Callable[[], object], kind: Any, said: str) -> None:
    """Threads, descriptors, timers and tasks, by name."""
    found = leaks.check_leaks(leaking, growth=False).of_kind(kind)
    assert len(found) == 1
    assert said in found[0].cause


def test_a_thread_that_ends_while_threads_are_counted_is_none_too_many(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is seen alive, and gone a moment later, when the system is asked how many there are."""
    ends = threading.Event()
    thread = threading.Thread(target=ends.wait)
    thread.start()
    real = leftovers._running

    def running() -> int:
        ends.set()
        thread.join()
        return real()

    while leftovers.look().running < 2:  # the system has it
        pass
    with monkeypatch.context() as patch:
        patch.setattr(leftovers, "_running", running)
        before = leftovers.look()
    assert leftovers.look(before).new_since(before) == ((), ())


def test_what_grows_is_named_and_not_what_a_full_cache_has_taken_in() -> None:
    """A cache gives room for each new object; the chain leads to the list that gives none."""
    cache: collections.deque[Any] = collections.deque(maxlen=3)

    def step() -> None:
        cache.append(_Owned())
        _kept.append([_Thing()])

    (growth,) = leaks.check_leaks(step).leaks
    assert "list (._kept)" in growth.chain


def test_a_bound_method_as_callback_makes_a_cycle_and_a_weak_one_none() -> None:
    """Claim 14 of the article: the cycle is named; the must-miss twin is among the clean ones."""
    (cycle,) = leaks.check_leaks(_bound_method, growth=False).leaks
    assert cycle.kind == "cycle"
    assert cycle.clause.id == "L3"
    assert cycle.chain == (
        "future",
        "method _Owner.on_done (a callback)",
        "_Owner object (__self__)",
        "future (.future)",
    )


def test_a_callback_that_captures_a_large_object_is_attributed_to_its_line() -> None:
    """Claim 25 of the article: the allocating line, and who keeps the future that keeps the callback."""
    report = leaks.check_leaks(_capture)
    (growth,) = report.of_kind("growth")
    assert growth.lines[0].code == "large = bytearray(100_000)"
    assert growth.lines[0].size > 100_000
    assert growth.lines[0].file.endswith("test_watching.py")
    assert growth.chain[0].startswith("module ")
    assert "list (._kept)" in growth.chain
    assert growth.chain[-1].startswith("future")
    assert "test_watching.py" in str(report)


def test_a_growing_buffer_is_seen_in_the_traced_bytes() -> None:
    """Large allocations are no blocks of Python's allocator."""
    (growth,) = leaks.check_leaks(_grow_a_buffer).leaks
    assert growth.cause.startswith("traced bytes grow in every round")


def test_what_grows_only_now_and_then_is_no_leak() -> None:
    """A cache that fills up, and a counter that leaves the small integers."""
    cache: dict[int, object] = {}
    count = 200

    def step() -> None:
        nonlocal count
        count += 1
        if count < 210:
            cache[count] = object()

    assert not leaks.check_leaks(step)


@pytest.mark.parametrize("room", [100, 128])
def test_what_has_a_bound_is_no_leak(room: int) -> None:
    """A cache that is full after many calls, with keys that need memory of their own from some call on."""
    cache: dict[int, object] = {}
    calls = 0

    def step() -> None:
        nonlocal calls
        calls += 1
        cache[calls % room] = [calls]

    report = leaks.check_leaks(step)
    assert not report, str(report)
    assert report.calls > 200


@pytest.mark.parametrize("every", [2, 3])
def test_a_leak_of_some_calls_only_is_found(every: int) -> None:
    """One object of two or three calls; the line is named, with how much of a block stays of each call."""
    calls = 0

    def step() -> None:
        nonlocal calls
        calls += 1
        if calls % every == 0:
            _kept.append(object())

    (growth,) = leaks.check_leaks(step).leaks
    assert growth.kind == "growth"
    assert growth.lines[0].code == "_kept.append(object())"
    assert growth.lines[0].blocks < 1


def test_a_leak_of_every_tenth_call_is_found_by_whoever_asks_for_it() -> None:
    """`every` says how seldom it may leak; a bounded cache that takes in something as seldom is none."""
    calls = 0
    cache: collections.deque[Any] = collections.deque(maxlen=8)

    def leaky() -> None:
        nonlocal calls
        calls += 1
        if calls % 10 == 0:
            _kept.append(object())

    def tidy() -> None:
        nonlocal calls
        calls += 1
        if calls % 10 == 0:
            cache.append(object())

    assert not leaks.check_leaks(leaky)
    (growth,) = leaks.check_leaks(leaky, every=10).leaks
    assert growth.lines[0].code == "_kept.append(object())"
    assert not leaks.check_leaks(tidy, every=10)


def test_a_list_of_small_integers_that_grows_is_found_by_whoever_asks_for_it() -> None:
    """No object is made for these: the list is made larger now and then. One that is emptied now and then is none."""
    numbers: list[int] = []

    def tidy() -> None:
        numbers.append(1)
        if len(numbers) > 50:
            numbers.clear()

    assert not leaks.check_leaks(lambda: _kept.append(1))
    (growth,) = leaks.check_leaks(lambda: _kept.append(1), every=100).leaks
    assert growth.cause.startswith("traced bytes grow in every round of 200 calls")
    assert growth.lines[0].code == "(growth,) = leaks.check_leaks(lambda: _kept.append(1), every=100).leaks"
    assert not leaks.check_leaks(tidy, every=100)


def test_what_a_thread_local_keeps_is_named() -> None:
    """The chain begins with the module's local; one that is emptied by each call keeps nothing."""

    def leaky() -> None:
        vars(_local).setdefault("things", []).append(_Thing())

    def tidy() -> None:
        _local.thing = _Thing()
        del _local.thing

    try:
        (growth,) = leaks.check_leaks(leaky).leaks
        assert growth.chain[-2:] == ("list (['things'])", "_Thing object (an item)")
        assert not leaks.check_leaks(tidy)
    finally:
        vars(_local).clear()


def test_a_reference_too_many_is_found_by_what_it_keeps() -> None:
    """C code that forgets a reference: nobody is seen to hold the object; None has no count worth asking for."""
    increase = ctypes.pythonapi.Py_IncRef
    increase.argtypes = [ctypes.py_object]
    increase.restype = None
    assert not leaks.check_leaks(lambda: increase(None))
    (growth,) = leaks.check_leaks(lambda: increase(_Thing())).leaks
    assert growth.chain[0].startswith("nobody that the collector knows of")
    assert growth.chain[-1] == "_Thing object"


def test_a_leak_on_cancellation_only_is_found() -> None:
    """The chain leads from the registry to the task that was cancelled."""

    async def waits() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            _kept.append(asyncio.current_task())
            raise

    async def main(seconds: float) -> None:
        task = asyncio.ensure_future(waits())
        await asyncio.wait([task], timeout=seconds)
        task.cancel()
        await asyncio.wait([task])

    (growth,) = leaks.check_leaks(lambda: main(0)).of_kind("growth")
    assert "list (._kept)" in growth.chain
    assert growth.chain[-1].startswith("task")


def test_a_coroutine_that_a_function_returns_is_run() -> None:
    """So a lambda with arguments is as good as a coroutine function; while a loop runs, it is refused."""
    (handle,) = leaks.check_leaks(lambda: _leave_a_timer(), growth=False).leaks
    assert handle.cause == "left in the loop: timer of print"

    async def main() -> None:
        leaks.check_leaks(_leave_a_timer)

    with pytest.raises(InputError, match="while a loop is running"):
        asyncio.run(main())


@pytest.mark.parametrize("nth", [1, 2, 3, 5, 8, 13, 20])
def test_whatever_is_interrupted_is_restored(nth: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Ctrl-C after any look of the collector: it is on again, nothing is frozen, kept or traced."""
    real = gc.collect
    count = 0

    def collect(*arguments: Any) -> int:
        nonlocal count
        count += 1
        found = real(*arguments)
        if count == nth:
            raise KeyboardInterrupt
        return found

    real()  # CPython 3.12 counts immortal objects that a collection has met as frozen
    before = gc.get_freeze_count(), gc.get_debug(), gc.isenabled(), tracemalloc.is_tracing()
    with monkeypatch.context() as patch:
        patch.setattr(gc, "collect", collect)
        with pytest.raises(KeyboardInterrupt):
            leaks.check_leaks(lambda: _kept.append(_Thing()), settling=2)
    real()
    assert (gc.get_freeze_count(), gc.get_debug(), gc.isenabled(), tracemalloc.is_tracing()) == before
    assert gc.garbage == []


def test_tracked_objects_must_die_in_the_block() -> None:
    """One that is kept is named with who keeps it; one in a cycle with its cycle; one that dies is not named."""
    with leaks.watch() as watched:
        kept = watched.track(_Thing(), "kept one")
        _kept.append(kept)
        circular: Any = watched.track(_Thing())
        circular.me = circular
        watched.track(_Thing())
        del kept, circular
    assert [leak.kind for leak in watched.leaks] == ["cycle", "survival"]
    cycle, survival = watched.leaks
    assert cycle.chain == ("_Thing object", "_Thing object (.me)")
    assert "kept one" in survival.cause
    assert survival.chain[-2:] == ("list (._kept)", "_Thing object (an item)")


def test_a_block_within_a_coroutine_watches_its_loop() -> None:
    """A timer that was there before is not blamed on the block."""

    async def main() -> tuple[leaks.Leak, ...]:
        loop = asyncio.get_running_loop()
        timers = [loop.call_later(1000, print)]
        with leaks.watch() as watched:
            timers.append(loop.call_later(1000, int))
        for timer in timers:
            timer.cancel()
        return watched.leaks

    (leak,) = asyncio.run(main())
    assert leak.cause == "left in the loop: timer of int"


def test_a_block_that_raises_is_not_judged() -> None:
    """Its exception comes out, and the collector is on again."""
    watched = leaks.watch()
    with pytest.raises(ZeroDivisionError), watched:
        raise ZeroDivisionError
    assert watched.leaks == ()


def test_assert_no_leaks_says_what_leaks() -> None:
    """The report is the text of an AssertionError."""
    with pytest.raises(AssertionError, match="timer of print") as caught:
        leaks.assert_no_leaks(_leave_a_timer, growth=False)
    assert isinstance(caught.value, leaks.LeakFound)
    assert caught.value.report.leaks
    leaks.assert_no_leaks(_cancel_a_timer, growth=False)


def test_wrong_input_is_refused() -> None:
    """Numbers below 1, and objects that support no weak references."""
    with pytest.raises(InputError, match="allowed: numbers from 1"):
        leaks.check_leaks(int, rounds=0)
    with pytest.raises(InputError, match="settling 0, every 4: allowed: numbers from 1"):
        leaks.check_leaks(int, settling=0)
    with pytest.raises(InputError, match="every 0: allowed: numbers from 1"):
        leaks.check_leaks(int, every=0)
    with pytest.raises(InputError, match="weak references"), leaks.watch() as watched:
        watched.track(5)
