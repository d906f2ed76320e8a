"""Rows 19 to 21: what can be seen of a running loop. `futurefuzz.watch` looks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.claims.claim import Claim, Evidence, over
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.probing import controlled, in_loop
from futurefuzz.health.histogram import spelled
from futurefuzz.health.monitor import Monitor
from futurefuzz.health.record import Depth

__all__ = ["CLAIMS"]

_ITERATIONS: Final = 100
#: seconds that a callback blocks; real ones
_BLOCK: Final = 0.02


# ---- 19 -------------------------------------------------------------------------------------------------------------


def _depth(parts: Parts, *, drains: bool) -> Depth:
    """Work arrives in each iteration, one piece for a time; it ends at once, or never."""
    loop = parts.new_loop()
    monitor = Monitor(loop, "loop", clock=parts.clock)

    def work() -> None:
        if not drains:
            loop.call_soon(work)

    def arrive(left: int) -> None:
        loop.call_soon(work)
        if left:
            loop.call_soon(arrive, left - 1)
        else:
            loop.stop()

    try:
        monitor.attach()
        loop.call_soon(arrive, _ITERATIONS)
        loop.run_forever()
        return monitor.health(waiters=()).depth
    finally:
        monitor.detach()
        loop.close()


def _growing(parts: Parts) -> Evidence:
    overloaded, healthy = _depth(parts, drains=False), _depth(parts, drains=True)
    if overloaded.growing:
        verdict: Any = "depends" if healthy.growing else "holds"
    else:
        verdict = "refuted"
    return Evidence(
        verdict=verdict,
        sentence=(
            f"{_ITERATIONS} iterations with one arrival each: work that never ends took len(loop._ready) to "
            f"{overloaded.deepest} ({_grows(overloaded)}), work that ends to {healthy.deepest} ({_grows(healthy)})"
        ),
        measured={"overloaded": list(overloaded.samples), "healthy": list(healthy.samples)},
    )


def _grows(depth: Depth) -> str:
    return "growing" if depth.growing else "not growing"


# ---- 20 -------------------------------------------------------------------------------------------------------------


def _stalled(parts: Parts) -> Evidence:
    names: dict[str, list[str]] = {}

    def function() -> None:
        other = parts.new_loop()

        async def consume(source: asyncio.Queue[int]) -> None:
            await source.get()

        async def stuck(future: Any) -> None:
            await future

        async def ends() -> None:
            await asyncio.sleep(0)

        async def main(loop: asyncio.AbstractEventLoop) -> None:
            elsewhere = parts.new_task(other, ends())
            stalled = {"consumer": consume(asyncio.Queue()), "waiter": stuck(loop.create_future()), "ended": ends()}
            kept = [parts.new_task(loop, each) for each in stalled.values()]
            for each, name in zip(kept, stalled, strict=True):
                each.set_name(name)
            for _ in range(3):
                await asyncio.sleep(0)
            me = asyncio.current_task(loop)
            names["found"] = sorted(each.get_name() for each in parts.all_tasks(loop) if each is not me)
            names["other"] = ["found"] if elsewhere in parts.all_tasks(loop) else []
            for each in kept:
                each.cancel()
            elsewhere._log_destroy_pending = False
            elsewhere.get_coro().close()

        try:
            in_loop(parts, main)
        finally:
            other.close()

    for run in controlled(function, runs=1):
        if run.outcome != ("returned", None):
            names.setdefault("found", [f"the run ended otherwise: {run.outcome}"])
    found = names.get("found", [])
    answers = {"finds the stalled ones": found == ["consumer", "waiter"], "only those": not names.get("other")}
    return Evidence(
        verdict="holds" if all(answers.values()) else over({"": "consumer" in found, " ": "waiter" in found}),
        sentence=(
            f"of two stalled tasks, one that ended, and one of another loop it finds {', '.join(found) or 'none'}"
            f"{'' if answers['only those'] else ' and that of the other loop'}"
        ),
        measured={"found": found, "other_loop": bool(names.get("other"))},
    )


# ---- 21 -------------------------------------------------------------------------------------------------------------


def _latency(parts: Parts, *, block: Callable[[], None] | None) -> Monitor:
    loop = parts.new_loop()
    monitor = Monitor(loop, "loop", clock=parts.clock)
    done = 0

    def goes() -> None:
        nonlocal done
        done += 1
        if done < _ITERATIONS:
            loop.call_soon(goes)
        else:
            loop.stop()

    try:
        monitor.attach()
        if block is not None:
            loop.call_soon(block)
        loop.call_soon(goes)
        loop.run_forever()
        return monitor
    finally:
        monitor.detach()
        loop.close()


def _jitter(parts: Parts) -> Evidence:
    smooth = _latency(parts, block=None).latency
    jolted = _latency(parts, block=lambda: time.sleep(_BLOCK)).latency
    # Only what cannot be otherwise is judged: a sleep is never shorter than it was told.
    shows = jolted.longest >= _BLOCK * 1e9
    measures = smooth.longest > 0
    return Evidence(
        verdict="holds" if shows and measures else "depends" if shows or measures else "refuted",
        sentence=(
            f"{smooth.count} callbacks: half within {spelled(smooth.quantile(0.5))}, 99 % within "
            f"{spelled(smooth.quantile(0.99))}, longest {spelled(smooth.longest)}; behind one that blocks for "
            f"{spelled(_BLOCK * 1e9)} the longest is {spelled(jolted.longest)}"
        ),
        measured={"smooth": smooth.to_json(), "jolted": jolted.to_json()},
    )


CLAIMS: Final = (
    Claim(
        number=19,
        claim="A growing len(loop._ready) shows that the loop cannot drain",
        truth="So it is, as a symptom.",
        quote=(
            "Schedule the callback callback to be called with args arguments at the next iteration of the event loop."
        ),
        source="https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon",
        expected="holds",
        check=_growing,
    ),
    Claim(
        number=20,
        claim="asyncio.all_tasks() finds stalled awaitables",
        truth="So it does, for the tasks of that loop.",
        quote="Return a set of not yet finished Task objects run by the loop.",
        source="https://docs.python.org/3/library/asyncio-task.html#asyncio.all_tasks",
        expected="holds",
        check=_stalled,
    ),
    Claim(
        number=21,
        claim="call_soon latency by perf_counter_ns shows scheduler jitter",
        truth="So it does, as a histogram.",
        quote="a clock with the highest available resolution to measure a short duration",
        source="https://docs.python.org/3/library/time.html#time.perf_counter",
        expected="holds",
        check=_jitter,
    ),
)
