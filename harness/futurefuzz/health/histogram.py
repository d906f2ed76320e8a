"""Durations counted by powers of two: one addition each, however many there are."""

from __future__ import annotations

from typing import Any, Final

__all__ = ["Histogram", "spelled"]

#: an hour has 42 bits of nanoseconds; what is longer counts as that long
_BUCKETS: Final = 64


class Histogram:
    """Counts of nanoseconds; bucket `n` holds those of `n` bits.

    Attributes:
        counts: how many there are in each bucket. Who counts in a hot place may add to it directly.
        longest: the longest, in nanoseconds.
    """

    __slots__ = ("counts", "longest")

    def __init__(self) -> None:
        self.counts = [0] * _BUCKETS
        self.longest = 0

    def add(self, nanoseconds: int) -> None:
        """Count one."""
        self.counts[min(max(nanoseconds, 0).bit_length(), _BUCKETS - 1)] += 1
        if nanoseconds > self.longest:
            self.longest = nanoseconds

    @property
    def count(self) -> int:
        """How many in all."""
        return sum(self.counts)

    def quantile(self, part: float) -> int:
        """Nanoseconds that this part of them did not exceed; as exact as a bucket, so up to twice the real value.

        Args:
            part: 0 to 1.
        """
        wanted = part * self.count
        seen = 0
        for bits, count in enumerate(self.counts):
            seen += count
            if count and seen >= wanted:
                return min((1 << bits) - 1, self.longest) if self.longest else (1 << bits) - 1
        return 0

    def rows(self) -> list[tuple[int, int]]:
        """(upper bound in nanoseconds, count) from the first to the last bucket that is not empty."""
        used = [bits for bits, count in enumerate(self.counts) if count]
        return [] if not used else [((1 << bits) - 1, self.counts[bits]) for bits in range(used[0], used[-1] + 1)]

    def to_json(self, unit: float = 1e9) -> dict[str, Any]:
        """In seconds, or in what `unit` of its numbers are one of."""
        return {
            "count": self.count,
            "median": self.quantile(0.5) / unit,
            "p99": self.quantile(0.99) / unit,
            "longest": self.longest / unit,
            "buckets": [[bound / unit, count] for bound, count in self.rows()],
        }


def spelled(nanoseconds: float) -> str:
    """A duration for people: `0.9 µs`, `12 ms`, `3.2 s`."""
    for unit, size in (("s", 1e9), ("ms", 1e6), ("µs", 1e3)):
        if nanoseconds >= size:
            return f"{nanoseconds / size:.3g} {unit}"
    return f"{nanoseconds:.0f} ns"
