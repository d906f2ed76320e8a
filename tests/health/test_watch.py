"""`watch` sees what a loop of an ordinary program does, loses nothing, and gives verdicts only on what is certain."""

from __future__ import annotations

import asyncio
import gc
import json
import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

import pytest

import futurefuzz
from futurefuzz.errors import InputError
from futurefuzz.health import LoopHealth, watch


@pytest.fixture
def loop() -> Iterator[asyncio.AbstractEventLoop]:
    """A loop that is quiet about what is handed to its exception handler."""
    made = asyncio.new_event_loop()
    made.set_exception_handler(lambda loop, context: None)
    yield made
    made.close()


def _run(loop: asyncio.AbstractEventLoop, program: Callable[[], Any], **options: Any) -> LoopHealth:
    with watch(loop, **options) as health:
        loop.run_until_complete(program())
    return health.loops[0]


def _clauses(seen: LoopHealth) -> list[str]:
    return [verdict.clause.id for verdict in seen.verdicts]


async def _healthy() -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    threading.Thread(target=lambda: loop.call_soon_threadsafe(done.set_result, 1)).start()
    await done
    await asyncio.gather(*(asyncio.sleep(0.001 * n) for n in range(5)), return_exceptions=True)
    await loop.run_in_executor(None, time.sleep, 0.001)
    cancelled = asyncio.ensure_future(asyncio.sleep(60))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])


def test_a_healthy_program_gets_no_verdict(loop: asyncio.AbstractEventLoop) -> None:
    """Posting, timers, executors, cancellation: none of it is a fault."""
    seen = _run(loop, _healthy)
    assert seen.verdicts == ()
    assert seen.iterations > 5
    assert seen.latency.count == seen.duration.count > 10
    assert seen.waiters == ()


def test_everything_is_as_before_when_the_watch_is_over(loop: asyncio.AbstractEventLoop) -> None:
    """The queue, `_run_once` and the exception handler are the loop's own again, and the queue has its callbacks."""
    internals: Any = loop
    queue, own = internals._ready, set(vars(loop))
    order: list[int] = []
    loop.call_soon(order.append, 1)
    with watch(loop):
        loop.call_soon(order.append, 2)
        assert internals._ready is not queue
    loop.call_soon(order.append, 3)
    assert internals._ready is queue
    assert set(vars(loop)) == own
    loop.run_until_complete(asyncio.sleep(0))
    assert order == [1, 2, 3]


def test_a_watch_can_begin_and_end_inside_a_running_loop(loop: asyncio.AbstractEventLoop) -> None:
    """The callbacks that are ready when it begins, and those that are ready when it ends, run in their order."""
    order: list[int] = []

    async def main() -> int:
        loop.call_soon(order.append, 1)
        loop.call_soon(order.append, 2)
        with watch(loop) as health:
            loop.call_soon(order.append, 3)
            await asyncio.sleep(0.001)
            loop.call_soon(order.append, 4)
        loop.call_soon(order.append, 5)
        await asyncio.sleep(0)
        return health.loops[0].iterations

    assert loop.run_until_complete(main()) >= 1
    assert order == [1, 2, 3, 4, 5]


def test_a_thread_that_has_the_old_queue_in_hand_loses_no_callback(loop: asyncio.AbstractEventLoop) -> None:
    """Who looked at the loop's queue just before it was replaced appends to that one, at either end of the watch."""
    internals: Any = loop
    order: list[str] = []
    old: deque[Any] = internals._ready
    with watch(loop):
        watched: deque[Any] = internals._ready
        old.append(asyncio.Handle(order.append, ("late into the old one",), loop))
        loop.run_until_complete(asyncio.sleep(0))
    watched.append(asyncio.Handle(order.append, ("late into the watched one",), loop))
    loop.run_until_complete(asyncio.sleep(0))
    assert order == ["late into the old one", "late into the watched one"]


def test_nothing_is_lost_while_threads_post_and_watches_come_and_go(loop: asyncio.AbstractEventLoop) -> None:
    """Two threads post, each in its order; every callback runs once."""
    got: dict[int, list[int]] = {0: [], 1: []}

    def post(number: int) -> None:
        for n in range(500):
            loop.call_soon_threadsafe(got[number].append, n)

    async def main() -> None:
        posting = [loop.run_in_executor(None, post, number) for number in got]
        while not all(each.done() for each in posting):
            with watch(loop):
                await asyncio.sleep(0)
        await asyncio.sleep(0.01)

    loop.run_until_complete(main())
    assert got == {0: list(range(500)), 1: list(range(500))}


def test_a_slow_callback_is_listed_with_its_place_and_is_no_verdict(loop: asyncio.AbstractEventLoop) -> None:
    """In real time it may have been the machine that was slow."""

    async def blocks() -> None:
        time.sleep(0.03)
        await asyncio.sleep(0)

    loop.slow_callback_duration = 0.02  # type: ignore[attr-defined]
    seen = _run(loop, blocks)
    assert seen.slow_count >= 1
    assert seen.slow[0].seconds >= 0.03
    assert "test_watch.py:" in seen.slow[0].where
    assert seen.verdicts == ()


def test_a_slow_callback_is_a_verdict_when_the_user_has_given_the_bound(loop: asyncio.AbstractEventLoop) -> None:
    """`watch(slow=...)` says how long a callback may take."""

    async def main() -> None:
        loop.call_soon(time.sleep, 0.03)
        await asyncio.sleep(0.001)

    seen = _run(loop, main, slow=0.02)
    assert "H1" in _clauses(seen)
    assert "sleep kept loop 1 for 0.0" in seen.verdicts[0].cause
    assert _clauses(_run(loop, main, slow=60)) == []


def test_a_callback_that_raises_is_named(loop: asyncio.AbstractEventLoop) -> None:
    """With the exception and the place of its raise; the loop's own handler is called as always."""
    handled: list[str] = []
    loop.set_exception_handler(lambda loop, context: handled.append(context["message"]))

    def broken() -> None:
        raise KeyError("missing")

    async def main() -> None:
        loop.call_soon(broken)
        await asyncio.sleep(0)

    seen = _run(loop, main)
    assert _clauses(seen) == ["H2"]
    assert seen.complaints[0].error == "KeyError: 'missing'"
    assert "test_watch.py:" in seen.complaints[0].where
    assert seen.complaints[0].where.endswith("broken")
    assert len(handled) == 1


def test_an_exception_that_nobody_asks_for_is_named(loop: asyncio.AbstractEventLoop) -> None:
    """When the task or future dies."""

    async def fails() -> None:
        raise ValueError("unseen")

    async def main() -> None:
        task = asyncio.ensure_future(fails())
        await asyncio.sleep(0)
        del task
        gc.collect()

    seen = _run(loop, main)
    assert _clauses(seen) == ["H3"]
    assert "unseen" in seen.verdicts[0].cause


def test_a_future_resolved_from_another_thread_is_named_with_the_line(loop: asyncio.AbstractEventLoop) -> None:
    """It schedules the waiter without waking the loop. Posting, from however many threads, is right."""

    def foreign(future: asyncio.Future[int]) -> None:
        future.set_result(1)

    async def main(target: Callable[..., None]) -> None:
        future = loop.create_future()
        thread = threading.Thread(target=target, args=(future,), name="stranger")
        loop.call_later(0.05, lambda: None)  # wakes the loop some time
        loop.call_soon(thread.start)
        await future
        thread.join()

    seen = _run(loop, lambda: main(foreign))
    assert _clauses(seen) == ["H4"]
    assert seen.strangers[0].thread == "stranger"
    assert seen.strangers[0].where.endswith("foreign")
    seen = _run(loop, lambda: main(lambda future: loop.call_soon_threadsafe(foreign, future)))  # type: ignore[arg-type,return-value]
    assert _clauses(seen) == []


def test_waiting_tasks_are_listed_by_name_and_await(loop: asyncio.AbstractEventLoop) -> None:
    """With what they await, inside which function of the library, and for how long at least."""

    async def consumer() -> None:
        await asyncio.Queue().get()

    async def main() -> None:
        kept = asyncio.ensure_future(consumer())
        kept.set_name("consumer")  # type: ignore[attr-defined]
        await asyncio.sleep(0.01)
        before = health.loops[0].waiters
        await asyncio.sleep(0.01)
        after = health.loops[0].waiters
        kept.cancel()
        assert [each.name for each in before] == ["consumer"]
        assert before[0].waits_for == "a future in Queue.get"
        assert before[0].where.endswith("consumer")
        assert after[0].seconds >= 0.01

    with watch(loop) as health:
        loop.run_until_complete(main())


def test_a_queue_that_grows_is_told_from_one_that_is_busy(loop: asyncio.AbstractEventLoop) -> None:
    """Callbacks that schedule two more each cannot be drained; those that schedule one each keep the loop busy only."""

    def more(children: int, left: int) -> None:
        for _ in range(children):
            if left:
                loop.call_soon(more, children, left - 1)

    def once(children: int, left: int) -> LoopHealth:
        with watch(loop) as health:
            loop.call_soon(more, children, left)
            loop.call_later(0, loop.stop)
            for _ in range(left):
                loop.call_soon(loop.stop)
                loop.run_forever()
        return health.loops[0]

    grows = once(2, 10)
    for _ in range(20):
        loop.call_soon(loop.stop)
        loop.run_forever()
    assert grows.depth.deepest >= 512
    busy = once(1, 100)
    assert busy.depth.deepest <= 4
    assert not busy.depth.growing


def test_growth_is_growth_only_when_the_queue_is_never_short_again() -> None:
    """Twice as long after twice the time; a burst that is worked off is none."""
    from futurefuzz.health.depths import Depths

    def growing(depths: list[int]) -> bool:
        noted = Depths()
        for depth in depths:
            noted.note(depth, 1)
        return noted.growing

    assert growing(list(range(1, 40)))
    assert growing(list(range(1, 5000)))
    assert not growing([*range(1, 30), *range(30, 1, -1)])
    assert not growing([1] * 1000)
    assert not growing([*range(1, 40), 0, 1])
    assert not growing([1, 2, 3])


def test_all_loops_that_run_are_watched_when_none_is_given() -> None:
    """Each `asyncio.run` has its own loop, in any thread; those that have ended are kept as records only."""

    async def main() -> None:
        await asyncio.sleep(0)

    with futurefuzz.watch() as health:
        asyncio.run(main())
        thread = threading.Thread(target=asyncio.run, args=(main(),))
        thread.start()
        thread.join()
        asyncio.run(main())
        assert len(health.loops) == 3
    assert [loop.name for loop in health.loops] == ["loop 1", "loop 2", "loop 3"]
    assert all(loop.iterations >= 2 for loop in health.loops)
    assert health.verdicts == ()
    assert asyncio.BaseEventLoop.run_forever.__module__ == "asyncio.base_events"


def test_what_has_ended_is_remembered_in_bounds(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service that makes a loop for each request does not grow by being watched; verdicts are not lost."""
    monkeypatch.setattr("futurefuzz.health.watching._KEPT_LOOPS", 2)

    async def main(fails: bool) -> None:
        if fails:
            asyncio.get_running_loop().call_soon(lambda: [][0])
            asyncio.get_running_loop().set_exception_handler(lambda loop, context: None)
        await asyncio.sleep(0)

    with watch() as health:
        for nth in range(6):
            asyncio.run(main(nth == 3))
    assert [loop.name for loop in health.loops] == ["loop 1", "loop 2", "loop 4", "loop 6"]
    assert [verdict.clause.id for verdict in health.verdicts] == ["H2"]


def test_what_cannot_be_watched_is_refused(loop: asyncio.AbstractEventLoop) -> None:
    """What is no loop, a loop that is being watched, a bound that is none."""

    class Foreign:
        pass

    foreign: Any = Foreign()
    with pytest.raises(InputError, match=r"cannot watch a .*Foreign; allowed: loops that are"), watch(foreign):
        pass
    with watch(loop), pytest.raises(InputError, match="being watched already"), watch(loop):
        pass
    with watch(loop):
        pass
    with pytest.raises(InputError, match="allowed: seconds, more than 0"):
        watch(loop, slow=0)


def test_the_report_and_the_document_tell_the_same(loop: asyncio.AbstractEventLoop) -> None:
    """Text for people, JSON for programs."""

    def broken() -> None:
        raise KeyError("missing")

    async def main() -> None:
        loop.call_soon(broken)
        await asyncio.sleep(0.001)

    with watch(loop) as health:
        loop.run_until_complete(main())
    text, document = health.report(), json.loads(json.dumps(health.to_json()))
    assert "✗ H2  Exception in callback" in text
    assert "call_soon to run" in text
    [found] = document["loops"]
    assert [verdict["clause"] for verdict in found["verdicts"]] == ["H2"]
    assert found["latency"]["count"] == sum(count for _, count in found["latency"]["buckets"])


def test_debug_mode_and_its_tracebacks_are_as_without_a_watch(
    loop: asyncio.AbstractEventLoop, caplog: pytest.LogCaptureFixture
) -> None:
    """A handle's traceback ends at the line that called `call_soon`."""
    loop.set_debug(True)
    kept: list[Any] = []

    async def main() -> None:
        kept.append(loop.call_soon(lambda: None))
        await asyncio.sleep(0)

    with caplog.at_level(logging.WARNING, "asyncio"):
        _run(loop, main)
    assert kept[0]._source_traceback[-1].name == "main"
