"""Are the bugs that CPython is known to have had found from nothing, and only where they are?

    python -m tests.benchmarks.known_bugs [--only gh-125969] [--time 60] [--seeds 3] [--jobs 1] [--json FILE]
    python -m tests.benchmarks.known_bugs --table FILE...

Each target with such bugs gets a campaign as `futurefuzz fuzz --target TARGET --time 60` is one: all scenarios, an
empty corpus, and no list of known bugs that could tell it where to look. It tells when the first finding with the bug's
signature was there: replayed in three fresh processes and saved in the corpus. (It is made smaller after that, and
reported then; one that gets its name only when it is small counts from there.) A campaign ends early when it has found
all that there is on this release; where one of its bugs is fixed it runs for its whole time, and must not show it.

Seconds are those of the clock, from the first run on: of whatever else the machine does, too. So runs are told as well.
"""

from __future__ import annotations

import argparse
import json
import platform
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fnmatch import fnmatchcase
from pathlib import Path
from statistics import median
from typing import Any, Final

from attrs import frozen

from futurefuzz import targets
from futurefuzz.campaign.campaign import Campaign, Options
from futurefuzz.campaign.listener import Progress
from futurefuzz.campaign.outcome import Reported
from futurefuzz.findings.corpus import Corpus
from futurefuzz.findings.known import KnownBug

__all__ = ["BUGS", "Bug", "Watcher", "main"]


@frozen(kw_only=True)
class Bug:
    """A known bug and how it shows.

    Args:
        id: of the issue, or a name where there is none.
        what: goes wrong, in a few words.
        target: that has it.
        signatures: patterns; a finding with one of them is this bug.
        fixed_in: the first fixed release of each branch; none: still open.
        since: the first branch that has it.
        source: where it is told.
    """

    id: str
    what: str
    target: str
    signatures: tuple[str, ...]
    fixed_in: tuple[str, ...] = ()
    since: tuple[int, int] = (3, 8)
    source: str = ""

    def affects(self, version_info: Sequence[Any]) -> bool:
        """Whether a release of CPython has it."""
        entry = KnownBug(
            signature=self.signatures, issue=self.id, note=self.what, reviewed=date.min, fixed_in=self.fixed_in
        )
        return tuple(version_info[:2]) >= self.since and entry.affects("CPython", version_info)

    def is_shown_by(self, signature: str) -> bool:
        """Whether a finding with that signature is this bug."""
        return any(fnmatchcase(signature, pattern) for pattern in self.signatures)


def _issue(number: int) -> str:
    return f"https://github.com/python/cpython/issues/{number}"


BUGS: Final = (
    Bug(
        id="gh-125969",
        what="callbacks removed while completion walks their list",
        target="asyncio.Future",
        signatures=("asyncio.Future:X1:SIG* in completion", "asyncio.Future:X1:SIG* in no operation"),
        fixed_in=("3.12.8", "3.13.1"),
        source=_issue(125969),
    ),
    Bug(
        id="gh-125966",
        what="remove_done_callback compares with what it does not hold",
        target="asyncio.Future",
        signatures=(
            "asyncio.Future:X1:SIG* in remove_done_callback",
            "asyncio.Future:X1:SIG* in remove_done_callback inside *",
        ),
        fixed_in=("3.12.8", "3.13.1"),
        source=_issue(125966),
    ),
    Bug(
        id="gh-126138",
        what="the cancel message is freed while it is passed on",
        target="asyncio.Task",
        # Signatures say inside which call-out a program acted: asked for an attribute of what a task awaits, there.
        signatures=(
            "asyncio.Task:X1:SIG* in no operation after getattribute",
            "asyncio.Task:X1:SIG* in * inside getattribute",
        ),
        fixed_in=("3.12.8", "3.13.1"),
        source=_issue(126138),
    ),
    Bug(
        id="gh-126083",
        what="a second __init__ leaks the old context",
        target="asyncio.Task",
        signatures=("asyncio.Task:L2:*context survives", "asyncio.Task:L1:*memory grows by reinit"),
        fixed_in=("3.12.8", "3.13.1"),
        since=(3, 11),
        source=_issue(126083),
    ),
    Bug(
        id="gh-146065",
        what="the iterator of __await__ after throw() or close()",
        target="asyncio.Future",
        signatures=("asyncio.Future:X5:iter-send: SystemError", "asyncio.Future:X1:undefined: SIG* in iter-send"),
        fixed_in=("3.14.9", "3.15.1"),
        source=_issue(146065),
    ),
    Bug(
        id="gh-112182",
        what="StopIteration of an executor's thread never arrives",
        target="asyncio.run_in_executor",
        signatures=("asyncio.run_in_executor:B6:handler: TypeError raised",),
        fixed_in=("3.12.2",),
        source=_issue(112182),
    ),
    Bug(
        id="gh-112182 (b)",
        what="a subclass of StopIteration is stored as it is",
        target="asyncio.Future",
        signatures=("asyncio.Future:A2:StopIteration stored as it is",),
        fixed_in=("3.13.0",),
        source=_issue(112182),
    ),
    Bug(
        id="gh-132063",
        what="an exception that is false is no exception",
        target="concurrent.Future",
        signatures=("concurrent.Future:C3:result: None",),
        fixed_in=("3.13.4",),
        source=_issue(132063),
    ),
    Bug(
        id="gh-117459",
        what="a bridge loses tracebacks",
        target="asyncio.run_coroutine_threadsafe",
        signatures=("asyncio.run_coroutine_threadsafe:B8:traceback lost",),
        fixed_in=("3.12.4",),
        source=_issue(117459),
    ),
    Bug(
        id="gh-128552",
        what="eager tasks leave a cycle of their exception",
        target="asyncio.eager-task",
        signatures=("asyncio.eager-task:L3:*cycle of *exception, frame, task*",),
        fixed_in=("3.12.9", "3.13.2"),
        since=(3, 12),
        source=_issue(128552),
    ),
    Bug(
        id="gh-86296",
        what="wait_for swallows a cancellation",
        target="asyncio.wait_for",
        signatures=("asyncio.wait_for:G5:cancellation swallowed: *",),
        fixed_in=("3.12.0",),
        source=_issue(86296),
    ),
    Bug(
        id="gh-112202",
        what="a notification is lost with the task that it woke",
        target="asyncio.Condition",
        signatures=("asyncio.Condition:G12:lost while somebody waits",),
        fixed_in=("3.13.0",),
        source=_issue(112202),
    ),
    Bug(
        id="gh-92001",
        what="wait() never counts a cancelled future that nobody announced",
        target="concurrent.wait",
        signatures=(
            "concurrent.wait:G7:done future left out: cancelled, not announced",
            "concurrent.wait:G8:never done: cancelled, not announced",
        ),
        source=_issue(92001),
    ),
    Bug(
        id="gh-92001 (b)",
        what="as_completed() never comes to it",
        target="concurrent.as_completed",
        signatures=("concurrent.as_completed:G8:never done: cancelled, not announced",),
        source=_issue(92001),
    ),
    Bug(
        id="gather",
        what="a gather that ended early stays with its children",
        target="asyncio.gather",
        signatures=("asyncio.gather:L4:*dropped future held",),
        source="docs/findings.md",
    ),
    Bug(
        id="half-stored",
        what="set_exception of what is no exception (Python)",
        target="asyncio.PyFuture",
        signatures=("asyncio.PyFuture:A2:set_exception(not-an-exception) when pending: *",),
        source="docs/findings.md",
    ),
    Bug(
        id="poisoned-await",
        what="a failed await leaves a mark (C)",
        target="asyncio.Future",
        signatures=("asyncio.Future:A12:await refused",),
        source="docs/findings.md",
    ),
    Bug(
        id="equality",
        what="a callback not equal to itself cannot be removed (Python)",
        target="asyncio.PyFuture",
        signatures=("asyncio.PyFuture:A9:callback that is not equal to itself stays",),
        source="docs/findings.md",
    ),
)


class Watcher:
    """Listens to a campaign until there is all that is looked for (a `campaign.listener.Listener`).

    Args:
        bugs: to look for.
        folder: the campaign's corpus, to which it saves each finding as soon as it is confirmed.

    Attributes:
        seen: bug -> the seconds and runs until it was there, and its signature.
    """

    def __init__(self, bugs: Iterable[Bug], folder: Path) -> None:
        self.seen: dict[str, dict[str, Any]] = {}
        self._bugs = list(bugs)
        self._folder = folder
        self._files: set[str] = set()
        self._began: float | None = None
        self._runs = 0

    def progress(self, progress: Progress) -> None:
        """Look what has been saved; the clock starts with the first run."""
        self._runs = progress.runs
        if self._began is None:
            self._began = time.monotonic()
        files = {path.name for path in self._folder.glob("*.json")} - self._files
        if files:
            for finding in Corpus(self._folder).load():
                self._there(finding.signature)
            self._files |= files

    def found(self, reported: Reported) -> None:
        """What has got its name late."""
        self._there(reported.finding.signature)

    def _there(self, signature: str) -> None:
        seconds = 0.0 if self._began is None else time.monotonic() - self._began
        for bug in self._bugs:
            if bug.is_shown_by(signature) and bug.id not in self.seen:
                self.seen[bug.id] = {"seconds": seconds, "runs": self._runs, "signature": signature}

    def message(self, text: str) -> None:
        """Show it: it may explain what is missing."""
        print(f"    {text}", file=sys.stderr, flush=True)  # noqa: T201


def campaign(target: str, bugs: Sequence[Bug], *, seed: int, seconds: float, jobs: int) -> list[dict[str, Any]]:
    """One campaign from nothing.

    Args:
        target: that it is restricted to.
        bugs: to look for there.
        seed, seconds, jobs: as of `futurefuzz fuzz`.

    Returns:
        For each bug what there is to tell: `seconds` and `runs` until it was reported (None: it was not), `affected`.
    """
    affected = {bug.id for bug in bugs if bug.affects(sys.version_info)}
    enough = len(affected) == len(bugs)
    with tempfile.TemporaryDirectory(prefix="known-bugs-") as corpus:
        watcher = Watcher(bugs, Path(corpus))
        options = Options(
            seed=seed, seconds=seconds, jobs=jobs, targets=(target,), corpus=Path(corpus), shipped=False
        )
        outcome = Campaign(options, watcher, stop=lambda: enough and affected <= set(watcher.seen)).run()
    told = {
        "python": platform.python_version(),
        "seed": seed,
        "all_runs": outcome.runs,
        "others": sorted({entry.finding.signature for entry in outcome.findings}),
        "unconfirmed": sorted(one.signature for one in outcome.unconfirmed),
    }
    nothing = {"seconds": None, "runs": None, "signature": None}
    return [
        {"bug": bug.id, "affected": bug.id in affected, **told, **watcher.seen.get(bug.id, nothing)} for bug in bugs
    ]


def table(results: Iterable[Mapping[str, Any]]) -> str:
    """Results of any number of releases as Markdown: bug by release, the median of the seconds over the seeds.

    `-`: not there, and not shown; `2 of 3` in front: not found with every seed; `SHOWN`: on a release that has the fix.
    """
    cells: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    for result in results:
        cells.setdefault((result["bug"], result["python"]), []).append(result)
    releases = sorted({release for _, release in cells}, key=_as_numbers)
    lines = [f"| | {' | '.join(releases)} |", "|---" * (len(releases) + 1) + "|"]
    for bug in BUGS:
        row = [_cell(cells.get((bug.id, release), [])) for release in releases]
        if any(row):
            lines.append(f"| {bug.id}: {bug.what} | {' | '.join(row)} |")
    return "\n".join(lines)


def _cell(results: Sequence[Mapping[str, Any]]) -> str:
    if not results:
        return ""
    found = [result for result in results if result["seconds"] is not None]
    if not results[0]["affected"]:
        return "SHOWN" if found else "-"
    share = "" if len(found) == len(results) else f"{len(found)} of {len(results)}"
    if not found:
        return share
    seconds = median(result["seconds"] for result in found)
    return f"{share}, {seconds:.1f}" if share else f"{seconds:.1f}"


def _as_numbers(release: str) -> tuple[int, ...]:
    return tuple(int(part) for part in release.split(".") if part.isdigit())


def main() -> None:
    """Run the campaigns, or show the table of earlier ones."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", action="append", default=[], metavar="ID", help="only this bug; more than once")
    parser.add_argument("--time", type=float, default=60.0, metavar="SECONDS", help="of each campaign; default 60")
    parser.add_argument("--seeds", type=int, default=3, help="campaigns for each target; default 3")
    parser.add_argument("--first-seed", type=int, default=0, help="the seeds from this one on; default 0")
    parser.add_argument("--jobs", type=int, default=1, help="workers of a campaign; default 1")
    parser.add_argument("--affected", action="store_true", help="leave out what this release has mended")
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
        if asked and bug.target in here and (bug.affects(sys.version_info) or not options.affected):
            wanted.setdefault(bug.target, []).append(bug)
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        for target, bugs in wanted.items():
            for result in campaign(target, bugs, seed=seed, seconds=options.time, jobs=options.jobs):
                print(_line(result), flush=True)  # noqa: T201
                if options.json:
                    with options.json.open("a", encoding="utf-8") as file:
                        file.write(json.dumps(result) + "\n")


def _line(result: Mapping[str, Any]) -> str:
    head = f"{result['python']:<9} seed {result['seed']} {result['bug']:<16}"
    if result["seconds"] is not None:
        said = "" if result["affected"] else " ALTHOUGH IT IS FIXED"
        return f"{head} {result['seconds']:6.1f} s {result['runs']:>7,} runs  {result['signature']}{said}"
    said = "NOT FOUND" if result["affected"] else "not there, as it should be"
    return f"{head}      -   {result['all_runs']:>7,} runs  {said}"


if __name__ == "__main__":
    main()
