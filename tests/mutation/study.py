"""All changes of a subject, tried by two processes at most, and what is known of those that survive."""

from __future__ import annotations

import json
import os
import selectors
import sys
import tomllib
from collections.abc import Callable, Iterator, Sequence
from functools import cache, partial
from pathlib import Path
from typing import Any, Final

from attrs import asdict, evolve, frozen

from futurefuzz.targets import find
from tests.mutation.operators import Mutation
from tests.mutation.subjects import Subject, target_of
from tests.mutation.trying import Tried, tried

__all__ = ["KINDS", "Budget", "Entry", "reason_of", "study"]

_REASONS: Final = Path(__file__).with_name("reasons.toml")

#: what can be said of a change that survives: nobody can see it; somebody can, but no clause speaks of it; nothing yet
KINDS: Final = ("equivalent", "outside", "missed")

#: runs of what is not changed, at least: what it shows seldom must not count as seen in a change
_BASELINE: Final = 3000


@frozen(kw_only=True)
class Budget:
    """How thoroughly each change is tried.

    Args:
        runs: at first.
        more: of what survives these.
        points: runs with points inside the code, of what survives these, too, where the contract is about threads.
        seconds: of the wall, for each of these.
        seed: everything follows from it.
    """

    runs: int = 800
    more: int = 4000
    points: int = 800
    seconds: float = 120.0
    seed: int = 0


@frozen(kw_only=True)
class Entry:
    """A change and what came of it.

    Args:
        subject: name of what was changed.
        number: among the subject's changes.
        function, operator, change: as in `Mutation`.
        target: that saw it, or the last one that did not.
        tried: what came of it.
        kind: of what survived, one of `KINDS`; empty for the rest.
        reason: of that.
    """

    subject: str
    number: int
    function: str
    operator: str
    change: str
    line: int
    target: str
    tried: Tried
    kind: str = ""
    reason: str = ""


@cache
def _reasons() -> tuple[dict[str, Any], ...]:
    return tuple(tomllib.loads(_REASONS.read_text(encoding="utf-8")).get("survivor", ()))


def reason_of(subject: str, function: str, change: str) -> tuple[str, str]:
    """What a person has found out about a change that survives: one of `KINDS`, and why.

    An entry of `reasons.toml` names a subject, a function, and the changes that it speaks of; without changes it speaks
    of the whole function.
    """
    for entry in _reasons():
        functions = entry["function"] if isinstance(entry["function"], list) else [entry["function"]]
        if entry["subject"] == subject and function in functions and change in entry.get("changes", [change]):
            return str(entry["kind"]), str(entry["reason"])
    return "missed", ""


def study(
    subject: Subject, budget: Budget, *, jobs: int, chosen: Callable[[int, Mutation], bool], say: Callable[[str], None]
) -> list[Entry]:
    """Try the changes of a subject.

    Args:
        subject: what is changed.
        budget: how thoroughly.
        jobs: processes at a time.
        chosen: of the number of a change and itself: whether it takes part.
        say: is told of each that is over.
    """
    todo = [(number, one) for number, one in enumerate(subject.mutations()) if chosen(number, one)]
    ignored = {name: _baseline(subject, name, budget) for name in subject.targets} if todo else {}
    found: list[Entry] = []
    for answer in _shared(jobs, todo, partial(_try, subject, budget, ignored)):
        entry = Entry(**{**answer, "tried": Tried(**answer["tried"])})
        if entry.tried.verdict == "survived":
            kind, reason = reason_of(entry.subject, entry.function, entry.change)
            entry = evolve(entry, kind=kind, reason=reason)
        found.append(entry)
        verdict = " ".join(filter(None, (entry.tried.verdict, entry.kind, entry.tried.clause)))
        say(f"{len(found)}/{len(todo)} {entry.subject} {entry.number} {entry.function}: {entry.change}: {verdict}")
    return sorted(found, key=lambda entry: entry.number)


def _baseline(subject: Subject, target: str, budget: Budget) -> frozenset[str]:
    """What the unchanged subject shows; by itself, so that a known bug counts for nothing."""
    maker = partial(target_of, subject, None, target, _name(subject, "original", target))
    runs = max(budget.runs, budget.more, _BASELINE)
    seen = tried(maker, runs=runs, seconds=budget.seconds * 2, seed=budget.seed, ignored=None)
    if seen.verdict != "survived":
        raise RuntimeError(f"{subject.name} as it is: {seen}")
    return frozenset(seen.cause.splitlines())


def _name(subject: Subject, what: object, target: str) -> str:
    return f"changed.{subject.name}.{what}.{target}"


def _try(subject: Subject, budget: Budget, ignored: dict[str, frozenset[str]], item: tuple[int, Mutation]) -> Any:
    number, mutation = item
    last: tuple[str, Tried] | None = None
    inside = budget.points if sys.version_info >= (3, 12) else 0
    for runs, points in ((budget.runs, ""), (budget.more, ""), (inside, "free-threaded")):
        for target in subject.targets if runs else ():
            if points and find(target).contract != "concurrent":
                continue
            maker = partial(target_of, subject, mutation, target, _name(subject, number, target))
            came = tried(
                maker, runs=runs, seconds=budget.seconds, seed=budget.seed, ignored=ignored[target], points=points
            )
            last = target, came
            if came.verdict != "survived":
                break
        if last is not None and last[1].verdict != "survived":
            break
    assert last is not None
    return asdict(
        Entry(
            subject=subject.name,
            number=number,
            function=mutation.function,
            operator=mutation.operator,
            change=mutation.key,
            line=mutation.line,
            target=last[0],
            tried=last[1],
        )
    )


def _shared(jobs: int, items: Sequence[Any], work: Callable[[Any], Any]) -> Iterator[Any]:
    """What comes of each item, in the order in which it comes."""
    with selectors.DefaultSelector() as selector:
        children = []
        for place in range(jobs):
            reading, writing = os.pipe()
            child = os.fork()
            if child == 0:
                os.close(reading)
                with os.fdopen(writing, "w", encoding="utf-8") as out:
                    for item in items[place::jobs]:
                        out.write(json.dumps(work(item)) + "\n")
                        out.flush()
                os._exit(0)
            os.close(writing)
            children.append(child)
            selector.register(os.fdopen(reading, encoding="utf-8"), selectors.EVENT_READ)
        while selector.get_map():
            for key, _ in selector.select():
                line = key.fileobj.readline()  # type: ignore[union-attr]
                if line:
                    yield json.loads(line)
                else:
                    selector.unregister(key.fileobj)
                    key.fileobj.close()  # type: ignore[union-attr]
        for child in children:
            os.waitpid(child, 0)
