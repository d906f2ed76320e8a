"""`explore` against other tools that control schedules: frontrun and interleave-test, from the package index.

Thirteen planted bugs (is it found, after how many schedules, in what time) and two correct programs (schedules a
second). The peers go into a virtual environment in a temporary folder, which is deleted afterwards. Each tool has a
process of its own; all are pinned to one core and take turns, one job at a time, so that whatever else the machine does
meets all of them. Times are CPU time of the process, as in the other benchmarks, which flatters a tool that waits; the
schedules a second are given by the clock, too.

Nothing is asserted: the tables are what it is for.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.benchmarks.measuring import pin
from tests.benchmarks.peer_programs.planted import PLANTED
from tests.benchmarks.peer_programs.steady import STEADY
from tests.benchmarks.peer_tools import TOOLS

__all__ = ["main"]

_ROOT: Final = Path(__file__).parents[2]
_PEERS: Final = ("frontrun==0.7.0", "interleave-test==0.1.0")
#: a tool that has not found a bug with so many seeds is not asked with the others
_GIVE_UP: Final = 3
#: the whole of `explore` does all that a user waits for, and is not compared by schedules: so many seeds are enough
_FEW: Final = 5
#: real seconds for a job, beside what it was given: then its process is ended
_GRACE: Final = 30.0
_BUGS: Final = (
    "futurefuzz",
    "futurefuzz explore",
    "interleave-test random",
    "interleave-test pct",
    "interleave-test dfs",
    "frontrun random",
    "frontrun dpor",
)
#: ours are counted with the explorer `random`, and this one also with those that do as two of the peers' strategies
_MORE_EXPLORERS: Final = {"futurefuzz operation": ("pct3", "bounded")}
_RATES: Final = (
    "futurefuzz operation",
    "futurefuzz gil",
    "futurefuzz free-threaded",
    "interleave-test random",
    "interleave-test pct",
    "interleave-test dfs",
    "frontrun random",
    "frontrun dpor",
)


class Tool:
    """A tool in a process of its own, started when first asked, and again after it hung or died."""

    def __init__(self, name: str, python: Sequence[str]) -> None:
        self.name = name
        self._command = [*python, "-m", "tests.benchmarks.peer_tools"]
        self._process: subprocess.Popen[str] | None = None
        self._answers: queue.SimpleQueue[str] = queue.SimpleQueue()

    def ask(self, program: str, seed: int, seconds: float, schedules: int = 10**6, **more: Any) -> dict[str, Any]:
        """Do a job and wait for its result."""
        if self._process is None:
            self._start()
            self._job("increments", 0, 0.2, 4, **more)  # what it imports and caches is not part of any result
        return self._job(program, seed, seconds, schedules, **more)

    def end(self) -> None:
        """End its process."""
        if self._process is not None:
            os.killpg(self._process.pid, signal.SIGKILL)  # frontrun's starter, and what it started
            self._process.wait()
            for stream in (self._process.stdin, self._process.stdout):
                assert stream is not None
                stream.close()
            self._process = None

    def _start(self) -> None:
        self._answers = queue.SimpleQueue()
        path = os.pathsep.join([str(_ROOT), str(_ROOT / "harness"), os.environ.get("PYTHONPATH", "")])
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            cwd=_ROOT,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": path.rstrip(os.pathsep), "PYTHONHASHSEED": "0"},
        )
        threading.Thread(target=_read, args=(self._process, self._answers), daemon=True).start()

    def _job(self, program: str, seed: int, seconds: float, schedules: int, **more: Any) -> dict[str, Any]:
        if self._process is None:
            return _nothing("its process does not start")
        job = {"tool": self.name, "program": program, "seed": seed, "seconds": seconds, "schedules": schedules, **more}
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
            answer = self._answers.get(timeout=seconds * 3 + _GRACE)
        except (OSError, queue.Empty):
            answer = ""
        if not answer:
            status = self._process.poll()
            self.end()
            return _nothing("hangs" if status is None else f"its process ends with status {status}")
        found: dict[str, Any] = json.loads(answer)
        return found


def _read(process: subprocess.Popen[str], answers: queue.SimpleQueue[str]) -> None:
    assert process.stdout is not None
    try:
        for line in process.stdout:
            answers.put(line)
    except ValueError:
        return  # closed meanwhile
    answers.put("")


def _nothing(error: str) -> dict[str, Any]:
    return {"found": False, "kind": "", "schedules": 0, "wall": 0.0, "cpu": 0.0, "ready": 0.0, "error": error}


@contextmanager
def environment(python: str) -> Iterator[Path]:
    """A virtual environment with the peers, and with what we depend on; deleted in the end.

    Args:
        python: an interpreter that both peers install on.
    """
    project = tomllib.loads((_ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    with tempfile.TemporaryDirectory(prefix="peers-") as folder:
        place = Path(folder)
        subprocess.run([python, "-m", "venv", folder], check=True)
        made = place / "bin" / "python"
        subprocess.run([made, "-m", "pip", "install", "--quiet", *_PEERS, *project["dependencies"]], check=True)
        yield place


def _tools(names: Sequence[str], place: Path | None) -> dict[str, Tool]:
    found: dict[str, Tool] = {}
    for name in names:
        python = [sys.executable] if place is None else [str(place / "bin" / "python")]
        if place is not None and name.startswith("frontrun"):
            python = [str(place / "bin" / "frontrun"), *python]  # it wants to be started so
        found[name] = Tool(name, python)
    return found


# ---- the planted bugs ----------------------------------------------------------------------------------------------


def bugs(tools: dict[str, Tool], *, seeds: int, seconds: float) -> dict[str, dict[str, list[dict[str, Any]]]]:
    """What each tool came to on each bug: by letter and tool a result for each seed."""
    found: dict[str, dict[str, list[dict[str, Any]]]] = {p.letter: {name: [] for name in tools} for p in PLANTED}
    for seed in range(seeds):
        for program in PLANTED:
            for name, tool in tools.items():
                results = found[program.letter][name]
                if name == "futurefuzz explore" and seed >= _FEW:
                    continue
                if len(results) >= _GIVE_UP and not any(result["found"] for result in results):
                    continue
                results.append(tool.ask(program.letter, seed, seconds))
        print(f"seed {seed} of {seeds}", file=sys.stderr)  # noqa: T201
    return found


def _cell(results: list[dict[str, Any]]) -> str:
    hits = [result for result in results if result["found"]]
    if not hits:
        kinds = {result["kind"] or result["error"][:24] for result in results} - {""}
        return f"no (says {', '.join(sorted(kinds))})" if kinds else "no"
    often = "" if len(hits) == len(results) else f"{len(hits)} of {len(results)}: "
    return (
        f"{often}{median(hit['schedules'] for hit in hits):.0f} / {median(hit['cpu'] for hit in hits) * 1e3:.1f} ms"
    )


def _geometric(values: Sequence[float]) -> float:
    return math.exp(sum(map(math.log, values)) / len(values))


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def _bug_table(found: dict[str, dict[str, list[dict[str, Any]]]], names: Sequence[str]) -> str:
    rows = [
        [f"({p.letter}) {p.what}", p.model, *(_cell(found[p.letter][name]) for name in names)] for p in PLANTED
    ]
    hits = {n: [p.letter for p in PLANTED if any(r["found"] for r in found[p.letter][n])] for n in names}
    rows.append(["found of 13", "", *(f"{len(hits[name])}" for name in names)])
    return _table(["bug", "weakest model", *names], rows)


def _fewer(found: dict[str, dict[str, list[dict[str, Any]]]], names: Sequence[str]) -> Iterator[str]:
    """Schedules to the bug and time to it against each peer, over the bugs that both find."""
    for name in names:
        if name.startswith("futurefuzz") or "futurefuzz" not in names:
            continue
        schedules, times = [], []
        for program in PLANTED:
            ours = [r for r in found[program.letter]["futurefuzz"] if r["found"]]
            theirs = [r for r in found[program.letter][name] if r["found"]]
            if ours and theirs:
                schedules.append(median(r["schedules"] for r in theirs) / median(r["schedules"] for r in ours))
                times.append(median(r["cpu"] for r in theirs) / median(r["cpu"] for r in ours))
        if schedules:
            yield (
                f"{name}: takes {_geometric(schedules):.2f} times our schedules and {_geometric(times):.1f} times our "
                f"time to the bug (geometric mean over the {len(schedules)} that both find)"
            )


def _on_each(found: dict[str, dict[str, list[dict[str, Any]]]], names: Sequence[str]) -> str:
    """Against the better peer on each bug: that which finds it with most seeds, and of those with fewest schedules."""
    ratios: dict[str, float] = {}
    for program in PLANTED:
        by_tool = found[program.letter]
        hits = {n: [r["schedules"] for r in by_tool[n] if r["found"]] for n in names if n != "futurefuzz explore"}
        peers = [n for n, values in hits.items() if values and n != "futurefuzz"]
        if hits.get("futurefuzz") and peers:
            best = min(peers, key=lambda n: (-len(hits[n]), _geometric(hits[n])))
            ratios[program.letter] = _geometric(hits[best]) / _geometric(hits["futurefuzz"])
    if not ratios:
        return "no peer found anything"
    fewer = [f"({letter})" for letter, ratio in ratios.items() if ratio >= 1]
    each = ", ".join(f"({letter}) {ratio:.2f}" for letter, ratio in ratios.items())
    return (
        f"the better peer on each bug takes {_geometric(list(ratios.values())):.2f} times our schedules (geometric"
        f" means over seeds and bugs): {each}; ours are no more than its own on {', '.join(fewer) or 'none'}"
    )


# ---- schedules a second --------------------------------------------------------------------------------------------


def rates(tools: dict[str, Tool], *, repeat: int, seconds: float) -> dict[str, dict[str, dict[str, float]]]:
    """Median schedules a second, by kind of time (`cpu`, `wall`), tool and program."""
    rows = {name: (name, {"explorer": "random"} if name.startswith("futurefuzz") else {}) for name in tools}
    for name in _MORE_EXPLORERS.keys() & tools.keys():
        rows |= {f"{name}, {explorer}": (name, {"explorer": explorer}) for explorer in _MORE_EXPLORERS[name]}
    found: dict[str, dict[str, dict[str, list[float]]]] = {
        time: {row: {p.letter: [] for p in STEADY} for row in sorted(rows, key=_place)} for time in ("cpu", "wall")
    }
    for turn in range(repeat):
        for program in STEADY:
            for row, (name, more) in rows.items():
                result = tools[name].ask(program.letter, turn, seconds, **more)
                if result["schedules"] and not result["kind"]:
                    for time, by_row in found.items():
                        by_row[row][program.letter].append(result["schedules"] / (result[time] - result["ready"]))
    return {
        time: {
            row: {letter: median(values) if values else math.nan for letter, values in by_program.items()}
            for row, by_program in by_row.items()
        }
        for time, by_row in found.items()
    }


def _place(row: str) -> tuple[int, str]:
    name, _, explorer = row.partition(", ")
    return _RATES.index(name), explorer


def _rate_table(found: dict[str, dict[str, float]]) -> str:
    letters = [program.letter for program in STEADY]
    peers = [name for name in found if not name.startswith("futurefuzz")]
    best = {x: max((found[n][x] for n in peers if not math.isnan(found[n][x])), default=math.nan) for x in letters}
    rows = []
    for name, by_program in found.items():
        rows.append([name, *(f"{by_program[x]:,.1f} ({by_program[x] / best[x]:.2f})" for x in letters)])
    return _table(["tool", *(program.what for program in STEADY)], rows)


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="for the environment; a CPython 3.12 or 3.13")
    parser.add_argument("--without-peers", action="store_true", help="ours only, with no environment")
    parser.add_argument("--seeds", type=int, default=10, help="for each bug; default 10")
    parser.add_argument("--seconds", type=float, default=2.0, help="for a search; default 2")
    parser.add_argument("--repeat", type=int, default=5, help="rounds of counting schedules; default 5")
    parser.add_argument("--slice", type=float, default=1.0, help="seconds of counting in a round; default 1")
    parser.add_argument("--results", type=Path, help="a file for every single result, as JSON")
    options = parser.parse_args()
    pin()
    if options.without_peers:
        _measure(options, None)
        return
    with environment(options.python) as place:
        _measure(options, place)


def _measure(options: argparse.Namespace, place: Path | None) -> None:
    ours = [name for name in TOOLS if place is not None or name.startswith("futurefuzz")]
    tools = _tools(ours, place)
    try:
        speed = rates({n: tools[n] for n in _RATES if n in tools}, repeat=options.repeat, seconds=options.slice)
        for time, said in (("cpu", "of CPU time"), ("wall", "by the clock")):
            table = _rate_table(speed[time])
            print(f"Schedules a second {said} (and against the best peer):\n\n{table}\n", flush=True)  # noqa: T201
        names = [name for name in _BUGS if name in tools]
        found = bugs({name: tools[name] for name in names}, seeds=options.seeds, seconds=options.seconds)
        if options.results is not None:
            options.results.write_text(json.dumps(found), encoding="utf-8")
    finally:
        for tool in tools.values():
            tool.end()
    print("Schedules to the bug / CPU time to it, medians:\n\n" + _bug_table(found, names) + "\n")  # noqa: T201
    for line in _fewer(found, names):
        print(f"* {line}")  # noqa: T201
    print(f"* {_on_each(found, names)}")  # noqa: T201
    version = platform.python_version() if place is None else _version(place)
    print(f"\n{', '.join(_PEERS) if place else 'no peers'}; CPython {version}, one core")  # noqa: T201


def _version(place: Path) -> str:
    asked = [place / "bin" / "python", "-c", "import platform; print(platform.python_version())"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


if __name__ == "__main__":
    main()
