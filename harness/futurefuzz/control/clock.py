"""The time of a whole program: virtual, and moving only where somebody waits.

Code that waits by looking at the clock again and again would wait for ever. Who has looked many times without time
having moved is taken to wait, and lets time pass, in growing pieces.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, Final

from futurefuzz.control.threads import present
from futurefuzz.control.whole import WholeControl

__all__ = ["EPOCH", "SUBSTITUTES"]

#: `time.time()` at the start of every run: the same in each, or a run would not be repeatable
EPOCH: Final = 1_750_000_000.0

_LOOKS: Final = 100
_SPINNING: Final = "time to pass"


def _look(control: WholeControl) -> float:
    if control.current < 0:
        return control.time
    actor = control.current
    looks, at = control.looks.get(actor, (0, -1.0))
    looks = looks + 1 if at == control.time else 1
    if looks > _LOOKS and not control.aborting:
        step = control.spinning[actor] = min(2 * control.spinning.get(actor, 0.0005), 1.0)
        control.block(_SPINNING, "spin", step)
        looks = 0
    control.looks[actor] = (looks, control.time)
    return control.time


def _reading(real: Callable[[], Any], offset: float, *, nanoseconds: bool) -> Callable[[], Any]:
    def read() -> Any:
        control = present()
        if control is None:
            return real()
        now = _look(control)
        if nanoseconds:
            return int(offset) * 1_000_000_000 + round(now * 1_000_000_000)
        return offset + now

    read.__name__ = read.__qualname__ = getattr(real, "__name__", "time")
    return read


_real_sleep: Final = time.sleep


def _sleep(seconds: Any, /) -> None:
    control = present()
    if control is None:
        _real_sleep(seconds)
        return
    if isinstance(seconds, (str, bytes)) or not (hasattr(seconds, "__float__") or hasattr(seconds, "__index__")):
        _real_sleep(seconds)  # raises, with this interpreter's own words
    seconds = float(seconds)
    if math.isnan(seconds):
        raise ValueError("Invalid value NaN (not a number)")
    if seconds < 0:
        raise ValueError("sleep length must be non-negative")
    if control.current < 0:
        control.time += seconds
    else:
        control.block("the end of a sleep", "sleep", seconds)


def _time(real: Callable[..., Any], *, before: int = 0) -> Callable[..., Any]:
    """A function that takes a time after `before` other arguments, or now."""

    def told(*arguments: Any) -> Any:
        if present() is None or len(arguments) not in (before, before + 1) or arguments[before:] not in ((), (None,)):
            return real(*arguments)
        now = time.time()  # the run's
        return real(*arguments[:before], _real_localtime(now) if real in _OF_STRUCTURES else now)

    told.__name__ = told.__qualname__ = getattr(real, "__name__", "time")
    return told


def _clock_gettime(real: Callable[[int], Any], suffix: str) -> Callable[[int], Any]:
    def read(clock: int, /) -> Any:
        name = _CLOCKS.get(clock) if present() is not None else None
        return real(clock) if name is None else getattr(time, name + suffix)()

    read.__name__ = read.__qualname__ = getattr(real, "__name__", "clock_gettime")
    return read


_real_localtime: Final = time.localtime
#: these take what `localtime` gives
_OF_STRUCTURES: Final = (time.strftime, time.asctime)
#: clocks of the system that are virtual, and who reads them; those of the processor's time are real
_CLOCKS: Final[dict[int, str]] = {
    getattr(time, name): reader
    for name, reader in (
        ("CLOCK_REALTIME", "time"),
        ("CLOCK_MONOTONIC", "monotonic"),
        ("CLOCK_MONOTONIC_RAW", "monotonic"),
        ("CLOCK_BOOTTIME", "monotonic"),
    )
    if hasattr(time, name)
}

SUBSTITUTES: Final[list[tuple[Any, Any]]] = [
    (_real_sleep, _sleep),
    (time.monotonic, _reading(time.monotonic, 0.0, nanoseconds=False)),
    (time.monotonic_ns, _reading(time.monotonic_ns, 0.0, nanoseconds=True)),
    (time.perf_counter, _reading(time.perf_counter, 0.0, nanoseconds=False)),
    (time.perf_counter_ns, _reading(time.perf_counter_ns, 0.0, nanoseconds=True)),
    (time.time, _reading(time.time, EPOCH, nanoseconds=False)),
    (time.time_ns, _reading(time.time_ns, EPOCH, nanoseconds=True)),
    (time.localtime, _time(time.localtime)),
    (time.gmtime, _time(time.gmtime)),
    (time.ctime, _time(time.ctime)),
    (time.asctime, _time(time.asctime)),
    (time.strftime, _time(time.strftime, before=1)),
]
if hasattr(time, "clock_gettime"):
    SUBSTITUTES.append((time.clock_gettime, _clock_gettime(time.clock_gettime, "")))
    SUBSTITUTES.append((time.clock_gettime_ns, _clock_gettime(time.clock_gettime_ns, "_ns")))

