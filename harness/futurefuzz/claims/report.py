"""The claims as a table: for a terminal, and as Markdown with a column for each interpreter."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.text import Text

from futurefuzz.claims.running import Column
from futurefuzz.claims.table import CLAIMS
from futurefuzz.reports.page import Page, clean, rule, wrap

__all__ = ["claims_lines", "markdown"]

_STYLES: Final = {"holds": "bold green", "refuted": "bold red", "depends": "bold yellow"}
_INDENT: Final = 4


def claims_lines(columns: Sequence[Column], page: Page) -> list[Text]:
    """Each claim with its verdict and evidence; where there are several interpreters, the matrix first.

    Args:
        columns: interpreters; the first is the one that runs.
        page: how it is to look.
    """
    lines: list[Text] = []
    if len(columns) > 1:
        lines += _matrix(columns, page)
        lines.append(Text())
    first = columns[0]
    lines.append(rule(first.interpreter, page, "bold"))
    for checked in first.checked:
        claim = CLAIMS[checked.number]
        head = wrap(f"{clean(claim.claim)}", page.width - 14)
        line = Text(f"{checked.number:>2}  ")
        line.append(f"{checked.verdict:<9} ", style=_STYLES[checked.verdict])
        lines.append(line.append(head[0], style="bold"))
        lines += [Text(" " * 14 + part, style="bold") for part in head[1:]]
        lines += _paragraph(checked.evidence, page)
        if not checked.as_expected:
            said = f"not as known: {checked.expected} was expected; either this interpreter is other, or the check is"
            lines += [Text(f"{line.plain}", style="bold red") for line in _paragraph(said, page)]
        if checked.verdict != "holds" or checked.expected is None:
            lines += _paragraph(f"In truth: {claim.truth}", page)
        lines += _paragraph(f"“{claim.quote}” {page.glyphs.line} {claim.source}", page, "dim")
    lines.append(_count(columns))
    return lines


def _paragraph(text: str, page: Page, style: str = "") -> list[Text]:
    return [Text(" " * _INDENT + part, style=style) for part in wrap(clean(text), page.width - _INDENT)]


def _matrix(columns: Sequence[Column], page: Page) -> list[Text]:
    names = [_version(column) for column in columns]
    width = max(9, *(len(name) for name in names)) + 1
    lines = [Text("    " + "".join(name.ljust(width) for name in names), style="bold")]
    room = max(page.width - 4 - width * len(columns), 20)
    for nth, checked in enumerate(columns[0].checked):
        line = Text(f"{checked.number:>2}  ")
        for column in columns:
            each = column.checked[nth]
            mark = "" if each.as_expected else "!"
            line.append(f"{each.verdict}{mark}".ljust(width), style=_STYLES[each.verdict])
        claim = CLAIMS[checked.number].claim
        line.append(claim if len(claim) <= room else claim[: room - 1].rstrip() + page.glyphs.more)
        lines.append(line)
    return lines


def _version(column: Column) -> str:
    return column.interpreter.rpartition(" ")[2]


def _count(columns: Sequence[Column]) -> Text:
    every = [each for column in columns for each in column.checked]
    wrong = [each for each in every if not each.as_expected]
    if wrong:
        return Text(f"{len(wrong)} of {len(every)} verdicts are not as known", style="bold red")
    return Text(f"{len(every)} verdict{'s' * (len(every) != 1)}, all as known", style="bold green")


def markdown(columns: Sequence[Column], command: str) -> str:
    """A document with the matrix, and below it the evidence of the first interpreter.

    Args:
        columns: interpreters.
        command: that made it.
    """
    lines = [
        "# Claims about futures and event loops, checked",
        "",
        "Claims that are made about futures and callbacks in asyncio, each with what a check on the interpreter saw:",
        "it `holds`, is `refuted`, or `depends`. Made by",
        "",
        "```sh",
        command,
        "```",
        "",
        f"| # | claim | {' | '.join(_version(column) for column in columns)} |",
        f"|---|---|{'---|' * len(columns)}",
    ]
    for nth, checked in enumerate(columns[0].checked):
        cells = [_cell(column.checked[nth].verdict, column.checked[nth].as_expected) for column in columns]
        lines.append(f"| {checked.number} | {_escaped(CLAIMS[checked.number].claim)} | {' | '.join(cells)} |")
    wrong = sum(not each.as_expected for column in columns for each in column.checked)
    lines += ["", f"Verdicts that differ from the known ones: {wrong or 'none'}.", "", "## Evidence", ""]
    for nth, checked in enumerate(columns[0].checked):
        claim = CLAIMS[checked.number]
        lines += [f"### {checked.number}. {_escaped(claim.claim)}", "", _escaped(claim.truth), ""]
        seen: dict[str, list[str]] = {}
        for column in columns:
            each = column.checked[nth]
            seen.setdefault(f"{each.verdict}: {each.evidence}", []).append(_version(column))
        lines += [f"* {', '.join(versions)}: {_escaped(text)}" for text, versions in seen.items()]
        lines += ["", f"> {_escaped(claim.quote)} — {claim.source}", ""]
    return "\n".join(lines)


def _cell(verdict: str, as_expected: bool) -> str:
    return verdict if as_expected else f"**{verdict}** (not as known)"


def _escaped(text: str) -> str:
    return clean(text).replace("|", "\\|").replace("<", "&lt;").replace("*", "\\*").replace("_", "\\_")
