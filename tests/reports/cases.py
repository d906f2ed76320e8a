"""Recorded runs that the tests of the reports share, written by hand so that no other room can change them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from attrs import asdict, frozen

from futurefuzz.campaign.outcome import Outcome, PairCount, Reported, Throttled, Unconfirmed
from futurefuzz.contracts.verdict import Clause
from futurefuzz.findings.finding import Case, Finding, Grade, Rate
from futurefuzz.findings.known import KnownBug
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program, Switch

CLAUSES = {
    "A4": Clause(
        id="A4",
        text="A posted completion meets a future that nobody else completes.",
        quote="If the Future is already done, this method raises an InvalidStateError exception.",
        source="documentation of asyncio.Future.set_result",
        grade="interesting",
    ),
    "X1": Clause(
        id="X1",
        text="The interpreter survives.",
        quote="pure Python code should not be able to crash the interpreter",
        source="CPython's Lib/test/crashers/README",
    ),
}


@frozen(kw_only=True)
class Recorded:
    """A run as the timeline gets it."""

    events: Sequence[dict[str, Any]]
    names: Sequence[str]
    program: Program
    violations: Sequence[tuple[int, str, str]] = ()
    schedule: Sequence[Switch] = ()
    ending: str = ""


class Events:
    """Writes down events in their JSON shape."""

    def __init__(self) -> None:
        self.list: list[dict[str, Any]] = []

    def add(self, kind: str, actor: int, carrier: int, site: str, what: Any = None, outcome: Any = None) -> None:
        event = {"kind": kind, "actor": actor, "carrier": carrier, "site": site, "what": what, "outcome": outcome}
        self.list.append(event)

    def call(self, carrier: int, site: str, operation: Operation) -> None:
        self.add("call", self._actor(site), carrier, site, self._json(operation))

    def back(
        self, carrier: int, site: str, operation: Operation, what: str = "None", *, how: str = "returned"
    ) -> None:
        self.add("return", self._actor(site), carrier, site, self._json(operation), [how, what])

    def whole(
        self, carrier: int, site: str, operation: Operation, what: str = "None", *, how: str = "returned"
    ) -> None:
        self.call(carrier, site, operation)
        if operation.via != "direct" and "!" not in site:
            self.add("posted", int(site.split(".")[0]), carrier, site, self._json(operation))
        self.back(carrier, site, operation, what, how=how)

    def snapshot(self, text: str) -> None:
        self.add("snapshot", -1, 0, "", text)

    def final(self, future: int, outcome: list[str] | None, side: str = "observer") -> None:
        self.add("state", -1, -1, f"f{future}", {"final_state": [future, side, outcome]})

    @staticmethod
    def _json(operation: Operation) -> dict[str, Any]:
        # as the codec does: what is at its default is left out
        default = Operation(name="done")
        shape = {a: v for a, v in asdict(operation).items() if a == "name" or v != getattr(default, a)}
        return {"operation": shape}

    @staticmethod
    def _actor(site: str) -> int:
        return -1 if "!" in site else int(site.split(".")[0])


def op(name: str, **fields: Any) -> Operation:
    """An operation, in short."""
    return Operation(name=name, **fields)


def thread(*operations: Operation) -> Actor:
    """A thread that does them."""
    return Actor(kind="thread", operations=operations)


def task(*operations: Operation) -> Actor:
    """A task that does them."""
    return Actor(kind="task", operations=operations)


def crash() -> Recorded:
    """Another thread takes the callbacks away while the future schedules them; the interpreter dies."""
    add, remove, finish = op("add_done_callback", callback=0), op("remove_done_callback", callback=0), op("set_result")
    events = Events()
    events.whole(1, "0.0", add)
    events.snapshot("f0 PENDING")
    events.call(1, "0.1", finish)
    events.whole(2, "1.0", remove, "1")
    events.snapshot("f0 FINISHED")
    program = Program(actors=(thread(add, finish), thread(remove)), callbacks=(Callback(ephemeral=True),))
    return Recorded(
        events=events.list,
        names=["loop", "thread 0", "thread 1"],
        program=program,
        schedule=[Switch("thread 0", "0.1/call_soon", 1, "thread 1"), Switch("", "", 1, "thread 0")],
        ending="SIGSEGV",
    )


def bridge() -> Recorded:
    """A posted set_result and a posted cancel: the loop's handler gets an InvalidStateError."""
    wait, finish, cancel = op("await"), op("set_result", via="post"), op("cancel", argument="message", via="post")
    events = Events()
    events.call(0, "0.0", wait)
    events.whole(2, "2.0", cancel)
    events.whole(1, "1.0", finish)
    events.whole(0, "2.0!", cancel, "True")
    events.snapshot("f0 CANCELLED")
    events.whole(0, "1.0!", finish, "InvalidStateError", how="raised")
    at = len(events.list)
    events.add("handler", -1, 0, "1.0!", "Exception in callback", ["raised", "InvalidStateError"])
    events.back(0, "0.0", wait, "CancelledError(m:2.0)", how="raised")
    events.final(0, ["raised", "CancelledError(m:2.0)"])
    return Recorded(
        events=events.list,
        names=["loop", "thread 1", "thread 2"],
        program=Program(actors=(task(wait), thread(finish), thread(cancel))),
        violations=[(at, "A4", "a posted set_result raised InvalidStateError into the loop's exception handler")],
    )


def lost() -> Recorded:
    """set_result from a thread that does not wake the loop, and a task that waits for ever."""
    wait, finish = op("await"), op("set_result")
    events = Events()
    events.call(0, "0.0", wait)
    events.whole(1, "1.0", finish)
    events.snapshot("f0 FINISHED")
    at = len(events.list)
    events.add("stall", -1, 1, "loop", 1)
    events.add("waiting", 0, 0, "0.0", {"operation": {"name": "await"}})
    events.final(0, ["returned", "v:1.0"])
    return Recorded(
        events=events.list,
        names=["loop", "thread 1"],
        program=Program(actors=(task(wait), thread(finish))),
        violations=[(at, "A9", "the loop sleeps on although the future is done")],
    )


def five() -> Recorded:
    """Five actors, two futures, a callback that acts and raises, a hook, repeated sites and contexts."""
    add0 = op("add_done_callback", callback=0, context=1)
    add1 = op("add_done_callback", callback=1)
    fail = op("set_exception", argument="StopIteration", future=1, via="post")
    finish = op("set_result", via="post-if-pending")
    cancel, result, stop = op("cancel", argument="message"), op("result"), op("cancel", future=1)
    program = Program(
        futures=2,
        actors=(
            task(op("await")),
            task(add0, op("await", future=1)),
            thread(finish, op("repr")),
            thread(fail),
            thread(add1, op("remove_done_callback", callback=0)),
        ),
        callbacks=(Callback(operations=(result, stop), raises=True), Callback(group=0)),
        hooks=(Hook(kind="call_soon", nth=2, operations=(cancel,)),),
        debug=True,
    )
    e = Events()
    e.call(3, "4.0", add1)
    e.call(2, "3.0", fail)
    e.call(1, "2.0", finish)
    e.add("posted", 3, 2, "3.0", {"operation": {"name": "set_exception"}})
    e.add("posted", 2, 1, "2.0", {"operation": {"name": "set_result"}})
    e.back(3, "4.0", add1)
    e.back(1, "2.0", finish)
    e.back(2, "3.0", fail)
    e.call(0, "0.0", op("await"))
    e.whole(0, "1.0", add0)
    e.call(0, "1.1", op("await", future=1))
    e.call(0, "2.0!", finish)
    e.add("call", 2, 0, "h0.0", {"operation": {"name": "cancel", "argument": "message"}})
    e.add("return", 2, 0, "h0.0", {"operation": {"name": "cancel", "argument": "message"}}, ["returned", "False"])
    e.snapshot("f0 FINISHED, f1 PENDING")
    e.back(0, "2.0!", finish)
    e.whole(0, "3.0!", fail)
    e.snapshot("f0 FINISHED, f1 FINISHED")
    e.call(1, "2.1", op("repr"))
    for number, again in enumerate(("", "#2")):
        e.add("run", -1, 0, str(number), {"callback_run": [0, 0, "1", True, 1]})
        e.add("call", -1, 0, f"c0.0{again}", {"operation": {"name": "result"}})
        e.add("return", -1, 0, f"c0.0{again}", {"operation": {"name": "result"}}, ["returned", "v:2.0"])
        e.add("ran", -1, 0, str(number), 0, ["raised", "x:c0"])
        e.add("handler", -1, 0, "loop", "Exception in callback", ["raised", "x:c0"])
    e.back(1, "2.1", op("repr"), "str")
    e.add("run", -1, 0, "2", {"callback_run": [1, 0, "", False, 2]})
    at = len(e.list) - 1
    e.add("ran", -1, 0, "2", 1, ["returned", "None"])
    e.back(0, "0.0", op("await"), "v:2.0")
    e.add("waiting", 1, 0, "1.1", {"operation": {"name": "await", "future": 1}})
    e.final(0, ["returned", "v:2.0"])
    e.final(1, None)
    return Recorded(
        events=e.list,
        names=["loop", "thread 2", "thread 3", "thread 4"],
        program=program,
        violations=[(at, "A12", "c1 ran before its future was done, and with an argument too many")],
        schedule=[Switch("thread 4", "4.0/eq", 1, "thread 3")],
    )


def crowd() -> Recorded:
    """Five threads on a concurrent future: five columns."""
    actors = (
        thread(op("result", argument="wait")),
        thread(op("set_running"), op("set_result")),
        thread(op("cancel")),
        thread(op("add_done_callback", callback=0)),
        thread(op("exception", argument="timeout")),
    )
    e = Events()
    e.call(0, "0.0", actors[0].operations[0])
    e.whole(3, "3.0", actors[3].operations[0])
    e.whole(1, "1.0", op("set_running"), "True")
    e.snapshot("f0 RUNNING")
    e.whole(4, "4.0", actors[4].operations[0], "TimeoutError", how="raised")
    e.call(1, "1.1", op("set_result"))
    e.whole(2, "2.0", op("cancel"), "False")
    e.snapshot("f0 FINISHED")
    e.add("run", 1, 1, "0", {"callback_run": [0, 0, "", True, 1]})
    e.add("ran", 1, 1, "0", 0, ["returned", "None"])
    e.back(1, "1.1", op("set_result"))
    e.back(0, "0.0", actors[0].operations[0], "v:1.1")
    e.final(0, ["returned", "v:1.1"])
    names = [f"thread {i}" for i in range(5)]
    return Recorded(events=e.list, names=names, program=Program(actors=actors, callbacks=(Callback(),)))


def long(steps: int = 300) -> Recorded:
    """A run of many steps with its violation late in the middle."""
    done = op("done")
    e = Events()
    for i in range(steps // 2):
        e.whole(i % 2, f"{i % 2}.{i}", done, "False")
    e.whole(0, f"0.{steps}", op("set_result"))
    e.snapshot("f0 FINISHED")
    e.whole(1, f"1.{steps}", op("set_result"))
    at = len(e.list) - 1
    for i in range(steps // 2 - 2):
        e.whole(i % 2, f"{i % 2}.{steps + 1 + i}", done, "True")
    return Recorded(
        events=e.list,
        names=["thread 0", "thread 1"],
        program=Program(actors=(thread(done), thread(done))),
        violations=[(at, "C1", "the future was completed twice")],
    )


RECORDED = {"crash": crash, "bridge": bridge, "lost": lost, "five": five, "crowd": crowd, "long": long}

KNOWN = KnownBug(
    signature=("asyncio.Future:X1:*",),
    issue="gh-125969",
    note="callbacks that vanish while they are scheduled",
    reviewed=date(2025, 1, 31),
    fixed_in=("3.12.8", "3.13.1"),
)

TOKEN = "ff1." + "eNqtk1FvgjAUhf8KuXuVZIBA5c1lbtmDZoku" * 9 + ".1c291ca3"


def reported(
    name: str,
    *,
    signature: str,
    grade: Grade = "forbidden",
    clause: str = "X1",
    cause: str,
    known: KnownBug | None = None,
    path: str | None = None,
    target: str = "asyncio.Future",
    analysis: str | None = None,
) -> Reported:
    """A finding over one of the recorded runs."""
    recorded = RECORDED[name]()
    case = Case(scenario="callbacks", target=target, program=recorded.program, schedule=tuple(recorded.schedule))
    finding = Finding(
        signature=signature,
        grade=grade,
        oracle="survival" if clause == "X1" else "callers",
        clause=clause,
        cause=cause,
        case=case,
        rate=Rate(reproduced=19, tried=20),
        interpreter="CPython 3.13.0",
        analysis=analysis,
    )
    return Reported(
        finding=finding,
        token=TOKEN,
        known=known,
        path=None if path is None else Path(path),
        events=recorded.events,
        names=recorded.names,
        violations=recorded.violations,
    )


def crash_reported(known: KnownBug | None = None, path: str | None = "corpus/asyncio-future-x1.json") -> Reported:
    """A crash that was saved and analysed."""
    return reported(
        "crash",
        signature="asyncio.Future:X1:SIGSEGV in completion",
        cause="The interpreter dies of SIGSEGV while thread 0 completes f0 and thread 1 takes its callback away.",
        known=known,
        path=path,
        analysis="The C code keeps a borrowed reference to the callback across loop.call_soon.",
    )


def bridge_reported() -> Reported:
    """An interesting finding that was not saved."""
    return reported(
        "bridge",
        signature="asyncio.Future:A4:InvalidStateError in the loop's handler",
        grade="interesting",
        clause="A4",
        cause="set_result, posted by thread 1, came after the cancel that thread 2 had posted.",
    )


def pair(target: str, scenario: str, **counts: int) -> PairCount:
    """Counts of a pair."""
    return PairCount(target=target, scenario=scenario, **counts)


def outcome(**changes: Any) -> Outcome:
    """A campaign that found, held back and missed something."""
    fields: dict[str, Any] = {
        "seed": 42,
        "seconds": 61.25,
        "runs": 183_750,
        "interpreter": "CPython 3.13.0",
        "jobs": 2,
        "behaviours": 5_120,
        "crashes": 3,
        "findings": [bridge_reported(), crash_reported(), crash_reported(known=KNOWN, path=None)],
        "unconfirmed": [Unconfirmed(signature="asyncio.Task:X2:hang in cancel", cause="it hung", tried=20)],
        "throttled": [Throttled(target="asyncio.Future", scenario="callbacks", reason="its runs crash")],
        "pairs": [
            pair("asyncio.Future", "callbacks", runs=120_000, behaviours=4_000, forbidden=1, crashes=3),
            pair("asyncio.Future", "bridge", runs=60_000, behaviours=1_000, interesting=1),
            pair("concurrent.Future", "callbacks", runs=3_750, behaviours=120),
        ],
        "repeat": "futurefuzz fuzz --seed 42 --jobs 1 --runs 183750",
        "corpus": Path("corpus"),
    }
    return Outcome(**{**fields, **changes})
