"""What a search that ends can say about a program."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Certifying", "counted"]


class Certifying(Protocol):
    """An explorer that ends, and then has shown something about all schedules of a kind.

    Attributes:
        complete: all that was asked for has been run.
        runs: how many runs have ended.
    """

    complete: bool
    runs: int

    def certificate(self) -> str:
        """What has been shown so far, without a full stop; begins with "all" when complete, else "not complete"."""


def counted(number: int, noun: str) -> str:
    """A number with its noun, as in "1,184 interleavings"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
