"""Runs single cases in processes of their own, with what happened told even when the process does not survive it.

A fresh process for each case is what confirmation and `futurefuzz replay` need; a minimiser that tries hundreds of
cases takes a `Runner`, whose worker forks a new child whenever a case has killed the last one.
"""

from __future__ import annotations

import itertools
import json
import re
import signal
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from attrs import evolve, frozen

from futurefuzz.campaign.note import hook_of
from futurefuzz.campaign.process import Death, Stopped, Worker
from futurefuzz.campaign.protocol import MEMORY_EXIT, Setup
from futurefuzz.contracts.misuse import circumstances
from futurefuzz.errors import HarnessError, InputError
from futurefuzz.explorers.base import Step
from futurefuzz.explorers.replay import schedule_of
from futurefuzz.findings.finding import Case
from futurefuzz.findings.signature import clause_of_end, crash_signature, how_it_ended, is_leak
from futurefuzz.programs.codec import program_to_json, schedule_to_json
from futurefuzz.programs.program import Program
from futurefuzz.runs.behaviour import died
from futurefuzz.runs.record import step_from_json
from futurefuzz.runs.sampling import Sample, Sampled
from futurefuzz.targets.base import GROUPS, LOOPLESS

__all__ = ["HANG", "Reproduction", "Runner", "Seen", "alike", "carrier_names", "death_signature", "how_of", "run_case"]

#: seconds without an end after which a single run counts as hanging
HANG: Final = 10.0

#: timers of a run that is told about by name although it did not live to count them
_TIMERS: Final = 64
_END: Final = re.compile(r"(.*):(X[123]):")
#: what every event has, see `runs.record`
_EVENT: Final = frozenset({"kind", "actor", "carrier", "site", "what", "outcome"})
_CAUSES: Final = {
    "X1": "{how} killed the interpreter in {what}",
    "X2": "the interpreter never came back from {what}",
    "X3": "the interpreter ended ({how}) in {what}",
}


@frozen(kw_only=True)
class Seen:
    """One violation of a run: as `contracts.verdict.Violation`, with its signature and without objects."""

    signature: str
    oracle: str
    clause: str
    grade: str
    cause: str
    at: int


@frozen(kw_only=True)
class Reproduction:
    """What a single run did.

    Args:
        how: None when the process survived; else how it ended: `SIGSEGV`, `hang`, `exit 3`, `MemoryError`.
        violations: what the oracles said, the first first; for an end of the process that end alone.
        events: of the history, in their JSON shape, up to the end.
        steps: every point, up to the end.
        names: of the carriers.
        status: of the run; `died` when the process did not survive.
        choices: of the run.
        errors: what the process wrote on its standard streams, such as the stack of a crash.
        diverged: where the schedule could not be followed, in sentences.
        health: of the loop, as JSON; None where nobody asked, or there was no loop.
    """

    how: str | None
    violations: tuple[Seen, ...]
    events: tuple[Mapping[str, Any], ...]
    steps: tuple[Step, ...]
    names: tuple[str, ...]
    status: str
    choices: tuple[int, ...] = ()
    errors: str = ""
    diverged: tuple[str, ...] = ()
    health: Mapping[str, Any] | None = None

    @property
    def signature(self) -> str | None:
        """Of the finding that this run shows, None when it shows none."""
        return self.violations[0].signature if self.violations else None

    def shows(self, signature: str) -> bool:
        """Whether this run shows the finding with that signature.

        Where a process dies of broken memory depends on what else it has loaded, so for the end of a process it is
        enough that the process ended in the same manner (clause), in whatever operation.
        """
        mine = self.signature
        return mine is not None and alike(mine, signature)

    def case(self, case: Case) -> Case:
        """The case with the schedule that was really run."""
        return evolve(case, schedule=schedule_of(self.steps, self.names))


class Runner:
    """A process for many cases, one after another.

    Args:
        setup: which targets are loaded.
        core: which core it is pinned to; None for none.
        fork: a case that kills the process is followed by a forked one; False: by a whole new one.
        stop: asked now and then while waiting; True gives up with `Stopped`.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        core: int | None = None,
        fork: bool = True,
        stop: Callable[[], bool] = lambda: False,
    ) -> None:
        self._setup = evolve(setup, scenarios=None)
        self._core = core
        self._fork = fork
        self._stop = stop
        self._worker: Worker | None = None
        self._number = itertools.count()

    def run(
        self,
        case: Case,
        *,
        choices: Sequence[int] | None = None,
        timeout: float = HANG,
        signature: str = "",
        looking: bool = False,
    ) -> Reproduction:
        """Run a case.

        Args:
            case: what to run.
            choices: the raw choices to follow instead of the case's schedule.
            timeout: seconds after which it counts as a hang.
            signature: what it should show. For a leak the run is followed by a look at what it leaves behind.
            looking: see how the loop fares.

        Raises:
            InputError: the target is unknown, or does not fit the program.
            HarnessError: the harness failed, or no worker can be started.
            process.Stopped: `stop` said so.
        """
        worker, contracts, number = self._ask(
            case,
            {
                "do": "case",
                "choices": None if choices is None else list(choices),
                "schedule": schedule_to_json(case.schedule),
                "leaks": is_leak(signature),
                "looking": looking,
            },
        )
        events: list[Mapping[str, Any]] = []
        steps: list[Step] = []
        for item in worker.conversation(timeout, self._stop):
            if isinstance(item, Death):
                errors = worker.errors
                self._bury(item)
                if item.ended_well:
                    return _survived(json.loads(item.culprit.answer)["result"], events, steps, errors)
                return _ended(case, how_of(item.code), events, steps, contracts, errors, item.culprit.phase)
            if "error" in item:
                error = item["error"]
                raise InputError(error["text"]) if error["kind"] == "input" else HarnessError(_harness_text(error))
            try:
                if "event" in item:
                    events.append(_event(item["event"]))
                elif "step" in item:
                    steps.append(step_from_json(item["step"]))
                elif "result" in item and item["result"]["number"] == number:
                    return _survived(item["result"], events, steps, worker.errors)
            except (TypeError, ValueError, KeyError, AttributeError) as error:
                self.close()  # a process whose memory is broken can say anything
                raise HarnessError(f"a worker answered nonsense: {error!r}") from error
        if self._stop():
            raise Stopped
        return self._hung(worker, case, events, steps, contracts)

    def search(self, case: Case, signature: str, *, runs: int, timeout: float = HANG) -> list[int] | None:
        """Look for other choices under which the case's program shows the signature, or kills the process.

        Args:
            case: whose program; its schedule is not followed.
            signature: of the first violation.
            runs: how many schedules to try.
            timeout: seconds for all of them.

        Returns:
            The choices; None when none were found.
        """
        worker, _, number = self._ask(case, {"do": "search", "signature": signature, "runs": runs, "seed": 0})
        for item in worker.conversation(timeout, self._stop):
            if isinstance(item, Death):
                self._bury(item)
                return item.culprit.choices
            if "error" in item:
                return None
            if "searched" in item and item["searched"]["number"] == number:
                choices: list[int] | None = item["searched"]["choices"]
                return choices
        if self._stop():
            raise Stopped
        self.close()
        return None

    def behaviours(
        self,
        program: Program,
        target: str,
        *,
        runs: int,
        seed: int = 0,
        judged: bool = False,
        timeout: float = HANG,
    ) -> Sampled:
        """What a program shows on a target under many schedules; see `runs.sampling.sample`.

        A run that ends the process is the one behaviour then, and the set is not complete.

        Args:
            program: what to run.
            target: name of the target.
            runs: how many runs at most.
            seed: of the schedules.
            judged: ask the oracles, too.
            timeout: seconds for all of them, after which the program counts as hanging.

        Raises:
            InputError: the target is unknown, or does not fit the program.
            HarnessError: the harness failed, or no worker can be started.
            process.Stopped: `stop` said so.
        """
        case = Case(scenario="", target=target, program=program)
        worker, _, number = self._ask(case, {"do": "behaviours", "runs": runs, "seed": seed, "judged": judged})
        for item in worker.conversation(timeout, self._stop):
            if isinstance(item, Death):
                self._bury(item)
                choices = list(item.culprit.choices)
                return Sampled({died(how_of(item.code)): Sample(choices, 1)}, runs=1, complete=False)
            if "error" in item:
                error = item["error"]
                raise InputError(error["text"]) if error["kind"] == "input" else HarnessError(_harness_text(error))
            if "sampled" in item and item["sampled"]["number"] == number:
                return _sampled(item["sampled"])
        if self._stop():
            raise Stopped
        self.close()
        return Sampled({died("hang"): Sample([], 1)}, runs=1, complete=False)

    def _ask(self, case: Case, request: dict[str, Any]) -> tuple[Worker, dict[str, str], int]:
        """Send a request to the worker, once it is ready for it."""
        if self._worker is None:
            self._worker = Worker(self._setup, core=self._core, fork=self._fork)
        worker = self._worker
        contracts = worker.await_ready(self._stop).contracts
        worker.forget_errors()
        number = next(self._number)
        worker.write({**request, "number": number, "target": case.target, "program": program_to_json(case.program)})
        return worker, contracts, number

    def _hung(
        self, worker: Worker, case: Case, events: list[Mapping[str, Any]], steps: list[Step], contracts: dict[str, str]
    ) -> Reproduction:
        """End a run that does not end; first politely, so that the process can say where it is."""
        for number in (signal.SIGABRT, signal.SIGKILL):
            worker.kill_child(number)
            for item in worker.conversation(2.0, self._stop):
                if isinstance(item, Death):
                    self._bury(item)
                    return _ended(case, "hang", events, steps, contracts, worker.errors, item.culprit.phase)
        phase = worker.note.read().phase
        self.close()
        return _ended(case, "hang", events, steps, contracts, worker.errors, phase)

    def _bury(self, death: Death) -> None:
        if death.gone:
            self.close()

    def close(self) -> None:
        """End the process."""
        if self._worker is not None:
            self._worker.close()
            self._worker = None

    def __enter__(self) -> Runner:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def run_case(
    case: Case,
    setup: Setup,
    *,
    choices: Sequence[int] | None = None,
    timeout: float = HANG,
    stop: Callable[[], bool] = lambda: False,
    signature: str = "",
    looking: bool = False,
) -> Reproduction:
    """Run a case alone in a fresh process; arguments and errors as in `Runner`."""
    with Runner(setup, fork=False, stop=stop) as runner:
        return runner.run(case, choices=choices, timeout=timeout, signature=signature, looking=looking)


def how_of(code: int) -> str:
    """How a process ended, in a word, from its exit code."""
    return "MemoryError" if code == MEMORY_EXIT else how_it_ended(code)


def carrier_names(program: Program, contract: str) -> tuple[str, ...]:
    """The names of a run's carriers, for one that did not live to tell them."""
    threads = [f"thread {number}" for number, actor in enumerate(program.actors) if actor.kind == "thread"]
    if contract in LOOPLESS:
        return tuple(threads)
    threads += [f"loop {number}" for number in range(1, program.loops)]
    timed = contract in GROUPS or program.loops > 1
    timers = [f"timer {number}" for number in range(_TIMERS)] if timed else []
    return ("loop", *threads, *timers)


def _survived(
    result: Mapping[str, Any], events: list[Mapping[str, Any]], steps: list[Step], errors: str
) -> Reproduction:
    return Reproduction(
        how=None,
        violations=tuple(Seen(**violation) for violation in result["violations"]),
        events=tuple(events),
        steps=tuple(steps),
        names=tuple(result["names"]),
        status=result["status"],
        choices=tuple(result["choices"]),
        errors=errors,
        diverged=tuple(result["diverged"]),
        health=result.get("health"),
    )


def _sampled(answer: Mapping[str, Any]) -> Sampled:
    behaviours = {
        tuple((name, what) for name, what in seen): Sample(list(choices), samples, violation and tuple(violation))
        for seen, samples, choices, violation in answer["behaviours"]
    }
    return Sampled(behaviours, runs=answer["runs"], complete=answer["complete"])


def alike(one: str, other: str) -> bool:
    """Whether two signatures are the same, or about the end of a process in the same manner on the same target."""
    first, second = _END.match(one), _END.match(other)
    return one == other or (first is not None and second is not None and first.groups() == second.groups())


def _ended(
    case: Case,
    how: str,
    events: list[Mapping[str, Any]],
    steps: list[Step],
    contracts: Mapping[str, str],
    errors: str,
    phase: str,
) -> Reproduction:
    operation, hook = ("shutdown", None) if phase == "shutdown" else _in_flight(events, steps)
    clause = clause_of_end(how)
    what = f"{case.target} during {operation}" if operation else f"{case.target} outside of every operation"
    violation = Seen(
        signature=death_signature(case.target, how, operation, case.program, hook),
        oracle="survival",
        clause=clause,
        grade="forbidden",
        cause=_CAUSES[clause].format(how=how, what=what),
        at=max(len(events) - 1, 0),
    )
    return Reproduction(
        how=how,
        violations=(violation,),
        events=tuple(events),
        steps=tuple(steps),
        names=carrier_names(case.program, contracts[case.target]),
        status="died",
        errors=errors,
    )


def death_signature(target: str, how: str, operation: str | None, program: Program, hook: int | None) -> str:
    """The signature of a run that its process did not survive; `operation` and `hook` as in `note.Culprit`."""
    callout = program.hooks[hook].kind if hook is not None and hook < len(program.hooks) else None
    return crash_signature(target, how, operation, circumstances(program), callout)


def _in_flight(events: Sequence[Mapping[str, Any]], steps: Sequence[Step]) -> tuple[str | None, int | None]:
    """The operation in which the running carrier was: the last of its calls that has not returned.

    With the hook that performs it; where there is none, with the hook that was the last to act.
    """
    running = steps[-1].chosen if steps else (events[-1]["carrier"] if events else 0)
    calls: dict[tuple[int, int, str], tuple[str, int | None]] = {}
    acted = None
    for event in events:
        if event["kind"] not in ("call", "return"):
            continue
        key = (event["carrier"], event["actor"], event["site"])
        hook = hook_of(event["site"]) if event["site"].startswith("h") else None
        acted = acted if hook is None else hook
        if event["kind"] == "call":
            calls[key] = event["what"]["operation"]["name"], hook
        else:
            calls.pop(key, None)
    running_calls = [call for (carrier, _, _), call in calls.items() if carrier == running]
    return running_calls[-1] if running_calls else (None, acted)


def _event(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """An event as it was noted.

    Raises:
        ValueError: it is none.
    """
    if not set(item) >= _EVENT:
        raise ValueError(f"no event: {str(item)[:100]}")
    return dict(item)


def _harness_text(error: Mapping[str, Any]) -> str:
    return f"a worker failed: {error['text']}"
