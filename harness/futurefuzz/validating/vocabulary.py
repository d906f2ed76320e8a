"""What the actors of a counted-out program may do on one future: a small vocabulary, for programs grow with its power.

Arguments are plain, and there are two callbacks. What a target does not offer from a thread or on the loop is left out,
so that the number of programs stays honest.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from futurefuzz.programs.operations import RESOLVING
from futurefuzz.programs.program import ActorKind, Operation
from futurefuzz.validating.subject import Subject

__all__ = ["Vocabulary", "acts_on", "vocabulary_of", "waits_for"]

#: kind of actor -> what it may do; the first kind is that of programs with one actor
Vocabulary = Mapping[ActorKind, tuple[Operation, ...]]


def _plain(*names: str) -> tuple[Operation, ...]:
    return tuple(Operation(name=name) for name in names)


_ADD: Final = Operation(name="add_done_callback", callback=0)
_ADD_OTHER: Final = Operation(name="add_done_callback", callback=1)
_REMOVE: Final = Operation(name="remove_done_callback", callback=0)
_WAIT: Final = Operation(name="result", argument="wait")
_POSTED: Final = (
    Operation(name="set_result", via="post"),
    Operation(name="set_exception", via="post-if-pending"),
    Operation(name="cancel", via="post"),
)

#: contract -> kind of actor -> what it may do
_VOCABULARY: Final[Mapping[str, Vocabulary]] = {
    "asyncio": {
        "task": (
            *_plain("set_result", "set_exception", "cancel"),
            *(_ADD, _ADD_OTHER, _REMOVE),
            Operation(name="add_done_callback", callback=0, context=0),
            *_plain("result", "exception", "done", "cancelled", "await", "drop"),
        ),
        "thread": _POSTED,
    },
    "concurrent": {
        "thread": (
            *_plain("set_result", "set_exception", "cancel", "set_running"),
            *(_ADD, _ADD_OTHER),
            _WAIT,
            *_plain("result", "exception", "done", "cancelled", "running"),
        ),
    },
    # One end is the loop's, the other the threads'. What an end says when it is asked follows from the completions
    # around that, so one question at each is enough.
    "bridge": {
        "task": (*_plain("set_result", "set_exception", "cancel", "await"), _ADD, _REMOVE, *_plain("result")),
        "thread": (
            *_plain("set_result", "set_exception", "cancel", "set_running"),
            _WAIT,
            _ADD,
            *_plain("done"),
        ),
    },
}


def vocabulary_of(subject: Subject) -> Vocabulary:
    """What the actors of its programs may do; empty where nothing is known of its contract."""
    return {
        kind: tuple(one for one in (*operations, *_routes(subject, kind)) if _offered(one, kind, subject))
        for kind, operations in _VOCABULARY.get(subject.contract, {}).items()
    }


def waits_for(operation: Operation) -> bool:
    """Whether an actor stands still in it until the future is done."""
    return operation.name == "await" or operation.argument == "wait"


def acts_on(operation: Operation) -> bool:
    """Whether it changes what those who wait are told, and when."""
    return operation.name in (*RESOLVING, "set_running") or (operation.callback == 0 and operation.context is None)


def _routes(subject: Subject, kind: ActorKind) -> tuple[Operation, ...]:
    """What a thread hands to the loop besides, of a bridge whose resolving end is the loop's."""
    return _POSTED[:2] if subject.contract == "bridge" and kind == "thread" and subject.posts else ()


def _offered(operation: Operation, kind: ActorKind, subject: Subject) -> bool:
    if operation.name in subject.lacks:
        return False
    if operation.via != "direct":
        return subject.loop_operations is None or operation.name in subject.loop_operations
    if kind == "task":
        return subject.loop_operations is None or operation.name in subject.loop_operations
    if subject.posts and operation.name in subject.resolver_operations:
        return False
    return subject.thread_operations is None or operation.name in subject.thread_operations
