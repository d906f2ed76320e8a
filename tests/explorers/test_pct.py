"""PCT: bugs of depth d with the promised probability, however long the actors, and programs that spin end."""

from __future__ import annotations

from random import Random

import pytest

from futurefuzz.errors import InputError
from futurefuzz.explorers.base import Pending
from futurefuzz.explorers.pct import PATIENCE, PCT
from futurefuzz.explorers.random_walk import RandomWalk
from tests.explorers import planted
from tests.explorers.machine import Block, Body, Machine, events, run, runs, runs_to_bug, straight


def chain(machine: Machine) -> None:
    """Depth 3: the observer's first look must come after the first write, before the second; its next look after it."""
    variables = machine.variables
    variables["x"] = 0

    def writer() -> Body:
        yield from events("mine", 4)
        for value in (1, 2):
            yield planted.write("x")
            variables["x"] = value

    def observer() -> Body:
        seen = []
        for _ in range(2):
            yield planted.read("x")
            seen.append(variables["x"])
        assert seen != [1, 2], "saw both"

    machine.spawn(writer())
    machine.spawn(observer())


def test_a_bug_of_depth_2_behind_a_long_thread_is_found_as_often_as_promised() -> None:
    """The read must fall between two writes of an actor with 26 events: that costs 1/(n k), not 2^-20."""
    # n = 2, at most k = 28 choices: p >= 1/56. Of 4,000 runs at least 71, with a standard deviation of 8.4.
    explorer = PCT(Random(1), depth=2)
    results = runs(planted.behind_a_long_thread(24), explorer, 4000)
    assert max(len(result.choices) for result in results) <= 28
    assert sum(result.bug is not None for result in results) > 71 - 4 * 8.4
    # Any seed finds it: 800 runs miss with (55/56)^800 = 6e-7.
    assert all(runs_to_bug(planted.behind_a_long_thread(24), PCT(Random(seed), depth=2), 800) for seed in range(10))


def test_a_random_walk_misses_it() -> None:
    """Must-miss twin: the walk holds the short actor back that long in one of 2^20 runs."""
    assert runs_to_bug(planted.behind_a_long_thread(24), RandomWalk(Random(1)), 100) is None


def test_the_depth_of_1_misses_it() -> None:
    """Must-miss twin: without a change of priorities there is no preemption."""
    assert runs_to_bug(planted.behind_a_long_thread(24), PCT(Random(1), depth=1), 500) is None


def test_a_bug_of_depth_3_needs_two_changes() -> None:
    """Three ordering constraints: PCT3 finds what PCT2 cannot."""
    # k <= 10: p >= 1/(2 * 100): 4,000 runs miss with (199/200)^4000 = 2e-9. With one change the observer is stopped
    # between its looks, or the writer between its writes, never both.
    assert all(runs_to_bug(chain, PCT(Random(seed), depth=3), 4000) for seed in range(5))
    assert runs_to_bug(chain, PCT(Random(0), depth=2), 4000) is None


def test_a_larger_depth_finds_bugs_of_smaller_depth() -> None:
    """PCT5 finds the bug of depth 3."""
    assert all(runs_to_bug(chain, PCT(Random(seed), depth=5), 4000) for seed in range(5))


def test_an_order_of_actors_is_found_with_depth_1() -> None:
    """One actor of 30 events before another of one: each of the two orders has p = 1/2."""
    first = [result.turns[0] for result in runs(straight(30, 1), PCT(Random(2), depth=1), 1000)]
    assert abs(sum(first) - 500) < 4 * 15.9  # standard deviation of a binomial with n = 1000, p = 1/2
    assert all(len(set(result.turns[:2])) == 1 for result in runs(straight(30, 1), PCT(Random(2), depth=1), 100))


def test_the_first_run_has_no_change_and_later_ones_change_anywhere() -> None:
    """The number of choices is learnt from the runs before; changes are spread evenly over all of them."""
    explorer = PCT(Random(3), depth=2)
    machine = Machine()
    straight(9, 9)(machine)
    explorer.begin(machine)
    assert explorer._changes == {}
    explorer._lengths.append(10)
    counts = [0] * 10
    for _ in range(2000):
        explorer.begin(machine)
        (position,) = explorer._changes
        counts[position] += 1
    assert all(abs(count - 200) < 4 * 13.4 for count in counts)  # sqrt(2000 * 0.1 * 0.9) = 13.4


def test_one_long_run_does_not_spoil_the_estimate_for_ever() -> None:
    """The number of choices is that of the longest of the last ten runs."""
    explorer = PCT(Random(4), depth=2)
    run(straight(200, 200), explorer)
    for _ in range(10):
        run(straight(3, 3), explorer)
    assert max(explorer._lengths) < 10


def test_actors_that_appear_in_mid_run_get_places_among_the_others() -> None:
    """A spawned actor goes before its parent in about half of the runs."""

    def program(machine: Machine) -> None:
        def main() -> Body:
            yield planted.write("x")
            machine.spawn(events("x", 1))
            yield planted.write("x")

        machine.spawn(main())

    results = runs(program, PCT(Random(5), depth=1), 1000)
    assert {tuple(result.turns) for result in results} == {(0, 0, 0, 1, 1), (0, 0, 1, 1, 0)}
    assert abs(sum(result.turns[-1] for result in results) - 500) < 4 * 15.9


def waiting(machine: Machine) -> None:
    """An actor waits with a timeout while another has ten events and wakes it at their end."""
    machine.variables["ready"] = False

    def waiter() -> Body:
        yield Pending("wait", "ready", True)
        if not machine.variables["ready"]:
            assert not (yield Block("ready", timed=True)), "timed out"

    def waker() -> Body:
        yield from events("mine", 10)
        machine.variables["ready"] = True
        machine.wake("ready")

    machine.spawn(waiter())
    machine.spawn(waker())


def test_a_timeout_expires_early_only_after_a_change() -> None:
    """With no change of priorities a waiting actor is below all that are ready; with one it sometimes is not."""
    assert {result.bug for result in runs(waiting, PCT(Random(6), depth=1), 300)} == {None}
    # p >= 1/2 (the waiter first) * 1/2 (its place among the lowered ones) * 1/2 (the change before the end) or so.
    assert runs_to_bug(waiting, PCT(Random(6), depth=2), 200)


def test_spinning_actors_go_last_after_a_while() -> None:
    """Several actors that spin until a last one acts are all lowered, whatever the first priorities."""

    def program(machine: Machine) -> None:
        machine.variables["go"] = False

        def spinner() -> Body:
            while not machine.variables["go"]:
                yield planted.read("go")

        def other() -> Body:
            yield planted.write("go")
            machine.variables["go"] = True

        machine.spawn(spinner())
        machine.spawn(spinner())
        machine.spawn(other())

    results = runs(program, PCT(Random(7), depth=2), 30)
    assert {result.status for result in results} == {"completed"}
    assert PATIENCE < max(len(result.turns) for result in results) < 2 * PATIENCE + 20


def test_the_depth_must_be_positive() -> None:
    """A depth of 0 is refused with what is allowed."""
    with pytest.raises(InputError, match=r"the depth of PCT is 0; allowed: 1 or more"):
        PCT(Random(0), depth=0)
