from __future__ import annotations

import io
from pathlib import Path

import pytest
from attrs import evolve

from futurefuzz.campaign.outcome import Outcome, PairCount
from futurefuzz.reports.console import Printer
from futurefuzz.reports.page import Page
from futurefuzz.reports.summary import campaign_report, show_campaign, summary
from tests.reports import cases, golden


def told(outcome: Outcome, width: int = 100) -> list[str]:
    """The lines of the summary as a plain page shows them."""
    return [line.plain.rstrip() for line in summary(outcome, Page(width=width))]


@pytest.mark.parametrize("width", [60, 80, 100])
def test_summaries_look_as_they_did(width: int) -> None:
    """The summary is the one in its golden file."""
    golden.check(f"summary-{width}.txt", "\n".join(told(cases.outcome(), width)) + "\n")


def test_a_quiet_campaign_looks_as_it_did() -> None:
    """With nothing found the summary is short."""
    quiet = cases.outcome(findings=[], unconfirmed=[], throttled=[], crashes=0, repeat=None)
    golden.check("summary-quiet-100.txt", "\n".join(told(quiet)) + "\n")


@pytest.mark.parametrize("width", [60, 80, 100])
def test_no_line_is_wider_than_the_page(width: int) -> None:
    """Long names of targets and scenarios are cut, not the page."""
    counts = {"behaviours": 10**6, "crashes": 5, "forbidden": 12, "interesting": 12, "known": 12}
    pairs = [cases.pair("t" * 90, "s" * 90, runs=10**9, **counts) for _ in range(40)]
    lines = told(cases.outcome(pairs=pairs), width)
    assert [line for line in lines + told(cases.outcome(), width) if len(line) > width] == []
    assert "10 more pairs with 10,000,000,000 runs" in " ".join(lines)


def test_an_interrupted_campaign_says_how_to_go_on() -> None:
    """Ctrl-C loses nothing, and the summary ends with the command that goes on."""
    lines = told(cases.outcome(interrupted=True))
    assert "interrupted, 2 new findings" in lines[0]
    assert lines[-1] == "futurefuzz fuzz --seed 43"


def test_the_seed_is_enough_to_repeat() -> None:
    """Where the campaign gave no command line one is made of the seed."""
    assert "futurefuzz fuzz --seed 42" in told(cases.outcome(repeat=None))


def test_a_campaign_without_time_divides_nothing() -> None:
    """No runs in no time is a rate of nothing."""
    assert any("0 runs in 0.0 s (0 per second" in line for line in told(cases.outcome(seconds=0.0, runs=0)))


def test_new_findings_are_reported_forbidden_first_and_known_ones_briefly() -> None:
    """Whole reports are for what is new."""
    lines = [line.plain for line in campaign_report(cases.outcome(), clauses=cases.CLAUSES)]
    # the rule below the heads of a timeline has blanks behind its first dashes
    titles = [line.split(" ")[1] for line in lines if line.startswith("── ") and line[3] != " "]
    assert titles == ["FORBIDDEN", "INTERESTING", "2"]
    assert "  asyncio.Future:X1:SIGSEGV in completion (known as gh-125969)" in lines


def test_what_an_earlier_campaign_found_is_not_new() -> None:
    """A signature that was in the corpus before is listed, but not as new."""
    remembered = evolve(cases.crash_reported(), remembered=True)
    lines = told(cases.outcome(findings=[remembered]))
    assert lines[0].startswith("── nothing new ")
    assert "  asyncio.Future:X1:SIGSEGV in completion (in the corpus already)" in lines


def test_failures_of_the_harness_are_told_apart() -> None:
    """They are no findings, and they are not hidden."""
    lines = told(cases.outcome(errors=["worker 1 did not start"]))
    assert lines[lines.index("The harness itself failed: 1") + 1] == "  worker 1 did not start"


def test_a_flood_of_findings_is_not_reported_at_length() -> None:
    """The twenty-first finding is in the summary only."""
    many = cases.outcome(findings=[cases.bridge_reported()] * 50)
    lines = [line.plain for line in campaign_report(many, clauses=cases.CLAUSES)]
    assert sum(line.startswith("── INTERESTING") for line in lines) == 20
    assert sum(line.startswith("  interesting  asyncio.Future:A4") for line in lines) == 50


def test_the_report_reaches_the_stream() -> None:
    """What is shown is what was laid out."""
    stream = io.StringIO()
    show_campaign(cases.outcome(), Printer(stream, Page()), clauses=cases.CLAUSES)
    lines = [line.plain.rstrip() for line in campaign_report(cases.outcome(), Page(), clauses=cases.CLAUSES)]
    assert stream.getvalue().splitlines() == lines


def test_hostile_reasons_are_cleaned() -> None:
    """What a scenario is called cannot drive the terminal."""
    pairs = [PairCount(target="\x1b[2J", scenario="\n", runs=1)]
    unconfirmed = [evolve(cases.outcome().unconfirmed[0], signature="\x1b]0;x\x07")]
    assert all(line.isprintable() for line in told(cases.outcome(pairs=pairs, unconfirmed=unconfirmed)))


def test_only_what_stands_in_the_folder_is_counted_as_saved_there(tmp_path: Path) -> None:
    """A finding of the corpus that futurefuzz comes with is replayed, but nobody has saved it in the user's folder."""
    mine = evolve(cases.crash_reported(), path=tmp_path / "crash.json")
    theirs = evolve(cases.bridge_reported(), path=Path("elsewhere") / "bridge.json")
    text = " ".join(told(cases.outcome(findings=[mine, theirs], corpus=tmp_path)))
    assert f"1 finding saved in {tmp_path}; the next `futurefuzz fuzz --corpus {tmp_path}` replays" in text


def test_going_on_after_an_interruption_keeps_the_options() -> None:
    """The command that goes on does the same with another seed."""
    lines = told(cases.outcome(interrupted=True, go_on="futurefuzz fuzz --seed 8 --target asyncio.Task"))
    assert lines[-1] == "futurefuzz fuzz --seed 8 --target asyncio.Task"
