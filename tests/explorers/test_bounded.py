"""Iterative context bounding: the schedules of each bound, each once, fewest preemptions first, and what that shows."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from math import comb, factorial

import pytest

from futurefuzz.errors import HarnessError, InputError
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.exhaustive import Exhaustive
from futurefuzz.explorers.replay import ChoicesReplay
from tests.explorers import planted
from tests.explorers.machine import Machine, Program, Result, preemptions, run, runs, runs_to_bug, straight
from tests.explorers.random_programs import random_program


def with_exactly(bound: int, m: int, n: int) -> int:
    """How many orders of m turns of one actor and n of another have so many preemptions."""
    # c preemptions make c+2 blocks of consecutive turns: the last switch leaves an actor that has ended. A number of
    # turns falls into b blocks in C(turns-1, b-1) ways. For even c both have (c+2)/2 blocks and either is first; for
    # odd c the first has one block more.
    blocks = (bound + 2) // 2
    if bound % 2 == 0:
        return 2 * comb(m - 1, blocks - 1) * comb(n - 1, blocks - 1)
    return comb(m - 1, blocks) * comb(n - 1, blocks - 1) + comb(n - 1, blocks) * comb(m - 1, blocks - 1)


@pytest.mark.parametrize(("m", "n"), [(2, 2), (3, 5), (6, 6), (9, 2)])
def test_two_actors_have_as_many_schedules_as_combinatorics_says(m: int, n: int) -> None:
    """After each bound the runs made are the sum of the products of two binomial coefficients."""
    expected = accumulate(with_exactly(bound, m, n) for bound in range(5))
    for bound, count in enumerate(expected):
        explorer = Bounded(bound=bound)
        turns = {tuple(result.turns) for result in runs(straight(m - 1, n - 1), explorer)}
        assert len(turns) == explorer.runs == count
        assert explorer.complete
        assert explorer.bound_completed is not None
        assert explorer.everything == (count == comb(m + n, m))


def test_with_no_preemption_only_the_order_of_the_actors_is_left() -> None:
    """Four actors that do not block: 4! runs."""
    assert len(runs(straight(4, 4, 4, 4), Bounded(bound=0))) == factorial(4)


@pytest.mark.parametrize("bound", [0, 1, 2, 3])
def test_a_bound_leaves_exactly_the_schedules_with_fewer_preemptions(bound: int) -> None:
    """The search runs those of all schedules that have at most so many preemptions, each once, fewest first."""
    program = straight(2, 2, 1)
    all_turns = {tuple(result.turns) for result in runs(program, Exhaustive())}
    few = {turns for turns in all_turns if preemptions(turns) <= bound}
    results = runs(program, Bounded(bound=bound))
    assert {tuple(result.turns) for result in results} == few
    assert len(results) == len(few)
    numbers = [preemptions(result.turns) for result in results]
    assert numbers == sorted(numbers)


def test_the_first_run_goes_on() -> None:
    """The default comes first."""
    assert runs(straight(2, 2), Bounded())[0].turns == [0, 0, 0, 1, 1, 1]


class Counting(Machine):
    """A machine that knows how many of its choices were preemptions."""

    preempted = 0

    def _next(self, explorer: Explorer, kind: str, result: Result) -> int:
        current = self._current
        chosen = super()._next(explorer, kind, result)
        if current >= 0 and self.pending[current] is not None and chosen != current and chosen not in self._timed:
            self.preempted += 1
        return chosen


def searched(program: Program, explorer: Exhaustive | Bounded, limit: int) -> dict[tuple[int, ...], int] | None:
    """The preemptions of each schedule that an explorer runs, by its choices; None when there are too many."""
    found: dict[tuple[int, ...], int] = {}
    while explorer.runs < limit:
        machine = Counting(record=explorer.recording)
        program(machine)
        if not explorer.begin(machine):
            assert len(found) == explorer.runs
            return found
        result = machine.run(explorer)
        explorer.end(machine)
        found[tuple(result.choices)] = machine.preempted
    return None


def test_no_schedule_of_the_bound_is_missed_in_programs_that_block_wait_and_spawn() -> None:
    """Of hundreds of random programs, each schedule with few enough preemptions is run, and few others."""
    compared = strangers = total = 0
    for seed in range(400):
        program = random_program(seed, turns=5)
        everything = searched(program, Exhaustive(), 400)
        if everything is None:
            continue
        compared += 1
        for bound in (0, 1, 2):
            found = searched(program, Bounded(bound=bound), 10_000)
            assert found is not None
            assert {choices for choices, number in everything.items() if number <= bound} <= set(found)
            strangers += sum(number > bound for number in found.values())  # after waiting with a timeout
            total += len(found)
        assert searched(program, Bounded(bound=99), 10_000) == everything
    assert compared > 200
    assert strangers < total / 10


def test_what_has_been_shown_is_said() -> None:
    """The certificate counts, and claims no more than has been run."""
    explorer = Bounded(bound=1)
    said = []
    while run(straight(2, 2), explorer):
        said.append(explorer.certificate())
    # Three turns each: 2 orders with no preemption, 2 + 2 with one.
    assert said == [
        "not complete: 1 interleaving so far",
        "not complete: 2 interleavings so far, among them all with up to 0 preemptions",
        "not complete: 3 interleavings so far, among them all with up to 0 preemptions",
        "not complete: 4 interleavings so far, among them all with up to 0 preemptions",
        "not complete: 5 interleavings so far, among them all with up to 0 preemptions",
        "all 6 interleavings with up to 1 preemption",
    ]
    assert (explorer.bound, explorer.bound_completed, explorer.pruned) == (1, 1, 0)
    assert explorer.left_out > 0
    whole = Bounded(bound=7)
    runs(straight(2, 2), whole)
    assert whole.certificate() == "all 20 interleavings"
    large = Bounded()
    runs(straight(15, 15), large)
    # Sixteen turns each: 2 + 2 * 15 + 2 * 15 * 15 = 482.
    assert large.certificate() == "all 482 interleavings with up to 2 preemptions"


def test_with_no_bound_everything_is_searched() -> None:
    """After two preemptions come the orders of dependent steps; where nothing is left, nothing more is run."""
    small = Bounded(bound=None)
    runs(straight(1, 1), small)
    assert (small.certificate(), small.recording, small.everything) == ("all 6 interleavings", False, True)
    explorer = Bounded(bound=None, exact=True)
    # The bug takes six preemptions or so: 1 of C(12,3) = 220 orders of nine writes and three reads.
    results = runs(planted.three_preemptions, explorer)
    assert [result.bug for result in results].count("all three met") == 1
    assert explorer.complete
    assert explorer.bound_completed == 2
    assert explorer.pruned > 0
    assert explorer.certificate() == "all interleavings, 220 that differ in the order of dependent steps"


def test_a_bug_is_found_with_the_fewest_preemptions_and_runs_again() -> None:
    """What is found first in each program needs the known number, none can be found below, and its choices replay."""
    cases: Sequence[tuple[Program, int]] = [
        (planted.lost_update, 1),
        (planted.check_then_act, 1),
        (planted.deadlock, 1),
        (planted.late_timeout, 0),  # timeouts are choices, and no preemptions
        (planted.behind_a_long_thread(24), 1),
        (planted.three_preemptions, 5),
    ]
    for program, needed in cases:
        if needed:
            assert runs_to_bug(program, Bounded(bound=needed - 1), 100_000) is None
        explorer = Bounded(bound=needed)
        failing = next(result for result in runs(program, explorer) if result.bug or result.status == "stuck")
        again = run(program, ChoicesReplay(failing.choices))
        assert again is not None
        assert (again.bug, again.status, again.turns) == (failing.bug, failing.status, failing.turns)


def test_spawned_actors_are_searched() -> None:
    """Schedules of actors that appear in mid-run are run once each."""
    explorer = Bounded(bound=2)
    results = runs(planted.spawning, explorer)
    assert {len(result.names) for result in results} == {4}
    assert len({tuple(result.choices) for result in results}) == len(results)
    assert max(preemptions(result.turns) for result in results) == 2


def test_another_actor_where_the_schedule_was_is_a_harness_error() -> None:
    """A program that depends on something else than the choices is refused."""
    third = [False]

    def program(machine: Machine) -> None:
        straight(1, 1)(machine)
        if third[0]:
            straight(1)(machine)
        third[0] = True

    with pytest.raises(HarnessError, match="not deterministic: up to choice 0"):
        runs(program, Bounded())


def test_a_run_that_ends_within_the_schedule_is_a_harness_error() -> None:
    """So is one that ends before it has come to the last departure."""
    sizes = [[4, 4], [0, 0]]

    def program(machine: Machine) -> None:
        straight(*sizes[0])(machine)
        if len(sizes) > 1 and machine.names:
            sizes.append(sizes.pop(0))

    with pytest.raises(HarnessError, match="not deterministic"):
        runs(program, Bounded())


def test_a_negative_bound_is_refused() -> None:
    """The error says what is allowed."""
    with pytest.raises(InputError, match=r"the bound is -1 preemptions; allowed: 0 or more"):
        Bounded(bound=-1)
