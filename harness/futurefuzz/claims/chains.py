"""Rows 15 and 22: chains of callbacks, their price and their length."""

from __future__ import annotations

import asyncio
import itertools
import logging
import sys
from contextlib import suppress
from typing import Any, Final

from futurefuzz.claims.claim import Claim, Evidence, over
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.probing import in_loop

__all__ = ["CLAIMS"]

_HOPS: Final = 300
_ROUNDS: Final = 15
#: cheaper or dearer by less is no difference
_NOISE: Final = 0.1


async def _one() -> int:
    return 1


async def _awaited(hops: int) -> int:
    total = 0
    for _ in range(hops):
        total += await _one()
    return total


def _price(parts: Parts) -> Evidence:
    async def main(loop: asyncio.AbstractEventLoop) -> tuple[float, float, float]:
        def chained() -> Any:
            futures = [loop.create_future() for _ in range(_HOPS)]
            _link(futures)
            futures[0].set_result(1)
            return futures[-1]

        async def futures_awaited() -> None:
            for _ in range(_HOPS):
                future = loop.create_future()
                loop.call_soon(future.set_result, 1)
                await future

        times: tuple[list[int], list[int], list[int]] = ([], [], [])
        for _ in range(_ROUNDS):
            begin = parts.clock()
            await chained()
            one = parts.clock()
            await _awaited(_HOPS)
            two = parts.clock()
            await futures_awaited()
            times[0].append(one - begin)
            times[1].append(two - one)
            times[2].append(parts.clock() - two)
        fastest = [max(min(each), 1) / _HOPS for each in times]
        return fastest[0], fastest[1], fastest[2]

    callback, coroutine, future = in_loop(parts, main)
    native, by_future = callback / coroutine, callback / future
    verdict: Any = "holds" if native > 1 + _NOISE else "refuted" if native < 1 - _NOISE else "depends"
    return Evidence(
        verdict=verdict,
        sentence=(
            f"a hop of a callback chain costs {native:.1f} times an await of a coroutine (no loop involved) and "
            f"{by_future:.1f} times an await of a future, in one run"
        ),
        measured={"to_coroutine": round(native, 2), "to_future": round(by_future, 2), "hops": _HOPS},
    )


class _Counting(logging.Handler):
    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.errors = 0

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info and isinstance(record.exc_info[1], RecursionError):
            self.errors += 1


def _link(futures: list[Any]) -> None:
    for future, following in itertools.pairwise(futures):
        future.add_done_callback(lambda done, following=following: following.set_result(1))


def _length(parts: Parts) -> Evidence:
    hops = 3 * sys.getrecursionlimit()
    resolved: dict[str, int] = {}
    for target in parts.futures:

        async def main(loop: asyncio.AbstractEventLoop, target: Any = target) -> int:
            futures = [target.new_future(loop) for _ in range(hops)]
            _link(futures)
            with suppress(RecursionError):
                futures[0].set_result(1)
            for _ in range(hops + 2):
                await asyncio.sleep(0)
                if futures[-1].done():
                    break
            return sum(future.done() for future in futures)

        resolved[target.name] = in_loop(parts, main)
    inline = [parts.concurrent.new_future() for _ in range(hops)]
    _link(inline)
    counting, logger = _Counting(), logging.getLogger("concurrent.futures")
    propagates = logger.propagate
    logger.addHandler(counting)
    logger.propagate = False
    raised = ""
    try:
        inline[0].set_result(1)
    except RecursionError:
        raised = ", and set_result raised RecursionError"
    finally:
        logger.removeHandler(counting)
        logger.propagate = propagates
    resolved[parts.concurrent.name] = sum(future.done() for future in inline)
    _unlink(inline)
    answers = {name: count < hops for name, count in resolved.items()}
    told = "; ".join(f"{name}: {count:,} resolved" for name, count in resolved.items())
    return Evidence(
        verdict=over(answers),
        sentence=(
            f"a chain of {hops:,} futures, each resolved by a callback of the one before (recursion limit "
            f"{sys.getrecursionlimit():,}): {told}; RecursionErrors logged and swallowed: {counting.errors}{raised}"
        ),
        measured={"hops": hops, "resolved": resolved, "logged": counting.errors},
    )


def _unlink(futures: list[Any]) -> None:
    """From the end on, so that freeing them is no recursion either."""
    while futures:
        futures.pop()


CLAIMS: Final = (
    Claim(
        number=15,
        claim="Callback chains cost more than native await",
        truth="A matter of measurement, as a ratio in one run; never an assertion.",
        quote=(
            "Schedule the callback callback to be called with args arguments at the next iteration of the event loop."
        ),
        source="https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_soon",
        expected=None,
        check=_price,
    ),
    Claim(
        number=22,
        claim="Unbounded callback chains hit recursion limits",
        truth=(
            "Not in asyncio, where each hop is scheduled; in concurrent.futures, where callbacks run inline, the chain "
            "stops with a RecursionError that is logged and swallowed, and the rest never resolves."
        ),
        quote=(
            "Callbacks registered with asyncio.Future.add_done_callback() are not called immediately. They are "
            "scheduled "
            "with loop.call_soon() instead."
        ),
        source="https://docs.python.org/3/library/asyncio-future.html (differences from concurrent.futures.Future)",
        expected="depends",
        check=_length,
    ),
)
