"""A validation as a table of clauses on the console, as Markdown, as JSON, and as a badge.

The JSON document (`document`), whose names are promises:

    format                 1; raised when a name changes its meaning
    validation
      what, target         as the user named it; the target's name
      reference            what `futurefuzz replay --target` must say for the tokens; null for targets that come with us
      contract
      verdict              holds (every clause that is offered), broken, or unknown (none is broken, not all are known)
      counts               verdict -> how many clauses have it
      known_broken         ids of the clauses that nothing but known bugs breaks; --allow-known does not fail for them
      exit_code            of the command
      interpreter, seed, jobs, seconds, runs, programs (generated ones), crashes, interrupted, repeat
      enumerated           by kind and size: size (operations of a program), programs, completed (under every schedule
                           within the bound), bound (preemptions), runs, complete, chained (a callback performs one
                           more), kind (what they are besides, in words), tried (how many were begun), why_not (why
                           they are not complete, in words)
      exhaustive           the same in words
      errors, complaints   failures of the harness; what was wrong on the user's side
    clauses                one object for each clause of the contract
      id, text, quote, source, grade, versions
      verdict              holds, broken, departed, not offered, unknown
      reason               in a few words; for a departure the one that was declared
      tried                runs that could have broken it and did not
      broken, departed     runs that broke it first; runs in which the declared departure was observed
      seen                 signature -> {runs, issue}: how a broken clause showed, and the known bug that it is, or null
      known                the known bugs that break it: objects of issue, fixed_in (the first fixed release of each
                           branch; empty: still open) and note
      only_known           nothing else breaks it
      finding              null, or as in `futurefuzz fuzz --json`
    contests               one object for each small program whose legal outcomes are enumerated: about, program, runs,
                           complete (every interleaving was run), legal (outcomes that the contract allows), and rows:
                           result, samples, frequency, grade (allowed, interesting, forbidden, unknown), why, answers
    no_contests            why there are none; empty where there are some
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from xml.sax.saxutils import escape

from rich.cells import cell_len
from rich.text import Text

from futurefuzz.errors import InputError
from futurefuzz.findings import atomic
from futurefuzz.reports.console import count, duration
from futurefuzz.reports.finding import finding_report
from futurefuzz.reports.json_report import finding_document, known_document
from futurefuzz.reports.outcomes import contest_document, contest_lines, contest_markdown
from futurefuzz.reports.page import Page, clean, cut, rule, wrap
from futurefuzz.validating.result import VERDICTS, Row, Validated, Verdict

__all__ = ["badge_line", "document", "exit_code", "markdown", "report", "save_badge", "save_text", "table"]

#: raised when a name in the document changes its meaning
FORMAT: Final = 1

_STYLES: Final[dict[Verdict, str]] = {
    "holds": "green",
    "broken": "bold red",
    "departed": "yellow",
    "not offered": "dim",
    "unknown": "bold yellow",
}
_COLOURS: Final = {"holds": ("brightgreen", "#4c1"), "broken": ("red", "#e05d44"), "unknown": ("yellow", "#dfb317")}


def verdict(validated: Validated) -> str:
    """The whole in a word: `broken`, `unknown` (also where it was stopped before anything was tried) or `holds`."""
    if validated.having("broken"):
        return "broken"
    return "unknown" if validated.having("unknown") or not validated.rows else "holds"


def exit_code(validated: Validated, *, strict: bool = False, allow_known: bool = False) -> int:
    """Of the command: 3 when the harness failed, 1 when a clause is broken, else 0.

    Args:
        validated: what came out.
        strict: 1, too, when a clause is not known to hold.
        allow_known: clauses that nothing but known bugs breaks are none of its reasons.
    """
    if validated.errors:
        return 3
    if validated.complaints:
        return 2
    if any(not (allow_known and row.only_known) for row in validated.having("broken")):
        return 1
    unsure = validated.having("unknown") or not validated.rows
    return 1 if strict and unsure else 0


# ---- on the console -------------------------------------------------------------------------------------------------


def report(validated: Validated, page: Page | None = None) -> list[Text]:
    """A whole report for each broken clause, what small contests showed, then the table and what it took."""
    page = page or Page()
    lines: list[Text] = []
    for row in validated.having("broken"):
        assert row.finding is not None
        lines += [*finding_report(row.finding, page), Text()]
    for contest in validated.contests:
        lines += [*contest_lines(contest, page), Text()]
    lines += [rule(_title(validated), page, _STYLES["broken"] if validated.having("broken") else "bold"), Text()]
    lines += table(validated, page)
    lines.append(Text())
    for said in (*_remarks(validated), *_effort(validated)):
        lines += [Text(line) for line in wrap(clean(said), page.width, glyphs=page.glyphs)]
    lines += [Text(), Text(f"seed {validated.seed}; repeat it with", style="dim"), Text(clean(validated.repeat))]
    return lines


def table(validated: Validated, page: Page) -> list[Text]:
    """The table of clauses alone."""
    width = max(len("not offered"), 6)
    runs = max([4, *(len(f"{row.tried:,}") for row in validated.rows)])
    names = max([6, *(len(row.clause.id) for row in validated.rows)])
    rest = page.width - names - width - runs - 6
    line = page.glyphs.line
    lines = [
        Text(f"{'clause':<{names}}  {'verdict':<{width}}  {'runs':>{runs}}  what it says", style="bold"),
        Text(f"{line * names}  {line * width}  {line * runs}  {line * rest}", style="dim"),
    ]
    for row in validated.rows:
        text = Text(f"{row.clause.id:<{names}}  ")
        text.append(f"{row.verdict:<{width}}", style=_STYLES[row.verdict])
        text.append(f"  {f'{row.tried:,}' if row.tried else '':>{runs}}  ")
        text.append(cut(clean(row.clause.text), rest, page.glyphs))
        lines.append(text)
        for said in _why(row):
            for part in wrap(clean(said), rest, glyphs=page.glyphs):
                lines.append(Text(" " * (page.width - rest) + part, style="dim"))
    return lines


def _why(row: Row) -> list[str]:
    """What stands below a row."""
    if row.verdict == "departed":
        observed = f"observed in {count(row.departed, 'run')}" if row.departed else "not observed"
        return [f"declared: {row.reason} ({observed})"]
    if row.verdict == "broken":
        said = [row.reason, *(f"known: {bug.issue}, {bug.state}: {bug.note}" for bug in row.bugs)]
        new = len(row.seen) - len(row.known)
        if row.bugs and not row.only_known:
            said.append(f"and {count(max(new, 1), 'more way that is', 'more ways that are')} not known")
        return said
    return [row.reason] if row.reason else []


def _title(validated: Validated) -> str:
    number = len(validated.having("broken"))
    head = "interrupted, " if validated.interrupted else ""
    if number:
        known = len(validated.known_broken)
        word = f"{count(number, 'clause')} of the contract {validated.contract} broken"
        word += f", {'all' if known == number else known} by known bugs alone" if known else ""
    elif not validated.rows:
        word = "nothing was tried"
    elif validated.having("unknown"):
        word = f"no clause of the contract {validated.contract} broken, {len(validated.having('unknown'))} unknown"
    else:
        word = f"every clause of the contract {validated.contract} holds"
    return clean(f"{head}{validated.what}: {word}")


def _remarks(validated: Validated) -> list[str]:
    used = {row.verdict for row in validated.rows} - {"holds", "broken"}
    said = [f"{word}: {meaning}." for word, meaning in VERDICTS.items() if word in used]
    if validated.known_broken:
        names = ", ".join(row.clause.id for row in validated.known_broken)
        said.append(f"Nothing but known bugs breaks {names}: --allow-known does not fail for that.")
    if validated.no_contests:
        said.append(f"No outcome tables: {validated.no_contests}.")
    said += [f"harness error: {error}" for error in validated.errors]
    return [*said, *validated.complaints]


def _effort(validated: Validated) -> list[str]:
    """What it took, and what was tried completely."""
    seconds = f"{validated.seconds:.1f} s" if validated.seconds < 60 else duration(validated.seconds)
    said = (
        f"{count(validated.runs, 'run')} in {seconds} on {validated.interpreter} "
        f"({count(validated.jobs, 'worker')}; {count(validated.programs, 'generated program')})"
    )
    if validated.crashes:
        said += f"; {count(validated.crashes, 'process', 'processes')} did not survive"
    exhaustive = validated.exhaustive
    return [f"{said}.", *([f"Systematically: {exhaustive}."] if exhaustive else [])]


# ---- JSON -----------------------------------------------------------------------------------------------------------


def document(validated: Validated, code: int) -> dict[str, Any]:
    """The JSON document; see the head of this file.

    Args:
        validated: what came out.
        code: exit code of the command.
    """
    return {
        "format": FORMAT,
        "validation": {
            "what": validated.what,
            "target": validated.target,
            "reference": validated.reference,
            "contract": validated.contract,
            "verdict": verdict(validated),
            "counts": {word: len(validated.having(word)) for word in VERDICTS},
            "known_broken": [row.clause.id for row in validated.known_broken],
            "exit_code": code,
            "interpreter": validated.interpreter,
            "seed": validated.seed,
            "jobs": validated.jobs,
            "seconds": round(validated.seconds, 3),
            "runs": validated.runs,
            "programs": validated.programs,
            "crashes": validated.crashes,
            "interrupted": validated.interrupted,
            "repeat": validated.repeat,
            "enumerated": [
                {
                    "size": one.size,
                    "programs": one.programs,
                    "completed": one.completed,
                    "bound": one.bound,
                    "runs": one.runs,
                    "complete": one.complete,
                    "chained": one.chained,
                    "kind": one.kind,
                    "tried": one.tried,
                    "why_not": one.why_not,
                }
                for one in validated.enumerated
            ],
            "exhaustive": validated.exhaustive,
            "errors": list(validated.errors),
            "complaints": list(validated.complaints),
        },
        "clauses": [_clause(row) for row in validated.rows],
        "contests": [contest_document(contest) for contest in validated.contests],
        "no_contests": validated.no_contests,
    }


def _clause(row: Row) -> dict[str, Any]:
    clause = row.clause
    return {
        "id": clause.id,
        "text": clause.text,
        "quote": clause.quote,
        "source": clause.source,
        "grade": clause.grade,
        "versions": clause.versions,
        "verdict": row.verdict,
        "reason": row.reason,
        "tried": row.tried,
        "broken": row.broken,
        "departed": row.departed,
        "seen": {
            signature: {"runs": runs, "issue": row.known[signature].issue if signature in row.known else None}
            for signature, runs in row.seen.items()
        },
        "known": [known_document(bug) for bug in row.bugs],
        "only_known": row.only_known,
        "finding": None if row.finding is None else finding_document(row.finding),
    }


# ---- Markdown -------------------------------------------------------------------------------------------------------


def markdown(validated: Validated) -> str:
    """The report as Markdown: a line for a badge, the table, and a section for each broken clause."""
    parts = [
        f"## `{validated.what}` against the contract `{validated.contract}`",
        badge_line(validated),
        "\n".join(_effort(validated)),
        "| clause | verdict | runs | what it says |\n| --- | --- | ---: | --- |\n"
        + "\n".join(_markdown_row(row) for row in validated.rows),
    ]
    remarks = _remarks(validated)
    if remarks:
        parts.append("\n".join(f"* {_cell(said)}" for said in remarks))
    if validated.contests:
        parts += ["### Outcomes", *(contest_markdown(contest) for contest in validated.contests)]
    parts += [_markdown_finding(row) for row in validated.having("broken")]
    parts.append(f"Made by `{validated.repeat}`.")
    return "\n\n".join(parts) + "\n"


def _markdown_row(row: Row) -> str:
    word = f"**{row.verdict}**" if row.verdict in ("broken", "unknown") else row.verdict
    said = "<br>".join([_cell(row.clause.text), *(f"*{_cell(why)}*" for why in _why(row))])
    return f"| {row.clause.id} | {word} | {row.tried:,} | {said} |"


def _markdown_finding(row: Row) -> str:
    assert row.finding is not None
    lines = [line.plain.rstrip() for line in finding_report(row.finding, Page(width=100))]
    # the token has a line of its own, whatever its length
    body = "\n".join(lines).replace("```", "'''")
    return f"### {row.clause.id}: {_cell(row.reason)}\n\n```text\n{body}\n```"


def _cell(text: str) -> str:
    """Text that cannot end its cell of a table."""
    return clean(text).replace("|", "\\|").replace("\n", " ")


# ---- the badge ------------------------------------------------------------------------------------------------------


def _counts(validated: Validated) -> str:
    words: list[Verdict] = ["holds", "broken", "departed", "unknown"]
    names = {"holds": "hold"}
    parts = [f"{len(validated.having(word))} {names.get(word, word)}" for word in words if validated.having(word)]
    return ", ".join(parts) or "nothing is known"


def badge_line(validated: Validated) -> str:
    """A line of Markdown for a README."""
    return f"**futurefuzz · {validated.contract}: {_counts(validated)}** ({validated.interpreter})"


def save_badge(validated: Validated, path: Path) -> None:
    """Write a badge: a picture (`.svg`), else the JSON that shields.io takes from an endpoint.

    Raises:
        InputError: the file cannot be written.
    """
    name, colour = _COLOURS[verdict(validated)]
    label, message = f"futurefuzz {validated.contract}", _counts(validated)
    if path.suffix == ".svg":
        text = _svg(label, message, colour)
    else:
        endpoint: Mapping[str, Any] = {"schemaVersion": 1, "label": label, "message": message, "color": name}
        text = json.dumps(endpoint) + "\n"
    save_text(text, path, "--badge")


def _svg(label: str, message: str, colour: str) -> str:
    left, right = 7 * cell_len(label) + 10, 7 * cell_len(message) + 10
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right}" height="20" role="img" '
        f'aria-label="{escape(label)}: {escape(message)}">'
        f'<rect width="{left}" height="20" fill="#555"/><rect x="{left}" width="{right}" height="20" fill="{colour}"/>'
        '<g fill="#fff" text-anchor="middle" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f'<text x="{left / 2:g}" y="14">{escape(label)}</text>'
        f'<text x="{left + right / 2:g}" y="14">{escape(message)}</text></g></svg>\n'
    )


def save_text(text: str, path: Path, option: str) -> None:
    """Write a text file, whole or not at all.

    Raises:
        InputError: it cannot be written.
    """
    try:
        atomic.write(path, text.encode())
    except OSError as error:
        allowed = "a file in a folder that exists and can be written to"
        raise InputError(f"{option} {path}: {error.strerror or error}; allowed: {allowed}") from None
