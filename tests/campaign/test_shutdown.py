"""Programs that end with their process: how the interpreter ends is seen, told, made small and replayed."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest
from attrs import evolve

from futurefuzz.campaign.campaign import Campaign, Options
from futurefuzz.campaign.listener import Silent
from futurefuzz.campaign.outcome import Outcome
from futurefuzz.campaign.runner import Reproduction, Runner, run_case
from futurefuzz.findings import token
from futurefuzz.findings.finding import Case
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.operations import EXITS
from futurefuzz.programs.program import Actor, Hook, Operation, Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs.leaving import leaves
from futurefuzz.targets.base import find
from tests.campaign.helpers import HERE, setup

KINDS = ("exit", "exit-late", "exit-garbage")
TARGETS = ("ABORTING", "BRITTLE", "HANGING", "LEAVING", "SOUND")


Run = Callable[..., Reproduction]


@pytest.fixture(scope="module")
def run() -> Iterator[Run]:
    """Runs a case in a process of its own, forked from one that has loaded what it takes: importing is what costs."""
    with Runner(setup(*(f"ending:{name}" for name in TARGETS), "concurrent.Future")) as runner:
        yield runner.run


def _case(target: str, kind: str = "exit", *operations: str, before: str = "done", nth: int = 1) -> Case:
    hook = Hook(kind=kind, nth=nth, operations=tuple(Operation(name=name) for name in operations))
    actor = Actor(kind="thread", operations=(Operation(name=before),))
    return Case(scenario="test", target=target, program=Program(actors=(actor,), hooks=(hook,)))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("aborting", "ending.aborting:X1:SIGABRT in shutdown"),
        ("leaving", "ending.leaving:X3:exit 0 in shutdown"),
    ],
)
def test_an_end_of_the_interpreter_that_goes_wrong_is_seen(name: str, kind: str, signature: str, run: Run) -> None:
    """A crash and a silent exit in a finaliser are found, whoever holds the future until then."""
    done = run(_case(f"ending.{name}", kind))

    assert (done.signature, done.status) == (signature, "died")
    assert "shutdown" in done.violations[0].cause


def test_an_interpreter_that_does_not_end_is_ended(run: Run) -> None:
    """A finaliser that never comes back is a hang, which is given its time and no more."""
    done = run(_case("ending.hanging"), timeout=1.0)

    assert done.signature == "ending.hanging:X2:hang in shutdown"


@pytest.mark.parametrize("kind", EXITS)
def test_a_sound_future_lets_the_interpreter_end(kind: str, run: Run) -> None:
    """The twin with a harmless finaliser shows nothing, and its run is told as any other."""
    done = run(_case("ending.sound", kind, "set_result", "cancel", "repr"))

    assert (done.how, done.violations, done.status) == (None, (), "completed")
    assert [event["kind"] for event in done.events if event["kind"] in ("call", "return")] == ["call", "return"]


def test_finalisers_act_while_the_interpreter_ends(run: Run) -> None:
    """What a hook says is done then, and only then: a future that dies of being resolved in the end, does."""
    assert run(_case("ending.brittle", "exit", "set_result")).how == "SIGABRT"
    assert run(_case("ending.brittle", "exit-late", "set_result", nth=2)).how == "SIGABRT"
    assert run(_case("ending.brittle", "exit-garbage", "set_result")).how == "SIGABRT"
    assert run(_case("ending.brittle", "exit", "done", before="set_result")).how is None


def test_a_runner_goes_on_after_an_end() -> None:
    """Each such case takes a process with it, and the next one finds another."""
    for fork, names in ((True, ("sound", "aborting", "sound", "sound")), (False, ("aborting", "sound"))):
        with Runner(setup("ending:SOUND", "ending:ABORTING"), fork=fork) as runner:
            ends = [runner.run(_case(f"ending.{name}")).how for name in names]
        assert ends == ["SIGABRT" if name == "aborting" else None for name in names]


def test_a_token_replays_an_end() -> None:
    """The token of such a finding holds the program, and shows the same end again."""
    case = _case("ending.aborting")
    text = token.encode(case, "ending.aborting:X1:SIGABRT in shutdown")
    again, signature = token.decode(text)

    assert again == case
    assert run_case(again, setup("ending:ABORTING")).shows(signature)


def _fuzzed(tmp_path: Path, name: str, runs: int) -> Outcome:
    options = Options(
        seed=1, runs=runs, targets=(f"ending:{name}",), scenarios=("hostile_exit",), path=(HERE,), shipped=False,
        corpus=tmp_path,
    )  # fmt: skip
    return Campaign(options, Silent()).run()


@pytest.mark.slow
def test_a_campaign_finds_and_minimises_a_bad_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The scenario finds the planted bug, makes it small, and keeps the hook that it takes."""
    monkeypatch.setattr("futurefuzz.campaign.investigator.BUDGET", 30)
    monkeypatch.setattr("futurefuzz.campaign.investigator.SEARCH", 1)
    outcome = _fuzzed(tmp_path, "ABORTING", 3)

    (found,) = [reported.finding for reported in outcome.findings if ":X" in reported.finding.signature]
    assert found.signature == "ending.aborting:X1:SIGABRT in shutdown"
    assert (found.rate.reproduced, found.rate.tried) == (3, 3)
    assert leaves(found.case.program)
    assert len(found.case.program.operations()) <= 2


def test_a_campaign_sees_a_bad_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same, as fast as can be: without looking into it."""
    monkeypatch.setattr("futurefuzz.campaign.investigator.BUDGET", 0)
    monkeypatch.setattr("futurefuzz.campaign.investigator.SEARCH", 0)

    assert _fuzzed(tmp_path, "ABORTING", 2).crashes > 0


def test_a_campaign_finds_nothing_in_its_twin(tmp_path: Path) -> None:
    """Eight ends of an interpreter with a sound future: none is blamed, and every run is counted."""
    outcome = _fuzzed(tmp_path, "SOUND", 8)

    assert [reported.finding.signature for reported in outcome.findings if ":X" in reported.finding.signature] == []
    assert (outcome.runs, outcome.crashes) == (8, 0)


def test_only_who_asks_for_it_gets_programs_that_end_the_interpreter() -> None:
    """They cost a process each, so that no profile draws them without naming them."""
    scenarios = load_scenarios()
    target = find("asyncio.Future")
    drawn = {
        name: any(leaves(scenario.generate(RandomChoices(Random(seed)), target)) for seed in range(60))
        for name, scenario in scenarios.items()
        if scenario.fits(target)
    }

    assert [name for name, ends in drawn.items() if ends] == ["hostile_exit"]


def test_ends_are_no_misuse_of_the_run_before(run: Run) -> None:
    """The run itself is judged as if there were no hook."""
    hook = Hook(kind="exit", operations=(Operation(name="cancel"),), raises=False)
    case = _case("concurrent.Future")
    done = run(evolve(case, program=evolve(case.program, hooks=(hook,))))

    assert (done.how, done.violations) == (None, ())
