"""Drivers of decisions: what they share, and what each is for."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from futurefuzz.programs.choices import BytesChoices, Choices, HypothesisChoices, RandomChoices, ReplayedChoices

LETTERS = "abcde"


def some_decisions(choices: Choices) -> list[object]:
    """A little of everything."""
    return [
        item
        for _ in range(40)
        for item in (choices.integer(3, 7), choices.flag(0.4), choices.pick(LETTERS), choices.integer(0, 1000))
    ]


def assert_in_range(decisions: list[object]) -> None:
    """Each of `some_decisions` is one that was allowed."""
    for number, flag, letter, large in zip(*(decisions[i::4] for i in range(4)), strict=True):
        assert number in range(3, 8)
        assert isinstance(flag, bool)
        assert isinstance(letter, str)
        assert letter in LETTERS
        assert large in range(1001)


@pytest.mark.parametrize(
    "make",
    [
        lambda: RandomChoices(Random(1)),
        lambda: ReplayedChoices([5, 1, 3, 999] * 40),
        lambda: ReplayedChoices([-1, 10**30] * 80),
        lambda: BytesChoices(Random(2).randbytes(300)),
    ],
    ids=["random", "replayed", "wild list", "bytes"],
)
def test_every_driver_stays_in_range_and_replays_from_what_it_drew(make: Callable[[], RandomChoices]) -> None:
    """Decisions are in range, and the list of what was drawn makes the same decisions again."""
    choices = make()
    decisions = some_decisions(choices)
    assert_in_range(decisions)
    again = ReplayedChoices(choices.drawn)
    assert some_decisions(again) == decisions
    assert again.drawn == choices.drawn


@given(st.data())
def test_hypothesis_driver_stays_in_range_and_replays_from_what_it_drew(data: st.DataObject) -> None:
    """Decisions that Hypothesis makes replay outside of Hypothesis."""
    choices = HypothesisChoices(data.draw)
    decisions = some_decisions(choices)
    assert_in_range(decisions)
    assert some_decisions(ReplayedChoices(choices.drawn)) == decisions


@pytest.mark.parametrize("choices", [ReplayedChoices([]), BytesChoices(b"")], ids=["list", "bytes"])
def test_where_choices_end_the_simplest_is_chosen(choices: Choices) -> None:
    """Without further input every number is the lowest, every flag false, every element the first."""
    assert some_decisions(choices) == [3, False, "a", 0] * 40


def test_zero_bytes_mean_the_simplest_even_for_likely_flags() -> None:
    """A zero byte is False for every probability, so that zeroing bytes simplifies."""
    assert [BytesChoices(b"\0").flag(p) for p in (0.0, 0.5, 0.99, 1.0)] == [False] * 4
    assert BytesChoices(b"\xff").flag(0.01)
    assert not BytesChoices(b"\xff").flag(0.0)


def test_a_decision_without_alternatives_takes_no_byte() -> None:
    """Bytes are spent on decisions only, one each, two where the range is larger than a byte."""
    choices = BytesChoices(bytes([9, 1, 2, 4]))
    assert choices.integer(6, 6) == 6
    assert choices.pick("x") == "x"
    assert choices.integer(0, 99) == 9
    assert choices.integer(0, 999) == 1 * 256 + 2
    assert choices.pick(LETTERS) == "e"


def test_random_driver_appends_to_the_list_it_is_given() -> None:
    """A journal sees each decision as it is made."""
    journal: list[int] = []
    choices = RandomChoices(Random(0), journal)
    choices.integer(5, 9)
    assert len(journal) == 1
    choices.flag(1.0)
    assert journal[1:] == [1]
    assert choices.drawn is journal


def test_random_driver_follows_its_seed_and_nothing_else() -> None:
    """Equal seeds make equal decisions, different seeds different ones."""
    first, second, other = (some_decisions(RandomChoices(Random(seed))) for seed in (11, 11, 12))
    assert first == second
    assert first != other


@pytest.mark.parametrize("p", [0.05, 0.3, 0.5, 0.9])
def test_flags_are_true_as_often_as_asked(p: float) -> None:
    """The share of true flags is the probability, for random numbers and for random bytes.

    4,000 flags: standard deviation at most 0.008; bytes add a rounding of at most 1/256.
    """
    rng = Random(5)
    for choices in (RandomChoices(rng), BytesChoices(rng.randbytes(4000))):
        share = sum(choices.flag(p) for _ in range(4000)) / 4000
        assert abs(share - p) < 0.04


def test_numbers_are_uniform() -> None:
    """Each of five values is drawn about equally often (10,000 draws: expected 2,000, standard deviation 40)."""
    choices = RandomChoices(Random(6))
    counts = [0] * 5
    for _ in range(10_000):
        counts[choices.integer(0, 4)] += 1
    assert all(1800 < count < 2200 for count in counts)
