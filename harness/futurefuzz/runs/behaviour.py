"""What a run showed to its program, without the order in which independent things happened.

Two runs with one behaviour cannot be told apart by what their operations answered, by which callbacks ran and in
which order, by what was reported, and by how the futures were left. Behaviours of different targets can be compared:
they hold labels of the program, no objects, no addresses and no texts that an implementation words as it likes.
"""

from __future__ import annotations

from collections.abc import Mapping

from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import CallbackRun, FinalState, Outcome, Run

__all__ = ["STATUS", "Behaviour", "answers_of", "behaviour_of", "died", "history_key", "observation"]

#: what was observed -> what came of it, in the order of the names
Behaviour = tuple[tuple[str, str], ...]

#: the observation that every behaviour has
STATUS = "the run"

_NEVER = "never returned"
_REPORTS: Mapping[str, str] = {
    "handler": "the loop's handler got",
    "log": "a library logged",
    "unraisable": "could not be raised",
    "uncaught": "nobody caught",
}
_REPORTED = frozenset({*_REPORTS.values(), "callbacks raised"})


def behaviour_of(run: Run) -> Behaviour:
    """The behaviour that a run showed.

    Observations are `SITE OPERATION` with the outcome in words (a site that was passed again has `#2`), the callbacks
    of each future in the order in which they ran, reports with how often they came, the futures at the end, and
    `STATUS`.
    """
    seen: dict[str, str] = {STATUS: run.status}
    visits: dict[str, int] = {}
    callbacks: dict[int, list[str]] = {}
    reports: dict[str, list[str]] = {}
    for event in run.history:
        what = event.what
        if isinstance(what, Operation):
            if event.kind == "return":
                seen[_visited(visits, observation(event.site, what))] = _words(event.outcome)
            elif event.kind == "waiting":
                seen[_visited(visits, observation(event.site, what))] = _NEVER
        elif isinstance(what, CallbackRun):
            callbacks.setdefault(what.future, []).append(_callback(what))
        elif isinstance(what, FinalState):
            state = "pending" if what.outcome is None else _words(what.outcome)
            seen[f"f{what.future} at the end ({what.side})"] = state
        elif event.kind in _REPORTS:
            reports.setdefault(_REPORTS[event.kind], []).append(_words(event.outcome))
        elif event.kind == "ran" and event.outcome is not None and event.outcome.how == "raised":
            reports.setdefault("callbacks raised", []).append(event.outcome.what)
    for future, ran in callbacks.items():
        seen[f"callbacks of f{future}" if future >= 0 else "callbacks with a foreign future"] = ", ".join(ran)
    for name, found in reports.items():
        seen[name] = ", ".join(sorted(found))
    return tuple(sorted(seen.items()))


def answers_of(behaviour: Behaviour) -> Behaviour:
    """What of a behaviour the program itself sees: without what was reported to the loop's handler or a log."""
    return tuple([entry for entry in behaviour if entry[0] not in _REPORTED])


def history_key(run: Run) -> int:
    """A number that runs of one program share when their histories are the same, event by event.

    Oracles judge the history, so what was said of one of them holds for all. Valid within a process.
    """
    # Operations are known by their sites, which are cheaper to hash.
    events = [(e[0], e[1], e[2], e[3], None if isinstance(e[4], Operation) else e[4], e[5]) for e in run.history]
    return hash((run.status, tuple(events)))


def died(how: str) -> Behaviour:
    """The behaviour of a run that its process did not survive."""
    return ((STATUS, f"died: {how}"),)


def _visited(visits: dict[str, int], name: str) -> str:
    nth = visits.get(name, 0) + 1
    visits[name] = nth
    return name if nth == 1 else f"{name} #{nth}"


def observation(site: str, operation: Operation) -> str:
    """What the outcome of an operation is called in a behaviour."""
    title = operation.name if operation.argument is None else f"{operation.name}({operation.argument})"
    return f"{site} {title} f{operation.future}"


def _words(outcome: Outcome | None) -> str:
    return "nothing" if outcome is None else f"{outcome[0]} {outcome[1]}"


def _callback(run: CallbackRun) -> str:
    context = f" in context {run.context}" if run.context else ""
    early = "" if run.done else ", not done yet"
    more = f" with {run.arguments} arguments" if run.arguments != 1 else ""
    return f"c{run.callback}{context}{more}{early}"
