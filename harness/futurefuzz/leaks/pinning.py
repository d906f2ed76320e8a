"""Which operation causes a leak: the run is repeated with each operation left out in turn.

Leaving out means asking `done()` in its place, so that no number, site or schedule of the others changes. (Zeller,
"Yesterday, my program worked. Today, it does not. Why?", ESEC/FSE 1999, looks for causes in this way among changes.)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from attrs import evolve, frozen

from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.programs.program import Operation, Program

__all__ = ["Pin", "pin"]

#: leaving one of these out changes nothing about the target
_ASKING: Final = frozenset({"done", "cancelled", "running", "repr", "yield", "collect"})

_OWNERS: Final = (("actors", ""), ("callbacks", "c"), ("hooks", "h"))


@frozen(kw_only=True)
class Pin:
    """The operation without which it does not leak, or leaks least.

    Args:
        name: of the operation.
        site: where it stands in the program, as events name it.
        words: the operation for a person.
        alone: without it nothing leaks; False: less.
    """

    name: str
    site: str
    words: str
    alone: bool


def pin(program: Program, leaks: Callable[[Program], float], whole: float) -> Pin | None:
    """The operation that matters most; of several that matter as much, the first in the order of the vocabulary.

    Args:
        program: what leaks.
        leaks: runs a program and says how much it leaks: 0 for not at all.
        whole: how much the given one does.

    Returns:
        None when no operation makes a difference: making the futures is enough.
    """
    order = list(OPERATIONS)
    best: tuple[float, int, int] | None = None
    found: Pin | None = None
    for position, (site, operation, smaller) in enumerate(_without_one(program)):
        left = leaks(smaller)
        if left >= whole:
            continue
        rank = (left, order.index(operation.name), position)
        if best is None or rank < best:
            best = rank
            found = Pin(name=operation.name, site=site, words=_words(operation, site), alone=left <= 0)
    return found


def _without_one(program: Program) -> list[tuple[str, Operation, Program]]:
    variants = []
    for part, letter in _OWNERS:
        holders = getattr(program, part)
        for number, holder in enumerate(holders):
            in_task = part == "actors" and holder.kind == "task"
            for position, operation in enumerate(holder.operations):
                if operation.name in _ASKING:
                    continue
                plain = Operation(name="yield" if in_task and operation.name == "await" else "done")
                neutral = evolve(plain, future=operation.future)
                changed = (*holder.operations[:position], neutral, *holder.operations[position + 1 :])
                others = (*holders[:number], evolve(holder, operations=changed), *holders[number + 1 :])
                variants.append((f"{letter}{number}.{position}", operation, _with(program, part, others)))
    return variants


def _with(program: Program, part: str, holders: tuple[Any, ...]) -> Program:
    changes: dict[str, Any] = {part: holders}
    return evolve(program, **changes)


def _words(operation: Operation, site: str) -> str:
    callback = "" if operation.callback is None else f"c{operation.callback}"
    argument = operation.argument or callback
    where = {"c": "callback", "h": "hook"}.get(site[0], "actor")
    return f"f{operation.future}.{operation.name}({argument}) of {where} {site.lstrip('ch').partition('.')[0]} ({site})"
