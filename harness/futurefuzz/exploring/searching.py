"""The explorer of `explore`: samplers for what is deep, bounded search for what can be proved, in turn."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import Explorer, View
from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.default_rule import go_on
from futurefuzz.explorers.thorough import Thorough

__all__ = ["Search"]


class Search:
    """`thorough` and `bounded` in turn; ends when the bounded search is complete, and then has a certificate.

    Guarantee: that of `Bounded` within twice its runs, that of `Thorough` in every other run. A program that turns out
    not to be deterministic has no certificate; the samplers go on alone.

    Args:
        rng: of the samplers.
        bound: preemptions up to which everything is run.

    Attributes:
        indeterminate: why there can be no certificate; empty while there can.
    """

    name = "search"

    def __init__(self, rng: Random, *, bound: int = 2) -> None:
        self.indeterminate = ""
        self._thorough = Thorough(rng)
        self._bounded = Bounded(bound=bound)
        self._active: Explorer = self._bounded
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
        """The other one's turn; False when the bounded search is complete."""
        self._view = view
        self._lost = False
        if self.indeterminate:
            return self._thorough.begin(view)
        if self._bounded.complete:
            return False
        self._active = self._bounded if self._active is self._thorough else self._thorough
        return self._active.begin(view)

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """As the active one chooses."""
        if self._lost:
            assert self._view is not None
            return go_on(self._view.pending, current, enabled)
        if self._active is self._thorough:
            return self._thorough.choose(current, enabled)
        try:
            return self._bounded.choose(current, enabled)
        except HarnessError as error:
            self._lose(error)
            return self.choose(current, enabled)

    def end(self, view: View) -> None:
        """Learn from the run."""
        self._view = None
        if not self._lost:
            try:
                self._active.end(view)
            except HarnessError as error:
                self._lose(error)
        self.recording = self._thorough.recording  # asked before the next run begins

    def _lose(self, error: HarnessError) -> None:
        # Not the harness's failure: ordinary code may depend on the time, on files, on what it did before.
        self.indeterminate = str(error)
        self._lost = True
        self._active = self._thorough
