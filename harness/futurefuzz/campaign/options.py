"""What a campaign is to do."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Final

from attrs import frozen

from futurefuzz.campaign.loading import is_reference
from futurefuzz.campaign.protocol import Setup

__all__ = ["DEFAULT_CORPUS", "Options"]

#: where findings are kept when nobody says anything else
DEFAULT_CORPUS: Final = Path("corpus")


@frozen(kw_only=True)
class Options:
    """What a campaign is to do.

    Args:
        seed: everything follows from it.
        seconds: time budget, from when the workers are ready; None for none.
        runs: run budget; None for none.
        jobs: worker processes.
        targets: names, or `module:attribute`; empty for all.
        scenarios: names and paths; empty for all that are shipped.
        corpus: folder that findings are saved to and replayed from; None saves nothing.
        shipped: replay the corpus that comes with futurefuzz too.
        grade: the lowest grade that is reported.
        path: folders to put before `sys.path` in the workers.
    """

    seed: int
    seconds: float | None = None
    runs: int | None = None
    jobs: int = 1
    targets: tuple[str, ...] = ()
    scenarios: tuple[str, ...] = ()
    corpus: Path | None = None
    shipped: bool = True
    grade: str = "interesting"
    path: tuple[str, ...] = ()

    @property
    def setup(self) -> Setup:
        """What the workers load."""
        return Setup(
            targets=tuple(name for name in self.targets if not is_reference(name)),
            references=tuple(name for name in self.targets if is_reference(name)),
            scenarios=self.scenarios,
            path=self.path,
        )

    def repeat(self) -> str:
        """The command line that repeats the campaign."""
        words = ["futurefuzz", "fuzz", "--seed", str(self.seed), "--jobs", str(self.jobs)]
        words += ["--runs", str(self.runs)] if self.runs is not None else []
        words += ["--time", f"{self.seconds:g}"] if self.seconds is not None else []
        for name, values in (("--target", self.targets), ("--scenario", self.scenarios)):
            for value in values:
                words += [name, value]
        words += ["--grade", self.grade] if self.grade != "interesting" else []
        words += ["--corpus", str(self.corpus)] if self.corpus not in (None, DEFAULT_CORPUS) else []
        return shlex.join(words)
