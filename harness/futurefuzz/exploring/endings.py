"""What is known of a run that its process did not survive: how it ended, where, and by which schedule."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Final

from attrs import evolve

from futurefuzz.campaign.note import Culprit
from futurefuzz.explorers.replay import schedule_of
from futurefuzz.exploring.exploration import Finding
from futurefuzz.exploring.places import Place, is_users, source_line
from futurefuzz.exploring.timeline import elided, rows_of
from futurefuzz.exploring.token import Case
from futurefuzz.exploring.witness import Sighting

__all__ = ["Ended", "finding_of_end", "names_of", "rescheduled", "signature_of"]


class Ended(Exception):
    """The process has gone, or was ended because it hung.

    Args:
        how: `hang`, or the signal or status.
        culprit: what it was at.
        said: the end of what it wrote.
    """

    def __init__(self, how: str, culprit: Culprit, said: str) -> None:
        super().__init__(how)
        self.how = how
        self.culprit = culprit
        self.said = said


def rescheduled(case: Case, sightings: Sequence[Sighting]) -> Case:
    """The case with the schedule that the run which was seen took."""
    steps = [sighting.step for sighting in sightings if sighting.step is not None]
    switches = schedule_of(steps, names_of(sightings))
    return evolve(case, schedule=tuple((s.actor, s.place, s.nth, s.to) for s in switches))


_FRAME: Final = re.compile(r'\s*File "([^"]+)", line (\d+) in (.+)')


def _stack(said: str) -> list[Place]:
    """The user's part of the stack that `faulthandler` wrote of the thread that died, innermost first."""
    _, current, rest = said.partition("Current thread")
    lines = (rest if current else said).split("\n\n")[0].splitlines()
    found = [Place(match[1], int(match[2]), match[3]) for line in lines if (match := _FRAME.match(line))]
    return [place for place in found if is_users(place.file)]


def signature_of(end: Ended) -> str:
    """Of the failure that it is."""
    stack = _stack(end.said)
    return f"{'hang' if end.how == 'hang' else f'crash:{end.how}'}:{stack[0].steady if stack else '?'}"


def finding_of_end(case: Case, end: Ended, sightings: list[Sighting], token: str) -> Finding:
    """The finding that it is, as far as it was seen."""
    stack = _stack(end.said)
    where = f" at {stack[0]}" if stack else ""
    what = f"the run never came back{where}" if end.how == "hang" else f"the interpreter died of {end.how}{where}"
    steps = [sighting.step for sighting in sightings if sighting.step is not None]
    return Finding(
        kind="hang" if end.how == "hang" else "crash",
        signature=signature_of(end),
        cause=what,
        detail=tuple(f"{place} in {place.function}: {source_line(place.file, place.line)}" for place in stack[:8]),
        model=case.model,
        preemptions=sum(s.event is not None and s.actor >= 0 and s.chosen != s.actor for s in steps),
        always=not case.schedule,
        confirmed=(1, 1),
        rows=tuple(elided(rows_of(sightings, names_of(sightings)))),
        schedule=case.schedule,
        fair_from=case.fair_from,
        found_after=0,
        token=token,
    )


def names_of(sightings: Sequence[Sighting]) -> list[str]:
    """Names of the actors as far as they stood somewhere."""
    found: dict[int, str] = {}
    for sighting in sightings:
        if sighting.step is not None:
            found[sighting.step.actor] = sighting.step.key[0]
            found.setdefault(sighting.step.chosen, f"thread {sighting.step.chosen}")
        found.setdefault(sighting.actor, f"thread {sighting.actor}")
    return [found.get(number, f"thread {number}") for number in range(max(found, default=-1) + 1)]
