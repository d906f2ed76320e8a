"""What counts as failure of a run when nobody has written an oracle."""

from __future__ import annotations

import re
import traceback
from collections.abc import Callable
from typing import Any

from attrs import frozen

from futurefuzz.control.attending import Log
from futurefuzz.exploring import places
from futurefuzz.exploring.places import Place
from futurefuzz.exploring.running import Observed

__all__ = ["Check", "Failure", "failures_of"]

#: the user's own: gets what the callable returned; raises, or returns False, when that is wrong
Check = Callable[[Any], object]


@frozen(kw_only=True)
class Failure:
    """One thing that went wrong in a run.

    Args:
        kind: `exception`, `assertion`, `check`, `deadlock`, `livelock`, `loop`, `never-retrieved`, `never-awaited`,
            `unraisable`, `crash`, `hang` or `exit`.
        signature: one bug, one signature: the kind and the places, without line numbers.
        cause: one sentence.
        actor: name of the thread that it shows in; empty for all together.
        detail: lines that say more: a traceback, or who waits for whom.
        place: where it shows, when that is one place.
    """

    kind: str
    signature: str
    cause: str
    actor: str = ""
    detail: tuple[str, ...] = ()
    place: Place | None = None


def failures_of(seen: Observed, check: Check | None = None) -> list[Failure]:
    """Everything that went wrong in a run, what came first first.

    Args:
        seen: the run.
        check: the user's own; asked only about a run that completed.
    """
    run = seen.run
    found = [_of_exception(death.actor, death.error) for death in run.failures]
    found += [failure for log in run.logs if (failure := _of_log(log)) is not None]
    if seen.error is not None:
        found.append(_of_exception(run.names[0], seen.error))
    found += [failure for warning in run.warnings if (failure := _of_warning(warning.actor, warning.message))]
    # Where warnings are errors, the one about a coroutine cannot be raised from where it comes.
    shown = [each for each in run.unraisables if isinstance(each.error, Warning)]
    found += [failure for each in shown if (failure := _of_warning(each.actor, str(each.error)))]
    if run.status == "stuck":
        found.append(_deadlock(seen))
    elif run.status == "livelock":
        found.append(_livelock(seen))
    elif check is not None and seen.error is None:
        found += _checked(check, seen.value)
    return list({failure.signature: failure for failure in reversed(found)}.values())[::-1]


def _of_exception(actor: str, error: BaseException, kind: str = "") -> Failure:
    kind = kind or ("assertion" if isinstance(error, AssertionError) else "exception")
    place = places.innermost(error)
    where = f" at {place}" if place is not None else ""
    name = type(error).__name__
    said = _ADDRESS.sub("", str(error)).splitlines()
    text = f"{name}: {said[0]}" if said and said[0] else name
    hint = ""
    if isinstance(error, EOFError):
        hint = " (it reads standard input, which is empty here)"
    return Failure(
        kind=kind,
        signature=f"{kind}:{name}:{place.steady if place is not None else '?'}",
        cause=f"{text} in {actor}{where}{hint}",
        actor=actor,
        detail=_traceback(error),
        place=place,
    )


def _traceback(error: BaseException) -> tuple[str, ...]:
    """The user's part of the traceback, as Python writes it."""
    entries = traceback.extract_tb(error.__traceback__)
    users = [entry for entry in entries if places.is_users(entry.filename)]
    lines = [f"{Place(e.filename, e.lineno or 0, e.name)} in {e.name}: {e.line}" for e in users or entries[-3:]]
    return (*lines, *(_ADDRESS.sub("", line.strip()) for line in traceback.format_exception_only(error)[-1:]))


_ADDRESS = re.compile(r"( at )?0?x[0-9a-fA-F]{6,}")
_OBJECT = re.compile(r" at 0x[0-9a-f]+|<[^>]*>|'[^']*'|\d+")


def _of_log(log: Log) -> Failure | None:
    if log.level not in ("ERROR", "CRITICAL"):
        return None
    message = _ADDRESS.sub("", log.message)
    head = message.partition("\n")[0]
    error = log.error
    kind = "never-retrieved" if "never retrieved" in head else "loop"
    what = type(error).__name__ if error is not None else _OBJECT.sub("", head)[:60].strip()
    place = places.innermost(error) if error is not None else None
    said = f": {_ADDRESS.sub('', repr(error))}" if error is not None else ""
    where = f" at {place}" if place is not None else ""
    return Failure(
        kind=kind,
        signature=f"{kind}:{what}:{place.steady if place is not None else '?'}",
        cause=f"{log.logger} reports: {head}{said}{where}",
        actor=log.actor,
        detail=(*message.splitlines()[1:6], *(_traceback(error) if error is not None else ())),
    )


def _of_warning(actor: str, message: str) -> Failure | None:
    if "was never awaited" not in message:
        return None
    text = _ADDRESS.sub("", message)
    return Failure(kind="never-awaited", signature=f"never-awaited:{text}", cause=text, actor=actor)


def _deadlock(seen: Observed) -> Failure:
    waits = [f"{entry.actor} waits for {entry.resource}{entry.since}" for entry in seen.blocked]
    cycle = _cycle({entry.actor: holder for entry in seen.blocked if (holder := entry.holder)})
    if cycle:
        pairs = zip(cycle, [*cycle[1:], cycle[0]], strict=True)
        cause = "deadlock: " + ", ".join(f"{one} waits for {other}" for one, other in pairs)
    elif len(waits) == 1:
        cause = f"deadlock: {waits[0]}, and nobody is left to help"
    else:
        names = ", ".join(entry.actor for entry in seen.blocked)
        cause = f"deadlock: {names} wait, and nobody is left to help"
    where = ",".join(sorted(f"{entry.what}@{entry.steady}" for entry in seen.blocked))
    return Failure(kind="deadlock", signature=f"deadlock:{where}", cause=cause, detail=tuple(waits))


def _cycle(holders: dict[str, str]) -> list[str]:
    """Actors that wait for each other in a circle; empty when there is none."""
    for start in sorted(holders):
        path = [start]
        while (following := holders.get(path[-1])) is not None and following not in path:
            path.append(following)
        if following is not None:
            return path[path.index(following) :]
    return []


def _livelock(seen: Observed) -> Failure:
    where = sorted({entry.steady for entry in seen.blocked if entry.place is not None})
    return Failure(
        kind="livelock",
        signature=f"livelock:{','.join(where)}",
        cause="livelock: under a fair schedule, too, the run goes on and on",
        detail=tuple(f"{entry.actor} is at {entry.place}" for entry in seen.blocked if entry.place is not None),
    )


def _checked(check: Check, value: object) -> list[Failure]:
    try:
        answer = check(value)
    except Exception as error:
        return [_of_exception("check", error, "check")]
    if answer is False:
        return [Failure(kind="check", signature="check:False", cause=f"the check returned False for {value!r:.80}")]
    return []
