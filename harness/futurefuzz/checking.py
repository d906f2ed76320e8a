"""One program on one target, checked where it stands: what the faces for other fuzzers share.

It runs in the caller's process. A target that kills the interpreter kills the caller; `futurefuzz fuzz` runs each
program in a process that may die.
"""

from __future__ import annotations

import platform
import sys
from collections.abc import Sequence
from functools import cache
from random import Random
from typing import Literal

from futurefuzz import explorers, targets
from futurefuzz.contracts.declared import check_declaration
from futurefuzz.contracts.verdict import Violation
from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.replay import ChoicesReplay, schedule_of
from futurefuzz.findings import known, signature, token
from futurefuzz.findings.finding import Case
from futurefuzz.oracles import judge
from futurefuzz.programs.program import Program
from futurefuzz.programs.schedule import Preemptions
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Run
from futurefuzz.shipped import directory
from futurefuzz.targets.base import Target

__all__ = ["BrokenContract", "check", "check_under"]

Grade = Literal["forbidden", "interesting"]


class BrokenContract(AssertionError):
    """A run broke the target's contract.

    Attributes:
        signature: one bug, one signature.
        token: what `futurefuzz replay` takes.
        violation: the oracle's verdict.
    """

    def __init__(self, *, name: str, token: str, violation: Violation) -> None:
        clause = violation.clause
        super().__init__(
            f"{violation.cause}\n"
            f"  {violation.grade}: clause {clause.id}: {clause.text}\n"
            f"  source: {clause.source}\n"
            f"  signature: {name}\n"
            f"  reproduce: futurefuzz replay {token}"
        )
        self.signature = name
        self.token = token
        self.violation = violation


def check(
    program: Program,
    target: Target | str,
    *,
    preemptions: Sequence[tuple[int, int]] = (),
    runs: int = 0,
    seed: int = 0,
    grade: Grade = "forbidden",
    scenario: str = "check",
) -> None:
    """Run a program under given preemptions, then under schedules of the default explorer, and judge each run.

    What `corpus/known.toml` knows of this interpreter passes.

    Args:
        program: what to run.
        target: on what; a name, or the target itself.
        preemptions: see `programs.schedule.Preemptions`; the strategy `strategies.schedules()` makes them.
        runs: how many further schedules to try.
        seed: of these.
        grade: `interesting` also fails on misuse that merely misbehaves, and on traps within legal use.
        scenario: named in the token, for the reader.

    Raises:
        BrokenContract: a run broke a clause; with the token that replays it.
        InputError: unknown target, or it departs from what is no clause of its contract.
    """
    found = targets.find(target) if isinstance(target, str) else target
    check_declaration(found)
    kept = list(preemptions)
    check_under(program, found, Preemptions(lambda: kept), grade=grade, scenario=scenario)
    explorer = explorers.make("default", Random(seed))
    for _ in range(runs):
        if not check_under(program, found, explorer, grade=grade, scenario=scenario):
            break


def check_under(
    program: Program, target: Target, explorer: Explorer, *, grade: Grade = "forbidden", scenario: str = "check"
) -> bool:
    """Run a program once under an explorer's next schedule, and judge the run.

    Returns:
        False when the explorer has nothing more to explore.

    Raises:
        BrokenContract: the run broke a clause, and that is no known bug of this interpreter.
    """
    run = execute(program, target, explorer)
    if run is None:
        return False
    violations = judge(run)
    # The first is what the run is about; later ones may be its consequences. So does a campaign, and so does a replay.
    if not violations or (grade == "forbidden" and violations[0].grade != "forbidden"):
        return True
    violation = violations[0]
    name = signature.of(target.name, violation)
    if _known_bugs().match(name, platform.python_implementation(), sys.version_info) is None:
        raise BrokenContract(name=name, token=_token(run, target, name, scenario), violation=violation)
    return True


@cache
def _known_bugs() -> known.Known:
    return known.load(directory("corpus") / "known.toml")


def _token(run: Run, target: Target, name: str, scenario: str) -> str:
    """The run's token: its choices by number become switches by place, which takes a recorded run."""
    recorded = execute(run.program, target, ChoicesReplay(run.choices), record=True)
    if recorded is None or recorded.steps is None or recorded.choices != run.choices:
        raise HarnessError(f"a run of {target.name} did not repeat: {name}")
    case = Case(
        scenario=scenario,
        target=target.name,
        program=run.program,
        schedule=schedule_of(recorded.steps, recorded.names),
    )
    return token.encode(case, name)
