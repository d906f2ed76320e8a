"""A unit of work: how many programs it runs, and that it always runs the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from futurefuzz import targets
from futurefuzz.campaign.note import Note
from futurefuzz.campaign.plan import Pair, Unit
from futurefuzz.campaign.unit import UnitResult, run_unit
from futurefuzz.programs.scenario import load_scenarios

SCENARIOS = load_scenarios()
TARGET = "asyncio.PyFuture"


class Listening(Note):
    """Keeps what is noted of programs and runs."""

    def __init__(self) -> None:
        super().__init__()
        self.programs: list[str] = []
        self.numbers: list[int] = []

    def program(self, text: str) -> None:
        """A program begins."""
        self.programs.append(text)
        super().program(text)

    def run(self, nth: int) -> None:
        """A run begins."""
        self.numbers.append(nth)
        super().run(nth)


@pytest.fixture
def note() -> Iterator[Listening]:
    """A note that listens."""
    made = Listening()
    yield made
    made.close()


def carried_out(note: Note, scenario: str, nth: int, limit: int = 100) -> UnitResult:
    """The unit of that number."""
    unit = Unit(number=0, pair=Pair(scenario, TARGET), nth=nth, seed=3)
    sent: list[dict[str, Any]] = []
    return run_unit(
        unit, SCENARIOS[scenario], targets.find(TARGET), note=note, limit=limit, sent={}, send=sent.append
    )


def test_a_unit_goes_on_where_there_is_nothing_to_choose(note: Listening) -> None:
    """Programs on one loop have one run each, and half of what a unit may do is theirs: making them costs as much."""
    assert Unit(number=0, pair=Pair("loop_only", TARGET), nth=0, seed=3).runs == 12
    result = carried_out(note, "loop_only", 0)
    assert len(note.programs) == len(set(note.programs)) == result.runs == 6
    assert result.exhausted


def test_a_program_with_choices_is_the_last_of_its_unit(note: Listening) -> None:
    """It gets the runs that are left."""
    result = carried_out(note, "threadsafe_posts", 0)
    assert len(note.programs) == 1
    assert result.runs == 12


def test_a_unit_keeps_to_its_limit(note: Listening) -> None:
    """However many programs it has; the runs are numbered through the unit."""
    for nth in range(12):
        note.numbers.clear()
        result = carried_out(note, "reentrant_callouts", nth, limit=5)
        runs = [number for position, number in enumerate(note.numbers) if number not in note.numbers[:position]]
        assert runs == list(range(result.runs))
        assert result.runs <= 5


def test_the_same_unit_runs_the_same_programs(note: Listening) -> None:
    """All of it follows from seed, pair and number."""
    first, programs = carried_out(note, "reentrant_callouts", 4), list(note.programs)
    note.programs.clear()
    second = carried_out(note, "reentrant_callouts", 4)
    assert note.programs == programs
    assert (second.runs, second.choices, second.found) == (first.runs, first.choices, first.found)
    note.programs.clear()
    carried_out(note, "reentrant_callouts", 5)
    assert note.programs[0] != programs[0]
