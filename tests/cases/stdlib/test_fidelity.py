"""CPython's own unit tests pass under control; which ones do not is written in `docs/fidelity.md`."""

from __future__ import annotations

import pytest

from tests.cases.stdlib import report
from tests.cases.stdlib.measuring import MODULES, Outcome, measure, names_of


def _outcomes(module: str, runs: int = 2) -> list[Outcome]:
    names = names_of(module)
    if not names:
        pytest.skip(f"this interpreter does not ship {module}")
    return measure(module, names, runs=runs)


@pytest.mark.parametrize("module", ["test.test_asyncio.test_locks", "test.test_asyncio.test_queues"])
def test_locks_and_queues_of_asyncio_pass_their_own_tests(module: str) -> None:
    """All of them, in the plainest schedule and in a random one."""
    assert [each for each in _outcomes(module) if each.verdict not in ("passed", "skipped")] == []


def test_virtual_time_waits_for_what_the_kernel_holds_back() -> None:
    """Two ends of a real connection on one loop: a packet that comes 40 ms late is not 30 virtual seconds late."""
    module, name = "test.test_asyncio.test_streams", "StreamTests.test_start_tls"
    if name not in names_of(module):
        pytest.skip(f"this interpreter does not ship {module} with {name}")
    assert [each.verdict for each in measure(module, [name], runs=3)] == ["passed"]


def test_a_handle_in_debug_mode_tells_of_its_caller_and_not_of_the_control() -> None:
    """As without control: the traceback ends where `call_soon` was called."""
    module, name = "test.test_asyncio.test_events", "HandleTests.test_handle_source_traceback"
    if name not in names_of(module):
        pytest.skip(f"this interpreter does not ship {module}")
    assert [each.verdict for each in measure(module, [name], runs=2)] == ["passed"]


def test_a_test_that_goes_wrong_in_any_way_is_told_and_the_others_are_run() -> None:
    """A measure that cannot fail measures nothing."""
    module = "tests.cases.stdlib.planted"
    found = measure(module, names_of(module), runs=4, patience=3.0)
    assert {each.name.partition(".test_")[2]: each.verdict for each in found} == {
        "computes_for_ever": "hangs",
        "ends_the_process": "crashed",
        "is_right": "passed",
        "loses_an_update": "failed",
        "skips": "skipped",
        "waits_for_itself": "stuck",
    }
    (racy,) = [each for each in found if each.verdict == "failed"]
    assert "AssertionError: 1 of 2" in racy.why
    assert "random schedule" in racy.why


@pytest.mark.slow
@pytest.mark.timeout(3000)
def test_at_least_95_percent_pass() -> None:
    """The measure of the whole; the rest is explained."""
    outcomes = [outcome for module in MODULES for outcome in measure(module, names_of(module), runs=3)]
    if not outcomes:
        pytest.skip("this interpreter does not ship its tests")
    assert report.percentage(outcomes) >= 95.0


def test_the_report_keeps_other_interpreters_and_explains() -> None:
    """A section is replaced by its title; what nobody has looked into is said to be so."""
    outcomes = [
        Outcome(module="test.test_a", name="T.test_one", verdict="passed", why=""),
        Outcome(module="test.test_a", name="T.test_internal_fds", verdict="failed", why="AssertionError: 1 != 0"),
        Outcome(module="test.test_a", name="T.test_new", verdict="stuck", why="main waits for a | b"),
        Outcome(module="test.test_a", name="T.test_skips", verdict="skipped", why="no"),
    ]
    old = report.with_section("", report.section("CPython 3.11.0", outcomes[:1], 3))
    both = report.with_section(old, report.section("CPython 3.13.0", outcomes, 3))
    assert "1 of 1 tests pass unchanged in 3 runs each: 100.0 %." in both
    assert "1 of 3 tests pass unchanged in 3 runs each: 33.3 %." in both
    assert "| failed | by design: counts the descriptors" in both
    assert "| stuck | not looked into: main waits for a \\| b |" in both
    assert report.with_section(both, report.section("CPython 3.13.0", outcomes, 3)) == both
