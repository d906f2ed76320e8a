"""Wing and Gong's search, on a register: histories with known verdicts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable

from futurefuzz.contracts.linearizability import Invocation, linearizable


class Register:
    """Holds a number, 0 at first; operations are ("write", n) and ("read", n), n None when a read did not return."""

    def initial(self) -> Hashable:
        return 0

    def after(self, state: Hashable, what: Hashable) -> Iterable[Hashable]:
        assert isinstance(what, tuple)
        name, number = what
        if name == "write":
            return [number]
        return [state] if number in (state, None) else []


def _verdict(*calls: tuple[tuple[str, int | None], int, int | None], budget: int = 1000) -> bool | None:
    return linearizable(Register(), [Invocation(*call) for call in calls], budget)


def test_operations_one_after_the_other_take_effect_in_that_order() -> None:
    """Without overlap there is one order."""
    assert _verdict((("write", 1), 0, 1), (("read", 1), 2, 3))
    assert _verdict((("write", 1), 0, 1), (("read", 0), 2, 3)) is False


def test_overlapping_operations_take_effect_in_any_order() -> None:
    """A read that overlaps a write sees it or not; two readers in a row cannot see it and then not."""
    assert _verdict((("write", 1), 0, 5), (("read", 0), 1, 2), (("read", 1), 3, 4))
    assert _verdict((("write", 1), 0, 5), (("read", 1), 1, 2), (("read", 0), 3, 4)) is False


def test_an_operation_that_never_returned_may_have_taken_effect_or_not() -> None:
    """Pending operations explain what others saw, and need not."""
    assert _verdict((("write", 1), 0, None), (("read", 1), 1, 2))
    assert _verdict((("write", 1), 0, None), (("read", 0), 1, 2))
    assert _verdict((("read", 1), 1, 2), (("write", 1), 3, None)) is False


def test_too_small_a_budget_gives_no_verdict() -> None:
    """Unknown is an answer of its own."""
    calls = [(("write", n), 0, 100) for n in range(1, 9)]
    assert _verdict(*calls, (("read", 99), 0, 100), budget=50) is None
    assert _verdict(*calls, (("read", 99), 0, 100), budget=1_000_000) is False


def test_memory_of_what_led_nowhere_keeps_the_search_small() -> None:
    """Twelve writes of the same number in parallel have 12! orders, and 2^12 sets."""
    calls = [(("write", 1), 0, 100) for _ in range(12)]
    assert _verdict(*calls, (("read", 2), 0, 100), budget=10_000) is False
