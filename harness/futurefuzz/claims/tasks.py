"""Rows 16 to 18: tasks are futures; the monitoring callback; gather with its exceptions."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Final

from futurefuzz.claims.claim import Claim, Evidence, over
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.probing import controlled, in_loop

__all__ = ["CLAIMS"]

_SCHEDULES: Final = 10

Main = Callable[[asyncio.AbstractEventLoop], Any]


def _always(parts: Parts, main: Main, *, runs: int = _SCHEDULES) -> bool:
    """Whether a coroutine returns True under every schedule that is tried, with nothing logged."""
    return all(
        run.outcome == ("returned", True) and not run.logs
        for run in controlled(lambda: in_loop(parts, main), runs=runs)
    )


# ---- 16 -------------------------------------------------------------------------------------------------------------


async def _forever() -> None:
    await asyncio.get_running_loop().create_future()


async def _cancelled(awaitable: Awaitable[Any]) -> bool:
    try:
        await awaitable
    except asyncio.CancelledError:
        return True
    return False


async def _settle() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def _task_is_a_future(parts: Parts) -> Evidence:
    def spawn(coroutine: Any) -> Any:
        return parts.new_task(asyncio.get_running_loop(), coroutine)

    async def subclass(loop: asyncio.AbstractEventLoop) -> bool:
        task = spawn(_forever())
        found = isinstance(task, asyncio.Future)
        task.cancel()
        return await _cancelled(task) and found

    async def exception(loop: asyncio.AbstractEventLoop) -> bool:
        async def fails() -> None:
            raise ValueError("from below")

        async def between() -> None:
            await spawn(fails())

        try:
            await spawn(between())
        except ValueError as error:
            return error.args == ("from below",)
        return False

    async def chain(loop: asyncio.AbstractEventLoop) -> bool:
        inner = spawn(_forever())

        async def outer() -> None:
            await inner

        task = spawn(outer())
        await _settle()
        task.cancel()
        return await _cancelled(task) and bool(inner.cancelled())

    async def gathered(loop: asyncio.AbstractEventLoop) -> bool:
        children = [spawn(_forever()) for _ in range(2)]
        group = parts.gather(*children)
        await _settle()
        group.cancel()
        ended = await _cancelled(group)
        await _settle()
        return ended and all(child.cancelled() for child in children)

    async def shielded(loop: asyncio.AbstractEventLoop) -> bool:
        gate = loop.create_future()

        async def inside() -> int:
            return int(await gate)

        inner = spawn(inside())
        outer = asyncio.shield(inner)
        await _settle()
        outer.cancel()
        ended = await _cancelled(outer)
        await _settle()
        survived = not inner.done()
        gate.set_result(1)
        return ended and survived and await inner == 1

    async def waited(loop: asyncio.AbstractEventLoop) -> bool:
        inner = spawn(_forever())
        task = spawn(asyncio.wait_for(inner, 3600))
        await _settle()
        task.cancel()
        return await _cancelled(task) and bool(inner.cancelled())

    async def grouped(loop: asyncio.AbstractEventLoop) -> bool:
        children: list[Any] = []

        async def outer() -> None:
            async with asyncio.TaskGroup() as group:
                children.append(group.create_task(_forever()))
                children.append(group.create_task(_forever()))

        task = spawn(outer())
        await _settle()
        task.cancel()
        return await _cancelled(task) and len(children) == 2 and all(child.cancelled() for child in children)

    async def stack(loop: asyncio.AbstractEventLoop) -> bool:
        async def named() -> None:
            await _forever()

        task = spawn(named())
        await _settle()
        frames = task.get_stack()
        task.cancel()
        return await _cancelled(task) and [frame.f_code.co_name for frame in frames] == ["named"]

    answers = {
        "is a Future": _always(parts, subclass),
        "exceptions propagate": _always(parts, exception),
        "cancel goes through a chain of awaits": _always(parts, chain),
        "through gather": _always(parts, gathered),
        "not through shield": _always(parts, shielded),
        "through wait_for": _always(parts, waited),
        "through TaskGroup": _always(parts, grouped),
        "the stack is kept": _always(parts, stack),
    }
    return Evidence(
        verdict=over(answers),
        sentence=f"under up to {_SCHEDULES} schedules each: {'; '.join(f'{k}: {_yes(v)}' for k, v in answers.items())}",
        measured=answers,
    )


def _yes(answer: bool) -> str:
    return "yes" if answer else "no"


# ---- 17 -------------------------------------------------------------------------------------------------------------


def _monitoring(parts: Parts) -> Evidence:
    def complaints(callback: Callable[[Any], None], how: str) -> list[str]:
        async def main(loop: asyncio.AbstractEventLoop) -> list[str]:
            handled: list[str] = []
            loop.set_exception_handler(lambda loop, context: handled.append(type(context.get("exception")).__name__))

            async def body() -> None:
                if how == "fails":
                    raise ValueError
                if how == "is cancelled":
                    await _forever()

            task = parts.new_task(loop, body())
            task.add_done_callback(callback)
            await asyncio.sleep(0)
            if how == "is cancelled":
                task.cancel()
            await _settle()
            return handled

        [run] = controlled(lambda: in_loop(parts, main), runs=1)
        return list(run.outcome[1]) if run.outcome is not None and run.outcome[0] == "returned" else ["it did not end"]

    def articles(task: Any) -> None:
        if task.exception():
            pass

    def robust(task: Any) -> None:
        if not task.cancelled() and task.exception():
            pass

    ways = ("returns", "fails", "is cancelled")
    seen = {how: complaints(articles, how) for how in ways}
    robust_seen = {how: complaints(robust, how) for how in ways}
    wrong = [f"a task that {how}: {', '.join(said)}" for how, said in seen.items() if said]
    clean = not any(robust_seen.values())
    return Evidence(
        verdict="refuted" if wrong else "holds",
        sentence=(
            f"raised inside the callback: {'; '.join(wrong) or 'nothing'}; with `not t.cancelled() and` before it: "
            f"{'nothing' if clean else robust_seen}"
        ),
        measured={"article": seen, "robust": robust_seen},
    )


# ---- 18 -------------------------------------------------------------------------------------------------------------


def _gathering(parts: Parts) -> Evidence:
    async def main(loop: asyncio.AbstractEventLoop) -> bool:
        async def returns() -> int:
            await asyncio.sleep(0.01)
            return 1

        async def fails() -> None:
            await asyncio.sleep(0.01)
            raise ValueError("2")

        cancelled = parts.new_task(loop, _forever())
        loop.call_soon(cancelled.cancel)
        found = await parts.gather(returns(), fails(), cancelled, returns(), return_exceptions=True)
        kinds = [type(each).__name__ for each in found]
        return kinds == ["int", "ValueError", "CancelledError", "int"] and found[1].args == ("2",)

    runs = list(controlled(lambda: in_loop(parts, main), runs=40))
    right = [run.outcome == ("returned", True) for run in runs]
    return Evidence(
        verdict=over({str(nth): each for nth, each in enumerate(right)}),
        sentence=(
            f"a value, an exception, a cancellation and a value came back each in its place in {sum(right)} of "
            f"{len(right)} schedules"
        ),
        measured={"schedules": len(right), "right": sum(right)},
    )


_TASK: Final = "https://docs.python.org/3/library/asyncio-task.html"

CLAIMS: Final = (
    Claim(
        number=16,
        claim="Task is a Future subclass: exception propagation, cancel cascade, stack retention",
        truth="So it is; cancel goes through chains of awaits, gather, wait_for and TaskGroup, and stops at shield.",
        quote=(
            "asyncio.Task inherits from Future all of its APIs except Future.set_result() and Future.set_exception()."
        ),
        source=f"{_TASK}#asyncio.Task",
        expected="holds",
        check=_task_is_a_future,
    ),
    Claim(
        number=17,
        claim="The monitoring callback `if t.exception(): …` shows which tasks failed",
        truth="On a cancelled task exception() raises CancelledError, inside the callback.",
        quote="If the Task has been cancelled, this method raises a CancelledError exception.",
        source=f"{_TASK}#asyncio.Task.exception",
        expected="refuted",
        check=_monitoring,
    ),
    Claim(
        number=18,
        claim="gather(..., return_exceptions=True) keeps individual results",
        truth="So it does, in the order of the awaitables.",
        quote="exceptions are treated the same as successful results, and aggregated in the result list.",
        source=f"{_TASK}#asyncio.gather",
        expected="holds",
        check=_gathering,
    ),
)
