"""The time of a whole program: virtual, and moving only where somebody waits.

All clocks go at the same rate, whatever the real ones do meanwhile: a step of the machine's time of day is no event of
a run. A program that wants one sets the clock (`time.clock_settime`): that moves the time of day of its run, and
nothing else.

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

__all__ = ["SUBSTITUTES", "time_of_day"]

_LOOKS: Final = 100
_SPINNING: Final = "time to pass"
#: seconds: what a sleep can be asked for at most, CPython counts nanoseconds in 64 bits
_LONGEST: Final = (2**63 - 1) / 1e9


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


def _reading(real: Callable[[], Any], *, of_day: bool, nanoseconds: bool) -> Callable[[], Any]:
    def read() -> Any:
        control = present()
        if control is None:
            return real()
        now = _look(control)
        offset = control.time_of_day if of_day else 0.0
        if nanoseconds:
            whole = int(offset)
            return whole * 1_000_000_000 + round((now + (offset - whole)) * 1_000_000_000)
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
    if math.isnan(seconds) or not 0 <= seconds < _LONGEST:
        _real_sleep(seconds)  # the same
        raise ValueError("sleep length must be non-negative")  # where it does not
    if control.current < 0:
        control.time += seconds
    else:
        control.block("the end of a sleep", "sleep", seconds)


def _time(real: Callable[..., Any], *, before: int = 0) -> Callable[..., Any]:
    """A function that takes a time after `before` other arguments, or now."""

    def told(*arguments: Any) -> Any:
        if present() is None or len(arguments) not in (before, before + 1) or arguments[before:] not in ((), (None,)):
            return real(*arguments)
        now = time_of_day()
        return real(*arguments[:before], _real_localtime(now) if real in _OF_STRUCTURES else now)

    told.__name__ = told.__qualname__ = getattr(real, "__name__", "time")
    return told


def _clock_gettime(real: Callable[[int], Any], suffix: str) -> Callable[[int], Any]:
    readers = {clock: _READERS[name + suffix] for clock, name in _CLOCKS.items()}

    def read(clock: int, /) -> Any:
        reader = readers.get(clock) if present() is not None else None
        return real(clock) if reader is None else reader()

    read.__name__ = read.__qualname__ = getattr(real, "__name__", "clock_gettime")
    return read


def _clock_settime(real: Callable[[int, Any], object], a_second: float) -> Callable[[int, Any], None]:
    def settime(clock: int, seconds: Any, /) -> None:
        control = present()
        if control is None or _CLOCKS.get(clock) != "time" or not isinstance(seconds, (int, float)):
            real(clock, seconds)  # the machine's; of the others the system says that they cannot be set
            return
        control.time_of_day = seconds / a_second - control.time

    settime.__name__ = settime.__qualname__ = getattr(real, "__name__", "clock_settime")
    return settime


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

_READERS: Final[dict[str, Callable[[], Any]]] = {
    name: _reading(getattr(time, name), of_day=name.startswith("time"), nanoseconds=name.endswith("_ns"))
    for name in ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns", "time", "time_ns")
}


def time_of_day() -> float:
    """As `time.time`, whatever a program has put in its place."""
    now: float = _READERS["time"]()
    return now


SUBSTITUTES: Final[list[tuple[Any, Any]]] = [
    (_real_sleep, _sleep),
    *((getattr(time, name), reader) for name, reader in _READERS.items()),
    (time.localtime, _time(time.localtime)),
    (time.gmtime, _time(time.gmtime)),
    (time.ctime, _time(time.ctime)),
    (time.asctime, _time(time.asctime)),
    (time.strftime, _time(time.strftime, before=1)),
]
if hasattr(time, "clock_gettime"):
    SUBSTITUTES.append((time.clock_gettime, _clock_gettime(time.clock_gettime, "")))
    SUBSTITUTES.append((time.clock_gettime_ns, _clock_gettime(time.clock_gettime_ns, "_ns")))
if hasattr(time, "clock_settime"):
    SUBSTITUTES.append((time.clock_settime, _clock_settime(time.clock_settime, 1.0)))
    SUBSTITUTES.append((time.clock_settime_ns, _clock_settime(time.clock_settime_ns, 1e9)))
