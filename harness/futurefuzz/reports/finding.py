"""The report of one finding: what is wrong, on whose word, how it comes about step by step, and how to see it again."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from rich.text import Text

from futurefuzz.campaign.outcome import Reported
from futurefuzz.contracts import CLAUSES
from futurefuzz.contracts.verdict import Clause
from futurefuzz.errors import InputError
from futurefuzz.findings.finding import Finding
from futurefuzz.programs.program import Program
from futurefuzz.reports.legend import legend
from futurefuzz.reports.page import Page, clean, cut, rule, wrap
from futurefuzz.reports.steps import steps_of
from futurefuzz.reports.timeline import timeline
from futurefuzz.targets import base

__all__ = ["finding_line", "finding_report", "replay_command", "shown_path", "standing"]

LABEL: Final = 11
GRADE_STYLES: Final = {"forbidden": "bold red", "interesting": "bold yellow"}
#: clauses about the end of the interpreter itself
ENDS: Final = ("X1", "X2", "X3")


def finding_report(
    reported: Reported, page: Page | None = None, *, clauses: Mapping[str, Clause] | None = None, limit: int = 60
) -> list[Text]:
    """The whole report of a finding.

    Args:
        reported: the finding with its token and the events of its run.
        page: how it is to look.
        clauses: by id; None: `contracts.CLAUSES`.
        limit: at most about so many rows of the timeline.

    Returns:
        Lines, none wider than the page but the commands that are there to be copied.
    """
    page = page or Page()
    finding = reported.finding
    clauses = CLAUSES if clauses is None else clauses
    lines = [_title(reported, page), Text()]
    lines += [Text(line, style="bold") for line in wrap(clean(finding.cause), page.width, glyphs=page.glyphs)]
    lines.append(Text())
    lines += _facts(reported, page, clauses)
    lines.append(Text())
    if reported.events:
        lines += _run(reported, page, limit)
        lines.append(Text())
    lines += _how_to_replay(reported, page)
    return lines


def finding_line(reported: Reported, page: Page) -> list[Text]:
    """A finding in two lines, for the moment when it is found and for known ones."""
    finding = reported.finding
    head = Text()
    head.append(f"{standing(reported)} ", style="bold" if reported.is_new else "dim")
    head.append(finding.grade, style=GRADE_STYLES[finding.grade])
    head.append("  " + cut(clean(finding.signature), page.width - head.cell_len - 2, page.glyphs))
    cause = wrap(clean(finding.cause), page.width - 4, lines=2, glyphs=page.glyphs)
    return [head, *(Text(f"    {line}", style="" if reported.is_new else "dim") for line in cause)]


def standing(reported: Reported) -> str:
    """Is it new, known upstream, or from an earlier campaign."""
    if reported.known is not None:
        return f"known as {clean(reported.known.issue)}"
    return "in the corpus already" if reported.remembered else "new"


def replay_command(reported: Reported) -> str:
    """The command that replays a finding: by its corpus file where it has one, which is shorter than its token."""
    if reported.path is None:
        return f"futurefuzz replay {_target_option(reported)}{reported.token}"
    return f"futurefuzz replay {_target_option(reported)}{shlex.quote(shown_path(reported.path))}"


def _target_option(reported: Reported) -> str:
    """A token names its target; of one that does not come with us nobody else knows where it is, and of no target what
    was declared of it on the command line: without that, the run would show the departure first."""
    options = [] if reported.reference is None else ["--target", reported.reference]
    for clause, reason in reported.departures:
        options += ["--departs", f"{clause}={reason}"]
    options += ["--points", reported.points] if reported.points else []
    return f"{shlex.join(options)} " if options else ""


def shown_path(path: Path) -> str:
    """A path as the user would type it: relative where it is below the current folder."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except (ValueError, OSError):
        return os.fspath(path)


def _title(reported: Reported, page: Page) -> Text:
    finding, dot = reported.finding, page.glyphs.separator
    said = f"{finding.grade.upper()} {dot} {standing(reported)} {dot} {clean(finding.case.target)}"
    return rule(said, page, GRADE_STYLES[finding.grade])


def _facts(reported: Reported, page: Page, clauses: Mapping[str, Clause]) -> list[Text]:
    finding, case = reported.finding, reported.finding.case
    dot = f" {page.glyphs.separator} "
    lines = _fact("signature", finding.signature, page)
    where = [f"target {case.target}", f"scenario {case.scenario}", f"model {case.model}"]
    lines += _fact("where", dot.join(where), page)
    clause = clauses.get(finding.clause)
    lines += _fact("clause", finding.clause + (f"  {clause.text}" if clause else ""), page)
    if clause is not None:
        lines += _fact("", f"“{clause.quote}”" if page.glyphs.more == "…" else f'"{clause.quote}"', page, "italic")
        lines += _fact("", f"{'—' if page.glyphs.more == '…' else '--'} {clause.source}", page, "dim")
    lines += _fact("judged by", finding.oracle, page)
    if finding.interpreter:
        lines += _fact("found on", finding.interpreter, page)
    rate = finding.rate
    if rate.tried:
        lines += _fact("replayed", f"showed again in {rate.reproduced} of {rate.tried} fresh processes", page)
    known = reported.known
    if known is not None:
        lines += _fact("known", f"{known.issue}, {known.state}: {known.note}", page)
    if finding.analysis:
        lines += _fact("analysis", " ".join(finding.analysis.split()), page)
    return lines


def _fact(name: str, said: str, page: Page, style: str = "") -> list[Text]:
    lines = []
    for i, line in enumerate(wrap(clean(said), page.width - LABEL, glyphs=page.glyphs)):
        text = Text((name if i == 0 else "").ljust(LABEL), style="dim")
        lines.append(text.append(line, style=style or "not dim"))
    return lines


# the run


def _contract(finding: Finding) -> str | None:
    try:
        return base.find(finding.case.target).contract
    except InputError:
        return None


def _ending(finding: Finding) -> str:
    """How the interpreter ended, out of the signature `TARGET:X1:SIGSEGV in completion`."""
    if finding.clause not in ENDS:
        return ""
    return finding.signature.partition(f":{finding.clause}:")[2].partition(" in ")[0] or "the end"


def _run(reported: Reported, page: Page, limit: int) -> list[Text]:
    finding = reported.finding
    program, contract = finding.case.program, _contract(finding)
    lines = timeline(
        reported.events,
        reported.names,
        program,
        page,
        # the cause has been told above
        violations=[(at, clause, "" if said == finding.cause else said) for at, clause, said in reported.violations],
        schedule=finding.case.schedule,
        contract=contract,
        ending=_ending(finding),
        limit=limit,
    )
    lines.append(Text())
    finals = steps_of(reported.events, reported.names, program, contract=contract).finals
    if finals:
        lines += _fact("in the end", "; ".join(finals), page)
    return lines + _legend(program, page)


def _legend(program: Program, page: Page) -> list[Text]:
    said = legend(program)
    return _fact("legend", "; ".join(said), page, "dim") if said else []


# how to see it again


def _how_to_replay(reported: Reported, page: Page) -> list[Text]:
    lines = [Text("replay it with", style="dim")]
    if reported.path is not None:
        command = replay_command(reported)
        if len(command) <= page.width:
            lines.append(Text(command))
        else:
            # in two lines that a shell takes as one
            file = shlex.quote(shown_path(reported.path))
            lines += [Text(f"futurefuzz replay {_target_option(reported)}\\"), Text(f"  {file}")]
        lines.append(Text("or, anywhere, with", style="dim"))
    return [*lines, Text(f"futurefuzz replay {_target_option(reported)}{clean(reported.token)}")]
