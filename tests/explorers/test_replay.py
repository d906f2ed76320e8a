"""Replay: the same run from its choices, the same bug from its places, and a clear word where it cannot be."""

from __future__ import annotations

from random import Random

import pytest

from futurefuzz.explorers.default_rule import go_on
from futurefuzz.explorers.random_walk import RandomWalk
from futurefuzz.explorers.replay import ChoicesReplay, Replay, schedule_of
from futurefuzz.programs.program import Switch
from tests.explorers import planted
from tests.explorers.machine import Body, Machine, Program, Result, run, straight

PROGRAMS = [planted.check_then_act, planted.deadlock, planted.late_timeout, planted.spawning, planted.three_preemptions]


def recorded(program: Program, seed: int) -> Result:
    """A random run with its steps."""
    result = run(program, RandomWalk(Random(seed)), record=True)
    assert result is not None
    return result


def replayed(program: Program, explorer: ChoicesReplay | Replay) -> Result:
    """The run that a replay makes."""
    result = run(program, explorer)
    assert result is not None
    return result


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_list_of_choices_makes_the_same_run(program: Program) -> None:
    """Whatever ran, its choices run it again, with the same end."""
    for seed in range(50):
        first = recorded(program, seed)
        explorer = ChoicesReplay(first.choices)
        second = replayed(program, explorer)
        assert (second.turns, second.bug, second.status) == (first.turns, first.bug, first.status)
        assert explorer.diverged == []


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_schedule_by_places_makes_the_same_run(program: Program) -> None:
    """The departures from the default rule, named by place, are all that it takes."""
    for seed in range(50):
        first = recorded(program, seed)
        assert first.steps is not None
        explorer = Replay(schedule_of(first.steps, first.names))
        for _ in range(2):  # a replay can be run again
            second = replayed(program, explorer)
            assert (second.turns, second.bug, second.status) == (first.turns, first.bug, first.status)
            assert tuple(explorer.used) == schedule_of(first.steps, first.names)
            assert explorer.diverged == []


def test_the_schedule_of_a_replay_is_the_schedule() -> None:
    """Recording a replay gives back what was replayed."""
    first = recorded(planted.check_then_act, 3)
    assert first.steps is not None
    schedule = schedule_of(first.steps, first.names)
    second = replayed(planted.check_then_act, Replay(schedule))
    assert second.steps is not None
    assert schedule_of(second.steps, second.names) == schedule


def test_going_on_needs_no_schedule() -> None:
    """The default run has an empty schedule, and the empty schedule is the default run."""
    result = replayed(planted.deadlock, Replay(()))
    assert result.turns == replayed(planted.deadlock, ChoicesReplay(())).turns
    assert result.steps is not None
    assert schedule_of(result.steps, result.names) == ()


def test_the_start_has_no_actor() -> None:
    """Who starts is a switch at the place `start` of nobody."""
    result = run(straight(1, 1), ChoicesReplay([1]), record=True)
    assert result is not None
    assert result.steps is not None
    assert schedule_of(result.steps, result.names) == (Switch(actor="", place="start", nth=1, to="thread 1"),)


BUG = (Switch(actor="thread 0", place="write done", nth=1, to="thread 1"),)


def test_a_schedule_names_only_what_matters() -> None:
    """One switch, at the point between check and act, is the whole of the check-then-act bug."""
    assert replayed(planted.check_then_act, Replay(BUG)).bug == "InvalidStateError"


def test_a_schedule_survives_an_unrelated_point() -> None:
    """Points inserted before and between do not move a place; a list of choices is off at once."""

    def changed(machine: Machine) -> None:
        def padded(body: Body, count: int) -> Body:
            for _ in range(count):
                yield planted.read("unrelated")
            yield from body

        planted.check_then_act(machine)
        machine._bodies = [padded(body, 3 - index) for index, body in enumerate(machine._bodies)]

    original = replayed(planted.check_then_act, Replay(BUG))
    explorer = Replay(BUG)
    assert replayed(changed, explorer).bug == "InvalidStateError"
    assert explorer.diverged == []
    assert replayed(changed, ChoicesReplay(original.choices)).bug is None


def test_a_place_that_is_not_met_is_named() -> None:
    """The sentence says who did not stand where, and the rest of the schedule is still used."""
    gone = Switch(actor="thread 0", place="read other", nth=2, to="thread 1")
    explorer = Replay((gone, *BUG))
    assert replayed(planted.check_then_act, explorer).bug == "InvalidStateError"
    assert explorer.used == list(BUG)
    assert explorer.diverged == [
        "thread 0 at read other (occurrence 2) was not met; thread 1 should have gone on there"
    ]


def test_an_actor_that_cannot_go_is_named() -> None:
    """At a place that is met the sentence says who could go instead."""
    twice = Switch(actor="thread 0", place="write mine", nth=5, to="thread 1")
    explorer = Replay((Switch(actor="thread 0", place="write mine", nth=1, to="thread 1"), twice))
    replayed(planted.check_then_act, explorer)
    assert explorer.diverged == ["thread 0 at write mine (occurrence 5): thread 1 could not go; only thread 0 could"]

    def three(machine: Machine) -> None:
        straight(2, 2, 2)(machine)

    explorer = Replay((Switch(actor="", place="start", nth=1, to="thread 7"),))
    replayed(three, explorer)
    assert explorer.diverged == [
        "the run at start (occurrence 1): thread 7 could not go; thread 0, thread 1, thread 2 could"
    ]


def test_choices_that_do_not_fit_are_told() -> None:
    """A choice that cannot be made and choices left over are named; the run goes on by the default rule."""
    explorer = ChoicesReplay([0, 5, 0, 0, 0, 0, 0])
    assert replayed(straight(1, 1), explorer).turns == [0, 0, 1, 1]
    assert explorer.diverged == [
        "at choice 1 actor 5 could not go; [0, 1] could",
        "the run had 2 choices; the list has 7",
    ]


def test_the_default_rule_goes_on_or_takes_the_first() -> None:
    """At a point the current actor goes on; where it blocked, ended or never was, the first one does."""
    at_point = planted.read("x")
    assert go_on([at_point, at_point], 1, [0, 1]) == 1
    assert go_on([at_point, None], 1, [0, 1]) == 0  # it waits with a timeout: in the list, but not at a point
    assert go_on([at_point, at_point], -1, [0, 1]) == 0
