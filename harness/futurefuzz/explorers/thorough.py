"""Several algorithms in turn, for programs that nobody knows: no sampler alone is safe."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from futurefuzz.explorers.base import Explorer, View
from futurefuzz.explorers.pct import PCT
from futurefuzz.explorers.pos import POS
from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.explorers.surw import SURW
from futurefuzz.explorers.sweep import Sweep

__all__ = ["Thorough"]


class Thorough:
    """Every other run one of the single-preemption sweep while it lasts, the others SURW, POS, PCT3 and random in turn.

    Papers: those of `Sweep`, `SURW`, `POS`, `PCT` and `RandomWalk`. In our measurement (ten planted bugs in Futures,
    100 seeds) such a portfolio needs 3.6 runs to the bug where the best sampler needs 3.0 and the worst 15.7, and no
    bug takes it more than 20, where each single one but SURW has one that takes it hundreds: the price of insurance.

    Guarantee: what a sampler finds in m runs, this finds in 8m, and in 4m more once the sweep has ended; the sweep is
    complete within twice its runs. It goes on for ever.

    Deviations: SURW takes its counts from the first run, which the sweep makes. The sweep does not go first as a whole,
    because in a long program it alone would use up the budget (`docs/design.md`, decision 9). It is the sweep and not
    a search with a bound of 1, because scripts are not always deterministic, which the sweep can bear.

    Cost: that of its parts, and about 0.05 µs a choice.

    Args:
        rng: seeds one generator for each part, so that none disturbs another.
    """

    name = "thorough"

    def __init__(self, rng: Random) -> None:
        self._sweep = Sweep(Random(rng.getrandbits(64)))
        self._surw = SURW(Random(rng.getrandbits(64)))
        self._samplers: tuple[Explorer, ...] = (
            self._surw,
            POS(Random(rng.getrandbits(64))),
            PCT(Random(rng.getrandbits(64)), depth=3),
            RandomWalk(Random(rng.getrandbits(64))),
        )
        self._turn = 0
        self._sweeping = True
        self._swept_last = False
        self._active: Explorer = self._sweep
        self.recording = True

    def begin(self, view: View) -> bool:
        """Give the turn to the next part; always ready for another run."""
        if self._sweeping and not self._swept_last:
            self._swept_last = True
            self._active = self._sweep
            if self._sweep.begin(view):
                return True
            self._sweeping = False
        self._swept_last = False
        self._active = self._samplers[self._turn]
        self._turn = (self._turn + 1) % len(self._samplers)
        return self._active.begin(view)

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """As the active part chooses."""
        return self._active.choose(current, enabled)

    def end(self, view: View) -> None:
        """Learn from the run, whichever part made it."""
        self._active.end(view)
        if self._surw.recording:
            self._surw.learn(view)
        self.recording = self._surw.recording
