"""Durations counted by powers of two."""

from __future__ import annotations

import random

from futurefuzz.health.histogram import Histogram, spelled


def test_quantiles_are_exact_to_a_factor_of_two() -> None:
    """Never below the real one, never twice as long."""
    rng = random.Random(1)
    values = sorted(int(rng.lognormvariate(10, 2)) + 1 for _ in range(999))
    histogram = Histogram()
    for value in values:
        histogram.add(value)
    for part in (0.01, 0.5, 0.99, 1.0):
        real = values[max(0, round(part * len(values)) - 1)]
        assert real <= histogram.quantile(part) < 2 * real + 2
    assert histogram.longest == values[-1]


def test_rows_cover_every_value_and_nothing_around() -> None:
    """From the first bucket in use to the last, the empty ones between included."""
    histogram = Histogram()
    for value in (0, 1, 5, 1 << 70, -3):
        histogram.add(value)
    rows = histogram.rows()
    assert rows[0] == (0, 2)
    assert sum(count for _, count in rows) == histogram.count == 5
    assert Histogram().rows() == []
    assert Histogram().quantile(0.5) == 0


def test_durations_are_spelled_for_people() -> None:
    """Three digits and a unit."""
    assert [spelled(n) for n in (0, 999, 1500, 2_000_000, 3.21e9)] == ["0 ns", "999 ns", "1.5 µs", "2 ms", "3.21 s"]
