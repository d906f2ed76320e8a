"""The explorer of `explore`: samplers for what is deep, bounded search for what can be proved, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random
from typing import Final

from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import Explorer, View
from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.default_rule import go_on
from futurefuzz.explorers.pct import PCT
from futurefuzz.explorers.pos import POS
from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.explorers.surw import SURW

__all__ = ["Search"]

# Who has which turn. Over thirteen planted bugs this order needs a third of the schedules of "bounded search and
# `thorough` by turns" (docs/benchmarks.md), and no bug takes more than one schedule longer. The sweep is left out:
# bounded search begins with all single preemptions.
_BOUNDED: Final = 0
_ORDER: Final = (_BOUNDED, 1, 2, 1, 3, _BOUNDED, 1, 2, 1, 4)

#: sampled runs after the bounded search is complete: what needs more preemptions than its bound has its chance, too
_AFTERWARDS: Final = 1000


class Search:
    """Bounded search, SURW, random walk, POS and PCT in a fixed order of turns.

    Guarantee: that of `Bounded` within five times its runs; when it is complete there is a certificate. The samplers go
    on for as many runs again (1,000 at least), unless the bound left nothing out; then it ends. A program
    that turns out not to be deterministic has no certificate; the samplers go on alone.

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
        self._active: Explorer = self._bounded
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
        part = _BOUNDED
        while True:
            part = _ORDER[self._turn % len(_ORDER)]
            self._turn += 1
            if part != _BOUNDED or not (self._bounded.complete or self.indeterminate):
                break
        self._active = self._parts[part]
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
        if self._surw.recording and self._active is not self._surw:
            self._surw.learn(view)
        self.recording = self._surw.recording  # asked before the next run begins

    def _lose(self, error: HarnessError) -> None:
        # Not the harness's failure: ordinary code may depend on the time, on files, on what it did before.
        self.indeterminate = str(error)
        self._lost = True
