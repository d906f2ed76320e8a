"""How many runs does it take until a known bug shows, and how often does it?

    python -m tests.benchmarks.first_sight [--only gh-125969] [--runs 20000] [--seeds 3] [--early] [--json FILE]
    python -m tests.benchmarks.first_sight --table FILE...

The campaigns are those of `known_bugs`: one target, all scenarios. But nothing is confirmed or made smaller, and what
is counted is runs, with one worker: that is the same however busy the machine is, so a change to the generator can be
compared with what was there before. A bug counts from the first run with one of its signatures. Rare bugs are better
compared by how many units showed them in all. Seconds are those of the processors, spent by all processes.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from futurefuzz import targets
from futurefuzz.campaign.options import Options
from futurefuzz.campaign.plan import Pair, Plan
from futurefuzz.campaign.supervisor import Supervisor
from futurefuzz.campaign.tally import Candidate
from tests.benchmarks.known_bugs import BUGS, Bug

__all__ = ["campaign", "main", "table"]


def campaign(
    target: str, bugs: Sequence[Bug], *, seed: int, runs: int, scenarios: Sequence[str] = (), early: bool = False
) -> list[dict[str, Any]]:
    """One campaign on a target.

    Args:
        target: that it is restricted to.
        bugs: to look for there.
        seed: of the campaign.
        runs: how many to make.
        scenarios: only these; empty for all.
        early: end when all bugs that this release has were seen.

    Returns:
        For each bug what there is to tell: the `run` that showed it first (None: none did), in which `scenario`, how
        many units `showed` it, and the campaign's runs, seconds and number of signatures.
    """
    affected = {bug.id for bug in bugs if bug.affects(sys.version_info)}
    first: dict[str, dict[str, Any]] = {}
    units: dict[str, int] = {}
    options = Options(seed=seed, targets=(target,), scenarios=tuple(scenarios))
    supervisor = Supervisor(options.setup, jobs=1, stop=lambda: early and seen())

    def seen() -> bool:
        return bool(affected) and affected <= set(first)

    def hear(candidate: Candidate) -> None:
        for bug in bugs:
            if bug.is_shown_by(candidate.signature) and bug.id not in first:
                told = {"run": supervisor.tally.runs, "scenario": candidate.scenario, "signature": candidate.signature}
                first[bug.id] = told
        if candidate.how is not None:
            count([candidate.signature])

    def count(signatures: Iterable[str]) -> None:
        shown = list(signatures)
        for bug in bugs:
            if any(bug.is_shown_by(signature) for signature in shown):
                units[bug.id] = units.get(bug.id, 0) + 1

    try:
        ready = supervisor.start()
        began = _processor()
        supervisor.fuzz(
            Plan(seed=seed, pairs=[Pair(*pair) for pair in ready.pairs]),
            until=None,
            runs=runs,
            hear=hear,
            say=lambda text: print(f"    {text}", file=sys.stderr, flush=True),  # noqa: T201
            tick=lambda: None,
            ended=lambda unit, result: count(result["found"]),
        )
    finally:
        supervisor.close()
    tally = supervisor.tally
    told = {
        "python": platform.python_version(),
        "seed": seed,
        "early": early,
        "runs": tally.runs,
        "units": tally.units,
        "seconds": _processor() - began,
        "signatures": len(tally.found),
        "behaviours": len(tally.behaviours),
    }
    nothing = {"run": None, "scenario": None, "signature": None}
    return [
        {
            "bug": bug.id,
            "affected": bug.id in affected,
            "showed": units.get(bug.id, 0),
            **told,
            **first.get(bug.id, nothing),
        }
        for bug in bugs
    ]


def _processor() -> float:
    """Seconds of processor time of this process and of those of its children that have ended."""
    both = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(used.ru_utime + used.ru_stime for used in both)


def table(results: Iterable[Mapping[str, Any]]) -> str:
    """Results of any number of releases as Markdown: bug by release, the median run that showed it first.

    `2 of 3` in front: not with every seed; in brackets how many units in 10,000 runs showed it (not of campaigns that
    ended early); `-`: a release that has the fix, and nothing shown; `SHOWN`: shown all the same.
    """
    cells: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for result in results:
        cells.setdefault((result["bug"], result["python"]), []).append(result)
    releases = sorted({release for _, release in cells}, key=lambda text: tuple(map(int, text.split("."))))
    lines = [f"| | {' | '.join(releases)} |", "|---" * (len(releases) + 1) + "|"]
    for bug in BUGS:
        row = [_cell(cells.get((bug.id, release), [])) for release in releases]
        if any(row):
            lines.append(f"| {bug.id}: {bug.what} | {' | '.join(row)} |")
    return "\n".join(lines)


def _cell(results: Sequence[Mapping[str, Any]]) -> str:
    if not results:
        return ""
    found = [result["run"] for result in results if result["run"] is not None]
    if not results[0]["affected"]:
        return "SHOWN" if found else "-"
    share = "" if len(found) == len(results) else f"{len(found)} of {len(results)}"
    if not found:
        return share
    said = f"{median(found):,.0f}"
    if not any(result["early"] for result in results):
        runs = sum(result["runs"] for result in results)
        said += f" ({10_000 * sum(result['showed'] for result in results) / runs:.1f})"
    return f"{share}, {said}" if share else said


def main() -> None:
    """Run the campaigns, or show the table of earlier ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="only this bug; more than once")
    parser.add_argument("--scenario", action="append", default=[], metavar="NAME", help="only this; more than once")
    parser.add_argument("--runs", type=int, default=20_000, help="of each campaign; default 20,000")
    parser.add_argument("--seeds", type=int, default=3, help="campaigns for each target; default 3")
    parser.add_argument("--first-seed", type=int, default=0, help="the seeds from this one on; default 0")
    parser.add_argument("--early", action="store_true", help="end a campaign when it has seen what there is")
    parser.add_argument("--json", type=Path, metavar="FILE", help="add the results to FILE, one object a line")
    parser.add_argument("--table", type=Path, nargs="+", metavar="FILE", help="show such results as a table, and end")
    options = parser.parse_args()
    if options.table:
        lines = [line for file in options.table for line in file.read_text(encoding="utf-8").splitlines()]
        print(table(json.loads(line) for line in lines))  # noqa: T201
        return
    unknown = set(options.only) - {bug.id for bug in BUGS}
    if unknown:
        parser.error(f"--only {min(unknown)}: no such bug; allowed: {', '.join(bug.id for bug in BUGS)}")
    here = set(targets.names())
    wanted: dict[str, list[Bug]] = {}
    for bug in BUGS:
        asked = not options.only or bug.id in options.only
        if asked and bug.target in here and bug.affects(sys.version_info):
            wanted.setdefault(bug.target, []).append(bug)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for target, bugs in wanted.items():
            results = campaign(
                target, bugs, seed=seed, runs=options.runs, scenarios=options.scenario, early=options.early
            )
            for result in results:
                print(_line(result), flush=True)  # noqa: T201
                if options.json:
                    with options.json.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(result) + "\n")


def _line(result: Mapping[str, Any]) -> str:
    head = f"{result['python']:<9} seed {result['seed']} {result['bug']:<16}"
    end = f"of {result['runs']:,} runs, {result['units']:,} units in {result['seconds']:.0f} s"
    if result["run"] is None:
        return f"{head}       -   {end}"
    return f"{head} {result['run']:>7,}   {end}, {result['showed']} showed it, first in {result['scenario']}"


if __name__ == "__main__":
    main()
