"""Whole programs under control: correct ones stay what they are, planted bugs show, and all of it is repeatable."""

from __future__ import annotations

import asyncio
import concurrent.futures
import gc
import logging
import multiprocessing
import os
import queue
import random
import signal
import socket
import subprocess
import sys
import threading
import time
import warnings
import weakref
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from futurefuzz import explorers
from futurefuzz.control import carriers
from futurefuzz.control.gates import WITHOUT_GIL
from futurefuzz.control.instrumentation import Instrumentation
from futurefuzz.control.session import ControlledRun, run_controlled
from futurefuzz.control.whole import WholeControl
from futurefuzz.errors import HarnessError, InputError
from tests.control import whole_programs
from tests.control.stage import Directed
from tests.control.whole_programs import CORRECT, STUCK

_NAMES = ("go on", "random", "pos", "surw", "pct3", "sweep")


def _explorer(name: str, seed: int = 0) -> Any:
    return Directed() if name == "go on" else explorers.make(name, random.Random(seed))


def _runs(
    body: Callable[[], object], name: str, count: int, *, seed: int = 0, **settings: Any
) -> list[ControlledRun]:
    explorer = _explorer(name, seed)
    found = []
    for _ in range(count):
        run = run_controlled(body, explorer, **settings)
        if run is None:
            break
        found.append(run)
    return found


@pytest.mark.parametrize("name", _NAMES)
@pytest.mark.parametrize("body", CORRECT, ids=lambda body: body.__name__)
def test_a_correct_program_stays_correct_under_every_schedule(body: Callable[[], object], name: str) -> None:
    """The same result, nobody waits for ever, nothing is complained of."""
    for run in _runs(body, name, 1 if name == "go on" else 25):
        assert (run.status, run.outcome) == ("completed", ("returned", CORRECT[body]))
        assert (run.failures, run.logs, run.warnings, run.unraisables, run.waiting) == ([], [], [], [], [])
        assert run.external == []


@pytest.mark.parametrize("name", ["random", "pos", "surw"])
@pytest.mark.parametrize("body", STUCK, ids=lambda body: body.__name__)
def test_a_program_that_can_get_stuck_is_seen_to(body: Callable[[], object], name: str) -> None:
    """Within 60 schedules, told as a deadlock and not guessed from a clock."""
    assert "stuck" in {run.status for run in _runs(body, name, 60)}


def test_a_deadlock_is_shown_as_a_circle() -> None:
    """Who holds what the other wants, and where each stands."""
    run = next(run for run in _runs(whole_programs.crossed_locks, "random", 60) if run.status == "stuck")
    assert sorted(run.cycle()) == ["back", "forth"]
    assert run.outcome is None
    waiting = {who.actor: who for who in run.waiting}
    assert waiting["forth"].holder == "back"
    assert waiting["forth"].resource.endswith("held by back")
    assert "whole_programs.py" in waiting["forth"].place
    assert waiting["forth"].place.endswith("forth")
    assert waiting["main"].resource == "the end of forth"


def test_a_thread_that_nobody_notifies_makes_no_circle() -> None:
    """A lost wake-up is stuck as well, but nobody holds anything."""
    run = next(run for run in _runs(whole_programs.lost_notification, "random", 60) if run.status == "stuck")
    assert run.cycle() == []
    assert run.waiting[0].place.endswith("in lost_notification")


def test_a_waiting_loop_says_which_tasks_wait() -> None:
    """The future that is never resolved is named by the line that awaits it; the thread that died is known."""
    (run,) = _runs(whole_programs.articles_bridge, "go on", 1)
    assert run.status == "stuck"
    ((task, where),) = run.waiting[0].tasks
    assert task == "Task-1"
    assert where.endswith("main")
    assert [(failure.actor, type(failure.error)) for failure in run.failures] == [("worker", RuntimeError)]


def test_check_then_act_loses_to_a_cancel() -> None:
    """`InvalidStateError` kills the resolver under some schedules and not under others."""
    runs = _runs(whole_programs.check_then_act, "random", 60)
    errors = [type(failure.error) for run in runs for failure in run.failures]
    assert set(errors) == {concurrent.futures.InvalidStateError}
    assert len(errors) < len(runs)


def test_uncaught_exceptions_are_kept() -> None:
    """Of the function, of threads, of tasks that nobody awaits, of coroutines that nobody awaits."""

    def raises() -> None:
        raise KeyError(1)

    def forgets() -> None:
        async def fails() -> None:
            raise ValueError("x")

        async def main() -> None:
            fails()
            task = asyncio.create_task(fails())
            await asyncio.sleep(1)
            del task
            asyncio.get_running_loop().call_soon(raises)
            await asyncio.sleep(1)

        asyncio.run(main())

    (run,) = _runs(raises, "go on", 1)
    assert run.outcome is not None
    assert (run.outcome[0], type(run.outcome[1])) == ("raised", KeyError)
    with warnings.catch_warnings():
        warnings.simplefilter("default")
        (run,) = _runs(forgets, "go on", 1)
    assert [type(log.error) for log in run.logs] == [ValueError, KeyError]
    assert [(warned.category, "was never awaited" in warned.message) for warned in run.warnings] == [
        (RuntimeWarning, True)
    ]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        (run,) = _runs(forgets, "go on", 1)
    assert [type(unraisable.error) for unraisable in run.unraisables] == [RuntimeWarning]


def test_a_spinning_program_is_a_livelock() -> None:
    """Threads that never wait and never end meet the bound; what each did then is told."""

    def spins() -> None:
        lock = threading.Lock()
        while True:
            with lock:
                pass

    run = run_controlled(spins, Directed(), step_bound=200)
    assert run is not None
    assert run.status == "livelock"
    assert [who.actor for who in run.waiting] == ["main"]


# ---- the same again -------------------------------------------------------------------------------------------------


def _trace(name: str, seed: int) -> list[Any]:
    found = []
    for body in (whole_programs.asyncio_all, whole_programs.executor, whole_programs.careless_bridge):
        for run in _runs(body, name, 4, seed=seed, record=True):
            keys = [(step.key, step.enabled, step.chosen) for step in run.steps or ()]
            found.append((run.status, repr(run.outcome), run.names, run.choices, keys, run.time))
    return found


@pytest.mark.parametrize("name", ["random", "pos"])
def test_the_same_seed_makes_the_same_runs(name: str) -> None:
    """Every step, in the same process."""
    _trace(name, 3)  # what is imported or cached on first use is
    assert _trace(name, 3) == _trace(name, 3)


def test_runs_are_the_same_in_another_process() -> None:
    """Whatever its hash seed, and however busy it was before."""
    code = (
        "from tests.control.test_whole_programs import _trace\n"
        "import hashlib\n"
        "_trace('random', 1)\n"
        "print(hashlib.sha256(repr(_trace('random', 5)).encode()).hexdigest())\n"
    )
    root = Path(__file__).parents[2]
    path = os.pathsep.join([str(root), *sys.path])

    def result(hash_seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed, "PYTHONPATH": path}
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=root, env=environment, capture_output=True, text=True, timeout=100
        )
        assert done.stderr == ""
        return done.stdout

    assert result("1") == result("2") != ""


def test_recording_changes_nothing() -> None:
    """A recorded run is the run."""
    for seed in range(5):
        plain = _runs(whole_programs.executor, "random", 3, seed=seed)
        recorded = _runs(whole_programs.executor, "random", 3, seed=seed, record=True)
        assert [run.choices for run in plain] == [run.choices for run in recorded]


def test_points_are_named_by_place() -> None:
    """What is done, on what, in which function of the user's; no line, so that edits elsewhere do not matter."""
    (run,) = _runs(whole_programs.counter, "go on", 1, record=True)
    places = {step.key[1] for step in run.steps or ()}
    assert "acquire Lock 1 at whole_programs.py:counter.<locals>.add" in places
    assert "start thread Thread-1 (add) at whole_programs.py:counter" in places
    assert {step.key[0] for step in run.steps or ()} == {"", "main", "Thread-1 (add)", "Thread-2 (add)"}


def test_random_is_seeded_and_given_back() -> None:
    """A program that draws numbers draws the same in each run; who runs it goes on where he was."""
    random.seed(5)
    expected = [random.random() for _ in range(2)]
    random.seed(5)
    first = random.random()
    runs = _runs(lambda: random.random(), "go on", 1) + _runs(lambda: random.random(), "go on", 1)
    assert runs[0].outcome == runs[1].outcome
    assert _runs(random.random, "go on", 1, seed=0)[0].outcome is not None
    assert [first, random.random()] == expected


def test_a_thread_that_has_ended_holds_nothing() -> None:
    """What its target held is freed when it ends, not when the run does."""

    class Held:
        pass

    def body() -> bool:
        held = Held()
        reference = weakref.ref(held)
        worker = threading.Thread(target=lambda held: None, args=(held,))
        del held
        worker.start()
        worker.join()
        known = weakref.ref(worker)
        del worker
        return reference() is None and known() is None

    assert {run.outcome for run in _runs(body, "random", 10)} == {("returned", True)}


def test_a_thread_begins_with_nothing_of_its_own() -> None:
    """What an earlier one of the run has stored is not there."""
    for run in _runs(whole_programs.locals_of_threads, "random", 10):
        assert run.outcome == ("returned", [False, False])


class _Initialised(threading.local):
    def __init__(self) -> None:
        self.marks: list[int] = []


def test_what_a_thread_keeps_does_not_reach_the_next_run() -> None:
    """A `threading.local` may outlive the run; subclasses are initialised in every thread."""
    plain, initialised = threading.local(), _Initialised()

    def body() -> list[object]:
        found: list[object] = []

        def work() -> None:
            found.extend((hasattr(plain, "mark"), list(initialised.marks)))
            plain.mark = 1
            initialised.marks.append(1)

        worker = threading.Thread(target=work)
        worker.start()
        worker.join()
        return found

    for run in _runs(body, "random", 10):
        assert run.outcome == ("returned", [False, []])


def _no_new_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> None:
        raise AssertionError("a new thread")

    monkeypatch.setattr(carriers, "Carrier", refuse)


def test_threads_are_used_again_in_spite_of_locals_that_nobody_touches(monkeypatch: pytest.MonkeyPatch) -> None:
    """Some module keeps one in nearly every process."""
    local = threading.local()
    local.kept = 1

    def body() -> None:
        worker = threading.Thread(target=lambda: None)
        worker.start()
        worker.join()

    _runs(body, "random", 2)
    _no_new_threads(monkeypatch)
    assert all(run.outcome == ("returned", None) for run in _runs(body, "random", 10))


@pytest.mark.skipif(
    WITHOUT_GIL,
    reason="biased reference counts: what a thread made and another one dropped is freed when the first one runs again",
)
def test_a_loop_in_a_thread_keeps_nothing_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """The policy is the run's own, and so is what it keeps for each thread."""

    async def nothing() -> None: ...

    def body() -> None:
        worker = threading.Thread(target=lambda: asyncio.run(nothing()))
        worker.start()
        worker.join()

    _runs(body, "random", 2)
    _no_new_threads(monkeypatch)
    assert all(run.outcome == ("returned", None) for run in _runs(body, "random", 10))


@pytest.mark.parametrize("body", [*CORRECT, *STUCK], ids=lambda body: body.__name__)
def test_who_is_blocked_in_absence_blocks_as_by_itself(
    body: Callable[[], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same choices are asked for, and the same comes of them, whether a thread that will find a lock taken is let
    go for that, or the thread that runs blocks it. A recorded run is one more way to the same."""

    def seen(**settings: Any) -> list[Any]:
        runs = [run for name in ("random", "pct3") for run in _runs(body, name, 12, **settings)]
        return [(run.choices, run.status, str(run.outcome), run.blocked, run.time) for run in runs]

    short = seen()
    assert seen(record=True) == short
    monkeypatch.setattr(WholeControl, "_is_vain", lambda control, actor: False)
    assert seen() == short


def test_a_taken_lock_costs_no_hand_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where somebody else is chosen who cannot have it."""
    handed: list[int] = []
    hand_over = WholeControl._hand_over
    monkeypatch.setattr(WholeControl, "_hand_over", lambda *actors: (handed.append(1), hand_over(*actors)))

    def body() -> None:
        lock = threading.Lock()

        def work() -> None:
            for _ in range(20):
                with lock:
                    pass

        workers = [threading.Thread(target=work) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()

    _runs(body, "random", 5)
    short = len(handed)
    monkeypatch.setattr(WholeControl, "_is_vain", lambda control, actor: False)
    _runs(body, "random", 5)
    assert short < (len(handed) - short) * 0.75


def test_types_that_belong_to_no_module_are_no_obstacle(monkeypatch: pytest.MonkeyPatch) -> None:
    """C code can make types without `__module__`, and `_testcapi` of 3.15 keeps one by name."""
    pytest.importorskip("_testcapi")
    monkeypatch.setitem(sys.modules, "tests.newly_loaded", sys)  # so that modules are searched again
    assert _runs(lambda: 1, "random", 1)[0].outcome == ("returned", 1)


def test_points_inside_code_go_with_it() -> None:
    """A lost update that no lock guards shows where there are points inside the code, and only there."""

    def body() -> int:
        count, seen = [0], list[int]()

        def add() -> None:
            for _ in range(3):
                before = count[0]
                seen.append(before)
                count[0] = before + 1

        workers = [threading.Thread(target=add) for _ in range(2)]
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
        return count[0]

    assert {run.outcome for run in _runs(body, "random", 20)} == {("returned", 6)}
    instrumentation = Instrumentation([whole_programs], model="free-threaded")
    instrumentation.instrument_code(body.__code__)
    with instrumentation:
        outcomes = {run.outcome for run in _runs(body, "random", 20, instrumentation=instrumentation)}
    assert ("returned", 6) in outcomes
    assert len(outcomes) > 1


# ---- what was there before is there again ---------------------------------------------------------------------------


def test_everything_is_given_back() -> None:
    """Names, locks, policies, hooks and threads are as before."""

    def snapshot() -> list[Any]:
        names = [vars(module).copy() for module in (threading, time, queue, asyncio.events, asyncio, signal)]
        for namespace in names:
            namespace.pop("_active", None)
            namespace.pop("_dangling", None)
        return [
            *names,
            whole_programs.LOCK,
            whole_programs.CONDITION.acquire,
            sys.unraisablehook,
            threading.excepthook,
            logging.getLogger("asyncio").__dict__.copy(),
            gc.isenabled(),
        ]

    _runs(whole_programs.older_locks, "random", 1)
    before = snapshot()
    _runs(whole_programs.older_locks, "random", 2)
    _runs(whole_programs.careless_bridge, "random", 4)
    assert snapshot() == before
    with whole_programs.LOCK:
        assert whole_programs.LOCK.locked()


def test_older_locks_are_found_where_the_function_keeps_them() -> None:
    """In its closure, its defaults, and the objects there; each is itself again afterwards."""

    class Service:
        def __init__(self) -> None:
            self.lock = threading.RLock()
            self.changed = threading.Condition(self.lock)
            self.channel: queue.SimpleQueue[int] = queue.SimpleQueue()
            self.ready = threading.Event()

    service, lock = Service(), threading.Lock()
    before = {**vars(service), "own": service.changed._lock}  # type: ignore[attr-defined]

    def body(gate: Any = threading.Semaphore(0)) -> int:  # noqa: B008
        def work() -> None:
            with lock, service.lock:
                time.sleep(1)
                service.changed.notify_all()
            gate.release()
            service.ready.set()
            service.channel.put(7)

        service.ready.clear()
        worker = threading.Thread(target=work)
        with service.changed:
            worker.start()
            service.changed.wait()
        with lock:
            gate.acquire()
        service.ready.wait()
        worker.join()
        return service.channel.get()

    for run in _runs(body, "random", 20):
        assert (run.status, run.outcome, run.external) == ("completed", ("returned", 7), [])
    assert {**vars(service), "own": service.changed._lock} == before  # type: ignore[attr-defined]
    assert not lock.locked()


def test_only_one_run_at_a_time() -> None:
    """A run inside a run is refused."""
    (run,) = _runs(lambda: run_controlled(int, Directed()), "go on", 1)
    assert run.outcome is not None
    assert isinstance(run.outcome[1], HarnessError)


def test_names_of_locks_stay_types() -> None:
    """`isinstance` and annotations with the replaced names work, as on the same interpreter without us."""

    def body() -> bool:
        lock = threading.Lock()
        if isinstance(threading.Lock, type):
            assert isinstance(lock, threading.Lock)
            assert threading.Lock | None
        assert isinstance(queue.SimpleQueue(), queue.SimpleQueue)
        return lock.acquire(timeout=1)

    assert _runs(body, "go on", 1)[0].outcome == ("returned", True)


def test_what_unwinding_leaves_is_never_heard_of(caplog: pytest.LogCaptureFixture) -> None:
    """Tasks that a stuck run left pending die silently, even when their run is kept for long."""
    runs = _runs(whole_programs.articles_bridge, "random", 5)
    del runs
    gc.collect()
    assert caplog.records == []


# ---- where the control has no say -----------------------------------------------------------------------------------


def test_a_thread_that_is_blocked_outside_lets_others_go_on() -> None:
    """It is named with file and line, and goes on when it comes back."""

    def body() -> list[str]:
        ours, theirs = socket.socketpair()
        got: list[str] = []
        with ours, theirs:
            reader = threading.Thread(target=lambda: got.append(str(ours.recv(1))), name="reader")
            reader.start()
            time.sleep(1)  # virtual: the reader is asked first
            theirs.sendall(b"x")
            reader.join()
        return got

    (run,) = _runs(body, "go on", 1)
    assert (run.status, run.outcome) == ("completed", ("returned", ["b'x'"]))
    assert [(outside.actor, outside.what) for outside in run.external] == [("reader", "blocked")]
    assert "test_whole_programs.py" in run.external[0].place


@pytest.mark.parametrize("on_main", [False, True])
def test_who_never_comes_back_is_left_behind(on_main: bool) -> None:
    """The run is stuck, and over; the next one is not disturbed. The main thread is called back by a signal."""
    ours, theirs = socket.socketpair()

    def body() -> None:
        if on_main:
            ours.recv(1)
        reader = threading.Thread(target=lambda: ours.recv(1), name="reader")
        reader.start()
        reader.join()

    with ours, theirs:
        run = run_controlled(body, Directed(), patience=0.3)
        assert run is not None
        assert run.status == "stuck"
        stuck = {who.actor: who for who in run.waiting}["main" if on_main else "reader"]
        assert stuck.resource.startswith("something outside of our control")
        assert "test_whole_programs.py" in stuck.place
        theirs.sendall(b"x")
    assert _runs(whole_programs.counter, "go on", 1)[0].outcome == ("returned", 10)


def test_a_loop_without_points_does_not_stop_the_others() -> None:
    """A thread that computes until another sets a flag is outside too."""

    def body() -> int:
        flag: list[int] = []

        def spin() -> None:
            while not flag:
                pass

        spinner = threading.Thread(target=spin, name="spinner")
        spinner.start()
        time.sleep(1)
        flag.append(1)
        spinner.join()
        return len(flag)

    (run,) = _runs(body, "go on", 1)
    assert (run.status, run.outcome) == ("completed", ("returned", 1))
    assert [(outside.actor, outside.what) for outside in run.external] == [("spinner", "computing")]


# ---- programs that misbehave ----------------------------------------------------------------------------------------


def test_a_thread_that_swallows_everything_is_left_behind() -> None:
    """`except BaseException` in an endless loop does not keep a run from ending."""

    def body() -> None:
        def work() -> None:
            while True:
                try:  # noqa: SIM105  # as people write it
                    threading.Event().wait()
                except BaseException:
                    pass

        threading.Thread(target=work).start()

    (run,) = _runs(body, "go on", 1)
    assert run.status == "stuck"
    assert _runs(whole_programs.counter, "go on", 1)[0].status == "completed"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_process_is_on_its_own() -> None:
    """A fork inside a run leaves the child with real threads and locks."""

    def body() -> int:
        lock = threading.Lock()
        child = os.fork()
        if not child:
            code = 1
            try:
                with lock:
                    thread = threading.Thread(target=int)
                    thread.start()
                    thread.join(60)
                    code = 3
            finally:
                os._exit(code)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])

    (run,) = _runs(body, "go on", 1)
    assert (run.status, run.outcome) == ("completed", ("returned", 3))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_policy_that_the_program_makes_makes_loops_of_the_run() -> None:
    """asyncio's own class of policies is the run's while it lasts; loops from before are refused by name."""
    policy = asyncio.DefaultEventLoopPolicy if sys.version_info < (3, 14) else None
    before = asyncio.new_event_loop()
    older = asyncio.sleep(0)

    def body() -> float:
        with pytest.raises(InputError, match="an event loop that was made before the run"):
            before.run_until_complete(older)
        loop = policy().new_event_loop() if policy is not None else asyncio.new_event_loop()
        try:
            loop.run_until_complete(asyncio.sleep(3600))
        finally:
            loop.close()
        return time.monotonic()

    (run,) = _runs(body, "go on", 1)
    assert run.outcome == ("returned", 3600.0)
    assert not before.is_running()
    for task in asyncio.all_tasks(before):
        task.cancel()
    before.run_until_complete(asyncio.sleep(0))
    before.close()
    if policy is not None:
        after = policy().new_event_loop()
        after.close()
        assert type(after) is type(before)


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_a_child_of_a_pools_thread_ends_well() -> None:
    """It joins no threads of the pool, which it does not have, and does not fail when its own thread ends."""

    def fork() -> int | None:
        process = multiprocessing.get_context("fork").Process(target=int)
        process.start()
        process.join()
        return process.exitcode

    def body() -> int | None:
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            return pool.submit(fork).result()

    (run,) = _runs(body, "go on", 1, patience=30)
    assert (run.status, run.outcome) == ("completed", ("returned", 0))


@pytest.mark.skipif("fork" not in multiprocessing.get_all_start_methods(), reason="there is no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_other_processes_are_really_waited_for() -> None:
    """`subprocess` and a process pool work, and what they wait for is no deadlock."""

    def body() -> tuple[bytes, int]:
        done = subprocess.run([sys.executable, "-S", "-c", "print(1)"], capture_output=True, check=True)
        context = multiprocessing.get_context("fork")
        with concurrent.futures.ProcessPoolExecutor(1, mp_context=context) as pool:
            return done.stdout.strip(), pool.submit(int, "3").result()

    (run,) = _runs(body, "go on", 1, patience=30)
    assert (run.status, run.outcome) == ("completed", ("returned", (b"1", 3)))


def test_exits_and_signals() -> None:
    """`sys.exit` is an outcome; handlers of signals are called, in the loop too."""

    def signals() -> list[str]:
        got: list[str] = []
        before = signal.signal(signal.SIGUSR1, lambda *_: got.append("handler"))
        try:
            os.kill(os.getpid(), signal.SIGUSR1)
            time.sleep(1)

            async def main() -> None:
                event = asyncio.Event()
                asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, event.set)
                os.kill(os.getpid(), signal.SIGUSR1)
                await event.wait()
                got.append("loop")

            asyncio.run(main())
        finally:
            signal.signal(signal.SIGUSR1, before)
        return got

    (run,) = _runs(lambda: sys.exit(3), "go on", 1)
    assert run.outcome is not None
    assert repr(run.outcome[1]) == "SystemExit(3)"
    assert _runs(signals, "go on", 1)[0].outcome == ("returned", ["handler", "loop"])


def test_timers_can_be_late_together() -> None:
    """A loop may come so late that two timers are due at once; without choices of timers it never does."""

    def body() -> list[str]:
        async def main() -> list[str]:
            loop, order = asyncio.get_running_loop(), []

            def first() -> None:
                order.append("first")
                loop.call_soon(order.append, "after the first")

            loop.call_later(1, first)
            loop.call_later(2, order.append, "second")
            await asyncio.sleep(3)
            return order

        return asyncio.run(main())

    usual, late = ["first", "after the first", "second"], ["first", "second", "after the first"]
    seen = {repr(run.outcome) for run in _runs(body, "random", 40)}
    assert seen == {repr(("returned", usual)), repr(("returned", late))}
    seen = {repr(run.outcome) for run in _runs(body, "random", 40, timers_are_choices=False)}
    assert seen == {repr(("returned", usual))}


def test_timers_with_the_same_delay_need_not_be_due_together() -> None:
    """Time goes on between two calls for the same delay; only where a program names the moment are timers due together.

    Found with a connection pool whose user may time out just after it was handed the connection: it was certified.
    """

    def body(moments: bool) -> list[str]:
        async def main() -> list[str]:
            loop, order = asyncio.get_running_loop(), []
            now = loop.time()

            async def waits() -> None:
                try:
                    async with asyncio.timeout_at(now + 1) if moments else asyncio.timeout(1):
                        await loop.create_future()
                except TimeoutError:
                    order.append("timed out")

            def first() -> None:
                order.append("first")
                loop.call_soon(order.append, "after the first")

            waiting = asyncio.create_task(waits())
            if moments:
                loop.call_at(now + 1, first)
                loop.call_at(now + 1, order.append, "second")
            else:
                loop.call_later(1, first)
                loop.call_later(1, order.append, "second")
            await waiting
            await asyncio.sleep(3)
            return order

        return asyncio.run(main())

    apart = ["first", "after the first", "second", "timed out"]
    together = ["first", "second", "after the first", "timed out"]
    seen = {repr(run.outcome) for run in _runs(lambda: body(False), "random", 60)}
    assert seen >= {repr(("returned", apart)), repr(("returned", together))}
    assert all("'returned'" in outcome for outcome in seen)
    seen = {repr(run.outcome) for run in _runs(lambda: body(True), "random", 60)}
    assert seen == {repr(("returned", together))}


def test_what_times_out_at_once_does_so_after_any_number_of_others() -> None:
    """A delay of 0 stays 0: `asyncio.timeout(0)` cancels at the first await that waits, as without control."""

    async def main() -> int:
        timed_out = 0
        for _ in range(3):
            try:
                async with asyncio.timeout(0):
                    await asyncio.sleep(0)
                    await asyncio.sleep(0)
            except TimeoutError:
                timed_out += 1
        return timed_out

    for run in _runs(lambda: asyncio.run(main()), "random", 20):
        assert run.outcome == ("returned", 3)


class _Nameless(type):
    """Its classes do not say where they were made, as some that are made in C."""

    def __getattribute__(cls, name: str) -> Any:
        if name == "__module__":
            raise AttributeError(name)
        return super().__getattribute__(name)


class _Descriptive(type):
    """The module of its classes is no text, as that of Cython's common types."""

    def __getattribute__(cls, name: str) -> Any:
        return property() if name == "__module__" else super().__getattribute__(name)


@pytest.mark.parametrize("meta", [_Nameless, _Descriptive])
def test_a_class_that_does_not_say_its_module_is_no_obstacle(monkeypatch: pytest.MonkeyPatch, meta: type) -> None:
    """`_testcapi` has such a class on 3.14, and any module may be loaded."""
    import types

    module = types.ModuleType("nameless")
    vars(module)["Nameless"] = meta("Nameless", (), {})
    vars(module)["instance"] = vars(module)["Nameless"]()
    monkeypatch.setitem(sys.modules, "nameless", module)
    run = run_controlled(lambda: 1, explorers.make("random", random.Random(0)))
    assert run is not None
    assert run.outcome == ("returned", 1)


def test_a_run_that_cannot_begin_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What fails while the process is looked through is raised, and the process is as before: the next run begins."""

    def failing(*_arguments: object, **_options: object) -> None:
        raise RuntimeError("looked at something foreign")

    sleep, collecting = time.sleep, gc.isenabled()
    with monkeypatch.context() as patch:
        patch.setattr("futurefuzz.control.session.OlderLocks", failing)
        with pytest.raises(RuntimeError, match="foreign"):
            run_controlled(lambda: 1, explorers.make("random", random.Random(0)))
    assert (time.sleep, gc.isenabled()) == (sleep, collecting)
    assert _runs(lambda: 1, "random", 1)[0].outcome == ("returned", 1)
