"""The asyncio model against hand-made histories: right ones pass, and each wrong one breaks its clause."""

from __future__ import annotations

import pytest

from futurefuzz.contracts import lockstep
from futurefuzz.programs.program import Callback, Operation
from futurefuzz.runs.history import Run
from futurefuzz.targets import asyncio_tasks
from tests.oracles.histories import Script, op, program


def _clause(run: Run) -> tuple[str, str, int] | None:
    found = lockstep.conform(run)
    return (found[-1].clause.id, found[-1].detail, found[-1].at) if found else None


WAITER = program(("task", [op("await"), op("done")]), ("task", [op("set_result")]))
TWO = program(
    (
        "task",
        [op("add_done_callback"), op("add_done_callback", callback=1), op("remove_done_callback"), op("set_result")],
    ),
    callbacks=2,
)
POSTING = program(
    ("thread", [op("set_result", via="post"), op("cancel", via="post")]), ("task", [op("add_done_callback")])
)


def test_a_waiter_wakes_after_the_task_that_resolves() -> None:
    """The right order, event by event."""
    script = Script(WAITER).call("0.0").does("1.0", "None").ret("0.0", "v:1.0").does("0.1", "True").state("v:1.0")
    assert _clause(script.run()) is None


def test_a_waiter_that_never_wakes_is_found_at_the_end() -> None:
    """The future is done, the loop idle, and the task still there."""
    script = Script(WAITER).call("0.0").does("1.0", "None").waits("0.0").state("v:1.0")
    assert _clause(script.run("stuck")) == ("A12", "waiter never woken", 3)


def test_a_waiter_of_a_pending_future_may_wait_for_ever() -> None:
    """That is the program's own doing."""
    script = Script(program(("task", [op("await")]))).call("0.0").waits("0.0").state()
    assert _clause(script.run("stuck")) is None


@pytest.mark.parametrize(
    ("outcome", "detail"),
    [
        ("v:9.9", "await: another value, not a value"),
        ("None", "await: None, not a value"),
        ("!CancelledError", "await: CancelledError, not a value"),
    ],
)
def test_a_waiter_gets_the_outcome(outcome: str, detail: str) -> None:
    """And no other."""
    script = Script(WAITER).call("0.0").does("1.0", "None").ret("0.0", outcome)
    assert _clause(script.run()) == ("A12", detail, 3)


def test_a_waiter_that_wakes_early_is_found() -> None:
    """await does not return while the future is pending."""
    script = Script(WAITER).call("0.0").ret("0.0", "None")
    assert _clause(script.run()) == ("A12", "woken while pending", 1)


def test_callbacks_run_by_call_soon_after_those_that_were_removed_are_gone() -> None:
    """The right history of two registrations, one removal and a completion."""
    script = Script(TWO).does("0.0", "None").does("0.1", "None").does("0.2", "1").does("0.3", "None")
    assert _clause(script.callback(1).state("v:0.3").run()) is None


def test_a_removed_callback_does_not_run() -> None:
    """Neither instead of the other one nor before it."""
    script = Script(TWO).does("0.0", "None").does("0.1", "None").does("0.2", "1").does("0.3", "None")
    assert _clause(script.callback(0).run()) == ("A9", "removed callback ran", 8)


def test_the_number_of_removed_callbacks_is_told() -> None:
    """One too many is a wrong count."""
    script = Script(TWO).does("0.0", "None").does("0.1", "None").does("0.2", "2")
    assert _clause(script.run()) == ("A9", "wrong count", 5)


THREE = program(("task", [op("add_done_callback"), op("add_done_callback", callback=1), op("set_result")]), callbacks=2)


def _three() -> Script:
    return Script(THREE).does("0.0", "None").does("0.1", "None").does("0.2", "None")


def test_callbacks_run_first_in_first_out() -> None:
    """The article says last in, first out; asyncio does not."""
    assert _clause(_three().callback(0).callback(1).run()) is None
    assert _clause(_three().callback(1).callback(0).run()) == ("A8", "callback out of order", 6)


def test_a_lost_callback_is_told_from_a_late_one() -> None:
    """The one that was skipped never comes."""
    assert _clause(_three().callback(1).run()) == ("A7", "callback never ran", 6)
    assert _clause(_three().callback(0).state("v:0.2").run()) == ("A7", "callback never ran", 8)


def test_a_callback_runs_once() -> None:
    """Twice is too often."""
    assert _clause(_three().callback(0).callback(0).callback(1).run()) == ("A7", "callback ran twice", 8)


def test_no_callback_runs_before_completion() -> None:
    """Nothing was scheduled yet."""
    script = Script(THREE).does("0.0", "None").call("0.1").ret("0.1", "None")
    script.events.insert(2, Script(THREE).runs(0).events[0])
    assert _clause(script.run()) == ("A7", "callback called inline", 2)
    pending = Script(program(("task", [op("add_done_callback")]))).does("0.0", "None").callback(0)
    assert _clause(pending.run()) == ("A7", "callback before done", 2)


def test_no_callback_runs_inside_set_result() -> None:
    """The article says that it does; the loop's call_soon runs it."""
    script = (
        Script(THREE).does("0.0", "None").does("0.1", "None").call("0.2").callback(0).callback(1).ret("0.2", "None")
    )
    assert _clause(script.run()) == ("A7", "callback called inline", 5)


def test_a_callback_gets_the_future_alone_and_finds_it_done() -> None:
    """What it is called with, and in which context."""
    assert _clause(_three().callback(0, n=2).run()) == ("A10", "wrong arguments", 6)
    assert _clause(_three().callback(0, future=-1).run()) == ("A10", "wrong future", 6)
    assert _clause(_three().callback(0, done=False).run()) == ("A7", "callback before done", 6)
    assert _clause(_three().callback(0, context="1").run()) == ("A11", "wrong context", 6)
    assert _clause(_three().callback(0, carrier=1).run()) == ("A17", "callback on a thread", 6)


def test_a_context_is_handed_down_to_what_is_registered_inside() -> None:
    """add_done_callback without a context takes the current one."""
    inner = Callback(group=0, operations=(op("add_done_callback", callback=1),))
    made = program(("task", [op("add_done_callback", context=1), op("cancel")]), callbacks=(inner, Callback(group=1)))
    script = Script(made).does("0.0", "None").does("0.1", "True").runs(0, context="1").does("c0.0", "None").ran(0)
    right = script.events + Script(made).callback(1, context="1").events
    wrong = script.events + Script(made).callback(1, context="").events
    script.events = right
    assert _clause(script.run()) is None
    script.events = wrong
    assert _clause(script.run()) == ("A11", "wrong context", 8)


def test_a_posting_meanwhile_may_come_before_or_after_what_a_completion_schedules() -> None:
    """The history does not tell, so both orders are right; but the callbacks' own order is not free."""
    made = program(
        ("task", [op("add_done_callback"), op("add_done_callback", callback=1), op("set_result")]),
        ("thread", [op("cancel", via="post")]),
        callbacks=2,
    )

    def script() -> Script:
        begun = Script(made).does("0.0", "None").does("0.1", "None").call("0.2").call("1.0").posted("1.0")
        return begun.ret("0.2", "None").ret("1.0", "None")

    assert _clause(script().performs("1.0", "False").callback(0).callback(1).run()) is None
    assert _clause(script().callback(0).performs("1.0", "False").callback(1).run()) is None
    assert _clause(script().callback(0).callback(1).performs("1.0", "False").run()) is None
    found = _clause(script().callback(1).performs("1.0", "False").callback(0).run())
    assert found == ("A8", "callback out of order", 9)


def test_a_posting_before_a_completion_comes_before_its_callbacks() -> None:
    """First in, first out, whoever put it in."""
    made = program(
        ("task", [op("add_done_callback"), op("set_result")]), ("thread", [op("cancel", via="post")]), callbacks=1
    )
    script = Script(made).does("0.0", "None").posts("1.0").does("0.1", "None")
    assert _clause(script.callback(0).performs("1.0", "False").run()) == ("A8", "loop's queue out of order", 7)


def test_posting_without_asking_is_a_trap_and_asking_is_not() -> None:
    """InvalidStateError in the loop's handler is explained by the program, and graded as interesting."""
    script = Script(POSTING).does("1.0", "None").call("0.0").posted("0.0").ret("0.0", "None").posts("0.1")
    script.performs("0.0", "None").performs("0.1", "False").callback(0)
    assert lockstep.conform(script.run()) == []
    late = program(("thread", [op("cancel", via="post"), op("set_result", via="post")]))
    script = Script(late).posts("0.0").posts("0.1").performs("0.0", "True").performs("0.1", "!InvalidStateError")
    script.note("handler", "Exception in callback", "!InvalidStateError")
    found = lockstep.conform(script.run())
    assert [(one.clause.id, one.grade, one.at) for one in found] == [("A18", "interesting", 10)]


def test_an_exception_of_a_callback_must_reach_the_handler_and_nothing_else_may() -> None:
    """Owed and not told, told and not owed."""
    made = program(("task", [op("add_done_callback"), op("cancel")]), callbacks=(Callback(raises=True),))

    def script() -> Script:
        return Script(made).does("0.0", "None").does("0.1", "True").runs(0).ran(0, "!x:c0")

    assert _clause(script().note("handler", "Exception in callback", "!x:c0").state("!CancelledError").run()) is None
    assert _clause(script().state("!CancelledError").run()) == ("A14", "exception not reported", 6)
    other = script().note("handler", "Exception in callback", "!RuntimeError")
    assert _clause(other.run()) == ("A14", "handler: RuntimeError raised", 6)
    assert _clause(script().note("unraisable", "close", "!ValueError").run()) == (
        "A14",
        "unraisable: ValueError raised",
        6,
    )


def test_never_retrieved_is_reported_of_what_nobody_retrieved() -> None:
    """A report after result() is wrong; asking while it was pending retrieved nothing."""
    made = program(("task", [op("set_exception"), op("result"), op("drop")]))
    report = ("handler", "Future exception was never retrieved", "!e:0.0")
    early = program(("task", [op("result"), op("set_exception")]))
    script = Script(early).does("0.0", "!InvalidStateError").does("0.1", "None")
    assert _clause(script.note("handler", report[1], "!e:0.1").run()) is None
    assert _clause(Script(made).does("0.0", "None").note(*report).run()) is None
    assert _clause(Script(made).does("0.0", "None").does("0.1", "!e:0.0").note(*report).run()) == (
        "A15",
        "reported wrongly",
        4,
    )


@pytest.mark.parametrize(
    ("operation", "outcome", "clause", "detail"),
    [
        (op("set_result"), "!RuntimeError", "A1", "set_result when pending: RuntimeError raised, not None"),
        (op("cancel"), "False", "A3", "cancel when pending: False, not True"),
        (op("result"), "None", "A4", "result: None, not InvalidStateError raised"),
        (op("exception"), "None", "A5", "exception: None, not InvalidStateError raised"),
        (op("done"), "True", "A6", "done: True, not False"),
        (op("cancelled"), "True", "A6", "cancelled: True, not False"),
        (op("repr"), "!ValueError", "A16", "repr: ValueError raised, not str"),
        (op("add_done_callback"), "!ValueError", "A16", "add_done_callback: ValueError raised, not None"),
        (
            op("set_exception", argument="not-an-exception"),
            "None",
            "A2",
            "set_exception(not-an-exception) when pending: None, not TypeError raised",
        ),
    ],
)
def test_each_operation_of_a_pending_future_has_one_outcome(operation, outcome, clause, detail) -> None:  # type: ignore[no-untyped-def]
    """Another one breaks the operation's clause."""
    assert _clause(Script(program(("task", [operation]))).does("0.0", outcome).run()) == (clause, detail, 1)


@pytest.mark.parametrize(
    ("operation", "right", "wrong", "clause"),
    [
        (op("set_result"), "!InvalidStateError", "None", "A1"),
        (op("set_exception"), "!InvalidStateError", "None", "A1"),
        (op("cancel"), "False", "True", "A3"),
        (op("result"), "v:0.0", "v:0.1", "A4"),
        (op("exception"), "None", "v:0.0", "A5"),
        (op("done"), "True", "False", "A6"),
        (op("cancelled"), "False", "True", "A6"),
        (op("await"), "v:0.0", "None", "A12"),
    ],
)
def test_each_operation_of_a_done_future_has_one_outcome(operation, right, wrong, clause) -> None:  # type: ignore[no-untyped-def]
    """The right one passes, another one breaks the operation's clause."""
    made = program(("task", [op("set_result"), operation]))
    assert _clause(Script(made).does("0.0", "None").does("0.1", right).run()) is None
    found = _clause(Script(made).does("0.0", "None").does("0.1", wrong).run())
    assert found is not None
    assert found[0] == clause


def test_stop_iteration_is_refused_or_becomes_a_runtime_error() -> None:
    """The two behaviours that CPython has had, and no third."""
    made = program(("task", [op("set_exception", argument="StopIteration"), op("exception")]))
    assert _clause(Script(made).does("0.0", "!TypeError").does("0.1", "!InvalidStateError").run()) is None
    assert _clause(Script(made).does("0.0", "None").does("0.1", "RuntimeError").run()) is None
    assert _clause(Script(made).does("0.0", "None").does("0.1", "e:0.0").run()) is not None
    assert _clause(Script(made).does("0.0", "!TypeError").does("0.1", "RuntimeError").run()) is not None


def test_the_message_of_a_cancellation_comes_out() -> None:
    """A lost message is no lost cancellation: a clause of its own, and interesting."""
    made = program(("task", [op("cancel", argument="message"), op("result")]))
    assert _clause(Script(made).does("0.0", "True").does("0.1", "!CancelledError(m:0.0)").run()) is None
    found = lockstep.conform(Script(made).does("0.0", "True").does("0.1", "!CancelledError").run())
    assert [(one.clause.id, one.grade) for one in found] == [("A20", "interesting")]


def _task(*operations: tuple[str, str]) -> Run:
    """A run of the shape `task` in which one actor does everything, after the target task's first step."""
    made = program(("task", [op(name) for name, _ in operations]))
    script = Script(made, asyncio_tasks.C_TASK.name)
    for position, (_, outcome) in enumerate(operations):
        script.does(f"0.{position}", outcome)
    return script.run()


def test_a_task_is_done_one_iteration_after_its_gate() -> None:
    """set_result acts on the gate; the task wakes, and then is done."""
    right = [("set_result", "None"), ("done", "False"), ("yield", "None"), ("done", "True"), ("result", "v:0.0")]
    assert _clause(_task(*right)) is None
    assert _clause(_task(("set_result", "None"), ("done", "True"))) == ("A6", "done: True, not False", 3)


def test_a_cancelled_task_is_cancelled_one_iteration_later() -> None:
    """cancel is a request, may be repeated, and wins over a result that has not arrived."""
    assert (
        _clause(
            _task(
                ("cancel", "True"), ("cancel", "True"), ("cancelled", "False"), ("yield", "None"), ("cancelled", "True")
            )
        )
        is None
    )
    assert (
        _clause(_task(("set_result", "None"), ("cancel", "True"), ("yield", "None"), ("result", "!CancelledError")))
        is None
    )
    assert _clause(_task(("cancel", "False"))) == ("A13", "cancel when pending: False, not True", 1)


ELSEWHERE = ("task", [op("await-elsewhere")])
STOPS = ("task", [op("set_exception", argument="StopIteration")])
AWAITS = ("task", [op("await"), op("done")])
YIELDS = ("task", [op("yield"), op("yield")])


def _marked(*actors: tuple[str, list[Operation]]) -> Script:
    script = Script(program(ELSEWHERE, STOPS, *actors), asyncio_tasks.C_TASK.name)
    return script.does("0.0", "!RuntimeError").does("1.0", "None")


def test_an_await_that_is_refused_is_no_turn_out_of_order() -> None:
    """The outcome would be a RuntimeError as well; what tells the two apart is that the await did not wait."""
    script = _marked(YIELDS, AWAITS).call("2.0").does("3.0", "!RuntimeError")
    assert _clause(script.run()) == ("A12", "await refused", 6)


def test_what_follows_an_await_that_was_refused_is_explained_by_it() -> None:
    """Nobody else lost a turn by it, but the task is still pending."""
    assert _clause(_marked(AWAITS).does("2.0", "!RuntimeError").does("2.1", "True").run()) is None
    script = _marked(AWAITS).does("2.0", "!RuntimeError").does("2.1", "False")
    assert _clause(script.run()) == ("A12", "await refused", 7)


def test_a_waiter_that_did_wait_or_has_no_reason_to_be_refused_is_out_of_order() -> None:
    """The must-miss twins: others had their turns meanwhile, or no task of another loop has left a mark."""
    waited = _marked(AWAITS, YIELDS).call("2.0").call("3.0").ret("2.0", "!RuntimeError").ret("3.0", "None").run()
    assert _clause(waited) == ("A8", "loop's queue out of order", 6)
    script = Script(program(STOPS, YIELDS, AWAITS), asyncio_tasks.C_TASK.name).does("0.0", "None").call("1.0")
    unmarked = script.does("2.0", "!RuntimeError").ret("1.0", "None").run()
    assert _clause(unmarked) == ("A8", "loop's queue out of order", 4)


def test_a_run_cut_off_by_the_step_bound_is_not_blamed_for_what_did_not_happen() -> None:
    """Its history ends in the middle."""
    script = Script(WAITER).call("0.0").does("1.0", "None").state("v:1.0")
    assert _clause(script.run("livelock")) is None


def test_a_loop_that_sleeps_beside_ready_callbacks_is_forbidden_in_a_legal_program() -> None:
    """Nobody but call_soon_threadsafe came from outside."""
    script = Script(WAITER).call("0.0").does("1.0", "None").note("stall", 1).ret("0.0", "v:1.0")
    found = lockstep.conform(script.run())
    assert [(one.clause.id, one.grade) for one in found] == [("A19", "forbidden")]


def test_a_dropped_future_is_skipped_and_no_other() -> None:
    """The harness forgets it; a thread's drop may come before or after an operation that overlaps it."""
    made = program(("task", [op("set_result")]), ("thread", [op("drop")]))
    for outcome in ("None", "skipped"):
        script = Script(made).call("1.0").call("0.0").ret("1.0", "None").ret("0.0", outcome)
        assert _clause(script.run()) is None
    assert _clause(Script(program(("task", [op("set_result")]))).does("0.0", "skipped").run()) == (
        "A16",
        "set_result: skipped",
        1,
    )


def test_a_final_state_that_differs_is_found() -> None:
    """As if somebody had asked for the result."""
    script = Script(program(("task", [op("set_result")]))).does("0.0", "None")
    assert _clause(script.state("v:0.0").run()) is None
    found = _clause(Script(program(("task", [op("set_result")]))).does("0.0", "None").state(None).run())
    assert found == ("A4", "result: pending, not a value", 2)


def test_undecidable_runs_are_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the guesses run out, the verdict is unknown: no violation, and no evidence."""
    monkeypatch.setattr(lockstep, "BUDGET", 1)
    made = program(
        ("task", [op("add_done_callback"), op("set_result")]), ("thread", [op("cancel", via="post")]), callbacks=1
    )
    script = (
        Script(made).does("0.0", "None").call("0.1").call("1.0").posted("1.0").ret("0.1", "None").ret("1.0", "None")
    )
    script.performs("1.0", "False").callback(0)
    run = script.run()
    assert (lockstep.conform(run), run.undecided) == ([], True)
    monkeypatch.undo()
    run = script.run()
    assert (lockstep.conform(run), run.undecided) == ([], False)


def test_a_stop_iteration_has_nothing_to_do_with_another_exception_that_nobody_retrieved() -> None:
    """Two futures have exceptions; only the label of the one that was given a StopIteration would tell of it."""
    made = program(
        ("task", [op("set_exception", argument="StopIteration"), op("set_exception", future=1), op("drop", future=1)]),
        futures=2,
    )

    def reported(label: str) -> Run:
        script = Script(made).does("0.0", "None").does("0.1", "None").call("0.2")
        return script.note("handler", "Future exception was never retrieved", f"!{label}").run()

    assert _clause(reported("e:0.1")) is None
    assert _clause(reported("e:0.0")) == ("A2", "StopIteration stored as it is", 5)
