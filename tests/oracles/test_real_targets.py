"""The targets that come with the package are right, but for what is known and written down here.

Programs are legal ones: off-thread use of C futures crashes some interpreters, and is judged in processes of its own.
"""

from __future__ import annotations

import random
import sys
from typing import Final

import pytest

from futurefuzz import oracles
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.generator import generate
from futurefuzz.programs.profile import Profile
from futurefuzz.runs.executor import execute
from futurefuzz.targets import find
from tests.oracles.test_planted import Walk

PROGRAMS = 40

_ANY: Final = {
    "set_result": 3,
    "set_exception": 3,
    "cancel": 3,
    "add_done_callback": 4,
    "remove_done_callback": 2,
    "result": 2,
    "exception": 1,
    "done": 1,
    "cancelled": 1,
    "repr": 1,
}
_POSTED: Final = {"set_result": 2, "set_exception": 2, "cancel": 2, "collect": 1}
_ON_LOOPS: Final = Profile(
    threads=(0, 3),
    task_operations={**_ANY, "await": 5, "yield": 2, "drop": 1, "collect": 1},
    thread_operations={**_POSTED, "drop": 1},
    callback_operations={**_ANY, "drop": 1},
    task_vias={"direct": 4, "post": 1, "post-if-pending": 1},
    thread_vias={"post": 2, "post-if-pending": 1},
    callback_vias={"direct": 4, "post": 1},
    reentrant=0.4,
    raising=0.3,
    equal=0.4,
    ephemeral=0.2,
    contexts=0.4,
    debug=0.2,
)
_ON_THREADS: Final = Profile(
    tasks=(0, 0),
    thread_operations={**_ANY, "result": 4, "running": 1, "set_running": 1},
    callback_operations=_ANY,
    reentrant=0.4,
    raising=0.3,
)
_INTO_A_LOOP: Final = Profile(
    threads=(0, 4),
    task_operations={**_ANY, "await": 5, "yield": 2},
    thread_operations={**_ANY, "set_running": 1, "running": 1},
    thread_vias={"post": 1, "direct": 2},
    raising=0.3,
    equal=0.4,
)
_OUT_OF_A_LOOP: Final = Profile(
    threads=(0, 4),
    task_operations={**_ANY, "yield": 2},
    thread_operations=_ANY,
    thread_vias={"post": 2, "post-if-pending": 1},
    raising=0.3,
)

TARGETS: Final = {
    "asyncio.Future": _ON_LOOPS,
    "asyncio.PyFuture": _ON_LOOPS,
    "asyncio.Task": _ON_LOOPS,
    "asyncio.PyTask": _ON_LOOPS,
    "concurrent.Future": _ON_THREADS,
    "asyncio.wrap_future": _INTO_A_LOOP,
    "asyncio.run_coroutine_threadsafe": _OUT_OF_A_LOOP,
}

_TRAP: Final = ("A18", "InvalidStateError in the loop's handler")
_NOT_AN_EXCEPTION: Final = (
    "A2",
    "set_exception(not-an-exception) when pending: AttributeError raised, not TypeError raised",
)


def _known(target: str) -> set[tuple[str, str]]:
    """Defects of CPython that stand in the list of known bugs, and the trap that any asyncio future is."""
    known = {_TRAP}
    if target in ("asyncio.PyFuture", "asyncio.PyTask"):
        known.add(_NOT_AN_EXCEPTION)  # all releases so far
    if target in ("asyncio.Future", "asyncio.Task"):  # the C future gives the traceback to the first who asks
        known.add(("A21", "traceback lost when asked again"))
    if target == "asyncio.wrap_future":
        known.add(("B8", "traceback lost when asked again"))
    if sys.version_info < (3, 13, 4):  # gh-132063: result() passes over an exception that is false
        known.add(("C3", "result: None"))
        known.add(("B1", "came out differently"))
    if sys.version_info < (3, 12, 2):  # gh-112182: a StopIteration does not come through
        known.add(("B6", "handler: TypeError raised"))
    return known


@pytest.mark.parametrize("name", TARGETS)
def test_nothing_but_the_known_is_found(name: str) -> None:
    """Random legal programs under random schedules break no clause of which we do not know why."""
    target = find(name)
    found = set()
    for seed in range(PROGRAMS):
        program = generate(RandomChoices(random.Random(seed)), TARGETS[name], target)
        for schedule in range(3):
            run = execute(program, target, Walk(seed * 3 + schedule))
            assert run is not None
            found.update((one.clause.id, one.detail) for one in oracles.judge(run)[:1])
    assert found <= _known(name)
