"""Comparisons of targets, in worker processes as `futurefuzz compare` makes them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from futurefuzz.campaign.protocol import Setup
from futurefuzz.comparing.comparison import Comparison, Pair, compare, parts, see_again, signature_of
from futurefuzz.errors import InputError
from futurefuzz.programs.choices import Choices
from futurefuzz.programs.profile import Profile
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.targets import base
from tests.comparing import planted

HERE = str(Path(__file__).parent)
_REFERENCES = tuple(f"planted:{name}" for name in ("TWIN", "LIFO", "DECLARED", "DIES", "TWO_WINNERS"))

LOOP = Scenario(
    name="loop", description="one loop", contracts=("asyncio",),
    profile=Profile(
        actors=(1, 2), threads=(0, 0), futures=(1,), exceptions=(None,), callbacks=(2, 3),
        task_operations={"add_done_callback": 3, "set_result": 2, "cancel": 1, "await": 1, "result": 1},
    ),
)  # fmt: skip


def targets(*names: str) -> dict[str, base.Target]:
    """Targets by name, the planted ones among them."""
    mine = {target.name: target for target in vars(planted).values() if isinstance(target, base.Target)}
    return {name: mine[name] if name in mine else base.find(name) for name in names}


def pair(one: str, other: str) -> Pair:
    """What a comparison of the two needs."""
    shipped = tuple(name for name in (one, other) if not name.startswith("planted."))
    mine = {f"planted.{reference.partition(':')[2].lower()}": reference for reference in _REFERENCES}
    references = tuple(mine[name] for name in (one, other) if name in mine)
    return Pair(one, other, Setup(targets=shipped, references=references, path=(HERE,)))


def compared(one: str, other: str, scenario: Scenario, programs: int, **more: Any) -> Comparison:
    """A comparison with seed 1."""
    return compare(
        pair(one, other), targets(one, other), [scenario], seed=1, seconds=None, programs=programs, **more
    )


def test_a_future_and_its_twin_are_equivalent() -> None:
    """A subclass that changes nothing shows nothing that its parent does not."""
    comparison = compared("asyncio.PyFuture", "planted.twin", LOOP, 40)
    assert comparison.relation == "equivalent"
    assert (comparison.programs, comparison.complete) == (40, 40)
    assert not comparison.unsettled


def test_another_order_of_callbacks_is_a_divergence_with_a_smallest_program() -> None:
    """Two registrations and a completion are enough to tell last in, first out from first in, first out."""
    comparison = compared("asyncio.PyFuture", "planted.lifo", LOOP, 60)
    assert comparison.relation == "differs"
    (confirmed,) = comparison.confirmed
    assert confirmed.divergence.detail == "callbacks of: in another order | in another order"
    assert len(confirmed.case.program.operations()) == 3
    assert confirmed.sides == {0, 1}
    assert confirmed.reproduced == confirmed.tried
    assert confirmed.programs > 1


def test_a_comparison_is_a_function_of_its_seed() -> None:
    """The same seed gives the same programs, runs and divergences."""
    one, again = (compared("asyncio.PyFuture", "planted.lifo", LOOP, 10) for _ in range(2))
    assert [(c.case, c.divergence, c.programs) for c in one.confirmed] == [
        (c.case, c.divergence, c.programs) for c in again.confirmed
    ]
    assert (one.runs, one.complete) == (again.runs, again.complete)


def test_a_target_that_ends_its_process_differs_and_does_not_end_the_comparison() -> None:
    """The end of a process is a behaviour like another."""
    comparison = compared("asyncio.PyFuture", "planted.dies", LOOP, 30)
    assert comparison.programs == 30
    assert [c.divergence.detail for c in comparison.confirmed] == ["the run: completed | died: exit 7"]
    (confirmed,) = comparison.confirmed
    assert [operation.name for operation in confirmed.case.program.operations()] == ["cancel"]


def _race(choices: Choices, target: base.Target) -> Program:
    return Program(actors=(Actor(kind="thread", operations=(Operation(name="set_result"),)),) * 2)


def test_one_that_shows_more_is_refined_by_one_that_shows_less() -> None:
    """Two winners are possible only without the lock, and all that is possible with it is so without."""
    race = Scenario(name="race", description="two winners?", contracts=("concurrent",), generate=_race)
    comparison = compared("concurrent.Future", "planted.two_winners", race, 1)
    assert comparison.relation == "refines"
    assert compared("planted.two_winners", "concurrent.Future", race, 1).relation == "extends"
    (confirmed,) = comparison.confirmed
    assert confirmed.divergence.shown_by == 1
    assert confirmed.divergence.definite


def test_a_divergence_shows_again_in_fresh_processes_and_another_does_not() -> None:
    """What `futurefuzz replay` does with a divergence's token."""
    (confirmed,) = compared("asyncio.PyFuture", "planted.lifo", LOOP, 10).confirmed
    both = pair("asyncio.PyFuture", "planted.lifo")
    assert len(see_again(both, confirmed.case.program, confirmed.divergence.detail, tries=2)) == 2
    assert see_again(both, confirmed.case.program, "cancel: True | False", tries=1) == []


def test_stop_ends_a_comparison_with_what_there_is() -> None:
    """Ctrl-C gives the report of what was compared until then."""
    asked = iter([False] * 6)
    comparison = compared("asyncio.PyFuture", "planted.twin", LOOP, 40, stop=lambda: next(asked, True))
    assert comparison.programs < 40


def test_targets_without_a_common_scenario_cannot_be_compared() -> None:
    """The error names both contracts."""
    with pytest.raises(InputError, match=r"both asyncio.Future \(asyncio\) and concurrent.Future \(concurrent\)"):
        compared("asyncio.Future", "concurrent.Future", LOOP, 1)


def test_shipped_scenarios_find_what_c_and_python_do_differently() -> None:
    """Every release has such a difference: what set_exception makes of something that is no exception."""
    one, other = "asyncio.Future", "asyncio.PyFuture"
    scenarios = list(load_scenarios(("loop_only",)).values())
    comparison = compare(
        pair(one, other), targets(one, other), scenarios, seed=1, seconds=None, programs=120
    )
    details = [confirmed.divergence.detail for confirmed in comparison.confirmed]
    assert any(detail.startswith("set_exception(not-an-exception): TypeError raised | ") for detail in details)
    for confirmed in comparison.confirmed:
        assert confirmed.reproduced == confirmed.tried


def test_signatures_name_both_targets() -> None:
    """And are told from those of other findings."""
    signature = signature_of("a.b", "c.d", "result: a value | CancelledError")
    assert signature == "a.b~c.d:D1:result: a value | CancelledError"
    assert parts(signature) == ("a.b", "c.d", "result: a value | CancelledError")
    assert parts("asyncio.Future:A1:x~y") is None
    assert parts("a~b:A1:x") is None
