"""The health of the loops of ordinary tests, through the pytest plugin."""

from __future__ import annotations

from pathlib import Path

from tests.faces.test_pytest_plugin import run

TESTS = '''
import asyncio
import time

import pytest


async def fails():
    raise ValueError("unseen")


async def forgets():
    task = asyncio.ensure_future(fails())
    await asyncio.sleep(0)


def test_unmarked():
    asyncio.run(forgets())


@pytest.mark.loop_health
def test_forgets():
    asyncio.run(forgets())


@pytest.mark.loop_health
def test_healthy():
    asyncio.run(asyncio.sleep(0))


@pytest.mark.loop_health(slow=0.01)
def test_blocks():
    async def main():
        time.sleep(0.02)

    asyncio.run(main())


def test_measures(loop_health):
    asyncio.run(asyncio.sleep(0))
    assert loop_health.loops[0].iterations > 0


@pytest.mark.loop_health(fast=1)
def test_wrong_argument():
    pass
'''


def test_a_marked_test_fails_on_faults_of_its_loops_and_others_do_not(tmp_path: Path) -> None:
    """An exception that nobody asked for, and a callback slower than the test allows; the report is the message."""
    (tmp_path / "test_them.py").write_text(TESTS)
    code, out = run(tmp_path, "-rfE", "-W", "ignore")
    assert code == 1
    assert "2 failed, 3 passed, 1 error" in out
    assert "FAILED test_them.py::test_forgets" in out
    assert "FAILED test_them.py::test_blocks" in out
    assert "ValueError: unseen" in out
    assert "H1  Task-" in out
    assert "mark loop_health: allowed: slow=SECONDS" in out
