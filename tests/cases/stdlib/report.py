"""Writes what was measured to `docs/fidelity.md`: a section for each interpreter, in which others are kept."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from tests.cases.stdlib.explained import explain
from tests.cases.stdlib.measuring import Outcome

__all__ = ["percentage", "section", "with_section"]

INTRODUCTION: Final = """\
# Fidelity: CPython's own tests under control

How faithful is the takeover of whole programs? CPython tests its asyncio and its thread pools with unit tests that know
nothing of futurefuzz. `python -m tests.cases.stdlib`, from the checkout, runs those that the interpreter at hand ships,
each in controlled runs of its own: one in the plainest schedule, the others in random ones, under virtual time. A test
passes when it passes in all of them. Points are the operations on what is under control (the model `operation`).

Timers fire when nobody else can go on, not as a choice: the tests use timeouts as a bound on real time, which is no
claim about schedules. What a test skips by itself, and what fails on this machine without control, too, is not counted.
Left out are process pools, and the modules on subprocesses, `sendfile`, TLS over real sockets, and Windows.

This file is written by that command; each section is what one interpreter gave. Debian's 3.15.2 came with the tests of
its own package `libpython3.15-testsuite`; `test_tasks` was measured again there after a repair. On a machine with ten
times as much to do as it has cores, up to eight more did not pass: tests that start processes wait in real time, and a
run waits for them for 3 seconds.
"""


def percentage(outcomes: Sequence[Outcome]) -> float:
    """Of the tests that count, how many passed."""
    counted = [each for each in outcomes if each.verdict not in ("skipped", "not counted")]
    return 100.0 * sum(each.verdict == "passed" for each in counted) / max(1, len(counted))


def _last(why: str) -> str:
    lines = [line.strip() for line in why.splitlines() if line.strip()]
    text = next((line for line in reversed(lines) if re.match(r"[\w.]*(Error|Exception|Warning)\b", line)), "")
    text = text or (lines[-1] if lines else "")
    text = re.sub(r"(/[\w.@-]+)+/", "", re.sub(r"0x[0-9a-f]+", "0x…", text)).replace("|", "\\|")
    return text if len(text) <= 160 else text[:159] + "…"


def section(title: str, outcomes: Sequence[Outcome], runs: int) -> str:
    """The section of one interpreter.

    Args:
        title: such as `CPython 3.13.0`.
        outcomes: of all tests.
        runs: controlled runs of each test.
    """
    counted = [each for each in outcomes if each.verdict not in ("skipped", "not counted")]
    passed = sum(each.verdict == "passed" for each in counted)
    lines = [
        f"## {title}",
        "",
        f"{passed:,} of {len(counted):,} tests pass unchanged in {runs} runs each: {percentage(outcomes):.1f} %.",
        "",
        "| module | tests | pass | do not | not counted |",
        "|---|--:|--:|--:|--:|",
    ]
    for module in dict.fromkeys(each.module for each in outcomes):
        own = [each.verdict for each in outcomes if each.module == module]
        good, out = own.count("passed"), own.count("skipped") + own.count("not counted")
        name = module.removeprefix("test.")
        lines.append(f"| `{name}` | {len(own)} | {good} | {len(own) - good - out} | {out} |")
    wrong = [each for each in counted if each.verdict != "passed"]
    if wrong:
        lines += ["", "| does not pass | how | why |", "|---|---|---|"]
    for each in wrong:
        reason = explain(each.module, each.name)
        why = f"{reason[0]}: {reason[1]}" if reason is not None else f"not looked into: {_last(each.why)}"
        lines.append(f"| `{each.module.rpartition('.')[2]}` `{each.name}` | {each.verdict} | {why} |")
    alike = [each for each in outcomes if each.verdict == "not counted"]
    if alike:
        lines += ["", "Not counted, because without control they do not pass here either: "]
        lines[-1] += ", ".join(f"`{each.module.rpartition('.')[2]}` `{each.name}`" for each in alike) + "."
    return "\n".join(lines) + "\n"


def with_section(document: str, new: str) -> str:
    """The document with the section added, or put in the place of the one with the same title; sorted by title.

    Args:
        document: as it was; empty for a new one.
        new: the section.
    """
    sections = {part.partition("\n")[0]: part for part in re.split(r"^(?=## )", document, flags=re.MULTILINE)[1:]}
    sections[new.partition("\n")[0]] = new
    return "\n".join([INTRODUCTION, *(sections[title].rstrip("\n") + "\n" for title in sorted(sections))])
