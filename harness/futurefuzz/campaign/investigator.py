"""From a candidate to a finding: run it again and record it, confirm it in fresh processes, save it, make it small.

All of it happens on a thread of its own, which does nothing but talk to processes, while the workers go on fuzzing.
What was confirmed is saved before it is made smaller, so that nothing is lost whenever the campaign ends. First
everything is confirmed, what may be new before what is known, forbidden before interesting; then everything is made
smaller. When the time is up, what is known is left alone: it costs processes, and tells nobody anything.
"""

from __future__ import annotations

import heapq
import itertools
import platform
import queue
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from attrs import evolve, frozen

from futurefuzz.campaign.outcome import Unconfirmed
from futurefuzz.campaign.process import Stopped
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import HANG, Reproduction, Runner, run_case
from futurefuzz.campaign.tally import Candidate
from futurefuzz.errors import FuturefuzzError, HarnessError, InputError
from futurefuzz.findings import token
from futurefuzz.findings.corpus import Corpus
from futurefuzz.findings.finding import Case, Finding, Rate
from futurefuzz.findings.minimiser import minimise, tolerant
from futurefuzz.programs.codec import program_from_json

__all__ = ["Confirmed", "Failed", "Investigator", "Phase", "interpreter"]

#: fresh processes in which a finding is replayed
CONFIRMATIONS: Final = 3
#: tries of the minimiser, and schedules that it searches for each smaller program
BUDGET: Final = 600
BUDGET_HANG: Final = 40
SEARCH: Final = 30
#: seconds after which a hanging run is given up while its case is made smaller
HANG_SMALL: Final = 2.0
#: times that a candidate is run before it counts as not reproducible: freed memory does not always tell
_TRIES: Final = 3


@frozen(kw_only=True)
class Confirmed:
    """A finding is confirmed and as small as it gets."""

    finding: Finding
    reproduction: Reproduction
    saved: bool


@frozen(kw_only=True)
class Failed:
    """Something went wrong with a candidate that is not its own fault, such as an unwritable corpus."""

    error: FuturefuzzError


@frozen
class Phase:
    """What is being done now, in a few words; empty when there is nothing to do."""

    text: str


@frozen(kw_only=True)
class _Confirmation:
    finding: Finding
    reproduction: Reproduction


@frozen(kw_only=True)
class _Replayed:
    rate: Rate
    shown: Reproduction


class Investigator:
    """Investigates candidates one after another.

    Args:
        setup: which targets are loaded.
        corpus: where findings are saved; None saves nothing.
        handled: signatures that need no investigation; grows.
        saved_before: signatures whose files were in the corpus before the campaign; these stay.
        core: which core its processes are pinned to.
        is_known: whether a known bug explains a signature.
    """

    def __init__(
        self,
        setup: Setup,
        *,
        corpus: Corpus | None,
        handled: set[str],
        saved_before: frozenset[str] = frozenset(),
        core: int | None = None,
        is_known: Callable[[str], bool] = lambda signature: False,
    ) -> None:
        self.news: queue.SimpleQueue[Confirmed | Unconfirmed | Failed | Phase] = queue.SimpleQueue()
        self._setup = evolve(setup, scenarios=None)
        self._corpus = corpus
        self._handled = handled
        self._saved_before = saved_before
        self._core = core
        self._is_known = is_known
        self._order = itertools.count()
        self._candidates: list[tuple[tuple[bool, bool, int], Candidate]] = []
        self._confirmed: list[tuple[tuple[bool, bool, int], _Confirmation]] = []
        self._lock = threading.Condition()
        self._stopped = False
        self._busy = False
        self._until: float | None = None
        self._thread = threading.Thread(target=self._live, name="investigator", daemon=True)
        self._thread.start()

    def add(self, candidate: Candidate) -> None:
        """Put a candidate in the queue."""
        with self._lock:
            heapq.heappush(self._candidates, (self._rank(candidate.signature, candidate.grade), candidate))
            self._lock.notify()

    def idle(self) -> bool:
        """Nothing is left to do."""
        with self._lock:
            return not (self._candidates or self._confirmed or self._busy) or not self._thread.is_alive()

    def hurry(self, until: float) -> None:
        """From `until` (`time.monotonic`) on make nothing smaller; confirm what there is and come to an end."""
        self._until = until

    def stop(self) -> list[Candidate]:
        """Give up at once; returns the candidates that were not looked at."""
        with self._lock:
            self._stopped = True
            self._lock.notify()
        self._thread.join(5)
        return [candidate for _, candidate in sorted(self._candidates, key=lambda entry: entry[0])]

    def _rank(self, signature: str, grade: str) -> tuple[bool, bool, int]:
        return (self._is_known(signature), grade != "forbidden", next(self._order))

    # ---- on the thread ----------------------------------------------------------------------------------------------

    def _live(self) -> None:
        with Runner(self._setup, core=self._core, stop=lambda: self._stopped) as runner:
            while True:
                with self._lock:
                    self._busy = False
                    while not (self._candidates or self._confirmed or self._stopped):
                        self._lock.wait(1.0)
                    if self._stopped:
                        return
                    self._busy = True
                    candidate = heapq.heappop(self._candidates)[1] if self._candidates else None
                    confirmation = None if candidate is not None else heapq.heappop(self._confirmed)[1]
                try:
                    if candidate is not None:
                        self._confirm(runner, candidate)
                    elif confirmation is not None:
                        self._reduce(runner, confirmation)
                except Stopped:
                    if candidate is not None:
                        self._candidates.append(((False, False, 0), candidate))
                    elif confirmation is not None:  # it is saved; what is lost is that it could be smaller
                        self._tell(confirmation.finding, confirmation.reproduction)
                    continue
                except FuturefuzzError as error:
                    runner.close()
                    self.news.put(Failed(error=error))
                except Exception as error:
                    runner.close()
                    self.news.put(Failed(error=HarnessError(f"investigating a candidate failed: {error!r}")))
                self.news.put(Phase(""))

    def _confirm(self, runner: Runner, candidate: Candidate) -> None:
        if candidate.signature in self._handled or (self._late() and self._is_known(candidate.signature)):
            return
        self.news.put(Phase(f"confirming {candidate.signature}"))
        raw = Case(
            scenario=candidate.scenario,
            target=candidate.target,
            program=program_from_json(candidate.program),
        )
        seen = self._see_again(runner, raw, candidate)
        if seen is None or not seen.shows(candidate.signature):
            self._give_up(candidate, _TRIES)
        else:
            self._handled.add(candidate.signature)
        if seen is None or seen.signature in self._handled - {candidate.signature}:
            return
        case = seen.case(raw)
        replayed = self._replay(case, seen.violations[0].signature)
        if replayed is None:
            self._handled.discard(candidate.signature)
            self._give_up(candidate, CONFIRMATIONS)
            return
        first = replayed.shown.violations[0]
        if first.signature in self._handled - {candidate.signature}:
            return
        self._handled.update((seen.violations[0].signature, first.signature))
        finding = Finding(
            signature=first.signature,
            grade="forbidden" if first.grade == "forbidden" else "interesting",
            oracle=first.oracle,
            clause=first.clause,
            cause=first.cause,
            case=case,
            rate=replayed.rate,
            interpreter=interpreter(),
        )
        self._save(finding)
        with self._lock:
            entry = _Confirmation(finding=finding, reproduction=replayed.shown)
            heapq.heappush(self._confirmed, (self._rank(finding.signature, finding.grade), entry))

    def _see_again(self, runner: Runner, raw: Case, candidate: Candidate) -> Reproduction | None:
        """Run a candidate again: the run that shows it, else one that shows something else, else None.

        Broken memory does not kill every time; what it does instead is no reason to forget the crash.
        """
        other = None
        failures: list[HarnessError] = []
        for _ in range(_TRIES):
            try:
                run = runner.run(raw, choices=candidate.choices, timeout=HANG, signature=candidate.signature)
            except HarnessError as error:  # of the harness, or of memory that the target has broken
                failures.append(error)
                runner.close()
                continue
            if run.shows(candidate.signature) or (run.violations and candidate.how is None):
                return run
            other = other or (run if run.violations else None)
        if len(failures) == _TRIES and candidate.how is None:
            raise failures[0]
        return other  # what has ended a process once has broken memory, ours too: nothing is wrong with the harness

    def _give_up(self, candidate: Candidate, tried: int) -> None:
        self.news.put(Unconfirmed(signature=candidate.signature, cause=candidate.cause, tried=tried))

    def _replay(self, case: Case, signature: str) -> _Replayed | None:
        """Replay a case in fresh processes, as `futurefuzz replay` does; None when it never shows the finding.

        The end of a process may come in another operation there: what is shown most often gives the name.
        """
        setup = self._setup.only(case.target)
        good = []
        for _ in range(CONFIRMATIONS):
            with suppress(HarnessError):  # the memory that the target has broken may be the harness's own
                run = run_case(case, setup, timeout=HANG, stop=lambda: self._stopped, signature=signature)
                if run.shows(signature):
                    good.append(run)
        if not good:
            return None
        signatures = [run.signature for run in good]
        common = max(signatures, key=signatures.count)
        shown = next(run for run in good if run.signature == common)
        return _Replayed(rate=Rate(reproduced=len(good), tried=CONFIRMATIONS), shown=shown)

    def _reduce(self, runner: Runner, confirmation: _Confirmation) -> None:
        finding, reproduction = confirmation.finding, confirmation.reproduction
        if not self._late():
            self.news.put(Phase(f"minimising {finding.signature}"))
            small = self._minimise(runner, finding, reproduction.how)
            if small != finding.case:
                again = self._replay(small, finding.signature)
                if again is not None and again.rate.reproduced >= finding.rate.reproduced:
                    first = again.shown.violations[0]
                    if first.signature != finding.signature and self._renamed(finding.signature, first.signature):
                        return
                    finding = evolve(
                        finding, signature=first.signature, case=small, rate=again.rate, cause=first.cause
                    )
                    reproduction = again.shown
        self._tell(finding, reproduction)

    def _renamed(self, old: str, new: str) -> bool:
        """The small case has another signature (the process dies elsewhere): True when that one is reported already."""
        if self._corpus is not None and old not in self._saved_before:
            with suppress(OSError):
                self._corpus.path_of(old).unlink()
        known = new in self._handled
        self._handled.add(new)
        return known

    def _minimise(self, runner: Runner, finding: Finding, how: str | None) -> Case:
        """The smallest case with this signature and grade that the budget allows to find."""
        timeout = HANG_SMALL if how == "hang" else HANG
        signature, grade = finding.signature, finding.grade

        def shown_by(run: Reproduction) -> bool:
            return run.shows(signature) and run.violations[0].grade == grade

        def keeps(case: Case) -> Case | None:
            if self._late():
                return None
            try:
                tried = runner.run(case, timeout=timeout, signature=signature)
            except (InputError, HarnessError):  # what is left of it is no program for this target
                runner.close()
                return None
            return tried.case(case) if shown_by(tried) else None

        def search(case: Case) -> Case | None:
            if self._late():
                return None
            choices = runner.search(case, signature, runs=SEARCH, timeout=timeout)
            if choices is None:
                return None
            tried = runner.run(case, choices=choices, timeout=timeout, signature=signature)
            return keeps(tried.case(case)) if shown_by(tried) else None

        once: Callable[[Case], Case | None] = keeps if how in (None, "hang") else tolerant(keeps, tries=2)
        return minimise(
            finding.case,
            once,
            budget=BUDGET_HANG if how == "hang" else BUDGET,
            search=None if how == "hang" else search,
        )

    def _tell(self, finding: Finding, reproduction: Reproduction) -> None:
        self.news.put(Confirmed(finding=finding, reproduction=reproduction, saved=self._save(finding)))

    def _save(self, finding: Finding) -> bool:
        """Save it where that is possible; a full disk must not cost the finding."""
        if self._corpus is None:
            return False
        try:
            self._corpus.save(finding)
        except FuturefuzzError as error:
            self.news.put(Failed(error=error))
            return False
        return True

    def _late(self) -> bool:
        return self._until is not None and time.monotonic() >= self._until


def interpreter() -> str:
    """The interpreter that runs this, such as `CPython 3.11.7`."""
    return f"{platform.python_implementation()} {platform.python_version()}"


def token_of(finding: Finding) -> str:
    """The token of a finding."""
    return token.encode(finding.case, finding.signature)
