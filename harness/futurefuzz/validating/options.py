"""What is to be validated, and how thoroughly."""

from __future__ import annotations

import shlex
from typing import Final

from attrs import frozen

from futurefuzz.campaign.loading import is_reference
from futurefuzz.campaign.protocol import Setup

__all__ = ["SECONDS", "Options"]

#: the time budget where nobody gives one: with starting, confirming and minimising it stays below a minute
SECONDS: Final = 35.0


@frozen(kw_only=True)
class Options:
    """What is to be validated, and how thoroughly.

    Args:
        what: as the user named it, for the report.
        name: of a registered target, or a reference (`campaign.loading`).
        contract: that it must claim; None: whatever it claims.
        seed: everything follows from it.
        seconds: time budget; None for none.
        runs: run budget; None for none.
        jobs: worker processes.
        departures, lacks: declared beyond what the target says itself.
        points: a model of points inside the target's own code (`campaign.points`); empty for none.
        path: folders to put before `sys.path` in the workers.
    """

    what: str
    name: str
    contract: str | None = None
    seed: int = 0
    seconds: float | None = SECONDS
    runs: int | None = None
    jobs: int = 1
    departures: tuple[tuple[str, str], ...] = ()
    lacks: tuple[str, ...] = ()
    points: str = ""
    path: tuple[str, ...] = ()

    @property
    def setup(self) -> Setup:
        """What the workers load."""
        named = () if is_reference(self.name) else (self.name,)
        return Setup(
            targets=named,
            references=() if named else (self.name,),
            scenarios=(),
            path=self.path,
            departures=self.departures,
            lacks=self.lacks,
            points=self.points,
        )

    @property
    def reference(self) -> str | None:
        """What `--target` of `futurefuzz replay` must say; None for a target that comes with us."""
        return self.name if is_reference(self.name) else None

    def repeat(self, contract: str) -> str:
        """The command line that repeats it; without a contract where nobody has said one."""
        words = ["futurefuzz", "validate", self.what]
        words += ["--contract", contract] if contract else []
        words += ["--seed", str(self.seed)]
        words += ["--runs", str(self.runs)] if self.runs is not None else []
        words += ["--time", f"{self.seconds:g}"] if self.seconds is not None else []
        words += ["--jobs", str(self.jobs)]
        for clause, reason in self.departures:
            words += ["--departs", f"{clause}={reason}"]
        for operation in self.lacks:
            words += ["--lacks", operation]
        words += ["--points", self.points] if self.points else []
        return shlex.join(words)
