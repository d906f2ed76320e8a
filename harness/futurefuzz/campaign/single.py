"""One given case, or one given program, run inside a worker.

A case is run with every event and step sent off the moment it happens.
So a run that ends in a crash has its timeline and its steps too: everything up to the crash is on the other side of the
pipe. A program is searched for a schedule under which it shows a signature again, or sampled for all that it shows.
"""

from __future__ import annotations

import gc
import itertools
import json
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from random import Random
from typing import Any

from futurefuzz import explorers, leaks
from futurefuzz.campaign.note import Note, NotedChoices
from futurefuzz.contracts.verdict import Violation
from futurefuzz.errors import InputError
from futurefuzz.explorers.base import Step
from futurefuzz.explorers.replay import ChoicesReplay, Replay
from futurefuzz.findings import signature
from futurefuzz.health.programs import Looking
from futurefuzz.oracles import judge
from futurefuzz.programs.codec import program_from_json, schedule_from_json
from futurefuzz.runs.behaviour import history_key
from futurefuzz.runs.executor import execute
from futurefuzz.runs.fit import check_fit
from futurefuzz.runs.history import Event, Run
from futurefuzz.runs.leaving import Leaving, leaves
from futurefuzz.runs.record import event_to_json, step_to_json
from futurefuzz.runs.sampling import Sample, sample
from futurefuzz.runs.world import World
from futurefuzz.targets.base import Target

__all__ = ["behaviours", "run_case", "search"]

Send = Callable[[dict[str, Any]], None]


class _Events(list[Event]):
    __slots__ = ("_send",)

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send

    def append(self, event: Event) -> None:
        self._send({"event": event_to_json(event)})
        list.append(self, event)


class _Steps(list[Step]):
    __slots__ = ("_send",)

    def __init__(self, send: Send) -> None:
        super().__init__()
        self._send = send

    def append(self, step: Step) -> None:
        self._send({"step": step_to_json(step)})
        list.append(self, step)


def run_case(request: dict[str, Any], targets: Mapping[str, Target], *, note: Note, send: Send) -> None:
    """Run what the request names and send what happens; at the end a `result`.

    Raises:
        InputError: the target is not loaded, or the program is none, or none for this target.
    """
    target = _target(request, targets)
    program = program_from_json(request["program"])
    check_fit(program, target, "case")
    explorer: ChoicesReplay | Replay
    if request.get("choices") is not None:
        explorer = ChoicesReplay(request["choices"])
    else:
        explorer = Replay(schedule_from_json(request["schedule"]))
    gc.collect()
    note.unit(request["number"])
    note.program(json.dumps(request["program"]))
    note.run(0)
    last = leaves(program)  # this run is the last of this process
    looking = Looking() if request.get("looking") and not last else None
    run = execute(
        program,
        target,
        explorer,
        record=True,
        choices=NotedChoices(note),
        history=_Events(send),
        steps=_Steps(send),
        surroundings=Leaving if last else looking or World,
    )
    assert run is not None, "a replay always has its one run"
    note.phase("judging")
    judged = judge(run)
    if request.get("leaks") and not last:
        judged = leaks.check(program, target, run.choices, history=run.history, noting=partial(_noted, note)) + judged
        note.phase("judging")
    violations = [
        {
            "signature": signature.of(target.name, violation),
            "oracle": violation.oracle,
            "clause": violation.clause.id,
            "grade": violation.grade,
            "cause": violation.cause,
            "at": violation.at,
        }
        for violation in judged
    ]
    health = looking.health(run) if looking is not None else None
    result = {
        "number": request["number"],
        "status": run.status,
        "names": list(run.names),
        "choices": list(run.choices),
        "blocked": [list(entry) for entry in run.blocked],
        "violations": violations,
        "diverged": list(explorer.diverged)[:10],
        "health": health.to_json() if health is not None else None,
    }
    del run
    if last:
        note.answer(json.dumps({"result": result}))
        return
    note.phase("collecting")
    gc.collect()  # a run that leaves a broken heap dies here and not in the next one
    send({"result": result})


def search(request: dict[str, Any], targets: Mapping[str, Target], *, note: Note, send: Send) -> None:
    """Look for a schedule under which the program's first violation has the signature; send the choices, or None.

    A run that kills the process is found by whoever asked: its choices are in the note.

    Raises:
        InputError: as `run_case`.
    """
    target = _target(request, targets)
    program = program_from_json(request["program"])
    explorer = explorers.make("default", Random(request["seed"]))
    note.unit(request["number"])
    found = None
    leaking = signature.is_leak(request["signature"])
    for nth in range(request["runs"]):
        note.run(nth)
        run = execute(program, target, explorer, choices=NotedChoices(note))
        if run is None:
            break
        violations = judge(run)
        if leaking and not violations:
            violations = leaks.check(program, target, run.choices, noting=partial(_noted, note))
        if violations and signature.of(target.name, violations[0]) == request["signature"]:
            found = list(run.choices)
            break
        run = None
    note.phase("collecting")
    gc.collect()
    send({"searched": {"number": request["number"], "choices": found}})


def behaviours(request: dict[str, Any], targets: Mapping[str, Target], *, note: Note, send: Send) -> None:
    """Send the behaviours of a program, each with how often it was seen, the choices of its first run and, when the
    request wants them `judged`, the worst violation.

    A run that kills the process is found by whoever asked: its choices are in the note.

    Raises:
        InputError: as `run_case`.
    """
    target = _target(request, targets)
    program = program_from_json(request["program"])
    check_fit(program, target, "case")
    note.unit(request["number"])
    nth = itertools.count()

    def each() -> list[int]:
        note.run(next(nth))
        return NotedChoices(note)

    verdicts: dict[int, tuple[str, str, str] | None] = {}

    def judged(run: Run, seen: Sample) -> None:
        key = history_key(run)
        if key not in verdicts:
            note.phase("judging")
            verdicts[key] = _worst(judge(run))
        verdict = verdicts[key]
        if verdict is not None and (seen.violation is None or verdict[0] == "forbidden" != seen.violation[0]):
            seen.violation = verdict

    look = judged if request.get("judged") else lambda run, seen: None
    gc.collect()
    sampled = sample(program, target, runs=request["runs"], seed=request["seed"], each=each, look=look)
    note.phase("collecting")
    gc.collect()
    found = [[list(seen), one.samples, one.choices, one.violation] for seen, one in sampled.behaviours.items()]
    number = request["number"]
    send({"sampled": {"number": number, "behaviours": found, "runs": sampled.runs, "complete": sampled.complete}})


def _worst(violations: Sequence[Violation]) -> tuple[str, str, str] | None:
    worst = next((v for v in violations if v.grade == "forbidden"), violations[0] if violations else None)
    return None if worst is None else (worst.grade, worst.clause.id, worst.cause)


def _noted(note: Note) -> list[int]:
    note.run(0)
    return NotedChoices(note)


def _target(request: Mapping[str, Any], targets: Mapping[str, Target]) -> Target:
    try:
        return targets[request["target"]]
    except KeyError:
        raise InputError(f"unknown target {request['target']!r}; allowed: {', '.join(targets)}") from None
