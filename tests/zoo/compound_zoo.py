"""Compounds with one thing wrong, each with its twin that has it right."""

from __future__ import annotations

from typing import Final

from futurefuzz.targets.base import Target
from tests.zoo.own_compounds import future_over, primitive, task_over
from tests.zoo.own_nested import as_completed, barrier, gather_in_gather, shutting_queue, waiting_for
from tests.zoo.variant import Variant

__all__ = ["SOUND", "VARIANTS"]

_GATHER: Final = future_over("own-gather", "gather")
_GATHER_ALL: Final = future_over("own-gather-exceptions", "gather-exceptions")
_SHIELD: Final = future_over("own-shield", "shield", most=1)
_WAIT_FOR: Final = task_over("own-wait_for", "waiting", most=1)
_GROUP: Final = task_over("own-TaskGroup", "task-group")
_WAIT: Final = task_over("own-wait", "wait-all")
_EACH: Final = task_over("own-as_completed", "as-completed")
_SEMAPHORE: Final = primitive("own-semaphore", "semaphore")
_QUEUE: Final = primitive("own-queue", "queue")

_NESTED: Final = gather_in_gather("own-gather-in-gather")
_SHIELDED: Final = waiting_for("own-wait_for-shield", "waiting-shielded")
_GATHERED: Final = waiting_for("own-wait_for-gather", "waiting-gathered")
_BARRIER: Final = barrier("own-barrier")
_SHUTTING: Final = shutting_queue("own-shutting-queue")
_ASKED: Final = as_completed("own-thread-as_completed")

_OTHERS: Final = [_NESTED, _SHIELDED, _GATHERED, _BARRIER, _SHUTTING, _ASKED]

SOUND: Final = [*_OTHERS, _GATHER, _GATHER_ALL, _SHIELD, _WAIT_FOR, _GROUP, _WAIT, _EACH, _SEMAPHORE, _QUEUE]


def _future(clause: str, name: str, bug: str, sound: Target, most: int = 3) -> Variant:
    return Variant(clause=clause, target=future_over(name, sound.shape, bug, most), sound=sound)


def _other(clause: str, target: Target, sound: Target) -> Variant:
    return Variant(clause=clause, target=target, sound=sound)


def _task(clause: str, name: str, bug: str, sound: Target, most: int = 3) -> Variant:
    return Variant(clause=clause, target=task_over(name, sound.shape, bug, most), sound=sound)


VARIANTS: Final = [
    _future("G1", "results-as-they-come", "order of completion", _GATHER),
    _future("G2", "exception-at-the-end", "last exception", _GATHER),
    _future("G3", "cancels-one-child", "cancels one", _GATHER),
    _future("G4", "cancels-the-others", "cancels the others", _GATHER),
    _future("G4", "not-shielded", "not shielded", _SHIELD, 1),
    _future("G5", "forgets-the-request", "forgets the request", _GATHER_ALL),
    _task("G5", "swallows-a-cancellation", "swallows", _WAIT_FOR, 1),
    _task("G6", "leaves-the-child", "leaves the child", _WAIT_FOR, 1),
    _task("G7", "cancelled-is-pending", "not cancelled", _WAIT),
    _task("G8", "misses-what-is-done", "misses what is done", _WAIT),
    _future("G9", "another-outcome", "another outcome", _SHIELD, 1),
    _task("G10", "others-go-on", "does not cancel", _GROUP),
    _task("G11", "order-of-the-children", "order of the children", _EACH),
    Variant(clause="G12", target=primitive("not-handed-on", "semaphore", "not handed on"), sound=_SEMAPHORE),
    Variant(clause="G13", target=primitive("gives-twice", "semaphore", "gives twice"), sound=_SEMAPHORE),
    Variant(clause="G13", target=primitive("one-item-twice", "queue", "gives twice"), sound=_QUEUE),
    _future("G14", "does-not-ask", "does not ask", _SHIELD, 1),
    _other("G1", gather_in_gather("outer-results-as-they-come", "order of completion"), _NESTED),
    _other("G2", gather_in_gather("outer-exception-at-the-end", "last exception"), _NESTED),
    _other("G3", gather_in_gather("outer-cancels-one-child", "cancels one"), _NESTED),
    _other("G4", waiting_for("no-shield", "waiting-shielded", "no shield"), _SHIELDED),
    _other("G6", waiting_for("leaves-the-gather", "waiting-gathered", "leaves it"), _GATHERED),
    _other("G12", barrier("broken-for-all-but-one", "leaves one"), _BARRIER),
    _other("G13", barrier("opens-early", "opens early"), _BARRIER),
    _other("G13", barrier("one-place-twice", "numbers"), _BARRIER),
    _other("G12", shutting_queue("shut-for-all-but-one", "leaves one"), _SHUTTING),
    _other("G12", shutting_queue("drops-what-was-put-in", "drops items"), _SHUTTING),
    _other("G11", as_completed("forgets-what-is-done", "forgets what is done"), _ASKED),
    _other("G11", as_completed("gives-one-twice", "gives one twice"), _ASKED),
]
