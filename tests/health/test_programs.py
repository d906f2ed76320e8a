"""The loop of a generated program can be looked at, which changes nothing."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import pytest

from futurefuzz import cli, explorers, targets
from futurefuzz.health.programs import health_of
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.shipped import directory

_AWAIT = Operation(name="await")


@pytest.mark.parametrize(
    ("scenario", "target"),
    [
        # No C futures: on some releases a generated program can crash them, and this process with them.
        ("loop_only", "asyncio.PyFuture"),
        ("off_thread", "asyncio.PyFuture"),
        ("reentrant_callouts", "asyncio.PyFuture"),
        ("threadsafe_posts", "asyncio.PyTask"),
    ],
)
def test_a_run_that_is_looked_at_is_the_same_run(scenario: str, target: str) -> None:
    """Same choices, same history, for programs of each kind."""
    found = targets.find(target)
    looked_at = 0
    for seed in range(60):
        program = load_scenarios()[scenario].generate(RandomChoices(Random(seed)), found)
        plain, looked = explorers.make("random", Random(seed)), explorers.make("random", Random(seed))
        for _ in range(3):
            run = execute(program, found, plain)
            seen = health_of(program, found, looked)
            if run is None or seen is None:
                assert run is seen
                break
            assert (seen[0].choices, seen[0].history, seen[0].status) == (run.choices, run.history, run.status)
            looked_at += seen[1] is not None
    assert looked_at > 60


def test_depth_and_latency_are_counted_in_iterations() -> None:
    """Three callbacks that a completion schedules are found by the next iteration, and run in it."""
    callbacks = (Callback(), Callback(group=1), Callback(group=2))
    adds = tuple(Operation(name="add_done_callback", callback=n) for n in range(3))
    program = Program(
        actors=(Actor(kind="task", operations=(*adds, Operation(name="set_result"), Operation(name="yield"))),),
        callbacks=callbacks,
    )
    seen = health_of(program, targets.find("asyncio.Future"), explorers.make("bounded", Random(0)))
    assert seen is not None
    health = seen[1]
    assert health is not None
    assert health.unit == "iterations"
    assert health.depth.deepest == 4  # and the task
    assert health.latency.longest == 1
    assert (health.waiters, health.verdicts) == ((), ())


def test_tasks_that_wait_for_ever_are_named_by_their_operation() -> None:
    """Nobody completes the future."""
    program = Program(actors=(Actor(kind="task", operations=(_AWAIT,)),))
    seen = health_of(program, targets.find("asyncio.Future"), explorers.make("bounded", Random(0)))
    assert seen is not None
    assert seen[1] is not None
    [waiter] = seen[1].waiters
    assert (waiter.name, waiter.where, waiter.waits_for) == ("task 0", "operation 0.0", "future 0")
    assert waiter.stalled


def test_where_there_is_no_loop_there_is_no_health() -> None:
    """The contract `concurrent`."""
    program = Program(actors=(Actor(kind="thread", operations=(Operation(name="set_result"),)),))
    seen = health_of(program, targets.find("concurrent.Future"), explorers.make("bounded", Random(0)))
    assert seen is not None
    assert seen[1] is None


def test_a_replay_tells_of_the_loop(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """In the report and in the document."""
    [case] = directory("corpus").glob("asyncio-pyfuture-a12-off-thread-waiter-never-woken-*.json")
    with pytest.raises(SystemExit) as ending:
        cli.main(["replay", str(case), "--json", str(tmp_path / "out.json")])
    assert ending.value.code == 1
    assert "task 1 waits for future 0, at operation 1.0" in capsys.readouterr().out
    health = json.loads((tmp_path / "out.json").read_text())["health"]
    assert health["unit"] == "iterations"
    assert health["iterations"] >= 1


def test_a_run_of_several_loops_is_looked_at_as_it_is() -> None:
    """Looking makes no difference to the run: each loop runs in its own thread."""
    await_ = Actor(kind="task", operations=(Operation(name="await", via="submit"),))
    resolve = Actor(kind="task", operations=(Operation(name="set_result"),), loop=1)
    program = Program(actors=(await_, resolve), loops=2, homes=(1,))
    target = targets.find("asyncio.loops")
    looked = health_of(program, target, explorers.make("random", Random(1)))
    plain = execute(program, target, explorers.make("random", Random(1)))
    assert looked is not None
    assert plain is not None
    run, health = looked
    assert (run.history, run.choices) == (plain.history, plain.choices)
    assert health is not None
