"""Where a recorded run could have gone the other way: one actor is about to do what another one will conflict with."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

from futurefuzz.explorers.base import Pending, Step
from futurefuzz.explorers.dependence import ANYTHING

__all__ = ["Opening", "Turn", "conflict", "openings", "turns_of"]

# Ranks, lower is better. An actor that has touched the same thing before acts on what it knew of it; one that has
# touched other things that are shared may act on those; else it is only who comes first that changes.
_AGAIN: Final = 0.0
_AFTER_OTHERS: Final = 0.5
_FIRST_TOUCH: Final = 1.0
_START: Final = 1.0
#: added: that there is a conflict is not known for sure
_VAGUE: Final = 1.0
#: added: a call has come back, and nothing that others see follows; so it is as good as over
_OVER: Final = 0.5
#: added: one has started the other, and mostly waits for it
_PARENT: Final = 2.0
#: added: the other one needs a lock first that is held
_LOCKED: Final = 3.0

_NEVER: Final = 1 << 60


class Turn(NamedTuple):
    """What an actor did from where it was let go to its next point.

    `choice` counts the choices of the run, -1 where there was none. `key` and `event` are of the point at which it
    stood, None where it had blocked or was new. `enabled` could have gone.
    """

    choice: int
    actor: int
    key: tuple[str, str, int] | None
    event: Pending | None
    enabled: tuple[int, ...]


class Opening(NamedTuple):
    """At a turn an intruder could have gone; it does so many things later that conflict with it (0: nothing is known).

    `alone`: only the intruder should go meanwhile, else everybody but the one whose turn it was.
    """

    turn: int
    intruder: int
    conflicts: int
    alone: bool
    rank: float


def conflict(one: Pending, other: Pending) -> bool:
    """Whether the order of two events of different actors may matter."""
    if one.resource is None or other.resource is None:
        return False
    if one.resource is ANYTHING or other.resource is ANYTHING:
        return True
    return one.resource == other.resource and (one.write or other.write)


def turns_of(steps: Sequence[Step]) -> list[Turn]:
    """The turns of a recorded run."""
    stands: dict[int, tuple[tuple[str, str, int], Pending]] = {}
    turns = []
    choice = 0
    for step in steps:
        if step.event is not None:
            stands[step.actor] = (step.key, step.event)
        elif step.actor >= 0:
            stands.pop(step.actor, None)
        key, event = stands.pop(step.chosen, (None, None))
        chooses = len(step.enabled) > 1
        turns.append(Turn(choice if chooses else -1, step.chosen, key, event, step.enabled))
        choice += chooses
    return turns


class _Ahead:
    """What an actor still has to do with a resource: how often it reads and writes, and when next."""

    __slots__ = ("next_read", "next_write", "reads", "writes")

    def __init__(self) -> None:
        self.reads = self.writes = 0
        self.next_read = self.next_write = _NEVER


_NOTHING: Final = _Ahead()


def openings(turns: Sequence[Turn]) -> list[Opening]:
    """All of a run, in its order.

    Args:
        turns: of the run.
    """
    parents = _parents(turns)
    held = _held(turns)
    ahead: dict[int, dict[object, _Ahead]] = {}
    found: list[tuple[int, int, int, float]] = []
    for at in range(len(turns) - 1, -1, -1):
        choice, actor, _, event, enabled = turns[at]
        if choice >= 0:
            over = actor not in ahead and event is not None and event.kind.rpartition(":")[2].startswith("after ")
            for intruder in enabled:
                if intruder == actor:
                    continue
                if event is None:
                    found.append((at, intruder, 0, _START))
                elif event.resource is not None:
                    does = ahead.get(intruder, {})
                    conflicts, following, vague = _conflicts(event, does)
                    if conflicts:
                        excluded = _excluded(turns, held[at], does, following)
                        rank = (_VAGUE if vague else 0.0) + (_OVER if over else 0.0) + (_LOCKED if excluded else 0.0)
                        found.append((at, intruder, conflicts, rank))
        if event is not None and event.resource is not None:
            here = ahead.setdefault(actor, {}).setdefault(event.resource, _Ahead())
            if event.write:
                here.writes += 1
                here.next_write = at
            else:
                here.reads += 1
                here.next_read = at
    found.reverse()
    return _ranked(turns, found, parents)


def _ranked(
    turns: Sequence[Turn], found: Sequence[tuple[int, int, int, float]], parents: Mapping[int, int]
) -> list[Opening]:
    touched: dict[int, set[object]] = {}
    ranked = []
    before, kind = -1, 0.0
    for at, intruder, conflicts, rank in found:
        actor, event = turns[at].actor, turns[at].event
        if at != before:
            before, kind = at, 0.0
            if event is not None:
                mine = touched.setdefault(actor, set())
                kind = _AGAIN if event.resource in mine else _AFTER_OTHERS if mine else _FIRST_TOUCH
                mine.add(event.resource)
        rank += kind
        if parents[intruder] == actor or parents[actor] == intruder:
            rank += _PARENT
        ranked.append(Opening(at, intruder, conflicts, True, rank))
        others = sum(each != actor != parents[each] and each != parents[actor] for each in turns[at].enabled)
        if conflicts and others > 1:
            ranked.append(Opening(at, intruder, conflicts, False, rank))
    return ranked


def _conflicts(event: Pending, does: Mapping[object, _Ahead]) -> tuple[int, int, bool]:
    """How many of another's events conflict with one, when the next of them is, and whether that is but a guess."""
    if event.resource is ANYTHING:
        count = sum(each.reads + each.writes for each in does.values())
        following = min((min(each.next_read, each.next_write) for each in does.values()), default=_NEVER)
        return count, following, True
    same = does.get(event.resource, _NOTHING)
    if event.write and same.reads + same.writes:
        return same.reads + same.writes, min(same.next_read, same.next_write), False
    if same.writes:
        return same.writes, same.next_write, False
    vague = does.get(ANYTHING, _NOTHING)
    return vague.reads + vague.writes, min(vague.next_read, vague.next_write), True


def _excluded(turns: Sequence[Turn], held: frozenset[object], does: Mapping[object, _Ahead], following: int) -> bool:
    """Whether somebody needs a lock that is held by whom it would have to overtake, before it does what follows."""
    nexts = [does[lock].next_write for lock in held if lock in does]
    return any(at <= following and _verb(turns[at]) == "acquire" for at in nexts)


def _verb(turn: Turn) -> str:
    return "" if turn.event is None else turn.event.kind.partition(" ")[0]


def _parents(turns: Sequence[Turn]) -> dict[int, int]:
    """Who started whom; -1 for those who were there from the start."""
    parents: dict[int, int] = {}
    before = -1
    for turn in turns:
        for actor in turn.enabled:
            parents.setdefault(actor, before)
        before = turn.actor
    return parents


def _held(turns: Sequence[Turn]) -> list[frozenset[object]]:
    """For each turn the locks that whose turn it is holds before it."""
    nothing: frozenset[object] = frozenset()
    holders: dict[object, int] = {}
    holding: dict[int, frozenset[object]] = {}
    found = []
    for turn in turns:
        found.append(holding.get(turn.actor, nothing))
        verb = _verb(turn)
        if verb == "acquire":
            assert turn.event is not None
            holders[turn.event.resource] = turn.actor
            holding[turn.actor] = found[-1] | {turn.event.resource}
        elif verb == "release" and turn.event is not None and turn.event.resource in holders:
            holding[holders.pop(turn.event.resource)] -= {turn.event.resource}
    return found
