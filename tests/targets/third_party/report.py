"""Writes the report in docs/third-party.md: every target of the catalogue that is installed, validated.

    python -m tests.targets.third_party.report [--runs N] [--only PATTERN] [--document FILE]

It runs `futurefuzz validate` for each, one after the other, with one worker and a fixed seed, and puts what they say
between two marks in the document. The words around the marks are written by hand.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

from futurefuzz.targets.catalogue import OFFERS

BEGIN: Final = "<!-- report: begin -->"
END: Final = "<!-- report: end -->"
DOCUMENT: Final = Path(__file__).parents[3] / "docs" / "third-party.md"
RUNS: Final = 3000

_MARKS: Final = {"holds": "✓", "broken": "**✗**", "departed": "d", "not offered": "-", "unknown": "?"}
_CONTRACTS: Final = ("asyncio", "concurrent", "bridge")


def validated(name: str, runs: int) -> dict[str, Any]:
    """What `futurefuzz validate NAME --json` says."""
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "result.json"
        done = _futurefuzz("validate", name, "--runs", str(runs), "--seed", "1", "--jobs", "1", "--json", str(file))
        if done.returncode not in (0, 1):
            raise SystemExit(f"{name}: exit code {done.returncode}\n{done.stderr}")
        found: dict[str, Any] = json.loads(file.read_text())
    return found


def timeline(token: str) -> list[str]:
    """The smallest program and schedule of a finding, as `futurefuzz replay` shows them."""
    lines = _futurefuzz("replay", token).stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("replayed "))
    end = next(i for i, line in enumerate(lines) if line.startswith("replay it with"))
    start = lines.index("", start)  # after what is known of it
    return [line.rstrip() for line in lines[start + 1 : end]]


def _futurefuzz(*arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "COLUMNS": "100", "NO_COLOR": "1", "PYTHONIOENCODING": "utf-8"}
    with tempfile.TemporaryDirectory() as folder:  # a corpus of somebody else's would be replayed first
        return subprocess.run(
            [sys.executable, "-m", "futurefuzz", *arguments],
            capture_output=True,
            text=True,
            check=False,
            cwd=folder,
            env=environment,
        )


def written(results: Mapping[str, Mapping[str, Any]], timelines: Mapping[str, Sequence[str]], runs: int) -> list[str]:
    """The report's lines.

    Args:
        results: target -> what validating it said.
        timelines: token -> what replaying it showed.
        runs: of each.
    """
    first = next(iter(results.values()))["validation"]
    lines = [f"Made on {first['interpreter']} by", "", "```sh"]
    lines += [f"python -m tests.targets.third_party.report --runs {runs}", "```", ""]
    lines += [f"which runs `futurefuzz validate TARGET --runs {runs} --seed 1 --jobs 1` for each of these:", ""]
    lines += ["| target | package | runs | systematically | verdict |", "|---|---|---:|---|---|"]
    for name, result in results.items():
        summary = result["validation"]
        counts = ", ".join(f"{count} {word}" for word, count in summary["counts"].items() if count)
        lines.append(f"| `{name}` | {_package(name)} | {summary['runs']:,} | {summary['exhaustive']} | {counts} |")
    for contract in _CONTRACTS:
        of_contract = {name: one for name, one in results.items() if one["validation"]["contract"] == contract}
        if of_contract:
            lines += ["", f"### The {contract} contract", "", *_table(of_contract)]
    lines += ["", "✓ holds, ✗ broken, d departed from knowingly, - not offered, ? too few runs have tried it."]
    lines += _departures(results)
    for name, result in results.items():
        for clause in result["clauses"]:
            if clause["verdict"] == "broken":
                lines += ["", *_finding(name, clause, timelines)]
    return lines


def _package(name: str) -> str:
    extra = OFFERS[name].extra
    return f"{extra} {version(extra)}" if extra else "the standard library"


def _table(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    texts = {clause["id"]: clause["text"] for result in results.values() for clause in result["clauses"]}
    verdicts = {
        name: {clause["id"]: clause["verdict"] for clause in result["clauses"]} for name, result in results.items()
    }
    lines = ["| clause | " + " | ".join(f"`{name}`" for name in results) + " |", "|---|" + ":-:|" * len(results)]
    untried = []
    for clause in texts:
        cells = [_MARKS.get(verdicts[name].get(clause, ""), "") for name in results]
        if set(cells) == {_MARKS["unknown"]}:
            untried.append(clause)
            continue
        text = texts[clause].split(";")[0].rstrip(".:")
        lines.append(f"| {clause} {text} | " + " | ".join(cells) + " |")
    if untried:
        lines += ["", f"Unknown for all of them: {', '.join(untried)}."]
    return lines


def _departures(results: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines: list[str] = []
    for name in results:
        for clause, reason in OFFERS[name].load().departures.items():
            lines.append(f"* `{name}` departs from {clause}: {reason}")
    return ["", "Departures, and why:", "", *lines] if lines else []


def _finding(name: str, clause: Mapping[str, Any], timelines: Mapping[str, Sequence[str]]) -> Iterable[str]:
    finding = clause["finding"]
    return [
        f"### {name} breaks {clause['id']}",
        "",
        f"{clause['text']} {finding['cause']}.".replace("..", "."),
        "",
        "```",
        *_trimmed(timelines[finding["token"]]),
        "```",
        "",
        "```sh",
        f"futurefuzz replay {finding['token']}",
        "```",
    ]


def _trimmed(lines: Sequence[str]) -> list[str]:
    kept = list(lines)
    while kept and not kept[0].strip():
        kept.pop(0)
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def put(document: Path, lines: Sequence[str]) -> None:
    """Put the report between its marks."""
    before, _, rest = document.read_text(encoding="utf-8").partition(BEGIN)
    _, _, after = rest.partition(END)
    document.write_text(f"{before}{BEGIN}\n\n" + "\n".join(lines) + f"\n\n{END}{after}", encoding="utf-8")


def main() -> None:
    """Validate and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=RUNS)
    parser.add_argument("--only", default="*")
    parser.add_argument("--document", type=Path, default=DOCUMENT)
    asked = parser.parse_args()
    results: dict[str, dict[str, Any]] = {}
    timelines: dict[str, list[str]] = {}
    for name in sorted(OFFERS):
        if OFFERS[name].needs or not fnmatchcase(name, asked.only):
            continue
        sys.stderr.write(f"{name}\n")
        results[name] = validated(name, asked.runs)
        for clause in results[name]["clauses"]:
            if clause["verdict"] == "broken":
                timelines[clause["finding"]["token"]] = timeline(clause["finding"]["token"])
    put(asked.document, written(results, timelines, asked.runs))


if __name__ == "__main__":
    main()
