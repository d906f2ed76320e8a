"""Callbacks: each registered one runs once, after completion, with the future, in its context, on the right thread.

The models judge order and number where they apply; here is what they do not see (arguments, contexts, threads), and
what remains true without a model: for asyncio futures that threads touch, and for bridges. Numbers are compared only
when all is quiet and nothing is under way.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from futurefuzz.contracts import asyncio_clauses, bridge_clauses, concurrent_clauses
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import Situation, situation
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.history import CallbackRun, Event, FinalState, Run

__all__ = ["Callbacks"]

_ARGUMENT: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.ARGUMENT,
    "concurrent": concurrent_clauses.ARGUMENT,
    "bridge": bridge_clauses.CALLBACKS,
}
_ONCE: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.ONCE,
    "concurrent": concurrent_clauses.ONCE,
    "bridge": bridge_clauses.CALLBACKS,
}
_REMOVE: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.REMOVE,
    "bridge": bridge_clauses.CALLBACKS,
}
_COMPLETING: Final = ("set_result", "set_exception", "cancel")
_NONE: Final = ("returned", "None")


class Callbacks:
    """The oracle."""

    name = "callbacks"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        facts = situation(run)
        if facts.lockstep or facts.undefined or not run.program.callbacks:
            return []
        found = self._each(run, facts)
        if found is None and not facts.loose and facts.contract != "concurrent" and run.status != "livelock":
            found = self._numbers(run, facts)
        return [] if found is None else [found]

    # ---- one call at a time -----------------------------------------------------------------------------------------

    def _each(self, run: Run, facts: Situation) -> Violation | None:
        contract = facts.contract
        open_calls: dict[int, list[Operation | None]] = {}
        threadsafe: set[tuple[int, int]] = set()  # callbacks that were registered with the concurrent end of a bridge
        for at, event in enumerate(run.history):
            kind = event.kind
            if kind == "call":
                assert isinstance(event.what, Operation)
                if event.what.name != "await" and event.what.name != "yield":
                    open_calls.setdefault(event.carrier, []).append(event.what)
                    if contract == "bridge" and event.what.name == "add_done_callback":
                        assert event.what.callback is not None
                        if facts.side_contract(facts.side(event, run.loop_carrier)) == "concurrent":
                            threadsafe.add((event.what.callback, event.what.future))
            elif kind == "return":
                assert isinstance(event.what, Operation)
                if event.what.name != "await" and event.what.name != "yield":
                    stack = open_calls.get(event.carrier)
                    if stack:
                        stack.pop()
            elif kind == "ran":
                stack = open_calls.get(event.carrier)
                if stack and stack[-1] is None:
                    stack.pop()
            elif kind == "run":
                what = event.what
                assert isinstance(what, CallbackRun)
                stack = open_calls.setdefault(event.carrier, [])
                wrong = self._call(run, facts, contract, what, event, stack[-1] if stack else None)
                off_loop = contract == "bridge" and event.carrier != run.loop_carrier
                if wrong is None and off_loop and what[:2] not in threadsafe:
                    wrong = (
                        bridge_clauses.CALLBACKS,
                        "callback on a thread",
                        "A callback of the asyncio end ran on a thread instead of the loop's",
                    )
                if wrong is not None:
                    clause, detail, cause = wrong
                    return facts.violation(self.name, clause, detail, cause, at)
                stack.append(None)
        return None

    def _call(
        self, run: Run, facts: Situation, contract: str, what: CallbackRun, event: Event, inside: Operation | None
    ) -> tuple[Clause, str, str] | None:
        if what.future < 0:
            return _ARGUMENT[contract], "wrong future", "A callback got something else than the future"
        if what.arguments != 1:
            return (
                _ARGUMENT[contract],
                "wrong arguments",
                f"A callback got {what.arguments} arguments instead of the future",
            )
        if not what.done:
            return _ONCE[contract], "callback before done", "A callback ran while the future said that it is not done"
        if contract == "asyncio":
            if event.carrier != run.loop_carrier:
                return (
                    asyncio_clauses.THREAD,
                    "callback on a thread",
                    "A callback ran on a thread instead of the loop's",
                )
            context = _only_context(run.program, what.callback, what.future)
            if context is not None and what.context != context:
                return (
                    asyncio_clauses.CONTEXT,
                    "wrong context",
                    "A callback ran in another context than that of its registration",
                )
        elif contract == "concurrent" and not _runs(inside, what):
            return (
                concurrent_clauses.INLINE,
                "callback outside of a call",
                "A callback ran neither inside the completing call nor inside its own registration",
            )
        return None

    # ---- numbers ----------------------------------------------------------------------------------------------------

    def _numbers(self, run: Run, facts: Situation) -> Violation | None:
        program = run.program
        groups = program.groups()
        added: Counter[tuple[int, int]] = Counter()  # (future, group)
        removed: Counter[tuple[int, int]] = Counter()
        runs: Counter[tuple[int, int]] = Counter()
        done: dict[int, list[bool]] = {}
        unsure: set[int] = set()  # futures with an operation that failed in the middle, or never came back
        pending: Counter[tuple[int, str]] = Counter()
        last = 0
        for at, event in enumerate(run.history):
            what = event.what
            if event.kind == "call":
                assert isinstance(what, Operation)
                if what.name in ("add_done_callback", "remove_done_callback", *_COMPLETING):
                    pending[what.future, event.site] += 1
                if (what.name == "add_done_callback" and what.via == "direct") or event.site[-1] == "!":
                    self._count(added, what, groups)
            elif event.kind == "return":
                assert isinstance(what, Operation)
                if what.name in ("add_done_callback", "remove_done_callback", *_COMPLETING):
                    pending[what.future, event.site] -= 1
                if what.name == "add_done_callback" and event.outcome != _NONE:
                    unsure.add(what.future)
                elif what.name == "remove_done_callback" and event.outcome is not None:
                    count = event.outcome.what
                    if event.outcome.how == "returned" and count.lstrip("-").isdigit():
                        removed[what.future, groups[what.callback or 0]] += int(count)
                        if int(count) < 0:
                            return facts.violation(
                                self.name,
                                _REMOVE[facts.contract],
                                "negative count",
                                "remove_done_callback returned a negative number",
                                at,
                            )
                elif what.name in _COMPLETING and event.outcome is not None and event.outcome.how == "raised":
                    if event.outcome.what not in ("InvalidStateError", "TypeError"):
                        unsure.add(what.future)
                elif what.name == "drop":
                    unsure.add(what.future)
            elif event.kind == "run":
                assert isinstance(what, CallbackRun)
                key = (what.future, groups[what.callback])
                runs[key] += 1
                if what.future not in unsure and runs[key] > added[key]:
                    cause = "A callback ran more often than it was registered"
                    return facts.violation(self.name, _ONCE[facts.contract], "callback ran twice", cause, at)
            elif event.kind == "state":
                assert isinstance(what, FinalState)
                if facts.contract == "bridge" or what.side == "observer":
                    done.setdefault(what.future, []).append(what.outcome is not None)
                last = at
        unsure.update(future for (future, _), count in pending.items() if count)
        return self._balance(facts, added, removed, runs, done, unsure, last)

    def _balance(
        self,
        facts: Situation,
        added: Counter[tuple[int, int]],
        removed: Counter[tuple[int, int]],
        runs: Counter[tuple[int, int]],
        done: dict[int, list[bool]],
        unsure: set[int],
        last: int,
    ) -> Violation | None:
        for key, count in added.items():
            future = key[0]
            if future in unsure or not done.get(future) or not all(done[future]):
                continue
            gone = runs[key] + removed[key]
            if gone < count:
                cause = "A callback of a done future never ran, and nobody removed it"
                return facts.violation(self.name, _ONCE[facts.contract], "callback never ran", cause, last)
            if gone > count:
                clause = _REMOVE[facts.contract]
                cause = "A callback ran although remove_done_callback had counted it as removed"
                return facts.violation(self.name, clause, "removed callback ran", cause, last)
        return None

    @staticmethod
    def _count(added: Counter[tuple[int, int]], what: Operation, groups: list[int]) -> None:
        if what.name == "add_done_callback":
            added[what.future, groups[what.callback or 0]] += 1


def _runs(inside: Operation | None, what: CallbackRun) -> bool:
    """Whether a callback may be called directly by this operation."""
    if inside is None or inside.future != what.future:
        return False
    return inside.name in _COMPLETING or (inside.name == "add_done_callback" and inside.callback == what.callback)


def _only_context(program: Program, callback: int, future: int) -> str | None:
    """The context that every registration of a callback names; None when they differ or one names none."""
    contexts = {
        operation.context
        for operation in program.operations()
        if operation.name == "add_done_callback" and operation.callback == callback and operation.future == future
    }
    if len(contexts) != 1:
        return None
    context = contexts.pop()
    return None if context is None else str(context)
