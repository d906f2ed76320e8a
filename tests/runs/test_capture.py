"""What is caught and kept off while a run lasts, and what goes on as always."""

from __future__ import annotations

import gc
import logging
import signal
import sys
import threading
import warnings
from contextlib import suppress
from typing import Any

import pytest

from futurefuzz.control import Control
from futurefuzz.control.takeover import controlled
from futurefuzz.runs.capture import captured, deferred_interrupt, undisturbed
from tests.control.stage import Directed

ASYNCIO = logging.getLogger("asyncio")


class Failing:
    def __del__(self) -> None:
        raise ZeroDivisionError("in a finaliser")


def test_log_records_and_unraisable_exceptions_of_a_run_are_caught(caplog: pytest.LogCaptureFixture) -> None:
    """They go to the run and nowhere else."""
    logs: list[str] = []
    unraisable: list[str] = []
    with (
        controlled(Control(Directed())),
        captured(lambda record: logs.append(record.getMessage()), lambda a: unraisable.append(repr(a.exc_value))),
    ):
        ASYNCIO.error("an %s", "error")
        ASYNCIO.warning("a warning")
        ASYNCIO.info("not this")
        logging.getLogger("concurrent.futures").critical("critical")
        Failing()
    assert logs == ["an error", "a warning", "critical"]
    assert unraisable == ["ZeroDivisionError('in a finaliser')"]
    assert caplog.records == []


def test_other_threads_log_as_always(caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of the process that is no part of the run keeps its log records and its unraisable exceptions."""
    logs: list[str] = []
    own: list[str] = []
    monkeypatch.setattr(sys, "unraisablehook", lambda arguments: own.append(repr(arguments.exc_value)))
    go, gone = threading.Event(), threading.Event()

    def foreigner() -> None:
        go.wait()
        ASYNCIO.error("mine")
        Failing()
        gone.set()

    thread = threading.Thread(target=foreigner)
    thread.start()
    with (
        captured(lambda record: logs.append(record.getMessage()), lambda a: logs.append("unraisable")),
        controlled(Control(Directed())),
    ):
        ASYNCIO.error("ours")
        go.set()
        thread.join()
    assert logs == ["ours"]
    assert [record.getMessage() for record in caplog.records] == ["mine"]
    assert own == ["ZeroDivisionError('in a finaliser')"]


def test_everything_is_given_back_after_an_error(caplog: pytest.LogCaptureFixture) -> None:
    """Loggers, hook, filters, collector and signal handler are as before."""
    before = (sys.unraisablehook, warnings.filters, gc.isenabled(), signal.getsignal(signal.SIGINT))
    with suppress(ZeroDivisionError), deferred_interrupt(), undisturbed(), captured(print, print):
        assert not gc.isenabled()
        raise ZeroDivisionError
    assert (sys.unraisablehook, warnings.filters, gc.isenabled(), signal.getsignal(signal.SIGINT)) == before
    assert not {"handle", "isEnabledFor"} & set(vars(ASYNCIO))
    ASYNCIO.error("heard")
    assert [record.getMessage() for record in caplog.records] == ["heard"]


def test_a_collector_that_was_off_stays_off() -> None:
    """Whoever has switched it off knows why."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        with undisturbed():
            pass
        assert not gc.isenabled()
    finally:
        if enabled:
            gc.enable()


def test_the_collector_of_a_run_finds_only_what_the_run_made() -> None:
    """Older garbage waits until after the run, and objects that somebody else has frozen stay frozen."""
    collected: list[str] = []

    class Noticed:
        def __init__(self, name: str) -> None:
            self.name = name
            self.me = self

        def __del__(self) -> None:
            collected.append(self.name)

    old = Noticed("old")
    gc.collect(1)
    with undisturbed(collects=True):
        del old
        Noticed("new")
        gc.collect()
        assert collected == ["new"]
    gc.collect()
    assert collected == ["new", "old"]
    gc.freeze()
    try:
        with undisturbed(collects=True):
            pass
        assert gc.get_freeze_count() > 0
    finally:
        gc.unfreeze()


def test_what_freezing_puts_out_of_the_collectors_sight_is_collected_now_and_then(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Unfrozen objects are old, but not counted as such: without a full collection their garbage would pile up."""
    from futurefuzz.runs import capture

    collected: list[str] = []

    class Circle:
        def __init__(self) -> None:
            self.me = self

        def __del__(self) -> None:
            collected.append("circle")

    monkeypatch.setattr(capture, "_thaws", 0)
    monkeypatch.setattr(capture, "_THAWS_BEFORE_COLLECTING", 3)
    circle: Any = Circle()
    for _ in range(3):
        with undisturbed(collects=True):
            circle = None
    assert circle is None
    assert collected == ["circle"]


def test_warnings_are_silent_and_come_back() -> None:
    """Inside nothing is shown or raised; outside the caller's filters hold again, and nothing was used up."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with undisturbed():
            warnings.warn("not here", RuntimeWarning, stacklevel=1)
        for _ in range(2):
            with pytest.raises(RuntimeWarning):
                warnings.warn("not here", RuntimeWarning, stacklevel=1)


def test_an_interrupt_handler_of_ones_own_is_left_alone() -> None:
    """Whoever has installed one takes care of Ctrl-C."""
    seen: list[int] = []

    def mine(number: int, frame: Any) -> None:
        seen.append(number)

    before = signal.signal(signal.SIGINT, mine)
    try:
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            assert seen == [signal.SIGINT]
    finally:
        signal.signal(signal.SIGINT, before)


def test_an_interrupt_waits_even_if_the_run_fails() -> None:
    """The interrupt is not lost behind an error; the error is its context."""

    def failing() -> None:
        with deferred_interrupt():
            signal.raise_signal(signal.SIGINT)
            raise ZeroDivisionError

    with pytest.raises(KeyboardInterrupt) as caught:
        failing()
    assert isinstance(caught.value.__context__, ZeroDivisionError)


def test_other_threads_need_no_handler() -> None:
    """Only the main thread can set signal handlers, and only it gets KeyboardInterrupt."""
    errors: list[BaseException] = []

    def elsewhere() -> None:
        try:
            with deferred_interrupt():
                pass
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert errors == []
