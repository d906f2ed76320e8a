"""Hand-made histories: a script of events over a program, in a line each."""

from __future__ import annotations

from typing import Any

from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.runs.history import LOOP, CallbackRun, Event, FinalState, Outcome, Run

__all__ = ["Script", "op", "program"]


def op(name: str, **fields: Any) -> Operation:
    """An operation; callbacks are numbered from 0."""
    if name in ("add_done_callback", "remove_done_callback"):
        fields.setdefault("callback", 0)
    return Operation(name=name, **fields)


def program(*actors: tuple[Any, list[Operation]], callbacks: int | tuple[Callback, ...] = 1, **fields: Any) -> Program:
    """A program of actors given as (kind, operations), with callbacks that differ from each other or are given."""
    if isinstance(callbacks, int):
        callbacks = tuple(Callback(group=i) for i in range(callbacks))
    made = tuple(Actor(kind=kind, operations=tuple(operations)) for kind, operations in actors)
    return Program(actors=made, callbacks=callbacks, **fields)


def _outcome(text: str | None) -> Outcome | None:
    if text is None:
        return None
    return Outcome("raised", text[1:]) if text.startswith("!") else Outcome("returned", text)


class Script:
    """Writes a history. Outcomes are texts: `None`, `v:0.0`, and with `!` in front what was raised.

    Sites name operations of the program: `0.1` is the second one of actor 0, `c0.0` the first one of callback 0.
    """

    def __init__(self, program: Program, target: str = "asyncio.Future", contract: str = "asyncio") -> None:
        self.program = program
        self.target = target
        self.contract = contract
        self.loop = None if contract == "concurrent" else 0
        self.names = [] if self.loop is None else ["loop"]
        self.carriers = {}
        for number, actor in enumerate(program.actors):
            if actor.kind == "thread":
                self.carriers[number] = len(self.names)
                self.names.append(f"thread {number}")
        self.events: list[Event] = []
        self.calls = 0

    def _place(self, site: str) -> tuple[int, int, Operation]:
        where, _, position = site.partition(".")
        at = int(position.partition("#")[0])
        if where[0] == "c":
            return LOOP, 0, self.program.callbacks[int(where[1:])].operations[at]
        number = int(where)
        return number, self.carriers.get(number, 0), self.program.actors[number].operations[at]

    def _add(self, *event: Any) -> Script:
        self.events.append(Event(*event))
        return self

    def call(self, site: str, carrier: int | None = None) -> Script:
        """An operation begins."""
        actor, where, operation = self._place(site)
        return self._add("call", actor, where if carrier is None else carrier, site, operation)

    def ret(self, site: str, outcome: str, carrier: int | None = None) -> Script:
        """An operation returns."""
        actor, where, operation = self._place(site)
        return self._add("return", actor, where if carrier is None else carrier, site, operation, _outcome(outcome))

    def does(self, site: str, outcome: str, carrier: int | None = None) -> Script:
        """An operation, whole."""
        return self.call(site, carrier).ret(site, outcome, carrier)

    def posted(self, site: str) -> Script:
        """A posted operation enters the loop's queue."""
        actor, where, operation = self._place(site)
        return self._add("posted", actor, where, site, operation)

    def posts(self, site: str) -> Script:
        """A posting, whole."""
        return self.call(site).posted(site).ret(site, "None")

    def performs(self, site: str, outcome: str) -> Script:
        """The loop performs what was posted."""
        operation = self._place(site)[2]
        self._add("call", LOOP, 0, f"{site}!", operation)
        return self._add("return", LOOP, 0, f"{site}!", operation, _outcome(outcome))

    def runs(self, callback: int = 0, future: int = 0, carrier: int = 0, **fields: Any) -> Script:
        """A callback is called."""
        what = CallbackRun(callback, future, fields.get("context", ""), fields.get("done", True), fields.get("n", 1))
        self._add("run", LOOP, carrier, str(self.calls), what)
        self.calls += 1
        return self

    def ran(self, callback: int = 0, outcome: str = "None", carrier: int = 0) -> Script:
        """A callback ends."""
        return self._add("ran", LOOP, carrier, str(self.calls - 1), callback, _outcome(outcome))

    def callback(self, callback: int = 0, future: int = 0, carrier: int = 0, **fields: Any) -> Script:
        """A callback, whole."""
        return self.runs(callback, future, carrier, **fields).ran(callback, carrier=carrier)

    def note(self, kind: str, what: object, outcome: str | None = None, carrier: int = 0) -> Script:
        """A `handler`, `log`, `unraisable` or `stall` event."""
        return self._add(kind, LOOP, carrier, "loop", what, _outcome(outcome))

    def waits(self, site: str) -> Script:
        """At the end an operation has not returned."""
        actor, where, operation = self._place(site)
        return self._add("waiting", actor, where, site, operation)

    def state(self, outcome: str | None = None, future: int = 0, side: str = "observer") -> Script:
        """A future at the end."""
        return self._add("state", LOOP, -1, f"f{future}", FinalState(future, side, _outcome(outcome)))

    def run(self, status: str = "completed") -> Run:
        """The run."""
        return Run(
            program=self.program,
            target=self.target,
            contract=self.contract,
            status=status,
            history=list(self.events),
            choices=[],
            names=self.names,
            loop_carrier=self.loop,
            blocked=[],
        )
