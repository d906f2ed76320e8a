"""One changed future is tried as `futurefuzz validate` tries it, in one process, until it is seen to be wrong.

The programs, their order, the runs and what is said of them are those of a validation (`validating.trial`); what is
left out is what makes a finding of what was seen (fresh processes, smaller programs), and the one scenario whose
programs end with their process. So a change that survives here is given to a whole validation afterwards.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import signal
import sys
import time
import traceback
from collections.abc import Callable, Collection
from contextlib import suppress
from types import SimpleNamespace
from typing import Any, Final

from attrs import asdict, frozen

from futurefuzz.campaign.campaign import known_bugs
from futurefuzz.campaign.examination import GIVEN
from futurefuzz.campaign.note import Note
from futurefuzz.campaign.plan import Dealer, Pair, Plan, Unit
from futurefuzz.campaign.points import put_points
from futurefuzz.campaign.tally import Tally
from futurefuzz.campaign.unit import run_unit
from futurefuzz.campaign.worker import about
from futurefuzz.findings.signature import clause_of_end
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.runs.freezing import stays_frozen
from futurefuzz.targets.base import Target, register
from futurefuzz.validating.dealing import Sampled
from futurefuzz.validating.learning import Lessons
from futurefuzz.validating.options import Options
from futurefuzz.validating.subject import Subject
from futurefuzz.validating.tallying import Counts
from futurefuzz.validating.trial import Trial

__all__ = ["Tried", "tried"]

#: whose programs end with their process
_LEAVING: Final = frozenset({"hostile_exit"})
#: seconds without a new run after which a process counts as hanging, as in a validation
_HANG: Final = 5.0


@frozen(kw_only=True)
class Tried:
    """What came of it.

    Args:
        verdict: `killed`, `survived`, `timeout` (the limit of time was reached), or `failed` (the harness did).
        clause: that was broken.
        signature, cause: of what was seen.
        runs: it took.
        suspect: it was seen from inside one of the target's own calls.
        seconds: of the wall.
        points: the model of points inside the code, where there were any.
    """

    verdict: str
    clause: str = ""
    signature: str = ""
    cause: str = ""
    runs: int = 0
    suspect: bool = False
    seconds: float = 0.0
    points: str = ""


def tried(
    target: Callable[[], Target],
    *,
    runs: int,
    seconds: float,
    seed: int = 0,
    ignored: Collection[str] | None = (),
    points: str = "",
) -> Tried:
    """Try a target in a process of its own.

    Args:
        target: makes it; called in that process.
        runs: at most.
        seconds: of the wall, at most.
        seed: everything follows from it.
        ignored: signatures, without the target's name, and clauses that the unchanged target breaks, too. None: ignore
            everything, and say in `cause` what was seen.
        points: a model of points inside the target's code; empty for none.
    """
    note = Note()
    reading, writing = os.pipe()
    began = time.monotonic()
    child = os.fork()
    if child == 0:
        _be_child(target, note, writing, runs=runs, seed=seed, ignored=ignored, points=points)
    os.close(writing)
    try:
        verdict = _watched(child, note, began + seconds)
        with os.fdopen(reading, "rb") as answer:
            said = answer.read()
    finally:
        culprit = note.read()
        note.close()
    took = round(time.monotonic() - began, 1)
    if said:
        return Tried(**{**json.loads(said), "seconds": took, "points": points})
    if verdict == "timeout":
        return Tried(verdict="timeout", runs=culprit.runs, seconds=took, points=points)
    how = "hang" if verdict == "hang" else "crash" if verdict < "0" else "exit"
    clause = {"hang": "X2", "crash": "X1"}.get(how) or clause_of_end(how)
    cause = f"the process ended ({how} {verdict}) in {culprit.operation}"
    return Tried(
        verdict="killed", clause=clause, signature=how, cause=cause, runs=culprit.runs, seconds=took, points=points
    )


def _watched(child: int, note: Note, until: float) -> str:
    """Wait for the end of a process: its code, `hang`, or `timeout`."""
    alive, since = note.alive(), time.monotonic()
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            return str(os.waitstatus_to_exitcode(status))
        now = time.monotonic()
        if note.alive() != alive:
            alive, since = note.alive(), now
        if now > until or now - since > _HANG:
            with suppress(ProcessLookupError):
                os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return "timeout" if now > until or note.read().phase != "running" else "hang"
        time.sleep(0.005)


class _Seen(BaseException):
    """It was seen to be wrong."""


def _be_child(
    target: Callable[[], Target],
    note: Note,
    writing: int,
    *,
    runs: int,
    seed: int,
    ignored: Collection[str] | None,
    points: str,
) -> None:
    result: Tried
    try:
        nowhere = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nowhere, stream)
        gc.disable()
        made = register(target())
        if points:
            put_points([made], points)
        result = _Trying(made, note, runs=runs, seed=seed, ignored=ignored).run()
    except BaseException as error:
        lines = "".join(traceback.format_exception(error))[-3000:]
        result = Tried(verdict="failed", signature=f"{type(error).__name__}: {error}", cause=lines)
    with suppress(OSError):
        os.write(writing, json.dumps(asdict(result)).encode()[:60_000])
    os._exit(0)


class _Trying:
    """Stands in for supervisor and pursuit of a validation."""

    def __init__(
        self, target: Target, note: Note, *, runs: int, seed: int, ignored: Collection[str] | None
    ) -> None:
        self._ignored = ignored
        self._seen: set[str] = set()
        self.tally = Tally()
        self.found: dict[str, Any] = {}
        self._target = target
        self._note = note
        self._sent: dict[str, int] = {}
        self._known = known_bugs(None)
        self._first: Tried | None = None
        self._suspect: Tried | None = None
        self._scenarios = {
            name: scenario
            for name, scenario in load_scenarios(()).items()
            if scenario.fits(target) and name not in _LEAVING
        }
        self._subject = Subject.described(target.name, about(target))
        self._options = Options(what=target.name, name=target.name, seconds=None, runs=runs, seed=seed)

    def run(self) -> Tried:
        """Until it is seen to be wrong, or the runs are used up."""
        gc.collect()
        gc.freeze()
        stays_frozen()
        pairs = [
            Pair(name, self._target.name, one.weight if one.legal else one.weight / 2)
            for name, one in self._scenarios.items()
        ]
        legal = [pair for pair in pairs if self._scenarios[pair.scenario].legal]
        seed = self._options.seed
        stand_in: Any = self
        trial = Trial(
            self._subject,
            self._options,
            stand_in,
            Sampled(Plan(seed=seed, pairs=pairs), legal, seed=seed, first=10_000_000),
            stand_in,
            lessons=Lessons(),
            counts=Counts(),
            say=lambda text: None,
            tick=lambda: None,
            stop=lambda: False,
        )
        with suppress(_Seen):
            trial.run()
        if self._ignored is None:
            return Tried(verdict="survived", runs=self.tally.runs, cause="\n".join(sorted(self._seen)))
        seen = self._first or self._suspect
        return seen if seen is not None else Tried(verdict="survived", runs=self.tally.runs)

    def hear(self, candidate: Any) -> None:
        """See `Pursuit`; `fuzz` has heard of it already."""

    def fuzz(
        self, dealer: Dealer, *, runs: int, ended: Callable[[Unit, dict[str, Any]], None], **_: Any
    ) -> None:
        """See `Supervisor`."""
        while self.tally.runs < runs:
            unit = dealer.next()
            if unit is None:
                return
            result = run_unit(
                unit,
                self._scenario(unit),
                self._target,
                note=self._note,
                limit=min(dealer.most_runs, runs - self.tally.runs),
                sent=self._sent,
                send=self._heard,
            ).to_json()
            self.tally.runs += result["runs"]
            ended(unit, result)

    def _scenario(self, unit: Unit) -> Scenario:
        return self._scenarios.get(unit.pair.scenario, GIVEN)

    def _heard(self, message: dict[str, Any]) -> None:
        case = SimpleNamespace(**message["case"])
        rest = case.signature.removeprefix(f"{self._target.name}:")
        clause = self._subject.clause_of(case.signature)
        if self._ignored is None and case.breaks:
            self._seen.add(rest if clause[0] != "L" else clause)
        if self._ignored is None or not case.breaks or rest in self._ignored or clause in self._ignored:
            return
        inherited = f"{self._target.inherits}:{rest}"
        if self._known.match(inherited, platform.python_implementation(), sys.version_info) is not None:
            return
        seen = Tried(
            verdict="killed",
            clause=clause,
            signature=rest,
            cause=case.cause,
            runs=self.tally.runs,
            suspect=case.suspect,
        )
        if case.suspect:
            self._suspect = self._suspect or seen
            return
        self._first = seen
        raise _Seen
