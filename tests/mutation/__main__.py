"""python -m tests.mutation [SUBJECT …]: change CPython's own futures in one place each; who notices?

Prints, for each subject, how many changes are seen (killed), how many survive, and every survivor. A change that is
known not to be observable, or of which no clause speaks, stands with its reason in `reasons.toml`.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from collections import Counter
from pathlib import Path

from attrs import asdict

from tests.mutation.operators import Mutation
from tests.mutation.study import KINDS, Budget, Entry, reason_of, study
from tests.mutation.subjects import SUBJECTS


def main() -> None:
    """Carry out what the command line says."""
    parser = argparse.ArgumentParser(prog="python -m tests.mutation", description=__doc__)
    parser.add_argument("subjects", nargs="*", metavar="SUBJECT", help=f"of {', '.join(SUBJECTS)}; default: all")
    parser.add_argument("--runs", type=int, default=Budget().runs, help="runs at first (default: %(default)s)")
    parser.add_argument("--more", type=int, default=Budget().more, help="runs of survivors (default: %(default)s)")
    parser.add_argument(
        "--points", type=int, default=Budget().points, help="runs with points inside the code (default: %(default)s)"
    )
    parser.add_argument("--seconds", type=float, default=Budget().seconds, help="limit of each (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=2, choices=(1, 2))
    parser.add_argument("--every", type=int, default=1, help="only every so many changes")
    parser.add_argument("--only", help="only changes whose function or text contains this")
    parser.add_argument("--again", type=Path, metavar="FILE", help="only what survived in this result of --json")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all results there")
    options = parser.parse_args()
    unknown = sorted(set(options.subjects) - set(SUBJECTS))
    if unknown:
        parser.error(f"unknown subject {unknown[0]}; allowed: {', '.join(SUBJECTS)}")
    again = None if options.again is None else _survivors(options.again)

    def chosen(number: int, one: Mutation) -> bool:
        if number % options.every or (options.only and options.only not in f"{one.function}: {one.key}"):
            return False
        return again is None or (subject.name, one.function, one.key) in again

    os.nice(5)
    budget = Budget(
        runs=options.runs, more=options.more, points=options.points, seconds=options.seconds, seed=options.seed
    )
    entries: list[Entry] = []
    for subject in SUBJECTS.values():
        if not options.subjects or subject.name in options.subjects:
            entries += study(subject, budget, jobs=options.jobs, chosen=chosen, say=_print)
            if options.json is not None:
                options.json.write_text(json.dumps([asdict(one) for one in entries], indent=1), encoding="utf-8")
    _report(entries)


def _survivors(path: Path) -> set[tuple[str, str, str]]:
    return {
        (one["subject"], one["function"], one["change"])
        for one in json.loads(path.read_text(encoding="utf-8"))
        if one["tried"]["verdict"] in ("survived", "timeout")
        and reason_of(one["subject"], one["function"], one["change"])[0] == "missed"
    }


def _print(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _report(entries: list[Entry]) -> None:
    _print(f"\n{platform.python_implementation()} {platform.python_version()}")
    columns = "".join(f"{name:>12}" for name in ("changes", "killed", "timeout", "failed", *KINDS))
    _print(f"{'subject':<26}{columns}")
    for name in (*SUBJECTS, "all"):
        ours = [one for one in entries if name in (one.subject, "all")]
        if ours:
            verdicts = Counter(one.tried.verdict for one in ours)
            kinds = Counter(one.kind for one in ours)
            counts = [verdicts["killed"], verdicts["timeout"], verdicts["failed"], *(kinds[kind] for kind in KINDS)]
            _print(f"{name:<26}{''.join(f'{count:>12}' for count in (len(ours), *counts))}")
    for verdict, kind in [*(("survived", kind) for kind in reversed(KINDS)), ("timeout", ""), ("failed", "")]:
        for one in entries:
            if (one.tried.verdict, one.kind) == (verdict, kind):
                why = one.reason or one.tried.signature
                text = f"{kind or verdict}: {one.subject} {one.function}, line {one.line}: {one.change}"
                _print(f"{text} ({why})" if why else text)


if __name__ == "__main__":
    main()
