"""Which code gets points inside, for which preemption model."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from types import CodeType
from typing import Any, Final

from futurefuzz.control.instrumentation import Instrumentation
from futurefuzz.exploring import places

__all__ = ["DEFAULT", "MODELS", "Points", "points_for"]

#: preemption models, the weakest first
MODELS: Final = ("operation", "gil", "free-threaded")


def _runs_without_gil() -> bool:
    enabled = getattr(sys, "_is_gil_enabled", None)
    return enabled is not None and not enabled()


#: the strongest model that says something about the interpreter that is running
DEFAULT: Final = "free-threaded" if _runs_without_gil() else "gil"

#: looked into beside the user's own code, where they are used
_LIBRARY: Final = ("asyncio", "concurrent.futures")


class Points:
    """Points inside code, put there once for many runs; what a run asks to be installed is there already.

    Args:
        model: `gil` or `free-threaded`.
        modules: what gets points.
        code: of a script or function, which gets points too.
    """

    def __init__(self, model: str, modules: Iterable[Any], code: CodeType | None) -> None:
        self._instrumentation = Instrumentation(modules, model=model)
        self._code = code

    def __enter__(self) -> Points:
        self._instrumentation.install()
        if self._code is not None:
            self._instrumentation.instrument_code(self._code)
        return self

    def __exit__(self, *_error: object) -> None:
        self._instrumentation.uninstall()

    @property
    def splits(self) -> bool:
        """Whether some stand before single instructions."""
        return self._instrumentation.model == "free-threaded"

    @property
    def engine(self) -> Any:
        """What tells of them; None when they are not there."""
        return self._instrumentation.engine

    def install(self, control: Any = None) -> None:
        """Nothing: they are there."""

    def uninstall(self) -> None:
        """Nothing: they stay for the next run."""

    def thread_started(self) -> None:
        """On each of a run's threads, when it begins."""
        self._instrumentation.thread_started()


def points_for(
    model: str, code: CodeType | None, instrument: Sequence[str] = (), *, before: frozenset[str] | None = None
) -> Points | None:
    """The points of a model.

    Args:
        model: one of `MODELS`.
        code: of the script or function that is explored.
        instrument: modules that the user named.
        before: modules that were loaded before the code under test was; the user's among the later ones get points,
            too. None: no module but those named.

    Returns:
        None for `operation`, which has no points inside code.

    Raises:
        InputError: a module cannot be instrumented.
    """
    if model == "operation":
        return None
    modules: list[Any] = list(instrument)
    modules += [sys.modules[name] for name in _LIBRARY if name in sys.modules]
    for name, module in sorted(sys.modules.items()):
        if before is None or name in before or name.startswith("__"):
            continue
        file = getattr(module, "__file__", None)
        if isinstance(file, str) and file.endswith(".py") and places.is_users(file):
            modules.append(module)
    return Points(model, modules, code)
