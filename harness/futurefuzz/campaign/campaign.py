"""A whole campaign: replay what is known, fuzz, investigate what shows, remember it, and say what is new."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

from attrs import evolve

from futurefuzz.campaign.investigator import Confirmed, Failed, Investigator, Phase, interpreter
from futurefuzz.campaign.listener import Listener, Progress
from futurefuzz.campaign.options import DEFAULT_CORPUS, Options
from futurefuzz.campaign.outcome import Outcome, PairCount, Reported, Throttled, Unconfirmed
from futurefuzz.campaign.plan import Pair, Plan
from futurefuzz.campaign.process import Ready, Stopped, cores
from futurefuzz.campaign.recognising import known_bugs, known_here, reported
from futurefuzz.campaign.runner import HANG, Reproduction, Runner, alike
from futurefuzz.campaign.supervisor import Supervisor
from futurefuzz.campaign.tally import Candidate
from futurefuzz.errors import FuturefuzzError, HarnessError, InputError
from futurefuzz.findings.corpus import Corpus
from futurefuzz.findings.finding import Finding, Rate
from futurefuzz.programs.codec import program_to_json
from futurefuzz.shipped import directory

__all__ = ["DEFAULT_CORPUS", "Campaign", "Options", "known_bugs", "reported"]

#: times that a case of the corpus is replayed when it shows its finding the first time
_REPLAYS: Final = 3
#: candidates of one signature that are investigated before it counts as unconfirmed, and of one end of a process
_CANDIDATES: Final = 3
_DEATHS: Final = 10
#: seconds for minimising after the time budget has ended, at least and as a share of that budget
_GRACE: Final = (20.0, 0.2)


class Campaign:
    """One campaign.

    Args:
        options: what to do.
        listener: is told how it goes.
        stop: asked several times a second; True ends the campaign within a second.

    Raises:
        InputError: the corpus cannot be read or written, or is damaged.
    """

    def __init__(self, options: Options, listener: Listener, stop: Callable[[], bool] = lambda: False) -> None:
        self.options = options
        self._listener = listener
        self._stop = stop
        self._began = time.monotonic()
        self._until: float | None = None
        self._phase = "starting"
        self._investigating = ""
        self._reported: list[Reported] = []
        self._unconfirmed: dict[str, Unconfirmed] = {}
        self._offered: dict[str, int] = {}
        self._errors: list[str] = []
        self._complaints: list[str] = []
        self._rates: list[tuple[float, int]] = []
        self._handled: set[str] = set()
        self._corpus = None if options.corpus is None else Corpus(options.corpus)
        if self._corpus is not None:
            self._corpus.check_writable()
        self._saved = self._load_corpora()
        self._remembered = {finding.signature for finding, _ in self._saved}
        self._known = known_bugs(options.corpus, shipped=options.shipped)
        self._targets: Mapping[str, Mapping[str, Any]] = {}
        self._supervisor: Supervisor | None = None
        self._investigator: Investigator | None = None

    def _load_corpora(self) -> list[tuple[Finding, Path]]:
        """Every saved finding with its file: the user's first, then the shipped ones that the user does not have."""
        corpora = [] if self._corpus is None else [self._corpus]
        if self.options.shipped:
            shipped = directory("corpus")
            if self.options.corpus is None or self.options.corpus.resolve() != shipped.resolve():
                corpora.append(Corpus(shipped))
        found: dict[str, tuple[Finding, Path]] = {}
        for corpus in corpora:
            for finding in corpus.load():
                found.setdefault(finding.signature, (finding, corpus.path_of(finding.signature)))
        return list(found.values())

    def run(self) -> Outcome:
        """Carry it out.

        Returns:
            What it leaves behind; also when it was stopped.

        Raises:
            InputError: a target or scenario cannot be loaded or used.
            HarnessError: workers do not start or die without a reason.
        """
        options = self.options
        places = cores()
        self._supervisor = Supervisor(options.setup, jobs=options.jobs, hang=HANG, stop=self._stop)
        reason = "stopped"
        plan = None
        try:
            ready = self._supervisor.start()
            self._targets = ready.targets
            self._until = None if options.seconds is None else time.monotonic() + options.seconds
            plan = Plan(seed=options.seed, pairs=[Pair(*pair) for pair in ready.pairs])
            self._investigator = Investigator(
                options.setup,
                corpus=self._corpus,
                handled=self._handled,
                saved_before=frozenset(self._remembered),
                core=places[options.jobs % len(places)] if places else None,
                is_known=lambda signature: known_here(signature, self._known) is not None,
            )
            self._replay_corpus(ready)
            self._phase = "fuzzing"
            reason = self._supervisor.fuzz(
                plan,
                until=self._until,
                runs=options.runs,
                hear=self._candidate,
                say=self._listener.message,
                tick=self._tick,
            )
            self._finish(reason)
        except Stopped:
            reason = "stopped"
        finally:
            self._supervisor.close()
            left = [] if self._investigator is None else self._investigator.stop()
        for candidate in left:
            self._note_unconfirmed(Unconfirmed(signature=candidate.signature, cause=candidate.cause))
        self._hear_news()
        return self._outcome("stopped" if self._stop() else reason, plan)

    # ---- the corpus -------------------------------------------------------------------------------------------------

    def _replay_corpus(self, ready: Ready) -> None:
        """Replay every saved finding of the selected targets; many share a process until one of them kills it."""
        assert self._investigator is not None
        self._phase = "replaying the corpus"
        with Runner(self.options.setup, stop=self._stop) as runner:
            for finding, path in self._saved:
                self._tick()
                if self._stop():
                    raise Stopped
                if finding.case.target not in ready.contracts:
                    continue
                try:
                    reproduction = runner.run(finding.case, signature=finding.signature)
                    seen = self._count_replays(runner, finding, reproduction)
                except InputError as error:  # a program that this version or this target cannot run any more
                    self._listener.message(f"{path}: cannot be replayed: {error}")
                    continue
                except HarnessError as error:
                    runner.close()
                    self._fail(f"{path}: {error}")
                    continue
                if seen is not None:
                    self._handled.add(finding.signature)
                    self._report(evolve(finding, rate=seen, interpreter=interpreter()), reproduction, path)
                elif reproduction.violations:
                    self._other_signature(finding, reproduction)

    def _count_replays(self, runner: Runner, finding: Finding, first: Reproduction) -> Rate | None:
        """How often the finding shows; None when it does not show at all."""
        if not first.shows(finding.signature):
            return None
        again = [runner.run(finding.case, signature=finding.signature) for _ in range(_REPLAYS - 1)]
        good = sum(reproduction.shows(finding.signature) for reproduction in again)
        return Rate(reproduced=1 + good, tried=_REPLAYS)

    def _other_signature(self, finding: Finding, reproduction: Reproduction) -> None:
        """The case of a saved finding shows something else here: a candidate like any other."""
        first = reproduction.violations[0]
        self._candidate(
            Candidate(
                signature=first.signature,
                grade=first.grade,
                cause=first.cause,
                scenario=finding.case.scenario,
                target=finding.case.target,
                program=program_to_json(finding.case.program),
                choices=list(reproduction.choices),
                how=reproduction.how,
            )
        )

    # ---- candidates and findings ------------------------------------------------------------------------------------

    def _candidate(self, candidate: Candidate) -> None:
        assert self._investigator is not None
        signature = candidate.signature
        offered = self._offered.get(signature, 0)
        limit = _CANDIDATES if candidate.how is None else _DEATHS
        if signature in self._handled or offered >= limit or not self._wanted(candidate.grade):
            return
        self._offered[signature] = offered + 1
        self._investigator.add(candidate)

    def _wanted(self, grade: str) -> bool:
        return self.options.grade == "interesting" or grade == "forbidden"

    def _finish(self, reason: str) -> None:
        """Wait until everything that was found is investigated."""
        assert self._investigator is not None
        self._phase = "minimising"
        if reason == "time" and self.options.seconds is not None:
            least, share = _GRACE
            self._investigator.hurry(time.monotonic() + max(least, share * self.options.seconds))
        while not self._investigator.idle() and not self._stop():
            time.sleep(0.05)
            self._tick()

    def _hear_news(self) -> None:
        if self._investigator is None:
            return
        while not self._investigator.news.empty():
            news = self._investigator.news.get()
            if isinstance(news, Confirmed):
                self._confirmed(news)
            elif isinstance(news, Unconfirmed):
                self._note_unconfirmed(news)
            elif isinstance(news, Failed):
                self._fail(str(news.error), news.error)
            else:
                assert isinstance(news, Phase)
                self._investigating = news.text

    def _confirmed(self, news: Confirmed) -> None:
        if not self._wanted(news.finding.grade):
            return
        corpus = self._corpus
        path = corpus.path_of(news.finding.signature) if corpus is not None and news.saved else None
        self._report(news.finding, news.reproduction, path)

    def _report(self, finding: Finding, reproduction: Reproduction, path: Path | None) -> None:
        if not self._wanted(finding.grade):
            return
        entry = reported(finding, reproduction, path, self._known, self._remembered)
        entry = evolve(entry, reference=self._targets.get(finding.case.target, {}).get("reference"))
        self._reported.append(entry)
        self._listener.found(entry)

    def _note_unconfirmed(self, news: Unconfirmed) -> None:
        before = self._unconfirmed.get(news.signature)
        tried = news.tried + (0 if before is None else before.tried)
        self._unconfirmed[news.signature] = evolve(news, tried=tried)

    def _fail(self, text: str, error: FuturefuzzError | None = None) -> None:
        """Something went wrong that is no finding: with the harness, or with what the user gave (a full disk)."""
        kept, head = (self._complaints, "") if isinstance(error, InputError) else (self._errors, "harness error: ")
        if text not in kept:
            kept.append(text)
            self._listener.message(head + text)

    # ---- what is told -----------------------------------------------------------------------------------------------

    def _tick(self) -> None:
        self._hear_news()
        now = time.monotonic()
        supervisor = self._supervisor
        assert supervisor is not None
        tally = supervisor.tally
        self._rates = [entry for entry in self._rates if entry[0] > now - 3.0]
        self._rates.append((now, tally.runs))
        span = now - self._rates[0][0]
        options = self.options
        phase = f"{self._phase}, {self._investigating}" if self._investigating else self._phase
        self._listener.progress(
            Progress(
                seconds=now - self._began,
                time_left=None if self._until is None else max(0.0, self._until - now),
                runs=tally.runs,
                runs_wanted=options.runs,
                runs_per_second=(tally.runs - self._rates[0][1]) / span if span > 0.2 else 0.0,
                behaviours=len(tally.behaviours),
                forbidden=sum(entry.is_new and entry.finding.grade == "forbidden" for entry in self._reported),
                interesting=sum(entry.is_new and entry.finding.grade == "interesting" for entry in self._reported),
                known=sum(not entry.is_new for entry in self._reported),
                crashes=tally.crashes,
                workers=options.jobs,
                phase=phase,
            )
        )

    def _outcome(self, reason: str, plan: Plan | None) -> Outcome:
        assert self._supervisor is not None
        tally = self._supervisor.tally
        held_back = [] if plan is None else plan.held_back()
        shown = [entry.finding.signature for entry in self._reported]
        unconfirmed = [
            one
            for signature, one in self._unconfirmed.items()
            if signature not in self._handled and not any(alike(signature, other) for other in shown)
        ]
        return Outcome(
            seed=self.options.seed,
            seconds=time.monotonic() - self._began,
            runs=tally.runs,
            interpreter=interpreter(),
            jobs=self.options.jobs,
            behaviours=len(tally.behaviours),
            crashes=tally.crashes,
            findings=list(self._reported),
            unconfirmed=unconfirmed,
            throttled=[
                Throttled(
                    target=pair.target,
                    scenario=pair.scenario,
                    reason=f"{crashes} runs ended the interpreter; it got one in {share} of its turns",
                )
                for pair, crashes, share in held_back
            ],
            interrupted=reason == "stopped",
            pairs=[self._pair_count(pair) for pair in tally.pairs],
            repeat=self.options.repeat(),
            go_on=evolve(self.options, seed=self.options.seed + 1).repeat(),
            corpus=self.options.corpus,
            reason=reason,
            errors=[*tally.errors, *self._errors],
            complaints=list(self._complaints),
        )

    def _pair_count(self, pair: Pair) -> PairCount:
        assert self._supervisor is not None
        counts = self._supervisor.tally.pairs[pair]
        mine = [
            entry
            for entry in self._reported
            if (entry.finding.case.scenario, entry.finding.case.target) == (pair.scenario, pair.target)
        ]
        return PairCount(
            target=pair.target,
            scenario=pair.scenario,
            runs=counts.runs,
            behaviours=counts.behaviours,
            crashes=counts.crashes,
            forbidden=sum(entry.is_new and entry.finding.grade == "forbidden" for entry in mine),
            interesting=sum(entry.is_new and entry.finding.grade == "interesting" for entry in mine),
            known=sum(not entry.is_new for entry in mine),
        )
