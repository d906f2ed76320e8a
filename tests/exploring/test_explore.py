"""`explore` finds each kind of failure that nobody wrote an oracle for, and leaves what is right alone."""

from __future__ import annotations

import concurrent.futures
import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

from futurefuzz.errors import InputError
from futurefuzz.exploring import running
from futurefuzz.exploring.api import explore
from tests.exploring import planted

ROOT = Path(__file__).resolve().parents[2]


def _only(function: Any, **options: Any) -> Any:
    found = explore(function, seed=1, **{"model": "operation", **options})
    assert len(found.failures) == 1, found.report()
    return found.failures[0]


def test_a_lock_order_deadlock_is_found_with_its_circle_and_one_preemption() -> None:
    """Who waits for whom is said, and one preemption is enough."""
    finding = _only(planted.lock_order)
    assert finding.kind == "deadlock"
    assert finding.cause == "deadlock: main waits for other, other waits for main"
    assert (finding.preemptions, finding.always) == (1, False)
    assert finding.model == "operation"


def test_an_exception_in_a_thread_is_found_and_named_after_its_place() -> None:
    """`done()` and `set_result` against `cancel()`: the exception that the thread dies of is the finding."""
    finding = _only(planted.done_then_set)
    assert finding.signature == "exception:InvalidStateError:planted.py:done_then_set.<locals>.worker"
    assert "in worker at planted.py:" in finding.cause
    assert finding.preemptions == 2


def test_a_check_judges_what_the_function_returned() -> None:
    """A lost update shows in the result only, and the check sees it."""
    finding = _only(planted.split_counter, check=lambda total: total == 2)
    assert (finding.kind, finding.preemptions) == ("check", 1)


def test_a_livelock_is_a_run_that_does_not_end_under_a_fair_schedule() -> None:
    """A thread that waits for a flag which nobody sets is found."""
    finding = _only(planted.spinning)
    assert finding.kind == "livelock"


def test_a_livelock_is_shown_by_how_it_began_and_what_goes_round() -> None:
    """Not by thousands of rows: one round of each thread that goes round, and nobody else's. What leads to it is short:
    one departure is enough, and everybody is let go fairly soon after it."""
    found = explore(planted.late_livelock, seed=1, model="operation", stop="first")
    (finding,) = found.failures
    rounds = [(row.thread, row.text) for row in finding.rows if row.kind == "round"]
    assert rounds == [("second", "while lost:"), ("second", "with lock:"), ("second", "pass")]
    assert len(finding.rows) < 30
    assert "and then again and again:" in found.report()
    assert finding.fair_from is not None
    assert finding.fair_from < 16
    assert len(finding.schedule) <= 2


@pytest.mark.parametrize("model", ["operation", "gil"])
@pytest.mark.parametrize("function", [planted.swallowing, planted.swallowing_twice])
def test_a_main_thread_that_swallows_everything_comes_back(function: Any, model: str) -> None:
    """The end of its run is raised at every line, until it is outside of every `try`; a debugger stays as it was."""
    before = sys.gettrace()
    finding = _only(function, model=model, stop="first", runs=20)
    assert finding.signature.startswith("deadlock:")
    assert sys.gettrace() == before


def test_what_swallows_even_that_ends_the_process_and_says_where() -> None:
    """In a process of its own: exit code 3, and the line."""
    code = (
        "from futurefuzz.control import insisting; insisting._MOST = 0\n"
        "from futurefuzz.exploring.api import explore; from tests.exploring import planted\n"
        "explore(planted.swallowing, runs=2, model='operation')\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=False, cwd=ROOT
    )
    assert done.returncode == 3
    assert "planted.py:" in done.stderr
    assert "swallows every exception" in done.stderr


def test_starving_a_thread_is_no_livelock() -> None:
    """A loop that polls ends under every fair schedule, so it is no failure, although some schedules starve it."""
    found = explore(planted.polling, seed=1, runs=20, model="operation")
    assert found.failures == ()
    assert "starve" in found.stages[0].note


@pytest.mark.parametrize(
    ("function", "kind", "always"),
    [
        (planted.foreign_set, "deadlock", True),
        (planted.posted_set_and_cancel, "loop", None),
        (planted.never_retrieved, "never-retrieved", True),
        (planted.never_awaited, "never-awaited", True),
        (planted.impatient, "exception", False),
    ],
)
def test_what_asyncio_complains_of_is_a_failure(function: Any, kind: str, always: bool | None) -> None:
    """A lost wake-up, a loop's exception handler, exceptions that nobody asked for, timeouts that strike early."""
    finding = _only(function)
    assert finding.kind == kind
    if always is not None:
        assert finding.always is always


def test_a_waiting_loop_is_named_after_the_await_of_its_task() -> None:
    """Where the loop itself sleeps says nothing; where its task waits does."""
    assert _only(planted.foreign_set).signature.endswith("@planted.py:foreign_set")


@pytest.mark.parametrize(
    ("function", "check"),
    [
        (planted.one_order, None),
        (planted.whole_counter, lambda total: total == 2),
        (planted.posted_set, None),
        (planted.queued, lambda got: got == [1, 2]),
        (planted.sleeping, lambda passed: passed >= 3600),
    ],
)
def test_what_is_right_gets_a_certificate(function: Any, check: Any) -> None:
    """Small programs are run completely up to two preemptions, and the result says how many interleavings that was."""
    found = explore(function, seed=1, runs=2000, model="operation", check=check)
    assert found.failures == ()
    assert found.certificate is not None
    assert "interleaving" in found.certificate


def test_a_budget_that_is_spent_gives_a_sample_and_no_certificate() -> None:
    """A thread pool has more interleavings than twenty."""
    found = explore(planted.pooled, seed=1, runs=20, model="operation", check=lambda got: got == [1, 4])
    assert (found.failures, found.certificate) == ((), None)
    assert "a sample, not a proof" in found.report()


def test_a_finding_names_the_weakest_model_that_shows_it() -> None:
    """A switch between read and write: at the return of a C call under the GIL, anywhere without one."""
    assert _only(planted.split_counter, check=lambda total: total == 2, model="free-threaded").model == "operation"
    assert _only(planted.appended, model="free-threaded").model == "gil"
    assert _only(planted.bare_counter, model="free-threaded").model == "free-threaded"


def test_what_needs_no_gil_is_not_found_under_the_gil() -> None:
    """The certificate of the weaker model is honest: `+=` on an attribute cannot be split under the GIL."""
    found = explore(planted.bare_counter, seed=1, model="gil")
    assert found.certificate is not None
    assert "(model gil)" in found.certificate


def test_the_same_seed_makes_the_same_exploration() -> None:
    """Findings, counts and reports repeat."""
    one, two = (explore(planted.done_then_set, seed=5, model="operation") for _ in range(2))
    assert one.failures == two.failures
    assert one.runs == two.runs


def test_the_report_shows_source_lines_switches_and_the_failure() -> None:
    """The page reads: who stood where, who went instead, what then failed."""
    report = explore(planted.done_then_set, seed=1, model="operation").report()
    assert "future.set_result(1)" in report
    assert "stopped here, before: acquire RLock" in report
    assert "✗" in report
    assert "InvalidStateError" in report
    assert "can happen on any build of Python (model operation)" in report


def _two_failures() -> None:
    """A worker that looks and then sets, and a main thread that trusts its cancel."""
    future: concurrent.futures.Future[int] = concurrent.futures.Future()

    def worker() -> None:
        if not future.done():
            future.set_result(1)

    thread = threading.Thread(target=worker, name="worker")
    thread.start()
    assert future.cancel()
    thread.join()


def test_all_failures_of_a_function_are_found_or_the_first_alone() -> None:
    """Each with its own signature; whoever wants one gets one."""
    found = explore(_two_failures, seed=1, model="operation")
    assert sorted(finding.kind for finding in found.failures) == ["assertion", "exception"]
    (first,) = explore(_two_failures, seed=1, model="operation", stop="first").failures
    assert first == found.failures[0]
    assert all(finding.confirmed == (3, 3) for finding in found.failures)


def test_to_the_end_of_the_budget_stronger_models_are_tried_after_a_finding() -> None:
    """Soon means under the model that showed one."""
    soon, whole = (explore(_two_failures, seed=1, runs=300, model="gil", stop=stop) for stop in ("soon", "budget"))
    assert [stage.model for stage in soon.stages] == ["operation"]
    assert [stage.model for stage in whole.stages] == ["operation", "gil"]
    assert len(whole.failures) == 2


def test_who_calls_explore_is_no_part_of_a_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a loop alone stands in a run, the caller's frames below the run are not looked at."""
    follow = running.Runner.follow
    monkeypatch.setattr(running.Runner, "follow", lambda self, *args, **named: follow(self, *args, **named))
    assert _only(planted.impatient).kind == "exception"


HASHED = """\
import concurrent.futures, threading
from futurefuzz.exploring.api import explore
from tests.exploring import planted

kept = []

def keeping():
    kept.append(concurrent.futures.Future())
    hash(kept[-1])

def say():
    print(["__hash__" in vars(kind) for kind in (concurrent.futures.Future, threading.Thread)])

explore(planted.pooled, seed=1, runs=5, model="operation")
say()
explore(keeping, seed=1, runs=2, model="operation")
say()
kept.clear()
explore(planted.queued, seed=1, runs=5, model="operation")
say()
"""


def test_nothing_is_left_on_the_classes_of_the_library() -> None:
    """Futures and threads are hashed as ever afterwards, unless one that was hashed in a run is still alive."""
    done = subprocess.run(
        [sys.executable, "-c", HASHED], capture_output=True, text=True, timeout=60, check=True, cwd=ROOT
    )
    assert done.stdout.splitlines() == ["[False, False]", "[True, True]", "[False, False]"]


def test_wrong_arguments_are_refused() -> None:
    """No function, no such model, no such explorer."""
    with pytest.raises(InputError, match="explore takes a function"):
        explore("function")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="unknown model 'gill'; allowed: operation, gil, free-threaded"):
        explore(planted.pooled, model="gill")
    with pytest.raises(InputError, match="unknown explorer 'luck'"):
        explore(planted.pooled, explorer="luck")
    with pytest.raises(InputError, match="unknown stop 'never'; allowed: first, soon, budget"):
        explore(planted.pooled, stop="never")


def test_explore_is_there_under_the_packages_own_name() -> None:
    """As the documentation writes it."""
    import futurefuzz

    assert futurefuzz.explore is explore
    with pytest.raises(AttributeError, match="no attribute 'explode'"):
        _ = futurefuzz.explode  # type: ignore[attr-defined]


def test_what_is_blocked_outside_of_control_is_named_and_costs_the_certificate() -> None:
    """A pipe that is read without a loop: the others go on, and nothing is claimed to be complete."""

    def reading() -> None:
        read, write = os.pipe()
        thread = threading.Thread(target=lambda: os.read(read, 1))
        thread.start()
        other = threading.Thread(target=os.write, args=(write, b"x"))
        other.start()
        other.join()
        thread.join()
        os.close(read)
        os.close(write)

    found = explore(reading, seed=1, runs=6, model="operation")
    assert (found.failures, found.certificate) == ((), None)
    assert "not all was under control: blocked at" in found.stages[0].note
