"""Schedules as lists of preemptions."""

from __future__ import annotations

from collections.abc import Sequence

from futurefuzz.explorers.base import Explorer, Pending, Step
from futurefuzz.programs.choices import BytesChoices, ReplayedChoices
from futurefuzz.programs.schedule import LONGEST, Preemptions, drawn_preemptions


class Standing:
    """Actors that all stand at a point."""

    names: Sequence[str] = ("a", "b", "c")
    pending: Sequence[Pending | None] = (Pending("operation", "f0", True),) * 3
    steps: Sequence[Step] | None = None

    def key(self) -> tuple[str, str, int]:
        raise AssertionError("not a recorded run")


def walk(explorer: Explorer, choices: int) -> str:
    """Who goes at each choice, when all three can always go."""
    view = Standing()
    assert explorer.begin(view)
    current = 0
    taken = ""
    for _ in range(choices):
        current = explorer.choose(current, (0, 1, 2))
        taken += view.names[current]
    explorer.end(view)
    return taken


def test_without_preemptions_everybody_goes_on() -> None:
    """The empty list is the default rule."""
    assert walk(Preemptions(list), 8) == "aaaaaaaa"


def test_a_preemption_counts_choices_and_picks_among_the_others() -> None:
    """Two more choices of `a`, then the second of the others; two more of that one, then its first other."""
    assert walk(Preemptions(lambda: [(2, 1), (2, 0)]), 8) == "aacccaaa"


def test_a_direction_beyond_the_others_is_folded() -> None:
    """With two others, direction 3 is the second."""
    assert walk(Preemptions(lambda: [(0, 3)]), 2) == "cc"


def test_every_run_starts_from_the_first_preemption() -> None:
    """One object runs many times, the same way."""
    explorer = Preemptions(lambda: [(1, 0)])
    assert [walk(explorer, 4), walk(explorer, 4)] == ["abbb", "abbb"]


def test_leaving_one_preemption_out_keeps_the_others() -> None:
    """A shrinker may delete any element; what is left is still a schedule."""
    assert walk(Preemptions(lambda: [(2, 0)]), 6) == "aabbbb"


def test_a_source_that_has_ended_preempts_nobody() -> None:
    """Short input means few preemptions, not many at distance zero."""
    assert list(drawn_preemptions(BytesChoices(b""))) == []
    assert list(drawn_preemptions(BytesChoices(b"\xff\x03\x01"))) == [(3, 1)]


def test_drawn_preemptions_stay_in_range() -> None:
    """Folded like every other choice."""
    assert list(drawn_preemptions(ReplayedChoices([1, LONGEST + 5, 7, 0]))) == [(4, 3)]
