"""The Hypothesis face: planted bugs are found, shrunk, kept in the database, reproduced, and printed with our token."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, find, given, reproduce_failure, settings
from hypothesis.database import InMemoryExampleDatabase

from futurefuzz import targets
from futurefuzz.errors import InputError
from futurefuzz.explorers.replay import Replay
from futurefuzz.findings import signature, token
from futurefuzz.oracles import judge
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.strategies import BrokenContract, check, programs, schedules
from futurefuzz.targets import Target
from tests.faces.planted import FORGETFUL, LOOP, RACY, THREADS

THOROUGH = settings(
    max_examples=1500,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
    report_multiple_bugs=False,
    phases=[Phase.generate, Phase.shrink],  # explaining runs each example many times more
)


@cache
def failure(target: Target, scenario: Scenario, how: settings = THOROUGH) -> tuple[BrokenContract, list[Program]]:
    """What `@given` ends with, and every program that it tried; found once for all tests of this module."""
    tried: list[Program] = []

    @how
    @given(programs(scenario, target), schedules())
    def property_of_target(program: Program, schedule: list[tuple[int, int]]) -> None:
        tried.append(program)
        check(program, target, preemptions=schedule, scenario=scenario.name)

    with pytest.raises(BrokenContract) as caught:
        property_of_target()
    return caught.value, tried


def test_a_planted_bug_is_found_and_shrunk_to_what_matters() -> None:
    """Two registrations and a completion is all that it takes to forget a callback; nobody is preempted."""
    error, _ = failure(FORGETFUL, LOOP)
    case, name = token.decode(error.token)
    assert name == error.signature
    assert case.target == "planted.Forgetful"
    assert case.scenario == "test_loop"
    assert len(case.program.operations()) <= 4
    assert case.program.futures == 1
    assert not case.program.debug
    assert case.schedule == ()


def test_a_race_is_shrunk_in_its_schedule_too() -> None:
    """Between check and act one preemption is enough; it remains with two threads that do a thing each."""
    error, _ = failure(RACY, THREADS)
    case, _ = token.decode(error.token)
    assert len(case.program.actors) == 2
    assert len(case.program.operations()) <= 4
    assert len(case.schedule) <= 2


def test_the_token_of_a_failure_replays() -> None:
    """The schedule in the token, by place, brings the same signature."""
    error, _ = failure(RACY, THREADS)
    case, name = token.decode(error.token)
    explorer = Replay(case.schedule)
    run = execute(case.program, RACY, explorer)
    assert run is not None
    assert explorer.diverged == []
    assert signature.of(RACY.name, judge(run)[0]) == name


def test_the_database_replays_a_failure_at_once() -> None:
    """With a database, the second run begins with the smallest example of the first, and needs no search."""
    database = InMemoryExampleDatabase()
    how = settings(THOROUGH, database=database, derandomize=False)  # a database needs runs that are not derandomized
    first, tried = failure(FORGETFUL, LOOP, how)
    again, retried = failure(FORGETFUL, LOOP, settings(how, phases=[Phase.reuse], max_examples=5))
    assert again.token == first.token
    assert len(retried) < len(tried)
    assert retried[0] == token.decode(first.token)[0].program


def test_a_correct_future_passes() -> None:
    """The twin of the planted ones: the standard library's, on the same scenarios."""
    for name, scenario in (("asyncio.PyFuture", LOOP), ("concurrent.Future", THREADS)):

        @settings(THOROUGH, max_examples=100)
        @given(programs(scenario, name), schedules())
        def property_of_target(name: str, program: Program, schedule: list[tuple[int, int]]) -> None:
            check(program, name, preemptions=schedule)

        property_of_target(name)


def test_further_schedules_come_from_the_default_explorer() -> None:
    """Without a preemption the race stays hidden; among 50 schedules it shows."""
    program = find(
        programs(THREADS, RACY),
        lambda program: sum(any(o.name == "set_result" for o in a.operations) for a in program.actors) == 2,
        settings=THOROUGH,
    )
    check(program, RACY)
    with pytest.raises(BrokenContract):
        check(program, RACY, runs=50, seed=1)


_TEST_FILE = """
from hypothesis import given, settings{imports}
from futurefuzz.strategies import check, programs, schedules
from tests.faces.planted import FORGETFUL, LOOP

{decorator}
@settings(max_examples=1500, derandomize=True, database=None, deadline=None, print_blob=True)
@given(programs(LOOP, FORGETFUL), schedules())
def test_it(program, schedule):
    check(program, FORGETFUL, preemptions=schedule)
"""


def pytest_of(text: str, folder: Path) -> str:
    """What pytest prints about a test file, in a process of its own."""
    path = folder / "test_user.py"
    path.write_text(text, encoding="utf-8")
    root = Path(__file__).parents[2]
    command = [sys.executable, "-m", "pytest", "-q", "-n0", "-p", "no:cacheprovider", f"--rootdir={root}", str(path)]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=100, check=False)
    assert done.returncode == 1, done.stdout + done.stderr
    return done.stdout


def test_a_failing_example_prints_our_token_and_reproduce_failure_works(tmp_path: Path) -> None:
    """As a user sees it: pytest shows the program, the token, and a decorator that brings the failure back."""
    shown = pytest_of(_TEST_FILE.format(imports="", decorator=""), tmp_path)
    printed = re.search(r"futurefuzz replay (ff1\.\S+)", shown)
    assert printed is not None
    token.decode(printed[1])
    assert re.search(r"(Falsifying example|Failing test case): test_it\(", shown)  # older and newer Hypothesis
    blob = re.search(r"@reproduce_failure\('[\d.]+', b'[^']+'\)", shown)
    assert blob is not None
    again = pytest_of(_TEST_FILE.format(imports=", reproduce_failure", decorator=blob[0]), tmp_path)
    assert printed[0] in again
    assert reproduce_failure is not None


def test_what_does_not_go_together_is_an_input_error() -> None:
    """Unknown names, and a scenario for another contract, are answered when the test module is loaded."""
    with pytest.raises(InputError, match=r"unknown target 'asyncio\.Futur'"):
        programs("loop_only", "asyncio.Futur")
    with pytest.raises(InputError, match="unknown scenario 'loops'"):
        programs("loops", "asyncio.Future")
    with pytest.raises(InputError, match=r"scenario loop_only is not for target concurrent\.Future; allowed: "):
        programs(load_scenarios(["loop_only"])["loop_only"], targets.find("concurrent.Future"))


def test_without_hypothesis_the_extra_is_named() -> None:
    """Importing the strategies where Hypothesis is missing says what to install."""
    code = "import sys; sys.modules['hypothesis'] = None\nimport futurefuzz.strategies"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.rstrip().endswith(
        "InputError: futurefuzz.strategies needs Hypothesis, which is not installed; "
        "pip install 'futurefuzz[hypothesis]'"
    )
