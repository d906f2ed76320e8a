"""A process that works for us, as we see it: start it, ask it, hear it, notice that it hangs, end it.

It has its note (what it is doing, in shared memory) and talks on its standard input and output, which it moves away
from the code that it runs (`inside.separate_streams`); what that code writes comes by the standard error.
"""

from __future__ import annotations

import os
import selectors
import signal
import site
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from futurefuzz.campaign.note import Culprit, Note
from futurefuzz.campaign.protocol import ENDED_WELL, LineReader, request_bytes
from futurefuzz.errors import HarnessError

__all__ = ["PACKAGE", "Child", "Death", "Watch", "cores", "environment", "wait_for"]

#: where this package is
PACKAGE: Final = Path(__file__).resolve().parent.parent

_ERRORS_KEPT: Final = 16_384
#: seconds between SIGABRT (the process says where it is) and SIGKILL
_LAST_WORDS: Final = 1.5
#: variables that change how asyncio and warnings behave: a run must not depend on the caller's
_DROPPED: Final = ("PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONSTARTUP")


@frozen(kw_only=True)
class Death:
    """The end of a process, or of its child.

    Args:
        code: as `subprocess` gives it, negative for a signal.
        culprit: what it was doing.
        gone: the whole process ended, and must be started again; else another child has taken over.
    """

    code: int
    culprit: Culprit
    gone: bool

    @property
    def ended_well(self) -> bool:
        """Whether it was to come to its end after a run, and did."""
        return self.code == ENDED_WELL and self.culprit.phase == "shutdown"


def cores() -> list[int]:
    """The cores that this process may use; empty where nobody can say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


def environment() -> dict[str, str]:
    """The caller's, with the hash seed fixed and this package to be found where it is."""
    found = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    found["PYTHONHASHSEED"] = "0"
    root = str(PACKAGE.parent)
    installed = {*site.getsitepackages(), site.getusersitepackages()}
    if root not in installed:  # a checkout; a folder of installed packages must not come before the standard library
        before = found.get("PYTHONPATH")
        found["PYTHONPATH"] = root if not before else f"{root}{os.pathsep}{before}"
    return found


class Child:
    """A process of ours.

    Args:
        module: that it runs, with the arguments NOTE CORE FORK PARENT.
        core: which core it is pinned to; None for none.
        fork: it forks children that do the work; False: it does the work itself, as fresh as a process can be.
        variables: of its environment.

    Attributes:
        child: process number of whoever does the work.
        note: the memory shared with it.
        starts: how often it was started.
    """

    def __init__(self, module: str, *, core: int | None, fork: bool, variables: dict[str, str]) -> None:
        self.starts = 0
        self._module = module
        self._core = core
        self._fork = fork
        self._variables = variables
        self._errors = b""
        self._start()

    def _start(self) -> None:
        self.starts += 1
        self.note = Note()
        self._lines = LineReader()
        self._mute = False
        self._outbox = b""
        self._process = self._launch()
        self.child = self._process.pid

    def _launch(self) -> subprocess.Popen[bytes]:
        numbers = (self.note.descriptor, -1 if self._core is None else self._core, int(self._fork), os.getpid())
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", self._module, *map(str, numbers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=self._variables,
                pass_fds=[self.note.descriptor],
                start_new_session=True,  # Ctrl-C and hang-ups of the terminal are the supervisor's business
            )
        except OSError as error:
            self.note.close()
            raise HarnessError(f"cannot start a worker with {sys.executable}: {error.strerror or error}") from None
        for stream in (process.stdin, process.stdout, process.stderr):
            assert stream is not None
            os.set_blocking(stream.fileno(), False)
        return process

    @property
    def rubbish(self) -> int:
        """Lines from the worker that were no answers."""
        return self._lines.rubbish

    @property
    def errors(self) -> str:
        """The end of what the worker (and its target) wrote on its standard streams."""
        return self._errors.decode(errors="replace")

    def descriptors(self) -> list[int]:
        """What to wait for before `receive`."""
        streams = [self._process.stdout] if self._mute else [self._process.stdout, self._process.stderr]
        return [_descriptor(stream) for stream in streams]

    def write(self, message: dict[str, Any]) -> None:
        """Send a request. A worker that is gone is found out by `receive`."""
        self._outbox += request_bytes(message)
        self._flush()

    def _flush(self) -> None:
        with suppress(BrokenPipeError, BlockingIOError):
            while self._outbox:
                self._outbox = self._outbox[os.write(_descriptor(self._process.stdin), self._outbox) :]

    def receive(self) -> list[dict[str, Any] | Death]:
        """What it has said since the last time, and deaths, in their order. Never waits."""
        self._flush()
        self._listen_to_errors()
        data, open_still = _read(_descriptor(self._process.stdout))
        found: list[dict[str, Any] | Death] = []
        for message in self._lines.feed(data):
            if "hello" in message:
                self.child = int(message["hello"]["pid"])
            elif "died" in message:
                died = message["died"]
                self._listen_to_errors()
                found.append(Death(code=int(died["code"]), culprit=Culprit(**died["culprit"]), gone=False))
            elif not self._takes(message):
                found.append(message)
        if not open_still:
            found.append(self._gone())
        return found

    def _gone(self) -> Death:
        try:
            code = self._process.wait(5)
        except subprocess.TimeoutExpired:  # it has closed its pipe and lives on: nobody can ask it any more
            self._kill_group()
            code = self._process.wait()
        self._listen_to_errors()
        return Death(code=code, culprit=self.note.read(), gone=True)

    def _listen_to_errors(self) -> None:
        data, open_still = _read(_descriptor(self._process.stderr))
        self._mute = not open_still
        if data:
            self._errors = (self._errors + data)[-_ERRORS_KEPT:]

    def forget_errors(self) -> None:
        """What was written so far belongs to an earlier run."""
        self._listen_to_errors()
        self._errors = b""

    def _takes(self, _message: dict[str, Any]) -> bool:
        """Whether an answer is for us and not for whoever asks."""
        return False

    def restart(self) -> None:
        """Start another process in place of one that is gone."""
        self.close()
        self._start()

    def kill_child(self, number: int = signal.SIGKILL) -> None:
        """Send a signal to whoever does the work."""
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self.child, number)

    def is_suspended(self) -> bool:
        """Whether somebody has stopped (SIGSTOP, a debugger) whoever does the work; False where nobody can say."""
        try:
            state = Path(f"/proc/{self.child}/stat").read_text().rpartition(")")[2].split()[0]
        except (OSError, IndexError):
            return False
        return state in "Tt"

    def _kill_group(self) -> None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)

    def close(self) -> None:
        """End it at once."""
        if self._process.returncode is None:
            self._kill_group()
            self._process.wait()
        for stream in (self._process.stdin, self._process.stdout, self._process.stderr):
            if stream is not None:
                with suppress(OSError):
                    stream.close()
        if not self.note.memory.closed:
            self.note.close()

    def __enter__(self) -> Child:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def hear(self, seconds: float) -> list[dict[str, Any] | Death]:
        """What it says within so many seconds; returns with the first."""
        wait_for(self.descriptors(), seconds)
        return self.receive()

    def conversation(self, timeout: float, stop: Callable[[], bool]) -> Iterator[dict[str, Any] | Death]:
        """Answers as they come, and the end if it comes; ends after `timeout` seconds or when `stop` says so."""
        limit = time.monotonic() + timeout
        while (left := limit - time.monotonic()) > 0 and not stop():
            for item in self.hear(min(left, 0.1)):
                yield item
                if isinstance(item, Death) and item.gone:
                    return


class Watch:
    """Notices that a process does not move on; tells it to say where it is, and ends it when it does not end itself.

    Args:
        process: whose note says whether it lives.
        limit: seconds.
    """

    def __init__(self, process: Child, limit: float) -> None:
        self.aborted = False
        self._process = process
        self._limit = limit
        self._life = (0, 0)
        self._since = time.monotonic()

    def moved(self) -> None:
        """There has been a sign of life."""
        self._since = time.monotonic()

    def buried(self) -> bool:
        """The process, or its child, has died; whether that was because it hung."""
        hung, self.aborted = self.aborted, False
        self.moved()
        return hung

    def waited(self) -> float:
        """Seconds since the last sign."""
        return time.monotonic() - self._since

    def look(self, *, idle: bool = False) -> None:
        """To be called now and then; `idle`: there is nothing that it should do."""
        process = self._process
        life = (process.child, process.note.alive())
        if life != self._life or idle:
            self._life = life
            self.moved()
        elif not self.aborted:
            if self.waited() > self._limit:
                if not process.is_suspended():  # else somebody has stopped it, it does not hang
                    self.aborted = True
                    process.kill_child(signal.SIGABRT)
                self.moved()
        elif self.waited() > _LAST_WORDS:
            process.kill_child(signal.SIGKILL)


def _descriptor(stream: Any) -> int:
    return int(stream.fileno())


def _read(descriptor: int) -> tuple[bytes, bool]:
    """What is there, and whether there may be more."""
    data = b""
    while True:
        try:
            more = os.read(descriptor, 1 << 16)
        except BlockingIOError:
            return data, True
        if not more:
            return data, False
        data += more


def wait_for(descriptors: list[int], timeout: float) -> None:
    """Until one of them can be read, or so many seconds are over."""
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        selector.select(timeout)
