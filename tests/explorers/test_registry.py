"""What holds for every explorer, whatever its algorithm."""

from __future__ import annotations

from random import Random

import pytest

from futurefuzz.errors import InputError
from futurefuzz.explorers import NAMES, make
from tests.explorers import planted
from tests.explorers.machine import Program, run, runs

SHALLOW = [planted.lost_update, planted.check_then_act, planted.deadlock, planted.late_timeout]
SAMPLERS = ["default", "thorough", "alternating", "surw", "pos", "random"]
PROGRAMS = [
    planted.lost_update,
    planted.deadlock,
    planted.late_timeout,
    planted.spawning,
    planted.behind_a_long_thread(5),
]


def test_an_unknown_name_is_refused_with_the_allowed_ones() -> None:
    """The error of an unknown explorer is one line that lists what is allowed."""
    with pytest.raises(InputError, match=r"unknown explorer 'best'; allowed: default, thorough, .*exhaustive$"):
        make("best", Random(0))


@pytest.mark.parametrize("name", NAMES)
def test_each_registered_explorer_knows_its_name(name: str) -> None:
    """What is made by a name carries that name into the findings."""
    assert make(name, Random(0)).name == name
    assert NAMES[name].endswith(".")


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("program", PROGRAMS)
def test_choices_are_a_function_of_the_seed(name: str, program: Program) -> None:
    """Two explorers of one seed choose alike in every run of the same program."""
    first = [result.choices for result in runs(program, make(name, Random(7)), 40)]
    second = [result.choices for result in runs(program, make(name, Random(7)), 40)]
    assert first == second


@pytest.mark.parametrize("name", [*SAMPLERS, "pct2", "pct3", "pct5"])
def test_choices_depend_on_the_seed(name: str) -> None:
    """Explorers of different seeds do not make the same runs (a randomness that has died would)."""
    first = [result.choices for result in runs(planted.check_then_act, make(name, Random(1)), 40)]
    second = [result.choices for result in runs(planted.check_then_act, make(name, Random(2)), 40)]
    assert first != second


@pytest.mark.parametrize("name", ["sweep", "bounded", "reduced", "exhaustive"])
def test_a_finite_explorer_stays_exhausted(name: str) -> None:
    """Once it has said that there is nothing more to explore, it says so again."""
    explorer = make(name, Random(0))
    assert runs(planted.lost_update, explorer)
    assert run(planted.lost_update, explorer) is None
    assert run(planted.lost_update, explorer) is None


@pytest.mark.parametrize("name", SAMPLERS)
def test_samplers_let_every_interleaving_happen(name: str) -> None:
    """All C(6,3) = 20 interleavings of two actors with three turns each come up."""
    # The rarest under a random walk (one actor three times in a row, first) has p = 1/8; under POS every order of six
    # independent turns is an order of priorities, p >= 1/6! = 1/720: missed in 8,000 runs with p < 1e-4.
    program = planted.read_only(2, 2)
    assert len({tuple(result.turns) for result in runs(program, make(name, Random(3)), 8000)}) == 20


@pytest.mark.parametrize("name", ["alternating", "surw", "pos", "pct2", "pct3", "pct5", "random"])
def test_samplers_end_programs_that_spin(name: str) -> None:
    """A spinning actor does not keep a sampler from ever letting the other one go."""
    results = runs(planted.spinning, make(name, Random(0)), 50)
    assert [result.status for result in results] == ["completed"] * 50


@pytest.mark.parametrize("name", NAMES)
def test_a_correct_program_shows_no_bug(name: str) -> None:
    """The machine itself plants nothing: the locked counter is right in every run."""
    results = runs(planted.locked_update, make(name, Random(0)), 200)
    assert {(result.status, result.bug) for result in results} == {("completed", None)}


# The rarest for a sampler here is check-then-act. POS: the canceller must be held back behind seven turns and then go
# before the eighth, p of about 1/16: (15/16)^200 = 2.5e-6. Random walk: eight orders of 2^-9 each, p = 1/64:
# (63/64)^2000 = 2e-14.
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("program", SHALLOW)
def test_each_explorer_finds_the_shallow_bugs(name: str, program: Program) -> None:
    """Every algorithm finds each of the bugs of one preemption (random: within 2,000 runs)."""
    limit = 2000 if name == "random" else 200
    found = [result for result in runs(program, make(name, Random(5)), limit) if result.bug or result.status == "stuck"]
    assert found
