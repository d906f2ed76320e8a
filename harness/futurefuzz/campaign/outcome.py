"""What a campaign leaves behind, as plain data: the reports are made from nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import field, frozen

from futurefuzz.findings.finding import Finding

if TYPE_CHECKING:
    from futurefuzz.findings.known import KnownBug

__all__ = ["Outcome", "PairCount", "Reported", "Throttled", "Unconfirmed"]


@frozen(kw_only=True)
class Reported:
    """A confirmed finding with all that its report shows.

    Args:
        finding: the finding, minimised and confirmed.
        token: what `futurefuzz replay` takes.
        known: the known bug that it is, None when it is new.
        path: its file in the corpus, None when it was not saved.
        events: the recorded run's events in their JSON shape (`runs.record.event_to_json`); a crash's end in the middle
            of an operation.
        names: of the run's carriers, by index.
        violations: (index of the event in `events`, clause id, one sentence) for each violation of that run.
        remembered: an earlier campaign has found it: its signature is in the corpus, so it is not new.
        reference: what `--target` of `futurefuzz replay` must say for it; None for a target that comes with us.
        departures: what `--departs` of it must say: declared beyond what the target says itself.
        points: what `--points` of it must say; empty for nothing.
    """

    finding: Finding
    token: str
    known: KnownBug | None = None
    path: Path | None = None
    events: Sequence[Mapping[str, Any]] = ()
    names: Sequence[str] = ()
    violations: Sequence[tuple[int, str, str]] = ()
    remembered: bool = False
    reference: str | None = None
    departures: tuple[tuple[str, str], ...] = ()
    points: str = ""

    @property
    def is_new(self) -> bool:
        """Neither the list of known bugs nor the corpus has it."""
        return self.known is None and not self.remembered


@frozen(kw_only=True)
class Unconfirmed:
    """Something that was seen once and did not show again in fresh processes; never counted as a finding."""

    signature: str
    cause: str
    tried: int = 0


@frozen(kw_only=True)
class Throttled:
    """A pair of target and scenario that got fewer runs than its share, and why (`its runs crash the interpreter`)."""

    target: str
    scenario: str
    reason: str


@frozen(kw_only=True)
class PairCount:
    """How much work went into one pair of target and scenario."""

    target: str
    scenario: str
    runs: int = 0
    behaviours: int = 0
    forbidden: int = 0
    interesting: int = 0
    known: int = 0
    crashes: int = 0


@frozen(kw_only=True)
class Outcome:
    """A campaign that is over.

    Args:
        seed: of the campaign.
        seconds: how long it took.
        runs: controlled runs.
        interpreter: such as `CPython 3.13.0`.
        jobs: worker processes.
        behaviours: distinct behaviours seen.
        crashes: workers that died or hung.
        findings: confirmed ones, new and known.
        unconfirmed: what did not show again.
        throttled: pairs that were held back.
        interrupted: Ctrl-C ended it.
        pairs: counts per target and scenario.
        repeat: the command line that repeats it; None: made from the seed alone.
        go_on: the one that does the same with another seed; likewise.
        corpus: the folder that findings were saved to.
        reason: why it ended: `time`, `runs` or `stopped`.
        errors: failures of the harness itself, which are no findings.
        complaints: what was wrong with the user's side of it on the way, such as a disk that got full.
    """

    seed: int
    seconds: float
    runs: int
    interpreter: str
    jobs: int = 1
    behaviours: int = 0
    crashes: int = 0
    findings: Sequence[Reported] = field(factory=list)
    unconfirmed: Sequence[Unconfirmed] = field(factory=list)
    throttled: Sequence[Throttled] = field(factory=list)
    interrupted: bool = False
    pairs: Sequence[PairCount] = field(factory=list)
    repeat: str | None = None
    go_on: str | None = None
    corpus: Path | None = None
    reason: str = "time"
    errors: Sequence[str] = field(factory=list)
    complaints: Sequence[str] = field(factory=list)

    @property
    def new(self) -> list[Reported]:
        """The findings that neither a known bug explains nor an earlier campaign has found."""
        return [reported for reported in self.findings if reported.is_new]

    @property
    def known(self) -> list[Reported]:
        """The findings that the list of known bugs names, or the corpus."""
        return [reported for reported in self.findings if not reported.is_new]

    @property
    def runs_per_second(self) -> float:
        """Over the whole campaign, 0 when it had no time."""
        return self.runs / self.seconds if self.seconds > 0 else 0.0
