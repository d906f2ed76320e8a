"""SURW: uniform over interleavings where its counts are exact, a plain walk before it has any."""

from __future__ import annotations

from collections import Counter
from itertools import pairwise
from math import comb
from random import Random

from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.explorers.surw import SURW, label
from tests.explorers import planted
from tests.explorers.machine import (
    Body,
    Machine,
    Program,
    chi_square,
    events,
    interleaving,
    run,
    runs,
    runs_to_bug,
    straight,
)

# Two actors with 3 and 4 events have 4 and 5 turns: C(9,4) = 126 interleavings. 100 runs for each are enough for
# Pearson's test; its 99.9 % quantile with 125 degrees of freedom is 179.
CELLS = comb(9, 4)
QUANTILE = 179.0


def test_every_interleaving_is_equally_likely() -> None:
    """With exact counts the walk over all events is uniform over interleavings."""
    explorer = SURW(Random(1), selective=False)
    run(straight(3, 4), explorer)
    counts = Counter(tuple(result.turns) for result in runs(straight(3, 4), explorer, 100 * CELLS))
    assert chi_square(list(counts.values()), CELLS) < QUANTILE


def test_a_random_walk_is_far_from_uniform() -> None:
    """Must-fail twin: the same statistic refuses the random walk."""
    counts = Counter(tuple(result.turns) for result in runs(straight(3, 4), RandomWalk(Random(1)), 100 * CELLS))
    assert chi_square(list(counts.values()), CELLS) > 10 * QUANTILE


def test_three_actors_of_uneven_length_are_uniform_too() -> None:
    """The multinomial case: 2, 3 and 1 turns make 6!/(2! 3! 1!) = 60 interleavings."""
    explorer = SURW(Random(2), selective=False)
    program = straight(1, 2, 0)
    run(program, explorer)
    counts = Counter(tuple(result.turns) for result in runs(program, explorer, 100 * 60))
    assert chi_square(list(counts.values()), 60) < 98.3  # 99.9 % quantile, 59 degrees of freedom


def contested_behind_noise(machine: Machine) -> None:
    """Three and two events on x, with much uncontested noise on one side before and between them."""

    def noisy() -> Body:
        for _ in range(3):
            yield from events("mine", 8)
            yield from events("x", 1)

    machine.spawn(noisy())
    machine.spawn(events("x", 2))


def test_the_selected_events_are_uniform_whatever_the_noise() -> None:
    """The order of events on the selected resource is uniform: C(5,2) = 10 orders."""
    explorer = SURW(Random(3))
    run(contested_behind_noise, explorer)
    counts: Counter[tuple[int, ...]] = Counter()
    for _ in range(4000):
        result = run(contested_behind_noise, explorer)
        assert result is not None
        if explorer.selected is not None:
            assert explorer.selected == ("x",)  # `mine` is touched by one actor only
            counts[interleaving(result, "x")] += 1
    assert 2800 < counts.total() < 3200  # three quarters; standard deviation 27
    assert chi_square(list(counts.values()), 10) < 27.9  # 99.9 % quantile, 9 degrees of freedom


def test_outside_the_selection_the_current_actor_goes_on() -> None:
    """A run with a selection switches seldom, however long the actors: at most twice for each selected event."""

    def program(machine: Machine) -> None:
        def noisy(own: str) -> Body:
            for _ in range(2):
                yield from events(own, 20)
                yield from events("x", 1)

        machine.spawn(noisy("mine"))
        machine.spawn(noisy("yours"))

    explorer = SURW(Random(4))
    run(program, explorer)
    for _ in range(200):
        result = run(program, explorer)
        assert result is not None
        if explorer.selected is not None:
            assert sum(a != b for a, b in pairwise(result.turns)) <= 2 * 4 + 1


def test_only_the_first_run_is_recorded() -> None:
    """It needs one profile and asks for no more."""
    explorer = SURW(Random(5))
    recorded = [result.steps is not None for result in runs(planted.check_then_act, explorer, 5)]
    assert recorded == [True, False, False, False, False]


def test_without_a_profile_it_walks_at_random() -> None:
    """When nobody records the run that it asked for, it goes on as a random walk."""
    explorer = SURW(Random(6))
    explorer.recording = False
    program = straight(1, 1)
    counts = Counter(tuple(result.turns) for result in runs(program, explorer, 2000))
    # C(4,2) = 6 orders; (0,0,1,1) has p = 1/4 under a random walk, 1/6 uniformly: 500 against 333, deviation 19.
    assert abs(counts[0, 0, 1, 1] - 500) < 4 * 19.4


def test_a_recorded_run_of_another_explorer_serves_as_profile() -> None:
    """It can learn the counts from a run that it did not make."""
    explorer = SURW(Random(7), selective=False)
    machine = Machine(record=True)
    straight(3, 4)(machine)
    machine.run(RandomWalk(Random(0)))
    explorer.learn(machine)
    assert not explorer.recording
    counts = Counter(tuple(result.turns) for result in runs(straight(3, 4), explorer, 100 * CELLS))
    assert chi_square(list(counts.values()), CELLS) < QUANTILE


def test_it_finds_the_bug_behind_a_long_thread() -> None:
    """Must-find twin of the random walk's must-miss of less than 2^-20."""
    # On `flag` there are two events against one: the bug is one of C(3,1) = 3 orders, in the 3/4 of the runs that
    # select; p >= 1/4, so 60 runs miss with 0.75^60 = 3e-8.
    program = planted.behind_a_long_thread(24)
    assert all(runs_to_bug(program, SURW(Random(seed)), 60) for seed in range(20))


def test_it_finds_three_exact_preemptions() -> None:
    """A bug that takes three switches in three exact places."""
    # Nine events against three: C(12,3) = 220 orders, one of them the bug, in 3/4 of the runs (p = 1/293), and about as
    # likely in the others: 3,000 runs miss with (1 - 1/293)^3000 = 3.5e-5.
    assert all(runs_to_bug(planted.three_preemptions, SURW(Random(seed)), 3000) for seed in range(5))


def test_a_count_too_low_keeps_nobody_from_running() -> None:
    """When the program does more than the profiled run showed, every actor still comes to its end, in many orders."""
    first: list[Program] = [straight(1, 1, resource="x")]
    longer = straight(6, 6, resource="x")

    def program(machine: Machine) -> None:
        (first.pop() if first else longer)(machine)

    results = runs(program, SURW(Random(8)), 300)[1:]
    assert {result.status for result in results} == {"completed"}
    assert len({interleaving(result, "x") for result in results}) > 50


def test_a_count_too_high_keeps_nobody_from_running() -> None:
    """When an intended actor has ended before its count, another one is intended."""
    counts = [9, 2]

    def program(machine: Machine) -> None:
        def body(own: str, count: int) -> Body:
            yield from events("x", count)
            yield from events(own, 3)  # enabled, and intended by the count, with nothing left on x

        for own in ("mine", "yours", "theirs"):
            machine.spawn(body(own, counts[0]))
        counts[:-1] = []

    results = runs(program, SURW(Random(9)), 300)[1:]
    assert {result.status for result in results} == {"completed"}
    assert len({interleaving(result, "x") for result in results}) > 10


def test_an_object_is_profiled_by_its_type() -> None:
    """Resources of one run are not those of the next; plain data stands for itself."""
    assert label(("f", 0)) == ("f", 0)
    assert label("lock") == "lock"
    assert label(object()) == "builtins.object" == label(object())


def test_the_view_is_let_go_after_the_run() -> None:
    """An explorer that lives long keeps no run alive."""
    explorer = SURW(Random(10))
    run(planted.lost_update, explorer)
    assert explorer._view is None
