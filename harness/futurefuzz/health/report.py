"""The health of loops as a page of text."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.text import Text

from futurefuzz.health.histogram import Histogram, spelled
from futurefuzz.health.record import LoopHealth
from futurefuzz.reports.page import Page, clean, cut, rule, wrap

__all__ = ["health_lines", "told"]

_MOST = 10
_BAR = 24


def health_lines(loops: Sequence[LoopHealth], page: Page) -> list[Text]:
    """One section for each loop; measurements first, verdicts last.

    Args:
        loops: what was seen.
        page: how it is to look.
    """
    lines = [line for loop in loops for line in _loop(loop, page)]
    return lines or [Text("no loop ran while it was watched")]


def told(documents: Iterable[Mapping[str, Any]]) -> list[str]:
    """Loops in a line each, and what they did wrong, from their JSON forms: for the report of an exploration."""
    lines = []
    for loop in documents:
        depth = loop["depth"]
        growing = ", and growing" if depth["growing"] else ""
        head = f"{loop['name']}: {loop['iterations']} iterations"
        lines.append(f"{head}, ready queue at most {depth['deepest']}{growing}")
        if loop["unit"] == "iterations" and loop["latency"]["count"]:
            buckets = (f"{_within(bound)}: {count}" for bound, count in loop["latency"]["buckets"] if count)
            lines.append(f"  callbacks by iterations from call_soon to run: {', '.join(buckets)}")
        for waiter in loop["waiters"] if loop["unit"] == "iterations" else ():
            lines.append(f"  {waiter['name']} waits for {waiter['waits_for']}, at {waiter['where']}")
        lines += [f"  {verdict['clause']} {_short(verdict['cause'])}" for verdict in loop["verdicts"][:_MOST]]
    return lines


def _within(bound: float) -> str:
    return f"{bound:.0f}" if bound <= 1 else f"up to {bound:.0f}"


def _loop(loop: LoopHealth, page: Page) -> list[Text]:
    depth = loop.depth
    how = " (virtual time)" if loop.virtual else " (seen from outside)" if loop.outside else ""
    lines = [rule(f"{loop.name}: {loop.iterations:,} iterations{how}", page)]
    drained = "empty now" if not depth.busy else f"not empty for {depth.busy:,} iterations"
    if depth.growing:
        drained += ", and growing: the loop cannot drain it"
    lines.append(Text(f"ready queue   deepest {depth.deepest:,}, now {depth.now:,}; {drained}"))
    lines += _histogram("call_soon to run", loop.latency, page)
    lines += _histogram("callbacks take", loop.duration, page)
    if loop.slow_count:
        lines.append(Text(f"slow callbacks: {loop.slow_count:,} of {loop.bound:g} s and more"))
        lines += _listed(
            (f"{each.seconds:.3f} s  {each.what}{_at(each.where)}{f', in {each.blocking}' if each.blocking else ''}"
             for each in loop.slow), page
        )
    if loop.waiters:
        lines.append(Text(f"waiting tasks: {len(loop.waiters):,}"))
        lines += _listed(
            (f"{each.name} waits for {each.waits_for}{_since(each.seconds)}{_at(each.where)}" for each in loop.waiters),
            page,
        )
    others = [each for each in loop.complaints if each.kind == "other"]
    if others:
        lines.append(Text("the exception handler was called"))
        lines += _listed((f"{each.message}{f': {each.error}' if each.error else ''}" for each in others), page)
    for verdict in loop.verdicts[:_MOST]:
        mark = f"{page.glyphs.bad} {verdict.clause.id}  "
        text = wrap(mark + clean(_short(verdict.cause)), page.width, indent=6)
        lines += [Text(part, style="bold red") for part in text]
    if len(loop.verdicts) > _MOST:
        lines.append(Text(f"  and {len(loop.verdicts) - _MOST:,} more", style="dim"))
    return lines


def _histogram(title: str, found: Histogram, page: Page) -> list[Text]:
    if not found.count:
        return []
    head = (
        f"{title:<17} {found.count:,} times; half within {spelled(found.quantile(0.5))}, "
        f"99 % within {spelled(found.quantile(0.99))}, longest {spelled(found.longest)}"
    )
    rows: dict[int, int] = {}
    for bound, count in found.rows():  # three to one: a page is not as tall
        bits = bound.bit_length()
        bound = (1 << bits + -bits % 3) - 1
        rows[bound] = rows.get(bound, 0) + count
    most = max(rows.values())
    lines = [Text(head)]
    for bound, count in rows.items():
        bar = page.glyphs.full * max(1 if count else 0, round(_BAR * count / most))
        lines.append(Text(f"  {'up to ' + spelled(bound):>14}  {count:>10,}  {bar}", style="dim"))
    return lines


def _listed(texts: Iterable[str], page: Page) -> list[Text]:
    every = [clean(_short(text)) for text in texts]
    lines = [Text(f"  {cut(text, page.width - 2, page.glyphs)}") for text in every[:_MOST]]
    if len(every) > _MOST:
        lines.append(Text(f"  and {len(every) - _MOST:,} more", style="dim"))
    return lines


def _short(text: str) -> str:
    """Paths from here on, where they lead down from here."""
    return text.replace(os.getcwd() + os.sep, "")


def _at(where: str) -> str:
    return f", at {where}" if where else ""


def _since(seconds: float) -> str:
    return f", for at least {seconds:.3g} s" if seconds else ""
