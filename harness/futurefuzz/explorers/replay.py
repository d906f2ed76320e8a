"""Replay: the same run again, from the list of its choices or from the places where it departed from going on.

A list of choices is exact and brittle: it is right as long as nothing changed, which is what a worker needs to hand its
culprit to the supervisor. A schedule names places instead (actor, site of the operation and kind of point, occurrence),
and only those where the run departed from the default rule, so it survives a change elsewhere in the program or target.
"""

from __future__ import annotations

from collections.abc import Sequence

from futurefuzz.explorers.base import Step, View
from futurefuzz.explorers.default_rule import go_on
from futurefuzz.programs.program import Switch

__all__ = ["ChoicesReplay", "Replay", "schedule_of"]


class ChoicesReplay:
    """Makes the choices of a list, one after another, and goes on after its end.

    Guarantee: with the program, target and interpreter of the list's run, it is the same run. Any number of runs.

    Cost: about 0.1 µs a choice.

    Args:
        choices: index of the actor chosen at each choice, as in `Run.choices`.

    Attributes:
        diverged: sentences that say where the last run could not follow; empty when it could.
    """

    name = "choices"

    def __init__(self, choices: Sequence[int]) -> None:
        self.recording = False
        self.diverged: list[str] = []
        self._choices = tuple(choices)
        self._position = 0
        self._view: View | None = None

    def begin(self, view: View) -> bool:
        """Start from the first choice."""
        self._view = view
        self._position = 0
        self.diverged = []
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """The listed actor where it can go, else the default rule's."""
        position = self._position
        self._position = position + 1
        if position < len(self._choices):
            chosen = self._choices[position]
            if chosen in enabled:
                return chosen
            self.diverged.append(f"at choice {position} actor {chosen} could not go; {list(enabled)} could")
        assert self._view is not None
        return go_on(self._view.pending, current, enabled)

    def end(self, view: View) -> None:
        """See whether all choices were needed."""
        self._view = None
        if self._position < len(self._choices):
            self.diverged.append(f"the run had {self._position} choices; the list has {len(self._choices)}")


class Replay:
    """Goes on except at the places that a schedule names.

    Guarantee: `schedule_of` a recorded run replays as that run where program and target behave alike. Any number of
    runs.

    Deviation: a place that is not met, or where the named actor cannot go, is left out and told in `diverged`; the rest
    of the schedule still holds.

    Cost: needs a recorded run (about 1 µs a point), then one look-up a choice.

    Args:
        schedule: the departures from the default rule.

    Attributes:
        used: the switches that the last run made, in its order.
        diverged: one sentence for each switch that it did not make, naming the place; empty when it made all.
    """

    name = "replay"

    def __init__(self, schedule: Sequence[Switch]) -> None:
        self.recording = True
        self.used: list[Switch] = []
        self.diverged: list[str] = []
        self._schedule = tuple(schedule)
        self._switches = {(switch.actor, switch.place, switch.nth): switch for switch in schedule}
        self._refused: dict[Switch, list[str]] = {}
        self._view: View | None = None

    def begin(self, view: View) -> bool:
        """Start from the beginning of the schedule."""
        self._view = view
        self.used = []
        self.diverged = []
        self._refused = {}
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """The actor that the schedule names for this place, else the default rule's."""
        view = self._view
        assert view is not None
        switch = self._switches.get(view.key())
        if switch is not None:
            names = view.names
            for actor in enabled:
                if names[actor] == switch.to:
                    self.used.append(switch)
                    return actor
            self._refused[switch] = [names[actor] for actor in enabled]
        return go_on(view.pending, current, enabled)

    def end(self, view: View) -> None:
        """Say which switches were not made, and why."""
        self._view = None
        if len(self.used) == len(self._schedule):
            return
        met = {step.key: step for step in view.steps or ()}
        used = set(self.used)
        for switch in self._schedule:
            if switch not in used:
                self.diverged.append(self._why(switch, met.get((switch.actor, switch.place, switch.nth)), view.names))

    def _why(self, switch: Switch, step: Step | None, names: Sequence[str]) -> str:
        place = f"{switch.actor or 'the run'} at {switch.place} (occurrence {switch.nth})"
        if switch in self._refused:
            return f"{place}: {switch.to} could not go; {', '.join(self._refused[switch])} could"
        if step is not None:
            return f"{place}: {switch.to} could not go; only {names[step.chosen]} could"
        return f"{place} was not met; {switch.to} should have gone on there"


def schedule_of(steps: Sequence[Step], names: Sequence[str]) -> tuple[Switch, ...]:
    """The places where a recorded run departed from the default rule.

    Args:
        steps: of the recorded run.
        names: of its actors.

    Returns:
        One switch for each departure, in the order of the run; `Replay` makes the same run of them.
    """
    switches = []
    for step in steps:
        default = step.actor if step.event is not None and step.actor >= 0 else step.enabled[0]
        if step.chosen != default:
            actor, place, nth = step.key
            switches.append(Switch(actor=actor, place=place, nth=nth, to=names[step.chosen]))
    return tuple(switches)
