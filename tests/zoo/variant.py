"""What a variant of the zoo is: a Future of ours with one respect in which it is wrong."""

from __future__ import annotations

from attrs import frozen

from futurefuzz.targets.base import Target

__all__ = ["Variant"]


@frozen(kw_only=True)
class Variant:
    """A broken target, and the one clause that it breaks.

    Args:
        clause: id of the clause.
        target: the broken one.
        sound: its twin without the bug, of ours too.
        scenarios: names of the shipped scenarios that search it; empty: all legal ones of its contract.
        grade: of the finding.
        programs: how many programs of each scenario are searched at most.
    """

    clause: str
    target: Target
    sound: Target
    scenarios: tuple[str, ...] = ()
    grade: str = "forbidden"
    programs: int = 400

    def __str__(self) -> str:
        return f"{self.clause}-{self.target.name.partition('.')[2]}"
