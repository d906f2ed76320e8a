"""Which steps of a long run a reader needs: the beginning, the end, and what led to the trouble."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from futurefuzz.reports.rows import Row

__all__ = ["Gap", "elide"]

FIRST, LAST, BEFORE, AFTER = 4, 8, 14, 2
#: a gap of so few steps is not worth its own line
SMALL = 2


@frozen(kw_only=True)
class Gap:
    """Steps that are not shown: how many, and how many of each carrier."""

    steps: int
    counts: tuple[tuple[int, int], ...]


def elide(rows: Sequence[Row], limit: int) -> list[Row | Gap]:
    """Leave out the unimportant middle of a long run.

    Kept, in this order until `limit` is reached: the steps where something went wrong with those just before them, the
    last and the first steps, the steps that changed a future and the switches inside operations, those next to the
    trouble first.

    Args:
        rows: all of them.
        limit: how many to keep at most, gaps not counted.
    """
    if len(rows) <= limit:
        return list(rows)
    # a crash is a bad last row like any other
    wrong = [i for i, row in enumerate(rows) if row.marks or row.bad]
    focus = wrong[0] if wrong else len(rows) - 1
    wanted: list[int] = []
    for at in wrong:
        wanted += [at, *range(at - 1, max(-1, at - BEFORE - 1), -1), *range(at + 1, at + AFTER + 1)]
    ends = [*range(len(rows) - 1, len(rows) - LAST - 1, -1), *range(FIRST)]
    # both ends are always there, however much went wrong
    wanted = ends + wanted
    telling = [
        i
        for i, row in enumerate(rows)
        if row.states or (row.raised and not row.asks) or _switches_inside(rows, i)
    ]
    wanted += sorted(telling, key=lambda i: (abs(i - focus), i))
    kept = sorted(_first_distinct(wanted, len(rows), limit))
    return _with_gaps(rows, kept)


def _first_distinct(wanted: Sequence[int], size: int, limit: int) -> list[int]:
    found = dict.fromkeys(i for i in wanted if 0 <= i < size)
    return list(found)[:limit]


def _switches_inside(rows: Sequence[Row], i: int) -> bool:
    following = rows[i + 1].carrier if i + 1 < len(rows) else rows[i].carrier
    return bool(rows[i].inside) and not rows[i].waits and following != rows[i].carrier


def _with_gaps(rows: Sequence[Row], kept: Sequence[int]) -> list[Row | Gap]:
    shown: list[Row | Gap] = []
    before = -1
    for i in [*kept, len(rows)]:
        missing = rows[before + 1 : i]
        if len(missing) <= SMALL:
            shown += missing
        else:
            carriers = sorted({row.carrier for row in missing})
            counts = tuple((c, sum(row.carrier == c for row in missing)) for c in carriers)
            shown.append(Gap(steps=len(missing), counts=counts))
        if i < len(rows):
            shown.append(rows[i])
        before = i
    return shown
