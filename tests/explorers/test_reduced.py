"""The reduced search: as many runs as there are orders of dependent turns, and no ending lost."""

from __future__ import annotations

from math import comb

import pytest

from futurefuzz.errors import HarnessError
from futurefuzz.explorers import reduced
from futurefuzz.explorers.base import Pending
from futurefuzz.explorers.dependence import ANYTHING, Order, Turn, dependent, named
from futurefuzz.explorers.exhaustive import Exhaustive
from futurefuzz.explorers.reduced import Reduced
from futurefuzz.explorers.replay import ChoicesReplay
from tests.explorers import planted
from tests.explorers.machine import Body, Machine, Program, Result, events, run, runs, straight
from tests.explorers.random_programs import outcome, random_program

Trace = frozenset[tuple[tuple[int, int], tuple[int, int]]]


def trace_of(result: Result) -> Trace:
    """What equivalent runs have in common: which of two dependent turns came first. Written without the package."""
    turns: list[tuple[tuple[int, int], Pending | None]] = []
    numbers: dict[int, int] = {}
    for actor, event in result.trace:
        number = numbers[actor] = numbers.get(actor, 0) + 1
        opaque = (event is None and number > 1) or (event is not None and event.kind == "spawn")
        first_or_nothing = Pending("nothing", None, False) if event is None else event
        turns.append(((actor, number), None if opaque else first_or_nothing))
    pairs = set()
    for at, (earlier, one) in enumerate(turns):
        for later, other in turns[at + 1 :]:
            conflict = one is None or other is None
            if one is not None and other is not None and one.resource is not None:
                conflict = one.resource == other.resource and (one.write or other.write)
            if conflict or earlier[0] == later[0]:
                pairs.add((earlier, later))
    return frozenset(pairs)


def endings(program: Program, explorer: Exhaustive | Reduced, limit: int) -> tuple[set[str], set[Trace]] | None:
    """How the runs of an explorer end, and their traces; None when there are too many."""
    ended, traces = set(), set()
    while explorer.runs < limit:
        machine = Machine(record=explorer.recording)
        program(machine)
        if not explorer.begin(machine):
            return ended, traces
        result = machine.run(explorer)
        explorer.end(machine)
        ended.add(f"{result.status} {result.bug} {outcome(machine)}")
        traces.add(trace_of(result))
    return None


def test_actors_with_nothing_in_common_have_one_run() -> None:
    """However many and long they are."""
    explorer = Reduced(exact=True)
    assert len(runs(straight(6, 6, 6, 6), explorer)) == 1
    assert explorer.complete
    assert explorer.pruned > 0
    assert explorer.certificate() == "all interleavings, which do not differ in the order of dependent steps"


@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 2), (5, 5)])
def test_writes_to_one_resource_have_as_many_orders_as_the_binomial_coefficient(m: int, n: int) -> None:
    """What depends on everything else is not reduced: (m+n)!/(m! n!) runs."""
    explorer = Reduced(exact=True)
    results = runs(straight(m, n, resource="x"), explorer)
    assert len({trace_of(result) for result in results}) == len(results) == comb(m + n, m)
    assert explorer.redundant == 0


@pytest.mark.parametrize("readers", [1, 3, 6])
def test_a_writer_comes_before_or_after_each_reader(readers: int) -> None:
    """Reads do not depend on each other: 2^n traces for n readers and one writer."""

    def program(machine: Machine) -> None:
        machine.spawn(events("x", 1))
        for _ in range(readers):
            machine.spawn(events("x", 1, write=False))

    explorer = Reduced(exact=True)
    runs(program, explorer)
    assert explorer.runs - explorer.redundant == 2**readers


def test_without_exact_points_first_and_last_turns_are_ordered_with_everything() -> None:
    """Two actors of three turns with nothing in common: the inner turns alone can change places."""
    # F1 e1 L1 and F2 e2 L2, where F and L are ordered with everything: of the 20 interleavings those are equivalent
    # that differ in e1 e2 next to each other. Contracting such a pair to one letter leaves 4 interleavings with it (F1
    # and F2 in either order before it, L1 and L2 after): 20 - 4 = 16.
    explorer = Reduced()
    runs(straight(2, 2), explorer)
    assert explorer.runs - explorer.redundant == 16


def test_nothing_is_lost_in_hundreds_of_random_programs() -> None:
    """All endings are shown and all traces run once, where all runs of the program can be made for comparison."""
    compared = everything = reduced_to = spared = 0
    for seed in range(400):
        program = random_program(seed, turns=5)
        whole = Exhaustive()
        expected = endings(program, whole, 400)
        if expected is None:
            continue
        compared += 1
        explorer = Reduced(exact=True)
        found = endings(program, explorer, 10_000)
        assert found is not None
        assert found[0] == expected[0]
        assert found[1] == expected[1]
        assert explorer.runs - explorer.redundant == len(expected[1])
        everything += whole.runs
        reduced_to += explorer.runs
        spared += explorer.redundant
    assert compared > 200
    assert reduced_to < everything / 20
    assert spared < reduced_to / 10


def test_nothing_is_lost_without_exact_points() -> None:
    """With the cautious rule all endings are shown, too."""
    for seed in range(400, 440):
        program = random_program(seed, turns=4)
        expected = endings(program, Exhaustive(), 400)
        if expected is not None:
            found = endings(program, Reduced(), 10_000)
            assert found is not None
            assert found[0] == expected[0]


def test_the_comparison_sees_a_reduction_that_is_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    """Must-fail twin: with resources that are never the same one, endings are lost."""
    fresh = iter(range(10**9))
    monkeypatch.setattr(reduced, "named", lambda resource: next(fresh))
    lost = 0
    for seed in range(40):
        program = random_program(seed, turns=5)
        expected = endings(program, Exhaustive(), 400)
        if expected is not None:
            found = endings(program, Reduced(exact=True), 10_000)
            assert found is not None
            lost += found[0] != expected[0]
    assert lost > 5


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize(
    "program", [planted.lost_update, planted.check_then_act, planted.deadlock, planted.late_timeout]
)
def test_the_planted_bugs_are_found_and_run_again(program: Program, exact: bool) -> None:
    """Each bug is among the runs, and the choices of that run make it again."""
    failing = [result for result in runs(program, Reduced(exact=exact)) if result.bug or result.status == "stuck"]
    assert failing
    again = run(program, ChoicesReplay(failing[0].choices))
    assert again is not None
    assert (again.bug, again.status, again.turns) == (failing[0].bug, failing[0].status, failing[0].turns)


def test_it_is_not_complete_before_all_has_been_run() -> None:
    """A search cut short gives no certificate."""
    explorer = Reduced(exact=True)
    runs(straight(2, 2, resource="x"), explorer, 5)
    assert explorer.certificate() == "not complete: 5 interleavings so far"
    runs(straight(2, 2, resource="x"), explorer)
    assert explorer.certificate() == "all interleavings, 6 that differ in the order of dependent steps"


def test_a_turn_that_may_touch_anything_is_ordered_with_everything() -> None:
    """A point that announces ANYTHING makes orders of actors that have nothing else in common matter."""

    def program(machine: Machine) -> None:
        machine.spawn(events("mine", 3))

        def other() -> Body:
            yield Pending("call", ANYTHING, True)

        machine.spawn(other())

    # It comes before the four turns of the other actor, after them, or between two of them.
    explorer = Reduced(exact=True)
    runs(program, explorer)
    assert explorer.runs - explorer.redundant == 5


def test_a_program_that_changes_is_a_harness_error() -> None:
    """A path that does not meet what it met, or that the run does not come to the end of, is refused."""
    sizes = [[2, 2], [2, 2, 2]]

    def program(machine: Machine) -> None:
        straight(*sizes[0], resource="x")(machine)
        sizes.reverse()

    with pytest.raises(HarnessError, match="not deterministic: at step 0 actor -1 stood"):
        runs(program, Reduced(exact=True))
    explorer = Reduced(exact=True)
    run(straight(3, 3, resource="x"), explorer)
    machine = Machine(record=True)
    straight(3, 3, resource="x")(machine)
    explorer.begin(machine)
    with pytest.raises(HarnessError, match="not deterministic: after the same choices a run ended at step 0"):
        explorer.end(machine)


def test_runs_must_be_recorded() -> None:
    """Without steps there is nothing to reduce by."""
    with pytest.raises(HarnessError, match="needs recorded runs"):
        Reduced().begin(Machine())


def test_turns_are_dependent_when_they_conflict() -> None:
    """The same actor, an opaque turn, or one resource with a write."""
    reads, writes, elsewhere = {"x": False}, {"x": True}, {"y": True}
    assert dependent(Turn(0, reads), Turn(0, elsewhere))
    assert dependent(Turn(0, None), Turn(1, {}))
    assert dependent(Turn(0, reads), Turn(1, writes))
    assert dependent(Turn(0, writes), Turn(1, reads))
    assert not dependent(Turn(0, reads), Turn(1, reads))
    assert not dependent(Turn(0, writes), Turn(1, elsewhere))


def test_what_happens_before_is_transitive_and_adjacent_is_not() -> None:
    """Of three turns in a chain the last happens after both, and can change places with the middle one only."""
    order = Order([Turn(0, {"x": True}), Turn(1, {"x": True, "y": True}), Turn(2, {"y": False, "x": False})])
    assert order.before == [0, 0b1, 0b11]
    assert [order.adjacent(index) for index in range(3)] == [[], [0], [1]]
    reads = Order([Turn(0, {"x": False}), Turn(1, {"x": False}), Turn(2, {"x": True})])
    assert reads.adjacent(2) == [1, 0]


def test_objects_of_one_type_are_one_resource() -> None:
    """The objects of one run are not those of another; taking two for one is only cautious."""
    assert named(("f", 0)) == ("f", 0)
    assert named((object(), "attribute")) == named((object(), "attribute")) != named((object(), "other"))
