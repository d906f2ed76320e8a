"""`explore --stress` counts what real threads do by themselves, and looks in control for what failed there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from futurefuzz.errors import InputError
from futurefuzz.exploring import command, entry
from futurefuzz.exploring.stress import interval, same, stress

THREADS = """\
import threading

def work():
    %s

threads = [threading.Thread(target=work) for _ in range(2)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

#: no schedule, but what only real threads are run with
INTERVAL = """\
import sys
assert sys.getswitchinterval() > 1e-5, "hurry"
"""

DEADLOCK = """\
import threading

a, b, both = threading.Lock(), threading.Lock(), threading.Barrier(2)

def one():
    with a:
        both.wait()
        b.acquire()

def two():
    with b:
        both.wait()
        a.acquire()

threads = [threading.Thread(target=each) for each in (one, two)]
for thread in threads:
    thread.start()
for thread in threads:
    thread.join()
"""

#: ends twice, then never
THIRD = """\
import sys, threading

def test_third():
    sys.rounds = getattr(sys, "rounds", 0) + 1
    if sys.rounds > 2:
        threading.Lock().acquire() and threading.Event().wait()
"""


@pytest.fixture(autouse=True)
def _in_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def _stress(source: str, *names: str, rounds: int) -> Any:
    Path("bug.py").write_text(source)
    return stress(entry.load(entry.named("::".join(["bug.py", *names]))), rounds=rounds, seconds=None, seed=1)


def _command(source: str, rounds: int = 40) -> tuple[int, dict[str, Any]]:
    Path("bug.py").write_text(source)
    code = command.run_explore(
        "bug.py",
        (),
        seconds=None,
        runs=rounds,
        seed=1,
        model="operation",
        explorer="search",
        instrument=(),
        json_file=Path("out.json"),
        stressing=True,
    )
    return code, json.loads(Path("out.json").read_text())


def test_what_is_right_passes_every_round() -> None:
    """As many rounds as asked for, no hits, and the rate is bounded from above."""
    found = _stress(THREADS % "pass", rounds=30)
    assert (found.rounds, found.hits) == (30, ())
    assert found.lines() == [
        "stress: 0 of 30 rounds on real threads (0.00%, 95 % interval 0.00% to 11.35%): no failure"
    ]


def test_a_failure_on_real_threads_is_found_in_control_and_shown(capsys: pytest.CaptureFixture[str]) -> None:
    """The rate comes from the real threads, the trace and the token from control, under one signature."""
    code, document = _command(THREADS % "raise ValueError('x')")
    signature = "exception:ValueError:bug.py:work"
    assert code == 1
    assert (document["stress"]["hits"][0]["signature"], document["stress"]["hits"][0]["hits"]) == (signature, 40)
    assert document["findings"][0]["signature"] == signature
    said = capsys.readouterr().out
    assert "stress: 40 of 40 rounds on real threads (100.00%, 95 % interval 91.24% to 100.00%)" in said
    assert "found in control, too" in said


def test_what_control_does_not_show_is_reported_with_its_rate(capsys: pytest.CaptureFixture[str]) -> None:
    """Still a finding: exit code 1, the interval around the rate, and no schedule."""
    code, document = _command(INTERVAL)
    (hit,) = document["stress"]["hits"]
    assert (code, document["findings"]) == (1, [])
    assert hit["interval"][0] < hit["hits"] / 40 < hit["interval"][1]
    assert "not found in control" in capsys.readouterr().out


def test_a_round_that_never_ends_is_a_hit_and_the_next_ones_are_made() -> None:
    """It is named after where its threads wait."""
    found = _stress(THIRD, "test_third", rounds=5)
    assert (found.rounds, found.hits) == (5, (("stuck:bug.py:test_third", 1),))


def test_a_deadlock_of_real_threads_is_found_in_control(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A round that never ends says where its threads wait; the deadlock of the same places is the one, with its
    schedule."""
    monkeypatch.setattr(command, "stress", lambda *args, **named: stress(*args, **named, patience=2.0))
    code, document = _command(DEADLOCK, rounds=2)
    (hit,) = document["stress"]["hits"]
    assert (code, hit["signature"]) == (1, "stuck:bug.py:<module>,bug.py:one,bug.py:two")
    assert document["findings"][0]["kind"] == "deadlock"
    assert "found in control, too" in capsys.readouterr().out


def test_how_often_threads_met_is_said_beside_every_result() -> None:
    """Threads that wait for each other overlap; without threads there is nothing to say."""
    found = _stress("both = __import__('threading').Barrier(2)\n" + THREADS % "both.wait()", rounds=5)
    assert (found.threaded, found.overlapped) == (5, 5)
    assert found.overlap().startswith("threads overlapped in 100% of the rounds, ")
    assert _stress("pass\n", rounds=2).overlap() == "no round has started a thread"


def test_a_crash_is_a_hit() -> None:
    """The process is gone; the supervisor is not."""
    found = _stress("import ctypes\nctypes.string_at(0)\n", rounds=2)
    assert found.hits == (("crash:SIGSEGV", 2),)


def test_a_script_that_leaves_its_process_is_told_of() -> None:
    """No endless loop of processes that come to nothing."""
    with pytest.raises(InputError, match="ends before the end of a round"):
        _stress("import os\nos._exit(0)\n", rounds=2)


def test_the_interval_is_wilsons() -> None:
    """Against values worked out by hand; without hits the lower end is 0, with nothing else the upper one is 1."""
    low, high = interval(10, 100)
    assert (round(low, 4), round(high, 4)) == (0.0552, 0.1744)
    assert interval(0, 0) == (0.0, 1.0)
    assert interval(0, 50)[0] == 0.0 < interval(0, 50)[1] < 0.08
    assert interval(50, 50)[1] == 1.0


def test_a_round_that_never_ends_is_the_deadlock_of_the_same_places() -> None:
    """Other places are another failure; other kinds must have the very same signature."""
    assert same("stuck:f.py:a,f.py:b", "deadlock:Lock@f.py:b,Lock@f.py:a")
    assert not same("stuck:f.py:a", "deadlock:Lock@f.py:a,Lock@f.py:b")
    assert not same("exception:ValueError:f.py:a", "exception:ValueError:f.py:b")
