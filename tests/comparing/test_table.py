"""Outcome tables."""

from __future__ import annotations

from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import Runner
from futurefuzz.comparing.table import Table, outcome_table
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.reports.outcomes import outcome_lines, table_document
from futurefuzz.reports.page import Page
from tests.comparing.test_comparison import pair, targets

_RACE = Program(
    actors=(
        Actor(kind="thread", operations=(Operation(name="set_result"),)),
        Actor(kind="thread", operations=(Operation(name="set_result"),)),
    ),
)


def table(program: Program, target: str, runs: int = 300) -> Table:
    """The table of a program on a target."""
    both = pair(target, target).setup
    setup = Setup(targets=both.targets[:1], references=both.references[:1], path=both.path)
    with Runner(setup) as runner:
        return outcome_table(runner, program, targets(target)[target], runs=runs)


def test_a_race_has_a_row_for_each_winner() -> None:
    """Both outcomes are allowed, and their frequencies add up to one."""
    found = table(_RACE, "concurrent.Future")
    assert [row.grade for row in found.rows] == ["allowed", "allowed"]
    assert found.legal == 2
    assert sum(row.samples for row in found.rows) == found.runs
    assert abs(sum(row.frequency for row in found.rows) - 1) < 1e-9
    assert {row.why for row in found.rows} == {"one of 2 legal outcomes"}


def test_what_no_order_explains_is_forbidden() -> None:
    """Two winners: the oracle names the clause."""
    found = table(_RACE, "planted.two_winners")
    rows = [row for row in found.rows if row.grade == "forbidden"]
    assert rows
    for row in rows:  # whichever value is left in the end
        assert row.why.startswith("C1: ")
        assert row.samples
        assert "0.0 set_result f0: returned None; 1.0 set_result f0: returned None" in row.result


def test_legal_outcomes_that_never_came_are_listed() -> None:
    """One run cannot show two outcomes; the other one is there with no sample."""
    found = table(_RACE, "concurrent.Future", runs=1)
    assert [(row.samples, row.why) for row in found.rows] == [
        (1, "one of 2 legal outcomes"),
        (0, "legal, and was not seen"),
    ]


def test_a_trap_makes_its_outcome_interesting() -> None:
    """A posted set_result that finds the future cancelled."""
    program = Program(
        actors=(
            Actor(kind="thread", operations=(Operation(name="set_result", via="post"),)),
            Actor(kind="thread", operations=(Operation(name="cancel", via="post"),)),
        ),
    )
    grades = {row.result.split(";")[0]: row.grade for row in table(program, "asyncio.Future").rows}
    assert grades == {
        "0.0! set_result f0: returned None": "allowed",
        "0.0! set_result f0: raised InvalidStateError": "interesting",
    }


def test_programs_that_leave_the_contract_are_unknown() -> None:
    """Nobody has promised what a thread sees of an asyncio future."""
    program = Program(actors=(Actor(kind="thread", operations=(Operation(name="done"),)),))
    found = table(program, "asyncio.Future")
    assert found.legal is None
    assert [row.grade for row in found.rows] == ["unknown"]


def test_a_program_without_choices_is_complete_after_one_run() -> None:
    """And the report says so."""
    add = Operation(name="add_done_callback", callback=0)
    actor = Actor(kind="task", operations=(add, Operation(name="set_result"), Operation(name="yield")))
    found = table(Program(actors=(actor,), callbacks=(Callback(),)), "asyncio.Future")
    assert (found.runs, found.complete, found.legal) == (1, True, 1)
    text = "\n".join(line.plain for line in outcome_lines(found, Page(width=90)))
    assert "RESULT" in text
    assert "1 run, every interleaving" in text
    assert "the one legal outcome" in text


def test_the_report_stays_within_the_page() -> None:
    """However long the outcomes are."""
    found = table(_RACE, "planted.two_winners")
    for width in (60, 80, 100):
        assert all(line.cell_len <= width for line in outcome_lines(found, Page(width=width)))
    document = table_document(found)
    assert [row["samples"] for row in document["rows"]] == [row.samples for row in found.rows]


def test_what_a_target_departs_from_knowingly_is_not_forbidden() -> None:
    """Last in, first out, declared: the models know only the contract, so they are not asked."""
    adds = tuple(Operation(name="add_done_callback", callback=i) for i in (0, 1))
    actor = Actor(kind="task", operations=(*adds, Operation(name="set_result"), Operation(name="yield")))
    program = Program(actors=(actor,), callbacks=(Callback(), Callback(group=1)))
    assert [row.grade for row in table(program, "planted.lifo").rows if row.samples] == ["forbidden"]
    assert [row.grade for row in table(program, "planted.declared").rows] == ["unknown"]
