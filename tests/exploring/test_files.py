"""Scripts and tests are explored in processes of their own, whatever they do there, and tokens replay in other ones."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from futurefuzz.errors import InputError
from futurefuzz.exploring import command, entry, supervisor, token

RACE = """\
import threading
from concurrent.futures import Future

future = Future()

def worker():
    if not future.done():
        future.set_result(1)

thread = threading.Thread(target=worker, name="worker")
thread.start()
future.cancel()
thread.join()
"""

#: a thread that comes between a look and an act makes a search in C go on for ever; two others only switch about
BUSY_HANG = """
import re
import threading

lock = threading.Lock()
seen = []

def worker():
    with lock:
        seen.append(1)

others = [threading.Thread(target=lambda: [lock.acquire(), lock.release()]) for _ in range(2)]
for other in others: other.start()
for other in others: other.join()
thread = threading.Thread(target=worker)
thread.start()
lock.acquire()
lock.release()
if seen:
    re.match(r"(a*)*b", "a" * 60)
thread.join()
"""

TWO_FAILURES = RACE.replace("future.cancel()", "assert future.cancel()")

POOL = """\
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

with ProcessPoolExecutor(2, mp_context=get_context("fork")) as pool:
    print(list(pool.map(abs, [1, 2, 3])))
"""

TESTS = """\
import threading, unittest

def test_fine():
    pass

async def test_async():
    import asyncio
    await asyncio.sleep(10)

def test_with_fixture(tmp_path):
    pass

class TestCounter:
    def setup_method(self):
        self.count = 0

    def test_split(self):
        lock = threading.Lock()
        def add():
            with lock:
                seen = self.count
            with lock:
                self.count = seen + 1
        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert self.count == 2

class Old(unittest.TestCase):
    def setUp(self):
        self.value = 1

    def test_value(self):
        self.assertEqual(self.value, 1)
"""

LEAVING = """\
import atexit
import threading

class Writer:
    def __init__(self):
        self.pending = self.written = 0
        self.stopping = False
        self.thread = threading.Thread(target=self.run, name="writer", daemon=True)
        self.thread.start()
        atexit.register(print)
        atexit.register(self.close)
        atexit.unregister(print)

    def run(self):
        while not self.stopping:
            if n := self.pending:
                self.written += n
                self.report()
                self.pending -= n
            threading.Event().wait(0.01)

    def report(self):
        pass

    def stop(self):
        self.stopping = 1
        self.thread.join()

    def close(self):
        self.stopping = True
        self.written += self.pending
        self.pending = 0
        assert self.written == 1, self.written

writer = Writer()
writer.pending += 1
"""

CRASH = """\
import ctypes, threading

hit = []
lock = threading.Lock()

def worker():
    with lock:
        hit.append(1)

thread = threading.Thread(target=worker, name="worker")
thread.start()
with lock:
    if hit:
        ctypes.string_at(0)
thread.join()
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _explore(name: str, source: str, *names: str, **options: Any) -> Any:
    Path(name).write_text(source)
    loaded = entry.load(entry.named("::".join([name, *names])))
    chosen = {"models": ("operation",), "runs": 300, "seconds": None, "seed": 1, "explorer": "search", **options}
    return supervisor.explore_file(loaded, supervisor.Options(**chosen))


def test_a_script_is_explored_as_it_is_and_its_token_replays_elsewhere(capsys: pytest.CaptureFixture[str]) -> None:
    """The finding is confirmed in fresh processes, and its token shows it again from the command's side."""
    found = _explore("race.py", RACE)
    (finding,) = found.failures
    assert finding.signature == "exception:InvalidStateError:race.py:worker"
    assert finding.confirmed == (3, 3)
    assert command.replay_token(finding.token, json_file=Path("out.json")) == 1
    assert "shown in 3 of 3 fresh processes" in capsys.readouterr().out
    document = json.loads(Path("out.json").read_text())
    assert (document["reproduced"], document["shown"]) == (True, finding.signature)


def test_a_changed_script_is_refused_unless_anyway(capsys: pytest.CaptureFixture[str]) -> None:
    """An unrelated edit moves lines; the schedule names places, so with `anyway` it still shows the bug."""
    (finding,) = _explore("race.py", RACE).failures
    Path("race.py").write_text("# a new line\n\n" + RACE)
    with pytest.raises(InputError, match=r"race\.py: has changed since the finding was made; .*--anyway"):
        command.replay_token(finding.token)
    assert command.replay_token(finding.token, anyway=True) == 1


def test_a_repaired_script_no_longer_shows_it_and_says_where_the_schedule_failed(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Exit code 0, and sentences about the places that were not met."""
    (finding,) = _explore("race.py", RACE).failures
    Path("race.py").write_text(RACE.replace("future.cancel()", ""))
    assert command.replay_token(finding.token, anyway=True) == 0
    assert "shown in 0 of 3" in capsys.readouterr().out


def test_a_file_elsewhere_has_a_token_for_its_own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No path of this machine is in it."""
    (tmp_path / "here").mkdir()
    (tmp_path / "race.py").write_text(RACE)
    monkeypatch.chdir(tmp_path / "here")
    loaded = entry.load(entry.named(str(tmp_path / "race.py")))
    options = supervisor.Options(models=("operation",), runs=300, seconds=None, seed=1, explorer="search")
    (finding,) = supervisor.explore_file(loaded, options).failures
    assert token.decode(finding.token).what == "race.py"
    monkeypatch.chdir(tmp_path)
    assert command.replay_token(finding.token) == 1


def test_a_crash_of_the_interpreter_is_a_finding_with_its_schedule() -> None:
    """The process dies; the supervisor knows the choices, confirms them and shows the way there."""
    (finding,) = _explore("crash.py", CRASH).failures
    assert finding.signature == "crash:SIGSEGV:crash.py:<module>"
    assert finding.confirmed == (3, 3)
    assert any(row.kind == "stopped" for row in finding.rows)
    assert command.replay_token(finding.token) == 1


def test_the_schedule_of_a_crash_is_made_small() -> None:
    """Other threads that switch about have nothing to do with it: one departure is left of many."""
    busy = "others = [threading.Thread(target=lambda: [lock.acquire(), lock.release()]) for _ in range(2)]\n"
    busy += "for other in others: other.start()\nfor other in others: other.join()\n"
    (finding,) = _explore("crash.py", CRASH.replace("thread = ", busy + "thread = "), explorer="random").failures
    assert finding.kind == "crash"
    assert (finding.preemptions, len(finding.schedule)) == (1, 1)


def test_a_run_that_never_comes_back_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    """C code that computes for ever does not hang the tool."""
    monkeypatch.setattr(supervisor, "HANG", 2.0)
    (finding,) = _explore("hang.py", "import re\nre.match(r'(a*)*b', 'a' * 60)\n").failures
    assert finding.signature == "hang:hang.py:<module>"
    assert finding.always


@pytest.mark.slow
def test_the_schedule_of_a_hang_is_made_small(monkeypatch: pytest.MonkeyPatch) -> None:
    """As that of a crash is; here one departure makes C code compute for ever."""
    monkeypatch.setattr(supervisor, "HANG", 3.0)
    (finding,) = _explore("hang.py", BUSY_HANG, explorer="random").failures
    assert finding.kind == "hang"
    assert finding.confirmed == (1, 1)
    assert (finding.preemptions, len(finding.schedule)) == (1, 1)


def test_an_exploration_finds_each_failure_and_reports_it_at_once() -> None:
    """Two failures of one script, each with a token of its own; told of as they are confirmed."""
    told: list[str] = []
    Path("two.py").write_text(TWO_FAILURES)
    loaded = entry.load(entry.named("two.py"))
    options = supervisor.Options(models=("operation",), runs=500, seconds=None, seed=1, explorer="search")
    found = supervisor.explore_file(loaded, options, tell=lambda finding: told.append(finding.signature))
    signatures = ["assertion:AssertionError:two.py:<module>", "exception:InvalidStateError:two.py:worker"]
    assert sorted(told) == sorted(finding.signature for finding in found.failures) == signatures
    assert all(command.replay_token(finding.token) == 1 for finding in found.failures)
    assert "2 findings; repeat with --seed 1" in found.report()
    found = supervisor.explore_file(loaded, evolve(options, stop="first"))
    assert len(found.failures) == 1


def test_an_exploration_to_the_end_of_its_budget_goes_on_after_a_crash() -> None:
    """In another process, with other choices; what has been found stays."""
    found = _explore("crash.py", CRASH + "assert not hit or hit != [1] or len(hit) > 1\n", stop="budget")
    kinds = {finding.kind for finding in found.failures}
    assert kinds == {"crash", "assertion"}


@pytest.mark.parametrize("names", [("test_fine",), ("test_async",), ("Old", "test_value")])
def test_tests_without_fixtures_are_explored_by_name(names: tuple[str, ...]) -> None:
    """Functions, coroutine functions and methods of unittest."""
    found = _explore("test_some.py", TESTS, *names)
    assert (found.failures, found.certificate is not None) == ((), True)


def test_a_method_gets_a_fresh_object_and_its_setup_in_each_run() -> None:
    """Its lost update is found."""
    (finding,) = _explore("test_some.py", TESTS, "TestCounter", "test_split").failures
    assert finding.signature == "assertion:AssertionError:test_some.py:TestCounter.test_split"


@pytest.mark.parametrize(
    ("source", "names", "message"),
    [
        ("import sys\nsys.exit(2)\n", (), r"ends by sys\.exit\(2\)"),
        ("import argparse\np = argparse.ArgumentParser()\np.add_argument('x')\np.parse_args()\n", (), "arguments"),
        ("import os\nos.fork()\n", (), r"calls os\.fork; allowed: threads and asyncio.* at bad\.py:2"),
        ("import os\nif os.fork():\n    os._exit(0)\nos.setsid()\n", (), r"calls os\.fork"),
        (POOL, (), r"calls os\.(fork|posix_spawn|exec).* at bad\.py:\d|cannot be controlled"),
        ("import os\nos._exit(3)\n", (), r"ends its process by os\._exit\(3\); allowed: sys\.exit at bad\.py:2"),
        ("import signal\nsignal.alarm(1)\n", (), r"calls signal\.alarm, in real time; allowed: .* at bad\.py:2"),
        ("from signal import *\nsetitimer(ITIMER_REAL, 0.1)\n", (), r"calls signal\.setitimer, in real time.*py:2"),
        (TESTS, ("test_with_fixture",), "takes tmp_path; allowed: functions without arguments"),
        (TESTS, ("test_nothing",), "there is no 'test_nothing' in bad.py"),
        (TESTS, ("threading",), "is a module; allowed: a function or a method"),
    ],
)
def test_what_cannot_be_explored_is_refused_in_one_line(source: str, names: tuple[str, ...], message: str) -> None:
    """It leaves its process, needs something that nobody gives it, or is not there."""
    with pytest.raises(InputError, match=message) as refused:
        _explore("bad.py", source, *names)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("source", "kind"),
    [
        ("input()\n", "exception"),
        ("import signal\nsignal.signal(signal.SIGTERM, lambda *_: None)\n", None),
        ("import signal\nsignal.alarm(0)\n", None),
        ("import sys\nsys.exit()\n", None),
        ("import subprocess\nassert subprocess.check_output(['echo', 'hi']) == b'hi\\n'\n", None),
        ("print('x' * 10_000_000)\n", None),
    ],
)
def test_what_scripts_do_has_a_clear_outcome(source: str, kind: str | None) -> None:
    """Reading an empty standard input, signal handlers, ending at once, other programs, a flood of output."""
    found = _explore("odd.py", source, runs=5)
    assert [finding.kind for finding in found.failures] == ([] if kind is None else [kind])


def test_what_a_script_does_at_exit_belongs_to_its_run() -> None:
    """Functions of `atexit` run at the end of each run, after its threads; what they let out is a failure."""
    (finding,) = _explore("leaving.py", LEAVING, runs=200, stop="first", models=("operation", "gil")).failures
    assert finding.signature == "assertion:AssertionError:leaving.py:Writer.close"
    assert not _explore("leaving.py", LEAVING.replace("self.stopping = True", "self.stop()"), runs=200).failures


def test_a_thread_that_swallows_everything_does_not_hang_the_tool() -> None:
    """Not even the end of its run reaches it; the livelock that it makes is found."""
    source = (
        "import threading\nlock = threading.Lock()\ndef worker():\n    while True:\n        try:\n"
        "            with lock:\n                pass\n        except BaseException:\n            pass\n"
        "thread = threading.Thread(target=worker)\nthread.start()\nthread.join()\n"
    )
    (finding,) = _explore("swallow.py", source, runs=20).failures
    assert finding.kind == "livelock"


def test_a_main_thread_that_swallows_everything_does_not_hang_the_tool() -> None:
    """Its livelock is found like any other."""
    source = "import threading\nlock = threading.Lock()\nwhile True:\n    try:\n        with lock:\n            pass\n"
    source += "    except BaseException:\n        pass\n"
    (finding,) = _explore("swallow.py", source, runs=20, stop="first").failures
    assert finding.signature == "livelock:swallow.py:<module>"


def test_arguments_reach_the_script() -> None:
    """As Python would have put them."""
    Path("args.py").write_text("import sys\nassert sys.argv == ['args.py', 'one', '--two'], sys.argv\n")
    loaded = entry.load(entry.named("args.py", ("one", "--two")))
    options = supervisor.Options(models=("operation",), runs=3, seconds=None, seed=1, explorer="search")
    assert supervisor.explore_file(loaded, options).failures == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("missing.py", "there is no such file"),
        (".", "is a folder"),
        ("syntax.py", r"syntax\.py:1: is no Python 3\.\d+: "),
        ("syntax.py::a::b::c", r"allowed: SCRIPT\.py, FILE\.py::FUNCTION"),
        ("syntax.py::a b", "allowed: SCRIPT"),
    ],
)
def test_what_is_no_script_is_refused_before_anything_runs(text: str, message: str) -> None:
    """Not there, a folder, no Python, no name."""
    Path("syntax.py").write_text("def (\n")
    with pytest.raises(InputError, match=message):
        entry.load(entry.named(text))


def test_a_token_names_a_file_in_this_folder_only() -> None:
    """A stranger's token cannot have another file run than one in the folder where it is replayed."""
    (finding,) = _explore("race.py", RACE).failures
    case = token.decode(finding.token)
    for what in ("/tmp/race.py", "../race.py", "a/../../race.py"):
        with pytest.raises(InputError, match="allowed: a file in this folder or below"):
            token.decode(token.encode(evolve(case, what=what)))
