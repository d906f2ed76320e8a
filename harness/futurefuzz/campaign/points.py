"""Points inside the code of the targets themselves, where a run may switch threads.

Without them threads are switched where they wait for one another, and between operations: a Future that looks at its
state without its lock and acts on what it saw a moment later is never caught in between. With them every read and write
of its attributes is such a place (`free-threaded`), or every place at which CPython looks whether another thread wants
the GIL (`gil`); see `control.instrumentation`.

Only the contract `concurrent` promises anything to a thread that comes in between; a future of asyncio's is owned by
one loop, and what runs in that is not interrupted.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Final

from futurefuzz.control.instrumentation import MODELS, Instrumentation
from futurefuzz.errors import InputError
from futurefuzz.targets.base import Sides, Target

__all__ = ["MODELS", "put_points"]

def put_points(targets: Iterable[Target], model: str) -> Instrumentation:
    """Put points into the code of the classes of some targets' futures, for as long as the process lives.

    Args:
        targets: of the contract `concurrent`.
        model: one of `MODELS`.

    Raises:
        InputError: one is of another contract or has no Python code, or the interpreter is too old.
    """
    if not hasattr(sys, "monitoring"):
        raise InputError("--points: needs CPython 3.12 or newer (sys.monitoring)")
    modules: dict[str, ModuleType] = {}
    for target in targets:
        if target.contract != "concurrent":
            raise InputError(
                f"--points: {target.name} claims the contract {target.contract}; allowed: concurrent, which alone "
                "promises something to threads that come in between"
            )
        found = {module.__name__: module for module in _modules(target)}
        if not found:
            raise InputError(f"--points: {target.name} has no Python code to put them into")
        modules.update(found)
    instrumentation = Instrumentation(modules.values(), model=model)
    instrumentation.install()
    return instrumentation


def _modules(target: Target) -> Iterator[ModuleType]:
    """Where the classes of one of its futures are written, as far as they are written in Python."""
    for kind in _classes(target):
        module = sys.modules.get(kind.__module__)
        file = getattr(module, "__file__", None)
        ours = kind.__module__.partition(".")[0] == "futurefuzz"
        if module is not None and file is not None and file.endswith(".py") and not ours and kind.__flags__ & _HEAP:
            yield module


#: Py_TPFLAGS_HEAPTYPE: made by a class statement, more or less
_HEAP: Final = 1 << 9


def _classes(target: Target) -> list[type]:
    made = target.new_future()
    sides = made if isinstance(made, Sides) else Sides(made, made)
    if target.dispose is not None:
        target.dispose(sides)
    return [*type(sides.resolver).__mro__, *type(sides.observer).__mro__]
