"""Keeps a run and the process around it apart: what would leave a run unseen is caught, what would disturb it waits.

These are classes, not generators under `contextmanager`: entered once a run each, they are a tenth of its price then.
"""

from __future__ import annotations

# `_signal` without the enumerations of `signal`: searching these for a function costs ten times the call.
import _signal  # type: ignore[import-not-found]
import gc
import logging
import sys
import threading
import warnings
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Final

from futurefuzz.control.takeover import current_control
from futurefuzz.runs.freezing import may_freeze

__all__ = ["captured", "deferred_interrupt", "divert", "undisturbed"]

_LOGGERS: Final = tuple(logging.getLogger(name) for name in ("asyncio", "concurrent.futures"))

#: as `warnings.simplefilter("ignore")` would make it
_NO_WARNINGS: Final = [("ignore", None, Warning, None, 0)]


_THAWS_BEFORE_COLLECTING: Final = 1000
_thaws = 0

#: who wants the log records of the run that is going on
_on_log: Callable[[logging.LogRecord], None] = lambda record: None  # noqa: E731


def _diverted(logger: logging.Logger) -> dict[str, Any]:
    """What stands in the logger's own namespace while a run lasts. No handler is involved, for a handler has a lock,
    and a record's maker may be suspended in the middle."""

    def is_enabled_for(level: int) -> bool:
        if current_control() is None:
            return logging.Logger.isEnabledFor(logger, level)
        return level >= logging.WARNING

    def handle(record: logging.LogRecord) -> None:
        if current_control() is None:
            logging.Logger.handle(logger, record)
        else:
            _on_log(record)

    return {"isEnabledFor": is_enabled_for, "handle": handle}


_DIVERSIONS: Final = [(vars(logger), _diverted(logger)) for logger in _LOGGERS]


def divert(name: str) -> None:
    """From the next run on, another library's log records are events of the run too.

    Without, its handlers would print what a run makes it say, holding a real lock while other actors go on.

    Args:
        name: of the logger; asked for by the adapter of that library.
    """
    logger = logging.getLogger(name)
    if all(namespace is not vars(logger) for namespace, _ in _DIVERSIONS):
        _DIVERSIONS.append((vars(logger), _diverted(logger)))


class captured:
    """While in this context, log records and unraisable exceptions of the run go to the two functions and nowhere else.

    Those of other threads of the process go where they always go. The loggers' own levels, filters and handlers, which
    a test runner may have changed, make no difference to a run.
    """

    __slots__ = ("_before", "_hook", "_on_log", "_on_unraisable")

    def __init__(self, on_log: Callable[[logging.LogRecord], None], on_unraisable: Callable[[Any], None]) -> None:
        self._on_log = on_log
        self._on_unraisable = on_unraisable

    def __enter__(self) -> None:
        global _on_log
        self._hook = sys.unraisablehook
        sys.unraisablehook = self._unraisable
        self._before, _on_log = _on_log, self._on_log
        for namespace, diversion in _DIVERSIONS:
            namespace.update(diversion)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        global _on_log
        sys.unraisablehook = self._hook
        _on_log = self._before
        for namespace, _ in _DIVERSIONS:
            del namespace["isEnabledFor"], namespace["handle"]

    def _unraisable(self, arguments: Any) -> None:
        if current_control() is None:
            self._hook(arguments)
        else:
            self._on_unraisable(arguments)


class undisturbed:
    """While in this context, what a run does depends neither on what the process did before nor on its settings.

    No automatic garbage collection (when it comes depends on earlier allocations), and no warnings (whether one is
    shown, raised or left out depends on filters and on what was shown before).

    Args:
        collects: the run calls the collector itself. It shall find what the run has made and nothing else, which also
            takes a microsecond instead of the ten milliseconds that a hundred thousand older objects take.
    """

    __slots__ = ("_collecting", "_collects", "_filters")

    def __init__(self, *, collects: bool = False) -> None:
        self._collects = collects

    def __enter__(self) -> None:
        self._collecting = gc.isenabled()
        gc.disable()
        if self._collects:
            # Who has frozen objects of his own shall keep them so.
            self._collects = may_freeze()
            if self._collects:
                gc.collect(1)  # young garbage would not be found again for long
                gc.freeze()
        self._filters = warnings.filters
        warnings.filters = _NO_WARNINGS

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        warnings.filters = self._filters
        if self._collects:
            self._unfreeze()
        if self._collecting:
            gc.enable()


    @staticmethod
    def _unfreeze() -> None:
        global _thaws
        gc.unfreeze()
        # All is in the oldest generation now, and not counted there: the collector would not come to it for very long.
        _thaws += 1
        if _thaws % _THAWS_BEFORE_COLLECTING == 0:
            gc.collect()


class deferred_interrupt:
    """Ctrl-C waits until the run is over: in the middle of one it would look like an exception of the target.

    The second one does not wait: the run may hang. Only Python's own handler of Ctrl-C is put off; whoever has
    installed another one takes care.
    """

    __slots__ = ("_active", "_caught")

    def __enter__(self) -> None:
        self._caught = 0
        self._active = (
            _signal.getsignal(_signal.SIGINT) is _signal.default_int_handler
            and threading.current_thread() is threading.main_thread()
        )
        if self._active:
            _signal.signal(_signal.SIGINT, self._note)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._active:
            _signal.signal(_signal.SIGINT, _signal.default_int_handler)
            if self._caught:
                raise KeyboardInterrupt

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._caught += 1
        if self._caught > 1:
            raise KeyboardInterrupt
