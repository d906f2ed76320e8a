"""The outcome table on the console: RESULT, SAMPLES, FREQUENCY, GRADE, WHY; and those of a validation."""

from __future__ import annotations

from typing import Any, Final

from rich.text import Text

from futurefuzz.comparing.table import Row, Table
from futurefuzz.programs.codec import program_to_json
from futurefuzz.reports.comparison import program_lines
from futurefuzz.reports.page import Page, clean, wrap
from futurefuzz.validating.result import Contest

__all__ = ["contest_document", "contest_lines", "contest_markdown", "outcome_lines", "table_document"]

_STYLES: Final = {"allowed": "green", "interesting": "bold yellow", "forbidden": "bold red", "unknown": "yellow"}
_SAMPLES: Final = 9
_FREQUENCY: Final = 11
_GRADE: Final = 13


def outcome_lines(table: Table, page: Page) -> list[Text]:
    """The table as lines of the page's width, and a sentence on how much of the program it shows."""
    numbers = _SAMPLES + _FREQUENCY + _GRADE
    result = min(max([len(row.result) for row in table.rows] + [12]), (page.width - numbers) * 3 // 5)
    why = page.width - numbers - result - 2
    lines = [Text(_line("RESULT", "SAMPLES", "FREQUENCY", "GRADE", "WHY", result), style="bold")]
    for row in table.rows:
        lines += _row(row, result, why, page)
    lines += [Text(), Text(_extent(table))]
    return lines


def _row(row: Row, result: int, why: int, page: Page) -> list[Text]:
    left = wrap(clean(row.result), result, glyphs=page.glyphs)
    right = wrap(clean(row.why), why, glyphs=page.glyphs)
    share = f"{row.frequency:.1%}" if row.samples else "not seen"
    lines = []
    for index in range(max(len(left), len(right))):
        first = index == 0
        line = Text(f"{left[index] if index < len(left) else '':<{result}}  ")
        line.append(f"{row.samples if first else '':>{_SAMPLES - 2}}  {share if first else '':>{_FREQUENCY - 2}}  ")
        line.append(f"{row.grade if first else '':<{_GRADE}}", style=_STYLES[row.grade])
        line.append(right[index] if index < len(right) else "")
        line.rstrip()
        lines.append(line)
    return lines


def _line(result: str, samples: str, frequency: str, grade: str, why: str, width: int) -> str:
    return f"{result:<{width}}  {samples:>{_SAMPLES - 2}}  {frequency:>{_FREQUENCY - 2}}  {grade:<{_GRADE}}{why}"


def _extent(table: Table) -> str:
    runs = f"{table.runs:,} run{'' if table.runs == 1 else 's'}"
    extent = "every interleaving" if table.complete else "a sample"
    legal = "" if table.legal is None else f"; the contract allows {table.legal:,} outcomes"
    return f"{runs}, {extent}{legal}"


def table_document(table: Table) -> dict[str, Any]:
    """The table as JSON."""
    return {
        "runs": table.runs,
        "complete": table.complete,
        "legal": table.legal,
        "rows": [
            {
                "result": row.result,
                "samples": row.samples,
                "frequency": row.frequency,
                "grade": row.grade,
                "why": row.why,
                "answers": dict(row.answers),
            }
            for row in table.rows
        ],
    }


# ---- in the report of a validation ----------------------------------------------------------------------------------


def contest_lines(contest: Contest, page: Page) -> list[Text]:
    """A small program with its outcome table."""
    head = Text(f"{contest.about[0].upper()}{contest.about[1:]}", style="bold")
    return [head, *program_lines(contest.program, page), *outcome_lines(contest.table, page)]


def contest_document(contest: Contest) -> dict[str, Any]:
    """The same as JSON: `about`, `program`, and what `table_document` has."""
    return {"about": contest.about, "program": program_to_json(contest.program), **table_document(contest.table)}


def contest_markdown(contest: Contest) -> str:
    """The same as a section of a Markdown report."""
    table = contest.table
    code = "\n".join(line.plain.rstrip() for line in program_lines(contest.program, Page(width=100)))
    rows = [
        f"| {_cell(row.result)} | {row.samples:,} | {f'{row.frequency:.1%}' if row.samples else 'not seen'} "
        f"| {row.grade if row.grade == 'allowed' else f'**{row.grade}**'} | {_cell(row.why)} |"
        for row in table.rows
    ]
    head = "| RESULT | SAMPLES | FREQUENCY | GRADE | WHY |\n| --- | ---: | ---: | --- | --- |"
    about = f"{contest.about[0].upper()}{contest.about[1:]}"
    return "\n\n".join([f"**{about}**", f"```text\n{code}\n```", "\n".join([head, *rows]), _extent(table)])


def _cell(text: str) -> str:
    return clean(text).replace("|", "\\|").replace("\n", " ")
