"""What a target is: a Future implementation behind a small adapter, and the registry of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, field, frozen

from futurefuzz.errors import InputError
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.targets import catalogue
from futurefuzz.targets.declaration import Declaration, copied
from futurefuzz.targets.declaration import names as operation_names

__all__ = [
    "CONTRACTS",
    "GROUPS",
    "LOOPLESS",
    "Compound",
    "Crossing",
    "Sides",
    "Target",
    "declare",
    "find",
    "names",
    "register",
]

CONTRACTS: Final = ("asyncio", "concurrent", "bridge", "compound", "concurrent-compound", "loops")

#: contracts of futures that have no event loop
LOOPLESS: Final = frozenset({"concurrent", "concurrent-compound"})

#: contracts of what waits for, or hands on, several futures
GROUPS: Final = frozenset({"compound", "concurrent-compound"})

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


class Compound(Sides):
    """What is made over the other futures of its group: `asyncio.gather(...)`, a task in `asyncio.wait_for(...)`.

    It is made when the program first touches it, on the loop that then runs, so that some of its children may be done
    by then.

    Args:
        make: makes it; called once at most.

    Attributes:
        made: the object, None before.
        note: told each stage that a compound of several steps comes to (`started`), and the object as it is made.
    """

    __slots__ = ("_make", "made", "note")

    _make: Callable[[Compound], Any]
    made: Any
    note: Callable[..., None]

    def __init__(self, make: Callable[[Compound], Any]) -> None:
        set_ = object.__setattr__
        set_(self, "_make", make)
        set_(self, "made", None)
        set_(self, "note", _nobody)

    @property
    def observer(self) -> Any:
        """The compound; from now on there is one."""
        if self.made is None:
            made = self._make(self)
            object.__setattr__(self, "made", made)
            self.note("made", made)
        return self.made

    resolver = observer


@frozen(kw_only=True)
class Crossing:
    """What leads from one event loop to another.

    Args:
        submit: as `asyncio.run_coroutine_threadsafe`: has a coroutine run in a loop of another thread, and gives a
            concurrent future.
        wrap: as `asyncio.wrap_future`: makes a future of a loop (keyword `loop`) out of a concurrent one.
    """

    submit: Callable[..., Any]
    wrap: Callable[..., Any]


def _nobody(stage: str, made: Any = None) -> None:
    """Nobody listens."""


def _one_by_one(*_: Any) -> Any:
    raise InputError("this target makes groups of futures, not single ones")


@frozen(kw_only=True)
class Target:
    """A Future implementation to be tested.

    Args:
        name: unique, without spaces.
        contract: one of `CONTRACTS`: what it promises.
        new_future: makes one future. For the contracts `asyncio` and `bridge` it gets the event loop, for `concurrent`
            nothing. It returns the future, or `Sides` where going in and coming out are different objects.
        new_group: instead of `new_future` for the contracts `compound` (it gets the loop and a number) and
            `concurrent-compound` (it gets the number): makes that many futures that belong together.
        children: of a target whose groups end with a `Compound` over the futures before it: how many of these it
            takes at least and at most. Programs draw no more; with fewer it makes some that nobody else can reach.
        new_over: for the shape `task`: as `new_future`, with a second argument: a function through which the gate goes
            before the task awaits it (it may put something foreign in its place).
        shape: `future`, `task` (its outcome comes through a gate that it awaits, one loop iteration later), `bridge`,
            or of a group the name of the rule that the oracle judges it by.
        thread_side, loop_side: which side (`resolver`, `observer`) threads and the loop act on; the operations of
            `resolver_operations` always go to the resolver.
        resolver_operations: operations that only the resolver has.
        thread_operations, loop_operations: what a program may do from a thread, and on the loop, within the contract.
        new_loop: makes the loop of a run, for targets whose loop is under test; it gets what
            `futurefuzz.runs.posting.RunLoop` gets and has what that one adds to a loop of asyncio's. None: a `RunLoop`.
        task_class: class of the tasks that await this target's futures; None: what the loop makes by itself.
        description: one sentence.
        dispose: called with each future's Sides when its run is over, for targets that must be closed.
        inherits: name of the target whose class this one's derives from; what is known of that one is known of it, too.
        departures: clause -> why the author departs from it knowingly; what breaks such a clause is no finding.
        crossing: of the contract `loops`, what leads from one loop to another.
        lacks: operations that it does not offer. The generator never draws them for it. `done` and `result` cannot be
            left out: every run ends by asking for both.

    Raises:
        InputError: an unknown contract, or `lacks` names what is no operation or cannot be left out.
    """

    name: str
    contract: str
    new_future: Callable[..., Any] = _one_by_one
    new_group: Callable[..., Sequence[Sides]] | None = None
    children: tuple[int, int] | None = None
    shape: str = "future"
    thread_side: str = "observer"
    loop_side: str = "observer"
    resolver_operations: frozenset[str] = frozenset({"set_result", "set_exception"})
    thread_operations: frozenset[str] | None = None
    loop_operations: frozenset[str] | None = None
    new_loop: Callable[..., Any] | None = None
    task_class: Callable[..., Any] | None = None
    description: str = ""
    dispose: Callable[[Sides], None] | None = field(default=None)
    new_over: Callable[[Any, Callable[[Any], Any]], Sides] | None = field(default=None)
    inherits: str = ""
    crossing: Crossing | None = None
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
        if (self.contract == "loops") != (self.crossing is not None):
            raise InputError(f"target {self.name}: crossing is for the contract loops, and this needs it")
        if (self.contract in GROUPS) != (self.new_group is not None):
            raise InputError(
                f"target {self.name}: new_group is for the contracts {', '.join(sorted(GROUPS))}, and these need it"
            )

    @property
    def linkable(self) -> bool:
        """Whether its futures are tasks whose coroutines can await one another."""
        return self.shape == "task" and self.new_over is not None

    @property
    def declaration(self) -> Declaration:
        """What it claims, and what of that not."""
        return Declaration(contract=self.contract, departures=self.departures, lacks=self.lacks)


_registry: dict[str, Target] = {}
#: of the catalogue, what was asked for
_loaded: dict[str, Target] = {}


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
    """The target of that name, registered or of the catalogue.

    Raises:
        InputError: there is none (it lists what there is), or its package is missing.
    """
    found = _registry.get(name) or _loaded.get(name)
    if found is not None:
        return found
    offer = catalogue.OFFERS.get(name)
    if offer is None:
        raise InputError(f"unknown target {name!r}; allowed: {', '.join((*_registry, *catalogue.OFFERS))}")
    found = _loaded[name] = offer.load()
    return found


def names() -> list[str]:
    """Names of the registered targets, in the order of registration; those of the catalogue are not among them."""
    return list(_registry)
