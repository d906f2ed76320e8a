"""Who keeps an object alive: the shortest chain of references from something that stays to the object."""

from __future__ import annotations

import gc
import sys
import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

from futurefuzz.leaks.words import chain_in_words

__all__ = ["UNKNOWN", "kept_by", "path_in_words"]

#: what is said where no referrer can be found
UNKNOWN: Final = "nobody that the collector knows of: C code holds a reference, or counts one too many"

_DEEPEST: Final = 12
_MOST: Final = 4000


def kept_by(thing: Any, *, ignoring: Iterable[Any] = ()) -> tuple[str, ...]:
    """The shortest chain from a module, a class or a running frame to the thing, in words.

    Args:
        thing: what should have died.
        ignoring: containers that hold it on the caller's behalf.

    Returns:
        The objects of the chain; each refers to the next. `UNKNOWN` and the thing when nobody is seen to refer to it.
        Where the chain does not lead to anything that stays, as much of it as could be found.
    """
    ignored = {id(other) for other in ignoring}
    frame: types.FrameType | None = sys._getframe()
    while frame is not None:  # the frames that are asking
        ignored.add(id(frame))
        frame = frame.f_back
    came: dict[int, Any] = {}  # object -> what it refers to, one step nearer
    level = [thing]
    seen = {id(thing)}
    keep: list[Any] = [thing]  # addresses must not be used again meanwhile
    last = thing
    for _ in range(_DEEPEST):
        following: list[Any] = []
        arguments = tuple(level)
        ignored.add(id(arguments))
        for referrer in gc.get_referrers(*arguments):
            if id(referrer) in seen or id(referrer) in ignored or referrer is level or referrer is keep:
                continue
            if referrer is came or referrer is following or referrer is seen:
                continue
            target = _which(referrer, level)
            if target is None:
                continue
            seen.add(id(referrer))
            keep.append(referrer)
            came[id(referrer)] = target
            if _stays(referrer):
                return chain_in_words(_path(referrer, came, thing))
            following.append(referrer)
            if len(seen) > _MOST:
                return chain_in_words(_path(referrer, came, thing))
        if not following:
            break
        last = following[0]
        level = following
    path = _path(last, came, thing)
    if len(path) == 1:
        return (UNKNOWN, *chain_in_words(path))
    return chain_in_words(path)


def path_in_words(
    roots: Sequence[Any], thing: Any, *, referents: Callable[[Any], Iterable[Any]] = gc.get_referents
) -> tuple[str, ...]:
    """The shortest way by which one of some objects leads to the thing; empty when none does, or only by a long way.

    It goes forward, so that it costs nothing where the heap is large.

    Args:
        roots: where it begins.
        thing: where it ends.
        referents: what an object refers to.
    """
    came: dict[int, Any] = {}
    seen = {id(root) for root in roots}
    level = list(roots)
    for _ in range(_DEEPEST):
        following: list[Any] = []
        for owner in level:
            if isinstance(owner, types.ModuleType | type):
                continue  # everything leads to everything from there
            for other in referents(owner):
                if id(other) in seen:
                    continue
                seen.add(id(other))
                came[id(other)] = owner
                if other is thing:
                    path = [thing]
                    while id(path[-1]) in came:
                        path.append(came[id(path[-1])])
                    return chain_in_words(path[::-1])
                following.append(other)
                if len(seen) > _MOST:
                    return ()
        level = following
    return ()


def _which(referrer: Any, level: list[Any]) -> Any:
    """The object of the level to which it refers."""
    held = {id(other) for other in gc.get_referents(referrer)}
    return next((one for one in level if id(one) in held), None)


def _path(start: Any, came: dict[int, Any], thing: Any) -> list[Any]:
    path = [start]
    while path[-1] is not thing:
        path.append(came[id(path[-1])])
    return path


def _stays(referrer: Any) -> bool:
    return isinstance(referrer, types.ModuleType | type | types.FrameType)
