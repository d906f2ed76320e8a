"""`python -m tests.cases.stdlib`: measure, and write `docs/fidelity.md`."""

from __future__ import annotations

import argparse
import dataclasses
import json
import platform
import sys
from pathlib import Path

from tests.cases.stdlib.measuring import MODULES, Outcome, measure, names_of
from tests.cases.stdlib.report import percentage, section, with_section

_DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "fidelity.md"


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def _measured(modules: list[str], runs: int) -> list[Outcome]:
    outcomes: list[Outcome] = []
    for module in modules:
        names = names_of(module)
        if not names:
            _say(f"{module}: not shipped with this interpreter")
            continue
        found = measure(module, names, runs=runs)
        wrong = [each.name for each in found if each.verdict not in ("passed", "skipped")]
        plain = {each.name: each.verdict for each in measure(module, wrong, runs=0)}
        found = [
            each if plain.get(each.name, "passed") == "passed" else dataclasses.replace(each, verdict="not counted")
            for each in found
        ]
        outcomes += found
        _say(f"{module}: {sum(each.verdict == 'passed' for each in found)} of {len(found)} pass")
    return outcomes


def main() -> None:
    """Measure the interpreter that runs this."""
    parser = argparse.ArgumentParser(prog="python -m tests.cases.stdlib", description=__doc__)
    parser.add_argument("modules", nargs="*", help="such as test.test_asyncio.test_locks; then nothing is written")
    parser.add_argument("--runs", type=int, default=3, help="controlled runs of each test (default: 3)")
    parser.add_argument("--lines", type=Path, help="write the outcomes here, too, a line of JSON each")
    arguments = parser.parse_args()
    outcomes = _measured(arguments.modules or list(MODULES), arguments.runs)
    if not outcomes:
        sys.exit("this interpreter has none of these tests; allowed: one that ships the package `test`")
    if arguments.lines is not None:
        lines = [json.dumps([each.module, each.name, each.verdict, each.why]) for each in outcomes]
        arguments.lines.write_text("\n".join(lines) + "\n", encoding="utf-8")
    title = f"{platform.python_implementation()} {platform.python_version()}"
    text = section(title, outcomes, arguments.runs)
    if arguments.modules:
        _say(text)
    else:
        before = _DOCUMENT.read_text(encoding="utf-8") if _DOCUMENT.exists() else ""
        _DOCUMENT.write_text(with_section(before, text), encoding="utf-8")
    _say(f"{percentage(outcomes):.1f} %")


if __name__ == "__main__":
    main()
