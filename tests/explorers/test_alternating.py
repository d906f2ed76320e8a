"""SURW and POS in turn."""

from __future__ import annotations

from random import Random
from unittest.mock import ANY

from futurefuzz.explorers.alternating import Alternating
from tests.explorers import planted
from tests.explorers.machine import run, runs, runs_to_bug, straight


def test_the_two_take_turns_and_only_the_first_run_is_recorded() -> None:
    """Runs 1, 3, 5 are SURW's, the others POS's; the profile is taken once."""
    explorer = Alternating(Random(0))
    who, recorded = [], []
    for _ in range(6):
        who.append(explorer._active.name)
        result = run(planted.check_then_act, explorer)
        assert result is not None
        recorded.append(result.steps is not None)
    assert who == ["surw", "pos"] * 3
    assert recorded == [True, False, False, False, False, False]


def test_a_recorded_run_of_pos_gives_surw_its_counts() -> None:
    """Whoever made a recorded run, SURW's counts are those of the latest."""
    explorer = Alternating(Random(0))
    run(straight(1, 1), explorer)
    run(straight(5, 3), explorer, record=True)
    assert explorer._surw._profile == {"thread 0": ANY, "thread 1": ANY}
    assert [sum(counts.values()) for counts in explorer._surw._profile.values()] in ([6, 4], [4, 6])


def test_the_method_choose_may_be_kept() -> None:
    """A control that keeps `explorer.choose` from before the first run still reaches the one whose turn it is."""
    explorer = Alternating(Random(0))
    choose = explorer.choose
    run(planted.check_then_act, explorer)
    assert explorer._active.name == "pos"
    assert choose == explorer.choose


def test_it_finds_what_each_of_the_two_finds() -> None:
    """The bug behind a long thread, and the one of three exact preemptions."""
    # Half of the runs are SURW's: p >= 1/8 and 1/600 a run; 120 runs miss with 1e-7, 6,000 with 5e-5.
    assert all(runs_to_bug(planted.behind_a_long_thread(24), Alternating(Random(seed)), 120) for seed in range(10))
    assert all(runs_to_bug(planted.three_preemptions, Alternating(Random(seed)), 6000) for seed in range(3))


def test_it_never_ends() -> None:
    """There is always another run."""
    assert len(runs(planted.lost_update, Alternating(Random(0)), 500)) == 500
