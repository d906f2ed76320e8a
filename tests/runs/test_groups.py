"""Groups of futures: compounds are made when they are touched, timers are choices, nothing outlives its run."""

from __future__ import annotations

import asyncio
import gc
import weakref
from random import Random
from typing import Any

import pytest

from futurefuzz import explorers, targets
from futurefuzz.explorers.replay import ChoicesReplay
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.generator import generate
from futurefuzz.programs.profile import Profile
from futurefuzz.programs.program import Program
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import FinalState, Run
from futurefuzz.targets.base import Compound, Sides, Target
from tests.runs.told import op, program

_seen: list[weakref.ref[Any]] = []


def _gather(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
    children = [loop.create_future() for _ in range(count - 1)]
    return [*(Sides(child, child) for child in children), Compound(lambda _: asyncio.gather(*children))]


def _waiting(loop: asyncio.AbstractEventLoop, count: int) -> list[Sides]:
    child = loop.create_future()

    async def body(compound: Compound) -> Any:
        compound.note("started")
        async with asyncio.timeout(1.0):
            return await child

    def make(compound: Compound) -> Any:
        task = loop.create_task(body(compound))
        _seen.append(weakref.ref(task))
        return task

    return [Sides(child, child), Compound(make)]


GATHER = Target(name="groups.gather", contract="compound", new_group=_gather, children=(1, 3))
TIMEOUT = Target(name="groups.timeout", contract="compound", new_group=_waiting, children=(1, 1))
PROFILE = Profile(
    threads=(0, 2),
    tasks=(1, 3),
    futures=(1, 2, 3),
    task_operations={"set_result": 3, "cancel": 3, "await": 5, "yield": 3, "drop": 1, "collect": 1},
    thread_operations={"set_result": 1, "cancel": 1},
    thread_vias={"post": 1, "post-if-pending": 1},
)


def _run(target: Target, what: Program, explorer: str = "random", seed: int = 0) -> Run:
    run = execute(what, target, explorers.make(explorer, Random(seed)))
    assert run is not None
    return run


def _final(run: Run) -> str | None:
    last = run.history[-1].what
    assert isinstance(last, FinalState)
    return None if last.outcome is None else last.outcome.what


def test_a_compound_is_made_when_it_is_first_touched() -> None:
    """What is done with the children before comes before it; a compound that nobody touches is never made."""
    asked = program(("task", [op("set_result", future=0), op("done", future=1)]), futures=2)
    kinds = [(event.kind, event.site) for event in _run(GATHER, asked).history]
    assert kinds.index(("return", "0.0")) < kinds.index(("stage", "f1")) < kinds.index(("return", "0.1"))
    left = program(("task", [op("set_result", future=0)]), futures=2)
    assert "stage" not in {event.kind for event in _run(GATHER, left).history}


def test_a_timer_may_fire_before_what_is_ready() -> None:
    """Both outcomes of a completion against a timeout come about, and each run replays."""
    what = program(("task", [op("await", future=1)]), ("task", ["yield", "yield", op("set_result")]), futures=2)
    found = set()
    for seed in range(40):
        run = _run(TIMEOUT, what, seed=seed)
        found.add(_final(run))
        again = execute(what, TIMEOUT, ChoicesReplay(run.choices))
        assert again is not None
        assert [e for e in again.history if e.kind != "snapshot"] == [e for e in run.history if e.kind != "snapshot"]
    assert found == {"v:1.2", "TimeoutError"}


def test_a_timer_that_is_not_needed_is_forgotten() -> None:
    """The run ends at time zero although the timeout was pending."""
    what = program(("task", [op("set_result"), op("await", future=1)]), futures=2)
    run = execute(what, TIMEOUT, ChoicesReplay([0] * 100))
    assert run is not None
    assert (run.status, _final(run)) == ("completed", "v:0.0")


@pytest.mark.parametrize("target", [GATHER, TIMEOUT], ids=lambda target: target.name)
def test_programs_of_groups_resolve_children_and_observe_the_compound(target: Target) -> None:
    """The compound is the last future; nobody sets its result, somebody observes it."""
    assert target.children is not None
    for seed in range(100):
        what = generate(RandomChoices(Random(seed)), PROFILE, target)
        last = what.futures - 1
        assert target.children[0] <= last <= target.children[1]
        assert not [o for o in what.operations() if o.name.startswith("set_") and o.future == last]
        assert [o for o in what.operations() if o.name in ("await", "add_done_callback") and o.future == last]
        assert [o for o in what.operations() if o.name in ("set_result", "cancel") and o.future < last]


def test_nothing_of_a_group_outlives_its_run() -> None:
    """Pending tasks are brought to their end with the run; the collector finds nothing that complains."""
    for seed in range(60):
        what = generate(RandomChoices(Random(seed)), PROFILE, TIMEOUT)
        _run(TIMEOUT, what, "default", seed)
    gc.collect()
    assert [ref() for ref in _seen if ref() is not None] == []


def test_a_thread_in_as_completed_is_given_what_is_done_until_its_timeout_is_over() -> None:
    """The timeout is a choice; when it is over, what was done came out before the TimeoutError, in virtual time."""
    what = program(
        ("thread", [op("set_result"), op("set_result", future=1)]),
        ("thread", [op("result timeout", future=2)]),
        futures=3,
    )
    said = set()
    for seed in range(200):
        run = _run(targets.find("concurrent.as_completed-timeout"), what, "random", seed)
        assert run.status == "completed"
        said |= {e.outcome.what for e in run.history if e.kind == "return" and e.site == "1.0" and e.outcome}
    assert {"[0, 1]", "[TimeoutError]", "[0, TimeoutError]"} <= said <= {"[1, 0]", "[0, 1]"} | {
        "[TimeoutError]", "[0, TimeoutError]", "[1, TimeoutError]",
    }  # fmt: skip
