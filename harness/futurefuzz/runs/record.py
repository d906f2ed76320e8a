"""Events and steps as JSON, one at a time, so that a run can be noted while it goes on and told about after a crash."""

from __future__ import annotations

from typing import Any, Final

from futurefuzz.explorers.base import Pending, Step
from futurefuzz.programs.codec import make_converter
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import CallbackRun, Event, FinalState, Outcome

__all__ = ["event_from_json", "event_to_json", "step_from_json", "step_to_json"]

_converter: Final = make_converter()


def event_to_json(event: Event) -> dict[str, Any]:
    """One event as a JSON object with the fields of `Event`."""
    what: Any = event.what
    if isinstance(what, Operation):
        what = {"operation": _converter.unstructure(what)}
    elif isinstance(what, CallbackRun):
        what = {"callback_run": list(what)}
    elif isinstance(what, FinalState):
        what = {"final_state": [what.future, what.side, list(what.outcome) if what.outcome is not None else None]}
    return {
        "kind": event.kind,
        "actor": event.actor,
        "carrier": event.carrier,
        "site": event.site,
        "what": what,
        "outcome": list(event.outcome) if event.outcome is not None else None,
    }


def event_from_json(data: dict[str, Any]) -> Event:
    """The event again. The data come from a process of ours; they are not checked as a stranger's file would be."""
    what = data["what"]
    if isinstance(what, dict):
        if "operation" in what:
            what = _converter.structure(what["operation"], Operation)
        elif "callback_run" in what:
            what = CallbackRun(*what["callback_run"])
        else:
            future, side, outcome = what["final_state"]
            what = FinalState(future, side, Outcome(*outcome) if outcome is not None else None)
    outcome = data["outcome"]
    return Event(
        data["kind"],
        data["actor"],
        data["carrier"],
        data["site"],
        what,
        Outcome(*outcome) if outcome is not None else None,
    )


def step_to_json(step: Step) -> list[Any]:
    """One step as a JSON array."""
    event = [step.event.kind, str(step.event.resource), step.event.write] if step.event is not None else None
    return [step.actor, list(step.key), event, list(step.enabled), step.chosen]


def step_from_json(data: list[Any]) -> Step:
    """The step again."""
    actor, key, event, enabled, chosen = data
    return Step(actor, (key[0], key[1], key[2]), Pending(*event) if event is not None else None, tuple(enabled), chosen)
