"""The end of a campaign in words: what was done, found and left out, how to repeat it and how to go on."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import Final

from rich.cells import cell_len
from rich.text import Text

from futurefuzz.campaign.campaign import DEFAULT_CORPUS
from futurefuzz.campaign.outcome import Outcome, PairCount, Reported
from futurefuzz.contracts.verdict import Clause
from futurefuzz.reports.console import Printer, count, duration
from futurefuzz.reports.finding import GRADE_STYLES, finding_report, shown_path, standing
from futurefuzz.reports.page import Page, clean, cut, rule, wrap

__all__ = ["campaign_report", "show_campaign", "summary"]

#: so many findings get a whole report; with more of them nobody reads on
MOST_REPORTS: Final = 20
MOST_PAIRS: Final = 30
SHORT_HEADS: Final = ("runs", "behav.", "crash", "forb.", "inter.", "known")


def show_campaign(outcome: Outcome, printer: Printer, *, clauses: Mapping[str, Clause] | None = None) -> None:
    """Write the reports of all new findings and the summary; the lines come one finding at a time."""
    printer.show(campaign_report(outcome, printer.page, clauses=clauses))


def campaign_report(
    outcome: Outcome, page: Page | None = None, *, clauses: Mapping[str, Clause] | None = None
) -> list[Text]:
    """A whole report per new finding, forbidden ones first, then the summary.

    Args:
        outcome: what the campaign left.
        page: how it is to look.
        clauses: by id; None: `contracts.CLAUSES`.
    """
    page = page or Page()
    lines: list[Text] = []
    for reported in _in_order(outcome.new)[:MOST_REPORTS]:
        lines += [*finding_report(reported, page, clauses=clauses), Text()]
    return lines + summary(outcome, page)


def summary(outcome: Outcome, page: Page | None = None) -> list[Text]:
    """The summary alone."""
    page = page or Page()
    lines = [rule(_title(outcome), page, "bold"), Text()]
    lines += _work(outcome, page)
    lines += _pairs(outcome.pairs, page)
    lines += _found(outcome, page)
    lines += _left_out(outcome, page)
    return lines + _again(outcome, page)


def _title(outcome: Outcome) -> str:
    found = count(len(outcome.new), "new finding") if outcome.new else "nothing new"
    return f"{'interrupted, ' if outcome.interrupted else ''}{found}"


def _in_order(findings: Sequence[Reported]) -> list[Reported]:
    # stable: within a grade as they were found
    return sorted(findings, key=lambda reported: reported.finding.grade != "forbidden")


def _work(outcome: Outcome, page: Page) -> list[Text]:
    seconds = f"{outcome.seconds:.1f} s" if outcome.seconds < 60 else duration(outcome.seconds)
    parts = [
        count(outcome.runs, "run"),
        f"in {seconds} ({outcome.runs_per_second:,.0f} per second, {count(outcome.jobs, 'worker')})",
        f"on {clean(outcome.interpreter)};",
        count(outcome.behaviours, "distinct behaviour"),
    ]
    said = " ".join(parts)
    if outcome.crashes:
        said += f", {count(outcome.crashes, 'worker')} crashed or hung"
    return [Text(line) for line in wrap(said + ".", page.width, glyphs=page.glyphs)] + [Text()]


# what ran


def _pairs(pairs: Sequence[PairCount], page: Page) -> list[Text]:
    if not pairs:
        return []
    numbers = ("runs", "behaviours", "crashes", "forbidden", "interesting", "known")
    shown = list(pairs)[:MOST_PAIRS]
    table = [
        [clean(pair.target), clean(pair.scenario), *(_number(getattr(pair, name)) for name in numbers)]
        for pair in shown
    ]
    heads = ["target", "scenario", *(numbers if page.width >= 90 else SHORT_HEADS)]
    # a column in which nothing ever happened says nothing
    used = [i for i in range(len(heads)) if i < 3 or any(row[i] for row in table)]
    widths = {i: max(cell_len(heads[i]), *(cell_len(row[i]) for row in table)) for i in used}
    spare = page.width - sum(widths[i] + 2 for i in used if i > 1) - 2
    for i in (0, 1):
        widths[i] = min(widths[i], max(5, spare // 2 if i == 0 else spare - widths[0]))
    lines = [_table_line(heads, used, widths, page, "bold")]
    lines.append(Text("  ".join(page.glyphs.line * widths[i] for i in used), style="dim"))
    lines += [_table_line(row, used, widths, page, "") for row in table]
    if len(pairs) > MOST_PAIRS:
        runs = sum(pair.runs for pair in pairs[MOST_PAIRS:])
        said = f"and {len(pairs) - MOST_PAIRS} more pairs with {runs:,} runs (--json has them all)"
        lines += [Text(line, style="dim") for line in wrap(said, page.width, glyphs=page.glyphs)]
    return [*lines, Text()]


def _number(number: int) -> str:
    return f"{number / 1e6:,.1f}M" if number >= 1_000_000 else f"{number:,}" if number else ""


def _table_line(row: Sequence[str], used: Sequence[int], widths: Mapping[int, int], page: Page, style: str) -> Text:
    cells = []
    for i in used:
        cell = cut(row[i], widths[i], page.glyphs)
        space = " " * (widths[i] - cell_len(cell))
        cells.append(cell + space if i < 2 else space + cell)
    return Text("  ".join(cells).rstrip(), style=style)


# what came out


def _found(outcome: Outcome, page: Page) -> list[Text]:
    lines: list[Text] = []
    for title, findings in (("New", _in_order(outcome.new)), ("Not new", outcome.known)):
        if not findings:
            continue
        lines.append(Text(f"{title}: {len(findings)}", style="bold"))
        if title == "New" and any(reported.path for reported in findings):
            lines[-1].append("  (show one again: futurefuzz replay FILE)", style="not bold dim")
        for reported in findings:
            lines += _entry(reported, page)
        lines.append(Text())
    if outcome.unconfirmed:
        lines.append(Text(f"Seen, but not again when replayed: {len(outcome.unconfirmed)}", style="bold"))
        for one in outcome.unconfirmed:
            lines += _item(f"{one.signature} ({count(one.tried, 'try', 'tries')})", page)
        lines.append(Text())
    return lines


def _entry(reported: Reported, page: Page) -> list[Text]:
    if not reported.is_new:
        return _item(f"{reported.finding.signature} ({standing(reported)})", page)
    finding = reported.finding
    said = wrap(f"{finding.grade:<11}  {clean(finding.signature)}", page.width - 2, indent=13, glyphs=page.glyphs)
    lines = [Text(f"  {line}", style=GRADE_STYLES[finding.grade]) for line in said]
    if reported.path is not None:
        lines.append(Text(f"    {clean(shown_path(reported.path))}", style="dim"))
    return lines


def _item(said: str, page: Page) -> list[Text]:
    return [Text(f"  {line}") for line in wrap(clean(said), page.width - 2, indent=2, glyphs=page.glyphs)]


def _left_out(outcome: Outcome, page: Page) -> list[Text]:
    lines: list[Text] = []
    if outcome.throttled:
        lines.append(Text("Held back:", style="bold"))
        for one in outcome.throttled:
            lines += _item(f"{one.target} with {one.scenario}: {one.reason}", page)
        lines.append(Text())
    if outcome.errors:
        lines.append(Text(f"The harness itself failed: {len(outcome.errors)}", style="bold red"))
        for error in outcome.errors:
            lines += _item(error, page)
        lines.append(Text())
    return lines


def _again(outcome: Outcome, page: Page) -> list[Text]:
    repeat = outcome.repeat or f"futurefuzz fuzz --seed {outcome.seed}"
    lines = [Text(f"seed {outcome.seed}; repeat it with", style="dim"), Text(clean(repeat))]
    if outcome.corpus is not None:
        folder = outcome.corpus.resolve()
        # a finding of the corpus that futurefuzz comes with has its file there
        paths = [reported.path for reported in outcome.findings if reported.path is not None]
        saved = sum(path.resolve().parent == folder for path in paths)
        where = shown_path(outcome.corpus)
        following = shlex.join(["futurefuzz", "fuzz", *(() if where == str(DEFAULT_CORPUS) else ("--corpus", where))])
        said = f"{count(saved, 'finding')} saved in {where}; the next `{following}` replays them first"
        lines += [Text(line, style="dim") for line in wrap(clean(said), page.width, glyphs=page.glyphs)]
    if outcome.interrupted:
        said = "It was interrupted; nothing that was found is lost. To go on, start it again with another seed:"
        lines += [Text(line, style="dim") for line in wrap(said, page.width, glyphs=page.glyphs)]
        lines.append(Text(clean(outcome.go_on or f"futurefuzz fuzz --seed {outcome.seed + 1}")))
    return lines
