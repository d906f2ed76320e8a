"""What a target is: a Future implementation behind a small adapter, and the registry of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from attrs import evolve, field, frozen

from futurefuzz.errors import InputError
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.targets.declaration import Declaration, copied
from futurefuzz.targets.declaration import names as operation_names

__all__ = ["Sides", "Target", "declare", "find", "names", "register"]

CONTRACTS: Final = ("asyncio", "concurrent", "bridge")

#: operations that no target can lack: a run ends by asking whether its futures are done, and for their results
INDISPENSABLE: Final = frozenset({"done", "result"})


@frozen
class Sides:
    """One future of a program as the target makes it.

    A plain Future has one object on both sides. A task has its gate (what it awaits) as `resolver`; a bridge has the
    end where results go in as `resolver` and the end where they come out as `observer`.
    """

    resolver: Any
    observer: Any


@frozen(kw_only=True)
class Target:
    """A Future implementation to be tested.

    Args:
        name: unique, without spaces.
        contract: `asyncio`, `concurrent` or `bridge`: what it promises.
        new_future: makes one future. For the contracts `asyncio` and `bridge` it gets the event loop, for `concurrent`
            nothing. It returns the future, or `Sides` where going in and coming out are different objects.
        shape: `future`, `task` (its outcome comes through a gate that it awaits, one loop iteration later), or
        `bridge`.
        thread_side, loop_side: which side (`resolver`, `observer`) threads and the loop act on; the operations of
            `resolver_operations` always go to the resolver.
        resolver_operations: operations that only the resolver has.
        thread_operations, loop_operations: what a program may do from a thread, and on the loop, within the contract.
        task_class: class of the tasks that await this target's futures; None: what the loop makes by itself.
        description: one sentence.
        dispose: called with each future's Sides when its run is over, for targets that must be closed.
        departures: clause -> why the author departs from it knowingly; what breaks such a clause is no finding.
        lacks: operations that it does not offer. The generator never draws them for it. `done` and `result` cannot be
            left out: every run ends by asking for both.

    Raises:
        InputError: an unknown contract, or `lacks` names what is no operation or cannot be left out.
    """

    name: str
    contract: str
    new_future: Callable[..., Any]
    shape: str = "future"
    thread_side: str = "observer"
    loop_side: str = "observer"
    resolver_operations: frozenset[str] = frozenset({"set_result", "set_exception"})
    thread_operations: frozenset[str] | None = None
    loop_operations: frozenset[str] | None = None
    task_class: Callable[..., Any] | None = None
    description: str = ""
    dispose: Callable[[Sides], None] | None = field(default=None)
    departures: Mapping[str, str] = field(factory=dict, hash=False, converter=copied)
    lacks: frozenset[str] = field(default=frozenset(), converter=operation_names)

    def __attrs_post_init__(self) -> None:
        if self.contract not in CONTRACTS:
            raise InputError(f"target {self.name}: unknown contract {self.contract!r}; allowed: {', '.join(CONTRACTS)}")
        wrong = sorted(self.lacks - (set(OPERATIONS) - INDISPENSABLE))
        if wrong:
            fault = "every run asks for it" if wrong[0] in INDISPENSABLE else "no such operation"
            allowed = ", ".join(name for name in OPERATIONS if name not in INDISPENSABLE)
            raise InputError(f"target {self.name}: lacks {wrong[0]!r}: {fault}; allowed: {allowed}")

    @property
    def declaration(self) -> Declaration:
        """What it claims, and what of that not."""
        return Declaration(contract=self.contract, departures=self.departures, lacks=self.lacks)


_registry: dict[str, Target] = {}


def register(target: Target) -> Target:
    """Make a target known by its name; a token or corpus file can only name registered targets."""
    if _registry.get(target.name, target) != target:
        raise InputError(f"target {target.name!r} is registered twice with different meanings")
    _registry[target.name] = target
    return target


def declare(name: str, departures: Mapping[str, str], lacks: Iterable[str]) -> Target:
    """Declare more of a registered target than it says itself; from then on its name stands for that.

    Raises:
        InputError: there is no such target, or it cannot lack that.
    """
    target = find(name)
    _registry[name] = declared = evolve(
        target, departures={**target.departures, **departures}, lacks=target.lacks | frozenset(lacks)
    )
    return declared


def find(name: str) -> Target:
    """The registered target of that name; `InputError` lists what there is."""
    try:
        return _registry[name]
    except KeyError:
        raise InputError(f"unknown target {name!r}; allowed: {', '.join(_registry)}") from None


def names() -> list[str]:
    """Names of the registered targets, in the order of registration."""
    return list(_registry)
