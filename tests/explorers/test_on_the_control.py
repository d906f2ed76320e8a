"""The explorers on the real control with real futures: what they choose can be made again, and searches end."""

from __future__ import annotations

from random import Random

import pytest

from futurefuzz import targets
from futurefuzz.explorers import make
from futurefuzz.explorers.base import Explorer
from futurefuzz.explorers.bounded import Bounded
from futurefuzz.explorers.exhaustive import Exhaustive
from futurefuzz.explorers.reduced import Reduced
from futurefuzz.explorers.replay import ChoicesReplay, Replay, schedule_of
from futurefuzz.programs.program import Actor, Callback, Operation, Program
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Run


def racing(via: str) -> Program:
    """Two threads resolve one future, which has a callback."""
    return Program(
        actors=(
            Actor(
                kind="thread",
                operations=(
                    Operation(name="add_done_callback", callback=0, via=via),
                    Operation(name="set_result", via=via),
                ),
            ),
            Actor(kind="thread", operations=(Operation(name="cancel", via=via), Operation(name="done"))),
        ),
        callbacks=(Callback(),),
    )


# Posted operations keep the C future safe: a test must not crash.
CASES = [
    ("concurrent.Future", "direct"),
    ("asyncio.PyFuture", "post"),
    ("asyncio.Future", "post-if-pending"),
    ("asyncio.wrap_future", "direct"),
]


def made(target: str, via: str, explorer: Explorer, *, record: bool = False) -> Run:
    """One run; the explorer has more to explore."""
    run = execute(racing(via), targets.find(target), explorer, record=record)
    assert run is not None
    return run


@pytest.mark.parametrize(("target", "via"), CASES)
@pytest.mark.parametrize("name", ["default", "thorough", "surw", "pos", "pct3", "random"])
def test_every_run_can_be_made_again(name: str, target: str, via: str) -> None:
    """From its choices, and from the places of its switches, each run has the same history once more."""
    explorer = make(name, Random(1))
    for _ in range(15):
        run = made(target, via, explorer, record=True)
        assert run.steps is not None
        schedule = schedule_of(run.steps, run.names)
        by_place = Replay(schedule)
        again = made(target, via, by_place)
        assert (again.history, again.choices, by_place.diverged) == (run.history, run.choices, [])
        by_number = ChoicesReplay(run.choices)
        again = made(target, via, by_number)
        assert (again.choices, again.status, by_number.diverged) == (run.choices, run.status, [])


@pytest.mark.parametrize(("target", "via"), CASES)
def test_one_preemption_can_be_searched_whole(target: str, via: str) -> None:
    """The bounded search ends, meets its own path at every step, and runs each schedule once."""
    explorer = Bounded(bound=1)
    choices = []
    while (run := execute(racing(via), targets.find(target), explorer)) is not None:
        choices.append(tuple(run.choices))
    assert explorer.complete
    assert explorer.runs == len(choices) == len(set(choices)) > 10


@pytest.mark.parametrize(("target", "via"), CASES)
def test_what_the_sweep_runs_is_among_all_schedules_of_few_preemptions(target: str, via: str) -> None:
    """The sweep ends, repeats nothing, and is not larger than the search with one preemption."""
    swept = []
    sweep = make("sweep", Random(0))
    while (run := execute(racing(via), targets.find(target), sweep)) is not None:
        swept.append(tuple(run.choices))
    searched = set()
    explorer = Bounded(bound=1)
    while (run := execute(racing(via), targets.find(target), explorer)) is not None:
        searched.add(tuple(run.choices))
    assert len(swept) == len(set(swept))
    assert set(swept) <= searched


#: few enough points to run everything
FEW = Program(
    actors=(
        Actor(kind="thread", operations=(Operation(name="set_result"),)),
        Actor(kind="thread", operations=(Operation(name="cancel"),)),
    )
)


def test_the_reduced_search_loses_no_ending_of_a_real_future() -> None:
    """What every interleaving together shows of two threads and a future, one of each kind shows, too."""
    shown: list[set[str]] = []
    for explorer in (Exhaustive(), Reduced()):
        endings: set[str] = set()
        while explorer.runs < 20_000 and (run := execute(FEW, targets.find("concurrent.Future"), explorer)) is not None:
            outcomes = sorted(f"{event.site} {event.outcome}" for event in run.history if event.kind == "return")
            endings.add(f"{run.status} {outcomes}")
        assert explorer.complete
        shown.append(endings)
    assert shown[0] == shown[1]
    assert len(shown[0]) > 1
