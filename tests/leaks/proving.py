"""Look for leaks in generated programs on correct targets: every alarm has to be one that is known.

    python -m tests.leaks.proving --runs 10000 [--target PATTERN]… [--seed N]

The programs run in a process of their own, for a target may end it: on releases whose C code has bugs, correct targets
crash. Whoever has died is replaced, and goes on with the next program; what it died of is a matter of the campaign.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import platform
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

import click
from attrs import define, field

from futurefuzz import explorers, leaks, shipped, targets
from futurefuzz.findings import known, signature
from futurefuzz.oracles import judge
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.program import Program
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Run
from futurefuzz.targets import catalogue
from futurefuzz.targets.base import Target

__all__ = ["EACH", "Proof", "case", "prove"]

#: a look at a program takes so many runs at the least: the plain one, the one with the end, and those of the growth
EACH: Final = 9

_PATIENCE: Final = 60
_known_pairs: Final[dict[tuple[str, ...], list[tuple[Scenario, Target]]]] = {}
_MOST_DEATHS: Final = 200


@define
class Proof:
    """What came of it.

    Args:
        checked: programs that were looked at.
        alarms: (signature, seed, cause) of each alarm, known ones included.
        fresh: those that nobody knows on this interpreter.
        deaths: (seed, exit code) of each death of the process.
        scenarios: how often each was looked at.
    """

    checked: int = 0
    alarms: list[tuple[str, int, str]] = field(factory=list)
    fresh: list[tuple[str, int, str]] = field(factory=list)
    deaths: list[tuple[int, int]] = field(factory=list)
    scenarios: Counter[str] = field(factory=Counter)


def case(names: Sequence[str], seed: int) -> tuple[Scenario, Target, Program, Run] | None:
    """The program of a seed and a run of it; None when there is nothing to look at, for something else is wrong."""
    pairs = _pairs(tuple(names))
    scenario, target = pairs[seed % len(pairs)]
    rng = Random(seed)
    program = scenario.generate(RandomChoices(rng), target)
    run = execute(program, target, explorers.make("alternating", rng))
    if run is None or judge(run) or not leaks.judged(program):
        return None
    return scenario, target, program, run


def prove(names: Sequence[str], count: int, *, seed: int = 0) -> Proof:
    """Look at so many programs on these targets.

    Args:
        names: of targets, or patterns.
        count: how many programs.
        seed: of the first.
    """
    proof = Proof()
    bugs = known.load(shipped.directory("corpus") / "known.toml")
    upcoming = seed
    while proof.checked < count:
        last, code, began = upcoming, 0, False
        for line in _child(names, upcoming, count - proof.checked):
            if "ended" in line:
                code = line["ended"]
                continue
            if "begin" in line:
                last, began = line["begin"], True
                continue
            proof.checked += 1
            proof.scenarios[line["scenario"]] += 1
            for name, cause in line["alarms"]:
                proof.alarms.append((name, last, cause))
                if bugs.match(name, platform.python_implementation(), sys.version_info) is None:
                    proof.fresh.append(proof.alarms[-1])
        upcoming = last + 1
        if not began:
            raise AssertionError(f"no program was begun, exit code {code}: can {', '.join(names)} be imported?")
        if proof.checked < count:
            proof.deaths.append((last, code))
            if len(proof.deaths) > _MOST_DEATHS:
                raise AssertionError(f"the process has died {_MOST_DEATHS} times, at last of seed {last}")
    return proof


def _child(names: Sequence[str], seed: int, count: int) -> Iterator[dict[str, Any]]:
    root = Path(__file__).parents[2]
    paths = os.pathsep.join([str(root), *(path for path in sys.path if path)])
    command = [sys.executable, "-m", "tests.leaks.proving", "--child", "--seed", str(seed), "--runs", str(count)]
    for name in names:
        command += ["--target", name]
    environment = {**os.environ, "PYTHONPATH": paths}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root, env=environment, stderr=subprocess.DEVNULL) as it:
        assert it.stdout is not None
        for line in it.stdout:
            if line.endswith(b"\n"):
                yield json.loads(line)
    yield {"ended": it.returncode}


def _pairs(names: tuple[str, ...]) -> list[tuple[Scenario, Target]]:
    if names not in _known_pairs:
        found = [targets.find(name) for name in catalogue.matching(names, targets.names())]
        _known_pairs[names] = [
            (scenario, target) for scenario in load_scenarios().values() for target in found if scenario.fits(target)
        ]
    return _known_pairs[names]


def _look(names: Sequence[str], seed: int, count: int) -> None:
    """The child's part."""
    _pairs(tuple(names))  # what cannot be imported is no death of a program
    checked = 0
    for nth in itertools.count(seed):
        if checked == count:
            return
        click.echo(json.dumps({"begin": nth}))
        signal.alarm(_PATIENCE)  # a hang is a death as well
        found = case(names, nth)
        if found is None:
            continue
        scenario, target, program, run = found
        alarms = [[signature.of(target.name, one), one.cause] for one in leaks.check(program, target, run.choices)]
        click.echo(json.dumps({"scenario": scenario.name, "alarms": alarms}))
        checked += 1


def _main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--target", action="append", help="a target, or a pattern; without: every built-in one")
    parser.add_argument("--runs", type=int, default=10_000, help="runs at the least")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()
    names = options.target or targets.names()
    if options.child:
        _look(names, options.seed, options.runs)
        return
    proof = prove(names, -(-options.runs // EACH), seed=options.seed)
    for name, count in sorted(Counter(name for name, *_ in proof.alarms).items()):
        click.echo(f"{count:6}  {name}{'' if all(name != one for one, *_ in proof.fresh) else '   NEW'}")
    for name, seed, cause in proof.fresh:
        click.echo(f"NEW {name} (seed {seed}): {cause}")
    for seed, code in proof.deaths:
        click.echo(f"died of seed {seed}: {signal.Signals(-code).name if code < 0 else f'exit code {code}'}")
    click.echo(
        f"{proof.checked} programs, {proof.checked * EACH} runs, {len(proof.alarms)} alarms, {len(proof.fresh)} new; "
        f"the process died {len(proof.deaths)} times"
    )
    sys.exit(1 if proof.fresh else 0)


if __name__ == "__main__":
    _main()
