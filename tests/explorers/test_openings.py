"""Where a run could have gone the other way, and which of that is most likely wrong."""

from __future__ import annotations

from futurefuzz.explorers.base import Pending
from futurefuzz.explorers.dependence import ANYTHING
from futurefuzz.explorers.openings import Opening, Turn, conflict, openings, turns_of
from futurefuzz.explorers.replay import ChoicesReplay
from tests.explorers import planted
from tests.explorers.machine import Body, Machine, Program, run


def plainest(program: Program) -> list[Turn]:
    """The turns of the run in which everybody goes on."""
    result = run(program, ChoicesReplay(()), record=True)
    assert result is not None
    assert result.steps is not None
    return turns_of(result.steps)


def best(program: Program) -> list[str]:
    """What is held in the best openings of the plainest run."""
    turns = plainest(program)
    found = openings(turns)
    least = min(opening.rank for opening in found)
    return [said(turns, opening) for opening in found if opening.rank == least]


def said(turns: list[Turn], opening: Opening) -> str:
    """Who is held before what."""
    turn = turns[opening.turn]
    return f"{turn.actor} before {turn.event.kind if turn.event else 'start'}"


def test_a_write_after_a_read_of_the_same_is_the_best_opening() -> None:
    """An actor is held between its read and its write, which is where an update gets lost."""
    assert best(planted.lost_update) == ["0 before write"]


def test_what_a_lock_excludes_comes_last() -> None:
    """Inside of a critical section nobody is held before somebody is held in front of it."""
    turns = plainest(planted.locked_update)
    ranked = sorted(openings(turns), key=lambda opening: opening.rank)
    held = [said(turns, opening) for opening in ranked]
    assert held.index("0 before acquire") < min(held.index(f"0 before {kind}") for kind in ("read", "write", "release"))


def test_an_actor_and_the_one_that_started_it_come_after_two_that_it_started() -> None:
    """Who starts others mostly waits for them."""

    def program(machine: Machine) -> None:
        def child() -> Body:
            yield Pending("read", "x", False)
            yield Pending("write", "x", True)

        def main() -> Body:
            yield Pending("write", "x", True)
            machine.spawn(child())
            machine.spawn(child())
            yield Pending("read", "x", False)
            yield Pending("write", "x", True)

        machine.spawn(main())

    turns = plainest(program)
    ranks = {(turns[each.turn].actor, each.intruder): each.rank for each in openings(turns) if each.conflicts}
    assert ranks[1, 2] < min(rank for pair, rank in ranks.items() if 0 in pair)


def test_with_three_actors_the_others_may_go_too() -> None:
    """Where several could intrude, there is an opening for one alone and one for all of them."""

    def program(machine: Machine) -> None:
        def body() -> Body:
            yield Pending("write", "x", True)

        for _ in range(3):
            machine.spawn(body())

    assert {each.alone for each in openings(plainest(program)) if each.conflicts} == {True, False}
    assert {each.alone for each in openings(plainest(planted.lost_update))} == {True}


def test_two_reads_do_not_conflict_and_anything_does() -> None:
    """One has to write, on the same resource; what may touch anything conflicts with all that touches something."""
    read, write = Pending("read", "x", False), Pending("write", "x", True)
    anything, nothing = Pending("enter", ANYTHING, True), Pending("enter", None, True)
    assert not conflict(read, read)
    assert conflict(read, write)
    assert conflict(anything, read)
    assert not conflict(anything, nothing)
    assert not conflict(write, Pending("write", "y", True))
