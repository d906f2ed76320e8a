"""A worker process as its supervisor sees it: start it, ask it, hear it, end it."""

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

from attrs import Factory, frozen

from futurefuzz.campaign.note import Culprit, Note
from futurefuzz.campaign.protocol import LineReader, Setup, request_bytes
from futurefuzz.errors import HarnessError, InputError

__all__ = ["START_LIMIT", "Death", "Ready", "Stopped", "Worker", "cores"]

#: seconds that a worker may take to import what it needs
START_LIMIT: Final = 120.0
_ERRORS_KEPT: Final = 16_384
_PACKAGE: Final = Path(__file__).resolve().parent.parent
#: variables that change how asyncio and warnings behave: a run must not depend on the caller's
_DROPPED: Final = ("PYTHONASYNCIODEBUG", "PYTHONDEVMODE", "PYTHONWARNINGS", "PYTHONINSPECT", "PYTHONSTARTUP")


@frozen(kw_only=True)
class Ready:
    """What a worker has loaded: (scenario, target, weight) for each pair, and the contract of each target.

    Args:
        pairs, contracts: so.
        targets: target -> what it is (`worker._about`).
        legal: scenarios whose programs stay within the contract.
    """

    pairs: tuple[tuple[str, str, float], ...]
    contracts: dict[str, str]
    targets: dict[str, dict[str, Any]] = Factory(dict)
    legal: frozenset[str] = frozenset()


@frozen(kw_only=True)
class Death:
    """The end of a worker, or of its child.

    Args:
        code: as `subprocess` gives it, negative for a signal.
        culprit: what it was doing.
        gone: the whole worker ended, and must be started again; else another child has taken over.
    """

    code: int
    culprit: Culprit
    gone: bool


def cores() -> list[int]:
    """The cores that this process may use; empty where nobody can say."""
    return sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else []


class Stopped(Exception):
    """Whoever asked wants no answer any more."""


class Worker:
    """A worker process.

    Args:
        setup: what it loads.
        core: which core it is pinned to; None for none.
        fork: it forks children that do the work; False: it does the work itself, as fresh as a process can be.

    Attributes:
        child: process number of whoever does the work.
        note: the memory shared with it.
        ready: what it loaded.
        starts: how often it was started.
    """

    def __init__(self, setup: Setup, *, core: int | None = None, fork: bool = True) -> None:
        self.setup = setup
        self.child = 0
        self.starts = 1
        self.ready: Ready | None = None
        self.note = Note()
        self._core = core
        self._fork = fork
        self._lines = LineReader()
        self._errors = b""
        self._mute = False
        self._outbox = b""
        self._process = self._launch()
        self.child = self._process.pid
        self.write(setup.to_json())

    def _launch(self) -> subprocess.Popen[bytes]:
        module = "futurefuzz.campaign.worker"
        numbers = (self.note.descriptor, -1 if self._core is None else self._core, int(self._fork), os.getpid())
        try:
            process = subprocess.Popen(
                [sys.executable, "-P", "-m", module, *map(str, numbers)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                env=_environment(),
                pass_fds=[self.note.descriptor],
                start_new_session=True,  # Ctrl-C and hang-ups of the terminal are the supervisor's business
            )
        except OSError as error:
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
            elif not self._take_start(message):
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

    def restart(self) -> None:
        """Start another process in place of one that is gone."""
        self.close()
        self.starts += 1
        self.note = Note()
        self._lines = LineReader()
        self._mute = False
        self._outbox = b""
        self.ready = None
        self._process = self._launch()
        self.child = self._process.pid
        self.write(self.setup.to_json())

    def await_ready(self, stop: Callable[[], bool] = lambda: False) -> Ready:
        """Wait until everything is loaded.

        Args:
            stop: asked now and then; True gives up.

        Raises:
            InputError: a target or scenario cannot be loaded.
            HarnessError: the worker did not start.
            Stopped: `stop` said so.
        """
        if (ready := self._loaded()) is not None:
            return ready
        limit = time.monotonic() + START_LIMIT
        while time.monotonic() < limit:
            if stop():
                raise Stopped
            _wait(self.descriptors(), 0.1)
            deaths = [item for item in self.receive() if isinstance(item, Death)]
            if (ready := self._loaded()) is not None:
                return ready
            if deaths:
                raise HarnessError(self.why_not_started(deaths[0].code))
        self.close()
        raise HarnessError(f"a worker was not ready after {START_LIMIT:.0f} s{_quoted(self.errors)}")

    def _loaded(self) -> Ready | None:
        return self.ready

    def _take_start(self, answer: dict[str, Any]) -> bool:
        """Take an answer that belongs to the start; False when it is another one.

        Raises:
            InputError, HarnessError: as in `await_ready`.
        """
        if "ready" in answer:
            said = answer["ready"]
            if Path(said["package"]) != _PACKAGE:
                raise HarnessError(f"the worker runs futurefuzz from {said['package']}, not from {_PACKAGE}")
            self.ready = Ready(
                pairs=tuple((scenario, target, weight) for scenario, target, weight in said["pairs"]),
                contracts=dict(said["contracts"]),
                targets=dict(said["targets"]),
                legal=frozenset(said["legal"]),
            )
            return True
        if "refused" in answer:
            refused = answer["refused"]
            if refused["kind"] == "input":
                raise InputError(refused["text"])
            raise HarnessError(f"a worker cannot start: {refused['text']}")
        return False

    def why_not_started(self, code: int) -> str:
        """One line for a worker that ended before it was ready."""
        how = f"signal {-code}" if code < 0 else f"exit code {code}"
        return f"a worker ended with {how} before it was ready{_quoted(self.errors)}"

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

    def __enter__(self) -> Worker:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()

    def conversation(self, timeout: float, stop: Callable[[], bool]) -> Iterator[dict[str, Any] | Death]:
        """Answers as they come, and the end if it comes; ends after `timeout` seconds or when `stop` says so."""
        limit = time.monotonic() + timeout
        while (left := limit - time.monotonic()) > 0 and not stop():
            _wait(self.descriptors(), min(left, 0.1))
            for item in self.receive():
                yield item
                if isinstance(item, Death) and item.gone:
                    return


def _environment() -> dict[str, str]:
    """The caller's, with the hash seed fixed and this package to be found where it is."""
    environment = {name: value for name, value in os.environ.items() if name not in _DROPPED}
    environment["PYTHONHASHSEED"] = "0"
    # CPython's debug allocator overwrites freed memory and guards the ends of each block, so that a use after free dies
    # on the spot, here and in every replay, instead of reading what happens to be left there. It costs a few percent.
    environment.setdefault("PYTHONMALLOC", "debug")
    root = str(_PACKAGE.parent)
    installed = {*site.getsitepackages(), site.getusersitepackages()}
    if root not in installed:  # a checkout; a folder of installed packages must not come before the standard library
        before = environment.get("PYTHONPATH")
        environment["PYTHONPATH"] = root if not before else f"{root}{os.pathsep}{before}"
    return environment


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


def _wait(descriptors: list[int], timeout: float) -> None:
    with selectors.DefaultSelector() as selector:
        for descriptor in descriptors:
            selector.register(descriptor, selectors.EVENT_READ)
        selector.select(timeout)


def _quoted(errors: str) -> str:
    lines = [line.strip() for line in errors.splitlines() if line.strip()]
    return f"; it said: {' | '.join(lines[-3:])}" if lines else ""
