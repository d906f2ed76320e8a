"""The explorer of `explore`: race reversal for what is likely, samplers for what is deep, bounded search for proofs."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import Explorer, Recorded, View
from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.default_rule import go_on
from futurefuzz.explorers.pct import PCT
from futurefuzz.explorers.pos import POS
from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.explorers.reversing import Reversing
from futurefuzz.explorers.surw import SURW

__all__ = ["Search"]

# Who has which turn. The plainest run shows what conflicts, so race reversal has its turns first: over the thirteen
# planted bugs, and over sixteen others, this order needs less than half the schedules of the same without it
# (docs/benchmarks.md). The sweep is left out: bounded search begins with all single preemptions.
_BOUNDED, _SURW, _WALK, _POS, _PCT, _REVERSING = range(6)
_FIRST: Final = (*[_REVERSING] * 6, _WALK, _REVERSING)
_THEN: Final = (_BOUNDED, _REVERSING, _SURW, _WALK, _REVERSING, _BOUNDED, _REVERSING, _SURW, _POS, _PCT)

#: sampled runs after the bounded search is complete: what needs more preemptions than its bound has its chance, too
_AFTERWARDS: Final = 1000


class Search:
    """Race reversal, bounded search, SURW, random walk, POS and PCT in a fixed order of turns.

    The first run is the plainest, by bounded search; where one like it has been made before (`learn`) it is not made
    again before its turn. When nothing is left to be reversed, SURW has those turns, too.

    Guarantee: that of `Bounded` within five times its runs, and eight more; when it is complete there is a certificate.
    The others go on for as many runs again (1,000 at least), unless the bound left nothing out; then it ends. A
    program that turns out not to be deterministic has no certificate; the others go on alone.

    Args:
        rng: of the samplers.
        bound: preemptions up to which everything is run.

    Attributes:
        indeterminate: why there can be no certificate; empty while there can.
    """

    name = "search"

    def __init__(self, rng: Random, *, bound: int = 2) -> None:
        self.indeterminate = ""
        self._bounded = Bounded(bound=bound)
        self._surw = SURW(Random(rng.getrandbits(64)))
        self._parts: tuple[Explorer, ...] = (
            self._bounded,
            self._surw,
            RandomWalk(Random(rng.getrandbits(64))),
            POS(Random(rng.getrandbits(64))),
            PCT(Random(rng.getrandbits(64)), depth=3),
        )
        self._reversing = Reversing(Random(rng.getrandbits(64)))
        self._active: Explorer = self._bounded
        self._learned = False
        self._turn = 0
        self._runs = 0
        self._left = 0
        self._lost = False
        self._view: View | None = None
        self.recording = True

    @property
    def certificate(self) -> str | None:
        """What has been shown; None as long as the bounded search is not complete."""
        if self.indeterminate or not self._bounded.complete:
            return None
        return self._bounded.certificate()

    def begin(self, view: View) -> bool:
        """The next one's turn; False when all was run, or sampled for long enough after the certificate."""
        self._view = view
        self._lost = False
        if self._bounded.complete and not self.indeterminate:
            if not self._bounded.left_out or self._left == 0:
                return False
            self._left -= 1
        return self._active.begin(view)

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """As the active one chooses."""
        if self._lost:
            assert self._view is not None
            return go_on(self._view.pending, current, enabled)
        if self._active is not self._bounded:
            return self._active.choose(current, enabled)
        try:
            return self._bounded.choose(current, enabled)
        except HarnessError as error:
            self._lose(error)
            return self.choose(current, enabled)

    def end(self, view: View) -> None:
        """Learn from the run."""
        self._view = None
        self._runs += 1
        if not self._lost:
            complete = self._bounded.complete
            try:
                self._active.end(view)
            except HarnessError as error:
                self._lose(error)
            if self._bounded.complete and not complete:
                self._left = max(_AFTERWARDS, self._runs)
        if self._active is self._bounded and self._bounded.runs == 1:
            self._reversing.learn(view)  # again: what is imported or cached in the first run of all is not done here
        self._take(view)
        self._pass_on()

    def learn(self, run: Recorded) -> None:
        """From a recorded run, made before any of this explorer's, in which everybody went on."""
        self._take(run)
        if self._learned and not self._runs:
            self._pass_on()

    def _take(self, run: Recorded) -> None:
        if run.steps is not None and not self._learned:
            self._learned = True
            self._surw.learn(run)
            self._reversing.learn(run)

    def _pass_on(self) -> None:
        self._active = self._next()
        plainest = self._active is self._bounded and not self._bounded.runs
        self.recording = plainest or not self._learned or self._active.recording  # asked before the next run begins

    def _next(self) -> Explorer:
        while True:
            turn, self._turn = self._turn, self._turn + 1
            part = _FIRST[turn] if turn < len(_FIRST) else _THEN[(turn - len(_FIRST)) % len(_THEN)]
            if part == _REVERSING:
                return self._surw if self._reversing.exhausted else self._reversing
            if part != _BOUNDED or not (self._bounded.complete or self.indeterminate):
                return self._parts[part]

    def _lose(self, error: HarnessError) -> None:
        # Not the harness's failure: ordinary code may depend on the time, on files, on what it did before.
        self.indeterminate = str(error)
        self._lost = True
