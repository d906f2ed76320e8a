"""How deep a loop's ready queue was, iteration after iteration, in little room."""

from __future__ import annotations

from typing import Final

from futurefuzz.health.record import Depth

__all__ = ["Depths"]

_SAMPLES: Final = 256
#: fewer iterations with a queue that is not empty say nothing about growth
_ENOUGH: Final = 16
#: with a queue that is as long, fewer do: one that doubles has a million callbacks after twenty
_LONG: Final = 1000
_ENOUGH_IF_LONG: Final = 8


class _Thinned:
    """First all of them, then every second, every fourth…"""

    __slots__ = ("_every", "_skipped", "values")

    def __init__(self) -> None:
        self.values: list[int] = []
        self._every = 1
        self._skipped = 0

    def note(self, value: int) -> None:
        self._skipped += 1
        if self._skipped >= self._every:
            self._skipped = 0
            self.values.append(value)
            if len(self.values) >= _SAMPLES:
                del self.values[::2]
                self._every *= 2


class Depths:
    """What each iteration found.

    Attributes:
        iterations: how many there were.
        deepest: the most that one found.
    """

    __slots__ = ("_all", "_busy", "_count", "_since", "deepest", "iterations")

    def __init__(self) -> None:
        self.iterations = 0
        self.deepest = 0
        self._all = _Thinned()
        self._busy = _Thinned()
        self._count = 0  # iterations since one found it empty
        self._since = 0

    def note(self, depth: int, now: int) -> None:
        """An iteration begins and finds so many callbacks ready.

        Args:
            depth: how many.
            now: nanoseconds.
        """
        self.iterations += 1
        self._all.note(depth)
        if depth > self.deepest:
            self.deepest = depth
        if depth:
            if not self._count:
                self._since = now
            self._count += 1
            self._busy.note(depth)
        elif self._count:
            self._count = 0
            self._busy = _Thinned()

    @property
    def growing(self) -> bool:
        """Since it was last empty: later never as short as it had been before."""
        depths = self._busy.values
        half = len(depths) // 2
        enough = _ENOUGH_IF_LONG if depths and depths[-1] >= _LONG else _ENOUGH
        return len(depths) >= enough and min(depths[half:]) > max(depths[:half])

    def record(self, depth: int, now: int) -> Depth:
        """As it is now."""
        return Depth(
            now=depth,
            deepest=self.deepest,
            busy=self._count,
            busy_seconds=(now - self._since) / 1e9 if self._count else 0.0,
            growing=self.growing,
            samples=tuple(self._all.values),
        )
