"""`concurrent.futures.wait` and `as_completed` over concurrent futures: threads complete these and wait for all."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.targets.base import Compound, Sides, Target, register
from futurefuzz.targets.groups import ThreadChild, in_order

__all__ = ["THREAD_COMPOUNDS"]


class _Waiting:
    """What a thread that asks for the compound's result calls; each call waits anew."""

    def __init__(self, wait: Callable[[float | None], Any]) -> None:
        self._wait = wait

    def result(self, timeout: float | None = None) -> Any:
        """Wait for the children; which are done and which are not, by their numbers."""
        return self._wait(timeout)

    def done(self) -> bool:
        """One can always wait once more."""
        return False


def _wait(return_when: str) -> Callable[[list[ThreadChild]], _Waiting]:
    def make(children: list[ThreadChild]) -> _Waiting:
        def wait(timeout: float | None) -> Any:
            done, pending = concurrent.futures.wait(children, timeout=timeout, return_when=return_when)
            return [[child.number for child in children if child in part] for part in (done, pending)]

        return _Waiting(wait)

    return make


def _as_completed(children: list[ThreadChild]) -> _Waiting:
    # Without its timeout: it measures that with the real clock.
    return _Waiting(lambda _: [child.number for child in concurrent.futures.as_completed(children)])  # type: ignore[attr-defined]


def _target(name: str, shape: str, make: Callable[[list[ThreadChild]], _Waiting], description: str) -> Target:
    def new_group(count: int) -> list[Sides]:
        children = in_order(max(count - 1, 1))
        return [*(Sides(child, child) for child in children[: count - 1]), Compound(lambda _: make(children))]

    return register(
        Target(
            name=name,
            contract="concurrent-compound",
            new_group=new_group,
            children=(1, 3),
            shape=shape,
            lacks=frozenset({"drop"}),
            description=description,
        )
    )


THREAD_COMPOUNDS: Final[list[Target]] = [
    _target("concurrent.wait", "wait-all", _wait("ALL_COMPLETED"), "concurrent.futures.wait(futures)"),
    _target(
        "concurrent.wait-first",
        "wait-first",
        _wait("FIRST_COMPLETED"),
        "concurrent.futures.wait(futures, return_when=FIRST_COMPLETED)",
    ),
    _target(
        "concurrent.wait-exception",
        "wait-exception",
        _wait("FIRST_EXCEPTION"),
        "concurrent.futures.wait(futures, return_when=FIRST_EXCEPTION)",
    ),
    _target("concurrent.as_completed", "as-completed", _as_completed, "concurrent.futures.as_completed(futures)"),
]
