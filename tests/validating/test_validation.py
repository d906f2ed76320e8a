"""Whole validations, of Futures that are right and of such that are not; small ones, with a fixed number of runs."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from futurefuzz.campaign.listener import Silent
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import run_case
from futurefuzz.errors import InputError
from futurefuzz.findings import token
from futurefuzz.validating.options import Options
from futurefuzz.validating.result import Validated
from futurefuzz.validating.validation import Validation

_ROOT = str(Path(__file__).resolve().parents[2])
_MINE = "tests.validating.mine"


def _validated(name: str, runs: int, **options: Any) -> Validated:
    reference = f"{_MINE}:{name}"
    settings = Options(what=reference, name=reference, seconds=None, runs=runs, seed=1, path=(_ROOT,), **options)
    validated = Validation(settings, Silent()).run()
    assert validated.errors == ()
    return validated


def _having(validated: Validated, verdict: Any) -> set[str]:
    """Clauses with a verdict, but for those that this release of CPython breaks by itself."""
    return {
        row.clause.id
        for row in validated.having(verdict)
        if row.clause.id[0] != "L" and not row.only_known
    }


def test_a_right_future_breaks_nothing_and_says_what_was_tried() -> None:
    """Every clause has runs that could have broken it, and small programs were run to the end."""
    validated = _validated("Right@concurrent", 4000)
    assert _having(validated, "broken") == set()
    assert _having(validated, "unknown") == set()
    assert {"C1", "C8", "C11", "X1"} <= _having(validated, "holds")
    assert validated.exhaustive.startswith(
        "all 11 programs of one operation, under all their schedules with up to 2 preemptions; "
    )
    assert validated.runs == 4000
    assert [contest.table.legal for contest in validated.contests] == [2] * 5
    assert {row.grade for contest in validated.contests for row in contest.table.rows} == {"allowed"}
    assert all(contest.table.runs == 66 for contest in validated.contests)


def test_each_broken_clause_is_found_with_a_token_that_replays() -> None:
    """The clause that breaks in every run with two callbacks does not hide the other one."""
    validated = _validated("TwoFaults@concurrent", 1200)
    assert _having(validated, "broken") == {"C5", "C8"}
    for row in validated.having("broken"):
        assert row.finding is not None
        case, signature = token.decode(row.finding.token)
        assert case.target == f"{_MINE}.TwoFaults"
        setup = Setup(targets=(case.target,), references=(f"{_MINE}:TwoFaults@concurrent",), path=(_ROOT,))
        assert run_case(case, setup).shows(signature)
    forbidden = [row.why for one in validated.contests for row in one.table.rows if row.grade == "forbidden"]
    assert any(why.startswith("C8: ") for why in forbidden)
    small = next(row.finding for row in validated.rows if row.clause.id == "C5")
    assert small is not None
    assert len(small.finding.case.program.operations()) == 2


def test_a_declared_departure_is_no_fault_and_is_seen() -> None:
    """Exit code and badge go by the rest."""
    validated = _validated("declared", 600)
    assert _having(validated, "broken") == set()
    row = next(row for row in validated.rows if row.clause.id == "C8")
    assert (row.verdict, row.reason) == ("departed", "newest first, for cache warmth")
    assert row.departed > 0


def test_a_departure_can_be_declared_from_outside() -> None:
    """As `--departs` does it."""
    validated = _validated("NewestFirst@concurrent", 600, departures=(("C8", "why not"),))
    assert _having(validated, "broken") == set()
    assert _having(validated, "departed") == {"C8"}


def test_what_a_future_does_not_have_is_not_offered() -> None:
    """And nothing is said against it."""
    validated = _validated("Small@concurrent", 1200)
    assert _having(validated, "broken") == set()
    assert _having(validated, "not offered") >= {"C2", "C4", "C6", "C7", "C8", "C9", "C10", "C12"}


def test_the_end_of_the_process_is_a_clause_too() -> None:
    """It is found, confirmed and made small like the others, and hides none of them for long."""
    validated = _validated("Exits@concurrent", 700)
    assert _having(validated, "broken") == {"X3"}
    assert validated.crashes > 0


def test_an_asyncio_class_is_validated_as_an_asyncio_future() -> None:
    """A cancelled future that can be cancelled again breaks A3 and nothing else."""
    validated = _validated("CancelsAlways@asyncio", 500, departures=(("A12", "CPython's"), ("A21", "CPython's")))
    assert _having(validated, "broken") == {"A3"}


def test_another_contract_than_the_targets_is_refused() -> None:
    """The user would read a table about something else."""
    with pytest.raises(InputError, match="claims the contract concurrent"):
        _validated("DECLARED", 100, contract="asyncio")
