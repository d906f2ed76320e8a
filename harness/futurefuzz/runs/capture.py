"""Catches what would leave a run unseen: log records of the libraries, and exceptions that cannot be raised."""

from __future__ import annotations

import _signal  # type: ignore[import-not-found]
import gc
import logging
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

__all__ = ["captured", "deferred_interrupt", "quiet_collector"]

_LOGGERS: Final = tuple(logging.getLogger(name) for name in ("asyncio", "concurrent.futures"))


class _Tap(logging.Handler):
    """Passes records on. It takes no lock: a record's maker may be suspended in the middle of it."""

    def __init__(self, notice: Callable[[logging.LogRecord], None]) -> None:
        super().__init__()
        self.notice = notice

    def createLock(self) -> None:
        self.lock = None

    def handle(self, record: logging.LogRecord) -> bool:
        self.notice(record)
        return True


@contextmanager
def captured(on_log: Callable[[logging.LogRecord], None], on_unraisable: Callable[[Any], None]) -> Iterator[None]:
    """While in this context, log records and unraisable exceptions go to the two functions and nowhere else."""
    tap = _Tap(on_log)
    before = [(logger.handlers, logger.propagate, logger.level, logger.disabled) for logger in _LOGGERS]
    hook = sys.unraisablehook
    for logger in _LOGGERS:
        logger.handlers, logger.propagate, logger.level, logger.disabled = [tap], False, logging.WARNING, False
    sys.unraisablehook = on_unraisable
    try:
        yield
    finally:
        sys.unraisablehook = hook
        for logger, (handlers, propagate, level, disabled) in zip(_LOGGERS, before, strict=True):
            logger.handlers, logger.propagate, logger.level, logger.disabled = handlers, propagate, level, disabled


@contextmanager
def quiet_collector() -> Iterator[None]:
    """No automatic garbage collection: when it comes depends on what the process did before this run."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@contextmanager
def deferred_interrupt() -> Iterator[None]:
    """Ctrl-C waits until the run is over: in the middle of one it would look like an exception of the target."""
    # `_signal`, because `signal.getsignal` searches an enumeration first: ten times the price, once a run.
    if _signal.getsignal(_signal.SIGINT) is not _signal.default_int_handler or (
        threading.current_thread() is not threading.main_thread()
    ):
        yield
        return
    caught: list[int] = []
    signal.signal(signal.SIGINT, lambda number, _frame: caught.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if caught:
        raise KeyboardInterrupt
