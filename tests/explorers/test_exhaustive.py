"""Exhaustive search: counts that combinatorics knows, and a refusal of programs that are not deterministic."""

from __future__ import annotations

from math import comb, factorial
from random import Random

import pytest

from futurefuzz.errors import HarnessError
from futurefuzz.explorers.exhaustive import Exhaustive
from tests.explorers import planted
from tests.explorers.machine import Machine, Program, Result, runs, straight


def everything(program: Program) -> tuple[list[Result], Exhaustive]:
    """All the runs, and the explorer that made them."""
    explorer = Exhaustive(Random(0))
    return runs(program, explorer), explorer


@pytest.mark.parametrize(("m", "n"), [(1, 1), (2, 3), (4, 4), (7, 2)])
def test_two_actors_have_as_many_interleavings_as_the_binomial_coefficient(m: int, n: int) -> None:
    """Actors of m and n turns: (m+n)!/(m! n!) runs, all different."""
    results, explorer = everything(straight(m - 1, n - 1))
    assert len({tuple(result.turns) for result in results}) == len(results) == comb(m + n, m)
    assert explorer.complete
    assert explorer.runs == len(results)


def test_three_actors_have_as_many_interleavings_as_the_multinomial_coefficient() -> None:
    """Actors of 2, 3 and 2 turns: 7!/(2! 3! 2!) = 210 runs."""
    results, _ = everything(straight(1, 2, 1))
    assert len({tuple(result.turns) for result in results}) == len(results) == 210
    assert factorial(7) // (2 * 6 * 2) == 210


def test_the_first_run_goes_on() -> None:
    """The default comes first, so that a search cut short has seen it."""
    assert everything(straight(2, 2))[0][0].turns == [0, 0, 0, 1, 1, 1]


def test_it_is_not_complete_before_it_has_said_so() -> None:
    """A search cut short gives no certificate."""
    explorer = Exhaustive()
    certificates = [(len(runs(straight(2, 2), explorer, 19)), explorer.certificate()) for _ in range(2)]
    assert certificates == [(19, "not complete: 19 interleavings so far"), (1, "all 20 interleavings")]
    assert explorer.complete


def test_a_deadlock_is_found_and_the_rest_explored() -> None:
    """Runs that get stuck are counted like others."""
    results, _ = everything(planted.deadlock)
    assert {result.status for result in results} == {"completed", "stuck"}


def test_a_correct_program_is_certified() -> None:
    """All schedules of the locked counter are right, and there are several."""
    results, explorer = everything(planted.locked_update)
    assert explorer.complete
    assert len(results) > 10
    assert all(result.bug is None and result.status == "completed" for result in results)


def test_timeouts_and_spawned_actors_are_choices_too() -> None:
    """A timeout that expires early is one of the schedules; so is every order of spawned actors."""
    assert "timed out" in {result.bug for result in everything(planted.late_timeout)[0]}
    results, explorer = everything(planted.spawning)
    assert explorer.complete
    assert len({tuple(result.turns) for result in results}) == len(results)


def test_another_actor_where_the_path_was_is_a_harness_error() -> None:
    """A program that depends on something else than the choices is refused, with what was met before and now."""
    third = [False]

    def program(machine: Machine) -> None:
        straight(1, 1)(machine)
        if third[0]:
            straight(1)(machine)
        third[0] = True

    with pytest.raises(HarnessError, match=r"not deterministic: at choice 0 .* \[0, 1\] could go; now it is actor -1"):
        everything(program)


def test_another_actor_at_the_point_is_a_harness_error() -> None:
    """The same could go, but somebody else stood there: the program is not deterministic either."""
    machine = Machine()
    machine.names, machine.pending = ["a", "b"], [planted.read("x"), planted.read("x")]
    explorer = Exhaustive()
    explorer.begin(machine)
    assert explorer.choose(0, [0, 1]) == 0
    explorer.end(machine)
    explorer.begin(machine)
    with pytest.raises(HarnessError, match=r"at choice 0 actor 0 stood .* now it is actor 1"):
        explorer.choose(1, [0, 1])


def test_a_run_that_ends_within_the_path_is_a_harness_error() -> None:
    """So is one that ends before it has come to the last choice of its path."""
    sizes = [4, 0]

    def program(machine: Machine) -> None:
        straight(sizes[0], 0)(machine)
        sizes.reverse()

    with pytest.raises(HarnessError, match="not deterministic"):
        everything(program)
