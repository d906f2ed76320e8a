"""What a validation asks of a unit."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from futurefuzz.campaign.examination import Examination, Examiner, chosen
from futurefuzz.campaign.note import Note
from futurefuzz.campaign.plan import Pair, Unit
from futurefuzz.campaign.unit import UnitResult, run_unit
from futurefuzz.contracts import CLAUSES
from futurefuzz.contracts.verdict import Violation
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.codec import program_to_json
from futurefuzz.programs.features import features
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.targets import base as targets
from tests.oracles.histories import op, program


def _run(examination: Examination | None, sent: list[dict[str, Any]] | None = None) -> UnitResult:
    unit = Unit(number=0, pair=Pair("loop_only", "asyncio.Future"), nth=0, seed=1, examination=examination)
    note = Note()
    try:
        return run_unit(
            unit,
            load_scenarios(["loop_only"])["loop_only"],
            targets.find("asyncio.Future"),
            note=note,
            limit=1000,
            sent={},
            send=([] if sent is None else sent).append,
        )
    finally:
        note.close()


def test_an_examination_survives_the_way_to_the_worker() -> None:
    """And a campaign's units have none."""
    order = Examination(avoid=(frozenset({"a", "b"}),), want=frozenset({"c"}), program={"actors": []}, bound=1, runs=7)
    assert Examination.from_json(order.to_json()) == order
    assert Examination.from_json(None) is None
    assert _run(None).examined is None


def test_a_given_program_is_run_under_every_schedule() -> None:
    """To the end of its explorer, however often nothing new shows."""
    made = program(("task", [op("yield"), op("set_result")]), ("thread", [op("cancel", via="post")]))
    order = Examination(program=program_to_json(made), runs=1000)
    result = _run(order)
    assert result.exhausted
    assert result.examined is not None
    assert result.examined["tried"]["X1"] == result.runs > 2


def test_a_unit_cut_short_is_not_exhausted() -> None:
    """What was left out is not certified."""
    made = program(("task", [op("yield"), op("set_result")]), ("thread", [op("cancel", via="post")]))
    assert not _run(Examination(program=program_to_json(made), runs=2)).exhausted


def test_generated_programs_do_without_what_is_avoided() -> None:
    """Another one is drawn until they do."""
    scenario = load_scenarios(["loop_only"])["loop_only"]
    choices = RandomChoices(Random(3))
    avoid = [frozenset({"add_done_callback", "cancel"})]
    for _ in range(50):
        made = chosen(avoid, frozenset(), lambda: scenario.generate(choices, targets.find("asyncio.Future")))
        assert made is not None
        assert not avoid[0] <= features(made)


def test_generated_programs_have_what_is_wanted_where_that_can_be() -> None:
    """What nobody can have stops nothing."""
    scenario = load_scenarios(["loop_only"])["loop_only"]
    choices = RandomChoices(Random(3))
    for want, found in ((frozenset({"cancel", "set_exception"}), True), (frozenset({"set_running"}), False)):
        for _ in range(10):
            made = chosen([], want, lambda: scenario.generate(choices, targets.find("asyncio.Future")))
            assert made is not None
            assert (want <= features(made)) is found


def test_a_unit_that_finds_no_such_program_does_nothing() -> None:
    """Every program of this scenario has a task."""
    assert _run(Examination(avoid=(frozenset({"task"}),))).runs == 0


@pytest.mark.parametrize(
    ("made", "clause", "grade", "breaks"),
    [
        (program(("task", [op("cancel")])), "A3", "forbidden", True),
        (program(("thread", [op("cancel")])), "A3", "interesting", False),
        (program(("task", [op("cancel")])), "A20", "interesting", True),
        (program(("thread", [op("cancel")])), "A20", "interesting", False),
        (program(("task", [op("cancel")])), "A18", "interesting", False),
    ],
)
def test_misuse_and_traps_break_nothing(made: Program, clause: str, grade: Any, breaks: bool) -> None:
    """What is forbidden does, and so does what is interesting in a legal program."""
    violation = Violation(oracle="o", clause=CLAUSES[clause], grade=grade, detail="d", cause="c", at=0)
    assert Examiner(made, targets.find("asyncio.Future")).breaks(violation) is breaks
