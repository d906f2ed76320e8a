"""Prints a digest for each of many controlled runs: what must be the same in every process.

Run by `test_determinism` with other hash seeds, folders, flags, allocators and modules imported before.
"""

from __future__ import annotations

import asyncio
import hashlib
import random
import re
import sys
from collections.abc import Callable
from typing import Any, Final

_BEFORE: Final = sys.argv[1].split(",") if len(sys.argv) > 1 and sys.argv[1] else []
for _name in _BEFORE:
    __import__(_name)

from futurefuzz import explorers  # noqa: E402  # after the others, which is what is tried
from futurefuzz.control.instrumentation import Instrumentation  # noqa: E402
from futurefuzz.control.session import run_controlled  # noqa: E402
from tests.control import whole_programs  # noqa: E402

#: real sockets, real waiting: when their news comes is not the control's to say
_REAL: Final = {"sockets"}


def _digest(parts: object) -> str:
    text = re.sub(r"0x[0-9a-f]+|[^\s'(]*/(?=[\w.]+\.py)", "", repr(parts))  # addresses, folders
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def _story(body: Callable[[], object], name: str, **settings: Any) -> list[object]:
    explorer = explorers.make(name, random.Random(7))
    parts: list[object] = []
    for number in range(6):
        run = run_controlled(body, explorer, record=number % 2 == 0, **settings)
        if run is None:
            break
        steps = [tuple(step) for step in run.steps or ()]
        said = [(log.actor, log.message) for log in run.logs], [(one.actor, repr(one.error)) for one in run.failures]
        warned = [(one.actor, one.message) for one in run.warnings]
        parts.append((run.status, run.outcome, run.waiting, run.choices, steps, said, warned, run.names, run.time))
    return parts


def _main() -> None:
    bodies = [*whole_programs.CORRECT, *whole_programs.STUCK, whole_programs.check_then_act]
    for body in bodies:
        if body.__name__ not in _REAL:
            for name in ("random", "surw"):
                sys.stdout.write(f"operation {body.__name__} {name} {_digest(_story(body, name))}\n")
    for model in ("gil", "free-threaded"):
        points = Instrumentation([whole_programs, asyncio, "concurrent.futures"], model=model)
        for body in (whole_programs.executor, whole_programs.bridge, whole_programs.asyncio_all):
            with points:
                digest = _digest(_story(body, "random", instrumentation=points))
                sys.stdout.write(f"{model} {body.__name__} {digest}\n")


_main()
