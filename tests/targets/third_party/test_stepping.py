"""The thread of a stepped loop: it does what it is told, hands errors over, and goes back to the pool once."""

from __future__ import annotations

import time
from _thread import get_ident

import pytest

from futurefuzz.control import carriers
from futurefuzz.targets.third_party.stepping import OwnThread


def test_it_does_one_thing_at_a_time_on_a_thread_of_its_own() -> None:
    """Whoever asks waits for it, and gets what it raised."""
    thread = OwnThread()
    seen: list[int] = []
    thread.do(lambda: seen.append(get_ident()))
    thread.do(lambda: seen.append(get_ident()))
    assert len(set(seen)) == 1
    assert get_ident() not in seen
    with pytest.raises(ZeroDivisionError):
        thread.do(lambda: 1 / 0)
    thread.rest()


def test_it_goes_back_to_the_pool_once() -> None:
    """A loop may be closed twice; a thread that is in the pool twice would carry two actors."""
    carrier = carriers.Carrier()
    thread = OwnThread(carrier)
    thread.do(lambda: None)
    thread.rest()
    thread.rest()
    while carrier not in carriers._idle:  # it goes by itself
        time.sleep(0)
    assert carriers._idle.count(carrier) == 1
