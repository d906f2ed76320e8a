"""Which unit of work comes next: every pair of scenario and target gets its share, from the first seconds on.

A unit is one generated program on one target under a few dozen schedules. All that it does follows from the campaign's
seed, its pair and its number within the pair, never from the units before it: so a campaign repeats, two workers need
not talk, and a unit stays the same when other pairs are selected or left out.

Deals are made one after another by the supervisor. Weights are honoured by smooth weighted round robin (as nginx does
it for its upstreams): no pair waits longer than its share demands. A pair whose programs crash the interpreter again
and again with crashes that are already known is held back: after `n` such crashes it gets every 2**n-th of its turns,
so that the campaign goes on at speed instead of restarting workers. How far depends on what an end costs: a crash is a
fork of some milliseconds, and the same programs may show something else that they alone can show; a hang is seconds.
Crashes that are rare among a pair's units hold nothing up, and nothing back.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from random import Random
from typing import Final, Protocol

from attrs import Factory, define, frozen

from futurefuzz.campaign.examination import Examination
from futurefuzz.errors import InputError
from futurefuzz.findings.signature import is_hang

__all__ = ["MOST_RUNS", "ROTATION", "Dealer", "Pair", "Plan", "Unit"]

#: the explorers of a pair's units, in turn, and how many schedules each tries on its program. Many programs with few
#: schedules each beat few programs with many: crashes of C asyncio.Future on 3.11.7 per 10,000 runs of `off_thread`
#: were 2.0 for the sweep and what follows it (40 runs a program), 5.1 for SURW and POS in turn (40), 7.6 (10), 10.6
#: for the random walk (10). The sweep keeps a turn because it is systematic where the others may be unlucky.
ROTATION: Final = (
    ("alternating", 12),
    ("random", 12),
    ("alternating", 12),
    ("random", 12),
    ("alternating", 24),
    ("default", 40),
)

#: the most runs that any unit makes
MOST_RUNS: Final = max(runs for _, runs in ROTATION)

#: a pair is never held back further than to one in 2**LIMIT of its turns, for hangs and for other ends
HOLD_BACK_LIMIT: Final = 8
HOLD_BACK_LIMIT_CRASHES: Final = 2
#: crashes hold a pair back when they are known ones in more than one of so many of its units
RARE: Final = 16


@frozen
class Pair:
    """A scenario on a target, with its weight in the round robin."""

    scenario: str
    target: str
    weight: float = 1.0


@frozen(kw_only=True)
class Unit:
    """One unit of work.

    Args:
        number: of the deal, from 0; only names it in messages.
        pair: scenario and target.
        nth: which unit of its pair it is, from 0.
        seed: of the campaign.
        examination: what a validation asks of it; None in a campaign.
    """

    number: int
    pair: Pair
    nth: int
    seed: int
    examination: Examination | None = None

    @property
    def explorer(self) -> str:
        """The explorer of this unit."""
        return ROTATION[self.nth % len(ROTATION)][0]

    @property
    def runs(self) -> int:
        """How many schedules it tries."""
        wanted = None if self.examination is None else self.examination.runs
        return wanted or ROTATION[self.nth % len(ROTATION)][1]

    def rng(self, purpose: str) -> Random:
        """Random numbers of this unit for one purpose (`program`, `explorer`), independent of every other."""
        text = f"{self.seed}/{self.pair.scenario}/{self.pair.target}/{self.nth}/{purpose}"
        return Random(int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big"))


@define
class _Share:
    pair: Pair
    credit: float = 0.0
    dealt: int = 0
    turns: int = 0
    hold_back: int = 0
    crashes: dict[str, int] = Factory(dict)


class Dealer(Protocol):
    """Deals units: a campaign's `Plan`, or the steps of a validation.

    Attributes:
        most_runs: the most runs that any of its units makes.
    """

    most_runs: int

    def next(self) -> Unit | None:
        """The unit that comes next; None when there is no more."""

    def crashed(self, pair: Pair, signature: str) -> bool:
        """Note that a unit of that pair has ended its process; True when the pair is held back from now on."""


class Plan:
    """Deals the units of a campaign.

    Args:
        seed: of the campaign.
        pairs: what takes part; the order matters for the deal and must be the same each time.

    Raises:
        InputError: no pairs, or a weight that is not positive.
    """

    most_runs = MOST_RUNS

    def __init__(self, *, seed: int, pairs: Sequence[Pair]) -> None:
        if not pairs:
            raise InputError("no scenario applies to any of the selected targets; `futurefuzz list` shows which do")
        for pair in pairs:
            if not pair.weight > 0:
                raise InputError(f"scenario {pair.scenario}: weight must be more than 0, not {pair.weight}")
        self.seed = seed
        self._shares = [_Share(pair) for pair in pairs]
        self._total = sum(pair.weight for pair in pairs)
        self._number = 0

    def next(self) -> Unit:
        """The unit that comes next: first each pair once, then by weight."""
        while True:
            share = self._turn()
            share.turns += 1
            if (share.turns - 1) % (1 << share.hold_back):
                continue
            unit = Unit(number=self._number, pair=share.pair, nth=share.dealt, seed=self.seed)
            share.dealt += 1
            self._number += 1
            return unit

    def _turn(self) -> _Share:
        if self._number < len(self._shares):
            for share in self._shares:
                if share.turns == 0:
                    return share
        for share in self._shares:
            share.credit += share.pair.weight
        best = max(self._shares, key=lambda share: share.credit)  # the first of equals: the order is fixed
        best.credit -= self._total
        return best

    def crashed(self, pair: Pair, signature: str) -> bool:
        """Note a crash (or hang) of that signature; True when the pair is held back further from now on.

        The first crash of a signature is news and costs the pair nothing, and neither do crashes that are rare.
        """
        share = next(share for share in self._shares if share.pair == pair)
        share.crashes[signature] = share.crashes.get(signature, 0) + 1
        limit = HOLD_BACK_LIMIT if is_hang(signature) else HOLD_BACK_LIMIT_CRASHES
        if share.crashes[signature] == 1 or share.hold_back >= limit:
            return False
        repeated = sum(share.crashes.values()) - len(share.crashes)
        if repeated * RARE < share.dealt and not is_hang(signature):
            return False
        share.hold_back += 1
        share.turns = 1  # the next of its 2**n turns is the last of them: it waits for its whole new interval
        return True

    def held_back(self) -> list[tuple[Pair, int, int]]:
        """Pairs that get less than their share: (pair, crashes, one in how many of its turns it gets)."""
        return [
            (share.pair, sum(share.crashes.values()), 1 << share.hold_back) for share in self._shares if share.hold_back
        ]
