"""The report of a validation: table, JSON, Markdown, badge."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from futurefuzz.comparing.table import Row as OutcomeRow
from futurefuzz.comparing.table import Table
from futurefuzz.contracts import CLAUSES
from futurefuzz.errors import InputError
from futurefuzz.findings.known import KnownBug
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.reports.page import Page
from futurefuzz.reports.validation import (
    badge_line,
    document,
    exit_code,
    markdown,
    report,
    save_badge,
    table,
    verdict,
)
from futurefuzz.validating.result import Contest, Enumerated, Row, Validated
from tests.reports.cases import crash_reported


def _row(clause: str, verdict: Any, **fields: Any) -> Row:
    return Row(clause=CLAUSES[clause], verdict=verdict, **fields)


CRASH = crash_reported(path=None)
_BUG = KnownBug(
    signature=("mine.F:C8:backwards",),
    issue="gh-1",
    note="it runs backwards",
    reviewed=date(2026, 1, 2),
    fixed_in=("3.14.1",),
)
_HOLDS = _row("C1", "holds", tried=1234)
_BROKEN = _row(
    "C8",
    "broken",
    tried=10,
    broken=7,
    reason="Callbacks ran in another order",
    finding=evolve(CRASH, reference="mine:F@concurrent"),
    seen={"mine.F:C8:out of order": 6, "mine.F:C8:backwards": 1},
    known={"mine.F:C8:backwards": _BUG},
)
#: the same in no other way than the known one, confirmed as such
INHERITED = evolve(
    _BROKEN,
    finding=evolve(CRASH, known=_BUG),
    seen={"mine.F:C8:backwards": 1},
)
_DEPARTED = _row("C9", "departed", departed=3, reason="for | warm caches")
_LACKING = _row("C6", "not offered", reason="it has no set_running")
UNKNOWN = _row("C12", "unknown", tried=2, reason="2 runs have tried it; 50 are enough")


def whole(*rows: Row, **fields: Any) -> Validated:
    """A validation with these rows."""
    settings: dict[str, Any] = {
        "what": "mine:F",
        "target": "mine.F",
        "reference": "mine:F@concurrent",
        "contract": "concurrent",
        "enumerated": (
            Enumerated(size=1, programs=11, completed=11, bound=2, runs=11),
            Enumerated(size=2, programs=199, completed=150, bound=2, runs=2000),
        ),
        "programs": 40,
        "runs": 12345,
        "seconds": 12.25,
        "jobs": 2,
        "seed": 7,
        "interpreter": "CPython 3.13.0",
        "repeat": "futurefuzz validate mine:F --contract concurrent --seed 7",
        **fields,
    }
    return Validated(rows=rows, **settings)


_CONTEST = Contest(
    about="a completion against a cancellation",
    program=Program(
        actors=(
            Actor(kind="thread", operations=(Operation(name="set_result"),)),
            Actor(kind="thread", operations=(Operation(name="cancel"),)),
        )
    ),
    table=Table(
        rows=(
            OutcomeRow(
                result="it | won", samples=3, frequency=0.75, grade="forbidden", why="C1: twice", answers=(("a", "b"),)
            ),
            OutcomeRow(result="other", samples=1, frequency=0.25, grade="allowed", why="legal", answers=()),
        ),
        runs=4,
        complete=False,
        legal=2,
    ),
)

_ALL = whole(_HOLDS, _BROKEN, _DEPARTED, _LACKING, UNKNOWN)


def test_the_table_has_a_line_for_each_clause_and_why_it_does_not_hold() -> None:
    """Nothing is wider than the page."""
    lines = [line.plain for line in table(_ALL, Page(width=80))]
    assert max(map(len, lines)) <= 80
    assert lines[0].split() == ["clause", "verdict", "runs", "what", "it", "says"]
    assert lines[2].startswith("C1      holds        1,234  A future is completed once")
    flat = " ".join(" ".join(lines).split())
    assert "Callbacks ran in another order known: gh-1, fixed in 3.14.1: it runs backwards and 1 more way" in flat
    assert "declared: for | warm caches (observed in 3 runs)" in flat
    assert "it has no set_running" in flat


def test_the_report_begins_with_the_findings_and_ends_with_the_effort() -> None:
    """The command that replays names the class, since nobody else knows where it is."""
    lines = [line.plain for line in report(_ALL, Page(width=100))]
    text = "\n".join(lines)
    assert f"futurefuzz replay --target mine:F@concurrent {CRASH.token}" in lines
    assert "mine:F: 1 clause of the contract concurrent broken" in text
    flat = " ".join(text.split())
    assert "12,345 runs in 12.2 s on CPython 3.13.0 (2 workers; 40 generated programs)." in flat
    assert "Systematically: all 11 programs of one operation, under all their schedules with up to 2 preem" in flat
    assert "150 of the 199 programs of 2 operations with up to 2 preemptions (the budget was used up)." in flat
    assert lines[-1] == _ALL.repeat


@pytest.mark.parametrize(
    ("rows", "fields", "code", "strict"),
    [
        ((_HOLDS, _DEPARTED, _LACKING), {}, 0, 0),
        ((_HOLDS, UNKNOWN), {}, 0, 1),
        ((_HOLDS, _BROKEN), {}, 1, 1),
        ((_HOLDS, _BROKEN), {"errors": ("a worker failed",)}, 3, 3),
        ((_HOLDS,), {"complaints": ("the disk is full",)}, 2, 2),
    ],
)
def test_exit_codes(rows: tuple[Row, ...], fields: dict[str, Any], code: int, strict: int) -> None:
    """A broken clause is 1, the harness's own failure is never mixed up with it."""
    validated = whole(*rows, **fields)
    assert exit_code(validated) == code
    assert exit_code(validated, strict=True) == strict


@pytest.mark.parametrize(
    ("rows", "code", "strict"),
    [
        ((_HOLDS, INHERITED), 0, 0),
        ((_HOLDS, INHERITED, UNKNOWN), 0, 1),
        ((INHERITED, _BROKEN), 1, 1),
        ((evolve(INHERITED, finding=CRASH),), 1, 1),
        ((evolve(INHERITED, known={}),), 1, 1),
    ],
)
def test_known_bugs_alone_are_allowed_on_demand(rows: tuple[Row, ...], code: int, strict: int) -> None:
    """Nothing else is: another signature of the same clause, or a finding that is new, fails as it did."""
    validated = whole(*rows)
    assert exit_code(validated) == 1
    assert exit_code(validated, allow_known=True) == code
    assert exit_code(validated, strict=True, allow_known=True) == strict
    assert exit_code(whole(*rows, errors=("a worker failed",)), allow_known=True) == 3


def test_what_is_known_stays_broken_and_is_named_with_its_releases() -> None:
    """In the table, in Markdown and as data; what is allowed is an exit code, no verdict."""
    validated = whole(_HOLDS, INHERITED)
    text = " ".join(" ".join(line.plain for line in report(validated, Page(width=100))).split())
    assert "mine:F: 1 clause of the contract concurrent broken, all by known bugs alone" in text
    assert "known: gh-1, fixed in 3.14.1: it runs backwards" in text
    assert "Nothing but known bugs breaks C8: --allow-known does not fail for that." in text
    assert "not known" not in text
    assert "*known: gh-1, fixed in 3.14.1: it runs backwards*" in markdown(validated)
    made = document(validated, 0)
    assert (made["validation"]["verdict"], made["validation"]["known_broken"]) == ("broken", ["C8"])
    clause = made["clauses"][1]
    assert (clause["verdict"], clause["only_known"]) == ("broken", True)
    assert clause["known"] == [{"issue": "gh-1", "fixed_in": ["3.14.1"], "note": "it runs backwards"}]
    assert [one["only_known"] for one in document(_ALL, 1)["clauses"]] == [False] * 5


def test_the_document_has_the_promised_names() -> None:
    """Scripts rely on them; adding to them is fine."""
    made = json.loads(json.dumps(document(_ALL, 1)))
    assert made["format"] == 1
    head = made["validation"]
    assert (head["verdict"], head["exit_code"], head["reference"]) == ("broken", 1, "mine:F@concurrent")
    assert head["counts"] == {"holds": 1, "broken": 1, "departed": 1, "not offered": 1, "unknown": 1}
    assert head["enumerated"][1] == {
        "size": 2,
        "programs": 199,
        "completed": 150,
        "bound": 2,
        "runs": 2000,
        "complete": False,
        "chained": False,
        "kind": "",
        "tried": 0,
        "why_not": "the budget was used up",
    }
    broken = made["clauses"][1]
    assert broken["seen"]["mine.F:C8:backwards"] == {"runs": 1, "issue": "gh-1"}
    assert broken["finding"]["token"] == CRASH.token
    names = "id text quote source grade versions verdict reason tried broken departed seen known only_known finding"
    assert list(broken) == names.split()
    for word in (*head, *broken):
        assert word in (report.__globals__["__doc__"] or "")


def test_markdown_is_a_table_that_no_text_can_break() -> None:
    """A reason may hold what ends a cell."""
    text = markdown(_ALL)
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert len(rows) == 7
    assert r"for \| warm caches" in text
    assert "| C8 | **broken** | 10 |" in text
    assert text.count("```") == 2


def test_badges_are_a_line_a_picture_and_an_endpoint(tmp_path: Path) -> None:
    """All by themselves, without a network."""
    assert badge_line(_ALL) == (
        "**futurefuzz · concurrent: 1 hold, 1 broken, 1 departed, 1 unknown** (CPython 3.13.0)"
    )
    save_badge(whole(_HOLDS), tmp_path / "badge.json")
    made = json.loads((tmp_path / "badge.json").read_text())
    assert made == {
        "schemaVersion": 1,
        "label": "futurefuzz concurrent",
        "message": "1 hold",
        "color": "brightgreen",
    }
    save_badge(_ALL, tmp_path / "badge.svg")
    assert "1 hold, 1 broken" in (tmp_path / "badge.svg").read_text()
    with pytest.raises(InputError, match="--badge "):
        save_badge(_ALL, tmp_path / "nowhere" / "badge.svg")


def test_outcome_tables_are_in_every_form_of_the_report() -> None:
    """Before the table of clauses on the console, a section of their own in Markdown, and as data."""
    validated = whole(_HOLDS, contests=(_CONTEST,))
    lines = [line.plain for line in report(validated, Page(width=100))]
    head = lines.index("A completion against a cancellation")
    assert lines[head + 1].startswith("thread 0:  f0.set_result(")
    assert any(line.split() == ["RESULT", "SAMPLES", "FREQUENCY", "GRADE", "WHY"] for line in lines)
    assert any(line.split() == ["it", "|", "won", "3", "75.0%", "forbidden", "C1:", "twice"] for line in lines)
    assert head < lines.index(next(line for line in lines if line.startswith("clause ")))
    assert "| it \\| won | 3 | 75.0% | **forbidden** | C1: twice |" in markdown(validated)
    written = document(validated, 0)
    assert written["no_contests"] == ""
    assert [(one["about"], one["legal"], len(one["rows"])) for one in written["contests"]] == [
        ("a completion against a cancellation", 2, 2)
    ]


def test_where_nothing_is_enumerated_the_report_says_so() -> None:
    """An empty place would look as if all had been allowed."""
    said = "no model enumerates all legal outcomes of programs on tasks"
    validated = whole(_HOLDS, no_contests=said)
    assert any(f"No outcome tables: {said}" in line.plain for line in report(validated, Page(width=100)))
    assert f"No outcome tables: {said}" in markdown(validated)
    assert document(validated, 0)["no_contests"] == said


def test_what_was_stopped_before_it_began_holds_nothing() -> None:
    """Ctrl-C in the first second: no badge says that all is well, and `--strict` does not pass."""
    stopped = whole(interrupted=True, contract="")
    assert verdict(stopped) == "unknown"
    assert (exit_code(stopped), exit_code(stopped, strict=True)) == (0, 1)
    assert any("interrupted, mine:F: nothing was tried" in line.plain for line in report(stopped))
