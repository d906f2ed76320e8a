"""Row 24: the pitfalls that are listed, with a detector for each, which must be silent on the repaired program."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, Final

from futurefuzz import explorers
from futurefuzz.claims.claim import Claim, Evidence, over
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.probing import in_loop
from futurefuzz.control.session import run_controlled
from futurefuzz.health.controlled import Observer
from futurefuzz.health.record import Verdict
from futurefuzz.health.watching import watch

__all__ = ["CLAIMS"]

Main = Callable[[asyncio.AbstractEventLoop], Coroutine[Any, Any, Any]]

#: points after which a run that goes on and on is given up
_BOUND: Final = 3000


def _detected(parts: Parts, main: Main) -> str:
    """What a controlled run in the plainest schedule shows: a clause with its sentence, a livelock, or nothing."""
    observer = Observer()
    run = run_controlled(
        lambda: in_loop(parts, main), explorers.make("bounded", Random(0)), step_bound=_BOUND, observer=observer
    )
    if run is None:
        return ""
    verdicts = [verdict for loop in observer.health(run) for verdict in loop.verdicts]
    if run.status == "livelock":
        return "a livelock: the loop never comes to rest"
    return _told(verdicts[0]) if verdicts else ""


def _told(verdict: Verdict) -> str:
    """Clause and cause, without places: these are ours."""
    return f"{verdict.clause.id}, {verdict.cause.partition(', at ')[0].partition(' at ')[0]}"


# ---- the pitfalls, each with its repair -----------------------------------------------------------------------------


def _blocking(parts: Parts, *, repaired: bool) -> str:
    async def main(loop: asyncio.AbstractEventLoop) -> None:
        if repaired:
            await loop.run_in_executor(None, time.sleep, 0.5)
        else:
            time.sleep(0.5)

    return _detected(parts, main)


def _ignored_error(parts: Parts, *, repaired: bool) -> str:
    async def main(loop: asyncio.AbstractEventLoop) -> None:
        future = parts.futures[0].new_future(loop)

        def callback(done: Any) -> None:
            try:
                raise KeyError("missing")
            except KeyError:
                if not repaired:
                    raise

        future.add_done_callback(callback)
        future.set_result(1)
        for _ in range(3):
            await asyncio.sleep(0)

    return _detected(parts, main)


def _direct(parts: Parts, *, repaired: bool) -> str:
    """On a real loop with a real thread, watched; a timer wakes the loop in the end."""
    loop = parts.new_loop()

    async def main() -> None:
        future = parts.futures[0].new_future(loop)
        call: tuple[Any, ...] = (loop.call_soon_threadsafe, future.set_result, 1)
        thread = threading.Thread(target=call[not repaired], args=call[2 - repaired :], name="worker")
        timer = loop.call_later(0.2, lambda: None)
        loop.call_soon(thread.start)
        await asyncio.wait_for(future, 5)
        timer.cancel()
        thread.join()

    try:
        with watch(loop) as health:
            loop.run_until_complete(main())
    finally:
        loop.close()
    return "; ".join(map(_told, health.verdicts))


def _unbounded(parts: Parts, *, repaired: bool) -> str:
    async def main(loop: asyncio.AbstractEventLoop) -> None:
        done = loop.create_future()
        left = 20

        def hop() -> None:
            nonlocal left
            left -= 1
            if repaired and not left:
                done.set_result(None)
            else:
                loop.call_soon(hop)

        hop()
        await done

    return _detected(parts, main)


def _raw_future(parts: Parts, *, repaired: bool) -> str:
    async def work() -> int:
        return 1

    def ask(loop: asyncio.AbstractEventLoop) -> Any:
        """Gives something to await, at which somebody works, or nobody does."""
        return parts.new_task(loop, work()) if repaired else parts.futures[0].new_future(loop)

    async def main(loop: asyncio.AbstractEventLoop) -> None:
        await ask(loop)

    return _detected(parts, main)


_PITFALLS: Final[dict[str, Callable[..., str]]] = {
    "blocking callbacks": _blocking,
    "ignored callback errors": _ignored_error,
    "set_result from another thread": _direct,
    "unbounded chains": _unbounded,
    "a raw Future for a coroutine": _raw_future,
}


def _detectors(parts: Parts) -> Evidence:
    said = {name: (find(parts, repaired=False), find(parts, repaired=True)) for name, find in _PITFALLS.items()}
    answers = {name: bool(wrong) and not repaired for name, (wrong, repaired) in said.items()}
    told = "; ".join(f"{name}: {wrong or 'not detected'}" for name, (wrong, _) in said.items())
    false_alarms = [name for name, (_, repaired) in said.items() if repaired]
    return Evidence(
        verdict=over(answers),
        sentence=f"{told}; on the repaired programs: {', '.join(false_alarms) or 'nothing'}",
        measured={name: {"pitfall": wrong, "repaired": repaired} for name, (wrong, repaired) in said.items()},
    )


CLAIMS: Final = (
    Claim(
        number=24,
        claim=(
            "Pitfalls: blocking callbacks, ignored callback errors, set_result from another thread, unbounded chains, "
            "a raw Future for a coroutine"
        ),
        truth="Each of them goes wrong, and each is detected.",
        quote="This page lists common mistakes and traps and explains how to avoid them.",
        source="https://docs.python.org/3/library/asyncio-dev.html",
        expected="holds",
        check=_detectors,
    ),
)
