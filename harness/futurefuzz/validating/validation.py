"""Tries a target against every clause of the contract that it claims.

Runs of many programs (`trial`) try the clauses; which ones a run has tried is counted by the workers. What breaks one
is confirmed and made small as in a campaign (`pursuit`), one finding for each clause; in the end each clause has a
verdict (`verdicts`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from futurefuzz.campaign.investigator import interpreter
from futurefuzz.campaign.listener import Listener, Progress
from futurefuzz.campaign.plan import Pair, Plan
from futurefuzz.campaign.process import Ready, Stopped
from futurefuzz.campaign.supervisor import Supervisor
from futurefuzz.errors import InputError
from futurefuzz.validating.dealing import Sampled
from futurefuzz.validating.learning import Lessons
from futurefuzz.validating.options import Options
from futurefuzz.validating.pursuit import Pursuit
from futurefuzz.validating.result import Row, Validated
from futurefuzz.validating.subject import Subject
from futurefuzz.validating.tabulating import contests_of, why_none
from futurefuzz.validating.tallying import Counts
from futurefuzz.validating.trial import Trial
from futurefuzz.validating.verdicts import row_of

__all__ = ["Validation"]

#: seconds without a new run after which a process counts as hanging
_HANG: Final = 5.0
#: number of the first generated unit; enumerated ones have the numbers before
_FIRST_SAMPLED: Final = 10_000_000
#: share of the work that goes into programs outside of the contract, where survival alone is judged
_MISUSE: Final = 0.5


class Validation:
    """One validation.

    Args:
        options: what to do.
        listener: is told how it goes.
        stop: asked several times a second; True ends it within a second.
    """

    def __init__(self, options: Options, listener: Listener, stop: Callable[[], bool] = lambda: False) -> None:
        self.options = options
        self._listener = listener
        self._stop = stop
        self._began = time.monotonic()
        self._supervisor = Supervisor(options.setup, jobs=options.jobs, hang=_HANG, stop=stop)
        self._subject: Subject | None = None
        self._trial: Trial | None = None
        self._pursuit: Pursuit | None = None
        self._lessons = Lessons()
        self._counts = Counts()
        self._phase = "starting"

    def run(self) -> Validated:
        """Carry it out.

        Returns:
            What it leaves behind; also when it was stopped.

        Raises:
            InputError: the target cannot be loaded, claims another contract, or declares what cannot be; the list of
                known bugs is damaged.
            HarnessError: workers do not start or die without a reason.
        """
        try:
            ready = self._supervisor.start()
            trial, pursuit = self._prepare(ready)
            with suppress(Stopped):
                trial.run()
            self._finish(pursuit)
        except Stopped:
            pass
        finally:
            self._supervisor.close()
            if self._pursuit is not None:
                self._pursuit.stop()
        if self._pursuit is not None:
            self._pursuit.hear_news()
        return self._result()

    def _prepare(self, ready: Ready) -> tuple[Trial, Pursuit]:
        options = self.options
        name, about = next(iter(ready.targets.items()))
        self._subject = subject = Subject.described(name, about)
        if options.contract not in (None, subject.contract):
            raise InputError(f"--contract {options.contract}: {options.what} claims the contract {subject.contract}")
        pairs = [
            Pair(scenario, target, weight if scenario in ready.legal else weight * _MISUSE)
            for scenario, target, weight in ready.pairs
        ]
        legal = [pair for pair in pairs if pair.scenario in ready.legal]
        sampled = Sampled(Plan(seed=options.seed, pairs=pairs), legal, seed=options.seed, first=_FIRST_SAMPLED)
        self._pursuit = pursuit = Pursuit(subject, options, self._lessons, self._counts, self._listener)
        self._trial = trial = Trial(
            subject,
            options,
            self._supervisor,
            sampled,
            pursuit,
            lessons=self._lessons,
            counts=self._counts,
            say=self._listener.message,
            tick=self._tick,
            stop=self._stop,
        )
        return trial, pursuit

    def _finish(self, pursuit: Pursuit) -> None:
        """Wait until everything that was found is investigated."""
        self._phase = "minimising"
        pursuit.hurry()
        while not self._stop():
            self._tick()
            if pursuit.over:
                return
            time.sleep(0.02)

    # ---- what is told -----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        pursuit, trial, options = self._pursuit, self._trial, self.options
        assert pursuit is not None
        assert trial is not None
        pursuit.hear_news()
        tally = self._supervisor.tally
        seconds = time.monotonic() - self._began
        left = None if options.seconds is None else max(0.0, trial.start + options.seconds - time.monotonic())
        known = sum(not entry.is_new for entry in pursuit.found.values())
        phase = trial.phase if self._phase == "starting" else self._phase
        self._listener.progress(
            Progress(
                seconds=seconds,
                time_left=left,
                runs=tally.runs,
                runs_wanted=options.runs,
                runs_per_second=tally.runs / max(seconds, 0.1),
                behaviours=len(tally.behaviours),
                forbidden=len(pursuit.found) - known,
                known=known,
                crashes=tally.crashes,
                workers=options.jobs,
                phase=f"{phase}, {pursuit.phase}" if pursuit.phase else phase,
            )
        )

    def _result(self) -> Validated:
        tally = self._supervisor.tally
        subject, trial, pursuit = self._subject, self._trial, self._pursuit
        contract = "" if subject is None else subject.contract
        rows: tuple[Row, ...] = ()
        if subject is not None and pursuit is not None:
            rows = tuple(
                row_of(clause, subject, self._counts, self._lessons, pursuit, tally.found)
                for clause in subject.clauses.values()
            )
        return Validated(
            what=self.options.what,
            target="" if subject is None else subject.name,
            reference=self.options.reference,
            contract=contract,
            rows=rows,
            enumerated=() if trial is None else tuple(listed.result() for listed in trial.lists),
            programs=0 if trial is None else trial.programs,
            runs=tally.runs,
            seconds=time.monotonic() - self._began,
            jobs=self.options.jobs,
            seed=self.options.seed,
            interpreter=interpreter(),
            crashes=tally.crashes,
            interrupted=self._stop(),
            errors=(*tally.errors, *(() if pursuit is None else pursuit.errors)),
            complaints=() if pursuit is None else tuple(pursuit.complaints),
            repeat=self.options.repeat(contract or self.options.contract or ""),
            contests=() if subject is None or trial is None else contests_of(subject, trial.contests, trial.shown),
            no_contests="" if subject is None else why_none(subject),
        )
