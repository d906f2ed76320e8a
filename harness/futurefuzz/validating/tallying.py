"""How many runs have tried, broken or departed from each clause."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from attrs import define, field

__all__ = ["Counts"]


@define
class Counts:
    """Runs by clause.

    Attributes:
        tried: that could have broken it and did not.
        broken: of a legal program that broke it first, or that ended the interpreter's life.
        suspected: that broke it first in a program which acts inside the target's own calls.
        departed: that departed from it as the target declares.
    """

    tried: Counter[str] = field(factory=Counter)
    broken: Counter[str] = field(factory=Counter)
    suspected: Counter[str] = field(factory=Counter)
    departed: Counter[str] = field(factory=Counter)

    def add(self, examined: Mapping[str, Any]) -> None:
        """Count what a unit has found; see `campaign.examination.Examiner.to_json`."""
        self.tried.update(examined["tried"])
        self.broken.update(examined["broken"])
        self.suspected.update(examined["suspected"])
        self.departed.update(examined["departed"])

    @property
    def ever_broken(self) -> set[str]:
        """Clauses that some run broke."""
        return {clause for clause, times in self.broken.items() if times}
