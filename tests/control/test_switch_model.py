"""Where real threads of this interpreter switch, measured, against where the `gil` model has points.

Each probe reads a counter, does one thing, and reads the counter again, while another thread counts: different values
mean that the threads were switched in between. What was seen must be a point. What was never seen proves nothing, so
nothing is asserted of it: the model leaves these out because millions of rounds on 3.11 to 3.15 did not show them.

A switch at a call of `len`, `isinstance`, `type` or `list.append` is rare: it needs cold code, which has no instruction
of its own for them yet (one in 100,000 first calls, on each of the releases).
"""

from __future__ import annotations

import gc
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from futurefuzz.control.code_points import CodePoint
from futurefuzz.control.instrumentation import Instrumentation
from tests.control.stage import Directed, play

pytestmark = pytest.mark.skipif(
    not getattr(sys, "_is_gil_enabled", lambda: True)(), reason="without a GIL there are no places to switch"
)

counter = [0]

#: seconds for each probe: a budget, on which nothing is asserted
BUDGET = 0.15


class Thing:
    def __init__(self) -> None:
        self.state = 0
        self.result = 0

    @property
    def computed(self) -> int:
        return 1

    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


    def reading(self) -> int:
        """What the counter says."""
        return counter[0]


thing = Thing()
bound = thing.reading
items = [1, 2, 3]
table = {"key": 1}
log: list[int] = []
lock = threading.Lock()


def function() -> None:
    """Does nothing."""


def c_method() -> bool:
    """Probe."""
    before = counter[0]
    log.append(1)
    return counter[0] != before


def c_function() -> bool:
    """Probe."""
    before = counter[0]
    abs(-1)
    return counter[0] != before


def python_function() -> bool:
    """Probe."""
    before = counter[0]
    function()
    return counter[0] != before


def a_property() -> bool:
    """Probe."""
    before = counter[0]
    thing.computed  # noqa: B018
    return counter[0] != before


def python_eq() -> bool:
    """Probe."""
    before = counter[0]
    thing == items  # noqa: B015
    return counter[0] != before


def loop() -> bool:
    """Probe."""
    before = counter[0]
    for _ in items:
        pass
    return counter[0] != before


def with_lock() -> bool:
    """Probe."""
    before = counter[0]
    with lock:
        pass
    return counter[0] != before


def construction() -> bool:
    """Probe."""
    before = counter[0]
    Thing()
    return counter[0] != before


def generator() -> bool:
    """Probe."""
    before = counter[0]
    [*_yielding()]
    return counter[0] != before


def _yielding() -> Iterator[int]:
    yield 1


def two_stores() -> bool:
    """Probe."""
    before = counter[0]
    thing.state = 1
    thing.result = 2
    return counter[0] != before


def read_modify_write() -> bool:
    """Probe."""
    before = counter[0]
    thing.state += 1
    return counter[0] != before


def arithmetic() -> bool:
    """Probe."""
    before = counter[0]
    x = before * 3 + 1
    x = x // 7
    return counter[0] != before


def indexing() -> bool:
    """Probe."""
    before = counter[0]
    items[1] = items[0]
    table["key"] = 2
    return counter[0] != before


def formatting() -> bool:
    """Probe."""
    before = counter[0]
    f"{before} {before}"
    return counter[0] != before


def length() -> bool:
    """Probe."""
    before = counter[0]
    len(items)
    return counter[0] != before


def raise_and_catch() -> bool:
    """Probe."""
    before = counter[0]
    try:
        raise ValueError
    except ValueError:
        pass
    return counter[0] != before


def return_from_python() -> bool:
    """Probe."""
    inside = _reading()
    return counter[0] != inside


def _reading() -> int:
    return counter[0]


def return_from_a_bound_method() -> bool:
    """Probe."""
    inside = bound()
    return counter[0] != inside


def branch() -> bool:
    """Probe."""
    before = counter[0]
    if thing.state:
        thing.result = 1
    else:
        thing.result = 2
    return counter[0] != before


#: in which a switch was seen when the model was made, on CPython 3.11.7, 3.12.1, 3.13.0, 3.14.10 and 3.15.2
SWITCHING = [
    c_method,
    c_function,
    length,
    python_function,
    a_property,
    python_eq,
    loop,
    with_lock,
    construction,
    generator,
]

#: entries that are passed before a probe reads the counter for the first time
BEFORE = (":_reading:enter", ":Thing.reading:enter")

#: in which none was ever seen
ATOMIC = [
    two_stores,
    read_modify_write,
    arithmetic,
    indexing,
    formatting,
    raise_and_catch,
    branch,
    return_from_python,
    return_from_a_bound_method,
]


def modelled(probe: Callable[[], bool]) -> bool:
    """Whether the model has a point inside a probe, besides its own entry."""
    with Instrumentation([__file__], model="gil") as points:
        control = play(Directed(), lambda control: points.carried(lambda: _nothing(probe()))(), record=True)
    assert control.steps is not None
    found = [step.event.kind for step in control.steps if isinstance(step.event, CodePoint)]
    inside = [kind for kind in found if not kind.endswith((f":{probe.__name__}:enter", *BEFORE))]
    return any("<lambda>" not in kind and "_nothing" not in kind for kind in inside)


def _nothing(value: object) -> None:
    pass


def seen(probe: Callable[[], bool]) -> bool:
    """Whether real threads were switched inside a probe within the budget."""
    stop: list[bool] = []

    def count() -> None:
        while not stop:
            counter[0] += 1

    interval = sys.getswitchinterval()
    collecting = gc.isenabled()
    gc.disable()  # a collection may run anybody's code
    sys.setswitchinterval(1e-6)
    other = threading.Thread(target=count)
    other.start()
    try:
        end = time.monotonic() + BUDGET
        while time.monotonic() < end:
            for _ in range(200):
                if probe():
                    return True
        return False
    finally:
        stop.append(True)
        other.join()
        sys.setswitchinterval(interval)
        log.clear()
        if collecting:
            gc.enable()


@pytest.mark.parametrize("probe", [*SWITCHING, *ATOMIC], ids=lambda probe: probe.__name__)
def test_where_real_threads_switch_there_is_a_point(probe: Any) -> None:
    """Whatever this interpreter was seen to do, the model allows."""
    if seen(probe):
        assert modelled(probe)


@pytest.mark.parametrize("probe", SWITCHING, ids=lambda probe: probe.__name__)
def test_the_model_has_the_places_that_were_seen(probe: Any) -> None:
    """On every release, whether a switch shows today or not."""
    assert modelled(probe)


@pytest.mark.parametrize("probe", ATOMIC, ids=lambda probe: probe.__name__)
def test_the_model_has_no_points_where_none_was_ever_seen(probe: Any) -> None:
    """Else a finding would say "under the GIL" of what cannot happen there."""
    assert not modelled(probe)
