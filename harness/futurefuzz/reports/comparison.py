"""The report of a comparison: each divergence with its smallest program, side by side, then the sums."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rich.text import Text

from futurefuzz.comparing.comparison import Comparison, Confirmed, signature_of
from futurefuzz.contracts.agreement_clauses import SAME
from futurefuzz.findings import token
from futurefuzz.findings.known import KnownBug
from futurefuzz.programs.codec import program_to_json
from futurefuzz.programs.program import Operation, Program
from futurefuzz.reports.legend import legend
from futurefuzz.reports.page import Page, clean, rule, wrap
from futurefuzz.reports.spelling import operation_code

__all__ = ["comparison_document", "comparison_lines", "divergence_lines", "program_lines", "token_of"]

#: what `Comparison.relation` says, as a sentence about the two targets
_RELATIONS = {
    "equivalent": "{one} and {other} are equivalent, as far as they were compared",
    "refines": "{one} refines {other}: whatever it shows, the other can show too",
    "extends": "{one} extends {other}: it shows all that the other shows, and more",
    "differs": "{one} and {other} differ: each shows what the other cannot",
}


def token_of(confirmed: Confirmed, comparison: Comparison) -> str:
    """The token that `futurefuzz replay` takes."""
    signature = signature_of(comparison.one, comparison.other, confirmed.divergence.detail)
    return token.encode(confirmed.case, signature)


def comparison_lines(comparison: Comparison, known: Mapping[str, KnownBug], page: Page) -> list[Text]:
    """The whole report.

    Args:
        comparison: what was found.
        known: detail -> the known bug, for divergences that a person has looked at.
        page: how it is to look.
    """
    lines: list[Text] = []
    for confirmed in comparison.confirmed:
        detail = confirmed.divergence.detail
        lines += divergence_lines(confirmed, comparison.one, comparison.other, known.get(detail), page)
        lines += [Text(), Text(f"replay     futurefuzz replay {token_of(confirmed, comparison)}"), Text()]
    relation = _RELATIONS[comparison.relation].format(one=comparison.one, other=comparison.other)
    lines.append(Text(relation, style="bold"))
    whole = f"{comparison.complete:,} of them with every interleaving on both sides"
    effort = f"{comparison.runs:,} runs in {comparison.seconds:.0f} s"
    lines.append(Text(f"{comparison.programs:,} programs on both, {whole}; {effort}"))
    if comparison.unsettled:
        open_ones = f"{comparison.unsettled:,} programs too large to settle"
        lines.append(Text(f"{open_ones}: one side showed more in its sample than the other"))
    lines += [Text(f"not shown again in a fresh process: {clean(detail)}") for detail in comparison.unconfirmed]
    return lines


def divergence_lines(confirmed: Confirmed, one: str, other: str, known: KnownBug | None, page: Page) -> list[Text]:
    """One divergence: the program, and what either target makes of it."""
    standing = "new" if known is None else f"known as {clean(known.issue)}"
    dot = page.glyphs.separator
    lines = [rule(f"{SAME.grade.upper()} {dot} {standing} {dot} {clean(one)} | {clean(other)}", page, "bold yellow")]
    lines += [Text(), Text(clean(confirmed.divergence.detail), style="bold"), Text()]
    lines += [Text(f"clause     {SAME.id}  {SAME.text}"), Text(f"           {SAME.source}", style="dim")]
    if known is not None:
        lines += [Text(f"           {line}") for line in wrap(clean(known.note), page.width - 11, glyphs=page.glyphs)]
    if confirmed.tried:
        lines.append(Text(f"replayed   showed again in {confirmed.reproduced} of {confirmed.tried} fresh processes"))
    lines += [Text(), *program_lines(confirmed.case.program, page), Text()]
    return lines + _side_by_side(confirmed, one, other, page)


def _side_by_side(confirmed: Confirmed, one: str, other: str, page: Page) -> list[Text]:
    divergence = confirmed.divergence
    left, right = dict(divergence.behaviour), dict(divergence.nearest)
    if divergence.shown_by == 1:
        left, right = right, left
    names = list(dict.fromkeys([*left, *right]))
    first = max(len(name) for name in names)
    second = max([len(one), *(len(text) for text in left.values())])
    lines = [Text(f"{'':<{first}}  {one:<{second}}  {other}", style="bold")]
    for name in names:
        a, b = left.get(name, "-"), right.get(name, "-")
        line = Text(f"{clean(name):<{first}}  {clean(a):<{second}}  {clean(b)}", style="bold red" if a != b else "")
        lines.append(line)
    return lines


def program_lines(program: Program, page: Page) -> list[Text]:
    """A program as code, one line for each actor, and what its names stand for."""
    lines = [
        Text(f"{actor.kind} {number}:  {_code(actor.operations, f'{number}.')}")
        for number, actor in enumerate(program.actors)
    ]
    named = wrap("; ".join(legend(program)), page.width, glyphs=page.glyphs)
    return lines + [Text(line, style="dim") for line in named]


def _code(operations: tuple[Operation, ...], prefix: str) -> str:
    return "; ".join(operation_code(operation, f"{prefix}{i}") for i, operation in enumerate(operations)) or "nothing"


def comparison_document(comparison: Comparison, known: Mapping[str, KnownBug], *, seed: int) -> dict[str, Any]:
    """The comparison as JSON; the fields are described in `comparing.command`."""
    return {
        "one": comparison.one,
        "other": comparison.other,
        "relation": comparison.relation,
        "seed": seed,
        "programs": comparison.programs,
        "complete": comparison.complete,
        "runs": comparison.runs,
        "seconds": round(comparison.seconds, 3),
        "unsettled": comparison.unsettled,
        "unconfirmed": list(comparison.unconfirmed),
        "divergences": [
            {
                "signature": signature_of(comparison.one, comparison.other, confirmed.divergence.detail),
                "clause": SAME.id,
                "grade": SAME.grade,
                "known": known[confirmed.divergence.detail].issue if confirmed.divergence.detail in known else None,
                "programs": confirmed.programs,
                "shown_by": [(comparison.one, comparison.other)[side] for side in sorted(confirmed.sides)],
                "differences": [difference._asdict() for difference in confirmed.divergence.differences],
                "program": program_to_json(confirmed.case.program),
                "token": token_of(confirmed, comparison),
                "reproduction": {"reproduced": confirmed.reproduced, "tried": confirmed.tried},
            }
            for confirmed in comparison.confirmed
        ],
    }
