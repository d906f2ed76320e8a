"""Pooled threads: kept, reused, and known to threading."""

from __future__ import annotations

import os
import threading
from typing import Any

import pytest

from futurefuzz.control import carriers
from futurefuzz.control.gates import closed_gate
from tests.control.stage import Directed, Recorder, Wandering, play, spot


def test_threads_are_reused() -> None:
    """Run after run takes the same threads out of the pool and brings them back."""

    def body(control: Any) -> None:
        control.point(spot())

    play(Wandering(0), body, body, body)
    pool = carriers.pooled()
    threads = threading.active_count()
    for seed in range(200):
        play(Wandering(seed), body, body, body)
    assert carriers.pooled() == pool
    assert threading.active_count() == threads


def test_a_carrier_runs_one_job_after_another() -> None:
    """A job given while the thread is still on its way back to its gate waits there."""
    done: list[int] = []
    last = closed_gate()
    carrier = carriers.take()

    def job(number: int) -> None:
        done.append(number)
        if number < 5:
            carrier.give(lambda: job(number + 1))
        else:
            carrier.rest()
            last.release()

    carrier.give(lambda: job(0))
    last.acquire()
    assert done == [0, 1, 2, 3, 4, 5]


def test_a_carrier_that_keeps_something_ends() -> None:
    """What is left in a `threading.local` must not be found by another actor."""
    local = threading.local()
    carriers._idle.clear()
    carrier = carriers.take_clean()
    for value in (None, 1):
        over = closed_gate()

        def job(value: int | None = value, over: Any = over) -> None:
            if value is not None:
                local.value = value
            carrier.rest()
            over.release()

        carrier.give(job)
        over.acquire()
        assert carrier.is_clean() == (value is None)
        assert (carriers.take_clean() is carrier) == (value is None)


def test_a_local_that_is_gone_is_forgotten() -> None:
    """The thread that had something in it is as good as new."""
    carrier = carriers.Carrier()
    over = closed_gate()

    def job() -> None:
        local = threading.local()
        local.value = 1
        over.release()

    carrier.give(job)
    over.acquire()
    carrier.give(over.release)  # when it runs, the other is over
    over.acquire()
    assert carrier.is_clean()
    carrier.dismiss()


def test_threading_knows_a_carrier_before_its_first_run() -> None:
    """Asking who one is takes no virtual lock in any run, not even the first on a new thread."""
    carriers._idle.clear()
    made: list[int] = []

    def body(control: Any) -> None:
        assert threading.current_thread().name == "futurefuzz carrier"
        made.append(control.made)

    for _ in range(2):
        play(Directed(), lambda control: None, body)
    assert made == [0, 0]


def test_a_finished_job_is_let_go() -> None:
    """A parked thread keeps nothing of the run that it carried."""

    class Big:
        alive = 0

        def __init__(self) -> None:
            Big.alive += 1

        def __del__(self) -> None:
            Big.alive -= 1

    def run() -> None:
        big = Big()
        play(Wandering(0), lambda control: control.point(spot()), lambda control: str(big))

    for _ in range(5):
        run()
    # The last thread may still be on its way to its gate; the earlier ones certainly are there.
    assert Big.alive <= 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork on this platform")
@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")
def test_a_forked_child_starts_threads_of_its_own() -> None:
    """The parent's pooled threads do not exist in a child; it must not wait for them."""
    note = Recorder()
    play(Wandering(0), lambda control: None, lambda control: None)
    assert carriers.pooled()
    child = os.fork()
    if not child:
        try:
            play(Directed(), lambda control: control.point(spot()), lambda control: note("b"))
        finally:
            os._exit(0 if note == ["b"] else 1)
    assert os.waitpid(child, 0)[1] == 0
