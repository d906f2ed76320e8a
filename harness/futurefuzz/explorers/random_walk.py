"""Random walk: the plainest sampler, and the yardstick for all others."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from futurefuzz.explorers.base import View

__all__ = ["RandomWalk"]


class RandomWalk:
    """At each point one of the enabled actors, each with the same probability.

    Paper: Thomson, Donaldson and Betts, "Concurrency testing using schedule bounding: an empirical study" (PPoPP 2014),
    found it as good as schedule bounding on their 52 programs and made it the baseline to beat.

    Guarantee: a run with k choices among at most n actors has probability at least n^-k. Nothing better: an event that
    must wait until another actor has done m steps is delayed that long with probability 2^-m only, so bugs behind long
    threads are practically never found. It is kept as insurance, because it assumes nothing about the program.

    Deviation: none.

    Cost: one random number a choice, about 0.1 µs; memory none.

    Args:
        rng: all its randomness.
    """

    name = "random"

    def __init__(self, rng: Random) -> None:
        self.recording = False
        self._random = rng.random

    def begin(self, view: View) -> bool:
        """Always ready for another run."""
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """One of `enabled`, uniformly."""
        # random() is below 1 by at least 2^-53, so the product never rounds up to the length.
        return enabled[int(self._random() * len(enabled))]

    def end(self, view: View) -> None:
        """It learns nothing."""
