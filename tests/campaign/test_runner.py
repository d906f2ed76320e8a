from __future__ import annotations

from collections.abc import Iterator

import pytest

from futurefuzz.campaign.process import Worker
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import Runner, Stopped, carrier_names, run_case
from futurefuzz.errors import HarnessError, InputError
from futurefuzz.programs.program import Actor, Program
from tests.campaign.helpers import case, setup

CRASH = "hostile.crashing:X1:SIGSEGV in completion"


def test_ordinary_run_in_a_fresh_process() -> None:
    """A run that survives tells its events, steps, names and choices."""
    done = run_case(case("concurrent.Future", ("set_result",), ("result",)), Setup())
    assert done.how is None
    assert (done.status, done.violations, done.names) == ("completed", (), ("thread 0", "thread 1"))
    assert [event["site"] for event in done.events if event["kind"] == "call"] == ["0.0", "1.0"]
    assert len(done.steps) > 2


def test_crash_has_its_events_its_operation_and_its_stack() -> None:
    """A segmentation fault is told with everything that came before it."""
    done = run_case(case("hostile.crashing", ("done", "set_result")), setup("hostile:CRASHING"))
    assert (done.how, done.signature, done.status) == ("SIGSEGV", CRASH, "died")
    assert done.violations[0].clause == "X1"
    assert [event["kind"] for event in done.events if event["kind"] in ("call", "return")] == ["call", "return", "call"]
    assert "Segmentation fault" in done.errors
    assert "string_at" in done.errors


@pytest.mark.parametrize(
    ("name", "target", "signature"),
    [
        ("ABORTING", "hostile.aborting", "hostile.aborting:X1:SIGABRT in completion"),
        ("KILLED", "hostile.killed", "hostile.killed:X1:SIGKILL in completion"),
        ("EXITING", "hostile.exiting", "hostile.exiting:X3:exit 0 in completion"),
    ],
)
def test_ends_of_the_process(name: str, target: str, signature: str) -> None:
    """Abort, kill (as when memory runs out) and a silent exit are told apart and name the operation."""
    assert run_case(case(target, ("set_result",)), setup(f"hostile:{name}")).signature == signature


def test_hang_is_ended_and_shows_where() -> None:
    """A run that does not end is killed after its time and says in which function it was."""
    done = run_case(case("hostile.hanging", ("set_result",)), setup("hostile:HANGING"), timeout=1.0)
    assert done.signature == "hostile.hanging:X2:hang in completion"
    assert "in set_result" in done.errors


def test_memory_that_runs_out_is_a_finding() -> None:
    """A target that cannot get its memory is found out, by the oracles or by the end of its process."""
    done = run_case(case("hostile.greedy", ("set_result",)), setup("hostile:GREEDY"))
    assert done.violations
    assert "MemoryError" in f"{done.how} {done.events}"


def test_target_that_prints_does_not_disturb() -> None:
    """Standard streams are the target's own: whatever it prints, the answers stay right."""
    with Runner(setup("hostile:PRINTING")) as runner:
        for _ in range(3):
            done = runner.run(case("hostile.printing", ("set_result", "result")))
            assert (done.how, done.status, done.violations) == (None, "completed", ())
            assert '{"died": {}}' in done.errors


def test_an_event_that_is_none_is_nonsense_of_the_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """A process whose memory is broken can say anything; seen on CPython 3.11.7, where a campaign then failed."""

    def speaks(self: Worker, timeout: float, stop: object) -> Iterator[dict[str, object]]:
        yield {"event": {"site": "0.0"}}

    monkeypatch.setattr(Worker, "conversation", speaks)
    with Runner(setup("concurrent.Future")) as runner, pytest.raises(HarnessError, match=r"nonsense.*no event"):
        runner.run(case("concurrent.Future", ("set_result",)))


def test_runner_goes_on_after_a_crash() -> None:
    """A forked child takes the place of one that died, with the same targets."""
    both = setup("hostile:CRASHING", "hostile:EXITING", "concurrent.Future")
    with Runner(both) as runner:
        for _ in range(3):
            assert runner.run(case("hostile.crashing", ("set_result",))).signature == CRASH
            assert runner.run(case("concurrent.Future", ("set_result",))).violations == ()
            assert runner.run(case("hostile.exiting", ("set_result",))).how == "exit 0"


def test_runner_without_fork_starts_again() -> None:
    """Where the worker does the work itself, a crash is followed by a new worker."""
    with Runner(setup("hostile:CRASHING"), fork=False) as runner:
        assert runner.run(case("hostile.crashing", ("set_result",))).signature == CRASH
        assert runner.run(case("hostile.crashing", ("set_result",))).signature == CRASH


def test_raw_choices_and_their_schedule_are_the_same_run() -> None:
    """A run under raw choices gives a schedule that, in a fresh process, is that run again; for a crash too."""
    raw = case("hostile.twice", ("set_result", "done"), ("done", "set_result"))
    loaded = setup("hostile:TWICE")
    first = run_case(raw, loaded, choices=[1, 0, 1, 0, 1, 0, 1])
    assert first.how == "SIGSEGV"
    again = run_case(first.case(raw), loaded)
    assert again.diverged == ()
    assert again.steps == first.steps
    assert again.events == first.events


def test_schedule_that_does_not_fit_says_so() -> None:
    """Switches that are not met are told."""
    first = run_case(case("concurrent.Future", ("done", "done"), ("done",)), Setup(), choices=[1, 0, 0])
    longer = first.case(case("concurrent.Future", ("done",), ("set_result",)))
    other = run_case(longer.__class__(scenario="t", target="asyncio.Future", program=longer.program), Setup())
    assert other.how is None
    assert run_case(first.case(case("concurrent.Future", ("done",))), Setup()).diverged


def test_search_finds_the_schedule_that_fails() -> None:
    """A program is searched for a schedule that shows a signature; none where there is none."""
    with Runner(setup("hostile:TWICE", "concurrent.Future")) as runner:
        raw = case("hostile.twice", ("set_result", "done"), ("set_result",))
        signature = "hostile.twice:X1:SIGSEGV in completion"
        choices = runner.search(raw, signature, runs=50)
        assert choices is not None
        assert runner.run(raw, choices=choices).signature == signature
        assert runner.search(case("concurrent.Future", ("done",)), signature, runs=50) is None


def test_end_in_another_operation_is_the_same_finding() -> None:
    """For the end of a process the operation does not matter, but target and manner do; for others all matters."""
    crash = run_case(case("hostile.crashing", ("set_result",)), setup("hostile:CRASHING"))
    assert crash.shows("hostile.crashing:X1:SIGABRT in no operation")
    assert not crash.shows("hostile.crashing:X2:hang in completion")
    assert not crash.shows("hostile.other:X1:SIGSEGV in completion")
    bug = run_case(case("hostile.forgetful", ("set_result", "result")), setup("hostile:FORGETFUL"))
    assert bug.signature is not None
    assert bug.shows(bug.signature)
    assert not bug.shows(bug.signature + "!")


def test_unknown_target_is_an_input_error() -> None:
    """It names the target and what is allowed."""
    with pytest.raises(InputError, match=r"unknown target 'nope'; allowed: .*concurrent\.Future"):
        run_case(case("nope", ("done",)), Setup().only("nope"))


@pytest.mark.parametrize(
    ("reference", "text"),
    [
        ("no_such_module:X", "cannot import no_such_module"),
        ("hostile:NOPE", "no attribute 'NOPE'"),
        ("hostile:NOT_A_TARGET", "expected a futurefuzz.targets.base.Target, not int"),
    ],
)
def test_bad_reference_is_an_input_error(reference: str, text: str) -> None:
    """A `module:attribute` that is no target is told in one line."""
    with pytest.raises(InputError, match=text) as caught:
        run_case(case("x", ("done",)), setup(reference))
    assert "\n" not in str(caught.value)


def test_worker_that_cannot_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    """An interpreter that is not there, and one that ends at once, are harness errors with a reason."""
    monkeypatch.setattr("sys.executable", "/no/such/python")
    with pytest.raises(HarnessError, match="cannot start a worker with /no/such/python"):
        run_case(case("x", ("done",)), Setup())
    monkeypatch.setattr("sys.executable", "/bin/false")
    with pytest.raises(HarnessError, match="exit code 1 before it was ready"):
        run_case(case("x", ("done",)), Setup())


def test_stop_gives_up() -> None:
    """Whoever asked for the run can give up while it lasts."""
    asked = iter(range(1000))
    with pytest.raises(Stopped):
        run_case(case("hostile.hanging", ("set_result",)), setup("hostile:HANGING"), stop=lambda: next(asked) > 5)


def test_names_of_carriers() -> None:
    """The names that a dead run could not tell are those that it would have told."""
    program = Program(actors=(Actor(kind="task"), Actor(kind="thread"), Actor(kind="thread")))
    assert carrier_names(program, "asyncio") == ("loop", "thread 1", "thread 2")
    assert carrier_names(program, "concurrent") == ("thread 1", "thread 2")
