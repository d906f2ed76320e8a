"""A loop that is none of asyncio's own is watched by its public methods; uvloop's where it is installed."""

from __future__ import annotations

import asyncio
import contextlib
import sys
import threading
import time
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Any

import pytest

from futurefuzz.health import LoopHealth, watch
from futurefuzz.health.monitor import Monitor
from futurefuzz.health.outside import OutsideMonitor

_UVLOOP = pytest.param("uvloop", marks=pytest.mark.skipif(find_spec("uvloop") is None, reason="needs uvloop"))


@pytest.fixture(params=["asyncio", _UVLOOP])
def loop(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A loop that is quiet about what is handed to its exception handler."""
    if request.param == "asyncio":
        made: Any = asyncio.new_event_loop()
    else:
        made = pytest.importorskip("uvloop").new_event_loop()
    made.set_exception_handler(lambda loop, context: None)
    yield made
    made.close()


def _run(loop: Any, program: Any, slow: float | None = None) -> LoopHealth:
    monitor = OutsideMonitor(loop, "loop 1", slow=slow)
    monitor.attach()
    try:
        loop.run_until_complete(program)
        return monitor.health()
    finally:
        monitor.detach()


async def _healthy() -> None:
    loop = asyncio.get_running_loop()
    done = loop.create_future()
    threading.Thread(target=lambda: loop.call_soon_threadsafe(done.set_result, 1)).start()
    await done
    await asyncio.gather(*(asyncio.sleep(0.001 * n) for n in range(5)))
    await loop.run_in_executor(None, time.sleep, 0.001)
    cancelled = asyncio.ensure_future(asyncio.sleep(60))
    await asyncio.sleep(0)
    cancelled.cancel()
    await asyncio.wait([cancelled])


def test_a_healthy_program_gets_no_verdict(loop: Any) -> None:
    """Posting, timers, executors, cancellation: none of it is a fault, and all of it is timed."""
    seen = _run(loop, _healthy(), slow=60.0)  # a busy machine makes any callback slow
    assert seen.verdicts == ()
    assert seen.outside
    assert seen.iterations > 5
    assert seen.duration.count > seen.latency.count > 10  # timers have no latency
    assert seen.depth.now == 0


def test_faults_are_told_with_their_places(loop: Any) -> None:
    """Callbacks that block, raise, or come from another thread; exceptions that nobody asks for; who waits."""

    async def blocks() -> None:
        time.sleep(0.06)

    async def faulty() -> asyncio.Task[Any]:
        await asyncio.create_task(blocks(), name="blocker")
        loop.call_soon(lambda: [][0])
        loop.create_future().set_exception(ValueError("nobody asks"))
        stranger = loop.create_future()
        stranger.add_done_callback(lambda future: None)
        thread = threading.Thread(target=stranger.set_result, args=(1,), name="the stranger")
        thread.start()
        thread.join()
        waits = asyncio.create_task(asyncio.Event().wait(), name="waiter")
        await asyncio.sleep(0.01)
        return waits

    main = loop.create_task(faulty())
    seen = _run(loop, main, slow=0.05)
    assert {verdict.clause.id for verdict in seen.verdicts} == {"H1", "H2", "H3", "H4"}  # others may be slow, too
    causes = " ".join(verdict.cause for verdict in seen.verdicts)
    assert "blocker kept loop 1" in causes
    assert "IndexError" in causes
    assert "the stranger scheduled" in causes
    assert "test_outside.py" in causes
    assert [waiter.name for waiter in seen.waiters] == ["waiter"]
    main.result().cancel()
    loop.run_until_complete(asyncio.sleep(0))


def test_iterations_and_depths_are_those_that_asyncio_has(loop: Any) -> None:
    """Ten callbacks in one iteration, cancelled ones among them; a chain of five has one each."""
    order: list[int] = []

    def chain(left: int) -> None:
        order.append(left)
        if left:
            loop.call_soon(chain, left - 1)

    async def main() -> None:
        handles = [loop.call_soon(order.append, -nth) for nth in range(10)]
        for handle in handles[::3]:
            handle.cancel()
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        loop.call_soon(chain, 4)
        for _ in range(8):
            await asyncio.sleep(0)

    seen = _run(loop, main())
    assert order == [-1, -2, -4, -5, -7, -8, 4, 3, 2, 1, 0]
    assert 10 <= seen.depth.deepest <= 11
    assert 11 <= seen.iterations <= 15


def test_depths_agree_with_those_of_a_look_inside() -> None:
    """The same program, watched from inside and from outside."""

    async def main() -> None:
        for width in (1, 7, 3):
            await asyncio.gather(*(asyncio.sleep(0) for _ in range(width)))

    found = []
    for kind in (Monitor, OutsideMonitor):
        loop = asyncio.new_event_loop()
        monitor = kind(loop, "loop 1")
        monitor.attach()
        loop.run_until_complete(main())
        found.append((monitor.health().depth.deepest, monitor.health().latency.count))
        monitor.detach()
        loop.close()
    assert found[0] == found[1]


@pytest.mark.parametrize("error", [None, KeyboardInterrupt, SystemExit])
def test_all_is_as_before_whatever_ends_the_watch(loop: Any, error: type[BaseException] | None) -> None:
    """The methods are the loop's own; what was scheduled meanwhile runs, in its order, and is not timed any more."""
    before = dict(vars(loop))
    order: list[int] = []
    monitor = OutsideMonitor(loop, "loop 1")

    async def main() -> None:
        loop.call_soon(order.append, 1)
        loop.call_soon(order.append, 2)
        if error is not None:
            raise error
        await asyncio.sleep(0)

    monitor.attach()
    task = loop.create_task(main())
    with contextlib.nullcontext() if error is None else pytest.raises(error):
        loop.run_until_complete(task)
    loop.call_soon(order.append, 3)
    monitor.detach()
    monitor.detach()
    assert vars(loop) == before
    count = monitor.duration.count
    loop.run_until_complete(asyncio.sleep(0))
    assert order == [1, 2, 3]
    assert monitor.duration.count == count
    if task.done() and not task.cancelled():
        task.exception()


@pytest.mark.skipif(find_spec("uvloop") is None, reason="needs uvloop")
def test_every_loop_of_uvloop_is_watched_too() -> None:
    """`watch()` without a loop, and its class is as before."""
    uvloop = pytest.importorskip("uvloop")
    own = dict(vars(uvloop.Loop))
    with watch() as health, asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(_healthy())
    (seen,) = health.loops
    assert seen.outside
    assert seen.to_json()["outside"] is True
    assert "(seen from outside)" in health.report()
    assert dict(vars(uvloop.Loop)) == own


def test_a_foreign_class_of_loops_is_watched_where_it_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """What `watch()` replaces on a class that inherits its method is taken away again."""

    class Loop(asyncio.SelectorEventLoop):
        pass

    module: Any = type(sys)("uvloop")
    module.Loop = Loop
    monkeypatch.setitem(sys.modules, "uvloop", module)
    with contextlib.suppress(KeyboardInterrupt), watch():
        assert "run_forever" in vars(Loop)
        raise KeyboardInterrupt
    assert "run_forever" not in vars(Loop)
    assert asyncio.BaseEventLoop.run_forever.__module__ == "asyncio.base_events"
