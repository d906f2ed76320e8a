"""Tasks that await each other and themselves: what CPython does, what the model knows, and what a broken task shows."""

from __future__ import annotations

from asyncio import futures, tasks
from functools import cache
from random import Random
from typing import Any

import pytest

from futurefuzz import explorers
from futurefuzz.errors import InputError
from futurefuzz.findings import minimiser, signature
from futurefuzz.findings.finding import Case
from futurefuzz.oracles import judge
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.codec import program_from_json, program_to_json
from futurefuzz.programs.features import features
from futurefuzz.programs.generator import generate
from futurefuzz.programs.program import Actor, Link, Operation, Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.reports.legend import legend
from futurefuzz.runs.executor import execute
from futurefuzz.runs.fit import check_fit
from futurefuzz.runs.history import Outcome, Run
from futurefuzz.targets.base import Sides, Target, find, register

TASKS = ("asyncio.Task", "asyncio.PyTask")
YIELD = Operation(name="yield")


async def _body(gate: Any) -> Any:
    return await gate


@cache  # registered when a test asks for it, lest other tests' parameters have it, too
def _planted(name: str, task_class: Any) -> Target:
    def new_over(loop: Any, put: Any) -> Sides:
        gate = futures._PyFuture(loop=loop)  # type: ignore[attr-defined]
        return Sides(gate, task_class(_body(put(gate)), loop=loop))

    return register(
        Target(
            name=name,
            contract="asyncio",
            new_future=lambda loop: new_over(loop, lambda gate: gate),
            new_over=new_over,
            shape="task",
            task_class=task_class,
            dispose=lambda sides: sides.observer.get_coro().close(),
        )
    )


class _Sound(tasks._PyTask):  # type: ignore[misc,name-defined]
    """As good as its base."""


class _Deaf(tasks._PyTask):  # type: ignore[misc,name-defined]
    """Forgets to pass a cancellation on to a task that it awaits."""

    def cancel(self, msg: Any = None) -> bool:
        waiter = getattr(self, "_fut_waiter", None)
        if isinstance(waiter, tasks._PyTask) and not self.done():  # type: ignore[attr-defined]
            return True
        return bool(super().cancel(msg))


def _run(target: Target, links: tuple[Link, ...], *operations: Operation, futures: int = 2) -> Run:
    program = Program(actors=(Actor(kind="task", operations=operations),), futures=futures, links=links)
    run = execute(program, target, explorers.make("random", Random(0)))
    assert run is not None
    return run


def _outcomes(run: Run, name: str) -> list[Outcome | None]:
    return [event.outcome for event in run.history if event.kind == "return" and event.what.name == name]  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", TASKS)
def test_a_task_that_awaits_itself_is_told_so(name: str) -> None:
    """Its outcome is a RuntimeError, which the model knows."""
    run = _run(find(name), (Link(of=0, to=0),), YIELD, YIELD, Operation(name="result"), futures=1)

    assert _outcomes(run, "result") == [("raised", "RuntimeError")]
    assert judge(run) == []


@pytest.mark.parametrize("name", TASKS)
def test_a_chain_hands_outcome_and_cancellation_on(name: str) -> None:
    """What the end of a chain comes out with reaches its beginning, and a cancellation of the beginning its end."""
    chain = (Link(of=0, to=1), Link(of=1, to=2))
    passed = _run(find(name), chain, Operation(name="set_result", future=2), Operation(name="await"), futures=3)
    cancelled = _run(
        find(name), chain, YIELD, Operation(name="cancel"), Operation(name="await", future=2), futures=3
    )

    assert _outcomes(passed, "await") == [("returned", "v:0.0")]
    assert _outcomes(cancelled, "await") == [("raised", "CancelledError")]
    assert judge(passed) == judge(cancelled) == []


@pytest.mark.parametrize("name", TASKS)
def test_a_deadlock_that_the_program_asks_for_is_no_finding(name: str) -> None:
    """Tasks that await each other in a circle wait for ever, as they must."""
    run = _run(find(name), (Link(of=0, to=1), Link(of=1, to=0)), YIELD, Operation(name="await"))

    assert run.status == "stuck"
    assert judge(run) == []


@pytest.mark.parametrize("name", TASKS)
def test_a_circle_cannot_be_cancelled_gh_80637(name: str) -> None:
    """cancel of tasks that await each other recurses until Python ends it, and cancels none of them."""
    run = _run(find(name), (Link(of=0, to=1), Link(of=1, to=0)), YIELD, Operation(name="cancel"))

    assert _outcomes(run, "cancel") == [("raised", "RecursionError")]
    (violation,) = judge(run)
    assert violation.grade == "interesting"
    assert signature.of(name, violation) == f"{name}:A13:cancel of tasks that await each other: RecursionError raised"


def test_whoever_awaits_a_c_task_that_awaits_itself_is_refused() -> None:
    """A C task that has tried to await itself carries the mark of that, and refuses the next; a Python one does not."""
    links = (Link(of=0, to=0), Link(of=1, to=0))
    wrong = judge(_run(find("asyncio.Task"), links, Operation(name="done", future=1)))
    right = judge(_run(find("asyncio.PyTask"), links, Operation(name="done", future=1)))

    assert right == []
    assert [signature.of("asyncio.Task", one) for one in wrong] == ["asyncio.Task:A12:await refused"]


def _found(target: Target, programs: int) -> set[str]:
    scenario = load_scenarios(["hostile_tasks"])["hostile_tasks"]
    found = set()
    for seed in range(programs):
        program = scenario.generate(RandomChoices(Random(seed)), target)
        explorer = explorers.make("random", Random(seed))
        for _ in range(3):
            run = execute(program, target, explorer)
            assert run is not None
            found |= {signature.of(target.name, one) for one in judge(run)}
            if not run.choices:
                break
    return found


def test_the_scenario_finds_a_task_that_does_not_pass_a_cancellation_on() -> None:
    """The planted bug is found by what the generator draws; its correct twin shows what CPython's own task shows."""
    sound = _found(_planted("links.sound", _Sound), 150)

    assert "links.deaf:A13:cancellation lost" in _found(_planted("links.deaf", _Deaf), 150)
    assert {one.split(":")[1] for one in sound} <= {"A2", "A13", "A18"}
    assert "links.sound:A13:cancellation lost" not in sound


def test_links_are_for_tasks() -> None:
    """The scenario fits tasks only, and a token with links is refused for other futures."""
    scenario = load_scenarios(["hostile_tasks"])["hostile_tasks"]
    program = Program(actors=(), futures=1, links=(Link(of=0, to=0),))

    assert scenario.fits(find("asyncio.Task"))
    assert not scenario.fits(find("asyncio.Future"))
    with pytest.raises(InputError, match=r"token: \$\.program\.links: the futures of target asyncio\.Future"):
        check_fit(program, find("asyncio.Future"), "token")


def test_links_are_plain_data() -> None:
    """They go through JSON, are checked, show in features and legend, and may be left out by the minimiser."""
    program = Program(
        actors=(Actor(kind="task", operations=(Operation(name="cancel", future=2),)),),
        futures=3,
        links=(Link(of=1, to=1), Link(of=2, to=0)),
    )

    assert program_from_json(program_to_json(program)) == program
    assert "tasks that await each other" in features(program)
    assert legend(program) == ["f1 is a task that awaits itself", "f2 is a task that awaits f0"]
    with pytest.raises(InputError, match=r"\$\.links\[0\]: is from 0 to 3; allowed"):
        program_from_json({"actors": [], "futures": 3, "links": [{"of": 0, "to": 3}]})

    def keeps(case: Case) -> Case | None:
        return case if any(link.of == link.to for link in case.program.links) else None

    smallest = minimiser.minimise(Case(scenario="", target="asyncio.Task", program=program), keeps, budget=200)
    assert (smallest.program.futures, smallest.program.links) == (1, (Link(of=0, to=0),))


def test_the_generator_draws_chains_circles_and_self_awaits() -> None:
    """All three arise by themselves."""
    profile = load_scenarios(["hostile_tasks"])["hostile_tasks"].profile
    assert profile is not None
    drawn = [generate(RandomChoices(Random(seed)), profile, find("asyncio.Task")).links for seed in range(100)]

    def ends_in_a_circle(links: tuple[Link, ...]) -> bool:
        to = {link.of: link.to for link in links}
        return any(to.get(to[of]) == of != to[of] for of in to)

    assert any(link.of == link.to for links in drawn for link in links)
    assert any(ends_in_a_circle(links) for links in drawn)
    assert any(len(links) > 1 and not ends_in_a_circle(links) for links in drawn)
