"""`concurrent.futures.wait` and `as_completed` over concurrent futures: threads complete these and wait for all."""

from __future__ import annotations

import concurrent.futures
import types
from collections.abc import Callable, Iterator
from concurrent.futures import _base
from typing import Any, Final

from futurefuzz.control.going_on import current_control
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


class _Clock:
    """What `as_completed` measures its timeout by: the virtual time of the run.

    It never stands still: `as_completed` takes a timeout for over when it is later than that, so that by a clock which
    stands at the moment itself it would ask again for ever.
    """

    def __init__(self) -> None:
        self._looks = 0

    def monotonic(self) -> float:
        """Virtual seconds."""
        control = current_control()
        self._looks += 1
        return (0.0 if control is None else control.time) + self._looks * 1e-9


def _timed(children: list[ThreadChild], timeout: float | None) -> Iterator[ThreadChild]:
    """`concurrent.futures.as_completed` itself, its code and all, with a clock of ours in the place of `time`."""
    real: Any = concurrent.futures.as_completed
    function = types.FunctionType(real.__code__, {**vars(_base), "time": _Clock()}, argdefs=real.__defaults__)
    return function(children, timeout)  # type: ignore[no-any-return]


def _until_timeout(children: list[ThreadChild]) -> _Waiting:
    def wait(timeout: float | None) -> Any:
        found: list[Any] = []
        try:
            for child in _timed(children, timeout):
                found.append(child.number)
        except TimeoutError:
            found.append(TimeoutError())
        return found

    return _Waiting(wait)


def _as_completed(children: list[ThreadChild]) -> _Waiting:
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
    _target(
        "concurrent.as_completed-timeout",
        "as-completed-timeout",
        _until_timeout,
        "concurrent.futures.as_completed(futures, timeout=...)",
    ),
]
