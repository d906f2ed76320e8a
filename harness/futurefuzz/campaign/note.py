"""The note that a worker leaves in shared memory, so that a run that kills the worker is known exactly.

A page shared with the supervisor survives whatever happens to the worker: a segmentation fault, `os._exit`, `kill -9`,
the out-of-memory killer. Before each run the worker notes unit, run and program; while it runs every choice and every
beginning and end of an operation is a few bytes more. Rejected: a pipe or a log file (a system call per choice:
slower than the run itself), and reading the dead worker's core (needs a debugger).

The memory is an anonymous file (`memfd` where there is one, else an unlinked temporary file with its space reserved),
so that nothing is left behind when everybody is killed, and a full disk cannot turn a store into SIGBUS.
"""

from __future__ import annotations

import mmap
import os
import struct
import tempfile
from collections.abc import Sequence
from typing import Any, Final

from attrs import frozen

from futurefuzz.errors import InputError
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.runs.history import Event

__all__ = ["PHASES", "Culprit", "Note", "NotedChoices", "NotedHistory", "hook_of"]

#: what the worker was doing
PHASES: Final = ("idle", "generating", "running", "judging", "collecting", "ended", "renew", "again", "shutdown")

_HEADER: Final = struct.Struct("<QQIII")  # unit + 1, counter of runs, run within the unit, phase, length of the program
_CHOICES_AT: Final = 64
_CHOICES_SIZE: Final = 1 << 16
_EVENTS_AT: Final = _CHOICES_AT + _CHOICES_SIZE
_EVENTS_SIZE: Final = 1 << 16
_PROGRAM_AT: Final = _EVENTS_AT + _EVENTS_SIZE
_PROGRAM_SIZE: Final = 1 << 20
_ANSWER_AT: Final = _PROGRAM_AT + _PROGRAM_SIZE
_ANSWER_SIZE: Final = 1 << 20
_SIZE: Final = _ANSWER_AT + _ANSWER_SIZE

_NAMES: Final = tuple(OPERATIONS)
#: a choice is its actor's number + 1 with a zero behind it, so that the zero always marks the end
_CHOICE_BYTES: Final = [bytes((actor + 1, 0)) for actor in range(254)]
#: an event is (1 call | 2 return, carrier + 1, number of the operation + 1, number of the hook that performs it + 1 or
#: 0) with a zero behind it
_EVENT: Final = 4
_EVENT_BYTES: Final = {
    (kind, carrier, name): bytes((1 + (kind == "return"), carrier + 1, _NAMES.index(name) + 1, 0, 0))
    for kind in ("call", "return")
    for carrier in range(32)
    for name in _NAMES
}


@frozen(kw_only=True)
class Culprit:
    """What the note says about the run that was in progress.

    Args:
        unit: number of the unit, None when none was begun.
        runs: runs begun over the worker's life.
        run: which run of the unit, from 0.
        phase: one of `PHASES`.
        program: the program's JSON text, empty when it was not generated yet.
        choices: made so far.
        operation: name of the operation that was most likely in progress, None when none was; `shutdown` for the end of
            the interpreter.
        hook: which hook of the program performs that operation; where there is none, which one was the last to act.
        answer: what the worker had to say before its interpreter was finalised, JSON text.
    """

    unit: int | None
    runs: int
    run: int
    phase: str
    program: str
    choices: list[int]
    operation: str | None
    hook: int | None = None
    answer: str = ""


class Note:
    """The shared memory, seen from either side.

    Args:
        descriptor: of the file, as inherited by a worker; None makes a new one (`descriptor` then names it).
    """

    def __init__(self, descriptor: int | None = None) -> None:
        self.descriptor = _anonymous_file() if descriptor is None else descriptor
        self.memory = mmap.mmap(self.descriptor, _SIZE)
        self._runs = 0

    def close(self) -> None:
        """Let go of the memory."""
        self.memory.close()
        os.close(self.descriptor)

    # the worker's side

    def unit(self, number: int) -> None:
        """A unit begins; there is no program yet."""
        self.memory[_CHOICES_AT : _CHOICES_AT + 1] = b"\0"
        self.memory[_EVENTS_AT : _EVENTS_AT + 1] = b"\0"
        self._runs += 1  # also a sign of life: generating is not part of the run before
        _HEADER.pack_into(self.memory, 0, number + 1, self._runs, 0, PHASES.index("generating"), 0)

    def program(self, text: str) -> None:
        """The unit's program, once per unit."""
        data = text.encode()[:_PROGRAM_SIZE]
        self.memory[_PROGRAM_AT : _PROGRAM_AT + len(data)] = data
        struct.pack_into("<I", self.memory, 24, len(data))

    def run(self, nth: int) -> None:
        """A run begins."""
        self.memory[_CHOICES_AT : _CHOICES_AT + 1] = b"\0"
        self.memory[_EVENTS_AT : _EVENTS_AT + 1] = b"\0"
        self._runs += 1
        struct.pack_into("<QII", self.memory, 8, self._runs, nth, 2)

    def phase(self, phase: str) -> None:
        """The worker now does this."""
        struct.pack_into("<I", self.memory, 20, PHASES.index(phase))

    def answer(self, text: str) -> None:
        """What is to be said of the run when this process has come to its end, which begins now."""
        data = text.encode()
        if len(data) > _ANSWER_SIZE - 8:
            raise ValueError(f"an answer of {len(data)} bytes has no room in the note")
        struct.pack_into("<Q", self.memory, _ANSWER_AT, len(data))
        self.memory[_ANSWER_AT + 8 : _ANSWER_AT + 8 + len(data)] = data
        self._runs += 1  # a sign of life: the end is not part of the run
        struct.pack_into("<Q", self.memory, 8, self._runs)
        self.phase("shutdown")

    # the supervisor's side

    def alive(self) -> int:
        """A number that grows with each run; when it stands still the run hangs."""
        return int(struct.unpack_from("<Q", self.memory, 8)[0])

    def read(self) -> Culprit:
        """What was in progress."""
        unit, runs, run, phase, length = _HEADER.unpack_from(self.memory, 0)
        choices = [byte - 1 for byte in _until_zero(self.memory, _CHOICES_AT, _CHOICES_SIZE, 1)]
        events = _until_zero(self.memory, _EVENTS_AT, _EVENTS_SIZE, _EVENT)
        operation, hook = _in_flight(events, choices)
        ending = phase < len(PHASES) and PHASES[phase] == "shutdown"
        (said,) = struct.unpack_from("<Q", self.memory, _ANSWER_AT) if ending else (0,)
        answer = self.memory[_ANSWER_AT + 8 : _ANSWER_AT + 8 + min(said, _ANSWER_SIZE - 8)]
        return Culprit(
            unit=unit - 1 if unit else None,
            runs=runs,
            run=run,
            phase=PHASES[phase] if phase < len(PHASES) else "idle",
            program=self.memory[_PROGRAM_AT : _PROGRAM_AT + min(length, _PROGRAM_SIZE)].decode(errors="replace"),
            choices=choices,
            operation="shutdown" if ending else operation,
            hook=None if ending else hook,
            answer=answer.decode(errors="replace"),
        )

    def clear(self) -> None:
        """Forget everything, before another worker gets the memory."""
        self.memory[:_CHOICES_AT] = bytes(_CHOICES_AT)
        self._runs = 0


class NotedChoices(list[int]):
    """A run's choices; each is in the note before it takes effect."""

    __slots__ = ("_at", "_memory")

    def __init__(self, note: Note) -> None:
        super().__init__()
        self._memory = note.memory
        self._at = _CHOICES_AT

    def append(self, value: int) -> None:
        """Note it, then keep it."""
        at = self._at
        if at < _EVENTS_AT - 2:
            self._memory[at : at + 2] = _CHOICE_BYTES[value]
            self._at = at + 1
        super().append(value)


class NotedHistory(list[Event]):
    """A run's history; beginnings and ends of operations are in the note, so that the one in progress is known."""

    __slots__ = ("_at", "_memory")

    def __init__(self, note: Note) -> None:
        super().__init__()
        self._memory = note.memory
        self._at = _EVENTS_AT

    def append(self, event: Event) -> None:
        """Note it where it is a call or a return, then keep it."""
        kind = event[0]
        if kind in ("call", "return"):
            at = self._at
            if at < _PROGRAM_AT - _EVENT - 1:
                what: Any = event[4]
                entry = _EVENT_BYTES.get((kind, event[2], what.name))
                if entry is not None:
                    self._memory[at : at + _EVENT + 1] = entry
                    if event[3][0] == "h":
                        self._memory[at + _EVENT - 1] = hook_of(event[3]) + 1
                    self._at = at + _EVENT
        super().append(event)


def _anonymous_file() -> int:
    try:
        return _file_of_that_size()
    except OSError as error:
        allowed = f"room for {_SIZE:,} bytes in shared memory, and no smaller limit on files (ulimit -f)"
        raise InputError(f"a worker's shared memory: {error.strerror or error}; allowed: {allowed}") from None


def _file_of_that_size() -> int:
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("futurefuzz-note")
    else:
        with tempfile.TemporaryFile(prefix="futurefuzz-") as file:
            descriptor = os.dup(file.fileno())
    os.ftruncate(descriptor, _SIZE)
    if not hasattr(os, "memfd_create") and hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, _SIZE)
    return descriptor


def _until_zero(memory: mmap.mmap, at: int, size: int, stride: int) -> bytes:
    data = memory[at : at + size]
    end = 0
    while end < size and data[end]:
        end += stride
    return data[:end]


def hook_of(site: str) -> int:
    """The number of the hook that an operation's site belongs to (`h3.0`, `h3.0#2`)."""
    return int(site[1 : site.index(".")])


def _in_flight(events: Sequence[int], choices: Sequence[int]) -> tuple[str | None, int | None]:
    """The operation in progress: of the actor let go last, else of the last one to act, else the last begun.

    With the hook that performs it; where no operation is in progress, with the hook that was the last to act.
    """
    stack: dict[int, list[tuple[int, int, int]]] = {}
    acted = 0
    for at in range(0, len(events) - _EVENT + 1, _EVENT):
        kind, carrier, name, hook = events[at], events[at + 1] - 1, events[at + 2] - 1, events[at + 3]
        acted = hook or acted
        open_calls = stack.setdefault(carrier, [])
        if kind == 1:
            open_calls.append((at, name, hook))
        elif open_calls:
            open_calls.pop()
    running = [choices[-1]] if choices else []
    if events:
        running.append(events[len(events) // _EVENT * _EVENT - _EVENT + 1] - 1)
    found = next((stack[carrier][-1] for carrier in running if stack.get(carrier)), None)
    if found is None:
        found = max((calls[-1] for calls in stack.values() if calls), default=None)
    if found is None:
        return None, acted - 1 if acted else None
    return _NAMES[found[1]], found[2] - 1 if found[2] else None
