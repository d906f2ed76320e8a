"""Futures that end or stop the process are found from outside of it, by the campaign's workers."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import pytest

from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import Reproduction, Runner, run_case
from futurefuzz.findings import token
from futurefuzz.findings.finding import Case
from futurefuzz.findings.minimiser import minimise
from tests.zoo.general_zoo import VARIANTS
from tests.zoo.hunt import programs_of, scenarios_of
from tests.zoo.variant import Variant

ROOT: Final = Path(__file__).parents[2]

#: seconds after which a run hangs; one of these programs takes milliseconds. Who looks for no hang need not guess.
HANGS: Final = {"CRASHES": 60.0, "SPINS": 4.0, "EXITS": 60.0}

SIGNATURES: Final = {
    "CRASHES": "zoo.CrashesOnLateRemoval:X1:SIGSEGV in remove_done_callback",
    "SPINS": "zoo.SpinsWhenCancelled:X2:hang in exception",
    "EXITS": "zoo.ExitsOnTwoWinners:X3:exit 7 in completion",
}


def _found(runner: Runner, variant: Variant, timeout: float) -> tuple[Case, Reproduction]:
    """The first generated program that the process does not survive, run without a preemption."""
    for scenario, program in programs_of(variant.target, scenarios_of(variant.target), variant.programs):
        case = Case(scenario=scenario, target=variant.target.name, program=program)
        seen = runner.run(case, timeout=timeout)
        if seen.how is not None:
            return seen.case(case), seen
        assert {violation.clause for violation in seen.violations} <= {"A18"}
    raise AssertionError(f"{variant} survived {variant.programs} programs")


@pytest.mark.parametrize("name", VARIANTS)
def test_an_end_of_the_process_is_found_and_its_token_replays(name: str) -> None:
    """Found by generated programs, made small where that is cheap, and replayed alone from its token."""
    variant = VARIANTS[name]
    setup = Setup(references=(f"tests.zoo.general_zoo:{name}",), path=(str(ROOT),))
    with Runner(setup) as runner:
        case, seen = _found(runner, variant, HANGS[name])
        assert [violation.clause for violation in seen.violations] == [variant.clause]
        assert seen.signature == SIGNATURES[name]

        def keeps(smaller: Case) -> Case | None:
            tried = runner.run(smaller, timeout=HANGS[name])
            return tried.case(smaller) if tried.signature == seen.signature else None

        if seen.how != "hang":  # each try would cost the whole timeout
            case = minimise(case, keeps, budget=40)
            assert len(case.program.operations()) <= 4
    decoded, signature = token.decode(token.encode(case, SIGNATURES[name]))
    again = run_case(decoded, setup, timeout=HANGS[name])
    assert again.signature == signature
