"""What is replaced while a run lasts, for whom, and what is given back."""

from __future__ import annotations

import _thread
import queue
import threading
import time
from typing import Any

import pytest

from futurefuzz.control import Control, primitives
from futurefuzz.control.takeover import _places, controlled, current_control
from futurefuzz.errors import HarnessError
from tests.control.stage import Directed, Recorder, Wandering, play, spot


def test_everything_is_given_back() -> None:
    """After a run each replaced name is what it was before."""
    before = [getattr(module, name) for module, name, _ in _places]
    play(Directed(), lambda control: control.point(spot()))
    assert [getattr(module, name) for module, name, _ in _places] == before
    assert current_control() is None


def test_actors_get_virtual_primitives() -> None:
    """Locks, conditions, events and queues made inside a run are virtual on every actor's thread."""
    note = Recorder()

    def body(control: Control) -> None:
        assert isinstance(threading.Lock(), primitives.Lock)
        assert isinstance(threading.RLock(), primitives.RLock)
        assert isinstance(threading.Condition()._lock, primitives.RLock)  # type: ignore[attr-defined]
        assert isinstance(threading.Event()._cond._lock, primitives.Lock)  # type: ignore[attr-defined]
        assert isinstance(queue.Queue().mutex, primitives.Lock)
        assert type(queue.SimpleQueue()).__name__ == "_PySimpleQueue"
        assert current_control() is control
        note("seen")

    play(Directed(), body, body)
    assert note == ["seen", "seen"]


def test_other_threads_of_the_process_keep_the_real_ones() -> None:
    """A test runner's thread that makes locks, sleeps and waits while a run goes on is not touched by it."""
    found: dict[str, Any] = {}
    start, stop = _thread.allocate_lock(), _thread.allocate_lock()
    start.acquire()
    stop.acquire()

    def foreigner() -> None:
        start.acquire()
        try:
            before = time.monotonic()
            found["lock"] = type(threading.Lock())
            found["rlock"] = type(threading.RLock())
            found["queue"] = type(queue.SimpleQueue())
            found["waited"] = threading.Event().wait(0.001)
            time.sleep(0.001)
            helper = threading.Thread(target=lambda: found.setdefault("thread", "ran"))
            helper.start()
            helper.join()
            found["clock"] = time.monotonic() > before
            found["control"] = current_control()
        finally:
            stop.release()

    thread = threading.Thread(target=foreigner)
    thread.start()

    def body(control: Control) -> None:
        control.point(spot())
        start.release()
        stop.acquire()  # a real lock: the run stands still while the foreigner works

    control = play(Directed(), body)
    thread.join()
    assert control.time == 0.0
    assert found == {
        "lock": _thread.LockType,
        "rlock": _thread.RLock,
        "queue": queue.SimpleQueue,
        "waited": False,
        "thread": "ran",
        "clock": True,
        "control": None,
    }


def test_sleep_takes_virtual_time() -> None:
    """Sleepers wake in virtual time; the clock that the code reads agrees."""
    note = Recorder()

    def sleeper(control: Control) -> None:
        before = time.monotonic()
        time.sleep(7200)
        note(time.monotonic() - before)

    control = play(Directed(), sleeper, sleeper)
    assert note == [7200.0, 7200.0]
    assert control.time == 7200.0


@pytest.mark.parametrize("seconds", [-1, float("nan"), "1", None])
def test_sleep_refuses_what_the_real_one_refuses(seconds: Any) -> None:
    """A wrong argument is the caller's exception, and the run goes on."""
    note = Recorder()

    def body(control: Control) -> None:
        with pytest.raises((ValueError, TypeError)) as caught:
            time.sleep(seconds)
        note(caught.type)
        control.point(spot())

    with pytest.raises((ValueError, TypeError)) as real:
        time.sleep(seconds)
    assert play(Wandering(1), body, body).status == "completed"
    assert note == [real.type] * 2


def test_sleep_during_set_up_moves_the_clock() -> None:
    """Before the actors run nobody has to wait for a sleeper."""
    assert play(Directed(), lambda control: None, prepare=lambda control: time.sleep(3)).time == 3.0


@pytest.mark.parametrize(
    "start", [lambda: threading.Thread(target=print).start(), lambda: _thread.start_new_thread(print, ())]
)
def test_threads_that_the_code_starts_are_refused(start: Any) -> None:
    """A thread that would run outside of the control makes a clear error instead of a hang."""
    with pytest.raises(HarnessError, match="starts a thread of its own"):
        play(Directed(), lambda control: start(), lambda control: control.point(spot()))
    assert play(Directed(), lambda control: None).status == "completed"


def test_threads_can_be_started_after_a_run() -> None:
    """The refusal ends with the run."""
    play(Directed(), lambda control: None)
    note = Recorder()
    thread = threading.Thread(target=lambda: note("ran"))
    thread.start()
    thread.join()
    assert note == ["ran"]


def test_a_second_run_in_the_process_is_refused_without_harm() -> None:
    """Another thread that starts a run meanwhile gets an error; the first run stays under control."""
    refused: list[BaseException] = []

    def intruder() -> None:
        try:
            play(Directed(), lambda control: None)
        except HarnessError as error:
            refused.append(error)

    thread = threading.Thread(target=intruder)
    first = Control(Directed())
    with controlled(first):
        _thread_start(thread)
        assert isinstance(threading.Lock(), primitives.Lock)
        assert current_control() is first
    assert [str(error) for error in refused] == [
        "a controlled run is already going on in this process; runs cannot be nested"
    ]


def _thread_start(thread: threading.Thread) -> None:
    """Start and await a thread from inside a controlled context, by the real means."""
    done = _thread.allocate_lock()
    done.acquire()

    def run() -> None:
        try:
            thread.run()
        finally:
            done.release()

    from futurefuzz.control import carriers

    carriers._start_new_thread(run, ())
    done.acquire()
