"""The first run of a process is like any other: nothing is set up lazily in the middle of it."""

from __future__ import annotations

import subprocess
import sys

_TWICE = """
from futurefuzz import targets
from futurefuzz.explorers.replay import ChoicesReplay
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.runs.executor import execute

# set_running on a cancelled and notified future logs, on the thread of the second actor
start = Operation(name="set_running")
program = Program(actors=(
    Actor(kind="thread", operations=(Operation(name="repr"), Operation(name="done"))),
    Actor(kind="thread", operations=(Operation(name="cancel"), start, start, Operation(name="repr"))),
))
target = targets.find("concurrent.Future")
explorer = ChoicesReplay([1] * 100)  # the second actor first, while the other one could go too
first = execute(program, target, explorer)
assert any(event.kind == "log" for event in first.history)
again = execute(program, target, ChoicesReplay(first.choices))
assert first.history == again.history and first.choices == again.choices, (first, again)
print("same")
"""


def test_a_log_record_is_no_different_the_first_time() -> None:
    """A thread's first log record takes the same steps as its later ones (`threading` learns of a thread before)."""
    ended = subprocess.run([sys.executable, "-c", _TWICE], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("same\n", "")
