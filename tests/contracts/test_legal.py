"""The sets of legal outcomes."""

from __future__ import annotations

import sys
from random import Random

import pytest

from futurefuzz.contracts.legal import legal_answers
from futurefuzz.explorers.exhaustive import Exhaustive
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs.behaviour import STATUS, Behaviour, answers_of, behaviour_of
from futurefuzz.runs.executor import execute
from futurefuzz.runs.sampling import sample
from futurefuzz.targets.base import find
from tests.comparing import planted

#: concurrent futures lose an exception whose truth value is false: gh-132063
_DROPS_FALSY = sys.version_info < (3, 13, 4)


def op(name: str, **more: object) -> Operation:
    """An operation on future 0."""
    return Operation(name=name, **more)  # type: ignore[arg-type]


def threads(*bodies: tuple[Operation, ...], callbacks: tuple[Callback, ...] = ()) -> Program:
    """A program of threads."""
    actors = tuple(Actor(kind="thread", operations=body) for body in bodies)
    return Program(actors=actors, callbacks=callbacks)


def every_answer(program: Program, target: str) -> set[Behaviour]:
    """What all interleavings show."""
    explorer = Exhaustive()
    found = set()
    while (run := execute(program, find(target), explorer)) is not None:
        found.add(answers_of(behaviour_of(run)))
    return found


def outcomes(answers: frozenset[Behaviour] | None, *names: str) -> set[tuple[str, ...]]:
    """The named observations of each outcome."""
    assert answers is not None
    return {tuple(dict(one).get(name, "-") for name in names) for one in answers}


def test_completion_against_cancellation_has_two_outcomes() -> None:
    """Either wins; the other one is told."""
    program = threads((op("set_result"),), (op("cancel"),))
    assert outcomes(legal_answers(program, "concurrent"), "0.0 set_result f0", "1.0 cancel f0") == {
        ("returned None", "returned False"),
        ("raised InvalidStateError", "returned True"),
    }


def test_a_thread_that_waits_for_what_nobody_does_is_stuck() -> None:
    """The only outcome, and it says who."""
    answers = legal_answers(threads((op("result", argument="wait"),)), "concurrent")
    assert outcomes(answers, STATUS, "0.0 result(wait) f0") == {("stuck", "never returned")}


def test_posts_of_two_threads_come_in_either_order() -> None:
    """And a task that awaits sees the first."""
    program = Program(
        actors=(
            Actor(kind="thread", operations=(op("set_result", via="post-if-pending"),)),
            Actor(kind="thread", operations=(op("cancel", via="post-if-pending"),)),
            Actor(kind="task", operations=(op("await"),)),
        )
    )
    assert outcomes(legal_answers(program, "asyncio"), "2.0 await f0") == {
        ("returned v:0.0",),
        ("raised CancelledError",),
    }


_SMALL = (
    threads((op("set_result"),), (op("cancel"),), (op("done"),)),
    threads((op("set_running"), op("set_result")), (op("cancel"), op("cancelled"))),
    threads(
        (op("add_done_callback", callback=0), op("done")), (op("set_result"),),
        callbacks=(Callback(operations=(op("result"),)),),
    ),
    threads((op("exception", argument="wait"),), (op("set_exception"),)),
)  # fmt: skip


@pytest.mark.parametrize("program", _SMALL)
def test_all_interleavings_of_a_concurrent_future_show_exactly_the_legal_outcomes(program: Program) -> None:
    """Neither more (the implementation would be wrong) nor fewer (the set would be too wide)."""
    assert every_answer(program, "concurrent.Future") == legal_answers(program, "concurrent")


def test_all_interleavings_of_posts_show_exactly_the_legal_outcomes() -> None:
    """The same with a loop, where completion schedules several callbacks one after another."""
    program = Program(
        actors=(
            Actor(kind="thread", operations=(op("add_done_callback", callback=1, via="post"),)),
            Actor(
                kind="task",
                operations=(op("add_done_callback", callback=0), op("set_result"), op("add_done_callback", callback=0)),
            ),
        ),
        callbacks=(Callback(), Callback()),
    )
    for target in ("asyncio.Future", "asyncio.PyFuture"):
        assert every_answer(program, target) == legal_answers(program, "asyncio")


@pytest.mark.parametrize(
    ("scenario", "target"),
    [
        ("loop_only", "asyncio.Future"),
        ("loop_only", "asyncio.PyFuture"),
        ("threadsafe_posts", "asyncio.Future"),
        ("robust_bridge", "asyncio.PyFuture"),
        ("concurrent_threads", "concurrent.Future"),
        ("concurrent_callbacks", "concurrent.Future"),
    ],
)
def test_what_cpython_shows_is_legal(scenario: str, target: str) -> None:
    """Generated programs, many schedules each; where all were run on one loop alone, the sets are equal."""
    wanted, known = find(target), 0
    for nth in range(40):
        program = load_scenarios((scenario,))[scenario].generate(RandomChoices(Random(f"legal {nth}")), wanted)
        legal = legal_answers(program, wanted.contract)
        if legal is None or (_DROPS_FALSY and any(o.argument == "falsy" for o in program.operations())):
            continue
        known += 1
        sampled = sample(program, wanted, runs=12, seed=0)
        seen = {answers_of(behaviour) for behaviour in sampled.behaviours}
        assert seen <= legal
        if sampled.complete:
            assert seen == legal
    assert known >= 15


def test_two_winners_are_not_legal() -> None:
    """A planted bug shows an outcome that is not in the set."""
    program = threads((op("set_result"),), (op("set_result"),))
    sampled = sample(program, planted.TWO_WINNERS, runs=60, seed=0)
    legal = legal_answers(program, "concurrent")
    assert legal is not None
    assert {answers_of(behaviour) for behaviour in sampled.behaviours} - legal


def test_another_order_of_callbacks_is_not_legal() -> None:
    """Nor is last in, first out."""
    adds = tuple(op("add_done_callback", callback=i) for i in (0, 1))
    actor = Actor(kind="task", operations=(*adds, op("set_result"), op("yield")))
    program = Program(actors=(actor,), callbacks=(Callback(), Callback()))
    legal = legal_answers(program, "asyncio")
    sampled = sample(program, planted.LIFO, runs=5, seed=0)
    assert legal is not None
    assert not {answers_of(behaviour) for behaviour in sampled.behaviours} & legal


def test_where_the_models_are_silent_there_is_no_set() -> None:
    """Unknown is a verdict of its own."""
    assert legal_answers(threads((op("done"),)), "asyncio") is None  # a thread touches an asyncio future
    assert legal_answers(threads((op("drop"),)), "concurrent") is None
    assert legal_answers(threads((op("done"),)), "bridge") is None
    hooked = Program(actors=(Actor(kind="task", operations=(op("done"),)),), hooks=(Hook(kind="eq"),))
    assert legal_answers(hooked, "asyncio") is None
    large = threads(*(tuple(op("done") for _ in range(7)) for _ in range(6)))
    assert legal_answers(large, "concurrent") is None
