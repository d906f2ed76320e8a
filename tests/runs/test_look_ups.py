"""Values, contexts and loops that call out for each attribute that somebody looks up on them."""

from __future__ import annotations

import contextvars
from asyncio import exceptions, futures
from functools import cache
from random import Random
from typing import Any

import pytest

from futurefuzz import explorers
from futurefuzz.findings import signature
from futurefuzz.oracles import judge
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.operations import LOOK_UPS
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.runs.executor import execute
from futurefuzz.runs.history import Run
from futurefuzz.targets.base import Target, find, register

BOTH = ("asyncio.Future", "asyncio.PyFuture")


class _Early(futures._PyFuture):  # type: ignore[misc,name-defined]
    """Looks the loop's method up between asking whether it is done and being it."""

    def set_result(self, result: Any) -> None:
        if self.done():
            raise exceptions.InvalidStateError
        call_soon = self._loop.call_soon
        self._result, self._state = result, "FINISHED"
        for callback, context in self._callbacks:
            call_soon(callback, self, context=context)
        self._callbacks.clear()


class _Late(futures._PyFuture):  # type: ignore[misc,name-defined]
    """Its twin, which looks it up when it is done."""

    def set_result(self, result: Any) -> None:
        if self.done():
            raise exceptions.InvalidStateError
        self._result, self._state = result, "FINISHED"
        call_soon = self._loop.call_soon
        callbacks, self._callbacks = self._callbacks, []
        for callback, context in callbacks:
            call_soon(callback, self, context=context)


@cache  # registered when a test asks for it, lest other tests' parameters have it, too
def _planted(name: str, kind: Any) -> Target:
    return register(Target(name=name, contract="asyncio", new_future=lambda loop: kind(loop=loop)))


def _run(target: Target, kind: str, nth: int, inside: str, *operations: Operation) -> Run:
    program = Program(
        actors=(Actor(kind="task", operations=operations),),
        callbacks=(Callback(),),
        hooks=(Hook(kind=kind, nth=nth, operations=(Operation(name=inside),)),),
    )
    run = execute(program, target, explorers.make("random", Random(0)))
    assert run is not None
    return run


def _acted(run: Run) -> list[str]:
    """Inside which operation the hook acted."""
    open_calls: list[str] = []
    for event in run.history:
        if event.kind == "call":
            if event.site[0] == "h":
                return open_calls
            open_calls.append(event.what.name)  # type: ignore[attr-defined]
        elif event.kind == "return":
            open_calls.pop()
    return ["never"]


ADD = Operation(name="add_done_callback", callback=0)
ADD_IN_CONTEXT = Operation(name="add_done_callback", callback=0, context=0)
SET = Operation(name="set_result")


@pytest.mark.parametrize("name", BOTH)
def test_a_future_looks_call_soon_up_while_it_completes(name: str) -> None:
    """A program can act there, on either implementation."""
    assert ["set_result"] in [_acted(_run(find(name), "loop-attribute", nth, "done", ADD, SET)) for nth in range(1, 5)]


@pytest.mark.parametrize("name", BOTH)
def test_a_handle_looks_run_up_on_what_was_passed_as_a_context(name: str) -> None:
    """A context object that is no Context is taken, and asked for `run` when the callback's turn has come."""
    run = _run(find(name), "context-attribute", 1, "done", ADD_IN_CONTEXT, SET, Operation(name="yield"))

    assert _acted(run) in ([], ["yield"])
    assert [event.what.context for event in run.history if event.kind == "run"] == ["0"]  # type: ignore[attr-defined]


def test_only_the_python_future_asks_a_value_for_its_class() -> None:
    """`isinstance` does so when something that is no exception is set as one; C code looks at the type."""
    wrong = Operation(name="set_exception", argument="not-an-exception")

    assert _acted(_run(find("asyncio.PyFuture"), "value-attribute", 1, "done", wrong)) == ["set_exception"]
    assert _acted(_run(find("asyncio.Future"), "value-attribute", 1, "done", wrong)) == ["never"]


def test_nothing_can_derive_from_a_context() -> None:
    """That is why a context that calls out has to be another object."""
    with pytest.raises(TypeError, match="not an acceptable base type"):
        type("Mine", (contextvars.Context,), {})


def test_a_look_up_between_asking_and_acting_is_found() -> None:
    """The planted future is completed twice through the look-up of its loop; its twin is not."""

    def found(target: Target) -> set[str]:
        runs = [_run(target, "loop-attribute", nth, "set_result", ADD, SET) for nth in range(1, 5)]
        return {signature.of(target.name, one) for run in runs for one in judge(run)}

    assert "look.early:A1:re-entrant: two winners" in found(_planted("look.early", _Early))
    assert found(_planted("look.late", _Late)) == set()


def test_the_scenario_draws_every_look_up_and_others_none() -> None:
    """They are part of `hostile_callouts`; no profile has them without naming them."""
    scenarios = load_scenarios()
    target = find("asyncio.PyFuture")
    drawn = {
        name: {
            hook.kind
            for seed in range(300)
            for hook in scenarios[name].generate(RandomChoices(Random(seed)), target).hooks
            if hook.kind in LOOK_UPS
        }
        for name in ("hostile_callouts", "hostile_handling", "reentrant_callouts")
    }

    assert drawn == {"hostile_callouts": set(LOOK_UPS), "hostile_handling": set(), "reentrant_callouts": set()}
