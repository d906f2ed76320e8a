"""The process in which explored code runs, and may die.

    python -P -m futurefuzz.exploring.worker NOTE CORE FORK PARENT

It takes one request and ends when that is done. Everything that the code writes goes to the standard streams, of which
the supervisor keeps the end; standard input is empty.
"""

from __future__ import annotations

import itertools
import os
import signal
import sys
import time
import traceback
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, NoReturn

import cattrs

from futurefuzz.campaign import inside
from futurefuzz.campaign.note import Note, NotedChoices
from futurefuzz.campaign.protocol import read_request, send
from futurefuzz.control.going_on import current_control
from futurefuzz.control.instrumentation import Instrumentation
from futurefuzz.errors import HarnessError, InputError
from futurefuzz.explorers.replay import ChoicesReplay
from futurefuzz.exploring import entry, places
from futurefuzz.exploring.api import search_models
from futurefuzz.exploring.engine import Hunt
from futurefuzz.exploring.exploration import Finding, finding_of
from futurefuzz.exploring.failure import failures_of
from futurefuzz.exploring.models import points_for
from futurefuzz.exploring.running import Observed, Runner, Schedule
from futurefuzz.exploring.token import Case, encode
from futurefuzz.exploring.witness import Sighting

__all__ = ["main"]

_BETWEEN_SIGNS_OF_LIFE: Final = 0.1
#: points of the run before a replay of one that never ends
_WARM: Final = 2_000


class _Worker:
    def __init__(self, note: Note, answers: int) -> None:
        self.note = note
        self.answers = answers
        self.told = 0.0
        self.before: frozenset[str] = frozenset()
        self.exit = os._exit  # the code under test finds another one in its place

    def send(self, message: dict[str, Any]) -> None:
        try:
            send(self.answers, message)
        except OSError:  # the supervisor is gone
            self.exit(0)

    def progress(self, model: str, runs: int) -> None:
        now = time.monotonic()
        if now - self.told > _BETWEEN_SIGNS_OF_LIFE:
            self.told = now
            self.send({"progress": {"model": model, "runs": runs}})

    def do(self, request: dict[str, Any]) -> None:
        loaded = entry.load(entry.Entry(
            path=request["path"], names=tuple(request["names"]), arguments=tuple(request["arguments"])
        ))
        loaded.prepare()
        self.before = frozenset(sys.modules)
        self._stand_guard(str(loaded.entry))
        if request["do"] == "explore":
            self._explore(request, loaded)
        else:
            self._replay(request, loaded)

    def _runner(self, request: dict[str, Any], loaded: entry.Loaded, model: str) -> Runner:
        self.note.unit(0)
        self.note.program(model)
        count = itertools.count()

        def choices() -> list[int]:
            self.note.run(next(count))
            return NotedChoices(self.note)

        return Runner(
            loaded.body(),
            model=model,
            points=points_for(model, loaded.code, request["instrument"], before=self.before),
            seed=request["seed"],
            choices=choices,
        )

    def _explore(self, request: dict[str, Any], loaded: entry.Loaded) -> None:
        Instrumentation(request["instrument"])  # refuses what cannot be instrumented now, not after a model without
        _, stages = search_models(
            lambda model: self._runner(request, loaded, model),
            tuple(request["models"]),
            runs=request["runs"],
            seconds=request["seconds"],
            seed=request["choices"],
            explorer=request["explorer"],
            progress=self.progress,
            stop=request["stop"],
            known=tuple(request["known"]),
            tell=lambda found: self._tell(finding_of(found, self._token(request, loaded, found))),
        )
        self.send({"done": {"stages": cattrs.unstructure(stages)}})

    def _tell(self, finding: Finding) -> None:
        self.send({"finding": cattrs.unstructure(finding)})

    def _token(self, request: dict[str, Any], loaded: entry.Loaded, found: Hunt) -> str:
        return encode(
            Case(
                what=loaded.entry.portable,
                arguments=loaded.entry.arguments,
                digest=loaded.digest,
                model=found.model,
                instrument=tuple(request["instrument"]),
                seed=request["seed"],
                schedule=tuple((s.actor, s.place, s.nth, s.to) for s in found.schedule.switches),
                fair_from=found.schedule.fair_from,
                signature=found.failure.signature,
            )
        )

    def _replay(self, request: dict[str, Any], loaded: entry.Loaded) -> None:
        case = cattrs.structure(request["case"], Case)
        schedule = case.as_schedule()
        choices = request["choices"]
        plain = schedule == Schedule() and not choices
        bound = None if schedule.fair_from is None else _WARM  # what goes on and on takes its time
        if case.model != "operation":  # so that what the code imports is there, and can get its points
            self._runner(request, loaded, "operation").follow(Schedule(), bound=bound)
        with self._runner(request, loaded, case.model) as runner:
            if not plain:
                runner.follow(Schedule(), bound=bound)  # what only a first run does
            sink = self._sighting if request["stream"] else None
            if choices is not None:
                seen = runner.watch(ChoicesReplay(choices), sink=sink)
            else:
                seen = runner.follow(schedule, lines=True, sink=sink)
        if seen is None:
            raise HarnessError("a replay always has its one run")
        failures = failures_of(seen)
        found = [] if not failures else [cattrs.unstructure(finding_of(_hunt(seen, schedule, case, failures)))]
        self.send({"replayed": {"findings": found, "diverged": list(seen.diverged)[:10]}})

    def _sighting(self, sighting: Sighting) -> None:
        self.send({"sighting": sighting.to_json()})

    def _stand_guard(self, what: str) -> None:
        """Code that leaves this process, or ends it, is told of instead."""

        def refuse(text: str) -> NoReturn:
            place = places.of_frame(sys._getframe(2))
            where = f" at {place}" if place is not None else ""
            self.send({"error": {"kind": "input", "text": f"{what}: {text}{where}"}})
            self.exit(0)
            raise SystemExit

        def leave(status: int) -> NoReturn:
            if current_control() is None:
                self.exit(status)
            refuse(f"ends its process by os._exit({status!r}); allowed: sys.exit")

        def audit(event: str, _arguments: tuple[Any, ...]) -> None:
            if event in ("os.fork", "os.forkpty", "os.exec") and current_control() is not None:
                refuse(f"calls {event}; allowed: threads and asyncio, for other processes cannot be controlled")

        def alarm(name: str, position: int) -> Callable[..., Any]:
            real = getattr(signal, name)

            def set_alarm(*arguments: Any) -> Any:
                if current_control() is not None and any(arguments[position : position + 1]):
                    refuse(f"calls signal.{name}, in real time; allowed: timeouts and timers, whose time is virtual")
                return real(*arguments)

            return set_alarm

        os._exit = leave
        for name, position in (("alarm", 0), ("setitimer", 1)):
            if hasattr(signal, name):
                setattr(signal, name, alarm(name, position))
        sys.addaudithook(audit)


def _hunt(seen: Observed, schedule: Schedule, case: Case, failures: list[Any]) -> Hunt:
    return Hunt(
        model=case.model,
        failures=tuple(failures),
        schedule=schedule,
        seen=seen,
        preemptions=seen.preemptions,
        found_after=0,
        confirmed=(1, 1),
        always=schedule == Schedule(),
    )


def main(arguments: list[str]) -> None:
    """Be a worker; see the head of this file."""
    note, core, _, parent = (int(text) for text in arguments)
    requests, answers = inside.separate_streams()
    os.set_inheritable(note, False)  # what the code starts shall not hold what is ours
    worker = _Worker(Note(note), answers)
    inside.limit(core)
    if not inside.end_with(parent):
        inside.look_after(parent)
    request = read_request(requests)
    if request is None:
        return
    leave: Callable[[int], NoReturn] = os._exit
    try:
        worker.do(request)
    except BaseException as error:
        kind = "input" if isinstance(error, InputError) else "harness"
        text = str(error) if isinstance(error, (InputError, HarnessError)) else repr(error)
        worker.send({"error": {"kind": kind, "text": text, "traceback": traceback.format_exc()[-8000:]}})
    for stream in (sys.stdout, sys.stderr):
        with suppress(Exception):
            stream.flush()
    leave(0)  # threads that the code has left behind must not keep the process


if __name__ == "__main__":
    main(sys.argv[1:])
