"""The proof of the oracles: the shipped scenarios find every planted bug, and its clause alone is blamed.

Programs and schedules are seeded, so that every number here is the same each time. No scenario was written for a bug.
"""

from __future__ import annotations

import sys
from typing import Final

import pytest

from futurefuzz.contracts import CLAUSES
from futurefuzz.findings import known, signature, token
from futurefuzz.shipped import directory
from futurefuzz.targets import base, loop_compounds, nested_compounds, primitives, thread_compounds
from futurefuzz.targets.base import Target
from tests.zoo import asyncio_zoo, bridge_zoo, compound_zoo, concurrent_zoo, general_zoo
from tests.zoo.hunt import Hit, hunt, replayed, scenarios_of, shrunk
from tests.zoo.own_asyncio import OwnFuture
from tests.zoo.variant import Variant

VARIANTS: Final = [
    *asyncio_zoo.VARIANTS,
    asyncio_zoo.TRAP,
    *concurrent_zoo.VARIANTS,
    *bridge_zoo.VARIANTS,
    *compound_zoo.VARIANTS,
]
SOUND: Final = [
    *(asyncio_zoo.SOUND, asyncio_zoo.SOUND_TASK, concurrent_zoo.SOUND, bridge_zoo.SOUND),
    *compound_zoo.SOUND,
]

#: programs of each scenario that are run to see what else a variant is blamed for
PROGRAMS: Final = 30
#: tries of the minimiser
BUDGET: Final = 150
#: operations of a minimal program
SMALL: Final = 7

#: a trap that any asyncio future is
_TRAP: Final = ("A18", "InvalidStateError in the loop's handler")


def _names(variant: Variant) -> str:
    return str(variant)


def _scenarios(variant: Variant) -> list[str]:
    return list(variant.scenarios) or scenarios_of(variant.target)


def _caught(variant: Variant, hit: Hit) -> bool:
    return hit.violation is not None and hit.violation.clause.id == variant.clause


def _first(variant: Variant) -> Hit:
    """The first run in which the variant is caught by its clause."""
    for hit in hunt(variant.target, _scenarios(variant), variant.programs):
        if _caught(variant, hit):
            return hit
    raise AssertionError(f"{variant} was not found in {variant.programs} programs of {_scenarios(variant)}")


def _blamed(target: Target, scenarios: list[str], programs: int = PROGRAMS) -> set[str]:
    """Clauses that come first in some run."""
    return {hit.violation.clause.id for hit in hunt(target, scenarios, programs) if hit.violation is not None}


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """The test's target is registered while it lasts."""
    variant: Variant = request.getfixturevalue("variant")
    for target in (variant.target, variant.sound):
        monkeypatch.setitem(base._registry, target.name, target)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("variant", VARIANTS, ids=_names)
def test_a_planted_bug_is_found_and_its_clause_alone_is_blamed(variant: Variant) -> None:
    """The shipped scenarios find it, and no run is blamed on a clause that its sound twin does not break as well."""
    scenarios = _scenarios(variant)
    enough = PROGRAMS * len(scenarios)
    grades = set()
    blamed = set()
    for hit in hunt(variant.target, scenarios, variant.programs):
        if grades and hit.program >= enough:
            break
        if hit.violation is not None:
            blamed.add(hit.violation.clause.id)
        if _caught(variant, hit):
            assert hit.violation is not None
            grades.add(hit.violation.grade)
    assert grades == {variant.grade}
    legal = set(scenarios) <= set(scenarios_of(variant.target))
    # The sound twin's share in legal scenarios is tested once for all.
    beside = {"A18"} if legal else _blamed(variant.sound, scenarios)
    assert blamed - beside == {variant.clause} - beside


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize("variant", VARIANTS, ids=_names)
def test_the_token_of_a_planted_bug_replays(variant: Variant) -> None:
    """Made small, written as a token and read again, the finding shows with the same signature; the twin is clean."""
    hit = _first(variant)
    assert hit.violation is not None
    name = signature.of(variant.target.name, hit.violation)
    case = shrunk(hit, variant.target, budget=BUDGET)
    assert len(case.program.operations()) <= min(SMALL, len(hit.run.program.operations()))
    decoded, decoded_name = token.decode(token.encode(case, name))
    assert (decoded, decoded_name) == (case, name)
    ran, violation, diverged = replayed(decoded, variant.target)
    assert violation is not None
    assert signature.of(variant.target.name, violation) == name
    assert ran == case
    assert diverged == []
    if variant.target is not variant.sound:
        _, violation, _ = replayed(decoded, variant.sound)
        assert violation is None or violation.clause.id != variant.clause


@pytest.mark.parametrize("target", SOUND, ids=lambda target: target.name)
def test_futures_of_ours_without_a_bug_are_clean(target: Target, monkeypatch: pytest.MonkeyPatch) -> None:
    """Written against the documentation and not against the oracles, they break no clause under legal use."""
    monkeypatch.setitem(base._registry, target.name, target)
    found = {
        (hit.violation.clause.id, hit.violation.detail)
        for hit in hunt(target, scenarios_of(target), 2 * PROGRAMS)
        if hit.violation is not None
    }
    assert found <= {_TRAP}


def test_a_trap_needs_a_program_that_falls_into_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where every posted call asks done() first (A18's must-miss twin), nothing at all is found."""
    target = asyncio_zoo.SOUND
    monkeypatch.setitem(base._registry, target.name, target)
    assert _blamed(target, ["robust_bridge"]) == set()


def test_python_tasks_await_our_future_as_c_tasks_do(monkeypatch: pytest.MonkeyPatch) -> None:
    """The zoo's futures are no friends of one implementation of tasks."""
    from asyncio import tasks

    from tests.zoo.own_asyncio import future_target

    class OwnFutureForPythonTasks(OwnFuture):
        pass

    target = future_target(OwnFutureForPythonTasks, tasks=tasks._PyTask)  # type: ignore[attr-defined]
    monkeypatch.setitem(base._registry, target.name, target)
    assert _blamed(target, scenarios_of(target)) <= {"A18"}


@pytest.mark.parametrize(
    "name",
    [
        "asyncio.Future",
        "asyncio.PyFuture",
        "asyncio.Task",
        "asyncio.PyTask",
        "concurrent.Future",
        "asyncio.wrap_future",
        "asyncio.run_coroutine_threadsafe",
        *(target.name for target in (*loop_compounds.COMPOUNDS, *primitives.PRIMITIVES)),
        *(target.name for target in (*nested_compounds.NESTED, *thread_compounds.THREAD_COMPOUNDS)),
    ],
)
def test_the_interpreters_own_futures_have_no_defects_but_the_confirmed(name: str) -> None:
    """The legal scenarios find nothing forbidden in them that the reviewed list of known bugs does not explain."""
    target = base.find(name)
    bugs = known.load(directory("corpus") / "known.toml")
    found = {
        signature.of(name, hit.violation)
        for hit in hunt(target, scenarios_of(target), PROGRAMS)
        if hit.violation is not None and hit.violation.grade == "forbidden"
    }
    assert [one for one in sorted(found) if bugs.match(one, "CPython", sys.version_info) is None] == []


def test_every_clause_has_a_planted_bug() -> None:
    """No clause that a run is judged by without a proof that it catches something; the others have tests elsewhere."""
    proven = {variant.clause for variant in [*VARIANTS, *general_zoo.VARIANTS.values()]}
    assert proven == {name for name in CLAUSES if name[0] in "ABCGX"}
