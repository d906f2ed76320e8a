"""Ordinary tests under many schedules, through the pytest plugin."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

_PLUGINS = ("-p", "futurefuzz.pytest_plugin", "-p", "no:cacheprovider")

RACE = '''
import asyncio
import threading
from concurrent.futures import Future

import pytest


def race():
    future = Future()

    def resolve():
        if not future.done():
            future.set_result(1)

    thread = threading.Thread(target=resolve)
    thread.start()
    future.cancel()
    thread.join()


def test_left_alone():
    race()


@pytest.mark.explore(runs=200)
def test_race():
    race()


@pytest.fixture
def loop_time():
    return 3600


@pytest.mark.explore(runs=50)
async def test_an_hour_of_virtual_time(loop_time):
    await asyncio.sleep(loop_time)


@pytest.mark.explore
def test_skipped():
    pytest.skip("for a reason")
'''


def run(folder: Path, *arguments: str) -> tuple[int, str]:
    """pytest in a process and folder of its own."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *_PLUGINS, "-q", "-rs", "--rootdir", str(folder), *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_a_marked_test_fails_with_its_smallest_schedule(tmp_path: Path) -> None:
    """Marked ones are explored, plain or async; the others run once; a skip stays a skip."""
    (tmp_path / "test_race.py").write_text(RACE)
    code, out = run(tmp_path)
    assert code == 1
    assert re.search(r"1 failed, 2 passed, 1 skipped", out)
    assert "for a reason" in out
    assert "InvalidStateError" in out
    assert "preemption" in out
    assert "future.set_result(1)" in out


def test_the_option_explores_every_test(tmp_path: Path) -> None:
    """`--explore` finds the race in the test without a mark, too."""
    (tmp_path / "test_race.py").write_text(RACE)
    code, out = run(tmp_path, "--explore", "200", "-k", "left_alone")
    assert code == 1
    assert "InvalidStateError" in out


def test_wrong_arguments_are_named(tmp_path: Path) -> None:
    """An argument that the mark does not have is a usage error that lists those it has."""
    (tmp_path / "test_wrong.py").write_text(
        "import pytest\n\n\n@pytest.mark.explore(run=3)\ndef test_x():\n    pass\n\n\n"
        "@pytest.mark.explore(model='nope')\ndef test_y():\n    pass\n"
    )
    code, out = run(tmp_path)
    assert code != 0
    assert "mark explore: run; allowed: runs, seconds, seed, model, explorer, instrument" in out
    assert "unknown model 'nope'; allowed: operation, gil, free-threaded" in out
