"""The default: the simple and the likely in turn, for ever."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from futurefuzz.explorers.alternating import Alternating
from futurefuzz.explorers.base import View
from futurefuzz.explorers.sweep import Sweep

__all__ = ["Default"]


class Default:
    """The single-preemption sweep and the samplers (SURW, POS) in turn; the samplers alone when the sweep has ended.

    Papers: those of `Sweep`, `SURW` and `POS`; the measurements behind the mixture are in `docs/design.md`, decision 9.

    Guarantee: that of the sweep within twice its runs, that of the alternation throughout.

    Deviation: the sweep's first run is recorded, so that SURW has its counts without a run of its own. The sweep does
    not go first as a whole: its length grows with the program, and in a budget of a few dozen runs a long program would
    never meet a sampler.

    Cost: that of its parts, and about 0.05 µs a choice.

    Args:
        rng: seeds one generator for each part.
    """

    name = "default"

    def __init__(self, rng: Random) -> None:
        self._sweep = Sweep(Random(rng.getrandbits(64)))
        self._samplers = Alternating(Random(rng.getrandbits(64)))
        self._active: Sweep | Alternating = self._samplers
        self._sweeping = True
        self.recording = True

    def begin(self, view: View) -> bool:
        """Always ready for another run."""
        if self._sweeping and self._active is self._samplers:
            self._active = self._sweep
            if self._sweep.begin(view):
                return True
            self._sweeping = False
        self._active = self._samplers
        return self._samplers.begin(view)

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """As the active part chooses."""
        return self._active.choose(current, enabled)

    def end(self, view: View) -> None:
        """Learn from the run, whichever part made it."""
        self._active.end(view)
        if self._active is self._sweep:
            self._samplers.learn(view)
        self.recording = self._samplers.recording
