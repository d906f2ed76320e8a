"""Tries a target against every clause of the contract that it claims.

First come all small programs under all their schedules, then generated ones until the budget is spent. Which clauses a
run has tried is counted by the workers; what breaks one is confirmed and made small as in a campaign, one finding for
each clause. Where a clause breaks so often that runs hardly ever get past it, the programs that follow do without what
it takes to break it, so that one broken clause does not hide the others.
"""

from __future__ import annotations

import platform
import shlex
import sys
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from attrs import evolve, frozen

from futurefuzz.campaign.campaign import known_bugs, reported
from futurefuzz.campaign.examination import GIVEN
from futurefuzz.campaign.investigator import Confirmed, Failed, Investigator, Phase, interpreter
from futurefuzz.campaign.listener import Listener, Progress
from futurefuzz.campaign.loading import is_reference
from futurefuzz.campaign.outcome import Reported, Unconfirmed
from futurefuzz.campaign.plan import Pair, Plan, Unit
from futurefuzz.campaign.process import Stopped, cores
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import alike
from futurefuzz.campaign.supervisor import Candidate, Supervisor
from futurefuzz.contracts import clauses_of
from futurefuzz.contracts.evidence import HELPFUL, needed
from futurefuzz.contracts.verdict import Clause
from futurefuzz.errors import InputError
from futurefuzz.findings.known import KnownBug
from futurefuzz.findings.signature import clause_of_end
from futurefuzz.programs.codec import program_from_json
from futurefuzz.programs.features import features
from futurefuzz.validating.dealing import Listed, Sampled
from futurefuzz.validating.enumeration import ENUMERABLE
from futurefuzz.validating.learning import Lessons
from futurefuzz.validating.result import ENOUGH, Enumerated, Row, Validated

__all__ = ["SECONDS", "Options", "Validation"]

#: the time budget where nobody gives one: with starting, confirming and minimising it stays below a minute
SECONDS: Final = 35.0
#: seconds without a new run after which a process counts as hanging
_HANG: Final = 5.0
#: candidates for one clause that are looked into before it counts as not confirmed; ends of processes vary more
_CANDIDATES: Final = 3
_DEATHS: Final = 8
#: seconds for confirming and minimising after the budget has ended, at least and as a share of it
_GRACE: Final = (15.0, 0.2)
#: parts of the budget that have gone by when the small programs end, and when the larger enumerated ones do
_SMALL: Final = 0.25
_LARGE: Final = 0.55
#: rounds of generated programs; what is to be avoided is settled between them
_ROUNDS: Final = 6
#: seconds of budget from which on programs of four operations are enumerated, too
_PLENTY: Final = 150.0
#: what weighs a run that ends its process, among those that break a clause: it takes as long as hundreds of others
_WEIGHT_OF_DEATH: Final = 100
#: number of the first generated unit; enumerated ones have the numbers before
_FIRST_SAMPLED: Final = 10_000_000
#: what a unit without a program has shown
_NOTHING: Final[dict[str, Any]] = {"tried": {}, "broken": {}, "suspected": {}, "departed": {}, "features": ()}
#: share of the work that goes into programs outside of the contract, where survival alone is judged
_MISUSE: Final = 0.5


@frozen(kw_only=True)
class Options:
    """What is to be validated, and how thoroughly.

    Args:
        what: as the user named it, for the report.
        name: of a registered target, or a reference (`campaign.loading`).
        contract: that it must claim; None: whatever it claims.
        seed: everything follows from it.
        seconds: time budget; None for none.
        runs: run budget; None for none.
        jobs: worker processes.
        departures, lacks: declared beyond what the target says itself.
        path: folders to put before `sys.path` in the workers.
    """

    what: str
    name: str
    contract: str | None = None
    seed: int = 0
    seconds: float | None = SECONDS
    runs: int | None = None
    jobs: int = 1
    departures: tuple[tuple[str, str], ...] = ()
    lacks: tuple[str, ...] = ()
    path: tuple[str, ...] = ()

    @property
    def setup(self) -> Setup:
        """What the workers load."""
        named = () if is_reference(self.name) else (self.name,)
        return Setup(
            targets=named,
            references=() if named else (self.name,),
            scenarios=(),
            path=self.path,
            departures=self.departures,
            lacks=self.lacks,
        )

    def repeat(self, contract: str) -> str:
        """The command line that repeats it."""
        words = ["futurefuzz", "validate", self.what, "--contract", contract, "--seed", str(self.seed)]
        words += ["--runs", str(self.runs)] if self.runs is not None else []
        words += ["--time", f"{self.seconds:g}"] if self.seconds is not None else []
        words += ["--jobs", str(self.jobs)]
        for clause, reason in self.departures:
            words += ["--departs", f"{clause}={reason}"]
        for operation in self.lacks:
            words += ["--lacks", operation]
        return shlex.join(words)


class Validation:
    """One validation.

    Args:
        options: what to do.
        listener: is told how it goes.
        stop: asked several times a second; True ends it within a second.

    Raises:
        InputError: the list of known bugs is damaged.
    """

    def __init__(self, options: Options, listener: Listener, stop: Callable[[], bool] = lambda: False) -> None:
        self.options = options
        self._listener = listener
        self._stop = stop
        self._began = time.monotonic()
        self._start = self._began
        self._known = known_bugs(None)
        self._target = ""
        self._contract = ""
        self._shape = "future"
        self._inherits = ""
        self._signatures: set[str] = set()  # that broke a clause
        self._departures: dict[str, str] = {}
        self._lacks: frozenset[str] = frozenset()
        self._clauses: dict[str, Clause] = {}
        self._lessons = Lessons()
        self._tried: Counter[str] = Counter()
        self._broken: Counter[str] = Counter()
        self._suspected: Counter[str] = Counter()
        self._departed: Counter[str] = Counter()
        self._programs = 0
        self._lists: list[Listed] = []
        self._sampled: Sampled | None = None
        self._dealt = 0
        self._found: dict[str, Reported] = {}
        self._waiting: dict[str, list[Candidate]] = {}
        self._suspects: list[Candidate] = []
        self._explained: dict[str, str] = {}
        self._offered: Counter[str] = Counter()
        self._in_hand: set[str] = set()
        self._phase = "starting"
        self._investigating = ""
        self._errors: list[str] = []
        self._complaints: list[str] = []
        self._handled: set[str] = set()
        self._investigator: Investigator | None = None
        self._supervisor: Supervisor | None = None

    def run(self) -> Validated:
        """Carry it out.

        Returns:
            What it leaves behind; also when it was stopped.

        Raises:
            InputError: the target cannot be loaded, claims another contract, or declares what cannot be.
            HarnessError: workers do not start or die without a reason.
        """
        options = self.options
        places = cores()
        supervisor = self._supervisor = Supervisor(options.setup, jobs=options.jobs, hang=_HANG, stop=self._stop)
        try:
            ready = supervisor.start()
            self._learn_target(ready.targets)
            self._start = time.monotonic()
            self._investigator = Investigator(
                options.setup,
                corpus=None,
                handled=self._handled,
                core=places[options.jobs % len(places)] if places else None,
            )
            pairs = [
                Pair(scenario, target, weight if scenario in ready.legal else weight * _MISUSE)
                for scenario, target, weight in ready.pairs
            ]
            legal = [pair for pair in pairs if pair.scenario in ready.legal]
            plan = Plan(seed=options.seed, pairs=pairs)
            self._sampled = sampled = Sampled(plan, legal, seed=options.seed, first=_FIRST_SAMPLED)
            with suppress(Stopped):
                self._try_everything(sampled)
            self._finish()
        except Stopped:
            pass
        finally:
            supervisor.close()
            if self._investigator is not None:
                self._investigator.stop()
        self._hear_news()
        return self._result()

    def _learn_target(self, targets: dict[str, dict[str, Any]]) -> None:
        self._target, about = next(iter(targets.items()))
        self._contract = about["contract"]
        wanted = self.options.contract
        if wanted is not None and wanted != self._contract:
            raise InputError(f"--contract {wanted}: {self.options.what} claims the contract {self._contract}")
        self._shape = about["shape"]
        self._inherits = about["inherits"]
        self._departures = dict(about["departures"])
        self._lacks = frozenset(about["lacks"])
        self._clauses = {name: one for name, one in clauses_of(self._contract).items() if not one.trap}

    # ---- the work ---------------------------------------------------------------------------------------------------

    def _try_everything(self, sampled: Sampled) -> None:
        self._enumerate((1, 2), _SMALL)
        self._sample(sampled, _SMALL + 0.1)
        plenty = self.options.seconds is not None and self.options.seconds >= _PLENTY
        self._enumerate((3, 4) if plenty else (3,), _LARGE)
        gone = max(self._gone(), _SMALL + 0.1)
        for nth in range(_ROUNDS):
            self._sample(sampled, gone + (1.0 - gone) * (nth + 1) / _ROUNDS)

    def _enumerate(self, sizes: tuple[int, ...], until: float) -> None:
        if self._contract not in ENUMERABLE:
            return
        for size in sizes:
            if self._gone() >= until:
                return
            self._phase = f"every program of {size} operations" if size > 1 else "every program of one operation"
            listed = Listed(
                self._target, self._contract, self._lacks, size=size, seed=self.options.seed, first=self._dealt
            )
            self._lists.append(listed)
            self._fuzz(listed, until)
            self._dealt += listed.used

    def _sample(self, sampled: Sampled, until: float) -> None:
        if self._gone() >= until:
            return
        self._phase = "generated programs"
        sampled.round(self._lessons.avoid(), self._wanting())
        self._fuzz(sampled, until)
        if sampled.empty:
            self._lessons.too_much()

    def _wanting(self) -> tuple[frozenset[str], ...]:
        """What programs should have, for the clauses that are not settled; the least tried first."""
        open_still = [
            name
            for name in self._clauses
            if name in HELPFUL
            and name not in self._found
            and not (name in self._departures and self._departed[name])
            and needed(name, self._contract, self._shape, self._lacks) is None
        ]
        open_still.sort(key=lambda name: self._tried[name])
        return tuple(dict.fromkeys(wanted for name in open_still for wanted in HELPFUL[name]))

    def _gone(self) -> float:
        """How much of the budget is used up."""
        parts = [0.0]
        if self.options.seconds is not None:
            parts.append((time.monotonic() - self._start) / self.options.seconds)
        if self.options.runs is not None and self._supervisor is not None:
            parts.append(self._supervisor.tally.runs / self.options.runs)
        return max(parts)

    def _fuzz(self, dealer: Listed | Sampled, until: float) -> None:
        supervisor, options = self._supervisor, self.options
        assert supervisor is not None
        supervisor.fuzz(
            dealer,
            until=None if options.seconds is None else self._start + until * options.seconds,
            runs=None if options.runs is None else max(round(until * options.runs), 1),
            hear=self._hear,
            say=self._listener.message,
            tick=self._tick,
            ended=self._ended,
        )
        if self._stop():
            raise Stopped

    def _ended(self, unit: Unit, result: dict[str, Any]) -> None:
        """A unit was carried out: count what it tried, learn from what it broke."""
        runs = result["runs"]
        if unit.pair.scenario == GIVEN.name:
            listed = next(one for one in reversed(self._lists) if one.first <= unit.number)
            listed.ended(runs, exhausted=result["exhausted"])
        examined = result["examined"] or _NOTHING
        has = frozenset(examined["features"])
        if unit.pair.scenario != GIVEN.name and self._sampled is not None:
            self._sampled.ended(unit, runs, has)
            self._programs += runs > 0
        self._tried.update(examined["tried"])
        self._broken.update(examined["broken"])
        self._suspected.update(examined["suspected"])
        self._departed.update(examined["departed"])
        self._lessons.ran(has, runs, {**examined["departed"], **examined["broken"]})

    # ---- what breaks clauses ----------------------------------------------------------------------------------------

    def _clause(self, signature: str) -> str:
        return signature.removeprefix(f"{self._target}:").partition(":")[0]

    def _hear(self, candidate: Candidate) -> None:
        if not candidate.breaks:
            return
        self._signatures.add(candidate.signature)
        clause = self._clause(candidate.signature)
        if candidate.suspect:
            self._suspects.append(candidate)
            return
        if candidate.how is not None:
            clause = clause_of_end(candidate.how)
            died = features(program_from_json(candidate.program))
            self._lessons.ran(died, _WEIGHT_OF_DEATH, {clause: _WEIGHT_OF_DEATH})
            if clause in self._departures:
                self._departed[clause] += 1
                return
            self._broken[clause] += 1
        self._look_into(clause, candidate)

    def _look_into(self, clause: str, candidate: Candidate) -> None:
        limit = _CANDIDATES if candidate.how is None else _DEATHS
        if clause not in self._found and self._offered[clause] < limit:
            self._offered[clause] += 1
            self._waiting.setdefault(clause, []).append(candidate)
            self._offer(clause)

    def _sort_out_suspects(self) -> None:
        """What showed inside calls of the target breaks its clause, unless a clause that is broken anyway explains it.

        Two cancellations that both succeed, one of them inside the other, look like two completions.
        """
        broken = {clause for clause, times in self._broken.items() if times}
        for candidate in self._suspects:
            clause = self._clause(candidate.signature)
            has = features(program_from_json(candidate.program))
            explanation = None if clause in broken else self._lessons.explain(clause, has, broken)
            if explanation is None:
                self._broken[clause] += 1
                self._look_into(clause, candidate)
            else:
                self._explained[clause] = explanation

    def _offer(self, clause: str) -> None:
        """Have the next candidate of a clause investigated; one at a time is enough."""
        if clause not in self._in_hand and clause not in self._found and self._waiting.get(clause):
            assert self._investigator is not None
            self._in_hand.add(clause)
            self._investigator.add(self._waiting[clause].pop(0))

    def _hear_news(self) -> None:
        investigator = self._investigator
        if investigator is None:
            return
        while not investigator.news.empty():
            news = investigator.news.get()
            if isinstance(news, Confirmed):
                self._confirmed(news)
            elif isinstance(news, Failed):
                kept = self._complaints if isinstance(news.error, InputError) else self._errors
                if str(news.error) not in kept:
                    kept.append(str(news.error))
            elif isinstance(news, Phase):
                self._investigating = news.text
            else:
                assert isinstance(news, Unconfirmed)
        if investigator.idle():
            self._in_hand.clear()
            for clause in list(self._waiting):
                self._offer(clause)

    def _confirmed(self, news: Confirmed) -> None:
        clause = news.finding.clause
        if clause in self._found or clause in self._departures:
            return
        entry = reported(news.finding, news.reproduction, None, self._known)
        known = entry.known or self._bug(news.finding.signature)
        self._found[clause] = entry = evolve(entry, known=known, reference=self._reference)
        self._listener.found(entry)

    @property
    def _reference(self) -> str | None:
        return self.options.name if is_reference(self.options.name) else None

    def _finish(self) -> None:
        """Wait until everything that was found is investigated."""
        assert self._investigator is not None
        self._phase = "minimising"
        self._sort_out_suspects()
        seconds = self.options.seconds
        if seconds is not None:
            least, share = _GRACE
            self._investigator.hurry(time.monotonic() + max(least, share * seconds))
        while not self._stop():
            self._tick()
            if self._investigator.idle() and self._investigator.news.empty() and not self._in_hand:
                return
            time.sleep(0.02)

    # ---- what is told -----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._hear_news()
        supervisor, options = self._supervisor, self.options
        assert supervisor is not None
        seconds = time.monotonic() - self._began
        left = None if options.seconds is None else max(0.0, self._start + options.seconds - time.monotonic())
        known = sum(not entry.is_new for entry in self._found.values())
        self._listener.progress(
            Progress(
                seconds=seconds,
                time_left=left,
                runs=supervisor.tally.runs,
                runs_wanted=options.runs,
                runs_per_second=supervisor.tally.runs / max(seconds, 0.1),
                behaviours=len(supervisor.tally.behaviours),
                forbidden=len(self._found) - known,
                known=known,
                crashes=supervisor.tally.crashes,
                workers=options.jobs,
                phase=f"{self._phase}, {self._investigating}" if self._investigating else self._phase,
            )
        )

    def _result(self) -> Validated:
        assert self._supervisor is not None
        tally = self._supervisor.tally
        return Validated(
            what=self.options.what,
            target=self._target,
            reference=self._reference,
            contract=self._contract,
            rows=tuple(self._row(clause, tally.found) for clause in self._clauses.values()),
            enumerated=tuple(self._enumerated()),
            programs=self._programs,
            runs=tally.runs,
            seconds=time.monotonic() - self._began,
            jobs=self.options.jobs,
            seed=self.options.seed,
            interpreter=interpreter(),
            crashes=tally.crashes,
            interrupted=self._stop(),
            errors=(*tally.errors, *self._errors),
            complaints=tuple(self._complaints),
            repeat=self.options.repeat(self._contract),
        )

    def _enumerated(self) -> list[Enumerated]:
        return [listed.result() for listed in self._lists]

    def _row(self, clause: Clause, found: dict[str, int]) -> Row:
        name = clause.id
        seen = {
            signature: times
            for signature, times in found.items()
            if self._clause(signature) == name and signature in self._signatures
        }
        row = Row(
            clause=clause,
            verdict="unknown",
            tried=self._tried[name],
            broken=self._broken[name],
            departed=self._departed[name],
            finding=self._found.get(name),
        )
        missing = needed(name, self._contract, self._shape, self._lacks)
        if name in self._departures:
            return evolve(row, verdict="departed", reason=self._departures[name])
        if missing is not None:
            return evolve(row, verdict="not offered", reason=missing)
        if row.finding is not None:
            cause = self._lessons.follows(name, [other for other, times in self._broken.items() if times])
            said = row.finding.finding.cause + (f" (it may follow from {cause})" if cause else "")
            return evolve(row, verdict="broken", reason=said, seen=seen, issues=self._issues(seen, row.finding))
        if row.broken:
            return evolve(
                row, reason=f"{row.broken} runs broke it, but not again in fresh processes", seen=seen
            )
        if row.tried >= ENOUGH:
            other = self._explained.get(name)
            said = f"{self._suspected[name]} runs broke it inside a call of the Future's, as {other} explains"
            return evolve(row, verdict="holds", reason=said if other else "")
        tried = f"{row.tried} runs have tried it" if row.tried else "no run has tried it"
        return evolve(row, reason=f"{tried}; {ENOUGH} are enough")

    def _issues(self, seen: dict[str, int], finding: Reported) -> dict[str, str]:
        """Which of the signatures are known bugs of this interpreter; where a process dies varies with each run."""
        found = {}
        for signature in seen:
            bug = self._bug(signature)
            if bug is None and alike(signature, finding.finding.signature):
                bug = finding.known
            if bug is not None:
                found[signature] = bug.issue
        return found

    def _bug(self, signature: str) -> KnownBug | None:
        """The known bug that a signature names, of the target itself or of the one that it derives from."""
        rest = signature.removeprefix(f"{self._target}:")
        for target in filter(None, (self._target, self._inherits)):
            bug = self._known.match(f"{target}:{rest}", platform.python_implementation(), sys.version_info)
            if bug is not None:
                return bug
        return None
