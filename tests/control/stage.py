"""A stage for small plays under control: bodies are the actors, an explorer directs, a list notes what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from random import Random
from typing import Any

from futurefuzz.control import Control
from futurefuzz.control.takeover import controlled
from futurefuzz.explorers.base import Pending

__all__ = ["Directed", "Recorder", "Wandering", "play", "spot"]


class Directed:
    """Chooses what it was told, then goes by the default rule; keeps what it was asked."""

    recording = False
    name = "directed"

    def __init__(self, *choices: int) -> None:
        self.choices = list(choices)
        self.asked: list[tuple[int, list[int]]] = []
        self.ended = 0

    def begin(self, view: Any) -> bool:
        self.view = view
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        self.asked.append((current, list(enabled)))
        if self.choices:
            return self.choices.pop(0)
        return current if current in enabled and self.view.pending[current] is not None else enabled[0]

    def end(self, view: Any) -> None:
        self.ended += 1


class Wandering:
    """Chooses uniformly; its own, so that these tests do not rest on the explorers."""

    name = "wandering"

    def __init__(self, seed: int, *, recording: bool = False) -> None:
        self.random = Random(seed)
        self.recording = recording

    def begin(self, view: Any) -> bool:
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        return self.random.choice(enabled)

    def end(self, view: Any) -> None:
        pass


class Recorder(list[Any]):
    """What happened, in order; called to note something."""

    def __call__(self, *what: Any) -> None:
        self.append(what[0] if len(what) == 1 else what)


def spot(name: str = "spot", *, resource: object = "here", write: bool = True) -> Pending:
    """A point of the play."""
    return Pending(name, resource, write)


def play(
    explorer: Any,
    *bodies: Callable[[Control], object],
    prepare: Callable[[Control], object] | None = None,
    **settings: Any,
) -> Control:
    """Run the bodies as actors `a`, `b`, `c`...; returns the control after the run."""
    control = Control(explorer, **settings)
    explorer.begin(control)

    def bound(body: Callable[[Control], object]) -> Callable[[], None]:
        def actor() -> None:
            body(control)

        return actor

    for name, body in zip("abcdefgh", bodies, strict=False):
        control.spawn(name, bound(body))
    with controlled(control):
        if prepare is not None:
            prepare(control)
        control.run()
    return control
