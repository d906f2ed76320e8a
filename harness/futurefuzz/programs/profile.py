"""The shape of the programs that a scenario wants: what is drawn, how often, and within which bounds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from attrs import Attribute, field, frozen
from attrs.validators import optional

from futurefuzz.programs.operations import ARGUMENTS, EXITS, HOOK_KINDS, LOOK_UPS, OPERATIONS, VIAS
from futurefuzz.programs.program import LIMIT_ACTORS, LIMIT_FUTURES, LIMIT_LOOPS

__all__ = ["Profile"]

_DIRECT: Final[Mapping[str, int]] = {"direct": 1}
_LIMIT_WEIGHT: Final = 100
#: a program that ends with its process is asked for by name, and so are objects that nobody has
_CALL_OUTS: Final = tuple(kind for kind in HOOK_KINDS if kind not in (*EXITS, *LOOK_UPS))

# The validators take Any: what they check comes from a scenario file that no type checker has seen.



def _weights_of(known: tuple[str, ...]) -> Callable[[object, Attribute[Any], Any], None]:
    def check(_profile: object, attribute: Attribute[Any], weights: Any) -> None:
        for name, weight in weights.items():
            if name not in known:
                raise ValueError(f"profile {attribute.name}: unknown {name!r}; allowed: {', '.join(known)}")
            if type(weight) is not int or not 0 <= weight <= _LIMIT_WEIGHT:
                raise ValueError(
                    f"profile {attribute.name}: weight of {name} is {weight!r}; "
                    f"allowed: whole numbers from 0 to {_LIMIT_WEIGHT}"
                )

    return check


def _counts(lo: int, hi: int) -> Callable[[object, Attribute[Any], Any], None]:
    def check(_profile: object, attribute: Attribute[Any], counts: Any) -> None:
        if not counts or any(type(count) is not int or not lo <= count <= hi for count in counts):
            raise ValueError(f"profile {attribute.name} is {counts!r}; allowed: one or more numbers from {lo} to {hi}")

    return check


def _chance(_profile: object, attribute: Attribute[Any], p: Any) -> None:
    if not isinstance(p, int | float) or not 0 <= p <= 1:
        raise ValueError(f"profile {attribute.name} is {p!r}; allowed: a probability from 0 to 1")


def _range(_profile: object, attribute: Attribute[Any], bounds: Any) -> None:
    if len(bounds) != 2 or not 0 <= bounds[0] <= bounds[1] <= LIMIT_ACTORS:
        raise ValueError(
            f"profile {attribute.name} is {bounds!r}; allowed: (lowest, highest) within 0 to {LIMIT_ACTORS}"
        )


def _hook_kinds(_profile: object, attribute: Attribute[Any], kinds: Any) -> None:
    for kind in kinds:
        if kind not in HOOK_KINDS:
            raise ValueError(f"profile {attribute.name}: unknown {kind!r}; allowed: {', '.join(HOOK_KINDS)}")


def _exceptions(_profile: object, attribute: Attribute[Any], arguments: Any) -> None:
    allowed = ARGUMENTS["set_exception"]
    if arguments is not None and not (arguments and set(arguments) <= set(allowed)):
        raise ValueError(f"profile {attribute.name} is {arguments!r}; allowed: one or more of {allowed}")


# Compared by identity: a profile is a key of the generator's cache, and hashing twenty fields per program would cost
# more than drawing it.
@frozen(kw_only=True, eq=False)
class Profile:
    """What the generator draws from. Where a tuple of counts is given, one of its elements is picked.

    Operations that the target's contract does not have are left out by the generator, so one profile serves several
    targets.

    Args:
        actors: how many actors.
        threads, tasks: lowest and highest number of each kind among them.
        thread_share: chance that an actor which may be either is a thread; None: as there may be threads among the
            actors. A program without threads has one schedule, so that a dozen of them cost what one with threads does.
        futures: how many futures.
        subset: how many operations (drawn by weight, with repetition) an actor may choose from. Small subsets make
            programs that do much of one thing: swarm testing (Groce et al., "Swarm Testing", ISSTA 2012).
        more: chance that an actor goes on with another operation, up to `longest`.
        longest: the most operations of one actor.
        more_inside: the same of a callback or hook that acts, up to three.
        task_operations, thread_operations, callback_operations: operation -> weight.
        task_vias, thread_vias, callback_vias: route of resolving operations -> weight.
        exceptions: what `set_exception` is given, of what the contract has a meaning for; None: all of that but the
            hostile ones (`operations.HOSTILE_EXCEPTIONS`).
        callbacks: how many callback objects there are to register and to remove.
        reentrant: chance that callbacks of the program perform operations.
        raising: chance that some of them raise.
        equal: chance that some are equal without being identical.
        ephemeral: chance that some are kept alive by the future alone.
        unequal: chance that some are not equal to themselves.
        unhashable: chance that some have no hash.
        deferring: chance that some leave it to the other one to say that they are not equal.
        starved: chance of an operation that one of its allocations fails.
        foreign: chance that futures are awaited through objects that only look like futures.
        links: chance that futures of the program, being tasks, await each other or themselves; a profile that has it is
            for targets that are tasks.
        failing: chance that a call-out inside which the program acts also raises.
        contexts: chance that the program passes contexts.
        hooks: chance that the program acts inside call-outs.
        hook_kinds: which call-outs; one that is named twice is drawn twice as often. Those at the end of the
            interpreter (`operations.EXITS`) and the look-ups (`operations.LOOK_UPS`) are drawn only where they are
            named.
        hook_counts: how many of them the program acts inside.
        hook_nths: of which occurrence of such a call-out.
        debug: chance that the loop runs in debug mode.
        loops: how many event loops, for the contract `loops`; the others have one.
        astray: there, chance that a program touches futures of other loops without posting.

    Raises:
        ValueError: an unknown name, or a number out of bounds.
    """

    actors: tuple[int, ...] = field(default=(2, 2, 2, 3, 3, 4, 5), validator=_counts(1, LIMIT_ACTORS))
    threads: tuple[int, int] = field(default=(0, 5), validator=_range)
    tasks: tuple[int, int] = field(default=(0, 5), validator=_range)
    thread_share: float | None = field(default=None, validator=optional(_chance))
    futures: tuple[int, ...] = field(default=(1, 1, 1, 2, 3), validator=_counts(1, LIMIT_FUTURES))
    subset: tuple[int, ...] = field(default=(1, 2, 2, 3, 3, 4, 4, 5), validator=_counts(1, 16))
    more: float = field(default=0.6, validator=_chance)
    longest: int = 5
    more_inside: float = field(default=0.3, validator=_chance)
    task_operations: Mapping[str, int] = field(factory=dict, validator=_weights_of(tuple(OPERATIONS)))
    thread_operations: Mapping[str, int] = field(factory=dict, validator=_weights_of(tuple(OPERATIONS)))
    callback_operations: Mapping[str, int] = field(factory=dict, validator=_weights_of(tuple(OPERATIONS)))
    task_vias: Mapping[str, int] = field(default=_DIRECT, validator=_weights_of(VIAS))
    thread_vias: Mapping[str, int] = field(default=_DIRECT, validator=_weights_of(VIAS))
    callback_vias: Mapping[str, int] = field(default=_DIRECT, validator=_weights_of(VIAS))
    exceptions: tuple[str | None, ...] | None = field(default=None, validator=_exceptions)
    callbacks: tuple[int, ...] = field(default=(1, 1, 2, 2, 3, 4), validator=_counts(1, 16))
    reentrant: float = field(default=0.0, validator=_chance)
    raising: float = field(default=0.0, validator=_chance)
    equal: float = field(default=0.0, validator=_chance)
    ephemeral: float = field(default=0.0, validator=_chance)
    unequal: float = field(default=0.0, validator=_chance)
    unhashable: float = field(default=0.0, validator=_chance)
    deferring: float = field(default=0.0, validator=_chance)
    starved: float = field(default=0.0, validator=_chance)
    foreign: float = field(default=0.0, validator=_chance)
    links: float = field(default=0.0, validator=_chance)
    failing: float = field(default=0.0, validator=_chance)
    contexts: float = field(default=0.0, validator=_chance)
    hooks: float = field(default=0.0, validator=_chance)
    hook_kinds: tuple[str, ...] = field(default=_CALL_OUTS, validator=_hook_kinds)
    hook_counts: tuple[int, ...] = field(default=(1, 1, 2), validator=_counts(1, 8))
    hook_nths: tuple[int, ...] = field(default=(1, 1, 1, 2, 2, 3, 4), validator=_counts(1, 1000))
    debug: float = field(default=0.0, validator=_chance)
    loops: tuple[int, ...] = field(default=(2, 2, 2, 3), validator=_counts(1, LIMIT_LOOPS))
    astray: float = field(default=0.0, validator=_chance)

    def __attrs_post_init__(self) -> None:
        if type(self.longest) is not int or not 1 <= self.longest <= 50:
            raise ValueError(f"profile longest is {self.longest!r}; allowed: a number from 1 to 50")
