"""What a leak is, and a report of leaks, for people."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

from futurefuzz.contracts import leak_clauses as clauses
from futurefuzz.contracts.verdict import Clause
from futurefuzz.leaks.allocations import Allocation
from futurefuzz.leaks.garbage import Cycle
from futurefuzz.leaks.growth import Growth

__all__ = ["Kind", "Leak", "LeakFound", "LeakReport", "cycle_leak", "growth_leak", "handle_leak", "survivor"]

Kind = Literal["growth", "survival", "cycle", "thread", "handle", "descriptor"]


@frozen(kw_only=True)
class Leak:
    """Something that stays although it should not.

    Args:
        kind: `growth`, `survival`, `cycle`, `thread`, `handle` or `descriptor`.
        clause: the promise that it breaks.
        cause: one sentence.
        chain: what refers to what, in words: the cycle, or who keeps it, from something that stays to the thing.
        lines: that allocate it, where they were looked for.
    """

    kind: Kind
    clause: Clause
    cause: str
    chain: tuple[str, ...] = ()
    lines: tuple[Allocation, ...] = ()

    def __str__(self) -> str:
        texts = [self.cause]
        if self.chain:
            texts.append(f"  {' → '.join(self.chain)}")
        texts += [f"  allocated at {line}: {line.blocks} blocks, {line.size} bytes a call" for line in self.lines]
        return "\n".join(texts)


@frozen(kw_only=True)
class LeakReport:
    """What `check_leaks` found; true when it found anything.

    Args:
        leaks: the leaks.
        calls: how often the function was called for it.
    """

    leaks: tuple[Leak, ...]
    calls: int

    def __bool__(self) -> bool:
        return bool(self.leaks)

    def __str__(self) -> str:
        return "\n".join(map(str, self.leaks)) if self.leaks else f"no leak in {self.calls} calls"

    def of_kind(self, kind: Kind) -> tuple[Leak, ...]:
        """The leaks of one kind."""
        return tuple(leak for leak in self.leaks if leak.kind == kind)


class LeakFound(AssertionError):
    """Something leaks.

    Attributes:
        report: what.
    """

    def __init__(self, report: LeakReport) -> None:
        super().__init__(str(report))
        self.report = report


# ---- from what is found to leaks


def survivor(name: str, chain: tuple[str, ...]) -> Leak:
    """A leak: what is alive after the collector came."""
    return Leak(
        kind="survival",
        clause=clauses.SURVIVAL,
        cause=f"the {name} is still alive although it was dropped and the collector has come",
        chain=chain,
    )


def cycle_leak(circle: Cycle) -> Leak:
    """A leak: what only the collector frees."""
    more = circle.keeps - len(circle.chain)
    return Leak(
        kind="cycle",
        clause=clauses.CYCLE,
        cause=f"only the collector can free a cycle of references ({circle.keeps} objects)"
        if more > 0
        else "only the collector can free a cycle of references",
        chain=circle.chain,
    )


def handle_leak(text: str) -> Leak:
    """A leak: what is left in a loop."""
    return Leak(kind="handle", clause=clauses.HANDLE, cause=f"left in the loop: {text}")


def growth_leak(growth: Growth, chain: tuple[str, ...], lines: tuple[Allocation, ...]) -> Leak:
    """A leak: what grows in every round."""
    rounds = ", ".join(f"+{number}" for number in growth.rounds)
    return Leak(
        kind="growth",
        clause=clauses.GROWTH,
        cause=f"{growth.what} grow in every round of {growth.times} calls: {rounds}",
        chain=chain,
        lines=lines,
    )
