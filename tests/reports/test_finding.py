from __future__ import annotations

from pathlib import Path

import pytest
from attrs import evolve
from rich.cells import cell_len

from futurefuzz.campaign.outcome import Reported
from futurefuzz.contracts import CLAUSES
from futurefuzz.reports.finding import finding_line, finding_report, replay_command
from futurefuzz.reports.page import ASCII, Page
from tests.reports import cases, golden

REPORTED = {
    "crash-new": cases.crash_reported(),
    "crash-known": cases.crash_reported(known=cases.KNOWN, path=None),
    "bridge": cases.bridge_reported(),
}


def told(reported: Reported, page: Page | None = None) -> list[str]:
    """The lines of the report as a plain page shows them."""
    return [line.plain.rstrip() for line in finding_report(reported, page, clauses=cases.CLAUSES)]


@pytest.mark.parametrize("width", [60, 100])
@pytest.mark.parametrize("name", sorted(REPORTED))
def test_reports_look_as_they_did(name: str, width: int) -> None:
    """Each finding is reported as in its golden file."""
    golden.check(f"finding-{name}-{width}.txt", "\n".join(told(REPORTED[name], Page(width=width))) + "\n")


def test_an_ascii_report_looks_as_it_did() -> None:
    """The report without box characters is the one in its golden file, and is ASCII."""
    text = "\n".join(told(REPORTED["crash-new"], Page(width=80, glyphs=ASCII))) + "\n"
    assert text.isascii()
    golden.check("finding-ascii-80.txt", text)


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("name", sorted(REPORTED))
def test_only_the_token_is_wider_than_the_page(name: str, width: int) -> None:
    """One line may be too long, the one that is there to be copied whole."""
    wide = [line for line in told(REPORTED[name], Page(width=width)) if cell_len(line) > width]
    assert wide == [f"futurefuzz replay {cases.TOKEN}"]


def test_a_report_says_all_that_a_reader_needs() -> None:
    """Grade, novelty, signature, place, clause with its words and source, cause, rate and commands are there."""
    text = "\n".join(told(REPORTED["crash-new"]))
    needed = [
        "FORBIDDEN",
        "new",
        "asyncio.Future:X1:SIGSEGV in completion",
        "target asyncio.Future",
        "scenario callbacks",
        "model operation",
        cases.CLAUSES["X1"].text,
        cases.CLAUSES["X1"].quote,
        cases.CLAUSES["X1"].source,
        "The interpreter dies of SIGSEGV",
        "19 of 20 fresh processes",
        "SIGSEGV here",
        "futurefuzz replay corpus/asyncio-future-x1.json",
        f"futurefuzz replay {cases.TOKEN}",
    ]
    assert [part for part in needed if part not in text] == []


def test_a_known_finding_says_where_it_is_discussed() -> None:
    """The issue and the fixed releases stand in the report of a known bug."""
    text = "\n".join(told(REPORTED["crash-known"]))
    assert "known as gh-125969" in text
    assert "fixed in 3.12.8, 3.13.1" in text


def test_an_unknown_clause_is_no_obstacle() -> None:
    """A finding out of a later version's corpus names a clause that we do not have: its id is shown."""
    finding = evolve(REPORTED["bridge"].finding, clause="Z99")
    assert any("Z99" in line for line in told(evolve(REPORTED["bridge"], finding=finding)))


def test_a_finding_without_a_recorded_run_is_reported() -> None:
    """Without events there is no timeline, and all the rest."""
    text = "\n".join(told(evolve(REPORTED["bridge"], events=(), names=(), violations=())))
    assert "replay it with" in text
    assert "thread 1  " not in text


@pytest.mark.parametrize(
    ("how", "said"), [("SIGABRT", "SIGABRT here"), ("hang", "hang here"), ("exit 3", "exit 3 here")]
)
def test_every_end_of_the_interpreter_is_the_last_row(how: str, said: str) -> None:
    """Signals, hangs and exits end the timeline."""
    clause = {"hang": "X2", "exit 3": "X3"}.get(how, "X1")
    finding = evolve(REPORTED["crash-new"].finding, clause=clause, signature=f"asyncio.Future:{clause}:{how} in cancel")
    assert any(said in line for line in told(evolve(REPORTED["crash-new"], finding=finding)))


def test_strangers_text_is_shown_as_text() -> None:
    """A token can hold any string as scenario, cause or signature; none of them drives the terminal."""
    evil = "\x1b]0;owned\x07\n\x1b[2J"
    finding = REPORTED["bridge"].finding
    case = evolve(finding.case, scenario=evil, target=evil)
    hostile = evolve(finding, cause=evil, signature=evil, case=case, analysis=evil)
    assert all(line.isprintable() for line in told(evolve(REPORTED["bridge"], finding=hostile)))


def test_the_command_quotes_what_the_shell_would_split() -> None:
    """A corpus file with a space in its name is one argument."""
    reported = evolve(REPORTED["bridge"], path=Path("my corpus/a.json"))
    assert replay_command(reported) == "futurefuzz replay 'my corpus/a.json'"


def test_a_long_file_name_is_copied_in_two_lines() -> None:
    """The command by file keeps to the page by a continuation line that shells understand."""
    lines = told(evolve(REPORTED["bridge"], path=Path("corpus") / ("x" * 80 + ".json")), Page())
    assert lines[lines.index("futurefuzz replay \\") + 1] == "  corpus/" + "x" * 80 + ".json"


def test_a_cause_is_told_once() -> None:
    """Where the violation says what the report began with, the timeline only marks the place."""
    reported = REPORTED["bridge"]
    finding = evolve(reported.finding, cause=reported.violations[0][2])
    lines = told(evolve(reported, finding=finding))
    assert sum("raised InvalidStateError into" in line for line in lines) == 1
    assert any(line.endswith("✗ A4 broken here") for line in lines)


def test_a_path_below_the_current_folder_is_shown_from_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Absolute paths are shortened where the user stands."""
    monkeypatch.chdir(tmp_path)
    inside = evolve(REPORTED["bridge"], path=tmp_path / "corpus" / "a.json")
    assert replay_command(inside) == "futurefuzz replay corpus/a.json"
    assert replay_command(evolve(inside, path=Path("/elsewhere/a.json"))) == "futurefuzz replay /elsewhere/a.json"


def test_the_short_form_keeps_to_the_page() -> None:
    """The lines shown at the moment of finding fit."""
    long = evolve(REPORTED["bridge"].finding, cause="word " * 100, signature="s" * 300)
    lines = finding_line(evolve(REPORTED["bridge"], finding=long), Page(width=60))
    assert max(line.cell_len for line in lines) <= 60
    assert len(lines) == 3


def test_without_clauses_the_contracts_are_asked() -> None:
    """The clauses of the contracts are what a report quotes by default."""
    clause = next(iter(CLAUSES.values()))
    finding = evolve(REPORTED["bridge"].finding, clause=clause.id)
    text = " ".join(line.plain.strip() for line in finding_report(evolve(REPORTED["bridge"], finding=finding)))
    assert clause.text.split()[0] in text
