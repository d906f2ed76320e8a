"""What a planted bug is."""

from __future__ import annotations

from typing import NamedTuple

from futurefuzz.programs.program import Program
from futurefuzz.targets.base import Target

__all__ = ["Planted"]


class Planted(NamedTuple):
    """A bug: where it is, what shows it, and which clause and detail name it."""

    target: Target
    sound: Target
    program: Program
    clause: str
    detail: str
    grade: str = "forbidden"
