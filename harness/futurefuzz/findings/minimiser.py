"""Makes a case small: program and schedule together, since either alone keeps what only the other needed.

Delta debugging (Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", IEEE TSE 28(2), 2002) over
each kind of reduction of `reductions.py`: take all of it away, then halves, quarters, … down to single ones, and go on
from whatever still fails; round and round until nothing helps. At the end no single reduction is possible, and no pair
of them where there are few, unless the budget ran out first.

Of the paper's two steps only "reduce to complement" is taken. "Reduce to subset" gives the same guarantee at up to
twice the tries, and a try may be a process of its own.

Not used: a clock (a slow machine would get another result), randomness (as would another seed).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import combinations
from typing import Final

from futurefuzz.findings.finding import Case
from futurefuzz.findings.reductions import PASSES, Pass, measure

__all__ = ["Keeps", "minimise", "tolerant"]

#: runs a case; the case as it really ran (with its own schedule) when it still shows the finding, else None
Keeps = Callable[[Case], Case | None]

#: pairs of reductions are tried where there are at most this many single ones (28 pairs)
_FEW: Final = 8


def minimise(case: Case, keeps: Keeps, *, budget: int, search: Keeps | None = None) -> Case:
    """The smallest case found that still shows the finding.

    Args:
        case: what to begin with.
        keeps: runs a case, which may be any smaller program with what is left of the schedule: what does not fit any
            more is to be ignored. Returns the case that really ran, its schedule normalised, if that showed the same
            signature (and grade: a smaller program can turn legal use into misuse); else None.
        budget: how many tries at most; each call of `keeps` or `search` is one. The result depends on nothing else.
        search: where a smaller program does not fail under what is left of its schedule: looks for another schedule,
            with few runs, and returns the case that showed the signature, or None.

    Returns:
        A case for which `keeps` or `search` returned itself; the given one when it does not fail to begin with.
    """
    return _Minimiser(keeps, search, budget).run(case)


def tolerant(keeps: Keeps, *, tries: int = 3) -> Keeps:
    """A `keeps` for findings that show only sometimes, such as crashes through freed memory.

    Args:
        keeps: runs the case once.
        tries: how often to run it at most; one failure is enough.
    """

    def keeps_sometimes(case: Case) -> Case | None:
        for _ in range(tries):
            kept = keeps(case)
            if kept is not None:
                return kept
        return None

    return keeps_sometimes


class _Minimiser:
    def __init__(self, keeps: Keeps, search: Keeps | None, budget: int) -> None:
        self._keeps = keeps
        self._search = search
        self._left = budget
        self._tried: set[Case] = set()

    def run(self, case: Case) -> Case:
        kept = self._call(self._keeps, case)
        if kept is None:
            return case
        # The case as it really ran, larger or not: only what ran is known to fail.
        case = kept
        while True:
            before = measure(case)
            for reduction in PASSES:
                case = self._reduce(case, reduction)
            if measure(case) == before:
                for reduction in PASSES:
                    case = self._pairs(case, reduction)
            if measure(case) == before or self._left <= 0:
                return case

    def _reduce(self, case: Case, reduction: Pass) -> Case:
        """Delta debugging with one kind of reduction, from the last chunk to the first."""
        atoms = reduction.atoms(case)
        size = len(atoms)
        while size and self._left > 0:
            progress = False
            end = len(atoms)
            while end > 0:
                start = max(0, end - size)
                smaller = self._try(case, reduction.apply(case, atoms[start:end]), searching=reduction.structural)
                if smaller is not None:
                    case, progress = smaller, True
                    atoms = reduction.atoms(case)
                end = min(start, len(atoms))
            if size == 1 and not progress:
                break
            size = max(1, min(size, len(atoms)) // 2) if atoms else 0
        return case

    def _pairs(self, case: Case, reduction: Pass) -> Case:
        """Two at once: adding and removing one callback, a switch away and back."""
        atoms = reduction.atoms(case)
        while 2 <= len(atoms) <= _FEW and self._left > 0:
            for pair in combinations(atoms, 2):
                smaller = self._try(case, reduction.apply(case, pair), searching=False)
                if smaller is not None:
                    case = smaller
                    break
            else:
                break
            atoms = reduction.atoms(case)
        return case

    def _try(self, case: Case, candidates: Iterable[Case], *, searching: bool) -> Case | None:
        """The first of the candidates that fails and is smaller."""
        size = measure(case)
        lost: Case | None = None
        for candidate in candidates:
            if not candidate.program.operations() or candidate in self._tried or measure(candidate) >= size:
                continue
            self._tried.add(candidate)
            kept = self._call(self._keeps, candidate)
            if kept is not None and measure(kept) < size:
                return kept
            lost = lost or candidate
        if searching and lost is not None and self._search is not None:
            kept = self._call(self._search, lost)
            if kept is not None and measure(kept) < size:
                return kept
        return None

    def _call(self, keeps: Keeps, case: Case) -> Case | None:
        if self._left <= 0:
            return None
        self._left -= 1
        return keeps(case)
