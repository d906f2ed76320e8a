"""Keeps what a whole program says besides what it returns: threads that died, logs, warnings, unraisables."""

from __future__ import annotations

import logging
import sys
import threading
import warnings
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Final

from futurefuzz.control.actors import Abort
from futurefuzz.control.threads import present
from futurefuzz.control.whole import WholeControl

__all__ = ["Attending", "Failure", "Log", "Unraisable", "Warned"]

_LOGGERS: Final = tuple(logging.getLogger(name) for name in ("asyncio", "concurrent.futures"))


@dataclass(frozen=True, kw_only=True)
class Failure:
    """A thread that died of an exception."""

    actor: str
    error: BaseException


@dataclass(frozen=True, kw_only=True)
class Log:
    """A record of asyncio's or concurrent.futures' logger, at the level of a warning or above."""

    actor: str
    logger: str
    level: str
    message: str
    error: BaseException | None


@dataclass(frozen=True, kw_only=True)
class Warned:
    """A warning that was shown."""

    actor: str
    category: type[Warning]
    message: str
    place: str


@dataclass(frozen=True, kw_only=True)
class Unraisable:
    """An exception that could not be raised."""

    actor: str
    error: BaseException | None
    message: str
    where: str


class Attending:
    """While in this context, what the run says is kept in the four lists, in order.

    Log records go on to handlers where the program, or who runs it, has installed any; nothing is printed, unless the
    program has put something of its own in the place of `sys.stderr`.
    """

    def __init__(self, control: WholeControl) -> None:
        self._control = control
        self.failures: list[Failure] = []
        self.logs: list[Log] = []
        self.warnings: list[Warned] = []
        self.unraisables: list[Unraisable] = []

    def _who(self) -> str | None:
        """The actor that speaks; None when it is not the run, or the run is being unwound."""
        control = self._control
        if present() is not control or control.aborting:
            return None
        current = control.current
        return control.names[current] if 0 <= current < len(control.names) else "main"

    def _is_listened_to(self) -> bool:
        """Whether the program itself looks at what is printed."""
        return sys.stderr is not self._stderr

    def __enter__(self) -> Attending:
        self._stderr = sys.stderr
        self._excepthook = threading.excepthook
        self._unraisablehook = sys.unraisablehook
        self._showwarning = warnings.showwarning
        self._filters = warnings.filters
        threading.excepthook = self._died
        sys.unraisablehook = self._unraisable
        warnings.showwarning = self._warned
        # Whether a warning is shown must not depend on what was shown in an earlier run.
        warnings.filters = [
            ("always", *entry[1:]) if entry[0] in ("default", "once", "module") else entry for entry in warnings.filters
        ]
        for logger in _LOGGERS:
            vars(logger)["handle"] = self._handling(logger)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        threading.excepthook = self._excepthook
        sys.unraisablehook = self._unraisablehook
        warnings.showwarning = self._showwarning
        warnings.filters = self._filters
        for logger in _LOGGERS:
            vars(logger).pop("handle", None)

    def _handling(self, logger: logging.Logger) -> Any:
        def handle(record: logging.LogRecord) -> None:
            if present() is not self._control:
                logging.Logger.handle(logger, record)
                return
            who = self._who()
            if who is None:
                return
            if record.levelno >= logging.WARNING:
                self._keep(who, record)
            if logger.hasHandlers() or self._is_listened_to():
                logging.Logger.handle(logger, record)

        return handle

    def _keep(self, who: str, record: logging.LogRecord) -> None:
        try:
            message = record.getMessage()
        except Exception:
            message = str(record.msg)
        error = record.exc_info[1] if record.exc_info else None
        self.logs.append(Log(actor=who, logger=record.name, level=record.levelname, message=message, error=error))

    def _died(self, arguments: Any) -> None:
        error = arguments.exc_value
        if present() is not self._control:
            self._excepthook(arguments)
        elif not isinstance(error, (Abort, SystemExit)):
            self.died(error)
            if self._is_listened_to():
                self._excepthook(arguments)

    def died(self, error: BaseException) -> None:
        """A thread let an exception out."""
        who = self._who()
        if who is not None:
            self.failures.append(Failure(actor=who, error=error))

    def _unraisable(self, arguments: Any) -> None:
        if present() is not self._control:
            self._unraisablehook(arguments)
            return
        who = self._who()
        error = arguments.exc_value
        if who is None or isinstance(error, Abort):
            return
        where = getattr(arguments.object, "__qualname__", type(arguments.object).__name__)
        message = arguments.err_msg or "Exception ignored in"
        self.unraisables.append(Unraisable(actor=who, error=error, message=message, where=where))

    def _warned(
        self, message: Any, category: type[Warning], filename: str, lineno: int, file: Any = None, line: Any = None
    ) -> None:
        if present() is not self._control:
            self._showwarning(message, category, filename, lineno, file, line)
            return
        who = self._who()
        if who is not None:
            self.warnings.append(
                Warned(actor=who, category=category, message=str(message), place=f"{filename}:{lineno}")
            )
