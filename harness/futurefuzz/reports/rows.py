"""What a timeline is made of: its rows, and what an operation did to a future."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from attrs import Factory, define

from futurefuzz.reports.spelling import operation_from

__all__ = ["ANSWERS", "LEADS_TO", "Change", "Mark", "Row", "Steps", "change_of"]

#: operation -> what it answers when it changed the future; empty: whatever it answers
ANSWERS: Final = {"set_result": "None", "set_exception": "None", "cancel": "True", "set_running": ""}
#: operation -> the state it leads to, for runs without snapshots
LEADS_TO: Final = {"set_result": "FINISHED", "set_exception": "FINISHED", "cancel": "CANCELLED"}


@define(kw_only=True)
class Mark:
    """A clause that was broken at a step."""

    clause: str
    sentence: str


class Change(NamedTuple):
    """What an operation does to the state of a future: which, how (`set_result`), with which value or exception."""

    future: str
    how: str
    made: str


@define(kw_only=True)
class Row:
    """One step of the timeline.

    Args:
        carrier: index of the carrier that did it.
        text: what was done, as code.
        site: of its operation.
        outcome: how it ended, such as `True`; empty: nothing to tell.
        raised: the outcome is an exception.
        opens: it goes on in a later row.
        depth: inside how many unfinished calls of its carrier it happened.
        bad: something that should not happen.
        asks: it asks for the outcome of a future, so that an exception is an answer like another.
        changes: which future its operation changes, None where it failed to.
        queued: its posted call is in the loop's ready queue.
        ending: it tells of the end of the run; nobody switched to it.
        inside: the unfinished operation of this carrier after this row, such as `f0.set_result`; empty: none.
        waits: that operation waits for something; leaving it is no preemption.
        sites: of the operations that are unfinished after this row.
        states: (future, state) of each future that this step changed.
        marks: clauses broken here.
        number: its number, from 1.
    """

    carrier: int
    text: str
    site: str = ""
    outcome: str = ""
    raised: bool = False
    opens: bool = False
    depth: int = 0
    bad: bool = False
    asks: bool = False
    changes: Change | None = None
    queued: bool = False
    ending: bool = False
    inside: str = ""
    waits: bool = False
    sites: tuple[str, ...] = ()
    states: list[tuple[str, str]] = Factory(list)
    marks: list[Mark] = Factory(list)
    number: int = 0


@define(kw_only=True)
class Steps:
    """All rows of a run, what the futures were in the end, and whether states were only worked out from outcomes."""

    rows: list[Row]
    finals: list[str]
    derived: bool


def change_of(event: Mapping[str, Any]) -> Change | None:
    """What an operation does to a future, if it does what it is for."""
    operation, site = operation_from(event.get("what")), str(event.get("site", ""))
    if operation is None or (operation.via != "direct" and "!" not in site):
        return None
    if operation.name not in ANSWERS:
        return None
    letter = {"set_result": "v", "set_exception": "e"}.get(operation.name)
    made = f"{letter}{site.replace('!', '')}" if letter else ""
    return Change(future=f"f{operation.future}", how=operation.name, made=made)
