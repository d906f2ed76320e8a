"""The result of an exploration, as an object, as text and as JSON."""

from __future__ import annotations

import platform
from typing import Any, Final

from attrs import frozen

from futurefuzz.exploring.conflicts import sentence
from futurefuzz.exploring.engine import Hunt, Stage
from futurefuzz.exploring.timeline import Row, elided, endless, marked, rows

__all__ = ["FORMAT", "MEANING", "Exploration", "Finding", "finding_of"]

FORMAT: Final = 1

#: what a finding under a model says
MEANING: Final = {
    "operation": "can happen on any build of Python",
    "gil": "can happen under the GIL",
    "free-threaded": "only without the GIL",
}


@frozen(kw_only=True)
class Finding:
    """A failure, how it comes about, and how to see it again.

    Args:
        kind, signature, cause, detail: of the failure, see `failure.Failure`.
        others: causes of what else went wrong in the same run.
        model: the weakest model that shows it.
        preemptions: of the smallest schedule found.
        always: it shows without any preemption.
        confirmed: how often it showed again, of how many tries.
        race: how threads came between each other, in one sentence; empty where nobody could see that.
        rows: what each thread did.
        schedule: departures from going on: thread, place, occurrence, who goes instead.
        fair_from: from which choice on everybody is let go fairly; None: never.
        found_after: runs until it was found.
        token: what `futurefuzz replay` takes; empty where the code has no file and name.
        health: of the event loops in the run that is shown; `LoopHealth` as JSON.
    """

    kind: str
    signature: str
    cause: str
    detail: tuple[str, ...]
    others: tuple[str, ...] = ()
    model: str
    preemptions: int
    always: bool
    confirmed: tuple[int, int]
    rows: tuple[Row, ...]
    schedule: tuple[tuple[str, str, int, str], ...]
    fair_from: int | None
    found_after: int
    token: str = ""
    race: str = ""
    health: tuple[dict[str, Any], ...] = ()

    def to_json(self) -> dict[str, Any]:
        """As in `explore --json`."""
        return {
            "kind": self.kind,
            "signature": self.signature,
            "cause": self.cause,
            "detail": list(self.detail),
            "others": list(self.others),
            "model": self.model,
            "preemptions": self.preemptions,
            "always": self.always,
            "reproduction": {"reproduced": self.confirmed[0], "tried": self.confirmed[1]},
            "race": self.race,
            "timeline": [row.to_json() for row in self.rows],
            "schedule": [list(switch) for switch in self.schedule],
            "fair_from": self.fair_from,
            "found_after": self.found_after,
            "token": self.token,
            "health": list(self.health),
        }


def finding_of(hunt: Hunt, token: str = "") -> Finding:
    """The finding without the objects of its run."""
    failure = hunt.failure
    is_endless = hunt.schedule.fair_from is not None
    is_race = not hunt.always and not is_endless
    return Finding(
        kind=failure.kind,
        signature=failure.signature,
        cause=failure.cause,
        detail=failure.detail,
        others=tuple(other.cause for other in hunt.failures[1:]),
        model=hunt.model,
        preemptions=hunt.preemptions,
        always=hunt.always,
        confirmed=hunt.confirmed,
        rows=tuple(endless(hunt.seen) if is_endless else elided(marked(rows(hunt.seen), hunt.failures))),
        schedule=tuple((s.actor, s.place, s.nth, s.to) for s in hunt.schedule.switches),
        fair_from=hunt.schedule.fair_from,
        found_after=hunt.found_after,
        token=token,
        race=sentence(hunt.seen.seen, hunt.seen.run.names) if is_race else "",
        health=tuple(loop.to_json() for loop in hunt.seen.health),
    )


@frozen(kw_only=True)
class Exploration:
    """What an exploration has done and found.

    Args:
        what: which code, in words.
        failures: findings; empty when nothing failed.
        stages: what was done under each model.
        seed: that repeats it.
        explorer: that chose.
        seconds: that it took.
    """

    what: str
    failures: tuple[Finding, ...]
    stages: tuple[Stage, ...]
    seed: int
    explorer: str
    seconds: float

    @property
    def runs(self) -> int:
        """How many in all."""
        return sum(stage.runs for stage in self.stages)

    @property
    def certificate(self) -> str | None:
        """What was shown when nothing failed and, under the last model, everything asked for was run; else None."""
        if self.failures or not self.stages or self.stages[-1].certificate is None:
            return None
        return f"{self.stages[-1].certificate} (model {self.stages[-1].model}); no failure"

    def report(self, *, width: int = 100) -> str:
        """As the command line shows it."""
        from futurefuzz.exploring.report import report
        from futurefuzz.reports.page import UNICODE, Page

        return "\n".join(line.plain.rstrip() for line in report(self, Page(width=width, glyphs=UNICODE))) + "\n"

    def to_json(self) -> dict[str, Any]:
        """As in `explore --json`."""
        return {
            "format": FORMAT,
            "exploration": {
                "what": self.what,
                "seed": self.seed,
                "explorer": self.explorer,
                "runs": self.runs,
                "seconds": round(self.seconds, 3),
                "interpreter": f"{platform.python_implementation()} {platform.python_version()}",
                "certificate": self.certificate,
                "stages": [
                    {
                        "model": stage.model,
                        "runs": stage.runs,
                        "seconds": round(stage.seconds, 3),
                        "certificate": stage.certificate,
                        "note": stage.note,
                        "unconfirmed": list(stage.lost),
                        "health": list(stage.health),
                    }
                    for stage in self.stages
                ],
            },
            "findings": [finding.to_json() for finding in self.failures],
        }
