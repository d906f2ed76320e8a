"""Leaks of a function: it is called again and again, and what each call leaves, and what grows, is named."""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Callable, Coroutine
from typing import Any, Final

from futurefuzz.errors import InputError
from futurefuzz.leaks.allocations import allocations
from futurefuzz.leaks.garbage import frozen_heap, is_future, thawed_heap
from futurefuzz.leaks.growth import SELDOM, SETTLING, goes_on_growing, tracing
from futurefuzz.leaks.leak import Leak, LeakFound, LeakReport, growth_leak, handle_leak
from futurefuzz.leaks.leftovers import handles_of
from futurefuzz.leaks.referrers import kept_by
from futurefuzz.leaks.watching import Watch
from futurefuzz.leaks.words import word

__all__ = ["assert_no_leaks", "check_leaks"]

#: passes of the loop that what was scheduled last is given to run
_PASSES: Final = 10
#: calls that are looked at one by one; a leak may need every second one only
_LOOKS: Final = 2


def check_leaks(
    function: Callable[[], object],
    *,
    rounds: int = 4,
    times: int = 4,
    warm_up: int = 3,
    settling: int = SETTLING,
    every: int = SELDOM,
    growth: bool = True,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> LeakReport:
    """Call a function again and again and look for what it leaks.

    Args:
        function: a function without arguments; if it returns a coroutine, that is run in a loop of its own, as by
            `asyncio.run`. What it makes is taken to be dropped when it returns.
        rounds: how many rounds are measured; only what grows in every one is a leak.
        times: how often it is called in a round.
        warm_up: how often it is called before, so that caches are filled.
        settling: how often what has grown is called until it is measured again, and in each of two rounds then: a cache
            with a bound grows until it is full.
        every: of so many calls at least one leaves something. A larger number finds what leaks more seldom, or less at
            a time, such as a list that grows by one reference a call, and takes as many calls more.
        growth: look for growth; False: only for what one call leaves, in a fraction of the time.
        loop_factory: makes the loop of each call; None: as `asyncio.run` does.

    Returns:
        The leaks; false when there are none.

    Raises:
        InputError: numbers below 1; or the function returns a coroutine, and a loop is running already.
        Exception: what the function raises.
    """
    if min(rounds, times, warm_up, settling, every) < 1:
        given = f"rounds {rounds}, times {times}, warm_up {warm_up}, settling {settling}, every {every}"
        raise InputError(f"{given}: allowed: numbers from 1")
    left: list[str] = []
    calls = 0
    once = _step(function, left, loop_factory)

    def step() -> None:
        nonlocal calls
        calls += 1
        once()

    for _ in range(warm_up):
        step()
    found: list[Leak] = []
    for _ in range(_LOOKS):
        left.clear()
        watched = Watch()
        with watched:
            step()
        found = [*watched.leaks, *map(handle_leak, left)]
        if found:
            break
    if growth:
        # Threads and descriptors run out when a function is called as often as it takes to be sure.
        scarce = any(leak.kind in ("thread", "descriptor") for leak in found)
        settled = 0 if scarce else max(settling, every)
        found += _growth(step, rounds, times if every == SELDOM else max(times, every), settled, every)
    return LeakReport(leaks=tuple(found), calls=calls)


def assert_no_leaks(
    function: Callable[[], object],
    *,
    rounds: int = 4,
    times: int = 4,
    warm_up: int = 3,
    settling: int = SETTLING,
    every: int = SELDOM,
    growth: bool = True,
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None = None,
) -> None:
    """As `check_leaks`, for tests.

    Raises:
        LeakFound: it leaks; an AssertionError whose text is the report.
    """
    report = check_leaks(
        function,
        rounds=rounds,
        times=times,
        warm_up=warm_up,
        settling=settling,
        every=every,
        growth=growth,
        loop_factory=loop_factory,
    )
    if report:
        raise LeakFound(report)


# ---- one call


def _step(
    function: Callable[[], object],
    left: list[str],
    loop_factory: Callable[[], asyncio.AbstractEventLoop] | None,
) -> Callable[[], None]:
    def step() -> None:
        made = function()
        if not inspect.iscoroutine(made):
            return
        if asyncio._get_running_loop() is not None:
            made.close()
            what = f"check_leaks: {word(made)} cannot be run while a loop is running"
            raise InputError(f"{what}; allowed: a call outside of coroutines")
        with asyncio.Runner(loop_factory=loop_factory) as runner:
            runner.run(_looked_after(made, left))

    return step


async def _looked_after(coroutine: Coroutine[Any, Any, Any], left: list[str]) -> None:
    """Await it, then look what it leaves in its loop; `left` is of the last call alone."""
    await coroutine
    left.clear()
    loop = asyncio.get_running_loop()
    for _ in range(_PASSES):
        if not getattr(loop, "_ready", ()):
            break
        await asyncio.sleep(0)
    left += handles_of(loop)
    me = asyncio.current_task()
    left += [f"task {task.get_name()} of {word(task.get_coro())}" for task in asyncio.all_tasks() if task is not me]


# ---- growth


def _growth(step: Callable[[], object], rounds: int, times: int, settling: int, every: int) -> list[Leak]:
    with frozen_heap():
        grown = goes_on_growing(step, rounds=rounds, times=times, settling=settling, every=every)
        with tracing() as begun:
            if begun and not grown:
                step()
                grown = goes_on_growing(step, rounds=rounds, times=times, settling=settling, every=every)
        if not grown:
            return []
        kept = _what_stays(step, every)
    lines = allocations(step, times=16 if every <= SELDOM else 4 * every, every=every)
    chain: tuple[str, ...] = ()
    if kept:
        with thawed_heap():
            chain = kept_by(kept[0], ignoring=[kept])
    return [growth_leak(one, chain, lines) for one in grown]


def _what_stays(step: Callable[[], object], every: int) -> list[Any]:
    """Objects that a few more calls leave, the most telling first. In a frozen heap few others are looked at.

    A full cache takes new objects in and lets go of as many old ones: only what there is more of afterwards stays."""
    gc.collect()
    before = {id(thing) for thing in gc.get_objects()}
    counts: dict[type, int] = {}  # no Counter: what it does leaves entries in a cache
    for thing in gc.get_objects():
        counts[type(thing)] = counts.get(type(thing), 0) + 1
    for _ in range(max(every, SELDOM)):
        step()
    gc.collect()
    for thing in gc.get_objects():
        counts[type(thing)] = counts.get(type(thing), 0) - 1
    fresh: list[Any] = []
    for thing in gc.get_objects():  # no comprehension: its function would be among them
        ours = thing is before or thing is fresh or thing is counts
        if id(thing) not in before and not ours and counts[type(thing)] < 0:
            fresh.append(thing)
    fresh.sort(key=_telling)
    return fresh


def _telling(thing: Any) -> int:
    if is_future(thing):
        return 0
    return 2 if type(thing).__module__ in ("builtins", "types") else 1
