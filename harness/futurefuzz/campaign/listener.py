"""What a campaign tells whoever watches it; the console is one listener, a test's list is another."""

from __future__ import annotations

from typing import Protocol

from attrs import frozen

from futurefuzz.campaign.outcome import Reported

__all__ = ["Listener", "Progress", "Silent"]


@frozen(kw_only=True)
class Progress:
    """Where a campaign stands. Cheap to make: a campaign may send many a second, a listener draws as many as it likes.

    Args:
        seconds: since the campaign began.
        time_left: seconds until the time budget ends; None without one.
        runs: controlled runs so far, over all workers.
        runs_wanted: the run budget; None without one.
        runs_per_second: the recent rate.
        behaviours: distinct behaviours seen.
        forbidden: new forbidden findings.
        interesting: new interesting findings.
        known: findings that the list of known bugs names.
        crashes: workers that died or hung.
        workers: worker processes at work.
        phase: what the campaign is doing, in a few words, such as `replaying the corpus`, `fuzzing`, `minimising`.
    """

    seconds: float
    time_left: float | None = None
    runs: int = 0
    runs_wanted: int | None = None
    runs_per_second: float = 0.0
    behaviours: int = 0
    forbidden: int = 0
    interesting: int = 0
    known: int = 0
    crashes: int = 0
    workers: int = 0
    phase: str = ""


class Listener(Protocol):
    """Is told what happens in a campaign. Called from one thread, never re-entered; must not raise."""

    def progress(self, progress: Progress) -> None:
        """The campaign stands here now."""

    def found(self, reported: Reported) -> None:
        """A finding is confirmed and saved."""

    def message(self, text: str) -> None:
        """Something that a person should know, in one line: a throttled pair, an unwritable corpus."""


class Silent:
    """The listener that says nothing."""

    def progress(self, progress: Progress) -> None:
        """Ignore it."""

    def found(self, reported: Reported) -> None:
        """Ignore it."""

    def message(self, text: str) -> None:
        """Ignore it."""
