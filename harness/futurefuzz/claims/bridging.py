"""Rows 10 to 13: futures of a loop and other threads."""

from __future__ import annotations

import asyncio
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.claims.claim import Claim, Evidence
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.probing import controlled, in_loop
from futurefuzz.exploring.api import explore
from futurefuzz.exploring.exploration import Exploration

__all__ = ["CLAIMS"]

_RUNS: Final = 60
_CERTIFYING: Final = 3000
#: seconds of virtual time after which a waiter gives up
_TIMEOUT: Final = 1.0
#: real seconds after which a loop that sleeps counts as not woken
_PATIENCE: Final = 3.0


def _explored(function: Callable[[], object]) -> Exploration:
    return explore(function, runs=_CERTIFYING, seed=1, model="operation")


# ---- 10 -------------------------------------------------------------------------------------------------------------


def _foreign(parts: Parts, debug: bool) -> tuple[Counter[str], int]:
    """A thread resolves a future that the loop awaits; what came of it, and in how many runs the result was wrong."""
    seen: Counter[str] = Counter()
    results: list[object] = []
    raised: list[str] = []

    def function() -> object:
        results.clear()
        raised.clear()

        async def main(loop: asyncio.AbstractEventLoop) -> object:
            loop.set_debug(debug)
            future = parts.futures[0].new_future(loop)

            def worker() -> None:
                try:
                    future.set_result("value")
                except RuntimeError as error:
                    raised.append(str(error))

            thread = threading.Thread(target=worker)
            thread.start()
            results.append(await future)
            return results[-1]

        return in_loop(parts, main)

    wrong = 0
    for run in controlled(function, runs=_RUNS):
        if raised:
            seen["RuntimeError"] += 1
        elif run.status == "stuck":
            seen["lost wake-up"] += 1
        elif run.outcome == ("returned", "value"):
            seen["in time"] += 1
        else:
            seen["other"] += 1
        wrong += bool(results) and results != ["value"]
    return seen, wrong


def _from_another_thread(parts: Parts) -> Evidence:
    plain, wrong = _foreign(parts, debug=False)
    debug, wrong_too = _foreign(parts, debug=True)
    corrupted = wrong + wrong_too + plain["other"]
    if plain["RuntimeError"] == sum(plain.values()) or corrupted:
        verdict: Any = "holds"
    else:
        verdict = "depends" if debug["RuntimeError"] else "refuted"
    return Evidence(
        verdict=verdict,
        sentence=(
            f"without debug mode, {sum(plain.values())} schedules: RuntimeError in {plain['RuntimeError']}, waiter "
            "never "
            f"woken (the loop sleeps beside a ready callback: a deadlock of the run) in {plain['lost wake-up']}, "
            "right in "
            f"{plain['in time']}; in debug mode RuntimeError in {debug['RuntimeError']} of {sum(debug.values())}; "
            "wrong "
            f"results: {corrupted}"
        ),
        measured={"plain": dict(plain), "debug": dict(debug), "wrong": corrupted},
    )


# ---- 11 -------------------------------------------------------------------------------------------------------------


def _articles(parts: Parts) -> Callable[[], object]:
    """The bridge as it was published: it asks for the running loop inside the worker."""

    def function() -> object:
        async def main(loop: asyncio.AbstractEventLoop) -> object:
            future = parts.futures[0].new_future(loop)

            def worker() -> None:
                try:
                    result = 42
                    parts.get_running_loop().call_soon_threadsafe(future.set_result, result)
                except Exception as error:
                    parts.get_running_loop().call_soon_threadsafe(future.set_exception, error)

            threading.Thread(target=worker, name="worker").start()
            return await future

        return in_loop(parts, main)

    return function


def _corrected(parts: Parts) -> Callable[[], object]:
    """The loop is captured on its own thread."""

    def function() -> object:
        async def main(loop: asyncio.AbstractEventLoop) -> object:
            future = parts.futures[0].new_future(loop)

            def worker() -> None:
                try:
                    result = 42
                    loop.call_soon_threadsafe(future.set_result, result)
                except Exception as error:
                    loop.call_soon_threadsafe(future.set_exception, error)

            thread = threading.Thread(target=worker, name="worker")
            thread.start()
            result = await future
            thread.join()
            return result

        return in_loop(parts, main)

    return function


def _article_bridge(parts: Parts) -> Evidence:
    article = _explored(_articles(parts))
    corrected = _explored(_corrected(parts))
    causes = [article.failures[0].cause, *article.failures[0].others] if article.failures else []
    if not article.failures:
        verdict: Any = "holds"
        said = f"the article's bridge: {article.certificate or 'no failure in a sample'}"
    else:
        verdict = "refuted"
        raised = next((cause for cause in causes if "RuntimeError" in cause), causes[0])
        hangs = next((cause for cause in causes if cause.startswith("deadlock")), "the waiter wakes")
        always = "in every schedule" if article.failures[0].always else "in some schedules"
        said = f"the article's bridge fails {always}: {_short(raised)}; {_short(hangs)}"
    repaired = (
        f"the corrected one: {corrected.certificate}"
        if not corrected.failures
        else f"the corrected one fails, too: {_short(corrected.failures[0].cause)}"
    )
    return Evidence(
        verdict=verdict,
        sentence=f"{said}; {repaired}",
        measured={
            "article": causes,
            "article_always": bool(article.failures and article.failures[0].always),
            "corrected": [failure.cause for failure in corrected.failures],
            "certificate": corrected.certificate,
        },
    )


def _short(cause: str) -> str:
    return cause.partition(", and nobody")[0]


# ---- 12 -------------------------------------------------------------------------------------------------------------


def _posting(parts: Parts, *, cancels: bool, robust: bool) -> Callable[[], object]:
    """A thread posts the result; the loop may give up waiting meanwhile."""

    def function() -> object:
        async def main(loop: asyncio.AbstractEventLoop) -> object:
            future = parts.futures[0].new_future(loop)

            def resolve() -> None:
                if not future.done():
                    future.set_result(42)

            def worker() -> None:
                if robust:
                    loop.call_soon_threadsafe(resolve)
                else:
                    loop.call_soon_threadsafe(future.set_result, 42)

            thread = threading.Thread(target=worker, name="worker")
            thread.start()
            try:
                if cancels:
                    await asyncio.wait_for(future, _TIMEOUT)
                else:
                    await future
            except TimeoutError:
                pass
            thread.join()
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            return None

        return in_loop(parts, main)

    return function


def _posted_is_safe(parts: Parts) -> Evidence:
    alone = _explored(_posting(parts, cancels=False, robust=False))
    raced = _explored(_posting(parts, cancels=True, robust=False))
    robust = _explored(_posting(parts, cancels=True, robust=True))
    closed = _on_a_closed_loop(parts)
    if raced.failures:
        verdict: Any = "refuted" if alone.failures else "depends"
    else:
        verdict = "holds" if closed == "nothing" else "depends"
    race = _short(raced.failures[0].cause) if raced.failures else f"none: {raced.certificate}"
    return Evidence(
        verdict=verdict,
        sentence=(
            f"alone: {_result(alone)}; against a timeout: {race}; on a closed loop the call raises {closed}; the "
            "bridge that "
            f"asks done() inside the callback, against a timeout: {_result(robust)}"
        ),
        measured={
            "alone": [failure.cause for failure in alone.failures],
            "raced": [failure.cause for failure in raced.failures],
            "robust": [failure.cause for failure in robust.failures],
            "robust_certificate": robust.certificate,
            "closed": closed,
        },
    )


def _result(found: Exploration) -> str:
    if found.failures:
        return _short(found.failures[0].cause)
    return found.certificate or f"no failure in {found.runs} runs"


def _on_a_closed_loop(parts: Parts) -> str:
    loop = parts.new_loop()
    future = parts.futures[0].new_future(loop)
    loop.close()
    try:
        loop.call_soon_threadsafe(future.set_result, 1)
    except Exception as error:
        return type(error).__name__
    return "nothing"


# ---- 13 -------------------------------------------------------------------------------------------------------------


def _wakes_in_order(parts: Parts) -> Evidence:
    woken, pipe = _through_the_pipe(parts)
    orders: Counter[tuple[int, ...]] = Counter()

    def function() -> list[int]:
        async def main(loop: asyncio.AbstractEventLoop) -> list[int]:
            got: list[int] = []
            done = loop.create_future()

            def take(what: int) -> None:
                got.append(what)
                if len(got) == 4 and not done.done():
                    done.set_result(None)

            def post(first: int) -> None:
                loop.call_soon_threadsafe(take, first)
                loop.call_soon_threadsafe(take, first + 1)

            threads = [threading.Thread(target=post, args=(first,)) for first in (1, 3)]
            for thread in threads:
                thread.start()
            await done
            for thread in threads:
                thread.join()
            return got

        got: list[int] = in_loop(parts, main)
        return got

    hung = 0
    for run in controlled(function, runs=200):
        if run.outcome is None or run.outcome[0] != "returned":
            hung += 1
        else:
            orders[tuple(run.outcome[1])] += 1
    ordered = all(order.index(1) < order.index(2) and order.index(3) < order.index(4) for order in orders)
    right = woken and pipe and ordered and not hung
    return Evidence(
        verdict="holds" if right else "depends" if woken or (ordered and not hung) else "refuted",
        sentence=(
            f"a post to a loop that slept in select() wrote to its self-pipe {pipe} time{'s' * (pipe != 1)} and "
            f"{'woke it' if woken else 'did not wake it'}; two threads with two posts each, {orders.total() + hung} "
            f"schedules: {len(orders)} orders, each thread's own order kept in {'all' if ordered else 'not all'}, "
            f"{hung} hung"
        ),
        measured={"woken": woken, "written": pipe, "orders": len(orders), "ordered": ordered, "hung": hung},
    )


def _through_the_pipe(parts: Parts) -> tuple[bool, int]:
    """A real loop and a real thread: was the loop woken, and how often was its self-pipe written to?"""
    loop: Any = parts.new_loop()
    written = 0
    woken = False
    write = loop._write_to_self
    asleep = threading.Event()
    select = loop._selector.select

    def counted() -> None:
        nonlocal written
        written += 1
        write()

    def sleeping(timeout: float | None = None) -> Any:
        nonlocal woken
        if timeout is not None:
            return select(timeout)
        asleep.set()
        found = select(_PATIENCE)  # instead of for ever
        woken = bool(found)
        return found

    def post() -> None:
        asleep.wait(_PATIENCE)
        loop.call_soon_threadsafe(done.set_result, True)

    try:
        loop._write_to_self = counted
        loop._selector.select = sleeping
        done: asyncio.Future[bool] = loop.create_future()
        thread = threading.Thread(target=post)
        thread.start()
        loop.run_until_complete(done)
        thread.join()
    finally:
        del loop._write_to_self, loop._selector.select
        loop.close()
    return woken, written



_DEV: Final = "https://docs.python.org/3/library/asyncio-dev.html#concurrency-and-multithreading"
_LOOP: Final = "https://docs.python.org/3/library/asyncio-eventloop.html"

CLAIMS: Final = (
    Claim(
        number=10,
        claim="Calling set_result from another thread raises RuntimeError or corrupts state",
        truth=(
            "Without debug mode it succeeds, but nothing wakes the loop, so the waiter may sleep for ever (a lost "
            "wake-up);"
            " in debug mode, where a callback is registered, call_soon raises RuntimeError."
        ),
        quote=(
            "Almost all asyncio objects are not thread safe, which is typically not a problem unless there is code "
            "that "
            "works with them from outside of a Task or a callback."
        ),
        source=_DEV,
        expected="depends",
        check=_from_another_thread,
    ),
    Claim(
        number=11,
        claim="A bridge calls asyncio.get_running_loop() inside the worker thread, then call_soon_threadsafe",
        truth=(
            "That raises RuntimeError in the worker, and again in its except: the waiter never wakes. The loop must be "
            "captured on its own thread."
        ),
        quote="Return the running event loop. Raise a RuntimeError if there is none.",
        source="docstring of asyncio.get_running_loop",
        expected="refuted",
        check=_article_bridge,
    ),
    Claim(
        number=12,
        claim="call_soon_threadsafe(fut.set_result, x) is safe",
        truth=(
            "Only while nobody else can complete the future: if it was cancelled or resolved in between, "
            "InvalidStateError "
            "reaches the loop's exception handler, and on a closed loop the call itself raises RuntimeError. A robust "
            "bridge asks done() inside the loop's callback."
        ),
        quote=(
            "The method is usually used to check if a Future is not cancelled before setting a result or an exception "
            "for "
            "it. […] Raises RuntimeError if called on a loop that's been closed."
        ),
        source=(
            "https://docs.python.org/3/library/asyncio-future.html#asyncio.Future.cancelled; "
            f"{_LOOP}#asyncio.loop.call_soon_threadsafe"
        ),
        expected="depends",
        check=_posted_is_safe,
    ),
    Claim(
        number=13,
        claim="call_soon_threadsafe writes to the self-pipe and wakes the loop; order is kept",
        truth="So it is, first-in-first-out for each posting thread.",
        quote="Like call_soon(), but thread-safe.",
        source="docstring of asyncio.BaseEventLoop.call_soon_threadsafe",
        expected="holds",
        check=_wakes_in_order,
    ),
)
