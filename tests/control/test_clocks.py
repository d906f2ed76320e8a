"""The clocks of a run: consistent with each other, whatever the program does with them."""

from __future__ import annotations

import asyncio
import datetime
import time
from collections.abc import Callable
from unittest import mock

import pytest

from futurefuzz.control.session import run_controlled
from futurefuzz.control.whole import EPOCH
from futurefuzz.explorers.replay import ChoicesReplay


def run(body: Callable[[], object]) -> object:
    """What a function returns in the plainest schedule."""
    done = run_controlled(body, ChoicesReplay([]))
    assert done is not None
    assert done.status == "completed"
    assert done.outcome is not None
    kind, value = done.outcome
    if kind == "raised":
        raise value
    return value


def test_all_clocks_go_at_the_same_rate() -> None:
    """After a sleep of a hundred days each shows a hundred days more."""

    def body() -> None:
        readers: tuple[Callable[[], float], ...] = (
            time.time,
            time.monotonic,
            time.perf_counter,
            lambda: time.time_ns() / 1e9,
            lambda: time.monotonic_ns() / 1e9,
            lambda: datetime.datetime.now().timestamp(),
        )
        before = [reader() for reader in readers]
        time.sleep(8_640_000)
        passed = [reader() - start for reader, start in zip(readers, before, strict=True)]
        assert passed == pytest.approx([8_640_000.0] * len(readers), abs=0.01)

    run(body)


def test_a_loops_clock_is_the_monotonic_one() -> None:
    """Timers in the past are due at once; a delay of years is over when nobody else can go on."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        called: list[str] = []
        loop.call_at(loop.time() - 1000, called.append, "past")
        loop.call_later(-5, called.append, "negative")
        for _ in range(3):
            await asyncio.sleep(0)
        assert sorted(called) == ["negative", "past"]
        start = loop.time()
        await asyncio.sleep(10**8)
        assert loop.time() - start == pytest.approx(10**8)
        assert loop.time() == pytest.approx(time.monotonic(), abs=0.01)

    run(lambda: asyncio.run(main()))


@pytest.mark.parametrize("seconds", [-1, float("nan"), float("inf"), float("-inf"), 1e10, 1e300])
def test_a_sleep_that_is_refused_outside_is_refused_in_a_run(seconds: float) -> None:
    """With the same exception and words; the clocks stay where they are."""
    with pytest.raises((ValueError, OverflowError)) as real:
        time.sleep(seconds)

    def body() -> float:
        with pytest.raises(type(real.value)) as raised:
            time.sleep(seconds)
        assert str(raised.value) == str(real.value)
        return time.monotonic()

    assert run(body) == 0.0


@pytest.mark.skipif(not hasattr(time, "clock_settime"), reason="needs time.clock_settime")
def test_a_program_can_set_the_time_of_day_of_its_run() -> None:
    """What the machine's clock does is no event of a run; a step that the program asks for moves no monotonic clock."""
    before = time.time()

    def body() -> None:
        time.clock_settime(time.CLOCK_REALTIME, 1000.5)
        assert time.time() == 1000.5
        assert time.time_ns() == 1_000_500_000_000
        assert time.clock_gettime(time.CLOCK_REALTIME) == 1000.5
        assert time.gmtime().tm_year == datetime.datetime.now(datetime.UTC).year == 1970
        assert time.monotonic() == 0.0
        time.clock_settime_ns(time.CLOCK_REALTIME, 2 * 10**18)
        time.sleep(1)
        assert (time.time(), time.monotonic()) == (2e9 + 1, 1.0)
        with pytest.raises(OSError, match=r"."):
            time.clock_settime(time.CLOCK_MONOTONIC, 1.0)

    run(body)
    assert before <= time.time() < before + 10_000, "the machine's own clock was set"
    assert run(lambda: time.time()) == EPOCH, "each run begins at the same time"


def test_a_test_that_replaces_a_clock_has_only_that_one_replaced() -> None:
    """`datetime` and `clock_gettime` do not read `time.time` by its name, as outside of a run."""

    def body() -> float:
        with mock.patch("time.time", return_value=5.0):
            assert time.time() == 5.0
            assert datetime.datetime.now().timestamp() == EPOCH
            assert time.clock_gettime(time.CLOCK_REALTIME) == EPOCH
        return time.time()

    assert run(body) == EPOCH


def test_a_clock_that_a_class_keeps_is_no_method() -> None:
    """Functions in C are not bound to the instances of a class, and neither is what stands in their place."""

    def body() -> float:
        class Stopwatch:
            now = time.perf_counter
            pause = time.sleep
            tasks = asyncio.all_tasks

        async def tasks(loop: asyncio.AbstractEventLoop) -> None:
            assert len(asyncio.all_tasks(loop)) == 1

        loop = asyncio.new_event_loop()
        loop.run_until_complete(tasks(loop))
        loop.close()
        watch = Stopwatch()
        start = watch.now()
        watch.pause(5)
        return watch.now() - start

    assert run(body) == 5.0
