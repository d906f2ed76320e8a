"""The sweep: every single departure from going on, each once."""

from __future__ import annotations

from random import Random

from futurefuzz.explorers.sweep import Sweep
from tests.explorers import planted
from tests.explorers.machine import Body, Machine, events, preemptions, runs, runs_to_bug, straight


def test_the_first_run_goes_on() -> None:
    """Run 0 is the default: each actor to its end, in order."""
    assert runs(straight(2, 1, 2), Sweep(Random(0)))[0].turns == [0, 0, 0, 1, 1, 2, 2, 2]


def test_the_next_runs_start_with_each_of_the_others() -> None:
    """Whoever could start does, before the preemptions begin."""
    results = runs(straight(1, 1, 1), Sweep(Random(0)))
    assert [result.turns for result in results[:3]] == [[0, 0, 1, 1, 2, 2], [1, 1, 0, 0, 2, 2], [2, 2, 0, 0, 1, 1]]


def test_two_actors_are_stopped_at_each_of_their_points() -> None:
    """For two actors the runs are exactly those with at most one preemption."""
    # Actors of m = 4 and n = 3 turns. No preemption: 2 orders. Stopping the first at one of its m-1 points for the
    # whole of the other: m-1 runs, the other way round n-1. In all 2 + 3 + 2 = 7.
    results = runs(straight(3, 2), Sweep(Random(0)))
    turns = [tuple(result.turns) for result in results]
    assert len(turns) == len(set(turns)) == 7
    assert all(preemptions(run) <= 1 for run in turns)


def test_the_stopped_actor_goes_on_when_the_intruder_has_ended() -> None:
    """With three actors the stopped one goes on next, not the lowest-numbered one."""
    results = runs(straight(1, 1, 1), Sweep(Random(0)))
    turns = [result.turns for result in results]
    assert [2, 1, 1, 2, 0, 0] in turns
    assert [1, 2, 2, 1, 0, 0] in turns
    assert all(preemptions(run) <= 1 for run in turns)


def test_no_run_is_made_twice() -> None:
    """Each plan is a departure of its own, also where actors block, spawn and time out."""
    blocking = (planted.deadlock, planted.late_timeout, planted.spawning)
    for program in (straight(2, 3, 1), planted.three_preemptions, *blocking):
        choices = [tuple(result.choices) for result in runs(program, Sweep(Random(0)))]
        assert len(choices) == len(set(choices))


def test_it_is_finite_and_its_length_is_known() -> None:
    """Three actors of k turns each take about 3 runs without and 2 departures a point with a preemption."""
    # Each of the 3 starts: 3k turns; the last actor has nobody to give way to. The first one's k-1 points have 2
    # alternatives, its end 1, the second one's k-1 points 1: 2(k-1) + 1 + (k-1) = 3k-2. With k = 5: 3 + 3 * 13 = 42.
    assert len(runs(straight(4, 4, 4), Sweep(Random(0)))) == 42


def test_the_order_of_the_preemptions_does_not_matter_for_what_is_run() -> None:
    """Every seed runs the same set of schedules."""
    sets = [{tuple(result.choices) for result in runs(planted.deadlock, Sweep(Random(seed)))} for seed in range(5)]
    assert all(found == sets[0] for found in sets)


def test_a_budget_too_small_covers_early_and_late_points() -> None:
    """The first quarter of a long sweep stops actors in the first and in the last third of the program."""
    results = runs(straight(60, 1), Sweep(Random(0)), 17)
    positions = [result.turns.index(1) for result in results[1:] if result.turns[0] == 0]
    assert min(positions) < 20
    assert max(positions) > 40


def test_it_finds_the_bugs_of_one_preemption_for_certain() -> None:
    """Check-then-act, a lost update, a deadlock, an early timeout and a bug behind a long thread, with any seed."""
    programs = (
        planted.lost_update,
        planted.check_then_act,
        planted.deadlock,
        planted.late_timeout,
        planted.behind_a_long_thread(24),
    )
    for program in programs:
        assert all(runs_to_bug(program, Sweep(Random(seed)), 1000) for seed in range(5))


def test_it_misses_a_bug_of_three_preemptions() -> None:
    """Must-miss twin: with one departure three exact preemptions cannot be."""
    assert runs_to_bug(planted.three_preemptions, Sweep(Random(0)), 10_000) is None


def test_a_main_actor_that_spawns_is_stopped_at_its_points() -> None:
    """Where only one actor starts, the free choice is the first place where it cannot go on."""

    def program(machine: Machine) -> None:
        def main() -> Body:
            yield planted.write("x")
            machine.spawn(events("x", 1))
            machine.spawn(events("x", 1))
            yield planted.write("x")

        machine.spawn(main())

    turns = [tuple(result.turns) for result in runs(program, Sweep(Random(0)))]
    assert (0, 0, 0, 1, 1, 2, 2) in turns
    assert (0, 0, 0, 2, 2, 1, 1) in turns  # another actor first, once main has ended
    assert (0, 0, 1, 1, 0, 2, 2) in turns  # main stopped
    assert (0, 0, 0, 2, 1, 1, 2) in turns  # the other one first, and stopped


def test_a_program_that_changes_is_still_swept_to_an_end() -> None:
    """A plan whose place or actor is not there any more goes on instead."""
    sizes = [3, 1]

    def program(machine: Machine) -> None:
        straight(*[sizes[0]] * (2 if sizes[0] > 1 else 1))(machine)
        sizes.reverse()

    results = runs(program, Sweep(Random(0)), 200)
    assert len(results) < 200
    assert {result.status for result in results} == {"completed"}
