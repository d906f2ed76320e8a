"""A run is a function of (program, target, choices): recorded or not, again, elsewhere, after whatever came before."""

from __future__ import annotations

import gc
import hashlib
import json
import logging
import random
import subprocess
import sys
import warnings
from typing import Any

import pytest

from futurefuzz import targets
from futurefuzz.explorers import make
from futurefuzz.explorers.replay import ChoicesReplay, Replay, schedule_of
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Event, Run
from futurefuzz.runs.record import event_to_json
from futurefuzz.targets.base import Target
from tests.control.stage import Wandering
from tests.runs.told import op, program

# Old interpreters die of some programs on C futures; what these tests want to know, the Python ones tell as well.
# Threads that only post never make two threads meet in C code, so there the C ones take part too.
POSTING = ("robust_bridge", "threadsafe_posts")
PAIRS = [
    (scenario, name)
    for scenario, what in load_scenarios([]).items()
    for name in targets.names()
    if what.fits(targets.find(name)) and (name not in ("asyncio.Future", "asyncio.Task") or scenario in POSTING)
]


def drawn(scenario: str, name: str, count: int) -> list[tuple[Program, Target, int]]:
    """Programs of a scenario on a target, each with a step bound (some are cut short)."""
    rng = random.Random(f"{scenario} {name}")
    target = targets.find(name)
    generate = load_scenarios([])[scenario].generate
    return [(generate(RandomChoices(rng), target), target, rng.choice([10_000, 10_000, 25])) for _ in range(count)]


def events(run: Run | None) -> list[Event]:
    """The history but for what only recorded runs have."""
    assert run is not None
    return [event for event in run.history if event.kind != "snapshot"]


@pytest.mark.parametrize(("scenario", "name"), PAIRS)
def test_choices_and_schedules_repeat_a_run(scenario: str, name: str) -> None:
    """Its choices, recorded or not, and its schedule by places give the same history, names, status and choices."""
    for number, (what, target, bound) in enumerate(drawn(scenario, name, 12)):
        explorer = make(["random", "pos", "surw"][number % 3], random.Random(number))
        first = execute(what, target, explorer, step_bound=bound)
        assert first is not None
        again = execute(what, target, ChoicesReplay(first.choices), step_bound=bound)
        recorded = execute(what, target, ChoicesReplay(first.choices), step_bound=bound, record=True)
        assert recorded is not None
        assert recorded.steps is not None
        schedule = schedule_of(recorded.steps, recorded.names)
        placed = execute(what, target, Replay(schedule), step_bound=bound)
        for other in (again, recorded, placed):
            assert other is not None
            assert events(other) == events(first)
            assert (other.status, other.blocked, other.choices) == (first.status, first.blocked, first.choices)


def test_other_choices_give_other_runs() -> None:
    """The twin: the comparison above can fail."""
    what, target, _ = drawn("concurrent_threads", "concurrent.Future", 1)[0]
    assert len({repr(events(execute(what, target, Wandering(seed)))) for seed in range(30)}) > 1


DIGEST = """
import sys
sys.path.insert(0, sys.argv[1])
from tests.runs.test_determinism import digest
print(digest())
"""


def digest() -> str:
    """All histories of some runs, as one number."""
    found = hashlib.sha256()
    for scenario, name in PAIRS:
        for number, (what, target, bound) in enumerate(drawn(scenario, name, 4)):
            run = execute(what, target, Wandering(number), step_bound=bound)
            assert run is not None
            lines: list[Any] = [event_to_json(event) for event in run.history]
            lines += [run.status, run.blocked, run.choices, run.names]
            found.update(json.dumps(lines).encode())
    return found.hexdigest()


def test_another_process_with_another_hash_seed_runs_the_same(pytestconfig: pytest.Config) -> None:
    """Neither hashes, addresses, nor what this process did before make a difference."""
    found = []
    for seed in ("1", "2"):
        ended = subprocess.run(
            [sys.executable, "-c", DIGEST, str(pytestconfig.rootpath)],
            capture_output=True,
            text=True,
            check=False,
            env={**_environment(), "PYTHONHASHSEED": seed, "PYTHONASYNCIODEBUG": seed[:-1]},
        )
        assert ended.stderr == ""
        found.append(ended.stdout.strip())
    assert found == [digest()] * 2


def _environment() -> dict[str, str]:
    import os

    return dict(os.environ)


COLLECTING = program(
    ("task", ["add_done_callback=0", "collect", "set_result", "drop", "collect"]),
    ("thread", ["collect", "done"]),
)


class Garbage:
    """A circle whose end would be noticed."""

    def __init__(self, note: list[str]) -> None:
        self.me = self
        self.note = note

    def __del__(self) -> None:
        self.note.append("collected")
        logging.getLogger("asyncio").error("collected")


def test_garbage_of_earlier_runs_does_not_show() -> None:
    """Futures and exceptions that an earlier run left to the collector may die in the middle of a later one."""
    target = targets.find("asyncio.PyFuture")
    lost = program(("task", ["set_exception"]), ("thread", ["done"]))
    expected = [events(execute(COLLECTING, target, Wandering(seed))) for seed in range(10)]
    enabled = gc.isenabled()
    gc.disable()
    try:
        found = []
        for seed in range(10):
            for stuck in (program(("task", ["await"])), lost):
                execute(stuck, target, Wandering(seed))
            found.append(events(execute(COLLECTING, target, Wandering(seed))))
    finally:
        if enabled:
            gc.enable()
    assert found == expected


def test_automatic_collections_do_not_come_during_runs() -> None:
    """When the collector comes by itself depends on what the process allocated before."""
    note: list[str] = []
    threshold = gc.get_threshold()
    gc.set_threshold(1)
    try:
        gc.collect()
        explorer = Wandering(1)
        choose = explorer.choose

        def choosing(current: int, enabled: Any) -> int:
            if not note:
                Garbage(note)
                note.append("made")
            return choose(current, enabled)

        explorer.choose = choosing  # type: ignore[method-assign]
        run = execute(program(("thread", ["done"]), ("thread", ["done"])), targets.find("concurrent.Future"), explorer)
    finally:
        gc.set_threshold(*threshold)
    assert run is not None
    gc.collect()
    assert "collected" in note  # after the run
    assert [event for event in run.history if event.kind == "log"] == []


def test_warning_filters_make_no_difference() -> None:
    """Warnings that are errors in one process and silent in another would make two histories."""
    what = program(
        ("task", ["cancel message", "await", op("set_result")]), ("thread", [op("cancel message", via="post")])
    )
    found = []
    for action in ("error", "ignore", "always"):
        with warnings.catch_warnings():
            warnings.simplefilter(action)  # type: ignore[arg-type]
            filters = warnings.filters
            found.append([events(execute(what, targets.find("asyncio.PyTask"), Wandering(seed))) for seed in range(5)])
            assert warnings.filters is filters
    assert found[0] == found[1] == found[2]


def test_logging_set_up_makes_no_difference() -> None:
    """Levels, caches of levels, filters, handlers, and logging.disable of the process do not reach into a run."""
    callback_raises = program(("thread", ["add_done_callback=0", "set_result"]), callbacks=[_raising()])
    target = targets.find("concurrent.Future")
    expected = events(execute(callback_raises, target, Wandering(1)))
    assert [event.kind for event in expected].count("log") == 1
    logger = logging.getLogger("concurrent.futures")
    before = (logger.level, logger.propagate, logger.disabled)
    try:
        logger.setLevel(logging.CRITICAL + 1)
        assert not logger.isEnabledFor(logging.ERROR)  # and this is cached
        logger.addFilter(_nothing)
        logging.disable(logging.CRITICAL)
        logger.disabled = True
        assert events(execute(callback_raises, target, Wandering(1))) == expected
    finally:
        logging.disable(logging.NOTSET)
        logger.removeFilter(_nothing)
        logger.setLevel(before[0])
        logger.propagate, logger.disabled = before[1:]


def _nothing(record: logging.LogRecord) -> bool:
    return False


def _raising() -> Any:
    from futurefuzz.programs.program import Callback

    return Callback(raises=True)
