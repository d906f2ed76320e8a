from __future__ import annotations

from collections import Counter

import pytest

from futurefuzz.campaign.plan import MOST_RUNS, ROTATION, Pair, Plan, Unit
from futurefuzz.errors import InputError

PAIRS = [Pair("a", "x", 1), Pair("a", "y", 4), Pair("b", "x", 2)]


def deal(plan: Plan, number: int) -> list[Unit]:
    """So many units."""
    return [plan.next() for _ in range(number)]


def test_first_units_cover_every_pair() -> None:
    """Each pair has its turn before any pair has its second, whatever the weights."""
    pairs = [Pair(f"s{i}", "x", 1 + 9 * (i % 2)) for i in range(20)]
    assert [unit.pair for unit in deal(Plan(seed=1, pairs=pairs), 20)] == pairs


def test_shares_follow_weights() -> None:
    """Over many units the pairs come in proportion to their weights, to within one turn."""
    counts = Counter(unit.pair for unit in deal(Plan(seed=1, pairs=PAIRS), 3 + 700))
    assert {pair: counts[pair] for pair in PAIRS} == {PAIRS[0]: 101, PAIRS[1]: 401, PAIRS[2]: 201}


def test_same_seed_deals_the_same_units() -> None:
    """Two plans of one seed are the same unit by unit; another seed draws other numbers."""
    first, second, other = (deal(Plan(seed=seed, pairs=PAIRS), 50) for seed in (7, 7, 8))
    assert first == second
    assert [unit.rng("program").random() for unit in first] == [unit.rng("program").random() for unit in second]
    assert first[0].rng("program").random() != other[0].rng("program").random()


def test_unit_does_not_depend_on_other_pairs() -> None:
    """The nth unit of a pair is the same when the pair is alone."""
    among = [unit for unit in deal(Plan(seed=7, pairs=PAIRS), 60) if unit.pair == PAIRS[2]]
    alone = deal(Plan(seed=7, pairs=[PAIRS[2]]), len(among))
    assert [unit.rng("program").random() for unit in among] == [unit.rng("program").random() for unit in alone]


def test_purposes_are_independent() -> None:
    """A unit's program and its explorer do not draw the same numbers."""
    unit = Plan(seed=7, pairs=PAIRS).next()
    assert unit.rng("program").random() != unit.rng("explorer").random()


def test_units_take_all_explorers_in_turn() -> None:
    """A pair's units go through the rotation, and none makes more runs than the most."""
    units = deal(Plan(seed=7, pairs=PAIRS[:1]), len(ROTATION))
    assert [(unit.explorer, unit.runs) for unit in units] == list(ROTATION)
    assert max(unit.runs for unit in units) == MOST_RUNS


def test_known_crashes_hold_a_pair_back() -> None:
    """A pair gets every 2**n-th turn after n crashes of signatures that it has shown before."""
    plan = Plan(seed=7, pairs=[Pair("a", "x"), Pair("b", "x")])
    deal(plan, 2)
    assert not plan.crashed(Pair("a", "x"), "S"), "the first crash of a signature is news"
    assert plan.crashed(Pair("a", "x"), "S")
    assert plan.crashed(Pair("a", "x"), "S")
    counts = Counter(unit.pair.scenario for unit in deal(plan, 100))
    assert counts == {"a": 20, "b": 80}
    assert plan.held_back() == [(Pair("a", "x"), 3, 4)]


@pytest.mark.parametrize(("signature", "share"), [("T:X1:SIGSEGV in await", 4), ("T:X2:hang in await", 256)])
def test_how_far_a_pair_is_held_back_depends_on_what_an_end_costs(signature: str, share: int) -> None:
    """A crash costs a fork, and what else these programs show is worth that; a hang costs seconds."""
    plan = Plan(seed=7, pairs=[Pair("a", "x"), Pair("b", "x")])
    for _ in range(100):
        plan.crashed(Pair("a", "x"), signature)
    assert plan.held_back() == [(Pair("a", "x"), 100, share)]


@pytest.mark.parametrize(("signature", "share"), [("T:X1:SIGSEGV in await", 1), ("T:X2:hang in await", 2)])
def test_rare_crashes_hold_nothing_back_and_rare_hangs_do(signature: str, share: int) -> None:
    """A crash costs milliseconds: two among a hundred units are no reason to look elsewhere."""
    pairs = [Pair("a", "t"), Pair("b", "t")]
    plan = Plan(seed=1, pairs=pairs)
    for _ in range(200):
        plan.next()
    for _ in range(2):
        plan.crashed(pairs[0], signature)
    after = [plan.next().pair for _ in range(100)]
    assert len([pair for pair in after if pair == pairs[1]]) == pytest.approx(100 * share / (share + 1), abs=1)


def test_other_pairs_are_not_held_back() -> None:
    """A crash costs only the pair that crashed."""
    plan = Plan(seed=7, pairs=[Pair("a", "x"), Pair("b", "x")])
    for _ in range(3):
        plan.crashed(Pair("a", "x"), "S")
    assert [pair for pair, _, _ in plan.held_back()] == [Pair("a", "x")]


def test_held_back_pair_alone_still_gets_units() -> None:
    """However often it crashes, a pair that is alone is dealt on."""
    plan = Plan(seed=7, pairs=[Pair("a", "x")])
    for _ in range(100):
        plan.crashed(Pair("a", "x"), "S")
    assert [unit.nth for unit in deal(plan, 3)] == [0, 1, 2]


@pytest.mark.parametrize("weight", [0, -1, float("nan")])
def test_weight_must_be_positive(weight: float) -> None:
    """A weight that gives no share is refused, and the scenario named."""
    with pytest.raises(InputError, match=r"scenario a: weight must be more than 0"):
        Plan(seed=1, pairs=[Pair("a", "x", weight)])


def test_no_pairs_is_an_input_error() -> None:
    """Scenarios that apply to none of the targets are an error of the selection."""
    with pytest.raises(InputError, match="futurefuzz list"):
        Plan(seed=1, pairs=[])
