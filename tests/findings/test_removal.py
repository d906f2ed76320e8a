from __future__ import annotations

from futurefuzz.findings.finding import Case
from futurefuzz.findings.removal import Place, moved_to_front, without
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program, Switch
from tests.findings.samples import thread


def case_of(*actors: Actor, schedule: tuple[Switch, ...] = (), **rest: object) -> Case:
    """A case with these actors."""
    return Case(scenario="s", target="t", program=Program(actors=actors, **rest), schedule=schedule)


def operation(name: str, **rest: object) -> Operation:
    """An operation."""
    return Operation(name=name, **rest)


def test_dropping_an_actor_renumbers_those_behind_it() -> None:
    """Names of threads and places of operations follow; switches from, to and inside what went are gone."""
    case = case_of(
        thread("done"),
        thread("cancel"),
        thread("done", "set_result"),
        schedule=(
            Switch("", "start", 1, "thread 2"),
            Switch("thread 2", "2.1/operation", 1, "thread 1"),
            Switch("thread 1", "1.0/call_soon", 1, "thread 0"),
            Switch("thread 2", "2.1/call_soon", 3, "thread 0"),
            Switch("thread 0", "0.0/end", 1, "loop"),
            Switch("loop", "2.1!/operation", 1, "thread 2"),
            Switch("loop", "loop/select", 2, "thread 2"),
        ),
    )
    smaller = without(case, actors=[1])
    assert smaller.program.actors == (thread("done"), thread("done", "set_result"))
    assert smaller.schedule == (
        Switch("", "start", 1, "thread 1"),
        Switch("thread 1", "1.1/call_soon", 3, "thread 0"),
        Switch("thread 0", "0.0/end", 1, "loop"),
        Switch("loop", "1.1!/operation", 1, "thread 1"),
        Switch("loop", "loop/select", 2, "thread 1"),
    )


def test_dropping_operations_renumbers_those_behind_them() -> None:
    """A place keeps the operation that it names, in actors, callbacks and hooks, at every visit."""
    callback = Callback(operations=(operation("done"), operation("cancel")))
    hook = Hook(kind="eq", operations=(operation("done"), operation("cancel")))
    case = case_of(
        Actor(
            kind="thread", operations=(operation("done"), operation("repr"), operation("add_done_callback", callback=0))
        ),
        thread("done"),
        callbacks=(callback,),
        hooks=(hook,),
        schedule=(
            Switch("thread 0", "0./start", 1, "thread 1"),
            Switch("thread 0", "0.1/operation", 1, "thread 1"),
            Switch("thread 0", "0.2/call_soon", 2, "thread 1"),
            Switch("thread 0", "c0/callback", 1, "thread 1"),
            Switch("thread 0", "c0.1/operation", 1, "thread 1"),
            Switch("thread 0", "c0.1#2/operation", 1, "thread 1"),
            Switch("thread 0", "h0.0/operation", 1, "thread 1"),
            Switch("thread 0", "h0.1/operation", 1, "thread 1"),
        ),
    )
    smaller = without(case, operations=[Place("", 0, 1), Place("c", 0, 0), Place("h", 0, 0)])
    assert [len(listed) for _, listed in smaller.program.places()] == [2, 1, 1, 1]
    assert [switch.place for switch in smaller.schedule] == [
        "0./start",
        "0.1/call_soon",
        "c0/callback",
        "c0.0/operation",
        "c0.0#2/operation",
        "h0.0/operation",
    ]


def test_a_switch_can_move_to_what_follows() -> None:
    """When its operation goes, a switch may stay between the operations around it, or where the thread ends."""
    switches = (Switch("thread 0", "0.1/call_soon", 2, "thread 1"), Switch("thread 1", "1.0/operation", 1, "thread 0"))
    case = case_of(thread("done", "repr", "cancel"), thread("done"), schedule=switches)
    moved = without(case, operations=[Place("", 0, 1), Place("", 1, 0)], relocate=True)
    assert moved.schedule == (
        Switch("thread 0", "0.1/operation", 1, "thread 1"),
        Switch("thread 1", "1./end", 1, "thread 0"),
    )
    last = without(case, operations=[Place("", 0, 1), Place("", 0, 2)], relocate=True)
    assert last.schedule[0] == Switch("thread 0", "0.0/end", 1, "thread 1")


def test_two_switches_that_meet_are_one() -> None:
    """There is one choice at a point; the later one wins."""
    switches = (Switch("thread 0", "0.1/call_soon", 1, "thread 1"), Switch("thread 0", "0.2/operation", 1, "thread 2"))
    case = case_of(thread("done", "repr", "cancel"), thread("done"), thread("done"), schedule=switches)
    moved = without(case, operations=[Place("", 0, 1)], relocate=True)
    assert moved.schedule == (Switch("thread 0", "0.1/operation", 1, "thread 2"),)


def test_what_refers_to_a_dropped_callback_or_future_goes_with_it() -> None:
    """Operations with them go; the others are renumbered."""
    case = case_of(
        Actor(
            kind="thread",
            operations=(
                operation("add_done_callback", callback=0, future=1),
                operation("add_done_callback", callback=1, future=1),
                operation("set_result", future=2),
                operation("set_result", future=0),
            ),
        ),
        futures=3,
        callbacks=(Callback(raises=True), Callback(operations=(operation("remove_done_callback", callback=0),))),
    )
    smaller = without(case, callbacks=[0], futures=[0])
    assert smaller.program == Program(
        actors=(
            Actor(
                kind="thread",
                operations=(operation("add_done_callback", callback=0, future=0), operation("set_result", future=1)),
            ),
        ),
        futures=2,
        callbacks=(Callback(),),
    )


def test_a_thread_that_only_passed_the_baton_on_is_skipped() -> None:
    """Who let it go lets go at once whom it let go, or, where no switch tells, whom the caller names."""
    case = case_of(
        thread("cancel"),
        thread(),
        thread("done", "set_result"),
        schedule=(
            Switch("", "start", 1, "thread 1"),
            Switch("thread 1", "1./end", 1, "thread 2"),
            Switch("thread 2", "2.1/operation", 1, "thread 0"),
        ),
    )
    assert without(case, actors=[1], relocate=True).schedule == (
        Switch("", "start", 1, "thread 1"),
        Switch("thread 1", "1.1/operation", 1, "thread 0"),
    )
    by_default = case_of(
        thread("cancel"),
        thread("done", "set_result"),
        thread(),
        schedule=(Switch("", "start", 1, "thread 1"), Switch("thread 1", "1.1/operation", 1, "thread 2")),
    )
    assert len(without(by_default, actors=[2], relocate=True).schedule) == 1
    assert without(by_default, actors=[2], relocate=True, instead="thread 0").schedule == (
        Switch("", "start", 1, "thread 1"),
        Switch("thread 1", "1.1/operation", 1, "thread 0"),
    )


def test_a_thread_that_the_default_rule_let_go_is_skipped_too() -> None:
    """Where no switch led to it, its own switch moves to where the choice before it must have been."""
    case = case_of(
        thread(),
        thread("cancel"),
        thread("done"),
        schedule=(Switch("thread 0", "0./end", 1, "thread 2"),),
    )
    assert without(case, actors=[0], relocate=True).schedule == (Switch("", "start", 1, "thread 1"),)


def test_an_actor_moves_to_the_front_with_its_switches() -> None:
    """The default rule lets the first actor begin; all others keep their order, and places their operations."""
    case = case_of(
        thread("cancel"),
        thread("repr"),
        thread("done", "set_result"),
        callbacks=(Callback(operations=(operation("done"),)),),
        schedule=(
            Switch("", "start", 1, "thread 2"),
            Switch("thread 2", "2.1/operation", 1, "thread 0"),
            Switch("thread 0", "c0.0/operation", 1, "thread 1"),
        ),
    )
    moved = moved_to_front(case, 2)
    assert moved.program.actors == (thread("done", "set_result"), thread("cancel"), thread("repr"))
    assert moved.schedule == (
        Switch("", "start", 1, "thread 0"),
        Switch("thread 0", "0.1/operation", 1, "thread 1"),
        Switch("thread 1", "c0.0/operation", 1, "thread 2"),
    )
