"""One run: which events it leaves, in which order, with which labels; how it ends; what makes it fail."""

from __future__ import annotations

import signal
import threading
from typing import Any

import pytest

from futurefuzz import targets
from futurefuzz.control import carriers
from futurefuzz.errors import HarnessError
from futurefuzz.programs.program import Callback, Hook
from futurefuzz.runs.executor import execute
from futurefuzz.targets.base import Target
from tests.control.stage import Directed, Wandering
from tests.runs.told import directed, op, program, tell, told

CONCURRENT = targets.find("concurrent.Future")


def test_concurrent_callbacks_run_inside_the_resolving_call() -> None:
    """add, set, and another thread's result: each call with its return, the callback between."""
    run = directed(
        program(("thread", ["add_done_callback=0", "set_result"]), ("thread", ["result wait"])), CONCURRENT
    )
    assert tell(run) == [
        "call 0@0 0.0 add_done_callback",
        "return 0@0 0.0 add_done_callback -> returned None",
        "call 0@0 0.1 set_result",
        "run 0@0 0 c0(f0) context=- done=True n=1",
        "ran 0@0 0 0 -> returned None",
        "return 0@0 0.1 set_result -> returned None",
        "call 1@1 1.0 result wait",
        "return 1@1 1.0 result wait -> returned v:0.1",
        "state L@-1 f0 observer returned->v:0.1",
    ]
    assert (run.status, run.names, run.loop_carrier) == ("completed", ["thread 0", "thread 1"], None)


def test_a_waiting_result_returns_after_the_resolving_call() -> None:
    """A thread blocked in result() gets the value of the other thread."""
    run = directed(program(("thread", ["set_result"]), ("thread", ["result wait"])), CONCURRENT, 1, 1, 1, 1, 1)
    assert tell(run) == [
        "call 1@1 1.0 result wait",
        "call 0@0 0.0 set_result",
        "return 0@0 0.0 set_result -> returned None",
        "return 1@1 1.0 result wait -> returned v:0.0",
        "state L@-1 f0 observer returned->v:0.0",
    ]


def test_a_posted_operation_is_called_posted_returned_and_then_performed_on_the_loop() -> None:
    """The posting belongs to the thread, the operation itself (site with !) to the loop."""
    run = directed(
        program(("task", ["add_done_callback=0", "await"]), ("thread", [op("set_result", via="post")])),
        "asyncio.PyFuture",
    )
    assert tell(run) == [
        "call 0@0 0.0 add_done_callback",
        "return 0@0 0.0 add_done_callback -> returned None",
        "call 0@0 0.1 await",
        "call 1@1 1.0 set_result post",
        "posted 1@1 1.0 set_result post",
        "return 1@1 1.0 set_result post -> returned None",
        "call L@0 1.0! set_result post",
        "return L@0 1.0! set_result post -> returned None",
        "run L@0 0 c0(f0) context=- done=True n=1",
        "ran L@0 0 0 -> returned None",
        "return 0@0 0.1 await -> returned v:1.0",
        "state L@-1 f0 observer returned->v:1.0",
    ]
    assert (run.names, run.loop_carrier) == (["loop", "thread 1"], 0)


def test_post_if_pending_is_skipped_when_the_future_is_done() -> None:
    """The robust bridge asks done() on the loop first."""
    run = directed(
        program(("task", ["cancel message"]), ("thread", [op("set_result", via="post-if-pending")])), "asyncio.Future"
    )
    assert tell(run) == [
        "call 0@0 0.0 cancel message",
        "return 0@0 0.0 cancel message -> returned True",
        "call 1@1 1.0 set_result post-if-pending",
        "posted 1@1 1.0 set_result post-if-pending",
        "return 1@1 1.0 set_result post-if-pending -> returned None",
        "call L@0 1.0! set_result post-if-pending",
        "return L@0 1.0! set_result post-if-pending -> returned skipped",
        "state L@-1 f0 observer raised->CancelledError(m:0.0)",
    ]


def test_a_posted_operation_that_raises_reaches_the_loops_handler() -> None:
    """The twin: without asking first, the exception ends in the loop's exception handler."""
    run = directed(program(("task", ["cancel message"]), ("thread", [op("set_result", via="post")])), "asyncio.Future")
    assert tell(run) == [
        "call 0@0 0.0 cancel message",
        "return 0@0 0.0 cancel message -> returned True",
        "call 1@1 1.0 set_result post",
        "posted 1@1 1.0 set_result post",
        "return 1@1 1.0 set_result post -> returned None",
        "call L@0 1.0! set_result post",
        "return L@0 1.0! set_result post -> raised InvalidStateError",
        "handler L@0 loop Exception in callback -> raised InvalidStateError",
        "state L@-1 f0 observer raised->CancelledError(m:0.0)",
    ]


def test_a_lost_wake_up_is_a_stall_and_the_rest_is_still_judged() -> None:
    """The loop sleeps although a callback is ready; it is noted and then woken."""
    run = directed(program(("task", ["await"]), ("thread", ["set_result"])), "asyncio.PyFuture")
    assert tell(run) == [
        "call 0@0 0.0 await",
        "call 1@1 1.0 set_result",
        "return 1@1 1.0 set_result -> returned None",
        "stall L@1 loop 1",
        "return 0@0 0.0 await -> returned v:1.0",
        "state L@-1 f0 observer returned->v:1.0",
    ]


def test_a_task_that_never_wakes_is_waiting_and_the_run_stuck() -> None:
    """The loop is stopped cleanly: nobody is blocked, but an operation has not returned."""
    run = directed(program(("task", ["await"])), "asyncio.Future")
    assert tell(run) == [
        "call 0@0 0.0 await",
        "waiting 0@0 0.0 await",
        "state L@-1 f0 observer pending",
    ]
    assert (run.status, run.blocked) == ("stuck", [])


def test_a_thread_that_never_wakes_is_waiting_and_blocked() -> None:
    """It is unwound without a return event, and the run says what it waited for, since where."""
    run = directed(program(("thread", ["result wait"]), ("thread", ["set_running"])), CONCURRENT)
    assert tell(run) == [
        "call 0@0 0.0 result wait",
        "call 1@1 1.0 set_running",
        "return 1@1 1.0 set_running -> returned True",
        "waiting 0@0 0.0 result wait",
        "state L@-1 f0 observer pending",
    ]
    assert run.status == "stuck"
    assert run.blocked == [("thread 0", "somebody to release its own Lock 2 (as a notification does)", "0.0")]


def test_a_timeout_is_virtual() -> None:
    """result(timeout=1) with nobody there raises at once."""
    run = directed(program(("thread", ["result timeout"])), CONCURRENT)
    assert tell(run) == [
        "call 0@0 0.0 result timeout",
        "return 0@0 0.0 result timeout -> raised TimeoutError",
        "state L@-1 f0 observer pending",
    ]


def test_operations_on_a_dropped_future_are_skipped() -> None:
    """The finaliser's report comes inside the drop; afterwards there is no future and no final state."""
    run = directed(program(("thread", ["set_exception", "drop", "done"])), "asyncio.PyFuture")
    assert tell(run) == [
        "call 0@1 0.0 set_exception",
        "return 0@1 0.0 set_exception -> returned None",
        "call 0@1 0.1 drop",
        "handler L@1 0.1 Future exception was never retrieved -> raised e:0.0",
        "return 0@1 0.1 drop -> returned None",
        "call 0@1 0.2 done",
        "return 0@1 0.2 done -> returned skipped",
    ]


def test_operations_of_callbacks_have_sites_of_their_own_numbered_when_repeated() -> None:
    """c0.0 the first time, c0.0#2 the second; what a callback raises is logged by the library."""
    callback = Callback(operations=(op("set_result"),), raises=True)
    run = directed(
        program(
            ("thread", ["add_done_callback=0", "add_done_callback=0", "set_result"]), callbacks=[callback]
        ),
        CONCURRENT,
    )
    assert tell(run) == [
        "call 0@0 0.0 add_done_callback",
        "return 0@0 0.0 add_done_callback -> returned None",
        "call 0@0 0.1 add_done_callback",
        "return 0@0 0.1 add_done_callback -> returned None",
        "call 0@0 0.2 set_result",
        "run 0@0 0 c0(f0) context=- done=True n=1",
        "call 0@0 c0.0 set_result",
        "return 0@0 c0.0 set_result -> raised InvalidStateError",
        "ran 0@0 0 0 -> raised x:c0",
        "log 0@0 0.2 concurrent.futures: exception calling callback for %r -> raised x:c0",
        "run 0@0 1 c0(f0) context=- done=True n=1",
        "call 0@0 c0.0#2 set_result",
        "return 0@0 c0.0#2 set_result -> raised InvalidStateError",
        "ran 0@0 1 0 -> raised x:c0",
        "log 0@0 0.2 concurrent.futures: exception calling callback for %r -> raised x:c0",
        "return 0@0 0.2 set_result -> returned None",
        "state L@-1 f0 observer returned->v:0.2",
    ]


def test_callbacks_run_in_the_context_that_they_were_registered_with() -> None:
    """Context 2 is seen as "2", no context of ours as nothing."""
    run = directed(
        program(("task", [op("add_done_callback=0", context=2), "add_done_callback=0", "set_result"])),
        "asyncio.PyFuture",
    )
    assert tell(run, "run") == [
        "run L@0 0 c0(f0) context=2 done=True n=1",
        "run L@0 1 c0(f0) context=- done=True n=1",
    ]


def test_a_task_is_resolved_through_its_gate() -> None:
    """cancel goes to the task, its gate is cancelled with it; both sides have a final state."""
    run = directed(program(("task", ["await"]), ("thread", [op("cancel message", via="post")])), "asyncio.Task")
    assert tell(run) == [
        "call 0@0 0.0 await",
        "call 1@1 1.0 cancel message post",
        "posted 1@1 1.0 cancel message post",
        "return 1@1 1.0 cancel message post -> returned None",
        "call L@0 1.0! cancel message post",
        "return L@0 1.0! cancel message post -> returned True",
        "return 0@0 0.0 await -> raised CancelledError(m:1.0)",
        "state L@-1 f0 resolver raised->CancelledError(m:1.0)",
        "state L@-1 f0 observer raised->CancelledError",
    ]


def test_a_bridge_has_two_sides() -> None:
    """The thread resolves the concurrent future, the task gets its value."""
    run = directed(program(("task", ["await"]), ("thread", ["set_running", "set_result"])), "asyncio.wrap_future")
    assert tell(run) == [
        "call 0@0 0.0 await",
        "call 1@1 1.0 set_running",
        "return 1@1 1.0 set_running -> returned True",
        "call 1@1 1.1 set_result",
        "return 1@1 1.1 set_result -> returned None",
        "return 0@0 0.0 await -> returned v:1.1",
        "state L@-1 f0 resolver returned->v:1.1",
        "state L@-1 f0 observer returned->v:1.1",
    ]


def test_recorded_runs_have_snapshots() -> None:
    """After each operation that may change a future its state is noted."""
    run = directed(program(("thread", ["set_running", "set_result"])), CONCURRENT, record=True)
    assert tell(run) == [
        "call 0@0 0.0 set_running",
        "return 0@0 0.0 set_running -> returned True",
        "snapshot L@0  f0 RUNNING",
        "call 0@0 0.1 set_result",
        "return 0@0 0.1 set_result -> returned None",
        "snapshot L@0  f0 FINISHED",
        "state L@-1 f0 observer returned->v:0.1",
    ]
    assert run.steps is not None
    assert [step.key for step in run.steps][:3] == [
        ("", "start", 1),
        ("thread 0", "0.0/operation", 1),
        ("thread 0", "0.0/acquire", 1),
    ]


@pytest.mark.parametrize(
    ("kind", "operations", "settings"),
    [
        ("call_soon", ["add_done_callback=0", "set_result"], {}),
        ("get_debug", ["add_done_callback=0", "set_result"], {}),
        ("eq", ["add_done_callback=0", "remove_done_callback=1"], {}),
        ("repr", ["set_result", "repr"], {}),
        ("del", ["set_result", "drop", "collect"], {}),
        ("init", ["set_exception class"], {}),
        ("context", [op("add_done_callback=0", context=1), "set_result", "yield"], {}),
    ],
)
def test_hooks_act_inside_their_call_out(kind: str, operations: list[Any], settings: dict[str, Any]) -> None:
    """A hook's operations happen on the same thread while the outer operation has not returned."""
    hook = Hook(kind=kind, nth=1, operations=(op("done", future=1),))
    run = directed(
        program(
            ("task", operations), hooks=(hook,), futures=2, callbacks=[Callback(group=1), Callback(group=1)], **settings
        ),
        "asyncio.PyFuture",
    )
    lines = tell(run)
    at = next(index for index, line in enumerate(lines) if " h0.0 done" in line)
    assert lines[at].startswith("call ")
    assert lines[at + 1].startswith("return ")
    assert lines[at + 1].endswith("done -> returned False")
    if kind != "context":  # that one is entered by the loop
        begun = [line for line in lines[:at] if line.startswith("call 0@0 0.")]
        ended = [line for line in lines[:at] if line.startswith("return 0@0 0.")]
        assert len(begun) == len(ended) + 1


def test_a_hook_acts_only_in_its_nth_call_out() -> None:
    """The second repr, not the first."""
    hook = Hook(kind="repr", nth=2, operations=(op("done"),))
    run = directed(program(("task", ["set_result", "repr", "repr", "repr"]), hooks=(hook,)), "asyncio.PyFuture")
    lines = tell(run, "call")
    assert [line.split()[2] for line in lines] == ["0.0", "0.1", "0.2", "h0.0", "0.3"]


def test_an_ephemeral_callback_dies_with_its_future() -> None:
    """The harness keeps no reference: its finaliser runs inside the drop."""
    for ephemeral, expected in ((True, True), (False, False)):
        hook = Hook(kind="del", nth=1, operations=(op("done", future=1),))
        run = directed(
            program(
                ("task", ["add_done_callback=0", "drop", "collect"]),
                callbacks=[Callback(ephemeral=ephemeral)],
                hooks=(hook,),
                futures=2,
            ),
            "asyncio.PyFuture",
        )
        assert any(" h0.0 " in line for line in tell(run)) is expected


def test_a_livelock_is_cut_without_inventing_events() -> None:
    """Nothing that happens while the actors are unwound is part of the history."""
    callback = Callback(operations=(op("add_done_callback=0"),))
    for name in ("asyncio.PyFuture", "asyncio.PyTask", "asyncio.Task"):
        run = directed(
            program(
                ("task", ["add_done_callback=0", "set_result", "await"]), ("thread", ["done"]), callbacks=[callback]
            ),
            name,
            step_bound=300,
        )
        assert run.status == "livelock"
        assert not [line for line in tell(run) if "Abort" in line]
        assert {event.kind for event in run.history} <= {"call", "return", "run", "ran", "state"}


@pytest.mark.parametrize("name", targets.names())
@pytest.mark.parametrize("bound", [1, 3, 5, 7, 9, 10, 11, 12, 13, 14])
def test_a_run_may_be_cut_anywhere(name: str, bound: int) -> None:
    """Whatever the step bound hits, the run ends, the pool is whole, and the next run is like any other."""
    target = targets.find(name)
    actors: list[Any] = [("thread", ["add_done_callback=0", "set_result", "result"])]
    if target.contract in ("asyncio", "loops"):
        actors = [
            ("task", ["add_done_callback=0", "await", "result"]),
            ("thread", [op("set_result", via="post-if-pending"), "done"]),
        ]
    elif target.contract == "bridge":
        actors = [("task", ["add_done_callback=0", "yield"]), ("thread", ["set_result", "done"])]
    what = program(*actors, ("thread", ["done", "cancelled"]))
    expected = tell(directed(what, target))
    lost = _lost_carriers()
    for seed in range(4):
        run = execute(what, target, Wandering(seed), step_bound=bound)
        whole = execute(what, target, Wandering(seed))
        assert run is not None
        assert whole is not None
        # A compound may come to its end before the bound; the others have longer programs.
        assert run.status == "livelock" or (target.new_group is not None and run.history == whole.history)
        assert not [line for line in tell(run) if "Abort" in line]
        happened = [event for event in run.history if event.kind != "state"]
        assert happened == whole.history[: len(happened)]  # and nothing after the cut
    assert _lost_carriers() == lost
    assert tell(directed(what, target)) == expected


def _lost_carriers() -> int:
    """Threads that carry actors and are not in the pool between runs. How many there are depends on timers."""
    return sum(thread.name == "futurefuzz carrier" for thread in threading.enumerate()) - carriers.pooled()


def test_history_and_choices_go_into_the_callers_lists_at_once() -> None:
    """A journal has each item when it happens, so that it survives a crash of the interpreter."""
    order: list[str] = []

    class Journal(list[Any]):
        def __init__(self, name: str) -> None:
            super().__init__()
            self.name = name

        def append(self, item: Any) -> None:
            order.append(self.name)
            super().append(item)

    history, choices, steps = Journal("event"), Journal("choice"), Journal("step")
    run = execute(
        program(("thread", ["done"]), ("thread", ["done"])),
        CONCURRENT,
        Wandering(1),
        record=True,
        history=history,
        choices=choices,
        steps=steps,
    )
    assert run is not None
    assert run.history is history
    assert run.choices is choices
    assert run.steps is steps
    assert order[:2] == ["choice", "step"]
    assert "event" in order[:8]


class FullDisk(list[Any]):
    def append(self, item: Any) -> None:
        if len(self) == 3:
            raise OSError("no space left")
        super().append(item)


@pytest.mark.parametrize("which", ["history", "choices", "steps"])
@pytest.mark.parametrize("name", ["concurrent.Future", "asyncio.PyFuture"])
def test_a_journal_that_fails_is_a_harness_error_and_no_finding(which: str, name: str) -> None:
    """An event that cannot be noted inside a callback is not an exception of that callback."""
    callback = Callback(operations=(op("done"), op("done")))
    what = program(
        ("thread", ["add_done_callback=0", "set_result", "done"]), ("thread", ["done"]), callbacks=[callback]
    )
    with pytest.raises(HarnessError, match="no space left"):
        execute(what, targets.find(name), Wandering(1), record=True, **{which: FullDisk()})
    assert directed(what, name).status == "completed"


def test_an_explorer_with_nothing_left_makes_no_run() -> None:
    """execute returns None, and nothing was run."""

    class Done(Directed):
        def begin(self, view: Any) -> bool:
            return False

    explorer = Done()
    assert execute(program(("thread", ["done"])), CONCURRENT, explorer) is None
    assert explorer.ended == 0


def test_an_explorer_is_told_begin_and_end_once_a_run() -> None:
    """It sees the names of the actors before the run."""
    explorer = Directed()
    execute(program(("thread", ["done"]), ("thread", [])), CONCURRENT, explorer)
    assert (explorer.ended, explorer.view.names) == (1, ["thread 0", "thread 1"])


@pytest.mark.parametrize("moment", ["begin", "choose", "end"])
def test_an_explorer_that_raises_is_a_harness_error(moment: str) -> None:
    """Whichever of its methods fails, the pool remains usable."""

    def fail(*_: Any) -> Any:
        raise LookupError("out of ideas")

    explorer = Directed()
    setattr(explorer, moment, fail)
    what = program(("thread", ["done"]), ("thread", ["done"]))
    with pytest.raises(HarnessError, match="out of ideas"):
        execute(what, CONCURRENT, explorer)
    assert directed(what, CONCURRENT).status == "completed"


def broken_target(**fields: Any) -> Target:
    """A concurrent target with some broken part."""
    return Target(**{"name": "broken", "contract": "concurrent", "new_future": CONCURRENT.new_future, **fields})


@pytest.mark.parametrize("part", ["new_future", "dispose"])
def test_a_target_that_cannot_be_set_up_or_disposed_of_is_a_harness_error(part: str) -> None:
    """The text names the target; the next run is not harmed."""

    def fail(*_: Any) -> Any:
        raise ZeroDivisionError("oops")

    what = program(("thread", ["done"]))
    with pytest.raises(HarnessError, match=r"a run on broken could not be carried out: ZeroDivisionError\('oops'\)"):
        execute(what, broken_target(**{part: fail}), Directed())
    assert directed(what, CONCURRENT).status == "completed"


def test_a_program_without_threads_on_a_target_without_loop_is_refused() -> None:
    """There would be nobody to run it."""
    with pytest.raises(HarnessError, match="needs a thread actor"):
        execute(program(("task", ["done"])), CONCURRENT, Directed())


def test_what_gets_out_of_the_loop_is_an_event() -> None:
    """asyncio lets SystemExit of a callback out of run_forever: the target's doing, not the harness's."""
    import asyncio

    class Quitting(asyncio.futures._PyFuture):  # type: ignore[name-defined,misc]
        def set_result(self, value: Any) -> None:
            self._loop.call_soon(self._quit)

        def _quit(self) -> None:
            raise SystemExit(3)

    target = Target(name="quitting", contract="asyncio", new_future=lambda loop: Quitting(loop=loop))
    run = directed(program(("task", ["set_result", "await"]), ("thread", ["done"])), target)
    assert "uncaught L@0 loop -> raised SystemExit" in tell(run)


class Stubborn:
    """A future whose result() lets nothing stop it."""

    def __init__(self) -> None:
        self.condition = threading.Condition()

    def result(self, timeout: float | None = None) -> None:
        while True:
            try:
                with self.condition:
                    self.condition.wait()
            except BaseException:
                continue

    def done(self) -> bool:
        return False


def test_a_target_that_swallows_aborts_ends_as_stuck() -> None:
    """Its thread is left behind, the run is told, and later runs are like any other."""
    target = Target(name="stubborn", contract="concurrent", new_future=Stubborn)
    what = program(("thread", ["done"]), ("thread", ["result wait"]))
    for _ in range(2):
        run = directed(what, target)
        assert (run.status, tell(run, "waiting")) == ("stuck", ["waiting 1@1 1.0 result wait"])
    assert directed(what, CONCURRENT, 1).status == "stuck"


def test_ctrl_c_waits_for_the_end_of_the_run() -> None:
    """KeyboardInterrupt comes out of execute, after the run has ended and not in the middle of the target."""
    histories: list[list[Any]] = []

    class Pressing(Directed):
        def choose(self, current: int, enabled: Any) -> int:
            if len(self.asked) == 2:
                signal.raise_signal(signal.SIGINT)
            return super().choose(current, enabled)

        def end(self, view: Any) -> None:
            histories.append(view)

    history: list[Any] = []
    what = program(("thread", ["set_result", "done"]), ("thread", ["done"]))
    assert threading.current_thread() is threading.main_thread()
    with pytest.raises(KeyboardInterrupt):
        execute(what, CONCURRENT, Pressing(), history=history)
    assert [told(event) for event in history] == tell(directed(what, CONCURRENT))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_ctrl_c_does_not_wait() -> None:
    """A run that hangs can be left."""

    class Hanging:
        def done(self) -> bool:
            signal.raise_signal(signal.SIGINT)
            signal.raise_signal(signal.SIGINT)
            raise AssertionError("not reached")

    target = Target(name="hanging", contract="concurrent", new_future=Hanging)
    with pytest.raises(KeyboardInterrupt):
        execute(program(("thread", ["done"])), target, Directed())
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_runs_leave_no_garbage() -> None:
    """What a run made dies with it by reference counting, so no later run meets it and memory is flat."""
    import gc

    programs = [
        (program(("thread", ["add_done_callback=0", "set_result"]), ("thread", ["result wait"])), CONCURRENT),
        (
            program(("task", ["add_done_callback=0", "await"]), ("thread", [op("set_result", via="post")])),
            targets.find("asyncio.Future"),
        ),
        (program(("task", ["await"]), ("thread", ["set_result"])), targets.find("asyncio.wrap_future")),
        # an exception in a future, with a traceback of the frames that asked for it
        (program(("thread", ["set_exception", "result", "result"]), ("thread", ["exception wait"])), CONCURRENT),
        (
            program(("task", ["set_exception", "result", "await"]), ("thread", ["result"])),
            targets.find("asyncio.PyTask"),
        ),
        # an exception in the loop, whose frame holds it
        (program(("task", ["set_result"]), ("thread", [op("set_result", via="post")])), targets.find("asyncio.Future")),
    ]
    for what, target in programs:
        execute(what, target, Wandering(1))
        gc.collect()
        enabled = gc.isenabled()
        gc.disable()
        try:
            for seed in range(20):
                execute(what, target, Wandering(seed))
            # a thread on its way to the pool may let go of an earlier run now: fewer than one object a run
            assert gc.collect() < 20, target.name
        finally:
            if enabled:
                gc.enable()
