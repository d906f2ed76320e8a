"""What follows from a profile and a target alone: which operations there are to draw from, where, by which routes.

Computed once for each pair and kept, so that drawing a program costs no more than its choices.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Final, Literal

from attrs import frozen

from futurefuzz.programs.operations import (
    ARGUMENTS,
    BY_HAND,
    HOSTILE_EXCEPTIONS,
    OPERATIONS,
    RESOLVING,
    UNDEFINED,
    VIAS,
)
from futurefuzz.programs.profile import Profile
from futurefuzz.targets.base import LOOPLESS, Target

__all__ = ["PLAIN", "Offer", "Place", "Plan", "plan_for"]

Place = Literal["task", "thread", "callback"]

_ASYNCIO: Final = frozenset(OPERATIONS) - {"running", "set_running", "close-loop"}
_CONCURRENT: Final = frozenset(OPERATIONS) - {
    "remove_done_callback",
    "await",
    "yield",
    "await-elsewhere",
    "close-loop",
    *BY_HAND,
}
#: what is done to one end of a bridge only by whoever made it
_BRIDGED: Final = _ASYNCIO - {"await-elsewhere", *UNDEFINED}
_WAITS: Final = frozenset({"await", "yield"})
#: what is done to a future by whoever is in another loop, too
_CROSSING: Final = frozenset({*RESOLVING, "add_done_callback", "done", "await", "close-loop"})

#: contract -> place -> operations that exist there. A callback may run on the loop (it must not wait) and more than
#: once (it must not start the future). One of a bridge runs on either side, so it is kept to what both sides have.
_EXISTING: Final[dict[str, dict[Place, frozenset[str]]]] = {
    "asyncio": {"task": _ASYNCIO, "thread": _ASYNCIO - _WAITS, "callback": _ASYNCIO - _WAITS},
    "concurrent": {"task": frozenset(), "thread": _CONCURRENT, "callback": _CONCURRENT - {"set_running"}},
    "bridge": {
        "task": _BRIDGED,
        "thread": _CONCURRENT - set(UNDEFINED),
        "callback": (_BRIDGED & _CONCURRENT) - _WAITS,
    },
}
_EXISTING["compound"] = {"task": _BRIDGED, "thread": _BRIDGED - _WAITS, "callback": _BRIDGED - _WAITS}
_EXISTING["loops"] = {
    "task": _CROSSING | {"yield"},
    "thread": _CROSSING,
    "callback": frozenset(),  # they run in one loop, and would act on futures of another one
}
_EXISTING["concurrent-compound"] = {
    place: names - set(UNDEFINED) for place, names in _EXISTING["concurrent"].items()
}

PLAIN: Final = (None,)
#: contract -> arguments of set_exception, the plain one as often as the others together. `concurrent.futures` stores
#: whatever it is given, so passing a class or something that is no exception says nothing about it; a StopIteration
#: is what an executor stores when the function that it calls raises one.
_EXCEPTIONS: Final[dict[str, tuple[str | None, ...]]] = {
    "asyncio": (None, None, None, None, "class", "StopIteration", "not-an-exception", "falsy"),
    "concurrent": (None, None, "falsy"),
    "bridge": (None, None, None, "falsy", "StopIteration"),
    "compound": (None, None, None, "class", "falsy"),
    "loops": PLAIN,
    "concurrent-compound": (None, None, "falsy"),
}
#: contract of groups -> the only operations of their compounds; those of a loop are futures with all of them
_ON_COMPOUND: Final = {"concurrent-compound": frozenset({"result"})}
#: the same of those that are drawn only where a profile names them
_HOSTILE: Final[dict[str, frozenset[str]]] = {
    "asyncio": frozenset(HOSTILE_EXCEPTIONS),
    "concurrent": frozenset({"StopIteration-subclass", "TimeoutError", "InvalidStateError", "hostile"}),
    "bridge": frozenset({"StopIteration-subclass", "TimeoutError", "InvalidStateError", "hostile"}),
}
_CANCELS: Final = (None, "message")
_AWAITS: Final = (None, None, None, "timeout")
_WAITING: Final = (None, None, "wait", "timeout")
_CONTEXTS: Final = (None, None, 0, 1)
_NO_CONTEXT: Final = (None,)
_LOOP_HOOKS: Final = frozenset(
    {"call_soon", "get_debug", "eq", "context", "context-attribute", "loop-attribute", "closed"}
)


@frozen(kw_only=True)
class Offer:
    """What may be drawn at a place: operations by weight, and for each its arguments and routes.

    Those that resolve, that observe, and that change a list of callbacks are there by themselves, too.
    """

    names: tuple[str, ...]
    arguments: Mapping[str, tuple[str | None, ...]]
    vias: Mapping[str, tuple[str, ...]]
    contexts: tuple[int | None, ...]
    resolving: tuple[str, ...]
    observing: tuple[str, ...]
    listing: tuple[str, ...]


@frozen(kw_only=True, eq=False)
class Plan:
    """All that follows from profile and target."""

    profile: Profile
    more_actors: tuple[float, ...]
    threads: tuple[int, int]
    tasks: tuple[int, int]
    offers: Mapping[Place, Offer]
    callback_last: Offer
    starved: float
    hook_kinds: tuple[str, ...]
    children: tuple[int, int] | None
    on_compound: frozenset[str] | None
    loops: bool


def plan_for(profile: Profile, target: Target) -> Plan | str:
    """What there is to draw from for that profile and target, or in a sentence why there is nothing."""
    return _plan(
        profile,
        target.contract,
        target.thread_operations,
        target.loop_operations,
        _posted_only(target),
        target.lacks,
        target.children,
        linkable=target.linkable,
    )


@lru_cache(maxsize=256)
def _plan(
    profile: Profile,
    contract: str,
    on_threads: frozenset[str] | None,
    on_loop: frozenset[str] | None,
    posted_only: frozenset[str],
    lacks: frozenset[str],
    children: tuple[int, int] | None = None,
    *,
    linkable: bool = False,
) -> Plan | str:
    """The plan, or what is wrong (kept too, so that a wrong pair stays cheap).

    Args:
        profile, contract: what is wanted, and of whom.
        on_threads, on_loop: what the target allows.
        posted_only: what a thread may not do directly, because it acts on something that belongs to the loop.
        lacks: what the target does not offer at all.
        children: of a group, how many the compound takes.
        linkable: its futures can await each other.
    """
    if profile.links and not linkable:
        return "the profile lets tasks await each other, and these futures are none"
    existing = {place: names - lacks for place, names in _EXISTING[contract].items()}
    threads = existing["thread"] if on_threads is None else existing["thread"] & on_threads
    if contract == "bridge" and on_threads is None:
        threads -= {"running", "set_running"}  # most bridges start the future themselves
    threads -= posted_only
    loop = existing["task"] if on_loop is None else existing["task"] & on_loop
    # Where callbacks may run, and so what they may do: wherever somebody can register one.
    inside = existing["callback"]
    on_loop_only = contract in ("asyncio", "compound", "loops")
    if on_loop_only or "add_done_callback" in loop:
        inside &= loop
    if contract in LOOPLESS or (contract == "bridge" and "add_done_callback" in threads):
        inside &= threads
    posted = frozenset[str]() if contract in LOOPLESS else loop
    posted_inside = loop if on_loop_only else frozenset[str]()
    # What can be awaited is an asyncio future, with messages and contexts; concurrent futures have neither.
    awaitable = "await" in loop
    threadsafe = not on_loop_only
    exceptions = tuple(a for a in _EXCEPTIONS[contract] if profile.exceptions is None or a in profile.exceptions)
    exceptions += tuple(a for a in profile.exceptions or () if a in _HOSTILE.get(contract, ()))
    exceptions = exceptions or PLAIN
    offers: dict[Place, Offer] = {
        "task": _offer(
            exceptions, profile.task_operations, profile.task_vias, loop, posted, awaitable, False, contract
        ),
        "thread": _offer(
            exceptions,
            profile.thread_operations,
            profile.thread_vias,
            threads,
            posted,
            not threadsafe,
            threadsafe,
            contract,
        ),
        "callback": _offer(
            exceptions,
            profile.callback_operations,
            profile.callback_vias,
            inside,
            posted_inside,
            not threadsafe,
            False,
            contract,
        ),
    }
    task_bounds = profile.tasks if offers["task"].names else (0, 0)
    thread_bounds = profile.threads if offers["thread"].names else (0, 0)
    lowest, highest = task_bounds[0] + thread_bounds[0], task_bounds[1] + thread_bounds[1]
    actors = tuple(n for n in profile.actors if lowest <= n <= highest)
    if not actors:
        return (
            f"the profile asks for {min(profile.actors)} to {max(profile.actors)} actors, and leaves {lowest} to "
            f"{highest} that have an operation which the {contract} contract and the target allow; "
            "widen its operations, threads or tasks"
        )
    kinds = profile.hook_kinds
    if contract == "loops":
        kinds = ()
    elif contract in LOOPLESS:
        kinds = tuple(kind for kind in kinds if kind not in _LOOP_HOOKS)
    elif contract == "bridge":
        kinds = tuple(kind for kind in kinds if kind != "closed")
    return Plan(
        profile=profile,
        more_actors=_chances(actors),
        threads=thread_bounds,
        tasks=task_bounds,
        offers=offers,
        callback_last=_without(offers["callback"], "add_done_callback"),
        starved=profile.starved if contract == "asyncio" else 0.0,  # the others have locks of ours inside
        hook_kinds=kinds,
        children=children,
        on_compound=_ON_COMPOUND.get(contract),
        loops=contract == "loops",
    )


def _chances(counts: tuple[int, ...]) -> tuple[float, ...]:
    """For each number so far, the chance of one more, so that each of the counts comes out as often as it is listed."""
    at_least = [sum(count >= n for count in counts) for n in range(max(counts) + 2)]
    return tuple(at_least[n + 1] / at_least[n] for n in range(max(counts) + 1))


def _posted_only(target: Target) -> frozenset[str]:
    """What goes to the resolving end of a bridge whose other end is the threads'."""
    if target.contract == "bridge" and target.thread_side != "resolver":
        return target.resolver_operations
    return frozenset()


def _offer(
    exceptions: tuple[str | None, ...],
    weights: Mapping[str, int],
    vias: Mapping[str, int],
    direct: frozenset[str],
    posted: frozenset[str],
    asyncio_like: bool,
    waits: bool,
    contract: str,
) -> Offer:
    """What may be drawn at a place.

    Args:
        exceptions, weights, vias: what the profile wants there.
        direct, posted: what is allowed there directly, and by posting to the loop.
        asyncio_like: what is acted on there takes messages and contexts.
        waits: an actor there may block in `result` and `exception`.
        contract: of the target.
    """
    routes: dict[str, tuple[str, ...]] = {}
    for name in weights:
        ways = ["direct"] if name in direct else []
        if name in RESOLVING:
            others = VIAS[1:] if contract == "loops" else VIAS[1:-1]
            ways += [via for via in others if name in posted]
            ways = [via for via in ways for _ in range(vias.get(via, 0))]
        if ways:
            routes[name] = tuple(ways)
    names = tuple(name for name, weight in weights.items() if name in routes for _ in range(weight))
    waiting = _WAITING if waits else PLAIN
    return Offer(
        names=names,
        arguments={
            "set_exception": exceptions,
            "cancel": _CANCELS if asyncio_like else PLAIN,
            "await": _AWAITS if contract == "loops" else PLAIN,
            "result": waiting,
            "exception": waiting,
            "iter-send": ARGUMENTS["iter-send"],
            "iter-throw": ARGUMENTS["iter-throw"],
        },
        vias=routes,
        contexts=_CONTEXTS if asyncio_like else _NO_CONTEXT,
        resolving=tuple(name for name in names if name in RESOLVING),
        observing=tuple(
            name
            for name in names
            if name in ("add_done_callback", "await") or (waits and name in ("result", "exception"))
        ),
        listing=tuple(name for name in names if name in ("add_done_callback", "remove_done_callback")),
    )


def _without(offer: Offer, name: str) -> Offer:
    """The same offer without one operation."""
    return Offer(
        names=tuple(n for n in offer.names if n != name),
        arguments=offer.arguments,
        vias=offer.vias,
        contexts=offer.contexts,
        resolving=offer.resolving,
        observing=tuple(n for n in offer.observing if n != name),
        listing=tuple(n for n in offer.listing if n != name),
    )
