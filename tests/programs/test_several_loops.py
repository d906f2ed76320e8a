"""Programs of several loops: what the generator draws, and what their text may say."""

from __future__ import annotations

import re
from random import Random

import pytest
from attrs import evolve

from futurefuzz.contracts.misuse import OFF_THREAD, misuse
from futurefuzz.errors import InputError
from futurefuzz.findings.finding import Case
from futurefuzz.findings.removal import without
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.codec import program_from_json, program_to_json
from futurefuzz.programs.generator import generate
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs.fit import check_fit
from futurefuzz.targets import find

TARGET = find("asyncio.loops")
SCENARIO = load_scenarios(["several_loops"])["several_loops"]


def drawn(astray: float = 0.0, count: int = 500) -> list[Program]:
    """Programs of the scenario."""
    assert SCENARIO.profile is not None
    profile = evolve(SCENARIO.profile, astray=astray)
    return [generate(RandomChoices(Random(seed)), profile, TARGET) for seed in range(count)]


def test_everything_is_drawn() -> None:
    """Two and three loops, tasks and futures in each, all operations, and all ways to a future."""
    programs = drawn()
    assert {program.loops for program in programs} == {2, 3}
    assert {actor.loop for program in programs for actor in program.actors if actor.kind == "task"} == {0, 1, 2}
    assert {program.home(future) for program in programs for future in range(program.futures)} == {0, 1, 2}
    operations = [operation for program in programs for operation in program.operations()]
    assert {o.name for o in operations} == {
        "await", "set_result", "set_exception", "cancel", "add_done_callback", "done", "yield", "close-loop",
    }  # fmt: skip
    assert {o.via for o in operations} == {"direct", "post", "post-if-pending", "submit"}
    assert {o.argument for o in operations if o.name == "await"} == {None, "timeout"}


def test_nobody_goes_astray_unasked() -> None:
    """Every program is legal, fits its target and survives the way through JSON; some are misuse where it is wanted."""
    for program in drawn():
        assert not misuse(program, "loops", TARGET)
        check_fit(program, TARGET, "here")
        assert program_from_json(program_to_json(program)) == program
    assert any(OFF_THREAD in misuse(program, "loops", TARGET) for program in drawn(0.5, 50))


def test_a_future_that_goes_takes_its_home_with_it() -> None:
    """The homes of the others stay what they were."""
    awaits = tuple(Operation(name="await", future=index, via="submit") for index in range(3))
    program = Program(actors=(Actor(kind="thread", operations=awaits),), futures=3, loops=3, homes=(0, 1, 2))
    smaller = without(Case(scenario="s", target="asyncio.loops", program=program), futures=[1]).program
    assert (smaller.futures, smaller.homes, smaller.loops) == (2, (0, 2), 3)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"loops": 9}, "loops must be from 1 to 4, not 9"),
        ({"loops": 2, "homes": (2,)}, "$.homes[0] is 2; allowed: 0 to 1"),
        ({"loops": 2, "homes": (0, 0)}, "at most one home for each of 1 futures is allowed, not 2"),
        ({"actors": (Actor(kind="task", loop=1),)}, "$.actors[0].loop is 1; allowed: 0 to 0"),
    ],
)
def test_a_loop_that_is_not_there_is_refused(changes: dict[str, object], text: str) -> None:
    """With the place and what is allowed."""
    with pytest.raises(ValueError, match=re.escape(text)):
        Program(**{"actors": (), **changes})  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("target", "operation"),
    [
        ("asyncio.Future", Operation(name="set_result", via="submit")),
        ("asyncio.Future", Operation(name="close-loop")),
        ("asyncio.loops", Operation(name="await")),
        ("asyncio.loops", Operation(name="done", via="post")),
        ("asyncio.loops", Operation(name="repr")),
    ],
)
def test_what_makes_no_sense_does_not_fit(target: str, operation: Operation) -> None:
    """Operations of several loops elsewhere, and others there."""
    program = Program(actors=(Actor(kind="thread", operations=(operation,)),))
    with pytest.raises(InputError, match="here: \\$"):
        check_fit(program, find(target), "here")


def test_nothing_may_act_inside_of_a_call() -> None:
    """Neither hooks nor callbacks of such programs perform operations."""
    done = (Operation(name="done"),)
    for program in (
        Program(actors=(), hooks=(Hook(kind="exit", operations=done),)),
        Program(actors=(), callbacks=(Callback(operations=done),)),
    ):
        with pytest.raises(InputError, match="nothing acts inside of a call"):
            check_fit(program, TARGET, "here")
