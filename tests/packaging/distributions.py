"""Building distributions and using them outside of the checkout."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["CHECKOUT", "Installation", "build", "clean_environment", "run"]

CHECKOUT = Path(__file__).resolve().parents[2]


def clean_environment() -> dict[str, str]:
    """The environment without what would let a child process see the checkout's package."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_", "PYTEST"))}


def run(command: Sequence[str | Path], cwd: Path, *, allowed: tuple[int, ...] = (0,)) -> str:
    """Run a command outside of the checkout, show what it said when it fails, and return its standard output."""
    done = subprocess.run(
        [str(part) for part in command], cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False
    )
    said = f"{command} in {cwd} gave exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
    assert done.returncode in allowed, said
    return done.stdout


def build(kind: str, source: Path, into: Path) -> Path:
    """Build a distribution of a source tree with the hatchling that is installed, without build isolation.

    Args:
        kind: "wheel" or "sdist".
        source: the tree to build.
        into: the directory to write to.

    Returns:
        The file that was built.
    """
    run([sys.executable, "-m", "hatchling", "build", "-t", kind, "-d", into], source)
    (built,) = into.iterdir()
    return built


@dataclass(frozen=True, kw_only=True)
class Installation:
    """A fresh environment that holds the wheel and what it depends on, and nothing else of ours."""

    bin: Path
    cwd: Path

    def futurefuzz(self, *arguments: str | Path, allowed: tuple[int, ...] = (0,)) -> str:
        return run([self.bin / "futurefuzz", *arguments], self.cwd, allowed=allowed)

    def python(self, code: str) -> str:
        return run([self.bin / "python", "-I", "-c", code], self.cwd)
