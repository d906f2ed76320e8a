"""The virtual loop: asyncio's own, but for its sleep and its clock."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from futurefuzz.control import Abort, Control
from futurefuzz.control.loop import VirtualLoop
from tests.control.stage import Directed, Recorder, Wandering, play, spot


def on_loop(
    explorer: Any,
    main: Callable[[VirtualLoop, Recorder], Any],
    *others: Callable[[Control, VirtualLoop], Any],
    **settings: Any,
) -> tuple[Control, Recorder]:
    """Run a coroutine function on the loop as actor `a`, with other actors beside it."""
    note, noticed = Recorder(), Recorder()
    loops: list[VirtualLoop] = []

    def prepare(control: Control) -> None:
        loops.append(VirtualLoop(control, 0, lambda handle: noticed("ready")))

    def body(control: Control) -> None:
        try:
            loops[0].run_until_complete(main(loops[0], note))
        except Abort:
            note("aborted")
            raise

    def other(action: Callable[[Control, VirtualLoop], Any]) -> Callable[[Control], Any]:
        return lambda control: action(control, loops[0])

    try:
        control = play(explorer, body, *(other(action) for action in others), prepare=prepare, **settings)
    finally:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(VirtualLoop, "is_running", lambda self: False)
        loops[0].close()
    return control, note


def test_timers_run_in_virtual_time() -> None:
    """call_later fires in order of time, and an hour is over at once."""

    async def main(loop: VirtualLoop, note: Recorder) -> None:
        loop.call_later(3600, note, "late")
        loop.call_later(60, note, "early")
        await asyncio.sleep(7200)
        note(loop.time())

    control, note = on_loop(Directed(), main)
    assert note == ["early", "late", 7200.0]
    assert control.time == 7200.0


def test_a_cancelled_timer_does_not_run() -> None:
    """As with any loop."""

    async def main(loop: VirtualLoop, note: Recorder) -> None:
        loop.call_later(1, note, "never").cancel()
        await asyncio.sleep(2)

    assert on_loop(Directed(), main)[1] == []


def test_wait_for_times_out_in_virtual_time() -> None:
    """asyncio.wait_for needs nothing but the loop's clock."""

    async def main(loop: VirtualLoop, note: Recorder) -> None:
        try:
            await asyncio.wait_for(loop.create_future(), 5)
        except TimeoutError:
            note("timeout", loop.time())

    assert on_loop(Directed(), main)[1] == [("timeout", 5.0)]


def test_each_thread_has_its_own_running_loop() -> None:
    """The loop is the running one on its carrier, and none is on the others."""
    seen = Recorder()

    async def main(loop: VirtualLoop, note: Recorder) -> None:
        note(asyncio.get_running_loop() is loop, asyncio.current_task() is not None)
        await asyncio.sleep(0)
        note(asyncio.get_running_loop() is loop)

    def other(control: Control, loop: VirtualLoop) -> None:
        for _ in range(3):
            control.point(spot())
            with pytest.raises(RuntimeError):
                asyncio.get_running_loop()
            seen("none")

    for seed in range(10):
        seen.clear()
        _, note = on_loop(Wandering(seed), main, other, other)
        assert note == [(True, True), True]
        assert seen == ["none"] * 6
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()


def handing_in(threadsafe: bool) -> Callable[[int], str]:
    """A thread resolves a future that the loop awaits; the status of the run by seed."""

    def run(seed: int) -> str:
        futures: list[Any] = []

        async def main(loop: VirtualLoop, note: Recorder) -> None:
            futures.append(loop.create_future())
            await asyncio.sleep(0)
            note(await futures[0])

        def other(control: Control, loop: VirtualLoop) -> None:
            while not futures:
                control.point(spot())
            if threadsafe:
                loop.call_soon_threadsafe(futures[0].set_result, "value")
            else:
                futures[0].set_result("value")

        control, note = on_loop(Wandering(seed), main, other)
        assert note == (["value"] if control.status == "completed" else ["aborted"])
        return control.status

    return run


def test_call_soon_threadsafe_always_wakes_the_loop() -> None:
    """No schedule loses a wake-up that is sent."""
    run = handing_in(threadsafe=True)
    assert {run(seed) for seed in range(60)} == {"completed"}


def test_a_wake_up_that_was_never_sent_is_a_deadlock() -> None:
    """The twin: set_result straight from another thread is lost in some schedules and not in others."""
    run = handing_in(threadsafe=False)
    assert {run(seed) for seed in range(60)} == {"completed", "stuck"}


def test_a_sleeping_loop_is_told_in_words() -> None:
    """A stuck loop waits for its wake-up."""

    async def main(loop: VirtualLoop, note: Recorder) -> None:
        await loop.create_future()

    control, _ = on_loop(Directed(), main)
    assert [(b.actor, b.resource) for b in control.blocked] == [("a", "the loop's wake-up")]


def test_the_ready_queue_tells_of_everything_that_enters() -> None:
    """call_soon, call_soon_threadsafe and timers that are due all pass the notice."""
    noticed: list[Any] = []

    def body(control: Control) -> None:
        loop = VirtualLoop(control, 0, lambda handle: noticed.append(handle._callback))  # type: ignore[attr-defined]
        loop.call_soon(str)
        loop.call_soon_threadsafe(int)
        loop.call_later(1, float)
        loop.call_later(2, loop.stop)
        loop.run_forever()
        stop = noticed.pop()
        assert stop == loop.stop
        loop.close()

    play(Directed(), body)
    assert noticed == [str, int, float]


def test_entry_into_the_ready_queue_and_its_notice_are_one_step() -> None:
    """No point lies between or after them: who is noted as posted is there, and nobody has acted meanwhile."""
    seen: list[Any] = []

    def body(control: Control) -> None:
        loop = VirtualLoop(control, 0, lambda handle: seen.append((control.count, handle in loop._ready)))
        loop.call_soon(str)
        assert seen == [(control.count, True)]
        loop.close()

    play(Directed(), body)
    assert len(seen) == 1


def test_stop_ends_the_loop_after_what_is_ready() -> None:
    """A stopped loop can run again, as asyncio's can."""
    note = Recorder()

    def body(control: Control) -> None:
        loop = VirtualLoop(control, 0, lambda handle: None)
        for word in ("first", "second"):
            loop.call_soon(loop.stop)
            loop.call_soon(note, word)
            loop.run_forever()
        loop.close()

    play(Directed(), body)
    assert note == ["first", "second"]


def test_exceptions_in_callbacks_go_to_the_handler() -> None:
    """The loop survives a callback that raises."""
    note = Recorder()

    async def main(loop: VirtualLoop, note_: Recorder) -> None:
        loop.set_exception_handler(lambda loop, context: note(repr(context["exception"])))
        loop.call_soon(lambda: 1 / 0)
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        note("alive")

    on_loop(Directed(), main)
    assert note == ["ZeroDivisionError('division by zero')", "alive"]


def test_debug_mode_checks_the_thread() -> None:
    """What asyncio's debug mode forbids is forbidden here: call_soon from another thread."""
    note = Recorder()
    started: list[int] = []

    async def main(loop: VirtualLoop, note_: Recorder) -> None:
        loop.set_debug(True)
        started.append(1)
        await asyncio.sleep(10)

    def other(control: Control, loop: VirtualLoop) -> None:
        while not started:
            control.point(spot())
        with pytest.raises(RuntimeError, match="Non-thread-safe operation"):
            loop.call_soon(print)
        note("checked")

    on_loop(Wandering(2), main, other)
    assert note == ["checked"]


def test_locks_of_asyncio_queues_and_task_groups_work() -> None:
    """What asyncio builds on its loop needs nothing of ours."""

    async def main(loop: VirtualLoop, note: Recorder) -> None:
        items: asyncio.Queue[int] = asyncio.Queue(1)
        lock = asyncio.Lock()

        async def producer() -> None:
            for item in range(3):
                await items.put(item)

        async def consumer() -> None:
            for _ in range(3):
                async with lock:
                    note(await items.get())

        async with asyncio.TaskGroup() as group:
            group.create_task(producer())
            group.create_task(consumer())

    assert on_loop(Directed(), main)[1] == [0, 1, 2]


@pytest.mark.parametrize("where", ["callback", "task"])
def test_a_livelock_on_the_loop_is_unwound(where: str) -> None:
    """asyncio turns what a callback or task raises into a report; the abort gets out of the loop all the same."""

    async def main(loop: VirtualLoop, note: Recorder) -> None:
        loop.set_exception_handler(lambda loop, context: None)
        if where == "callback":

            def again() -> None:
                loop.call_soon(again)

            again()
            await loop.create_future()
        else:
            while True:
                await asyncio.sleep(0)

    control, note = on_loop(Wandering(1), main, lambda control, loop: control.point(spot()), step_bound=200)
    assert control.status == "livelock"
    assert note == ["aborted"]
    with pytest.raises(RuntimeError):
        asyncio.get_running_loop()
    assert on_loop(Directed(), handed_over)[1] == ["fine"]


async def handed_over(loop: VirtualLoop, note: Recorder) -> None:
    """An ordinary coroutine."""
    await asyncio.sleep(1)
    note("fine")


def test_a_task_that_swallows_the_abort_does_not_hold_up_the_loop() -> None:
    """A coroutine that catches everything is left where it is when the loop itself is unwound."""

    async def main(loop: VirtualLoop, note: Recorder) -> None:
        while True:
            try:
                await asyncio.sleep(0)
                loop.call_soon(note, "turn").cancel()
            except BaseException as error:
                note(type(error).__name__)
                if isinstance(error, GeneratorExit):
                    raise

    control, note = on_loop(Directed(), main, step_bound=100)
    assert control.status == "livelock"
    assert "aborted" in note


def test_a_closed_loop_leaves_no_circle() -> None:
    """A run's loop dies with its run."""
    import weakref

    loop = VirtualLoop(Control(Directed()), 0, lambda handle: None)
    loop.close()
    gone = weakref.ref(loop)
    del loop
    assert gone() is None
