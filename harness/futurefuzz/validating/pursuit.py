"""What seems to break a clause is pursued: confirmed in fresh processes and made small, one finding for each clause."""

from __future__ import annotations

import platform
import sys
import time
from collections import Counter
from collections.abc import Mapping
from typing import Final

from attrs import evolve

from futurefuzz.campaign.campaign import known_bugs, reported
from futurefuzz.campaign.investigator import Confirmed, Failed, Investigator, Phase
from futurefuzz.campaign.listener import Listener
from futurefuzz.campaign.outcome import Reported, Unconfirmed
from futurefuzz.campaign.process import cores
from futurefuzz.campaign.runner import alike
from futurefuzz.campaign.tally import Candidate
from futurefuzz.errors import InputError
from futurefuzz.findings.known import KnownBug
from futurefuzz.findings.signature import clause_of_end
from futurefuzz.programs.codec import program_from_json
from futurefuzz.programs.features import features
from futurefuzz.validating.learning import Lessons
from futurefuzz.validating.options import Options
from futurefuzz.validating.subject import Subject
from futurefuzz.validating.tallying import Counts

__all__ = ["Pursuit", "names_of"]

#: candidates for one clause that are looked into before it counts as not confirmed; ends of processes vary more
_CANDIDATES: Final = 3
_DEATHS: Final = 8
#: seconds for confirming and minimising after the budget has ended, at least and as a share of it
_GRACE: Final = (15.0, 0.2)
#: what weighs a run that ends its process, among those that break a clause: it takes as long as hundreds of others
_WEIGHT_OF_DEATH: Final = 100


class Pursuit:
    """Takes in candidates and has one after another of each clause investigated.

    Args:
        subject: what is validated.
        options: of the validation.
        lessons, counts: grow.
        listener: is told what is found.

    Attributes:
        found: clause -> the finding that breaks it.
        explained: clause -> a broken one that explains what was seen of it inside calls.
        phase: what the investigator does, in words.
        errors, complaints: failures of the harness, and on the user's side.

    Raises:
        InputError: the list of known bugs is damaged.
    """

    def __init__(
        self, subject: Subject, options: Options, lessons: Lessons, counts: Counts, listener: Listener
    ) -> None:
        self.found: dict[str, Reported] = {}
        self.explained: dict[str, str] = {}
        self.phase = ""
        self.errors: list[str] = []
        self.complaints: list[str] = []
        self._subject = subject
        self._options = options
        self._lessons = lessons
        self._counts = counts
        self._listener = listener
        self._known = known_bugs(None)
        self._signatures: set[str] = set()  # that broke a clause
        self._waiting: dict[str, list[Candidate]] = {}
        self._suspects: list[Candidate] = []
        self._offered: Counter[str] = Counter()
        self._in_hand: set[str] = set()
        places = cores()
        self._investigator = Investigator(
            options.setup,
            corpus=None,
            handled=set(),
            core=places[options.jobs % len(places)] if places else None,
        )

    def hear(self, candidate: Candidate) -> None:
        """Something was seen that may break a clause."""
        if not candidate.breaks:
            return
        self._signatures.add(candidate.signature)
        clause = self._subject.clause_of(candidate.signature)
        if candidate.suspect:
            self._suspects.append(candidate)
            return
        if candidate.how is not None:
            clause = clause_of_end(candidate.how)
            died = features(program_from_json(candidate.program))
            self._lessons.ran(died, _WEIGHT_OF_DEATH, {clause: _WEIGHT_OF_DEATH})
            if clause in self._subject.departures:
                self._counts.departed[clause] += 1
                return
            self._counts.broken[clause] += 1
        self._look_into(clause, candidate)

    def hear_news(self) -> None:
        """Take in what the investigator has found out meanwhile."""
        investigator = self._investigator
        while not investigator.news.empty():
            news = investigator.news.get()
            if isinstance(news, Confirmed):
                self._confirmed(news)
            elif isinstance(news, Failed):
                kept = self.complaints if isinstance(news.error, InputError) else self.errors
                if str(news.error) not in kept:
                    kept.append(str(news.error))
            elif isinstance(news, Phase):
                self.phase = news.text
            else:
                assert isinstance(news, Unconfirmed)
        if investigator.idle():
            self._in_hand.clear()
            for clause in list(self._waiting):
                self._offer(clause)

    def hurry(self) -> None:
        """The budget is used up: decide on what was seen inside calls, and come to an end."""
        self._sort_out_suspects()
        seconds = self._options.seconds
        if seconds is not None:
            least, share = _GRACE
            self._investigator.hurry(time.monotonic() + max(least, share * seconds))

    @property
    def over(self) -> bool:
        """Everything that was found is investigated."""
        return self._investigator.idle() and self._investigator.news.empty() and not self._in_hand

    def stop(self) -> None:
        """End the investigator, whatever it is at."""
        self._investigator.stop()

    def seen(self, clause: str, found: Mapping[str, int]) -> dict[str, int]:
        """Of the signatures of all runs, those that broke a clause."""
        return {
            signature: times
            for signature, times in found.items()
            if self._subject.clause_of(signature) == clause and signature in self._signatures
        }

    def known(self, seen: Mapping[str, int], finding: Reported) -> dict[str, KnownBug]:
        """Which of the signatures are known bugs of this interpreter; where a process dies varies with each run."""
        found = {}
        for signature in seen:
            bug = self._bug(signature)
            if bug is None and alike(signature, finding.finding.signature):
                bug = finding.known
            if bug is not None:
                found[signature] = bug
        return found

    def _look_into(self, clause: str, candidate: Candidate) -> None:
        limit = _CANDIDATES if candidate.how is None else _DEATHS
        if clause not in self.found and self._offered[clause] < limit:
            self._offered[clause] += 1
            self._waiting.setdefault(clause, []).append(candidate)
            self._offer(clause)

    def _sort_out_suspects(self) -> None:
        """What showed inside calls of the target breaks its clause, unless a clause that is broken anyway explains it.

        Two cancellations that both succeed, one of them inside the other, look like two completions.
        """
        broken = self._counts.ever_broken
        for candidate in self._suspects:
            clause = self._subject.clause_of(candidate.signature)
            has = features(program_from_json(candidate.program))
            explanation = None if clause in broken else self._lessons.explain(clause, has, broken)
            if explanation is None:
                self._counts.broken[clause] += 1
                self._look_into(clause, candidate)
            else:
                self.explained[clause] = explanation

    def _offer(self, clause: str) -> None:
        """Have the next candidate of a clause investigated; one at a time is enough."""
        if clause not in self._in_hand and clause not in self.found and self._waiting.get(clause):
            self._in_hand.add(clause)
            self._investigator.add(self._waiting[clause].pop(0))

    def _confirmed(self, news: Confirmed) -> None:
        clause = news.finding.clause
        if clause in self.found or clause in self._subject.departures:
            return
        entry = reported(news.finding, news.reproduction, None, self._known)
        known = entry.known or self._bug(news.finding.signature)
        options = self._options
        entry = evolve(
            entry, known=known, reference=options.reference, departures=options.departures, points=options.points
        )
        self.found[clause] = entry
        self._listener.found(entry)

    def _bug(self, signature: str) -> KnownBug | None:
        """The known bug that a signature names, of the target itself or of the one that it derives from."""
        for one in names_of(signature, self._subject):
            bug = self._known.match(one, platform.python_implementation(), sys.version_info)
            if bug is not None:
                return bug
        return None


def names_of(signature: str, subject: Subject) -> tuple[str, ...]:
    """A signature of a target, and the same of the one that it derives from, where its class has no name of its own."""
    if not subject.inherits:
        return (signature,)
    rest = signature.removeprefix(f"{subject.name}:").replace(f" ({subject.name.rpartition('.')[2]})", "")
    return signature, f"{subject.inherits}:{rest}"
