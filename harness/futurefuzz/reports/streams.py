"""The standard streams in whatever state the process got them: closed, unplugged, or on a disk that is full.

A descriptor that is closed would be given to the next file that is opened (a worker's pipe, its shared memory), and a
stream whose reader has gone (`| head`) would turn an exit code into another one. So the missing are put in place first,
and what cannot be written any more goes nowhere: the exit code is about what was found.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from contextlib import suppress
from typing import Any, Final, TextIO

__all__ = ["Streams"]

#: nobody is there to read it: a closed pipe, a terminal that was unplugged
_GONE: Final = (errno.EPIPE, errno.EIO, errno.EBADF)


class _Patient(io.RawIOBase):
    """A descriptor that takes whatever it is given; from the first failure on it goes nowhere."""

    def __init__(self, descriptor: int) -> None:
        super().__init__()
        self.error: OSError | None = None
        self._descriptor = descriptor

    def write(self, data: Any) -> int:
        if self.error is None:
            try:
                return os.write(self._descriptor, data)
            except BlockingIOError:
                raise
            except OSError as error:
                self.error = error
                self._to_nowhere()
        return len(data)

    def _to_nowhere(self) -> None:
        """Others write to this descriptor, too."""
        with suppress(OSError):
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._descriptor)
            os.close(nowhere)

    def fileno(self) -> int:
        return self._descriptor

    def isatty(self) -> bool:
        return self.error is None and os.isatty(self._descriptor)

    def writable(self) -> bool:
        return True


class Streams:
    """Takes over `sys.stdin`, `sys.stdout` and `sys.stderr` of this process.

    Attributes:
        missing: descriptors that were closed.
    """

    def __init__(self) -> None:
        self.missing = [number for number in range(3) if not _is_open(number)]
        for _ in self.missing:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest number that is free, so exactly the missing ones
        if sys.stdin is None:
            sys.stdin = os.fdopen(0, encoding="utf-8", closefd=False)
        self._output, sys.stdout = _patient(1, sys.stdout)
        self._errors, sys.stderr = _patient(2, sys.stderr)

    def unwritten(self) -> str | None:
        """Why a report that somebody waits for is not whole; None when it is, or nobody waits for it any more."""
        with suppress(OSError, ValueError):
            sys.stdout.flush()
        error = self._output.error
        return None if error is None or error.errno in _GONE else error.strerror or str(error)


def _is_open(number: int) -> bool:
    try:
        os.fstat(number)
    except OSError:
        return False
    return True


def _patient(number: int, before: TextIO | None) -> tuple[_Patient, TextIO]:
    raw = _Patient(number)
    stream = io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(before, "encoding", None) or "utf-8",
        errors=getattr(before, "errors", None) or "backslashreplace",
        line_buffering=getattr(before, "line_buffering", False),
        write_through=getattr(before, "write_through", False),
    )
    return raw, stream
