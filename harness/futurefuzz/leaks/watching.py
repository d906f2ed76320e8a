"""Leaks of ordinary code: a block that is watched, or a function that is called again and again.

    from futurefuzz import leaks

    def test_my_client():
        leaks.assert_no_leaks(use_my_client)          # a function or a coroutine function

    with leaks.watch() as watched:
        client = watched.track(Client())
        client.talk()
        del client
    assert not watched.leaks

What is looked for: memory that grows with every call, and the line that allocates it; tracked objects that do not die;
cycles, by name; threads, descriptors, timers and tasks left behind.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
import tracemalloc
import weakref
from collections.abc import Callable, Coroutine, Sequence
from types import TracebackType
from typing import Any, Final, Literal, TypeVar

from attrs import frozen

from futurefuzz.contracts import leak_clauses as clauses
from futurefuzz.contracts.verdict import Clause
from futurefuzz.errors import InputError
from futurefuzz.leaks.allocations import Allocation, allocations
from futurefuzz.leaks.garbage import Cycle, cycles, frozen_heap, is_future, thawed_heap, unreachable
from futurefuzz.leaks.growth import SETTLING, Growth, goes_on_growing
from futurefuzz.leaks.leftovers import Leftovers, handles_of, look
from futurefuzz.leaks.referrers import kept_by
from futurefuzz.leaks.words import word

__all__ = ["Leak", "LeakFound", "LeakReport", "Watch", "assert_no_leaks", "check_leaks", "watch"]

Kind = Literal["growth", "survival", "cycle", "thread", "handle", "descriptor"]
T = TypeVar("T")

#: passes of the loop that what was scheduled last is given to run
_PASSES: Final = 10
#: calls that are looked at one by one; a leak may need every second one only
_LOOKS: Final = 2
#: calls of which one leaves something
_SELDOM: Final = 4


@frozen(kw_only=True)
class Leak:
    """Something that stays although it should not.

    Args:
        kind: `growth`, `survival`, `cycle`, `thread`, `handle` or `descriptor`.
        clause: the promise that it breaks.
        cause: one sentence.
        chain: what refers to what, in words: the cycle, or who keeps it, from something that stays to the thing.
        lines: that allocate it, where they were looked for.
    """

    kind: Kind
    clause: Clause
    cause: str
    chain: tuple[str, ...] = ()
    lines: tuple[Allocation, ...] = ()

    def __str__(self) -> str:
        texts = [self.cause]
        if self.chain:
            texts.append(f"  {' → '.join(self.chain)}")
        texts += [f"  allocated at {line}: {line.blocks} blocks, {line.size} bytes a call" for line in self.lines]
        return "\n".join(texts)


@frozen(kw_only=True)
class LeakReport:
    """What `check_leaks` found; true when it found anything.

    Args:
        leaks: the leaks.
        calls: how often the function was called for it.
    """

    leaks: tuple[Leak, ...]
    calls: int

    def __bool__(self) -> bool:
        return bool(self.leaks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.leaks)) if self.leaks else f"no leak in {self.calls} calls"

    def of_kind(self, kind: Kind) -> tuple[Leak, ...]:
        """The leaks of one kind."""
        return tuple(leak for leak in self.leaks if leak.kind == kind)


class LeakFound(AssertionError):
    """Something leaks.

    Attributes:
        report: what.
    """

    def __init__(self, report: LeakReport) -> None:
        super().__init__(str(report))
        self.report = report


class Watch:
    """A context in which what happens is watched; `leaks` holds what was found when it ends.

    The collector does not come by itself meanwhile. A block that raises is not judged. Within a coroutine the running
    loop is watched too.

    Attributes:
        leaks: empty until the end.
    """

    def __init__(self) -> None:
        self.leaks: tuple[Leak, ...] = ()
        self._tracked: list[tuple[str, weakref.ref[Any]]] = []
        self._heap = frozen_heap()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._handles: list[str] = []
        self._before: Leftovers | None = None

    def track(self, thing: T, name: str = "") -> T:
        """An object that must be dead when the block ends. It is returned, for use within an expression.

        Args:
            thing: supports weak references.
            name: what it is called in the report; empty: by its kind.

        Raises:
            InputError: it supports no weak references.
        """
        try:
            self._tracked.append((name or word(thing), weakref.ref(thing)))
        except TypeError:
            raise InputError(
                f"{word(thing)}: cannot be tracked; allowed: objects that support weak references"
            ) from None
        return thing

    def __enter__(self) -> Watch:
        try:
            self._loop = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None
        if self._loop is not None:
            self._handles = handles_of(self._loop)
        self._before = look()
        self._heap.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if kind is not None:
            self._heap.__exit__(kind, error, traceback)
            return
        try:
            alive = [(name, thing) for name, reference in self._tracked if (thing := reference()) is not None]
            names = {id(thing): name for name, thing in alive}
            alive.clear()
            thing = None
            garbage = unreachable()
            circles = cycles(garbage)
            left = {id(one) for one in garbage}
            garbage.clear()
            gc.collect()
        finally:
            self._heap.__exit__(None, None, None)
        stayed = [name for key, name in names.items() if key not in left]
        found = _cycle_leaks(circles)
        found += self._survivors(stayed)
        found += _left_behind(self._before, self._loop, self._handles)
        self.leaks = tuple(found)

    def _survivors(self, names: Sequence[str]) -> list[Leak]:
        """Those that the collector did not find either, with who keeps them."""
        if not names:
            return []
        with thawed_heap():
            kept = []
            for name, reference in self._tracked:  # on 3.11 a comprehension would hold the thing itself, in a closure
                thing = reference()
                if thing is not None and name in names:
                    kept.append((name, kept_by(thing, ignoring=[self._tracked])))
                del thing
        return [survivor(name, chain) for name, chain in kept]


def watch() -> Watch:
    """Watch a block: `with watch() as watched: …`, then look at `watched.leaks`.

    What grows from one time to the next is not seen in one block; see `check_leaks`."""
    return Watch()


def check_leaks(
    function: Callable[[], object],
    *,
    rounds: int = 4,
    times: int = 4,
    warm_up: int = 3,
    settling: int = SETTLING,
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
        growth: look for growth; False: only for what one call leaves, in a fraction of the time.
        loop_factory: makes the loop of each call; None: as `asyncio.run` does.

    Returns:
        The leaks; false when there are none.

    Raises:
        InputError: numbers below 1; or the function returns a coroutine, and a loop is running already.
        Exception: what the function raises.
    """
    if min(rounds, times, warm_up, settling) < 1:
        given = f"rounds {rounds}, times {times}, warm_up {warm_up}, settling {settling}"
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
        found += _growth(step, rounds, times, 0 if scarce else settling)
    return LeakReport(leaks=tuple(found), calls=calls)


def assert_no_leaks(
    function: Callable[[], object],
    *,
    rounds: int = 4,
    times: int = 4,
    warm_up: int = 3,
    settling: int = SETTLING,
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


# ---- from what is found to leaks


def survivor(name: str, chain: tuple[str, ...]) -> Leak:
    """A leak: what is alive after the collector came."""
    return Leak(
        kind="survival",
        clause=clauses.SURVIVAL,
        cause=f"the {name} is still alive although it was dropped and the collector has come",
        chain=chain,
    )


def cycle_leak(circle: Cycle) -> Leak:
    """A leak: what only the collector frees."""
    more = circle.keeps - len(circle.chain)
    return Leak(
        kind="cycle",
        clause=clauses.CYCLE,
        cause=f"only the collector can free a cycle of references ({circle.keeps} objects)"
        if more > 0
        else "only the collector can free a cycle of references",
        chain=circle.chain,
    )


def handle_leak(text: str) -> Leak:
    """A leak: what is left in a loop."""
    return Leak(kind="handle", clause=clauses.HANDLE, cause=f"left in the loop: {text}")


def _cycle_leaks(circles: Sequence[Cycle]) -> list[Leak]:
    return [cycle_leak(circle) for circle in circles]


def _left_behind(
    before: Leftovers | None, loop: asyncio.AbstractEventLoop | None, handles: Sequence[str]
) -> list[Leak]:
    assert before is not None
    threads, descriptors = look(before).new_since(before)
    found = [
        Leak(kind="thread", clause=clauses.THREAD, cause=f"a thread was started and still lives: {name}")
        for name in threads
    ]
    found += [
        Leak(kind="descriptor", clause=clauses.DESCRIPTOR, cause=f"descriptor {text} was opened and not closed")
        for text in descriptors
    ]
    if loop is not None:
        known = list(handles)
        for text in handles_of(loop):
            if text in known:
                known.remove(text)
            else:
                found.append(handle_leak(text))
    return found


def _growth(step: Callable[[], object], rounds: int, times: int, settling: int) -> list[Leak]:
    with frozen_heap():
        grown = goes_on_growing(step, rounds=rounds, times=times, settling=settling)
        if not grown:
            grown = _grows_traced(step, rounds, times, settling)
        if not grown:
            return []
        kept = _what_stays(step)
    lines = allocations(step)
    chain: tuple[str, ...] = ()
    if kept:
        with thawed_heap():
            chain = kept_by(kept[0], ignoring=[kept])
    return [growth_leak(one, chain, lines) for one in grown]


def growth_leak(growth: Growth, chain: tuple[str, ...], lines: tuple[Allocation, ...]) -> Leak:
    """A leak: what grows in every round."""
    rounds = ", ".join(f"+{number}" for number in growth.rounds)
    return Leak(
        kind="growth",
        clause=clauses.GROWTH,
        cause=f"{growth.what} grow in every round of {growth.times} calls: {rounds}",
        chain=chain,
        lines=lines,
    )


def _grows_traced(step: Callable[[], object], rounds: int, times: int, settling: int) -> list[Growth]:
    """The same, with the bytes that `tracemalloc` sees: large buffers are not among the blocks."""
    if tracemalloc.is_tracing():
        return []  # `grows` has looked already
    try:
        tracemalloc.start()
        step()
        return goes_on_growing(step, rounds=rounds, times=times, settling=settling)
    finally:
        tracemalloc.stop()


def _what_stays(step: Callable[[], object]) -> list[Any]:
    """Objects that a few more calls leave, the most telling first. In a frozen heap few others are looked at.

    A full cache takes new objects in and lets go of as many old ones: only what there is more of afterwards stays."""
    gc.collect()
    before = {id(thing) for thing in gc.get_objects()}
    counts: dict[type, int] = {}  # no Counter: what it does leaves entries in a cache
    for thing in gc.get_objects():
        counts[type(thing)] = counts.get(type(thing), 0) + 1
    for _ in range(_SELDOM):
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
