"""The health of loops in explorations: sleeps in callbacks, and waiters by name, exactly and in virtual time."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from futurefuzz.exploring.api import explore


async def _consumer(queue: asyncio.Queue[int]) -> None:
    await queue.get()


async def _stalls() -> None:
    consumer = asyncio.ensure_future(_consumer(asyncio.Queue()))
    consumer.set_name("consumer")  # type: ignore[attr-defined]
    await consumer


async def _blocks() -> None:
    time.sleep(3600)
    await asyncio.sleep(0)


async def _is_fast() -> None:
    time.sleep(0.01)
    await asyncio.sleep(3600)


async def _forgets() -> None:
    async def fails() -> None:
        raise ValueError("unseen")

    task = asyncio.ensure_future(fails())
    await asyncio.sleep(0)
    del task


def _sleeps_elsewhere() -> None:
    """A thread may sleep, beside a loop or before one."""
    time.sleep(1)
    thread = threading.Thread(target=time.sleep, args=(1,))
    thread.start()
    asyncio.run(_is_fast())
    thread.join()


def _clauses(documents: Any) -> list[str]:
    return [verdict["clause"] for loop in documents for verdict in loop["verdicts"]]


def test_stalled_waiters_of_a_deadlock_are_named_with_the_line_of_their_await() -> None:
    """And with what they wait for; in the report, and in the document."""
    found = explore(_stalls, runs=10, seed=1, model="operation")
    [finding] = found.to_json()["findings"]
    assert finding["kind"] == "deadlock"
    assert _clauses(finding["health"]) == ["H5", "H5"]
    waiters = {each["name"]: each for each in finding["health"][0]["waiters"]}
    assert waiters["consumer"]["waits_for"] == "a future in Queue.get"
    assert waiters["consumer"]["where"].endswith("_consumer")
    assert waiters["consumer"]["stalled"] is True
    assert "consumer waits for a future in Queue.get for ever" in " ".join(found.report().split())


def test_a_callback_that_sleeps_is_named_although_nothing_failed() -> None:
    """Virtual time makes it certain, and the exploration is clean all the same."""
    found = explore(_blocks, runs=10, seed=1, model="operation")
    assert found.failures == ()
    [stage] = found.to_json()["exploration"]["stages"]
    assert _clauses(stage["health"]) == ["H1"]
    [slow] = stage["health"][0]["slow"]
    assert (slow["seconds"], slow["blocking"]) == (3600.0, "time.sleep")
    assert "H1 Task-1 kept loop 1 for 3600.000 s in time.sleep, at " in found.report()


def test_what_is_right_has_no_verdict() -> None:
    """Short sleeps, awaited sleeps, threads that sleep, and threads that sleep before there is a loop."""
    for function in (_is_fast, _sleeps_elsewhere):
        found = explore(function, runs=20, seed=1, model="operation")
        assert found.failures == ()
        [stage] = found.to_json()["exploration"]["stages"]
        assert _clauses(stage["health"]) == []
        assert stage["health"][0]["iterations"] > 0


def test_complaints_are_verdicts_too() -> None:
    """An exception that nobody asked for."""
    found = explore(_forgets, runs=10, seed=1, model="operation")
    [finding] = found.to_json()["findings"]
    assert _clauses(finding["health"]) == ["H3"]


def test_a_program_without_a_loop_has_no_health() -> None:
    """Nothing is made up."""
    found = explore(lambda: None, runs=5, seed=1, model="operation")
    assert found.to_json()["exploration"]["stages"][0]["health"] == []
    assert "loop 1" not in found.report()


def test_looking_changes_no_schedule() -> None:
    """A run that is looked at has the same choices as one that is not."""
    from random import Random

    from futurefuzz import explorers
    from futurefuzz.control.session import run_controlled
    from futurefuzz.health.controlled import Observer

    def choices(observer: Observer | None) -> list[list[int]]:
        chooser = explorers.make("random", Random(3))
        found = []
        for _ in range(20):
            run = run_controlled(_sleeps_elsewhere, chooser, observer=observer)
            assert run is not None
            found.append(list(run.choices))
        return found

    assert choices(None) == choices(Observer())
