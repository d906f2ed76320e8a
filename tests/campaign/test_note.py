from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator

import pytest

from futurefuzz.campaign.note import Note, NotedChoices, NotedHistory
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Event


@pytest.fixture
def note() -> Iterator[Note]:
    """A note of this process's own."""
    note = Note()
    yield note
    note.close()


def event(kind: str, carrier: int, name: str) -> Event:
    """The beginning or end of an operation."""
    callback = 0 if "done_callback" in name else None
    return Event(kind, carrier, carrier, f"{carrier}.0", Operation(name=name, callback=callback))


WRITER = """
import os, signal, sys
from futurefuzz.campaign.note import Note, NotedChoices, NotedHistory
from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Event
note = Note(int(sys.argv[1]))
note.unit(41)
note.program('{"actors": []}')
note.run(3)
choices, history = NotedChoices(note), NotedHistory(note)
for choice in (0, 2, 1, 2):
    choices.append(choice)
history.append(Event("call", 2, 2, "2.0", Operation(name="set_result")))
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_fresh_note_accuses_nobody(note: Note) -> None:
    """A note in which nothing was written names no unit."""
    assert note.read().unit is None
    assert note.read().phase == "idle"


def test_note_survives_its_writer(note: Note) -> None:
    """What a process noted before `kill -9` is read by another one: unit, run, program, choices, operation."""
    command = [sys.executable, "-c", WRITER, str(note.descriptor)]
    writer = subprocess.run(command, pass_fds=[note.descriptor], check=False)
    assert writer.returncode == -signal.SIGKILL
    culprit = note.read()
    assert (culprit.unit, culprit.run, culprit.phase) == (41, 3, "running")
    assert culprit.program == '{"actors": []}'
    assert culprit.choices == [0, 2, 1, 2]
    assert culprit.operation == "set_result"


def test_new_run_forgets_the_choices_of_the_last(note: Note) -> None:
    """Choices and events of an earlier, longer run do not show in the next."""
    note.unit(0)
    note.run(0)
    for choice in (1, 1, 1):
        NotedChoices(note).append(choice)
    NotedHistory(note).append(event("call", 0, "cancel"))
    note.run(1)
    NotedChoices(note).append(2)
    assert note.read().choices == [2]
    assert note.read().operation is None


def test_choices_and_history_are_the_lists_that_they_seem(note: Note) -> None:
    """The noting lists hold what was appended."""
    choices, history = NotedChoices(note), NotedHistory(note)
    choices.append(3)
    history.append(event("call", 0, "done"))
    assert choices == [3]
    assert [entry.kind for entry in history] == ["call"]


def test_endless_run_does_not_overflow(note: Note) -> None:
    """More choices and events than there is room for are kept, and noted as far as there is room."""
    note.unit(0)
    note.program("{}")
    note.run(0)
    choices, history = NotedChoices(note), NotedHistory(note)
    for _ in range(70_000):
        choices.append(1)
        history.append(event("call", 0, "done"))
    assert len(choices) == len(history) == 70_000
    culprit = note.read()
    assert len(culprit.choices) > 60_000
    assert culprit.program == "{}"
    assert culprit.operation == "done"


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_can_be_noted(note: Note, name: str) -> None:
    """Whatever the operation in progress is, the note names it."""
    note.run(0)
    NotedHistory(note).append(event("call", 31, name))
    assert note.read().operation == name


@pytest.mark.parametrize(
    ("events", "choices", "expected"),
    [
        ([("call", 0, "cancel"), ("return", 0, "cancel")], [0], None),
        ([("call", 0, "cancel"), ("call", 0, "done"), ("return", 0, "done")], [0], "cancel"),
        ([("call", 0, "cancel"), ("call", 1, "done")], [0, 1, 0], "cancel"),
        ([("call", 0, "cancel"), ("call", 1, "done"), ("return", 1, "done")], [0, 1], "cancel"),
        ([("call", 0, "cancel"), ("call", 1, "done")], [], "done"),
    ],
)
def test_operation_in_progress(
    note: Note, events: list[tuple[str, int, str]], choices: list[int], expected: str | None
) -> None:
    """It is the innermost open call of the actor let go last, else of the last to act, else the last begun."""
    note.run(0)
    noted, history = NotedChoices(note), NotedHistory(note)
    for choice in choices:
        noted.append(choice)
    for kind, carrier, name in events:
        history.append(event(kind, carrier, name))
    assert note.read().operation == expected


def test_sign_of_life_changes_with_each_run(note: Note) -> None:
    """Units and runs move the counter by which a hang is told."""
    seen = [note.alive()]
    note.unit(5)
    seen.append(note.alive())
    for run in range(3):
        note.run(run)
        seen.append(note.alive())
    assert len(set(seen)) == 5


@pytest.mark.parametrize(
    ("events", "expected"),
    [
        ([("call", "0.0", "cancel")], ("cancel", None)),
        ([("call", "0.0", "cancel"), ("call", "h2.0", "done")], ("done", 2)),
        ([("call", "0.0", "cancel"), ("call", "h2.0#3", "done"), ("return", "h2.0#3", "done")], ("cancel", None)),
        ([("call", "h2.0", "done"), ("return", "h2.0", "done")], (None, 2)),
        ([("call", "h0.1", "done"), ("return", "h0.1", "done"), ("call", "0.0", "done"), ("return", "0.0", "done")],
         (None, 0)),
        ([], (None, None)),
    ],
)
def test_hook_of_the_operation_in_progress(
    note: Note, events: list[tuple[str, str, str]], expected: tuple[str | None, int | None]
) -> None:
    """The note names the hook that performs the operation; where there is none, the hook that was the last to act."""
    note.run(0)
    history = NotedHistory(note)
    for kind, site, name in events:
        history.append(Event(kind, 0, 0, site, Operation(name=name)))
    assert (note.read().operation, note.read().hook) == expected
