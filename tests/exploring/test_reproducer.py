"""What `replay --script` writes is plain Python that shows the finding by real threads."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from futurefuzz.errors import InputError
from futurefuzz.explorers.base import Pending, Step
from futurefuzz.exploring import command, entry, reproducer, supervisor, token
from futurefuzz.exploring.places import Place
from futurefuzz.exploring.reproducer import BEFORE, Turn, turns_of
from futurefuzz.exploring.witness import Sighting

ONE_LINE = """\
import threading
from concurrent.futures import Future

future = Future()

def worker():
    if not future.done(): future.set_result(1)

thread = threading.Thread(target=worker, name="worker")
thread.start()
future.cancel()
thread.join()
"""

TWO_LINES = ONE_LINE.replace("(): future", "():\n        future")

DEADLOCK = """\
import threading

def test_order():
    a, b = threading.Lock(), threading.Lock()
    def other():
        with a:
            with b:
                pass
    thread = threading.Thread(target=other)
    thread.start()
    with b:
        with a:
            pass
    thread.join()
"""

METHOD = """\
import threading

class TestCounter:
    def setup_method(self, method):
        self.name, self.lock, self.count = method.__name__, threading.Lock(), 0

    def add(self):
        with self.lock:
            seen = self.count
        with self.lock:
            self.count = seen + 1

    def test_add(self):
        threads = [threading.Thread(target=self.add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert self.count == 2, self.name
"""

LOOP = """\
import asyncio, threading

async def test_posted():
    loop = asyncio.get_running_loop()
    future = loop.create_future()
    thread = threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, 1), name="worker")
    thread.start()
    future.cancel()
    await asyncio.sleep(0.05)
    thread.join()
"""

RETRIEVED = """\
import asyncio

async def fail():
    raise KeyError("lost")

async def test_lost():
    task = asyncio.ensure_future(fail())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    del task
"""

AWAITED = """\
import asyncio

async def main():
    asyncio.sleep(1)

asyncio.run(main())
"""

_SHOWN = [(TWO_LINES, ()), (ONE_LINE, ()), (DEADLOCK, ("test_order",)), (METHOD, ("TestCounter", "test_add"))]


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(reproducer, "RUNS", 4)


def _finding(source: str, *names: str) -> Any:
    Path("bug.py").write_text(source)
    loaded = entry.load(entry.named("::".join(["bug.py", *names])))
    options = supervisor.Options(models=("operation",), runs=300, seconds=None, seed=1, explorer="search")
    (finding,) = supervisor.explore_file(loaded, options).failures
    return finding


def _run(name: str) -> tuple[int, str]:
    # Isolated: neither this package nor the script's folder is on the path.
    done = subprocess.run([sys.executable, "-I", name], capture_output=True, text=True, timeout=60, check=False)
    return done.returncode, done.stdout


@pytest.mark.parametrize(("source", "names"), _SHOWN)
def test_the_written_file_shows_the_same_failure_without_this_package(
    source: str, names: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """A race between lines, one inside a line, a deadlock of a function, and a method with its setup: every time."""
    finding = _finding(source, *names)
    assert command.replay_token(finding.token, script=Path("out.py")) == 1
    assert "out.py: shows it in 4 of 4 runs on plain Python" in capsys.readouterr().out
    Path("bug.py").unlink()
    assert "import futurefuzz" not in Path("out.py").read_text()
    code, said = _run("out.py")
    assert (code, said.splitlines()[-1]) == (1, f"REPRODUCED: {finding.signature}")


@pytest.mark.parametrize(
    ("source", "names", "kind"),
    [(LOOP, ("test_posted",), "loop"), (RETRIEVED, ("test_lost",), "never-retrieved"), (AWAITED, (), "never-awaited")],
)
def test_what_asyncio_complains_of_is_shown_too(
    source: str, names: tuple[str, ...], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop's exception handler, an exception that nobody asked for, and a coroutine that nobody awaited."""
    monkeypatch.setattr(reproducer, "RUNS", 2)
    finding = _finding(source, *names)
    assert finding.kind == kind
    assert command.replay_token(finding.token, script=Path("out.py")) == 1
    code, said = _run("out.py")
    assert (code, said.splitlines()[-1]) == (1, f"REPRODUCED: {finding.signature}")


def test_a_repaired_source_does_not_show_it() -> None:
    """The written file does not say so whatever happens: without the bug in its source it ends with 0."""
    finding = _finding(TWO_LINES)
    command.replay_token(finding.token, script=Path("out.py"))
    text = Path("out.py").read_text()
    assert text.count("    'future.cancel()\\n'") == 1
    Path("out.py").write_text(text.replace("    'future.cancel()\\n'", "    'future.done()\\n'"))
    code, said = _run("out.py")
    assert (code, said.splitlines()[-1][:14]) == (0, "NOT REPRODUCED")


def test_what_is_not_shown_every_time_is_not_written(monkeypatch: pytest.MonkeyPatch) -> None:
    """No file, and a sentence that names the lines of the switches."""
    finding = _finding(TWO_LINES)
    monkeypatch.setattr(reproducer, "_shows", lambda name, signature: False)
    with pytest.raises(InputError, match=r"nothing written: .* switches at bug\.py:"):
        command.replay_token(finding.token, script=Path("out.py"))
    assert sorted(path.name for path in Path().glob("*.py")) == ["bug.py"]


def test_a_file_that_is_no_reproducer_is_not_overwritten() -> None:
    """The user's own code stays; an older reproducer is replaced."""
    finding = _finding(TWO_LINES)
    with pytest.raises(InputError, match=r"bug\.py: there is such a file"):
        command.replay_token(finding.token, script=Path("bug.py"))
    assert Path("bug.py").read_text() == TWO_LINES


@pytest.mark.parametrize(
    ("kind", "why"),
    [
        ("livelock", "for a run that goes on and on has no place to stop at"),
        ("crash", "for a file that dies cannot tell of it"),
        ("hang", "for nobody can tell"),
    ],
)
def test_what_cannot_be_written_is_refused_with_the_reason_and_with_what_can(kind: str, why: str) -> None:
    """A livelock, a crash and a hang."""
    case = token.Case(
        what="bug.py",
        arguments=(),
        digest="",
        model="operation",
        instrument=(),
        seed=0,
        schedule=(),
        fair_from=0 if kind == "livelock" else None,
        signature=f"{kind}:bug.py:<module>",
    )
    with pytest.raises(InputError, match=f"kind {kind} cannot be written so, {why}.*; allowed: assertion, deadlock"):
        reproducer.check(case, Path("out.py"))


def test_a_preempted_thread_stops_after_its_line_or_before_it() -> None:
    """Before: the line belongs to its thread's next turn."""
    one, two, three = (Place("f.py", number, "f") for number in (1, 2, 3))
    stop = Step(0, ("a", "acquire", 1), Pending("acquire", "Lock 1", True), (0, 1), 1)
    seen = [Sighting(0, one, None), Sighting(0, two, None), Sighting(0, two, stop), Sighting(1, three, None)]
    after = [Turn("a", two, 1, True), Turn("b", three, 1)]
    before = [Turn("a", one, 1), Turn("b", three, 1), Turn("a", two, 1)]
    assert turns_of(seen, ["a", "b"]) == after
    assert turns_of(seen, ["a", "b"], stops=[BEFORE]) == before
