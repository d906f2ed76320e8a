"""Runs a program on a target under control, once."""

from __future__ import annotations

from collections.abc import Callable

from futurefuzz.control import Control
from futurefuzz.control.takeover import controlled
from futurefuzz.errors import FuturefuzzError, HarnessError
from futurefuzz.explorers.base import Explorer, Step
from futurefuzz.programs.program import Program
from futurefuzz.runs.capture import captured, deferred_interrupt, undisturbed
from futurefuzz.runs.history import Event, Run
from futurefuzz.runs.several_loops import SeveralLoops
from futurefuzz.runs.world import QUIET, World
from futurefuzz.targets.base import Target

__all__ = ["execute"]


def execute(
    program: Program,
    target: Target,
    explorer: Explorer,
    *,
    record: bool = False,
    step_bound: int = 10_000,
    choices: list[int] | None = None,
    steps: list[Step] | None = None,
    history: list[Event] | None = None,
    surroundings: Callable[..., World] = World,
) -> Run | None:
    """Execute a program once, under the explorer's next schedule.

    The result is a function of (program, target, choices): run it again with the same choices and it is the same.

    Args:
        program: what to run.
        target: on which implementation.
        explorer: chooses; asked to `begin` first.
        record: keep every point as a `Step`, and snapshots of the futures in the history.
        step_bound: points after which the run counts as a livelock.
        choices, steps, history: lists to append to; with a list class of one's own each item can be noted as it comes,
            before the run ends (which it may not, if the interpreter crashes).
        surroundings: makes the world of the run; one of another class may end it in another way.

    Returns:
        The run, or None when the explorer has nothing more to explore.

    Raises:
        HarnessError: the harness, the explorer, or what the target has for making and disposing of futures failed, or
            another run is going on in this process.
    """
    try:
        return _execute(program, target, explorer, record, step_bound, choices, steps, history, surroundings)
    except FuturefuzzError:
        raise
    except Exception as error:
        raise HarnessError(f"a run on {target.name} could not be carried out: {error!r}") from error


_asked: tuple[Program | None, bool] = (None, False)


def _collects(program: Program) -> bool:
    global _asked
    if _asked[0] is not program:  # usually the program of the run before
        _asked = (program, any(operation.name == "collect" for operation in program.operations()))
    return _asked[1]


def _execute(
    program: Program,
    target: Target,
    explorer: Explorer,
    record: bool,
    step_bound: int,
    choices: list[int] | None,
    steps: list[Step] | None,
    history: list[Event] | None,
    surroundings: Callable[..., World],
) -> Run | None:
    record = record or explorer.recording
    history = [] if history is None else history
    control = Control(
        explorer,
        step_bound=step_bound,
        record=record,
        on_idle=lambda: world.idle(),
        site=lambda carrier: world.site(carrier),
        quiet=QUIET,
        choices=choices,
        steps=steps,
    )
    if target.crossing is not None and surroundings is World:
        surroundings = SeveralLoops
    world = surroundings(program, target, control, history, snapshots=record)
    if target.crossing is not None and not isinstance(world, SeveralLoops):
        raise HarnessError(f"target {target.name} has several loops, and these surroundings have one")
    if not explorer.begin(control):
        return None
    quiet = undisturbed(collects=_collects(program))
    with deferred_interrupt(), controlled(control), quiet, captured(world.logged, world.unraisable):
        try:
            world.set_up()
            control.run()
        finally:
            world.finish()
    explorer.end(control)
    status = control.status
    if status == "completed" and any(event.kind == "waiting" for event in history):
        status = "stuck"
    return Run(
        program=program,
        target=target.name,
        contract=target.contract,
        status=status,
        history=history,
        choices=control.choices,
        names=control.names,
        loop_carrier=world.loop_carrier,
        blocked=[(blocked.actor, blocked.resource, blocked.place) for blocked in control.blocked],
        steps=control.steps,
    )
