"""What a target declares: departures are no findings, what it lacks is never drawn."""

from __future__ import annotations

import concurrent.futures
import re
from random import Random

import pytest

import futurefuzz
from futurefuzz import oracles
from futurefuzz.contracts import CLAUSES, Clause, clauses_of
from futurefuzz.contracts import declared as declared_module
from futurefuzz.contracts.declared import check_declaration, split
from futurefuzz.contracts.verdict import Violation
from futurefuzz.errors import InputError
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.targets import base
from futurefuzz.targets.base import Target, register
from tests.oracles.histories import Script, op, program


@pytest.fixture
def registry(monkeypatch: pytest.MonkeyPatch) -> None:
    """A registry that forgets what a test adds."""
    monkeypatch.setattr(base, "_registry", dict(base._registry))


def _target(**declared: object) -> Target:
    fields = {"name": "mine", "contract": "concurrent", "new_future": concurrent.futures.Future, **declared}
    return Target(**fields)  # type: ignore[arg-type]


def _violation(clause: str, at: int) -> Violation:
    return Violation(oracle="o", clause=CLAUSES[clause], grade="forbidden", detail=f"{clause} {at}", cause="c", at=at)


def test_a_target_gives_its_declaration_back() -> None:
    """One small object for what is claimed and what is not."""
    declaration = futurefuzz.Declaration(contract="concurrent", departures={"C8": "LIFO"}, lacks=frozenset({"cancel"}))
    assert _target(departures={"C8": "LIFO"}, lacks={"cancel"}).declaration == declaration


@pytest.mark.parametrize(
    ("lacks", "said"),
    [("cancle", "lacks 'cancle': no such operation; allowed: set_result"), ("done", "every run asks for it")],
)
def test_what_cannot_be_lacked_is_refused(lacks: str, said: str) -> None:
    """Misspelt operations, and those that every run needs."""
    with pytest.raises(InputError, match=re.escape(said)):
        _target(lacks={lacks})


@pytest.mark.parametrize(
    ("departures", "said"),
    [
        ({"A8": "no"}, "departs from 'A8', which is no clause of the contract concurrent; allowed: C1, C2"),
        ({"C99": "no"}, "departs from 'C99'"),
        ({"C8": " "}, "departs from C8 without a reason"),
    ],
)
def test_a_departure_names_a_clause_of_the_contract_and_a_reason(departures: dict[str, str], said: str) -> None:
    """Anything else is the user's mistake."""
    with pytest.raises(InputError, match=re.escape(said)):
        check_declaration(_target(departures=departures))


@pytest.mark.usefixtures("registry")
def test_what_breaks_a_departed_clause_is_no_violation() -> None:
    """Nor is what another oracle says of the same event; what shows elsewhere counts."""
    register(_target(departures={"C8": "LIFO"}))
    order, same, other = _violation("C8", 4), _violation("C7", 4), _violation("C3", 9)
    assert split([order, same, other], "mine") == ([other], [order])
    assert split([order, same, other], "nobody's") == ([order, same, other], [])


@pytest.mark.usefixtures("registry")
def test_judging_a_run_leaves_departures_out() -> None:
    """In the one place that every caller goes through."""
    made = program(("thread", [op("set_result"), op("cancel")]))
    register(_target(departures={"C2": "cancels always"}))
    script = Script(made, "mine", "concurrent")
    run = script.does("0.0", "None").does("0.1", "True").state("v:0.0").run()
    assert oracles.judge(run) == []
    assert {one.clause.id for one in oracles.assess(run).departures} == {"C2"}


def test_clauses_hold_on_the_versions_that_they_name() -> None:
    """Bounds are joined by commas; none means all."""
    clause = Clause(id="A99", text="t", quote="q", source="gh-1", versions=">=3.12, <3.14")
    assert [clause.holds_on((3, minor)) for minor in (11, 12, 13, 14)] == [False, True, True, False]
    assert CLAUSES["A1"].holds_on((3, 11))
    with pytest.raises(ValueError, match="no bound; allowed"):
        Clause(id="A99", text="t", quote="q", source="gh-1", versions="3.12")


def test_a_clause_of_other_versions_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    """What an old release does differently is right there."""
    future = Clause(id="A98", text="t", quote="q", source="gh-1", versions=">=9.0")
    monkeypatch.setitem(CLAUSES, "A98", future)
    declared_module._holds.cache_clear()
    violation = Violation(oracle="o", clause=future, grade="forbidden", detail="d", cause="c", at=0)
    assert split([violation], "mine") == ([], [])
    assert "A98" not in clauses_of("asyncio")


def test_every_contract_has_its_clauses_and_the_general_ones() -> None:
    """By the letter of the clause's number, unless it says more."""
    assert {name[0] for name in clauses_of("concurrent")} >= {"C", "X"}
    assert "A" not in {name[0] for name in clauses_of("concurrent")}
    extra = Clause(id="A97", text="t", quote="q", source="gh-1", contracts=("bridge",))
    assert [extra.applies_to(contract) for contract in ("asyncio", "bridge")] == [False, True]


@pytest.mark.parametrize("contract", ["asyncio", "concurrent"])
@pytest.mark.parametrize("lacked", sorted(set(OPERATIONS) - base.INDISPENSABLE))
def test_no_program_uses_what_a_target_lacks(contract: str, lacked: str) -> None:
    """Neither actors nor callbacks nor hooks, in any scenario that is for the target."""
    target = _target(contract=contract, lacks={lacked})
    scenarios = [scenario for scenario in load_scenarios().values() if scenario.fits(target)]
    assert scenarios
    for scenario in scenarios:
        for seed in range(40):
            made = scenario.generate(RandomChoices(Random(seed)), target)
            assert lacked not in {operation.name for operation in made.operations()}
