"""What several threads have touched in a run, and in which order that went wrong."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from futurefuzz.exploring.places import Place
from futurefuzz.exploring.touches import Touch
from futurefuzz.exploring.witness import Sighting

__all__ = ["conflicting", "sentence"]


def conflicting(seen: Sequence[Sighting]) -> frozenset[str]:
    """The things that one thread has changed while another one, which touches them too, was there.

    What is set up before the others are started is no conflict.
    """
    began = _beginnings(seen)
    touched: dict[str, dict[int, None]] = {}
    changed: dict[str, list[tuple[int, int]]] = {}
    for at, sighting in enumerate(seen):
        if sighting.step is None and sighting.touch is not None:
            touched.setdefault(sighting.touch.thing, {})[sighting.actor] = None
            if sighting.touch.changes:
                changed.setdefault(sighting.touch.thing, []).append((at, sighting.actor))
    return frozenset(
        thing
        for thing, changes in changed.items()
        if any(began[other] < at for at, actor in changes for other in touched[thing] if other != actor)
    )


def _beginnings(seen: Sequence[Sighting]) -> dict[int, int]:
    """From when on each thread was there."""
    began: dict[int, int] = {}
    for at, sighting in enumerate(seen):
        began.setdefault(sighting.actor, at)
        if sighting.step is not None:
            for actor in sighting.step.enabled:
                began.setdefault(actor, at)
    return began


@frozen
class _Shared:
    at: int
    actor: int
    place: Place | None
    touch: Touch


def sentence(seen: Sequence[Sighting], names: Sequence[str]) -> str:
    """How a conflict went: one thread touches something, another one changes it, and the first goes on. The last such
    of a run, if possible one whose thread was preempted in between; empty when there is none.

    What a thread has touched before the other one was there is no part of it: where a thread only sets something up and
    looks at it in the end, two others have come between each other.
    """
    things = conflicting(seen)
    began = _beginnings(seen)
    shared: dict[str, list[_Shared]] = {}
    for at, each in enumerate(seen):
        if each.touch is not None and each.touch.thing in things:
            shared.setdefault(each.touch.thing, []).append(_Shared(at, each.actor, each.place, each.touch))
    stops = [
        (at, each.actor)
        for at, each in enumerate(seen)
        if each.step is not None and each.step.event is not None and each.step.chosen != each.actor
    ]
    found = [three for touches in shared.values() for three in _threes(touches)]
    together = [three for three in found if three[0].at > began[three[1].actor]]
    preempted = [
        (first, change, last)
        for first, change, last in together
        if any(first.at < at < change.at and actor == first.actor for at, actor in stops)
    ]
    if not found:
        return ""
    best = max(preempted or together or found, key=lambda three: three[2].at)
    told = list(best if together else _without_beginning(best, shared[best[1].touch.thing], began))
    return ", then ".join(each.touch.sentence(names[each.actor], each.place) for each in told)


def _without_beginning(
    three: tuple[_Shared, _Shared, _Shared], touches: Sequence[_Shared], began: dict[int, int]
) -> list[_Shared]:
    """The same where the first has only set up what others then change: with what a third one did before the change."""
    _, change, last = three
    before = [
        each
        for each in touches
        if began[change.actor] < each.at < change.at and each.actor not in (change.actor, last.actor)
    ]
    writing = [each for each in before if each.touch.changes]
    return [*(writing or before)[-1:], change, last]


def _threes(touches: Sequence[_Shared]) -> list[tuple[_Shared, _Shared, _Shared]]:
    """Each touch after a change by another thread, with that change and what its thread had touched before it."""
    found = []
    for nth, last in enumerate(touches):
        changes = [at for at in range(nth) if touches[at].actor != last.actor and touches[at].touch.changes]
        firsts = [each for each in touches[: changes[-1]] if each.actor == last.actor] if changes else []
        if firsts:
            others = [each for each in firsts if each.touch.what != last.touch.what or not last.touch.is_call]
            found.append(((others or firsts)[-1], touches[changes[-1]], last))
    return found
