"""Race reversal: finds in a few runs what conflicts in the plainest one, and what that leads to."""

from __future__ import annotations

from random import Random

import pytest

from futurefuzz.explorers.base import Explorer, View
from futurefuzz.explorers.replay import ChoicesReplay
from futurefuzz.explorers.reversing import Reversing
from tests.explorers import planted
from tests.explorers.machine import Body, Machine, Program, run, runs, runs_to_bug


class Taught:
    """Race reversal after the plainest run, which counts as the first."""

    name = "taught"

    def __init__(self, seed: int) -> None:
        self.reversing = Reversing(Random(seed))
        self.recording = True
        self._active: Explorer = ChoicesReplay(())

    def begin(self, view: View) -> bool:
        return self._active.begin(view)

    def choose(self, current: int, enabled: list[int]) -> int:
        return self._active.choose(current, enabled)

    def end(self, view: View) -> None:
        if self._active is self.reversing:
            self.reversing.end(view)
        else:
            self.reversing.learn(view)
            self._active = self.reversing
        self.recording = self.reversing.recording


def to_bug(program: Program, seed: int, limit: int = 501) -> int | None:
    """Runs until the bug."""
    return runs_to_bug(program, Taught(seed), limit)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("program", "most"),
    [
        (planted.lost_update, 2),
        (planted.check_then_act, 2),
        (planted.deadlock, 3),
        (planted.behind_a_long_thread(200), 4),
        (planted.three_preemptions, 500),
    ],
)
def test_what_is_planted_is_found_soon(program: Program, most: int) -> None:
    """With each of ten seeds, the plainest run included."""
    found = [to_bug(program, seed) for seed in range(10)]
    assert all(after is not None and after <= most for after in found), found


def test_nothing_is_found_where_nothing_is() -> None:
    """It ends on a correct program."""
    taught = Taught(0)
    results = runs(planted.locked_update, taught, 10_000)  # type: ignore[arg-type]
    assert len(results) < 10_000
    assert all(result.bug is None and result.status == "completed" for result in results)
    assert taught.reversing.exhausted


def test_the_same_seed_makes_the_same_runs() -> None:
    """Whatever is random comes from its generator."""
    choices = [
        [result.choices for result in runs(planted.three_preemptions, Taught(7), 60)]  # type: ignore[arg-type]
        for _ in range(2)
    ]
    assert choices[0] == choices[1]


def test_it_has_nothing_to_do_before_it_has_learned() -> None:
    """Without a recorded run there is nothing to reverse."""
    reversing = Reversing(Random(0))
    assert reversing.exhausted
    assert run(planted.lost_update, reversing) is None


def test_an_intruder_that_spins_does_not_go_on_for_ever() -> None:
    """It may wait for the very one that is held."""

    def program(machine: Machine) -> None:
        variables = machine.variables
        variables["begun"] = variables["flag"] = False

        def sets() -> Body:
            yield planted.write("begun")
            variables["begun"] = True
            yield planted.write("flag")
            variables["flag"] = True

        def waits() -> Body:
            yield planted.read("begun")
            while variables["begun"] and not variables["flag"]:
                yield planted.read("flag")

        machine.spawn(sets())
        machine.spawn(waits())

    results = runs(program, Taught(1), 200)  # type: ignore[arg-type]
    assert len(results) > 3
    assert {result.status for result in results} == {"completed"}


def test_a_plainest_run_that_differs_is_learned_anew() -> None:
    """What the first run of all imports or caches is not there in the second, so its plans are dropped."""
    reversing = Reversing(Random(0))
    for program in (planted.deadlock, planted.lost_update):
        machine = Machine(record=True)
        program(machine)
        replay = ChoicesReplay(())
        replay.begin(machine)
        machine.run(replay)
        reversing.learn(machine)
    assert runs_to_bug(planted.lost_update, reversing, 1) == 1
