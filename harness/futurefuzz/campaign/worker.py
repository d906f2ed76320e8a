"""The process in which targets run, and die.

    python -P -m futurefuzz.campaign.worker NOTE CORE FORK PARENT

It loads what it needs once and then forks a child that does the work; when the child dies, the next is there in a few
milliseconds instead of a few tenths of a second, and it starts from the same fresh state. The parent never runs a
target, has one thread only, and does nothing but wait. Where there is no `fork`, or loading started threads, the worker
does the work itself and the supervisor starts another one when it dies.

A program may be one that ends with its process (`runs.leaving`). Then the child, or the worker, leaves its answer in
the note and comes to its end as any process does: its interpreter is finalised.

A worker ends when its supervisor does, in whatever state it is: it asks the kernel for that (`PR_SET_PDEATHSIG`) where
it can, else a thread looks once a second.
"""

from __future__ import annotations

import gc
import json
import os
import signal
import sys
import threading
import time
import traceback
from importlib import import_module
from typing import Any, Final, NoReturn

from attrs import asdict, define, field

from futurefuzz.campaign import inside
from futurefuzz.campaign.note import Note
from futurefuzz.campaign.protocol import ENDED_WELL, MEMORY_EXIT, Setup, read_request, send
from futurefuzz.errors import InputError
from futurefuzz.runs import leaving
from futurefuzz.runs.freezing import stays_frozen

__all__ = ["about", "main"]

#: children that may die in a row before they have asked for work
_STILLBORN: Final = 3
#: requests after which a child makes room for a fresh one, so that what a target leaks or breaks does not add up
_RENEW: Final = 500


@define
class _Worker:
    requests: int
    answers: int
    note: Note
    targets: dict[str, Any] = field(factory=dict)
    scenarios: dict[str, Any] = field(factory=dict)
    sent: dict[str, int] = field(factory=dict)

    def send(self, message: dict[str, Any]) -> None:
        try:
            send(self.answers, message)
        except OSError:  # the supervisor is gone
            os._exit(0)

    def load(self, setup: Setup) -> None:
        """Import targets and scenarios and say what there is."""
        from futurefuzz.campaign.loading import load_targets
        from futurefuzz.programs.scenario import load_scenarios

        sys.path[:0] = setup.path
        self.targets = load_targets(
            setup.targets, setup.references, departures=dict(setup.departures), lacks=setup.lacks
        )
        if setup.points:
            from futurefuzz.campaign.points import put_points

            put_points(self.targets.values(), setup.points)
        self.scenarios = {} if setup.scenarios is None else load_scenarios(setup.scenarios)
        # what a child would otherwise import again after each crash
        for name in ("single", "unit"):
            import_module(f"futurefuzz.campaign.{name}")
        pairs = [
            [scenario.name, name, scenario.weight]
            for scenario in self.scenarios.values()
            for name, target in self.targets.items()
            if scenario.fits(target)
        ]
        self.send(
            {
                "ready": {
                    "pairs": pairs,
                    "contracts": {name: target.contract for name, target in self.targets.items()},
                    "targets": {name: about(target) for name, target in self.targets.items()},
                    "legal": [scenario.name for scenario in self.scenarios.values() if scenario.legal],
                    "package": os.path.dirname(os.path.dirname(os.path.abspath(__file__))),
                }
            }
        )

    def serve(self, request: dict[str, Any] | None = None, *, forked: bool) -> None:
        """Do what is asked until nobody asks any more, or it is time for a fresh child.

        Args:
            request: one that the child before could not carry out, to be done first.
            forked: another child can take over.
        """
        gc.disable()
        gc.freeze()
        stays_frozen()
        second_try = request is not None
        self.send({"hello": {"pid": os.getpid()}})
        done = 0
        while request is not None or (request := read_request(self.requests)) is not None:
            try:
                self._do(request)
            except MemoryError:
                os._exit(MEMORY_EXIT)
            except BaseException as error:
                # A target that has written where it must not can break anything in its process, so an error counts
                # when it comes in a fresh child too.
                if forked and not second_try:
                    self.note.unit(0)
                    self.note.program(json.dumps(request))
                    self.note.phase("again")
                    return
                self.send({"error": {**_describe(error, request), "culprit": asdict(self.note.read())}})
            if leaving.left():
                return
            request, second_try = None, False
            done += 1
            if done == 1:
                gc.collect()
                gc.freeze()  # what the first run has made for good (pooled threads, caches) is not looked at again
            if forked and done >= _RENEW:
                self.note.phase("renew")
                return
            self.note.phase("idle")
        self.note.phase("ended")

    def _do(self, request: dict[str, Any]) -> None:
        from futurefuzz.campaign import single, unit
        from futurefuzz.campaign.examination import GIVEN, Examination
        from futurefuzz.campaign.plan import Pair, Unit

        if request["do"] == "unit":
            work = Unit(
                number=request["number"],
                pair=Pair(request["scenario"], request["target"]),
                nth=request["nth"],
                seed=request["seed"],
                examination=Examination.from_json(request["examination"]),
            )
            result = unit.run_unit(
                work,
                self.scenarios.get(work.pair.scenario, GIVEN),
                self.targets[work.pair.target],
                note=self.note,
                limit=request["limit"],
                sent=self.sent,
                send=self.send,
            )
            answer = {"unit": {"number": work.number, **result.to_json()}}
            if leaving.left():
                self.note.answer(json.dumps(answer))
            else:
                self.send(answer)
        elif request["do"] == "search":
            single.search(request, self.targets, note=self.note, send=self.send)
        elif request["do"] == "behaviours":
            single.behaviours(request, self.targets, note=self.note, send=self.send)
        else:
            single.run_case(request, self.targets, note=self.note, send=self.send)


def about(target: Any) -> dict[str, Any]:
    """What a supervisor that has not loaded a target needs to know of it."""
    from futurefuzz.campaign.loading import reference_of

    return {
        "reference": reference_of(target.name),
        "contract": target.contract,
        "shape": target.shape,
        "departures": dict(target.departures),
        "lacks": sorted(target.lacks),
        "thread_operations": None if target.thread_operations is None else sorted(target.thread_operations),
        "loop_operations": None if target.loop_operations is None else sorted(target.loop_operations),
        "inherits": target.inherits,
        "children": target.children,
        "linkable": target.linkable,
        "resolver_operations": sorted(target.resolver_operations),
        "thread_side": target.thread_side,
        "description": target.description,
    }


def _describe(error: BaseException, request: dict[str, Any]) -> dict[str, Any]:
    lines = traceback.format_exception(error)
    return {
        "kind": "input" if isinstance(error, InputError) else "harness",
        "number": request.get("number"),
        "text": str(error) if isinstance(error, InputError) else traceback.format_exception_only(error)[-1].strip(),
        "traceback": "".join(lines)[-8000:],
    }


def main(arguments: list[str]) -> None:
    """Be a worker; see the head of this file."""
    note, core, fork, parent = (int(text) for text in arguments)
    worker = _Worker(*inside.separate_streams(), Note(note))
    inside.limit(core)
    watched = inside.end_with(parent)
    setup = read_request(worker.requests)
    if setup is None:
        return
    try:
        worker.load(Setup.from_json(setup))
    except BaseException as error:  # a scenario or target file may raise anything
        worker.send({"refused": _describe(error, {})})
        os._exit(2)
    if not (fork and hasattr(os, "fork") and threading.active_count() == 1):
        if not watched:
            inside.look_after(parent)
        worker.serve(forked=False)
        _end()
    gc.collect()
    gc.freeze()  # before the fork: the children share these pages
    _raise_children(worker, watched, parent)


def _raise_children(worker: _Worker, watched: bool, parent: int) -> None:
    stillborn = 0
    me = os.getpid()
    request = None
    while stillborn < _STILLBORN:
        child = os.fork()
        if child == 0:
            if not inside.end_with(me):
                inside.look_after(me)
            worker.serve(request, forked=True)
            _end()
        code = _wait(child, None if watched else parent)
        culprit = worker.note.read()
        request = None
        if culprit.phase == "ended":
            os._exit(0)
        if code in (0, ENDED_WELL) and culprit.phase in ("renew", "again"):
            request = json.loads(culprit.program) if culprit.phase == "again" else None
            worker.note.clear()
            continue
        stillborn = stillborn + 1 if culprit.unit is None else 0
        try:
            os.write(worker.answers, b"\n")  # ends a line in which the child may have died
        except OSError:
            os._exit(0)
        worker.send({"died": {"pid": child, "code": code, "culprit": asdict(culprit)}})
        worker.note.clear()
    os._exit(1)


def _end() -> NoReturn:
    """End at once, or, when a run has left something to the end of the interpreter, arrange that end."""
    if not leaving.left():
        os._exit(0)  # pooled threads must not keep the process
    leaving.leave()
    raise SystemExit(ENDED_WELL)


def _wait(child: int, parent: int | None) -> int:
    """Wait for the child's end, with a look at the parent now and then where the kernel does not."""
    while True:
        done, status = os.waitpid(child, 0 if parent is None else os.WNOHANG)
        if done:
            return os.waitstatus_to_exitcode(status)
        if os.getppid() != parent:
            os.kill(child, signal.SIGKILL)
            os._exit(0)
        time.sleep(0.02)


if __name__ == "__main__":
    main(sys.argv[1:])
