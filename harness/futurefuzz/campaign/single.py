"""One given case, or one given program, run inside a worker.

A case is run with every event and step sent off the moment it happens.
So a run that ends in a crash has its timeline and its steps too: everything up to the crash is on the other side of the
pipe. A program is searched for a schedule under which it shows a signature again.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping
from random import Random
from typing import Any

from futurefuzz import explorers
from futurefuzz.campaign.note import Note, NotedChoices
from futurefuzz.errors import InputError
from futurefuzz.explorers.base import Step
from futurefuzz.explorers.replay import ChoicesReplay, Replay
from futurefuzz.findings import signature
from futurefuzz.oracles import judge
from futurefuzz.programs.codec import program_from_json, schedule_from_json
from futurefuzz.runs.executor import execute
from futurefuzz.runs.fit import check_fit
from futurefuzz.runs.history import Event
from futurefuzz.runs.record import event_to_json, step_to_json
from futurefuzz.targets.base import Target

__all__ = ["run_case", "search"]

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
    run = execute(
        program,
        target,
        explorer,
        record=True,
        choices=NotedChoices(note),
        history=_Events(send),
        steps=_Steps(send),
    )
    assert run is not None, "a replay always has its one run"
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
        for violation in judge(run)
    ]
    result = {
        "number": request["number"],
        "status": run.status,
        "names": list(run.names),
        "choices": list(run.choices),
        "blocked": [list(entry) for entry in run.blocked],
        "violations": violations,
        "diverged": list(explorer.diverged)[:10],
    }
    del run
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
    for nth in range(request["runs"]):
        note.run(nth)
        run = execute(program, target, explorer, choices=NotedChoices(note))
        if run is None:
            break
        violations = judge(run)
        if violations and signature.of(target.name, violations[0]) == request["signature"]:
            found = list(run.choices)
            break
        run = None
    note.phase("collecting")
    gc.collect()
    send({"searched": {"number": request["number"], "choices": found}})


def _target(request: Mapping[str, Any], targets: Mapping[str, Target]) -> Target:
    try:
        return targets[request["target"]]
    except KeyError:
        raise InputError(f"unknown target {request['target']!r}; allowed: {', '.join(targets)}") from None
