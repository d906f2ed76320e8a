"""An exploration as a page of text: the cause, what each thread did, how to see it again, what was searched."""

from __future__ import annotations

from rich.cells import cell_len
from rich.text import Text

from futurefuzz.exploring.exploration import MEANING, Exploration, Finding
from futurefuzz.exploring.timeline import Row
from futurefuzz.health.report import told
from futurefuzz.reports.page import Page, clean, cut, rule, wrap

__all__ = ["finding_lines", "report", "summary"]

_MOST_DETAIL = 12
_SAID = {
    "stopped": ("stopped here, before: ", "bold yellow"),
    "waits": ("waits: ", "dim"),
    "ended": ("ended", "dim"),
    "failed": ("", "bold red"),
    "stuck": ("waits for ever: ", "bold red"),
}


def report(found: Exploration, page: Page) -> list[Text]:
    """The whole page."""
    lines = [line for finding in found.failures for line in (*finding_lines(finding, page), Text())]
    return lines + summary(found, page)


def summary(found: Exploration, page: Page) -> list[Text]:
    """What was searched and what came of it, without the findings themselves."""
    lines: list[Text] = []
    lines.append(rule(f"explored {clean(found.what)}", page, "bold"))
    lines += _stages(found, page)
    lines.append(_verdict(found))
    return lines


def finding_lines(finding: Finding, page: Page) -> list[Text]:
    """A finding."""
    lines = [rule(clean(finding.signature), page, "bold red")]
    lines += _wrapped(finding.cause, page, "bold")
    if finding.fair_from is not None:
        why = f"Everybody is let go again and again; {MEANING[finding.model]} (model {finding.model})."
    elif finding.always:
        why = "It shows in the plainest schedule too, when each thread goes on until it waits: no race is needed."
    else:
        count = finding.preemptions
        switches = "no preemption" if not count else f"{count} preemption{'s' if count > 1 else ''}"
        why = f"Needs {switches}; {MEANING[finding.model]} (model {finding.model})."
    lines += _wrapped(why, page)
    if finding.race:
        lines += _wrapped(f"{finding.race}.", page)
    lines += [Text(f"  {part}") for text in finding.detail[:_MOST_DETAIL] for part in wrap(clean(text), page.width - 2)]
    lines += [line for other in finding.others[:5] for line in _wrapped(f"also: {other}", page)]
    lines += [Text(f"  {part}", style="dim") for text in told(finding.health) for part in _within(text, page)]
    if finding.rows:
        lines.append(Text())
        lines += timeline(finding.rows, page)
    lines.append(Text())
    if finding.found_after:
        after = f"{finding.found_after:,} run{'s' if finding.found_after > 1 else ''}"
        lines.append(Text(f"found after {after}, shown again in {_of(finding.confirmed)} runs"))
    if finding.token:
        lines.append(Text(f"futurefuzz replay {finding.token}"))
    return lines


def timeline(rows: tuple[Row, ...], page: Page) -> list[Text]:
    """The rows, laid out to the column."""
    names = max((cell_len(row.thread) for row in rows), default=0)
    names = min(max(names, 6), 20)
    where = min(max((cell_len(str(row.place)) for row in rows if row.place is not None), default=0), 28)
    room = page.width - names - where - 6
    glyphs = page.glyphs
    lines = []
    for at, row in enumerate(rows):
        name = cut(clean(row.thread), names, glyphs).ljust(names)
        place = cut(clean(str(row.place or "")), where, glyphs).ljust(where)
        if row.kind == "round" and (at == 0 or rows[at - 1].kind != "round"):
            lines.append(Text("and then again and again:", style="bold yellow"))
        if row.kind == "gap":
            lines.append(Text(f"{' ' * names} {glyphs.skip} {row.text} lines more", style="dim"))
        elif row.kind == "round":
            lines.append(Text(f"{name} {glyphs.more} {place}  {cut(clean(row.text), room, glyphs)}", style="yellow"))
        elif row.kind == "line":
            text = clean(row.text) + (f"   ({glyphs.more} goes on)" if row.again else "")
            lines.append(Text(f"{name} {glyphs.bar} {place}  {cut(text, room, glyphs)}"))
            blank = f"{' ' * names} {glyphs.bar} {' ' * where}    "
            lines += [Text(blank + cut(clean(value), room - 2, glyphs), style="cyan") for value in row.values]
        else:
            said, style = _SAID[row.kind]
            text = said + ("" if row.kind == "ended" else clean(row.text))
            if row.kind == "stopped" and row.text.startswith("after "):  # a call has returned
                text = f"stopped here, {clean(row.text)}"
            bad = row.kind in ("failed", "stuck")
            filler = glyphs.line * where if row.kind == "stopped" else " " * where
            mark = glyphs.bad if bad else glyphs.dot
            lines.append(Text(f"{name} {mark} {filler}  {cut(text, room, glyphs)}".rstrip(), style=style))
    return lines


def _stages(found: Exploration, page: Page) -> list[Text]:
    lines = []
    models = [finding.model for finding in found.failures]
    for stage in found.stages:
        what = stage.certificate or "a sample"
        if stage.model in models:
            what = "found" if stage.certificate is None else f"found; {what}"
        lines.append(Text(f"model {stage.model:<14} {stage.runs:>7,} runs  {stage.seconds:>6.1f} s   {what}"))
        if stage.note:
            lines += [Text(f"  {part}", style="dim") for part in wrap(clean(stage.note), page.width - 2, lines=3)]
        if stage is found.stages[-1] and not found.failures:
            lines += [Text(f"  {part}", style="dim") for text in told(stage.health) for part in _within(text, page)]
        for signature in stage.lost[:5]:
            lines.append(Text(cut(f"  seen, but not shown again: {clean(signature)}", page.width, page.glyphs)))
    return lines


def _verdict(found: Exploration) -> Text:
    if found.failures:
        count = len(found.failures)
        return Text(f"{count} finding{'s' if count > 1 else ''}; repeat with --seed {found.seed}", style="bold red")
    if found.certificate is not None:
        return Text(f"certificate: {found.certificate}", style="bold green")
    return Text(f"nothing found in {found.runs:,} runs; that is a sample, not a proof", style="bold")


def _within(text: str, page: Page) -> list[str]:
    return wrap(clean(text), page.width - 2, indent=4)


def _wrapped(text: str, page: Page, style: str = "") -> list[Text]:
    return [Text(part, style=style) for part in wrap(clean(text), page.width)]


def _of(confirmed: tuple[int, int]) -> str:
    return f"{confirmed[0]} of {confirmed[1]}"
