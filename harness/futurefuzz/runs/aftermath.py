"""What a program does to its futures after the run: when their loop has been closed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from futurefuzz.runs.history import LOOP, Event, Outcome
from futurefuzz.runs.labels import label_of
from futurefuzz.runs.performing import PERFORM

if TYPE_CHECKING:
    from futurefuzz.runs.world import World

__all__ = ["act_when_closed"]


def act_when_closed(world: World) -> list[Event]:
    """Close the loop and perform what the program has for then; one event each, for nobody else acts any more."""
    operations = [
        (f"h{number}.{position}", operation)
        for number, hook in enumerate(world.program.hooks)
        if hook.kind == "closed"
        for position, operation in enumerate(hook.operations)
    ]
    if operations and world.loop is not None:
        world.loop.close()
    events = []
    for site, operation in operations:
        name = operation.name
        sides = world.sides[operation.future]
        outcome = Outcome("returned", "skipped")
        if sides is not None:
            future = sides.resolver if name in world.target.resolver_operations else sides.observer
            try:
                outcome = Outcome("returned", label_of(PERFORM[name](world, future, operation, site)))
            except BaseException as error:
                outcome = world.raised(error)
            del future
        del sides
        events.append(Event("after", LOOP, -1, site, operation, outcome))
    return events
