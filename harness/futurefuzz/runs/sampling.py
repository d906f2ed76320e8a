"""All behaviours of a small program, or a sample of those of a larger one."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import Final

from attrs import define, field, frozen

from futurefuzz import explorers
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.exhaustive import Exhaustive
from futurefuzz.programs.program import Program
from futurefuzz.runs.behaviour import Behaviour, behaviour_of
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Run
from futurefuzz.targets.base import Target

__all__ = ["Sample", "Sampled", "sample"]

#: share of the runs that the complete search may take; what it does not finish in them is sampled
_SEARCH: Final = 0.5


@define
class Sample:
    """One behaviour: how often it was seen, and the choices of the first run that showed it.

    Args:
        choices: of that run.
        samples: how many runs showed it.
        violation: the worst that was said of them: grade, clause and cause. None: nothing, or nobody was asked.
    """

    choices: list[int]
    samples: int = 0
    violation: tuple[str, str, str] | None = None


@frozen
class Sampled:
    """What `sample` saw.

    Args:
        behaviours: each with its sample, in the order in which they came.
        runs: how many runs there were.
        complete: every interleaving was run: there are no other behaviours.
    """

    behaviours: dict[Behaviour, Sample] = field(factory=dict)
    runs: int = 0
    complete: bool = False


def sample(
    program: Program,
    target: Target,
    *,
    runs: int,
    seed: int,
    each: Callable[[], list[int] | None] = lambda: None,
    look: Callable[[Run, Sample], None] = lambda run, sample: None,
) -> Sampled:
    """Run a program under many schedules and gather its behaviours.

    First the exhaustive search; if it does not end in half of the runs, the samplers take the rest. (The reduced search
    is no help here: a call-out may touch anything, so that it spares no run and needs a recording of each.)

    Args:
        program: what is run.
        target: on what.
        runs: how many runs at most.
        seed: of the samplers.
        each: called before each run; may return a list that the run's choices are to be appended to.
        look: called after each run, with its behaviour's sample.

    Raises:
        HarnessError: as `runs.executor.execute`.
    """
    behaviours: dict[Behaviour, Sample] = {}
    done = 0
    search = Exhaustive()

    def go(explorer: Explorer, until: int) -> int:
        nonlocal done
        while done < until:
            run = execute(program, target, explorer, choices=each())
            if run is None:
                break
            done += 1
            behaviour = behaviour_of(run)
            seen = behaviours.get(behaviour)
            if seen is None:
                seen = behaviours[behaviour] = Sample(list(run.choices))
            seen.samples += 1
            look(run, seen)
        return done

    go(search, max(1, int(runs * _SEARCH)))
    if not search.complete:
        go(explorers.make("default", Random(seed)), runs)
    return Sampled(behaviours=behaviours, runs=done, complete=search.complete)
