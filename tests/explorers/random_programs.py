"""Small random programs: reads and writes of a few variables, locks, waits with and without timeouts, spawned actors.

What an actor reads decides what it does next, so an order that is lost shows. A turn touches what it announced and
nothing else.
"""

from __future__ import annotations

from random import Random

from futurefuzz.explorers.base import Pending
from tests.explorers.machine import Block, Body, Machine, Program

_KINDS = ("read", "write", "write", "add", "branch", "lock", "nothing", "wait", "wake", "timed", "spawn")


def random_program(seed: int, *, turns: int = 7) -> Program:
    """A program of two or three actors with so many instructions together; the same for the same seed."""
    rng = Random(seed)
    actors = [[_instruction(rng) for _ in range(count)] for count in _parts(rng, turns)]

    def program(machine: Machine) -> None:
        machine.variables.update(dict.fromkeys("xyz", 0))
        machine.variables["log"] = {}
        for number, instructions in enumerate(actors):
            machine.spawn(_body(machine, f"thread {number}", instructions))

    return program


def _parts(rng: Random, turns: int) -> list[int]:
    if rng.random() < 0.5:
        first = rng.randint(1, turns - 1)
        return [first, turns - first]
    first, second = sorted(rng.sample(range(1, turns - 1), 2))
    return [first, second - first, turns - second - 1]


def _instruction(rng: Random) -> tuple[str, str, int]:
    return rng.choice(_KINDS), rng.choice("xyz"), rng.randint(1, 9)


def _body(machine: Machine, name: str, instructions: list[tuple[str, str, int]]) -> Body:
    variables = machine.variables
    log = variables["log"].setdefault(name, [])
    for kind, variable, value in instructions:
        if kind == "lock":
            yield from machine.acquire(f"lock {variable}")
            yield from machine.release(f"lock {variable}")
        elif kind == "nothing":
            yield Pending("nothing", None, False)
        elif kind in ("wait", "timed"):
            yield Pending("wait", variable, False)
            if not variables[variable]:
                log.append((yield Block(variable, timed=kind == "timed")))
        elif kind == "spawn":
            yield Pending("spawn", None, False)
            machine.spawn(_body(machine, f"{name}'s", [("add", variable, value)]))
        elif kind in ("read", "branch"):
            yield Pending("read", variable, False)
            log.append(variables[variable])
            if kind == "branch" and variables[variable]:
                yield Pending("write", "z", True)
                variables["z"] = value
        else:
            yield Pending(kind, variable, True)
            variables[variable] = value if kind == "write" else variables[variable] + value
            if kind == "wake":
                machine.wake(variable)


def outcome(machine: Machine) -> str:
    """How a run ended: the variables, and what each actor saw."""
    variables = machine.variables
    return repr([variables[name] for name in "xyz"] + sorted(variables["log"].items()))
