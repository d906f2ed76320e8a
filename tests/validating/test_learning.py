"""What it takes to break a clause."""

from __future__ import annotations

from futurefuzz.validating.learning import Lessons


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


def test_what_all_breaking_programs_have_in_common_is_avoided() -> None:
    """As long as such programs break it often."""
    lessons = Lessons()
    lessons.ran(_set("task", "add", "cancel"), 10, {"A8": 10})
    lessons.ran(_set("task", "add", "repr"), 10, {"A8": 10})
    lessons.ran(_set("task", "cancel"), 100, {})
    assert lessons.avoid() == (_set("task", "add"),)


def test_a_fault_that_shows_seldom_is_not_avoided() -> None:
    """It hides nothing, and most programs with these features are worth running."""
    lessons = Lessons()
    lessons.ran(_set("task", "cancel"), 10, {"A3": 1})
    for _ in range(5):
        lessons.ran(_set("task", "cancel"), 10, {})
    assert lessons.avoid() == ()


def test_the_smaller_of_two_sets_is_enough_to_avoid() -> None:
    """A program without the smaller set lacks something of the larger one."""
    lessons = Lessons()
    lessons.ran(_set("a", "b"), 10, {"A1": 10})
    lessons.ran(_set("a", "b", "c"), 10, {"A2": 10})
    assert lessons.avoid() == (_set("a", "b"),)


def test_what_cannot_be_avoided_is_given_up() -> None:
    """When no program does without, the set that rules out most goes first."""
    lessons = Lessons()
    lessons.ran(_set("task"), 10, {"A1": 10})
    lessons.ran(_set("b", "c"), 10, {"A2": 10})
    lessons.too_much()
    assert lessons.avoid() == (_set("b", "c"),)
    lessons.too_much()
    lessons.too_much()
    assert lessons.avoid() == ()


def test_a_clause_can_explain_another() -> None:
    """When the program has all that it takes to break the first."""
    lessons = Lessons()
    lessons.ran(_set("cancel", "two"), 10, {"A3": 10})
    lessons.ran(_set("cancel", "two", "hook"), 10, {"A1": 10})
    assert lessons.explain("A1", _set("cancel", "two", "thread"), ["A1", "A3"]) == "A3"
    assert lessons.explain("A1", _set("cancel"), ["A1", "A3"]) is None
    assert lessons.follows("A1", ["A1", "A3"]) == "A3"
    assert lessons.follows("A3", ["A1", "A3"]) is None
