"""One unit of work: generated programs on a target under a few dozen schedules. Runs inside a worker.

All state is local to a program: its garbage is collected when it has been run, and before each run of a program that
collects by itself, so that a run does the same thing here and alone in a fresh process.
"""

from __future__ import annotations

import gc
import hashlib
import json
import traceback
from collections.abc import Callable
from functools import partial
from typing import Any, Final

from attrs import Factory, define, frozen

from futurefuzz import explorers, leaks
from futurefuzz.campaign.examination import Examiner, chosen
from futurefuzz.campaign.note import Note, NotedChoices, NotedHistory
from futurefuzz.campaign.plan import Unit
from futurefuzz.contracts.misuse import STARVED, circumstances
from futurefuzz.contracts.verdict import Violation
from futurefuzz.errors import InputError, NotDeterministicError
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.replay import ChoicesReplay
from futurefuzz.findings import signature
from futurefuzz.oracles import assess
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.codec import program_from_json, program_to_json
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import Scenario
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Event, Run
from futurefuzz.runs.leaving import Leaving, leaves
from futurefuzz.runs.world import World
from futurefuzz.targets.base import Target

__all__ = ["UnitResult", "run_unit"]

#: a program is left when that many runs in a row showed nothing that it had not shown before
_STALE: Final = 12

#: of so many programs of a pair one is looked at for leaks, with its last run; that takes about the time of five runs.
#: Not a divisor of the rotation of explorers, so that all of them take part. Where a program does what has no
#: documented meaning, hardly anything else is judged: these are looked at more often.
_LEAK_CHECKED: Final = 5
_LEAK_CHECKED_UNDEFINED: Final = 2
_LEAK_TURN: Final = 1
#: the same of the generated programs of a validation, whose clauses about leaks are to be tried often enough, too
_LEAK_EXAMINED: Final = 3
#: of those, one of so many is also looked at for buffers that are made larger: it takes twice as long
_BUFFERS_COUNTED: Final = 5
#: a given program that was run so often is always looked at: it is not much beside that
_LEAK_WORTH: Final = 50

#: a worker sends the case of a signature this many times: the first may be one that does not replay
_SENT: Final = 3


@frozen(kw_only=True)
class UnitResult:
    """What a unit has done: runs, choices made, distinct behaviours, and how often each signature showed.

    Args:
        runs, choices, behaviours, found: so.
        exhausted: its explorer had nothing more to explore.
        unsteady: all schedules of its program were to be run, and under one of them it did not do the same again.
        examined: what a validation has asked for (`examination.Examiner.to_json`).
    """

    runs: int
    choices: int
    behaviours: list[int]
    found: dict[str, int]
    exhausted: bool = False
    unsteady: bool = False
    examined: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """As it goes to the supervisor."""
        return {
            "runs": self.runs,
            "choices": self.choices,
            "behaviours": self.behaviours,
            "found": self.found,
            "exhausted": self.exhausted,
            "unsteady": self.unsteady,
            "examined": self.examined,
        }


def run_unit(
    unit: Unit,
    scenario: Scenario,
    target: Target,
    *,
    note: Note,
    limit: int,
    sent: dict[str, int],
    send: Callable[[dict[str, Any]], None],
) -> UnitResult:
    """Generate the unit's program and run it; another one when there was nothing to choose in it, and so on.

    A program without choices has one run only. Units that ended with it would give most of a campaign's time to the
    scenarios with threads, and spend the rest on handing out units.

    Args:
        unit: which.
        scenario: what generates the programs.
        target: what they run on.
        note: gets what happens, should it be the last.
        limit: most runs.
        sent: how often the case of each signature was sent; grows.
        send: sends a case or an error, as soon as there is one.

    Raises:
        InputError: the scenario cannot generate a program.
    """
    note.unit(unit.number)
    limit = min(limit, unit.runs)
    work = _Work(unit=unit, scenario=scenario, target=target, note=note, limit=limit, sent=sent, send=send)
    choices = unit.rng("program")
    nth = 0
    while True:
        try:
            program = _program(unit, scenario, target, RandomChoices(choices))
            if program is None:
                break
            described = program_to_json(program)
        except (Exception, SystemExit) as error:
            raise InputError(
                f"scenario {scenario.name}: cannot generate unit {unit.nth} for {target.name}: {_last_line(error)}"
            ) from error
        again = work.run(program, described, nth)
        nth += 1
        # Making and judging a program costs as much as another run of it.
        if not again or unit.examination is not None or work.runs + nth >= limit:
            break
    return work.result()


@define(kw_only=True)
class _Work:
    """What a unit has done so far."""

    unit: Unit
    scenario: Scenario
    target: Target
    note: Note
    limit: int
    sent: dict[str, int]
    send: Callable[[dict[str, Any]], None]
    runs: int = 0
    choices: int = 0
    behaviours: set[int] = Factory(set)
    found: dict[str, int] = Factory(dict)
    exhausted: bool = False
    unsteady: bool = False
    examiner: Examiner | None = None

    def run(self, program: Program, described: dict[str, Any], nth: int) -> bool:
        """Run the unit's `nth` program; True when there was nothing to choose, so that one run was all of it."""
        unit, target, note = self.unit, self.target, self.note
        wanted = unit.examination
        text = json.dumps(described, separators=(",", ":"))
        note.program(text)
        tidy = any(operation.name == "collect" for operation in program.operations())
        base = hashlib.sha256(f"{target.name}\n{text}".encode()).hexdigest()
        given = wanted is not None and wanted.program is not None
        explorer: Explorer
        if wanted is not None and given and not wanted.outcomes:
            explorer = Bounded(bound=wanted.bound)
        else:
            explorer = explorers.make(unit.explorer, unit.rng(f"explorer {nth}" if nth else "explorer"))
        if wanted is not None:
            self.examiner = Examiner(program, target, outcomes=wanted.outcomes)
        behaviours: set[int] = set()
        violations: list[Violation] = []
        run: Run | None = None
        followed: list[int] = []
        stale = 0
        only = False
        last = leaves(program)  # its one run is the last of this process
        limit = self.runs + 1 if last else self.limit
        while self.runs < limit:
            if tidy:
                note.phase("collecting")
                gc.collect()
            note.run(self.runs)
            choices = NotedChoices(note)
            run = None  # the one before is gone before the next begins
            try:
                run = execute(
                    program,
                    target,
                    explorer,
                    choices=choices,
                    history=NotedHistory(note),
                    surroundings=Leaving if last else World,
                )
            except NotDeterministicError:  # what walks a set by addresses, say; nothing is said against it
                self.unsteady = True
                break
            if run is None:
                self.exhausted = True
                break
            note.phase("judging")
            self.runs += 1
            self.choices += len(choices)
            if given:
                followed = list(choices)
            known = len(behaviours)
            behaviours.add(_behaviour(base, run.status, run.history))
            stale = 0 if len(behaviours) > known else stale + 1
            judgement = assess(run)
            violations = judgement.violations
            if self.examiner is not None:
                self.examiner.saw(run, judgement)
            if violations:
                first = violations[0]
                name = signature.of(target.name, first)
                self.found[name] = self.found.get(name, 0) + 1
                if self.found[name] == 1:
                    self._offer(first, name, choices, described)
            if not choices:
                self.exhausted = only = True  # without any choice every other run would be the same
                break
            if stale >= _STALE and not given:
                break
        self.behaviours |= behaviours
        turn = not violations and not last and self._leak_turn(program, nth)
        if given and run is None and self.exhausted and turn:  # gone before it was known to be the last one
            note.run(self.runs)
            again = ChoicesReplay(followed)
            run = execute(program, target, again, choices=NotedChoices(note), history=NotedHistory(note))
        if run is not None and turn and leaks.judged(program) and target.crossing is None:
            self._check_leaks(program, run, described, nth)
        if not last:
            note.phase("collecting")
            gc.collect()  # here rather than before the next one: a heap that this one has broken is noted as its own
        return only and not last

    def _leak_turn(self, program: Program, nth: int) -> bool:
        """Whether it is this program's turn to be looked at for leaks."""
        wanted = self.unit.examination
        given = wanted is not None and wanted.program is not None
        turn = (self.unit.nth + nth) % self._leak_checked(program) == _LEAK_TURN
        return turn or (given and self.runs >= _LEAK_WORTH)

    def _leak_checked(self, program: Program) -> int:
        """Of how many programs like this one is looked at."""
        wanted = self.unit.examination
        every = _LEAK_CHECKED if circumstances(program) in ("", STARVED) else _LEAK_CHECKED_UNDEFINED
        return min(every, _LEAK_EXAMINED) if wanted is not None and wanted.program is None else every

    def _check_leaks(self, program: Program, run: Run, described: dict[str, Any], nth: int) -> None:
        target, examiner = self.target, self.examiner
        buffers = (self.unit.nth + nth) % (self._leak_checked(program) * _BUFFERS_COUNTED) == _LEAK_TURN
        noting = partial(_noted, self.note, self.runs - 1)
        leaking = leaks.check(program, target, run.choices, noting=noting, buffers=buffers)
        if examiner is not None:
            broken = [violation.clause.id for violation in leaking if examiner.breaks(violation)]
            examiner.checked(leaks.looked_at(run), broken)
        for violation in leaking:
            name = signature.of(target.name, violation)
            self.found[name] = self.found.get(name, 0) + 1
            self._offer(violation, name, run.choices, described)

    def _offer(self, violation: Violation, name: str, choices: list[int], described: dict[str, Any]) -> None:
        """Send the case of a violation, unless that was done often enough."""
        if self.sent.get(name, 0) < _SENT:
            self.sent[name] = self.sent.get(name, 0) + 1
            case = {"signature": name, "grade": violation.grade, "cause": violation.cause}
            where = {"scenario": self.scenario.name, "target": self.target.name, "program": described}
            breaks = {}
            if self.examiner is not None:
                breaks = {"breaks": self.examiner.breaks(violation), "suspect": self.examiner.suspects(violation)}
            self.send({"case": {**case, **where, **breaks, "choices": list(choices)}})

    def result(self) -> UnitResult:
        """What there is to tell."""
        return UnitResult(
            runs=self.runs,
            choices=self.choices,
            behaviours=sorted(self.behaviours),
            found=self.found,
            exhausted=self.exhausted,
            unsteady=self.unsteady,
            examined=None if self.examiner is None else self.examiner.to_json(),
        )


def _noted(note: Note, nth: int) -> list[int]:
    """The choices of one more run of the program, which is the last to be looked at should it end the process."""
    note.run(nth)
    return NotedChoices(note)


def _program(unit: Unit, scenario: Scenario, target: Target, choices: RandomChoices) -> Program | None:
    """What the unit runs; None when all that was drawn has what is to be avoided."""
    wanted = unit.examination
    if wanted is None:
        return scenario.generate(choices, target)
    if wanted.program is not None:
        return program_from_json(wanted.program)
    return chosen(wanted.avoid, wanted.want, lambda: scenario.generate(choices, target))


def _behaviour(base: str, status: str, history: list[Event]) -> int:
    """A number for what happened. `None` is left out of it: before 3.12 its hash is its address."""
    return hash((base, status, tuple([(event[0], event[1], event[2], event[3], event[5] or 0) for event in history])))


def _last_line(error: BaseException) -> str:
    return traceback.format_exception_only(error)[-1].strip()
