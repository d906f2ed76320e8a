"""Partial order sampling: who has the highest priority goes, and only what races draws anew."""

from __future__ import annotations

from collections import Counter
from random import Random

from futurefuzz.explorers.base import Pending
from futurefuzz.explorers.pos import POS
from tests.explorers import planted
from tests.explorers.machine import Machine, events, interleaving, runs, runs_to_bug


def standing(*pending: Pending | None) -> Machine:
    """A machine that stands still, with its actors at these points."""
    machine = Machine()
    machine.names = [f"thread {index}" for index in range(len(pending))]
    machine.pending = list(pending)
    return machine


def redrawn(*pending: Pending | None) -> set[int]:
    """Which actors' priorities change when actor 0 is let go."""
    explorer = POS(Random(1))
    explorer.begin(standing(*pending))
    enabled = list(range(len(pending)))
    explorer.choose(-1, enabled)
    explorer._last = 0
    explorer._priorities = before = [0.9, *(0.1 + 0.01 * index for index in enabled[1:])]
    before = list(before)
    assert explorer.choose(0, enabled) == 0
    return {index for index in enabled if explorer._priorities[index] != before[index]}


def test_the_highest_priority_goes() -> None:
    """In each of many choices the chosen actor is the one with the highest priority before the choice."""
    explorer = POS(Random(2))
    explorer.begin(standing(*[Pending("step", "x", True)] * 4))
    chosen = explorer.choose(-1, [0, 1, 2, 3])
    for _ in range(500):
        before = list(explorer._priorities)
        chosen = explorer.choose(chosen, [0, 1, 3])
        assert before[chosen] == max(before[actor] for actor in (0, 1, 3))


def test_a_write_makes_reads_and_writes_of_the_same_resource_draw_anew() -> None:
    """A racing event is one on the same resource where one of the two writes."""
    write, read, other = Pending("w", "x", True), Pending("r", "x", False), Pending("w", "y", True)
    assert redrawn(write, read, write, other) == {0, 1, 2}


def test_a_read_makes_only_writes_draw_anew() -> None:
    """Two reads do not race."""
    write, read, other = Pending("w", "x", True), Pending("r", "x", False), Pending("w", "y", True)
    assert redrawn(read, read, write, other) == {0, 2}


def test_unknown_resources_and_unstarted_actors_race_with_nothing() -> None:
    """What announces no resource keeps the others' priorities, and its own."""
    nothing = Pending("operation", None, True)
    assert redrawn(nothing, nothing, None) == {0}
    assert redrawn(None, nothing, Pending("w", "x", True)) == {0}


def test_resources_are_compared_by_value() -> None:
    """Equal tuples made anew at each point are one resource."""
    number = 1000
    assert redrawn(Pending("w", ("f", number), True), Pending("r", ("f", number + 0), False)) == {0, 1}


def test_after_unseen_turns_everybody_draws_anew() -> None:
    """When someone else than the last chosen stands at the point, the others became enabled meanwhile: new events."""
    explorer = POS(Random(3))
    explorer.begin(standing(Pending("r", "x", False), None, None))
    chosen = explorer.choose(-1, [0, 1])
    before = list(explorer._priorities)
    explorer.choose(1 - chosen, [0, 1])
    assert all(explorer._priorities[index] != before[index] for index in (0, 1))


def test_an_event_is_held_back_behind_many_independent_ones() -> None:
    """Must-find twin of the random walk's must-miss: holding back costs 1/(m+1), not 2^-m."""
    # The short actor's event has the lowest of about 26 priorities with p of about 1/26 (which holds it back behind all
    # of the long one's independent turns and the opening); it raced with the opening, so a fresh draw decides who goes
    # in the gap, p = 1/2. p of about 1/52: 600 runs miss with (51/52)^600 = 9e-6.
    program = planted.behind_a_long_thread(24)
    assert all(runs_to_bug(program, POS(Random(seed)), 600) for seed in range(10))


def test_how_long_an_event_waits_is_spread_evenly() -> None:
    """A write against twenty independent ones of another actor comes last about as often as the theory says."""

    def program(machine: Machine) -> None:
        machine.spawn(events("mine", 20))
        machine.spawn(events("other", 1))

    # The write comes last when it, or the turn before it, is held back behind all that the other still has to do. That
    # turn alone has the lowest of 22 priorities with p = 1/22 = 4.5 %: at least 91 of 2,000 runs, standard deviation
    # 9.3. A random walk has 22 * 2^-22 = 5e-6, that is none.
    last = sum(result.turns[-1] == 1 for result in runs(program, POS(Random(4)), 2000))
    assert last > 91 - 4 * 9.3


def test_racing_writes_come_in_both_orders_evenly() -> None:
    """Of two single writes to one resource each comes first in half of the runs."""

    def program(machine: Machine) -> None:
        machine.spawn(events("x", 1))
        machine.spawn(events("x", 1))

    counts = Counter(interleaving(result, "x") for result in runs(program, POS(Random(5)), 4000))
    assert set(counts) == {(0, 1), (1, 0)}
    assert abs(counts[0, 1] - 2000) < 4 * 31.7  # standard deviation of a binomial with n = 4000, p = 1/2


def test_actors_that_appear_in_mid_run_take_part() -> None:
    """Spawned actors get priorities of their own and run to their ends."""
    results = runs(planted.spawning, POS(Random(6)), 200)
    assert {len(result.names) for result in results} == {4}
    assert {result.status for result in results} == {"completed"}
    assert len({tuple(result.turns) for result in results}) > 50
