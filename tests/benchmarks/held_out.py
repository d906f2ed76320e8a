"""How many schedules `--explorer search` needs for bugs that are not those of `peers`: geometric means over the seeds.

What helps with thirteen bugs may have been made for them; these say whether it helps elsewhere. Sixteen of them were
looked at while the order of the search was chosen, the seven that have capitals were written afterwards.
"""

from __future__ import annotations

import argparse
import math

from tests.benchmarks.peer_programs.blind import BLIND
from tests.benchmarks.peer_programs.held_out import HELD_OUT
from tests.benchmarks.peer_tools import TOOLS, found

__all__ = ["main"]


def main() -> None:
    """Print a row for each bug."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--schedules", type=int, default=2_000, help="after which it is given up")
    options = parser.parse_args()
    for programs in (HELD_OUT, BLIND):
        means = []
        print("| bug | model | found | schedules | most |\n| --- | --- | --- | --- | --- |")  # noqa: T201
        for program in programs:
            took = []
            for seed in range(options.seeds):
                kind, schedules = TOOLS["futurefuzz"](program, seed, 60.0, options.schedules)
                if found(program, kind):
                    took.append(schedules)
            mean = math.exp(sum(map(math.log, took)) / len(took)) if took else math.nan
            means.append(mean)
            row = (f"({program.letter}) {program.what}", program.model, len(took), f"{mean:.2f}", max(took, default=0))
            print("| " + " | ".join(map(str, row)) + " |", flush=True)  # noqa: T201
        print(f"\ngeometric mean: {math.exp(sum(map(math.log, means)) / len(means)):.2f}\n")  # noqa: T201


if __name__ == "__main__":
    main()
