"""What happened in a run: events, outcomes, and the run itself. Plain data that the oracles judge."""

from __future__ import annotations

from typing import Final, NamedTuple

from attrs import define

from futurefuzz.explorers.base import Step
from futurefuzz.programs.program import Program

__all__ = ["EVENT_KINDS", "LOOP", "Event", "Outcome", "Run"]

#: `Event.actor` of what the loop itself runs (callbacks, posted operations)
LOOP: Final = -1

#: kind -> meaning
EVENT_KINDS: Final[dict[str, str]] = {
    "call": "an operation begins (what: Operation)",
    "return": "it ends (what: Operation, outcome)",
    "posted": "a posted operation entered the loop's ready queue (what: Operation)",
    "run": "a callback is called (what: CallbackRun)",
    "ran": "a callback ends (what: callback index, outcome)",
    "handler": "the loop's exception handler was called (what: message, outcome: the exception)",
    "log": "a library logged (what: message, outcome: the exception or None)",
    "unraisable": "an exception could not be raised (what: where, outcome)",
    "stall": "the loop sleeps although callbacks are ready (what: how many)",
    "waiting": "at the end of the run an operation has not returned (what: Operation)",
    "state": "at the end of the run: a future as it is (what: FinalState)",
    "stage": "a compound was made, or came to a stage of its work (what: the stage)",
    "untraced": "an exception came out without the traceback with which it went in (what: Operation, outcome)",
    "closed": "a loop was closed (what: its number)",
    "after": "an operation after the loop was closed (what: Operation, outcome)",
    "uncaught": "an actor ended with an exception that no operation caught (outcome)",
}


class Outcome(NamedTuple):
    """How a call ended: `how` is `returned` or `raised`, `what` a label.

    Labels: `None`, `True`, `False`, a number; `v:SITE` and `e:SITE` for the value or exception made by the operation at
    that site; `str` for text; `RuntimeError`, `CancelledError(m:SITE)` for other exceptions (cancellation with its
    message where the program gave one); `[v:SITE, e:SITE]` for a list and `ExceptionGroup[e:SITE]` for a group of
    exceptions, as compounds make them; `?TypeName` for a foreign object.
    """

    how: str
    what: str


class CallbackRun(NamedTuple):
    """How a callback was called: which, for which future (-1: not one of ours), in which context, was it done, with
    what else."""

    callback: int
    future: int
    context: str
    done: bool
    arguments: int


class FinalState(NamedTuple):
    """A future after the run: index, `result()`/`exception()` as an outcome, or pending (outcome None)."""

    future: int
    side: str
    outcome: Outcome | None


class Event(NamedTuple):
    """One event of a history.

    Args:
        kind: one of `EVENT_KINDS`.
        actor: number of the program's actor on whose behalf it happened; `LOOP` for callbacks and posted operations.
        carrier: index of the control's actor (OS thread) that was running: where it really happened.
        site: the operation's place in the program: `ACTOR.POSITION`, `cCALLBACK.POSITION` or `hHOOK.POSITION`;
            for `run` and `ran` events the number of the call, from 0.
        what: see `EVENT_KINDS`.
        outcome: see `EVENT_KINDS`.
    """

    kind: str
    actor: int
    carrier: int
    site: str
    what: object = None
    outcome: Outcome | None = None


@define(kw_only=True)
class Run:
    """One execution of a program on a target under a schedule.

    Args:
        program: what was run.
        target: name of the target.
        contract: name of the contract that the target claims.
        status: `completed`, `stuck` (somebody waits for ever), or `livelock` (step bound reached).
        history: its events in order.
        choices: index of the actor chosen at each point where there was a choice; with the program and target it
        determines the run.
        names: of the control's actors.
        loop_carrier: index of the carrier that runs the loop, None without a loop.
        blocked: for each actor that never got on: (carrier name, what it waits for, since which site).
        steps: every point, when the run was recorded.
        undecided: a model gave up on it, says an oracle: that nothing is wrong with it is not known.
    """

    program: Program
    target: str
    contract: str
    status: str
    history: list[Event]
    choices: list[int]
    names: list[str]
    loop_carrier: int | None
    blocked: list[tuple[str, str, str]]
    steps: list[Step] | None = None
    undecided: bool = False
