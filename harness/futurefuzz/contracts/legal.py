"""All that a small program may show: the executable models, run freely instead of along a history.

From the initial state every step that a contract allows is taken, in every order, and the answers of each way are
gathered once; a run is then judged by looking its answers up. That leaves out what answers do not tell (which of two
operations returned first in real time), so it complements the oracles and does not replace them: an outcome that is
not in the set is wrong, one that is may still be.

Idea: the outcome sets of litmus tests (Alglave, Maranget, Sarkar and Sewell, "Litmus: Running Tests against Hardware",
TACAS 2011), as tables of permitted results.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from functools import lru_cache
from typing import Final, Protocol

from futurefuzz.contracts.asyncio_steps import AsyncioSteps
from futurefuzz.contracts.concurrent_steps import ConcurrentSteps
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.behaviour import Behaviour

__all__ = ["BUDGET", "Steps", "legal_answers"]

#: states after which the enumeration is given up
BUDGET: Final = 30_000

#: contract -> what a set_exception may be given whose meaning is the same on every release
_EXCEPTIONS: Final[dict[str, tuple[str | None, ...]]] = {
    "asyncio": (None, "class", "falsy", "not-an-exception"),
    "concurrent": (None, "falsy"),
}
_MODELLED: Final = frozenset(
    {
        "set_result",
        "set_exception",
        "cancel",
        "add_done_callback",
        "remove_done_callback",
        "result",
        "exception",
        "done",
        "cancelled",
        "running",
        "set_running",
        "await",
        "yield",
        "repr",
        "collect",
    }
)


class Steps(Protocol):
    """A model that runs freely. States are hashable values."""

    def initial(self) -> Hashable:
        """Where it begins."""

    def after(self, state: Hashable) -> Iterable[Hashable]:
        """The states that one step leads to; none at the end."""

    def answers(self, state: Hashable) -> Behaviour:
        """What the program has seen in a state without steps."""


@lru_cache(maxsize=64)
def legal_answers(program: Program, contract: str, shape: str = "future") -> frozenset[Behaviour] | None:
    """The answers that a contract allows a program to see.

    Args:
        program: a small one.
        contract: `asyncio` or `concurrent`.
        shape: of the target; see `targets.base.Target`.

    Returns:
        Answers as `runs.behaviour.answers_of` gives them. None where the models say nothing: hooks, futures that are
        dropped, threads that touch asyncio futures directly, unusual exceptions, tasks as futures, or more than
        `BUDGET` states.
    """
    if contract not in ("asyncio", "concurrent") or shape != "future" or not _modelled(program, contract):
        return None
    steps: Steps = AsyncioSteps(program) if contract == "asyncio" else ConcurrentSteps(program)
    found: set[Behaviour] = set()
    start = steps.initial()
    seen: set[Hashable] = {start}
    stack = [start]
    while stack:
        state = stack.pop()
        last = True
        for then in steps.after(state):
            last = False
            if then not in seen:
                seen.add(then)
                stack.append(then)
        if last:
            found.add(steps.answers(state))
        if len(seen) > BUDGET:
            return None
    return frozenset(found)


def _modelled(program: Program, contract: str) -> bool:
    if program.hooks or program.foreign or any(c.unequal or c.unhashable for c in program.callbacks):
        return False
    for operation in program.operations():
        if operation.name not in _MODELLED:
            return False
        if operation.name == "set_exception" and operation.argument not in _EXCEPTIONS[contract]:
            return False
    for actor in program.actors:
        if contract == "asyncio" and actor.kind == "thread" and any(map(_touches, actor.operations)):
            return False
    # Sites inside a callback that runs twice are told apart by their order in time, which the answers leave out.
    added = [operation.callback for operation in program.operations() if operation.name == "add_done_callback"]
    return not any(
        callback.operations and added.count(index) > 1 for index, callback in enumerate(program.callbacks)
    )


def _touches(operation: Operation) -> bool:
    return operation.via == "direct" and operation.name != "collect"
