"""Nobody waits for what has happened: lost wake-ups of loops, tasks and threads, which control shows as deadlocks."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts import asyncio_clauses, bridge_clauses, concurrent_clauses
from futurefuzz.contracts.labels import title
from futurefuzz.contracts.verdict import Clause, Violation
from futurefuzz.oracles.base import Situation, situation
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Event, FinalState, Run

__all__ = ["Wakeups"]

_WAKE: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.AWAIT,
    "concurrent": concurrent_clauses.WAKE,
    "bridge": bridge_clauses.WAKE,
}
_OPERATION: Final[dict[str, Clause]] = {
    "asyncio": asyncio_clauses.OPERATION,
    "concurrent": concurrent_clauses.OPERATION,
    "bridge": bridge_clauses.OPERATION,
}
_SCHEDULING: Final = frozenset({"set_result", "set_exception", "cancel", "add_done_callback"})


class Wakeups:
    """The oracle."""

    name = "wakeups"

    def check(self, run: Run) -> list[Violation]:
        """See `Oracle.check`."""
        facts = situation(run)
        if facts.lockstep or facts.loose:
            return []
        found: list[Violation] = []
        waiting: list[tuple[int, Event]] = []
        states: dict[tuple[int, str], FinalState] = {}
        last = 0
        for at, event in enumerate(run.history):
            if event.kind == "stall":
                if not found:
                    found.append(self._stall(run, facts, at))
            elif event.kind == "waiting":
                waiting.append((at, event))
            elif event.kind == "state":
                assert isinstance(event.what, FinalState)
                states[event.what.future, event.what.side] = event.what
                last = at
        if run.status != "livelock":
            found += self._waiters(run, facts, waiting, states)
            if facts.is_task:
                found += self._tasks(run, facts, states, last)
        return found

    def _stall(self, run: Run, facts: Situation, at: int) -> Violation:
        count = run.history[at].what
        who, what = "", "something"
        for event in reversed(run.history[:at]):
            operation = event.what
            if event.carrier == run.loop_carrier or event.kind not in ("call", "return"):
                continue
            assert isinstance(operation, Operation)
            if operation.via == "direct" and operation.name in _SCHEDULING:
                who, what = run.names[event.carrier], operation.name
                break
        if facts.misuse and who:
            cause = f"{who} called {what} directly, and the loop sleeps with {count} of the future's callbacks ready"
            return facts.violation(self.name, asyncio_clauses.LOST_WAKE_UP, "loop not woken", cause, at)
        clause = bridge_clauses.WAKE if facts.contract == "bridge" else asyncio_clauses.LOST_WAKE_UP
        cause = f"The loop sleeps with {count} callbacks ready although nobody touched it but by call_soon_threadsafe"
        return Violation(
            oracle=self.name, clause=clause, grade="forbidden", detail="loop not woken", cause=cause, at=at
        )

    def _waiters(
        self,
        run: Run,
        facts: Situation,
        waiting: list[tuple[int, Event]],
        states: dict[tuple[int, str], FinalState],
    ) -> list[Violation]:
        # The innermost call of a carrier is what it waits in; each task that awaits waits by itself.
        innermost: dict[int, tuple[int, Event]] = {}
        tasks: list[tuple[int, Event]] = []
        for at, event in waiting:
            operation = event.what
            assert isinstance(operation, Operation)
            if operation.name == "await":
                tasks.append((at, event))
            else:
                innermost[event.carrier] = (at, event)
        if run.loop_carrier in innermost:
            tasks = []  # the loop itself is stuck: its tasks could not wake
        found = []
        for at, event in sorted([*innermost.values(), *tasks], key=lambda pair: pair[0]):
            operation = event.what
            assert isinstance(operation, Operation)
            waits = operation.name == "await" or operation.argument in ("wait", "timeout")
            if not waits:
                detail, cause = f"{title(operation)} never returned", f"{title(operation)} never came back"
                found.append(facts.violation(self.name, _OPERATION[facts.contract], detail, cause, at))
                continue
            state = states.get((operation.future, facts.side(event, run.loop_carrier)))
            if state is not None and state.outcome is not None:
                who = "A task" if operation.name == "await" else run.names[event.carrier]
                cause = f"{who} waits in {title(operation)} for ever although the future is done"
                found.append(facts.violation(self.name, _WAKE[facts.contract], "waiter never woken", cause, at))
        return found

    def _tasks(
        self, run: Run, facts: Situation, states: dict[tuple[int, str], FinalState], last: int
    ) -> list[Violation]:
        """A task whose gate, or what it awaits in its place, is done must be done."""
        links = {link.of: (link.to, "observer") for link in run.program.links}
        for future in range(run.program.futures):
            gate, task = states.get(links.get(future, (future, "resolver"))), states.get((future, "observer"))
            if gate is not None and task is not None and gate.outcome is not None and task.outcome is None:
                cause = "A task never woke although the future that it awaits is done"
                return [facts.violation(self.name, asyncio_clauses.AWAIT, "waiter never woken", cause, last)]
        return []
