"""`pytest --explore` on async tests and fixtures, without a plugin and beside pytest-asyncio's and anyio's."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from tests.faces.test_pytest_plugin import run

#: in which event loop a test runs is the plugin's affair; `MARK` and `FIXTURE` are what it asks for
TESTS = """
import asyncio

import pytest
IMPORT


class Counter:
    def __init__(self, lock):
        self.total = 0
        self.lock = lock

    async def add(self):
        if self.lock is None:
            await self._add()
        else:
            async with self.lock:
                await self._add()

    async def _add(self):
        seen = self.total
        await asyncio.sleep(0)
        self.total = seen + 1


async def use(counter):
    loop = asyncio.get_running_loop()

    def from_a_thread():
        asyncio.run_coroutine_threadsafe(counter.add(), loop).result()

    await asyncio.gather(asyncio.to_thread(from_a_thread), asyncio.to_thread(from_a_thread))
    assert counter.total == 2


@pytest.fixture
def anyio_backend():
    return "asyncio"


@FIXTURE
async def racy():
    await asyncio.sleep(3600)
    yield Counter(None)
    await asyncio.sleep(3600)


@FIXTURE
async def safe():
    return Counter(asyncio.Lock())


@MARK
async def test_racy_fixture(racy):
    await use(racy)


@MARK
async def test_safe_fixture(safe):
    assert safe.total == 0, "the same one in another schedule"
    await use(safe)
"""
PLUGINS = [
    pytest.param(("", "pytest.mark.parametrize('', [()])", "pytest.fixture"), id="none"),
    pytest.param(
        ("import pytest_asyncio", "pytest.mark.asyncio", "pytest_asyncio.fixture"),
        id="pytest-asyncio",
        marks=pytest.mark.skipif(importlib.util.find_spec("pytest_asyncio") is None, reason="needs pytest-asyncio"),
    ),
    pytest.param(
        ("", "pytest.mark.anyio", "pytest.fixture"),
        id="anyio",
        marks=pytest.mark.skipif(importlib.util.find_spec("anyio") is None, reason="needs anyio"),
    ),
]


def written(folder: Path, text: str, used: tuple[str, str, str] = ("", "", "")) -> None:
    """Write a file of tests, in the words of a plugin."""
    for word, said in zip(("IMPORT", "MARK", "FIXTURE"), used, strict=True):
        text = re.sub(rf"\b{word}\b", said, text)
    (folder / "test_it.py").write_text(text)


@pytest.mark.parametrize("used", PLUGINS)
def test_a_racy_async_test_fails_and_its_correct_twin_passes(used: tuple[str, str, str], tmp_path: Path) -> None:
    """Test and async fixtures run under control, whatever plugin they are written for; each schedule has its own."""
    written(tmp_path, TESTS, used)
    code, out = run(tmp_path, "--explore", "60", "--tb=short", "-rfs")
    assert code == 1
    assert set(re.findall(r"FAILED test_it\.py::(\w+)", out)) == {"test_racy_fixture"}
    assert "1 failed, 1 passed" in out
    assert "AssertionError: assert 1 == 2" in out


FIXTURES = """
import asyncio

import pytest

EVENTS = []


class TestMethods:
    @pytest.fixture
    async def five(self):
        EVENTS.append("five")
        self.seen = True
        yield 5
        EVENTS.append("five ends")

    @pytest.fixture
    def ten(self, five, request):
        request.addfinalizer(lambda: EVENTS.append("ten is over"))
        yield five * 2
        EVENTS.append("ten ends")

    @pytest.fixture(autouse=True)
    async def always(self):
        EVENTS.append("always")

    async def test_async(self, ten, five):
        assert (ten, five, self.seen) == (10, 5, True)
        EVENTS.append("test")

    def test_plain(self, ten):
        assert ten == 10
        asyncio.run(asyncio.sleep(3600))


def test_order():
    assert EVENTS[:7] == ["always", "five", "test", "ten ends", "ten is over", "five ends", "always"]
"""


def test_fixtures_made_from_async_ones_are_the_runs_too(tmp_path: Path) -> None:
    """Methods, fixtures made from others and those that nobody names are set up once a run and torn down in reverse."""
    written(tmp_path, FIXTURES)
    code, out = run(tmp_path, "--explore", "5")
    assert code == 0, out
    assert "3 passed" in out


REFUSED = """
import asyncio

import pytest


@pytest.fixture
def loop():
    loop = asyncio.new_event_loop()
    yield loop
    loop.close()


def test_loop(loop):
    loop.run_until_complete(asyncio.sleep(0))


@pytest.fixture
async def value():
    return 1


def test_asked_for_late(request):
    request.getfixturevalue("value")


@pytest.fixture(scope="module")
async def wide():
    return 1


@pytest.mark.anyio
async def test_wide(wide, anyio_backend):
    pass
"""


@pytest.mark.skipif(importlib.util.find_spec("anyio") is None, reason="needs anyio, for the fixture of wide scope")
def test_what_escapes_control_is_named(tmp_path: Path) -> None:
    """A loop that a fixture made, an async fixture asked for late, one that is shared: a line says what is allowed."""
    written(tmp_path, REFUSED + "\n\n@pytest.fixture(scope='module')\ndef anyio_backend():\n    return 'asyncio'\n")
    code, out = run(tmp_path, "--explore", "20", "--tb=line")
    assert code == 1
    assert "3 failed" in out
    assert "runs an event loop that was made before the run" in out
    assert "fixture 'value': asked for while its test runs; allowed: naming it" in out
    assert "async fixture 'wide' has scope module" in out


def test_a_test_of_another_event_loop_is_skipped(tmp_path: Path) -> None:
    """Trio's loop is out of reach; a test that runs in it says so, and is no failure."""
    pytest.importorskip("anyio")
    written(
        tmp_path,
        "import pytest\n\n\n@pytest.mark.parametrize('anyio_backend', ['asyncio', 'trio'])\n"
        "async def test_both(anyio_backend):\n    pass\n",
    )
    code, out = run(tmp_path, "--explore", "20")
    assert code == 0
    assert "1 passed, 1 skipped" in out
    assert "this test runs in trio's" in out


def test_methods_of_unittest_are_explored(tmp_path: Path) -> None:
    """The option explores methods of `TestCase`, async ones as well; skips stay skips."""
    (tmp_path / "test_it.py").write_text(
        "import asyncio, threading, unittest\nfrom concurrent.futures import Future\n\n\n"
        "class Tests(unittest.IsolatedAsyncioTestCase):\n"
        "    async def asyncSetUp(self):\n        self.ready = 1\n\n"
        "    async def test_long(self):\n        await asyncio.sleep(3600 * self.ready)\n\n"
        "    def test_race(self):\n        future = Future()\n"
        "        thread = threading.Thread(target=lambda: future.done() or future.set_result(1))\n"
        "        thread.start()\n        future.cancel()\n        thread.join()\n\n"
        "    @unittest.skip('for a reason')\n    def test_skipped(self):\n        pass\n"
    )
    code, out = run(tmp_path, "--explore", "100")
    assert code == 1
    assert "1 failed, 1 passed, 1 skipped" in out
    assert "InvalidStateError" in out
