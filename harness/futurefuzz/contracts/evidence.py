"""Which clauses a run could have broken: a clause that nothing has tried is not one that holds.

One pass over a history collects what happened (`Facts`); a predicate for each clause says whether a Future that breaks
it would have shown in a run with these facts. A module of clauses adds its own to `EVIDENCE`, and to `NEEDS` what a
target must offer for the clause to mean anything; clauses that are not judged run by run have no predicate, and whoever
judges them counts for himself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Final

from futurefuzz.contracts import clauses_of, compound_evidence, several_loops_evidence
from futurefuzz.contracts.compound_evidence import SHAPES_OF
from futurefuzz.contracts.compound_facts import judged
from futurefuzz.contracts.misuse import LOOSE, misuse
from futurefuzz.programs.operations import RESOLVING
from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.history import CallbackRun, Event, FinalState, Run
from futurefuzz.targets.base import GROUPS, Target

__all__ = ["EVIDENCE", "HELPFUL", "NEEDS", "Facts", "Witness", "needed"]

_NONE: Final = ("returned", "None")
_TRUE: Final = ("returned", "True")
_SKIPPED: Final = ("returned", "skipped")
_ASKING: Final = frozenset({"result", "exception", "await"})
_SETTING: Final = frozenset({"set_result", "set_exception"})


class Facts:
    """What happened in a run, as far as clauses are tried by it.

    Attributes:
        performed: names of the operations that were performed and came back.
        arguments: (operation, argument) of these.
        done: futures that an operation completed (or, of a task, set going towards its end).
        late: a value or an exception was set on one of these.
        crossed: one of these was to be completed, or cancelled, once more.
        cancelled_first: a cancellation was accepted before anything else had completed or started the future.
        through: an outcome was set at one end of a bridge whose other end was not cancelled.
        cancelled: futures of which a cancellation returned True.
        registered: future -> callbacks registered with it.
        ran: future -> callbacks that it ran.
        started: futures that were set running.
        removed: a callback that had been registered was removed.
        in_context: a callback ran in a context of the program's.
        raised: a callback raised, or a posted operation.
        told: a CancelledError came out where a message had gone in.
        failed_out: an exception that the program had set came out again.
        dropped_exception: a future with an exception was dropped.
        awaited: an await came back.
        waited: an operation that waits began before its future was completed, and came back.
        threads: the program has threads.
        is_task: the target's futures are tasks.
    """

    __slots__ = (
        "arguments",
        "awaited",
        "cancelled",
        "cancelled_first",
        "crossed",
        "done",
        "dropped_exception",
        "failed_out",
        "in_context",
        "is_task",
        "late",
        "performed",
        "raised",
        "ran",
        "registered",
        "removed",
        "started",
        "threads",
        "through",
        "told",
        "waited",
    )

    def __init__(self, run: Run, *, is_task: bool, threads: bool) -> None:
        self.is_task = is_task
        self.threads = threads
        self.performed: set[str] = set()
        self.arguments: set[tuple[str, str]] = set()
        self.done: set[int] = set()
        self.cancelled: set[int] = set()
        self.registered: dict[int, set[int]] = {}
        self.ran: Counter[int] = Counter()
        self.started: set[int] = set()
        self.crossed = self.cancelled_first = self.through = False
        self.late = self.removed = self.in_context = self.raised = self.told = False
        self.dropped_exception = self.awaited = self.waited = self.failed_out = False
        messages: set[int] = set()
        failed: set[int] = set()
        cancelled_ends: set[int] = set()  # futures, or bridges one of whose ends is cancelled at the end
        began: set[tuple[int, str]] = set()  # waits that began before their future was completed
        for event in run.history:
            kind = event.kind
            what = event.what
            if kind == "return":
                assert isinstance(what, Operation)
                if event.outcome != _SKIPPED and (what.via == "direct" or event.site[-1] == "!"):
                    self._returned(what, event, messages, failed, began)
            elif kind == "call":
                assert isinstance(what, Operation)
                if (what.name == "await" or what.argument in ("wait", "timeout")) and what.future not in self.done:
                    began.add((event.actor, event.site))
            elif kind == "run":
                assert isinstance(what, CallbackRun)
                self.ran[what.future] += 1
                self.in_context |= what.context != ""
            elif kind == "state":
                assert isinstance(what, FinalState)
                if what.outcome is not None and what.outcome.what.startswith("CancelledError"):
                    cancelled_ends.add(what.future)
            elif kind == "ran":
                self.raised |= event.outcome is not None and event.outcome.how == "raised"
        self.through = not self.done <= self.cancelled | cancelled_ends

    def _returned(
        self, what: Operation, event: Event, messages: set[int], failed: set[int], began: set[tuple[int, str]]
    ) -> None:
        name, future, outcome = what.name, what.future, event.outcome
        assert outcome is not None
        self.performed.add(name)
        if what.argument is not None:
            self.arguments.add((name, what.argument))
        if name in RESOLVING:
            self.late |= name in _SETTING and future in self.done
            self.crossed |= future in self.done
            if outcome == (_TRUE if name == "cancel" else _NONE):
                first = future not in self.done
                self.done.add(future)
                if name == "cancel":
                    self.cancelled.add(future)
                    self.cancelled_first |= first and future not in self.started
                    if what.argument is not None:
                        messages.add(future)
                elif name == "set_exception":
                    failed.add(future)
        elif name == "add_done_callback":
            assert what.callback is not None
            self.registered.setdefault(future, set()).add(what.callback)
        elif name == "remove_done_callback":
            self.removed |= what.callback in self.registered.get(future, ())
        elif name == "set_running":
            self.started.add(future)
        elif name == "drop":
            self.dropped_exception |= future in failed
        if name in _ASKING:
            self.told |= future in messages and outcome.what.startswith("CancelledError")
            self.awaited |= name == "await"
            self.failed_out |= outcome.what[:2] == "e:"
            self.waited |= (event.actor, event.site) in began
        self.raised |= event.site[-1] == "!" and outcome.how == "raised"


def _any(_facts: Facts) -> bool:
    return True


def _performed(*names: str) -> Callable[[Facts], bool]:
    wanted = frozenset(names)
    return lambda facts: not wanted.isdisjoint(facts.performed)


def _called_back(facts: Facts) -> bool:
    return bool(facts.ran)


def _completed_with_callbacks(facts: Facts) -> bool:
    return any(future in facts.done for future in facts.registered)


def _several_called_back(facts: Facts) -> bool:
    return any(count > 1 for count in facts.ran.values()) or (facts.awaited and bool(facts.ran))


def _odd_exception(facts: Facts) -> bool:
    return any(name == "set_exception" and argument != "falsy" for name, argument in facts.arguments)


#: clause -> whether a run with these facts could have broken it; those that are missing are not judged run by run
EVIDENCE: Final[dict[str, Callable[[Facts], bool]]] = {
    "A1": lambda facts: facts.late,
    "A2": _odd_exception,
    "A3": _performed("cancel"),
    "A4": _performed("result"),
    "A5": _performed("exception"),
    "A6": _performed("done", "cancelled"),
    "A7": _completed_with_callbacks,
    "A8": _several_called_back,
    "A9": lambda facts: facts.removed,
    "A10": _called_back,
    "A11": lambda facts: facts.in_context,
    "A12": lambda facts: facts.awaited,
    "A13": lambda facts: facts.is_task and bool(facts.cancelled),
    "A14": lambda facts: facts.raised,
    "A15": lambda facts: facts.dropped_exception,
    "A16": _performed("add_done_callback", "remove_done_callback", "repr", "drop", "done", "cancelled"),
    "A17": lambda facts: facts.threads and bool(facts.ran),
    "A19": lambda facts: facts.threads and bool(facts.done),
    "A20": lambda facts: facts.told,
    "A21": lambda facts: facts.failed_out,
    "B1": lambda facts: facts.through,
    "B2": lambda facts: facts.cancelled_first,
    "B3": lambda facts: facts.crossed,
    "B4": _called_back,
    "B5": lambda facts: facts.waited,
    "B6": lambda facts: facts.crossed,
    "B7": lambda facts: bool(facts.performed),
    "B8": lambda facts: facts.failed_out,
    "C1": lambda facts: facts.late,
    "C2": _performed("cancel"),
    "C3": _performed("result"),
    "C4": _performed("exception"),
    "C5": _performed("done", "cancelled", "running"),
    "C6": _performed("set_running"),
    "C7": _completed_with_callbacks,
    "C8": lambda facts: any(count > 1 for count in facts.ran.values()),
    "C9": _called_back,
    "C10": _called_back,
    "C11": lambda facts: facts.waited,
    "C12": lambda facts: facts.raised,
    "C13": _performed("add_done_callback", "repr", "done", "cancelled", "running"),
    "C14": lambda facts: facts.failed_out,
    "X1": _any,
    "X2": lambda facts: bool(facts.performed),
    "X3": _any,
    "X4": _any,
    "X5": lambda facts: bool(facts.performed),
}

#: clauses that are judged in every run, legal or not, whatever else goes wrong in it
_SURVIVAL: Final = frozenset({"X1", "X2", "X3", "X4", "X5"})

#: clause -> sets of operations; a target that lacks all of one of them does not offer what the clause is about
NEEDS: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "A1": (_SETTING,),
    "A2": (frozenset({"set_exception"}),),
    "A3": (frozenset({"cancel"}),),
    "A5": (frozenset({"exception"}),),
    "A7": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "A8": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "A9": (frozenset({"add_done_callback"}), frozenset({"remove_done_callback"})),
    "A10": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "A11": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "A12": (frozenset({"await"}),),
    "A13": (frozenset({"cancel"}),),
    "A15": (frozenset({"set_exception"}),),
    "A17": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "A20": (frozenset({"cancel"}),),
    "A21": (frozenset({"set_exception"}),),
    "B2": (frozenset({"cancel"}),),
    "B4": (frozenset({"add_done_callback"}),),
    "C1": (_SETTING,),
    "C2": (frozenset({"cancel"}),),
    "C4": (frozenset({"exception"}),),
    "C6": (frozenset({"set_running"}),),
    "C7": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "C8": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "C9": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "C10": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
    "C14": (frozenset({"set_exception"}),),
    "C12": (frozenset({"add_done_callback"}), frozenset(RESOLVING)),
}

def _sets(*sets: str) -> tuple[frozenset[str], ...]:
    return tuple(frozenset(part.strip() for part in one.split("+")) for one in sets)


#: clause -> sets of features (`programs.features`); programs with all of one of them try it more often than others do
HELPFUL: Final[dict[str, tuple[frozenset[str], ...]]] = {
    "A1": _sets("two resolutions of a future"),
    "A2": _sets("set_exception(class)", "set_exception(StopIteration)"),
    "A3": _sets("cancel"),
    "A4": _sets("result"),
    "A5": _sets("exception"),
    "A8": _sets("two callbacks on a future", "two callbacks on a future + remove_done_callback"),
    "A9": _sets(
        "two callbacks on a future + remove_done_callback",
        "removal by an equal callback",
    ),
    "A11": _sets(
        "callback in a context",
        "callback in a context + two callbacks on a future",
        "another future meets a context",
    ),
    "A12": _sets("await"),
    "A13": _sets("cancel"),
    "A14": _sets("callback that raises"),
    "A15": _sets("set_exception + drop", "set_exception + exception + drop"),
    "A17": _sets("thread + add_done_callback"),
    "A20": _sets("cancel(message)"),
    "C1": _sets("two resolutions of a future"),
    "C4": _sets("exception"),
    "C6": _sets("set_running"),
    "C8": _sets("two callbacks on a future"),
    "C11": _sets("result(wait) + two threads"),
    "C12": _sets("callback that raises"),
}

#: clauses that tasks alone have
_OF_TASKS: Final = frozenset({"A13"})
#: clauses about what is left in a loop
_OF_LOOPS: Final = frozenset({"L6"})


def needed(clause: str, contract: str, shape: str, lacks: frozenset[str]) -> str | None:
    """Why a target does not offer what a clause is about; None where it does.

    Args:
        clause: its id.
        contract, shape: of the target.
        lacks: what the target does not offer.
    """
    if clause in _OF_TASKS and shape != "task":
        return "it is no task"
    if shape not in SHAPES_OF.get(clause, {shape}):
        return "it is about others"
    if clause in _OF_LOOPS and contract in ("concurrent", "concurrent-compound"):
        return "it has no loop"
    missing = next((names for names in NEEDS.get(clause, ()) if names <= lacks), None)
    return None if missing is None else f"it has no {' or '.join(sorted(missing))}"


@cache
def _tests(contract: str) -> tuple[tuple[str, Callable[[Facts], bool]], ...]:
    return tuple((clause, EVIDENCE[clause]) for clause in clauses_of(contract) if clause in EVIDENCE)


class Witness:
    """Says of the runs of one program which clauses they have tried.

    Args:
        program: what is run.
        target: on what.
    """

    def __init__(self, program: Program, target: Target) -> None:
        self._is_task = target.shape == "task"
        self._threads = any(actor.kind == "thread" for actor in program.actors)
        contract = target.contract
        self._tests = _tests(contract)
        # What is misuse is judged for survival only; concurrent futures may be re-entered.
        wrong = misuse(program, contract, target)
        self.legal = not wrong & LOOSE if contract == "concurrent" else not wrong
        self._contract, self._shape = contract, target.shape
        self._of_group = contract in GROUPS
        self._judged = self.legal and (not self._of_group or judged(program, target))

    @staticmethod
    def survival(clause: str) -> bool:
        """Whether a clause is judged in every run, legal or not."""
        return clause in _SURVIVAL

    def tried(self, run: Run, *, clean: bool) -> list[str]:
        """The clauses that the run could have broken.

        Args:
            run: of this program.
            clean: no oracle has objected to it: after what is wrong the rest of a run is not judged. Nor is a run on
                which a model gave up.
        """
        facts = Facts(run, is_task=self._is_task, threads=self._threads)
        whole = clean and self._judged and run.status != "livelock" and not run.undecided
        found = [clause for clause, test in self._tests if (whole or clause in _SURVIVAL) and test(facts)]
        if whole and self._of_group:
            found += compound_evidence.tried(self._contract, self._shape, run)
        if whole and self._contract == "loops":
            found += several_loops_evidence.tried(run)
        return found
