"""How all benchmarks measure: pinned to one core, rounds of all candidates in turn, medians."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Mapping
from statistics import median

__all__ = ["arguments", "pin", "rounds"]


def pin() -> None:
    """Stay on one core, as a worker of a campaign does: hand-overs between cores cost five times as much."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})


def rounds(candidates: Mapping[str, Callable[[], object]], *, count: int, repeat: int) -> dict[str, float]:
    """Median microseconds of CPU time a call, over rounds A B C A B C...

    CPU time of the process, for a machine that others use as well; pinned to one core, a controlled run is never idle,
    so on a free machine it is the same as the time on the clock.
    """
    found: dict[str, list[float]] = {name: [] for name in candidates}
    for action in candidates.values():  # warm-up
        action()
    for _ in range(repeat):
        for name, action in candidates.items():
            begin = time.process_time()
            for _ in range(count):
                action()
            found[name].append((time.process_time() - begin) / count * 1e6)
    return {name: median(times) for name, times in found.items()}


def arguments(description: str | None, **defaults: int) -> dict[str, int]:
    """Whole numbers from the command line, as `--name N`."""
    import argparse

    parser = argparse.ArgumentParser(description=description)
    for name, value in defaults.items():
        parser.add_argument(f"--{name}", type=int, default=value, help=f"default {value}")
    return vars(parser.parse_args())
