"""The default: the sweep and the samplers in turn."""

from __future__ import annotations

from random import Random

from futurefuzz.explorers.default import Default
from futurefuzz.explorers.sweep import Sweep
from tests.explorers import planted
from tests.explorers.machine import run, runs, runs_to_bug


def test_every_other_run_is_the_sweeps_until_it_has_ended() -> None:
    """Runs 0, 2, 4, … are the schedules of the sweep, each once; after them it goes on for ever."""
    swept = runs(planted.deadlock, Sweep(Random(0)))
    results = runs(planted.deadlock, Default(Random(0)), 2 * len(swept) + 100)
    assert len(results) == 2 * len(swept) + 100
    halves = results[: 2 * len(swept) : 2]
    assert {tuple(result.choices) for result in halves} == {tuple(result.choices) for result in swept}


def test_only_the_first_run_of_all_is_recorded() -> None:
    """The sweep's first run gives SURW its counts."""
    explorer = Default(Random(0))
    results = runs(planted.lost_update, explorer, 30)
    assert [result.steps is not None for result in results] == [True] + [False] * 29
    assert explorer._samplers._surw._profile is not None


def test_it_finds_what_no_sweep_finds() -> None:
    """Three exact preemptions, by its samplers."""
    # About 50 runs of the sweep in between, else as the alternation: 6,000 runs miss with 5e-5.
    assert runs_to_bug(planted.three_preemptions, Sweep(Random(0)), 6100) is None
    assert all(runs_to_bug(planted.three_preemptions, Default(Random(seed)), 6100) for seed in range(3))


def test_the_method_choose_may_be_kept() -> None:
    """A control that keeps `explorer.choose` from before `begin` reaches sweep and samplers alike."""
    explorer = Default(Random(0))
    choose = explorer.choose
    active = set()
    for _ in range(4):
        assert run(planted.lost_update, explorer) is not None
        active.add(type(explorer._active).__name__)
        assert choose == explorer.choose
    assert active == {"Sweep", "Alternating"}
