"""Is memory flat? Resident size after some runs against ten times as many, over several targets."""

from __future__ import annotations

import os
import random
from pathlib import Path

from futurefuzz import explorers, targets
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs.executor import execute
from tests.benchmarks.measuring import arguments, pin

__all__ = ["measure", "resident"]

#: old interpreters die of some programs on C futures; these pairs are safe everywhere
PAIRS = (
    ("threadsafe_posts", "asyncio.Future"),
    ("robust_bridge", "asyncio.Task"),
    ("off_thread", "asyncio.PyFuture"),
    ("reentrant_callouts", "asyncio.PyTask"),
    ("concurrent_threads", "concurrent.Future"),
    ("bridges", "asyncio.wrap_future"),
    ("bridges", "asyncio.run_coroutine_threadsafe"),
)


def resident() -> int:
    """Kilobytes of this process in memory (Linux), else the largest it ever had."""
    try:
        pages = int(Path("/proc/self/statm").read_text().split()[1])
    except OSError:
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return pages * os.sysconf("SC_PAGE_SIZE") // 1024


def measure(first: int = 10_000, last: int = 100_000) -> tuple[int, int]:
    """Resident kilobytes after `first` and after `last` runs of ever new programs."""
    rng = random.Random(1)
    choices = RandomChoices(rng)
    scenarios = load_scenarios([])
    after_first = 0
    for number in range(last):
        scenario, name = PAIRS[number % len(PAIRS)]
        target = targets.find(name)
        choices.drawn.clear()
        what = scenarios[scenario].generate(choices, target)
        execute(what, target, explorers.make(("random", "pos", "surw")[number % 3], rng), step_bound=500)
        if number + 1 == first:
            after_first = resident()
    return after_first, resident()


def main() -> None:
    """Print both and their ratio."""
    pin()
    given = arguments(__doc__, first=10_000, last=100_000)
    first, last = measure(**given)
    print(  # noqa: T201
        f"{first} kB after {given['first']} runs, {last} kB after {given['last']}: {last / first - 1:+.1%}"
    )


if __name__ == "__main__":
    main()
