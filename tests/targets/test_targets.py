"""The targets that come with it, and how somebody else adds one."""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from typing import Any

import pytest

from futurefuzz.errors import InputError
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.targets import base
from futurefuzz.targets.base import Sides, Target, find, names, register
from futurefuzz.targets.catalogue import OFFERS
from tests.control.stage import Wandering
from tests.runs.told import directed, op, program, tell

BUILT_IN = [
    "asyncio.Future",
    "asyncio.PyFuture",
    "asyncio.Task",
    "asyncio.PyTask",
    "asyncio.wrap_future",
    "asyncio.run_coroutine_threadsafe",
    "asyncio.run_in_executor",
    "concurrent.Future",
]


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> dict[str, Target]:
    """A registry that forgets what a test adds."""
    mine = dict(base._registry)
    monkeypatch.setattr(base, "_registry", mine)
    return mine


def test_the_built_in_targets_are_registered_in_order() -> None:
    """Importing the package is enough."""
    assert names()[: len(BUILT_IN)] == BUILT_IN


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_target_says_what_it_is(name: str) -> None:
    """One sentence for `futurefuzz list`, a known contract, sides and operations that exist."""
    target = find(name)
    assert target.name == name
    assert target.description
    assert {target.thread_side, target.loop_side} <= {"resolver", "observer"}
    for operations in (target.resolver_operations, target.thread_operations, target.loop_operations):
        assert operations is None or operations <= set(OPERATIONS)


def resolving(name: str) -> Any:
    """A program that resolves a target's future as its contract allows, and observes it."""
    if find(name).contract == "asyncio":
        return program(("task", ["await", "result"]), ("thread", [op("set_result", via="post")]))
    if name in ("asyncio.wrap_future", "asyncio.run_in_executor"):
        return program(("task", ["await", "result"]), ("thread", ["set_running", "set_result"]))
    if name == "asyncio.run_coroutine_threadsafe":
        return program(("task", ["set_result"]), ("thread", ["result wait"]))
    return program(("thread", ["set_running", "set_result"]), ("thread", ["result wait"]))


@pytest.mark.parametrize("name", BUILT_IN)
def test_each_target_runs_and_hands_its_value_over(name: str) -> None:
    """Under every schedule tried, who waits gets the value, and the run completes."""
    for seed in range(30):
        run = targets_run(name, seed)
        assert run.status == "completed"
        finals = [line for line in tell(run, "state") if "observer" in line]
        assert len(finals) == 1
        assert "returned->v:" in finals[0]


def targets_run(name: str, seed: int) -> Any:
    """One run of the resolving program."""
    from futurefuzz.runs.executor import execute

    run = execute(resolving(name), find(name), Wandering(seed))
    assert run is not None
    return run


@pytest.mark.parametrize("name", BUILT_IN)
def test_futures_are_made_of_what_the_name_says(name: str) -> None:
    """C where C is promised, Python where Python is; observer and resolver are one object only for plain futures."""
    made: list[Any] = []
    target = find(name)

    def noting(*arguments: Any) -> Any:
        future = target.new_future(*arguments)
        made.append(future)
        return future

    from attrs import evolve

    directed(resolving(name), evolve(target, new_future=noting))
    sides = made[0] if isinstance(made[0], Sides) else Sides(made[0], made[0])
    expected = {
        "asyncio.Future": (asyncio.futures._CFuture, asyncio.futures._CFuture),  # type: ignore[attr-defined]
        "asyncio.PyFuture": (asyncio.futures._PyFuture, asyncio.futures._PyFuture),  # type: ignore[attr-defined]
        "asyncio.Task": (asyncio.futures._CFuture, asyncio.tasks._CTask),  # type: ignore[attr-defined]
        "asyncio.PyTask": (asyncio.futures._PyFuture, asyncio.tasks._PyTask),  # type: ignore[attr-defined]
        "asyncio.wrap_future": (concurrent.futures.Future, asyncio.Future),
        "asyncio.run_in_executor": (concurrent.futures.Future, asyncio.Future),
        "asyncio.run_coroutine_threadsafe": (asyncio.Future, concurrent.futures.Future),
        "concurrent.Future": (concurrent.futures.Future, concurrent.futures.Future),
    }[name]
    assert (type(sides.resolver), type(sides.observer)) == expected


def test_a_run_that_is_cut_before_the_loop_starts_warns_of_nothing() -> None:
    """The coroutine handed to run_coroutine_threadsafe is closed with its run (warnings are errors here)."""
    for bound in (1, 2, 3):
        name = "asyncio.run_coroutine_threadsafe"
        run = directed(resolving(name), name, step_bound=bound)
        assert run.status == "livelock"


def test_an_unknown_target_is_an_input_error_that_names_what_there_is() -> None:
    """One line: what was wrong, and what is allowed."""
    with pytest.raises(InputError) as caught:
        find("asyncio.Futur")
    assert str(caught.value) == "unknown target 'asyncio.Futur'; allowed: " + ", ".join([*names(), *OFFERS])


def test_an_unknown_contract_is_an_input_error() -> None:
    """The target is named, and the contracts there are."""
    with pytest.raises(InputError) as caught:
        Target(name="mine", contract="promise", new_future=object)
    allowed = "asyncio, concurrent, bridge, compound, concurrent-compound, loops"
    assert str(caught.value) == f"target mine: unknown contract 'promise'; allowed: {allowed}"


def test_only_a_contract_of_groups_has_groups() -> None:
    """Either way round it is an input error."""
    for contract, maker in (("asyncio", {"new_group": list}), ("compound", {"new_future": object})):
        with pytest.raises(InputError, match="new_group is for the contracts compound, concurrent-compound"):
            Target(name="mine", contract=contract, **maker)


def test_a_name_has_one_meaning(registry: dict[str, Target]) -> None:
    """Registering the same target again changes nothing; another one of its name is refused."""
    mine = Target(name="mine", contract="concurrent", new_future=concurrent.futures.Future)
    assert register(mine) is mine
    assert register(mine) is mine
    with pytest.raises(InputError, match="target 'mine' is registered twice with different meanings"):
        register(Target(name="mine", contract="concurrent", new_future=object))
    assert find("mine") is mine
    assert registry["mine"] is mine


class Box(concurrent.futures.Future):  # type: ignore[type-arg]
    """Somebody else's future: here with a planted bug, the value is stored after the waiters were told."""

    def set_result(self, result: Any) -> None:
        super().set_result(None)
        threading.Lock().acquire()  # somewhere to be overtaken
        self._result = result


def test_a_third_party_adds_a_target_in_a_few_lines(registry: dict[str, Target]) -> None:
    """The whole adapter is this call; runs then show the planted bug under some schedules."""
    register(
        Target(
            name="box",
            contract="concurrent",
            new_future=Box,
            description="Box: a concurrent future of my own",
        )
    )
    results = {line for seed in range(60) for line in tell(targets_run("box", seed), "return") if "result wait" in line}
    assert results == {
        "return 1@1 1.0 result wait -> returned v:0.1",
        "return 1@1 1.0 result wait -> returned None",  # the bug
    }


def test_disposing_is_done_once_for_each_future() -> None:
    """A target whose futures must be closed gets each one's sides when the run is over."""
    disposed: list[Sides] = []
    target = Target(
        name="closing", contract="concurrent", new_future=concurrent.futures.Future, dispose=disposed.append
    )
    directed(program(("thread", ["done"]), futures=3), target)
    assert len({id(sides.resolver) for sides in disposed}) == 3
