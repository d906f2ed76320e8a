"""How the oracles' verdicts are put together, graded and held back; on hand-made histories."""

from __future__ import annotations

from futurefuzz import oracles
from futurefuzz.programs.program import Callback, Hook
from futurefuzz.runs.history import Run
from futurefuzz.targets.bridges import COROUTINE_THREADSAFE, RUN_IN_EXECUTOR, WRAP_FUTURE
from futurefuzz.targets.concurrent_future import CONCURRENT_FUTURE
from tests.oracles.histories import Script, op, program


def _verdicts(run: Run) -> list[tuple[str, str, str]]:
    return [(one.clause.id, one.grade, one.detail) for one in oracles.judge(run)]


def test_a_trap_does_not_hide_what_is_wrong_with_the_future() -> None:
    """It comes first in the history and last in the verdict."""
    made = program(
        ("thread", [op("cancel", via="post"), op("set_result", via="post")]), ("task", [op("yield"), op("done")])
    )
    script = Script(made).posts("0.0").posts("0.1").call("1.0").performs("0.0", "True")
    script.performs("0.1", "!InvalidStateError").note("handler", "Exception in callback", "!InvalidStateError")
    script.ret("1.0", "None").does("1.1", "False")
    # the first step of the task comes before what was posted before it
    script.events[0:0] = [script.events.pop(6)]
    assert [clause for clause, _, _ in _verdicts(script.run())] == ["A6", "A18"]


def test_off_thread_use_is_interesting_and_names_who_did_it() -> None:
    """The lost wake-up of a set_result straight from a thread."""
    made = program(("task", [op("await")]), ("thread", [op("set_result")]))
    script = Script(made).call("0.0").does("1.0", "None").note("stall", 1).ret("0.0", "v:1.0").state("v:1.0")
    found = oracles.judge(script.run())
    assert [(one.clause.id, one.grade, one.detail) for one in found] == [
        ("A19", "interesting", "off-thread: loop not woken")
    ]
    assert found[0].cause.startswith("thread 1 called set_result directly, and the loop sleeps with 1 of")


def test_two_winners_on_the_loops_own_thread_are_forbidden_although_the_program_re_enters() -> None:
    """Re-entrancy alone excuses no second transition; a thread's doing is only interesting."""
    hooks = (Hook(kind="init", operations=(op("cancel"),)),)
    made = program(("task", [op("set_exception", argument="class"), op("set_result")]), hooks=hooks)
    script = Script(made).does("0.0", "None").does("0.1", "None").state("v:0.1")
    assert ("A1", "forbidden", "re-entrant: two winners") in _verdicts(script.run())
    made = program(("thread", [op("set_exception"), op("set_result")]))
    script = Script(made).does("0.0", "None").does("0.1", "None").state("v:0.1")
    assert ("A1", "interesting", "off-thread: two winners") in _verdicts(script.run())


def test_an_internal_error_is_forbidden_however_it_came_about() -> None:
    """SystemError is part of no contract."""
    made = program(("thread", [op("remove_done_callback"), op("repr")]))
    script = Script(made).does("0.0", "!SystemError").state()
    assert _verdicts(script.run()) == [("A16", "forbidden", "off-thread: remove_done_callback: SystemError raised")]


def test_a_program_whose_callback_registers_itself_again_may_run_for_ever() -> None:
    """That it does not end is its own fault; of another program it is a livelock."""
    again = program(
        ("task", [op("add_done_callback"), op("cancel")]), callbacks=(Callback(operations=(op("add_done_callback"),)),)
    )
    assert _verdicts(Script(again).does("0.0", "None").does("0.1", "True").run("livelock")) == []
    plain = program(("task", [op("add_done_callback"), op("cancel")]))
    assert _verdicts(Script(plain).does("0.0", "None").does("0.1", "True").run("livelock")) == [
        ("X4", "forbidden", "no end")
    ]


def _concurrent(*actors: tuple[str, list[object]], **fields: object) -> Script:
    return Script(program(*actors, **fields), CONCURRENT_FUTURE.name, "concurrent")  # type: ignore[arg-type]


def test_overlapping_operations_of_threads_may_take_effect_either_way() -> None:
    """Both answers are right while the calls overlap, one of them when they do not."""
    actors = (("thread", [op("set_result")]), ("thread", [op("done")]))
    for answer in ("True", "False"):
        script = _concurrent(*actors).call("0.0").does("1.0", answer).ret("0.0", "None").state("v:0.0")
        assert _verdicts(script.run()) == []
    script = _concurrent(*actors).does("0.0", "None").does("1.0", "False").state("v:0.0")
    assert _verdicts(script.run()) == [("C5", "forbidden", "done: False")]


def test_a_completion_took_effect_before_the_callbacks_that_it_runs() -> None:
    """Inside its own callback the future is done, although set_result has not returned."""
    inner = (Callback(operations=(op("done"),)),)
    actor = ("thread", [op("add_done_callback"), op("set_result")])
    for answer, verdict in (("True", []), ("False", [("C5", "forbidden", "done: False")])):
        script = _concurrent(actor, callbacks=inner).does("0.0", "None").call("0.1").runs().does("c0.0", answer)
        assert _verdicts(script.ran().ret("0.1", "None").state("v:0.1").run()) == verdict


def test_a_thread_that_waits_for_a_pending_future_is_the_programs_fault() -> None:
    """For a done one it is a lost wake-up, and an operation that never waits has to return."""
    actors = (("thread", [op("result", argument="wait")]), ("thread", [op("set_result")]))
    script = _concurrent(*actors).call("0.0").waits("0.0").state()
    assert _verdicts(script.run("stuck")) == []
    script = _concurrent(*actors).call("0.0").does("1.0", "None").waits("0.0").state("v:1.0")
    assert _verdicts(script.run("stuck")) == [("C11", "forbidden", "waiter never woken")]
    script = _concurrent(*actors).call("1.0").waits("1.0").state("v:1.0")
    assert ("C13", "forbidden", "set_result never returned") in _verdicts(script.run("stuck"))


def test_what_a_callback_waits_for_holds_up_only_its_own_thread() -> None:
    """set_result of one future has not returned because its callback waits for another one."""
    waits = (Callback(operations=(op("result", argument="wait", future=1),)),)
    actor = ("thread", [op("add_done_callback"), op("set_result")])
    script = _concurrent(actor, callbacks=waits, futures=2).does("0.0", "None").call("0.1").runs().call("c0.0")
    script.waits("0.1").waits("c0.0").state("v:0.1").state(None, 1)
    assert _verdicts(script.run("stuck")) == []


def test_a_bridge_may_lose_a_race_with_a_cancellation() -> None:
    """Both ends agree, or the outgoing end was cancelled before the outcome arrived."""
    made = program(("thread", [op("set_result")]), ("task", [op("cancel")]))

    def script(cancelled: str) -> Script:
        return Script(made, WRAP_FUTURE.name, "bridge").does("0.0", "None").does("1.0", cancelled)

    right = script("True").state("v:0.0", side="resolver").state("!CancelledError")
    assert _verdicts(right.run()) == []
    right = script("False").state("v:0.0", side="resolver").state("v:0.0")
    assert _verdicts(right.run()) == []
    wrong = script("False").state("v:0.0", side="resolver").state("!CancelledError")
    assert _verdicts(wrong.run()) == [("B2", "forbidden", "cancelled by nobody")]
    wrong = script("False").state("v:0.0", side="resolver").state("v:9.9")
    assert _verdicts(wrong.run()) == [("B1", "forbidden", "came out differently")]
    wrong = script("False").state("v:0.0", side="resolver").state()
    assert _verdicts(wrong.run()) == [("B1", "forbidden", "never came out")]


def test_a_coroutine_that_was_cancelled_before_it_began_leaves_its_gate_alone() -> None:
    """run_coroutine_threadsafe, cancelled by a thread before the loop came to it."""
    made = program(("thread", [op("cancel")]))
    script = Script(made, COROUTINE_THREADSAFE.name, "bridge").does("0.0", "True")
    assert _verdicts(script.state(side="resolver").state("!CancelledError").run()) == []


def test_a_slow_callback_of_debug_mode_is_not_taken_for_another_log() -> None:
    """The log of a second start is expected, whatever asyncio has said of slow callbacks before; one without is not."""
    made = program(("thread", [op("set_running"), op("set_running")]), debug=True)

    def verdicts(*logs: str) -> list[str]:
        script = Script(made, target=RUN_IN_EXECUTOR.name, contract="bridge").does("0.0", "True")
        for text in logs:
            script.note("log", text)
        return [clause for clause, _, _ in _verdicts(script.does("0.1", "!RuntimeError").state().run())]

    slow = "asyncio: Executing %s took %.3f seconds"
    refused = "concurrent.futures: Future %s in unexpected state: %s"
    assert "B6" not in verdicts(slow, slow, refused)
    assert "B6" in verdicts(refused, refused, refused)
