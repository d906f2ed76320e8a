"""Leaks within campaigns: found by a unit, replayed as a case, searched for, confirmed and made small."""

from __future__ import annotations

from pathlib import Path

import pytest

from futurefuzz.campaign.campaign import Campaign, Options
from futurefuzz.campaign.listener import Silent
from futurefuzz.campaign.runner import Runner, run_case
from futurefuzz.findings import token
from futurefuzz.findings.finding import Case
from futurefuzz.programs.program import Actor, Operation, Program
from tests.campaign.helpers import HERE, setup

_SIGNATURE = "leaky.keeping:L2:value survives"


def _case(target: str, *names: str) -> Case:
    actor = Actor(kind="task", operations=tuple(Operation(name=name) for name in names))
    return Case(scenario="test", target=target, program=Program(actors=(actor,)))


def test_a_case_is_looked_at_for_leaks_when_a_leak_is_what_it_should_show() -> None:
    """Else it is one ordinary run; a target that tidies up shows nothing either way."""
    leaking, ordinary = _case("leaky.keeping", "done", "set_result"), setup("leaky:KEEPING")
    seen = run_case(leaking, ordinary, signature=_SIGNATURE)
    assert seen.shows(_SIGNATURE)
    assert "class Keeping → list (.results)" in seen.violations[0].cause
    assert "without f0.set_result() of actor 0 (0.1) there is none of it" in seen.violations[0].cause
    event = seen.events[seen.violations[0].at]
    assert (event["kind"], event["site"]) == ("return", "0.1")
    assert run_case(leaking, ordinary).violations == ()
    tidy = _case("leaky.tidy", "done", "set_result")
    assert run_case(tidy, setup("leaky:TIDY"), signature=_SIGNATURE.replace("keeping", "tidy")).violations == ()


def test_a_schedule_that_leaks_is_searched_for() -> None:
    """The search looks at what each run leaves behind."""
    with Runner(setup("leaky:KEEPING")) as runner:
        assert runner.search(_case("leaky.keeping", "set_result"), _SIGNATURE, runs=2) is not None
        assert runner.search(_case("leaky.keeping", "cancel"), _SIGNATURE, runs=2) is None


def test_a_campaign_finds_a_leak_and_makes_it_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One unit in eight is looked at; the finding replays through its token."""
    monkeypatch.setattr("futurefuzz.campaign.investigator.BUDGET", 80)
    options = Options(
        seed=1,
        seconds=60.0,
        runs=700,
        jobs=1,
        targets=("leaky:KEEPING",),
        scenarios=("loop_only",),
        corpus=tmp_path,
        path=(HERE,),
        shipped=False,
    )
    outcome = Campaign(options, Silent()).run()
    (reported,) = [one for one in outcome.findings if ":L" in one.finding.signature]
    finding = reported.finding
    assert (finding.signature, finding.grade, finding.oracle) == (_SIGNATURE, "forbidden", "leaks")
    assert finding.rate.reproduced == 3
    assert [operation.name for operation in finding.case.program.operations()] == ["set_result"]
    case, signature = token.decode(reported.token)
    assert run_case(case, setup("leaky:KEEPING"), signature=signature).shows(_SIGNATURE)

