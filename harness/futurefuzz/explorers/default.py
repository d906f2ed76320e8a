"""The default: first the simple, then the likely, for ever."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from futurefuzz.explorers.alternating import Alternating
from futurefuzz.explorers.base import View
from futurefuzz.explorers.sweep import Sweep

__all__ = ["Default"]


class Default:
    """The single-preemption sweep, then SURW and POS in turn without end.

    Papers: those of `Sweep`, `SURW` and `POS`; the measurements behind the order stand in `docs/design.md`, decision 5.

    Guarantee: that of the sweep after its runs, then that of the alternation.

    Deviation: the sweep's first run is recorded, so that SURW has its counts without a run of its own.

    Cost: that of its parts, and about 0.05 µs a choice.

    Args:
        rng: seeds one generator for each part.
    """

    name = "default"

    def __init__(self, rng: Random) -> None:
        self._sweep = Sweep(Random(rng.getrandbits(64)))
        self._samplers = Alternating(Random(rng.getrandbits(64)))
        self._active: Sweep | Alternating = self._sweep
        self._choose = self._active.choose
        self.recording = True

    def begin(self, view: View) -> bool:
        """Always ready for another run."""
        if self._active.begin(view):
            return True
        self._active = self._samplers
        self._choose = self._active.choose
        return self._active.begin(view)

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """As the active part chooses."""
        return self._choose(current, enabled)

    def end(self, view: View) -> None:
        """Learn from the run, whichever part made it."""
        self._active.end(view)
        if self._active is self._sweep:
            self._samplers.learn(view)
        self.recording = self._samplers.recording
