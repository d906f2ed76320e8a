"""The random walk: even at each point, hence blind to what lies behind long threads."""

from __future__ import annotations

from collections import Counter
from random import Random

from futurefuzz.explorers.random_walk import RandomWalk
from tests.explorers import planted
from tests.explorers.machine import chi_square, runs, runs_to_bug


def test_it_chooses_each_enabled_actor_equally_often() -> None:
    """Ten thousand choices among four actors are uniform."""
    walk = RandomWalk(Random(11))
    counts = Counter(walk.choose(0, [2, 3, 5, 8]) for _ in range(10_000))
    assert set(counts) == {2, 3, 5, 8}
    assert chi_square(list(counts.values()), 4) < 16.3  # 99.9 % quantile, 3 degrees of freedom


def test_it_finds_a_lost_update() -> None:
    """A shallow race is found within a few runs."""
    # Six turns (three each). With p = 1/2 both actors have read before either writes or more: p > 0.3; (0.7)^30 = 2e-5.
    assert all(runs_to_bug(planted.lost_update, RandomWalk(Random(seed)), 30) for seed in range(20))


def test_it_misses_a_bug_behind_a_long_thread() -> None:
    """Must-miss twin of the sweep and SURW: a bug of less than 2^-20 is not found in 100 runs."""
    # 24 steps of noise: the long actor has 26 turns before the bug's gap, the short one exactly one among them and then
    # the next: 27 orders of 2^-28 each = 1.0e-7 = 2^-23. In 100 runs: 1e-5.
    program = planted.behind_a_long_thread(24)
    assert all(runs_to_bug(program, RandomWalk(Random(seed)), 100) is None for seed in range(20))


def test_it_never_needs_a_recorded_run() -> None:
    """It runs at full speed from the first run on."""
    walk = RandomWalk(Random(0))
    assert all(result.steps is None for result in runs(planted.lost_update, walk, 5))
