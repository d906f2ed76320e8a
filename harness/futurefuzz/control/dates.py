"""`datetime.now` and its like, which read the real clock in C, past everything that stands in the place of `time`.

The classes are made in C and cannot be assigned to. Their dictionary can be reached, though: `gc.get_referents` gives
what a class's read-only view looks at. Classes stay what they are, so `isinstance`, `type(x) is datetime`, subclasses
and pickling do, too. It is done once in a process and stays: CPython gives a class that is changed again and again no
method cache any more. Outside of a run the real time is read.

Rejected: subclasses in the place of the two names, as other tools have them (`type(x) is datetime` fails, pickles name
a class that nobody else has, and C code makes objects of the real class all the same).
"""

from __future__ import annotations

import datetime
import gc
import warnings
from typing import Any, Final

from futurefuzz.control.clock import time_of_day

__all__ = ["prepare"]

_prepared = False


def prepare() -> bool:
    """A run begins; whether these classes read the run's clock.

    They do not where there is no `ctypes`, with which caches of methods are told of a change.
    """
    global _prepared
    if not _prepared:
        _prepared = _set(datetime.datetime, {"now": classmethod(_now), "utcnow": classmethod(_utcnow)})
        _prepared = _prepared and _set(datetime.date, {"today": classmethod(_today)})  # also a datetime's
    return _prepared


def _now(cls: Any, tz: datetime.tzinfo | None = None) -> Any:
    """As `datetime.now`."""
    return cls.fromtimestamp(time_of_day(), tz)


def _utcnow(cls: Any) -> Any:
    """As `datetime.utcnow`."""
    if _DEPRECATED:
        warnings.warn(_DEPRECATED, DeprecationWarning, stacklevel=2)
    return cls.fromtimestamp(time_of_day(), datetime.UTC).replace(tzinfo=None)


def _today(cls: Any) -> Any:
    """As `date.today`."""
    return cls.fromtimestamp(time_of_day())


def _complaint() -> str:
    """What this interpreter says of `utcnow`."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        datetime.datetime.utcnow()
    return str(caught[0].message) if caught else ""


_DEPRECATED: Final = _complaint()


def _set(kind: type, methods: dict[str, Any]) -> bool:
    try:
        import ctypes

        modified = ctypes.pythonapi.PyType_Modified
    except (ImportError, AttributeError):
        return False
    namespace = next((found for found in gc.get_referents(vars(kind)) if type(found) is dict), None)
    if namespace is None or not all(name in namespace for name in methods):
        return False
    for name, method in methods.items():
        method.__func__.__name__ = name
        method.__func__.__qualname__ = f"{kind.__qualname__}.{name}"
        _replaced.append(namespace[name])  # code that has run often may know them without counting as a reference
        namespace[name] = method
    modified.restype = None
    modified(ctypes.py_object(kind))
    return True


_replaced: Final[list[Any]] = []
