"""One given case, run inside a worker, with every event and step sent off the moment it happens.

So a run that ends in a crash has its timeline and its steps too: everything up to the crash is on the other side of the pipe.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Mapping
from typing import Any

from futurefuzz.campaign.note import Note, NotedChoices
from futurefuzz.errors import InputError
from futurefuzz.explorers.base import Explorer, Step
from futurefuzz.explorers.replay import ChoicesReplay, Replay
from futurefuzz.findings import signature
from futurefuzz.oracles import judge
from futurefuzz.programs.codec import program_from_json, schedule_from_json
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Event
from futurefuzz.runs.record import event_to_json, step_to_json
from futurefuzz.targets.base import Target

__all__ = ["run_case"]

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
        InputError: the target is not loaded, or the program is none.
    """
    try:
        target = targets[request["target"]]
    except KeyError:
        raise InputError(f"unknown target {request['target']!r}; allowed: {', '.join(targets)}") from None
    program = program_from_json(request["program"])
    explorer: Explorer
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
    }
    del run
    note.phase("collecting")
    gc.collect()  # a run that leaves a broken heap dies here and not in the next one
    send({"result": result})
