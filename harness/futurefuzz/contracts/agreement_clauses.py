"""The clause of comparisons: what two implementations of one contract owe each other."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts.verdict import Clause

__all__ = ["CLAUSES", "SAME"]

SAME: Final = Clause(
    id="D1",
    text="Two implementations of one contract show the same behaviours to the same programs.",
    quote="act as much as a drop-in replacement as reasonably possible",
    source="https://peps.python.org/pep-0399/",
    grade="interesting",
    contracts=("comparison",),  # of two targets, not of one
)

CLAUSES: Final = (SAME,)
