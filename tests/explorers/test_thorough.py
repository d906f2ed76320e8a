"""The portfolio: the sweep in every other run while it lasts, and four samplers in turn for ever."""

from __future__ import annotations

from random import Random

from futurefuzz.explorers.sweep import Sweep
from futurefuzz.explorers.thorough import Thorough
from tests.explorers import planted
from tests.explorers.machine import preemptions, run, runs, runs_to_bug, straight


def names(explorer: Thorough, count: int) -> list[str]:
    """Whose turn each of so many runs was."""
    who = []
    for _ in range(count):
        assert run(straight(2, 2), explorer) is not None
        who.append(explorer._active.name)
    return who


def test_the_parts_take_turns() -> None:
    """Sweep and samplers alternate; when the sweep has ended, only the samplers do, and they never end."""
    # Two actors of three turns: a sweep of 2 + 2 + 2 = 6 runs.
    samplers = ["surw", "pos", "pct3", "random"]
    explorer = Thorough(Random(0))
    mixed = [name for sampler in (*samplers, "surw", "pos") for name in ("sweep", sampler)]
    assert names(explorer, 12) == mixed
    assert names(explorer, 10) == ["pct3", "random", *samplers, *samplers]


def test_the_sweep_is_complete() -> None:
    """All schedules of the sweep are among the first runs."""
    alone = {tuple(result.turns) for result in runs(straight(2, 3), Sweep(Random(0)))}
    found = {tuple(result.turns) for result in runs(straight(2, 3), Thorough(Random(0)), 2 * len(alone))}
    assert alone <= found
    assert all(preemptions(turns) <= 1 for turns in alone)


def test_only_the_first_run_is_recorded() -> None:
    """It gives SURW its counts."""
    recorded = [result.steps is not None for result in runs(planted.check_then_act, Thorough(Random(0)), 6)]
    assert recorded == [True, False, False, False, False, False]


def test_it_finds_shallow_deep_and_long_bugs() -> None:
    """What one part finds, it finds in a few times as many runs."""
    # SURW finds three_preemptions with p = 1/293 or so in a quarter of the runs, one in eight while the sweep lasts:
    # 16,000 runs miss with (1 - 1/293)^4000 = 1e-6.
    for seed in range(3):
        assert runs_to_bug(planted.behind_a_long_thread(24), Thorough(Random(seed)), 200)
        assert runs_to_bug(planted.three_preemptions, Thorough(Random(seed)), 16_000)
