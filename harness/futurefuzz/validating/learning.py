"""What it takes to break a clause, learned from the programs that did: what all of them have in common.

A Future that calls its callbacks in the wrong order does so in every run with two of them, and an oracle says no more
of a run once it has gone wrong. Programs that lack something of what breaks a clause show the other clauses.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Final

from attrs import define

__all__ = ["Lessons"]

#: a clause that breaks in fewer than one in so many runs of the programs that can break it hides little
_SELDOM: Final = 5


@define
class _Lesson:
    """What the programs that broke a clause have in common; and how many runs of programs with that broke it."""

    common: frozenset[str]
    broken: int = 0
    runs: int = 0


class Lessons:
    """Features that the programs breaking a clause have in common, and how often such programs do."""

    def __init__(self) -> None:
        self._lessons: dict[str, _Lesson] = {}
        self._useless: set[frozenset[str]] = set()

    def ran(self, features: frozenset[str], runs: int, broken: Mapping[str, int]) -> None:
        """A program with these features was run so often, and broke (or departed from) clauses in so many runs."""
        for clause in broken:
            lesson = self._lessons.get(clause)
            if lesson is None or not lesson.common <= features:
                common = features if lesson is None else lesson.common & features
                self._lessons[clause] = _Lesson(common)  # what was counted, was counted for more special programs
        for clause, lesson in self._lessons.items():
            if lesson.common <= features:
                lesson.runs += runs
                lesson.broken += broken.get(clause, 0)

    def avoid(self) -> tuple[frozenset[str], ...]:
        """Sets of features that programs had better not have together, to see something else."""
        often = [lesson.common for lesson in self._lessons.values() if lesson.broken * _SELDOM >= lesson.runs > 0]
        sets = set(often) - self._useless - {frozenset()}
        # A program that avoids the smaller of two sets avoids the larger one.
        needed = [one for one in sets if not any(other < one for other in sets)]
        return tuple(sorted(needed, key=lambda one: (len(one), sorted(one))))

    def explain(self, clause: str, features: frozenset[str], broken: Collection[str]) -> str | None:
        """Which of the broken clauses, other than this one, a program with these features can break, too."""
        for other in sorted(broken):
            lesson = self._lessons.get(other)
            if other != clause and lesson is not None and lesson.common <= features:
                return other
        return None

    def follows(self, clause: str, broken: Collection[str]) -> str | None:
        """Which other broken clause every program that broke this one can break as well, with less than all it has."""
        lesson = self._lessons.get(clause)
        others = [self._lessons[other].common for other in broken if other != clause and other in self._lessons]
        if lesson is None or not any(common < lesson.common for common in others):
            return None
        return self.explain(clause, lesson.common, broken)

    def too_much(self) -> None:
        """There are no programs without all of that: the set that rules out most is given up."""
        avoided = self.avoid()
        if avoided:
            self._useless.add(avoided[0])
