"""What the tests of campaigns share: small programs, set-ups with hostile targets, and looking for processes."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from futurefuzz.campaign.protocol import Setup
from futurefuzz.findings.finding import Case
from futurefuzz.programs.program import Actor, Operation, Program

HERE = str(Path(__file__).parent)


def setup(*names: str, scenarios: tuple[str, ...] | None = None) -> Setup:
    """A set-up that finds `hostile`."""
    references = tuple(name for name in names if ":" in name)
    plain = tuple(name for name in names if ":" not in name)
    return Setup(targets=plain, references=references, scenarios=scenarios, path=(HERE,))


def threads(*actors: tuple[str, ...]) -> Program:
    """A program of threads with plain operations."""
    return Program(
        actors=tuple(
            Actor(kind="thread", operations=tuple(Operation(name=name) for name in names)) for names in actors
        )
    )


def case(target: str, *actors: tuple[str, ...]) -> Case:
    """A case of such a program, under the default schedule."""
    return Case(scenario="test", target=target, program=threads(*actors))


def eventually(check: Callable[[], bool], seconds: float = 20.0) -> bool:
    """Wait until something is so; False when it never is."""
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if check():
            return True
        time.sleep(0.02)
    return False


def is_gone(process: int) -> bool:
    """Whether a process has ended; one that its parent has not waited for has ended too."""
    try:
        os.kill(process, 0)
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except (ProcessLookupError, FileNotFoundError):
        return True
