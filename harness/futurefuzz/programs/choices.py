"""Where the generator's decisions come from: one tiny interface, and a driver for each source of decisions.

Everything drawn is kept as a list of small numbers counted from the lowest allowed value, so that 0 always means "the
simplest". Such a list replays on `ReplayedChoices`, can be mutated or cut anywhere, and never becomes invalid: what is
missing counts as 0, what is too large is folded into the range.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from random import Random
from typing import Any, Protocol, TypeVar

__all__ = ["BytesChoices", "Choices", "HypothesisChoices", "RandomChoices", "ReplayedChoices"]

T = TypeVar("T")


class Choices(Protocol):
    """A source of decisions. The simplest decision is the lowest: `lo`, False, the first element."""

    def integer(self, lo: int, hi: int) -> int:
        """A number from `lo` to `hi`, both included."""

    def flag(self, p: float) -> bool:
        """True with probability `p`."""

    def pick(self, seq: Sequence[T]) -> T:
        """One element of a sequence that is not empty."""


class _Counted(ABC):
    """What the drivers share that are made for meaning, not for speed: every decision is a number below a size."""

    __slots__ = ("drawn",)

    def __init__(self) -> None:
        self.drawn: list[int] = []

    @abstractmethod
    def _number(self, size: int) -> int:
        """A number from 0 to `size` - 1."""

    @abstractmethod
    def _chance(self, p: float) -> bool:
        """True with probability `p`."""

    def integer(self, lo: int, hi: int) -> int:
        """See `Choices.integer`."""
        value = self._number(hi - lo + 1)
        self.drawn.append(value)
        return lo + value

    def flag(self, p: float) -> bool:
        """See `Choices.flag`."""
        value = self._chance(p)
        self.drawn.append(1 if value else 0)
        return value

    def pick(self, seq: Sequence[T]) -> T:
        """See `Choices.pick`."""
        value = self._number(len(seq))
        self.drawn.append(value)
        return seq[value]


class RandomChoices:
    """Decisions of a seeded generator: the driver of campaigns, made for speed.

    Numbers are made from one `random()` each: `randrange` costs four times as much, and the bias of at most
    range / 2**53 is far below anything that a campaign could notice.

    Args:
        rng: the source.
        drawn: where each decision is appended; a caller may pass a list of its own, such as a journal.
    """

    __slots__ = ("_append", "_random", "drawn")

    def __init__(self, rng: Random, drawn: list[int] | None = None) -> None:
        self.drawn: list[int] = [] if drawn is None else drawn
        self._append = self.drawn.append
        self._random = rng.random

    def integer(self, lo: int, hi: int) -> int:
        """See `Choices.integer`."""
        value = int(self._random() * (hi - lo + 1))
        self._append(value)
        return lo + value

    def flag(self, p: float) -> bool:
        """See `Choices.flag`."""
        value = self._random() < p
        self._append(1 if value else 0)
        return value

    def pick(self, seq: Sequence[T]) -> T:
        """See `Choices.pick`."""
        value = int(self._random() * len(seq))
        self._append(value)
        return seq[value]


class ReplayedChoices(_Counted):
    """Decisions read from a list, as `drawn` of any driver left it; mutated and shortened lists are fine too.

    Args:
        values: the decisions. Where they end, every further decision is the simplest; a number beyond the range is
            taken modulo its size.

    Attributes:
        drawn: the decisions as they were understood: within their ranges, the missing ones added.
    """

    __slots__ = ("_at", "_values")

    def __init__(self, values: Sequence[int]) -> None:
        super().__init__()
        self._values = values
        self._at = 0

    def _number(self, size: int) -> int:
        at = self._at
        self._at = at + 1
        return self._values[at] % size if at < len(self._values) else 0

    def _chance(self, p: float) -> bool:
        return self._number(2) == 1


class BytesChoices(_Counted):
    """Decisions read from bytes, for coverage-guided fuzzers.

    One byte a decision (more only where the range is larger than 256), in the order in which they are needed, so that
    the fuzzer's local mutations stay local. A decision without alternatives takes no byte. Where the bytes end, every
    decision is the simplest: a short input is a small program that nobody interrupts.

    Attributes:
        drawn: the decisions, as for the other drivers.
    """

    __slots__ = ("_at", "_data")

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self._data = data
        self._at = 0

    def _byte(self) -> int:
        if self._at == len(self._data):
            return 0
        self._at += 1
        return self._data[self._at - 1]

    def _number(self, size: int) -> int:
        value = 0
        reach = 1
        while reach < size:
            value = value << 8 | self._byte()
            reach <<= 8
        return value % size

    def _chance(self, p: float) -> bool:
        # High bytes are true, so that 0 is always the simplest.
        byte = self._byte()
        return byte > 0 and byte >= 256 * (1.0 - p)


class HypothesisChoices(_Counted):
    """Decisions drawn by Hypothesis, which then shrinks them: towards the lowest, and by leaving decisions out.

    Args:
        draw: what `hypothesis.strategies.composite` passes.

    Attributes:
        drawn: the decisions, as for the other drivers.
    """

    __slots__ = ("_draw", "_integers")

    #: resolution of a probability; a flag is a number to Hypothesis because its `booleans()` is always a fair coin
    _PARTS = 64

    def __init__(self, draw: Callable[[Any], Any]) -> None:
        from hypothesis import strategies  # an extra: imported by those only who draw from it

        super().__init__()
        self._draw = draw
        self._integers = strategies.integers

    def _number(self, size: int) -> int:
        # No draw where there is nothing to decide: it would be one more thing to shrink.
        return int(self._draw(self._integers(0, size - 1))) if size > 1 else 0

    def _chance(self, p: float) -> bool:
        number = self._number(self._PARTS) if p > 0 else 0
        return number > 0 and number >= self._PARTS * (1.0 - p)
