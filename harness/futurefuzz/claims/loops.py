"""Row 23: other loops, and the policies that make them."""

from __future__ import annotations

import asyncio
import heapq
import sys
import warnings
from asyncio import events
from typing import Any, Final

from futurefuzz.claims.claim import Claim, Evidence
from futurefuzz.claims.parts import Parts

__all__ = ["CLAIMS"]


def _own_kind(loop: Any) -> Any:
    """Another scheduler in the loop's place: a heap by length of the callback's name instead of a queue, own clock."""
    order: list[tuple[int, int, Any]] = []
    counted = 0

    class Scheduler:
        def append(self, handle: Any) -> None:
            nonlocal counted
            counted += 1
            name = getattr(handle._callback, "__name__", "")
            heapq.heappush(order, (len(name), counted, handle))

        def popleft(self) -> Any:
            return heapq.heappop(order)[2]

        def __len__(self) -> int:
            return len(order)

        def clear(self) -> None:
            order.clear()

    loop._ready = Scheduler()
    now = [0.0]
    select = loop._selector.select

    def jump(timeout: float | None = None) -> Any:
        now[0] += timeout or 0.0
        return select(0)

    loop._selector.select = jump
    loop.time = lambda: now[0]
    return loop


async def _work() -> list[object]:
    loop = asyncio.get_running_loop()
    order: list[object] = []

    def long_name_of_a_callback() -> None:
        order.append("long")

    def short() -> None:
        order.append("short")

    loop.call_soon(long_name_of_a_callback)
    loop.call_soon(short)
    future = loop.create_future()
    loop.call_later(3600, future.set_result, "after an hour")
    order.append(await future)
    order += await asyncio.gather(*(asyncio.sleep(n, n) for n in (2, 1)))
    return order


def _integrates(parts: Parts) -> bool:
    """Futures, tasks, timers and gather run on a scheduler of another kind, in its order and time."""
    loop: Any = parts.new_loop()
    try:
        loop = _own_kind(loop)
        return bool(loop.run_until_complete(_work()) == ["short", "long", "after an hour", 2, 1])
    except Exception:
        return False
    finally:
        del loop._selector.select
        loop.close()


def _policy(parts: Parts) -> str:
    """`works`, `deprecated` or what went wrong, of a policy with its own loops."""
    namespace = vars(events)
    before = namespace.get("_event_loop_policy")
    made: list[Any] = []
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        try:

            class Policy(asyncio.DefaultEventLoopPolicy):  # type: ignore[name-defined,misc,unused-ignore]
                def new_event_loop(self) -> Any:
                    made.append(_own_kind(super().new_event_loop()))
                    return made[-1]

            parts.set_policy(Policy())
            loop = asyncio.new_event_loop()
            try:
                right = loop.run_until_complete(_work()) == ["short", "long", "after an hour", 2, 1]
            finally:
                loop.close()
        except Exception as error:
            return f"{type(error).__name__}: {error}"
        finally:
            namespace["_event_loop_policy"] = before
    if not right or not made:
        return "its loop was not used"
    deprecated = [each for each in said if issubclass(each.category, DeprecationWarning)]
    return "deprecated" if deprecated else "works"


def _schedulers(parts: Parts) -> Evidence:
    integrates, policy = _integrates(parts), _policy(parts)
    if integrates and policy == "works":
        verdict: Any = "holds"
    else:
        verdict = "depends" if integrates or policy in ("works", "deprecated") else "refuted"
    said = {"works": "works", "deprecated": "works, with a DeprecationWarning"}.get(policy, f"does not work ({policy})")
    return Evidence(
        verdict=verdict,
        sentence=(
            f"a loop with another queue, order and clock {'runs' if integrates else 'does not run'} futures, tasks and "
            f"timers; a policy that makes such loops {said} on {sys.version_info[0]}.{sys.version_info[1]}"
        ),
        measured={"loop": integrates, "policy": policy},
    )


CLAIMS: Final = (
    Claim(
        number=23,
        claim="Custom loops and policies can integrate other schedulers",
        truth="So it is; policies are deprecated from 3.14 on, and loop factories stay.",
        quote="Policies are deprecated and will be removed in Python 3.16.",
        source="https://docs.python.org/3/library/asyncio-policy.html",
        expected={(3, 0): "holds", (3, 14): "depends"},
        check=_schedulers,
    ),
)
