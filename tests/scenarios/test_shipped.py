"""The shipped scenarios: what they promise about legality, that they run, and what they reach."""

from __future__ import annotations

from collections import Counter
from random import Random

import pytest

from futurefuzz import explorers, targets
from futurefuzz.campaign.note import hook_of
from futurefuzz.errors import HarnessError
from futurefuzz.oracles import assess
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.operations import RESOLVING
from futurefuzz.programs.program import Operation, Program
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Run
from futurefuzz.shipped import directory
from futurefuzz.targets.base import Target

SCENARIOS = load_scenarios()
FUTURE = targets.find("asyncio.PyFuture")
PAIRS = [
    pytest.param(scenario, target, id=f"{name} on {target.name}")
    for name, scenario in SCENARIOS.items()
    for target in map(targets.find, targets.names())
    if scenario.fits(target)
]


def drawn(scenario: Scenario, target: Target, count: int) -> list[Program]:
    """Programs of one seed."""
    rng = Random(f"{scenario.name} {target.name}")
    return [scenario.generate(RandomChoices(rng), target) for _ in range(count)]


def runs(scenario: Scenario, target: Target, count: int) -> list[Run]:
    """Each program run once on a random schedule."""
    found = []
    for number, program in enumerate(drawn(scenario, target, count)):
        run = execute(program, target, explorers.make("random", Random(number)))
        assert run is not None
        found.append(run)
    return found


def test_every_target_has_a_legal_scenario_and_every_contract_is_covered() -> None:
    """No target is left to misuse alone."""
    for target in map(targets.find, targets.names()):
        assert [s.name for s in SCENARIOS.values() if s.legal and s.fits(target)]


@pytest.mark.parametrize(("scenario", "target"), PAIRS)
def test_programs_have_the_promised_size(scenario: Scenario, target: Target) -> None:
    """Two to five actors, one to three futures, as many operations as the profile allows and two that give it sense.

    A group has a compound beside its futures; that is made by one operation more, and its children may be completed.
    """
    grouped = target.children is not None
    more = 3 if grouped else 0
    for program in drawn(scenario, target, 300):
        assert 2 <= len(program.actors) <= 5
        assert 1 <= program.futures <= 3 + grouped
        assert all(1 <= len(actor.operations) <= scenario.profile.longest + 2 + more for actor in program.actors)


@pytest.mark.parametrize("name", [name for name, s in SCENARIOS.items() if s.legal and "asyncio" in s.contracts])
def test_threads_of_a_legal_asyncio_scenario_touch_no_future_directly(name: str) -> None:
    """From a thread, `call_soon_threadsafe` is the only documented way; posted are the resolving operations only."""
    scenario = SCENARIOS[name]
    target = next(one for one in map(targets.find, ("asyncio.Future", "asyncio.Task")) if scenario.fits(one))
    for program in drawn(scenario, target, 1000):
        assert not [hook for hook in program.hooks if hook.kind != "closed" or hook.raises]
        for actor in program.actors:
            if actor.kind == "thread":
                for operation in actor.operations:
                    assert operation.name == "collect" or (operation.via != "direct" and operation.name in RESOLVING)


def test_the_check_of_legal_scenarios_can_fail() -> None:
    """The misuse scenario does act directly from threads."""
    assert not SCENARIOS["off_thread"].legal
    assert any(
        operation.via == "direct" and operation.name in RESOLVING
        for program in drawn(SCENARIOS["off_thread"], targets.find("asyncio.Future"), 50)
        for actor in program.actors
        if actor.kind == "thread"
        for operation in actor.operations
    )


def test_threads_of_the_robust_bridge_post_only_what_asks_first() -> None:
    """And nothing that fails by itself."""
    for program in drawn(SCENARIOS["robust_bridge"], targets.find("asyncio.Future"), 500):
        vias = {o.via for a in program.actors if a.kind == "thread" for o in a.operations if o.name in RESOLVING}
        assert vias <= {"post-if-pending"}
        assert not {o.argument for o in program.operations()} & {"StopIteration", "not-an-exception"}


def test_the_robust_bridge_brings_no_exception_to_the_handler_of_the_loop() -> None:
    """Whatever the schedule."""
    for run in runs(SCENARIOS["robust_bridge"], targets.find("asyncio.PyFuture"), 150):
        assert [event for event in run.history if event.kind == "handler"] == []


def test_plain_posts_bring_invalid_state_to_the_handler_of_the_loop() -> None:
    """The check above can fail: without asking first, the loop's handler is called."""
    found = [
        event.outcome.what
        for run in runs(SCENARIOS["threadsafe_posts"], targets.find("asyncio.PyFuture"), 60)
        for event in run.history
        if event.kind == "handler" and event.outcome is not None
    ]
    assert "InvalidStateError" in found


def test_misuse_reaches_the_lost_wakeup() -> None:
    """A future completed off the loop's thread leaves the loop asleep beside ready callbacks."""
    found = runs(SCENARIOS["off_thread"], targets.find("asyncio.PyFuture"), 60)
    assert any(event.kind == "stall" for run in found for event in run.history)


def test_misuse_has_threads_that_add_remove_and_complete_one_future_at_once() -> None:
    """Three threads of which one registers, one removes and one completes are drawn by themselves."""
    program_count = 0
    for program in drawn(SCENARIOS["off_thread"], targets.find("asyncio.Future"), 1000):
        names = [{o.name for o in a.operations if o.future == 0} for a in program.actors if a.kind == "thread"]
        program_count += (
            sum("add_done_callback" in n for n in names) > 0
            and sum("remove_done_callback" in n for n in names) > 0
            and sum(bool(n & set(RESOLVING)) for n in names) > 0
            and len(names) >= 3
        )
    assert program_count > 100


def test_hooks_of_every_kind_that_python_makes_possible_act() -> None:
    """Operations are performed inside call-outs of seven kinds; asyncio never hashes a callback."""
    acted: Counter[str] = Counter()
    for run in runs(SCENARIOS["reentrant_callouts"], targets.find("asyncio.PyFuture"), 600):
        for event in run.history:
            if event.kind == "call" and event.site.startswith("h"):
                acted[run.program.hooks[int(event.site[1:].partition(".")[0])].kind] += 1
    assert set(acted) == {"call_soon", "get_debug", "eq", "repr", "del", "init", "context"}


def test_callbacks_are_removed_while_a_removal_compares_them() -> None:
    """Of 1,500 programs at least five remove a callback inside the `__eq__` that the removal of another one calls."""
    found = sum(map(_removes_in_a_comparison, runs(SCENARIOS["reentrant_callouts"], FUTURE, 1500)))
    assert found >= 5


def _removes_in_a_comparison(run: Run) -> bool:
    calls: list[tuple[str, int | None]] = []
    for event in run.history:
        if event.kind == "call":
            operation = event.what
            assert isinstance(operation, Operation)
            calls.append((operation.name, operation.callback))
        elif event.kind == "return" and calls:
            name, callback = calls.pop()
            hook = run.program.hooks[hook_of(event.site)] if event.site.startswith("h") else None
            inside = hook is not None and hook.kind == "eq"
            removed = event.outcome is not None and event.outcome.what.isdecimal() and int(event.outcome.what) > 0
            outer = calls[-1] if calls else ("", None)
            if inside and removed and name == outer[0] == "remove_done_callback" and callback != outer[1]:
                return True
    return False


def test_callbacks_that_are_equal_to_nothing_are_removed_while_they_are_registered() -> None:
    """Of 800 programs at least six ask the Python Future to remove such a callback, and it stays."""
    details = [
        violation.detail
        for run in runs(SCENARIOS["hostile_objects"], FUTURE, 800)
        for violation in assess(run).violations
    ]
    assert sum(detail == "callback that is not equal to itself stays" for detail in details) >= 6


@pytest.mark.parametrize(("scenario", "target"), [p for p in PAIRS if "Py" in str(p.id) or "asyncio" not in str(p.id)])
def test_most_runs_complete_and_something_happens_in_them(scenario: Scenario, target: Target) -> None:
    """At most a quarter get stuck, none runs for ever, and callbacks run or waiters wake in many of them.

    The C implementations are left out here: on old releases a misuse program may end the interpreter, as it should.
    A thread that waits for several futures gets stuck when one of them is left out: there it is half of the runs.
    """
    found = runs(scenario, target, 60)
    status = Counter(run.status for run in found)
    assert status["livelock"] == 0
    assert status["completed"] >= (30 if target.contract == "concurrent-compound" else 45)
    lively = sum(
        any(
            event.kind == "run"
            or (event.kind == "return" and event.outcome is not None and event.outcome.what[:2] in ("v:", "e:"))
            or (event.kind == "return" and event.outcome is not None and "CancelledError" in event.outcome.what)
            or (event.kind == "return" and event.outcome is not None and event.outcome.what[:1] == "[")
            for event in run.history
        )
        for run in found
    )
    assert lively >= 20


def test_a_shipped_folder_that_is_nowhere_means_a_damaged_installation() -> None:
    """The error names both places where it should be."""
    assert directory("corpus").is_dir()
    with pytest.raises(HarnessError, match=r"the folder 'recipes' is neither at .* nor at .*; install "):
        directory("recipes")
