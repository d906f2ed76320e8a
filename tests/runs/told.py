"""Programs in few words, and histories as lines of text."""

from __future__ import annotations

from typing import Any

from futurefuzz import targets
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import CallbackRun, Event, FinalState, Run
from tests.control.stage import Directed

__all__ = ["directed", "op", "program", "tell", "told"]


def op(text: str, **fields: Any) -> Operation:
    """An operation from `name`, `name argument`, or `name=CALLBACK`."""
    name, _, argument = text.partition(" ")
    name, _, callback = name.partition("=")
    return Operation(
        name=name, argument=argument or None, callback=int(callback) if callback else None, **fields
    )


def program(*actors: str | tuple[str, list[Operation | str]], **fields: Any) -> Program:
    """A program from (kind, operations)."""
    made = []
    for kind, operations in actors:
        done = tuple(op(o) if isinstance(o, str) else o for o in operations)
        made.append(Actor(kind=kind, operations=done))  # type: ignore[arg-type]
    callbacks = fields.pop("callbacks", ())
    return Program(actors=tuple(made), callbacks=tuple(callbacks) or (Callback(),), **fields)


def directed(what: Program, target: Any, *choices: int, **settings: Any) -> Run:
    """A run with these choices, then by the default rule."""
    if isinstance(target, str):
        target = targets.find(target)
    run = execute(what, target, Directed(*choices), **settings)
    assert run is not None
    return run


def told(event: Event) -> str:
    """`kind actor@carrier site what -> outcome`, leaving out what is not there; the loop's actor is `L`."""
    what: Any = event.what
    if isinstance(what, Operation):
        what = " ".join(filter(None, [what.name, what.argument, what.via if what.via != "direct" else None]))
    elif isinstance(what, CallbackRun):
        what = f"c{what.callback}(f{what.future}) context={what.context or '-'} done={what.done} n={what.arguments}"
    elif isinstance(what, FinalState):
        what = f"{what.side} " + ("pending" if what.outcome is None else "->".join(what.outcome))
    actor = "L" if event.actor < 0 else str(event.actor)
    text = f"{event.kind} {actor}@{event.carrier} {event.site}"
    if what is not None:
        text += f" {what}"
    if event.outcome is not None:
        text += f" -> {event.outcome.how} {event.outcome.what}"
    return text


def tell(run: Run, *kinds: str) -> list[str]:
    """The history as lines, of these kinds only if any are given."""
    return [told(event) for event in run.history if not kinds or event.kind in kinds]
