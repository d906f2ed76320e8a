"""Dates under control: every way to ask for the time gives the run's."""

from __future__ import annotations

import datetime
import pickle
import random
import time
import warnings
from collections.abc import Callable
from datetime import date  # as programs have it
from datetime import datetime as DateTime
from typing import Any

import pytest

from futurefuzz import explorers
from futurefuzz.control import dates
from futurefuzz.control.session import run_controlled
from futurefuzz.control.whole import EPOCH


class Stamp(DateTime):
    """A class of the program's own."""


def _under_control(body: Callable[[], Any]) -> Any:
    run = run_controlled(body, explorers.make("random", random.Random(0)))
    assert run is not None
    assert run.outcome is not None
    kind, value = run.outcome
    assert kind == "returned", value
    return value


def _deprecated(reader: Callable[[], Any]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return reader()


UTC = datetime.UTC
READERS: dict[str, Callable[[], float]] = {
    "now": lambda: DateTime.now().timestamp(),
    "now in a zone": lambda: DateTime.now(UTC).timestamp(),
    "now by keyword": lambda: datetime.datetime.now(tz=UTC).timestamp(),
    "utcnow": lambda: _deprecated(DateTime.utcnow).replace(tzinfo=UTC).timestamp(),
    "today": lambda: DateTime.today().timestamp(),
    "a subclass's now": lambda: Stamp.now().timestamp(),
    "an instance's now": lambda: DateTime(2000, 1, 1).now().timestamp(),
    "localtime": lambda: time.mktime(time.localtime()),
    "localtime of None": lambda: time.mktime(time.localtime(None)),
    "ctime": lambda: time.mktime(time.strptime(time.ctime())),
    "asctime": lambda: time.mktime(time.strptime(time.asctime())),
    "strftime": lambda: time.mktime(time.strptime(time.strftime("%Y-%m-%d %H:%M:%S"), "%Y-%m-%d %H:%M:%S")),
    "gmtime": lambda: float(DateTime(*time.gmtime()[:6], tzinfo=UTC).timestamp()),
    "clock_gettime": lambda: time.clock_gettime(time.CLOCK_REALTIME),
    "clock_gettime_ns": lambda: time.clock_gettime_ns(time.CLOCK_REALTIME) / 1e9,
}


@pytest.mark.parametrize("name", READERS)
def test_the_time_is_the_runs(name: str) -> None:
    """After a sleep of 1000 seconds it is that much later than the beginning of all runs."""
    reader = READERS[name]
    for _ in range(100):
        reader()  # code that has run often keeps what it found

    def body() -> float:
        time.sleep(1000)
        return reader()

    assert EPOCH + 1000 <= _under_control(body) < EPOCH + 1001 + 1
    assert reader() > EPOCH + 1e6, "outside of a run it is the real time"


def test_the_monotonic_clock_of_the_system_is_the_runs() -> None:
    """It is the one that `time.monotonic` reads."""

    def body() -> float:
        time.sleep(1000)
        return time.clock_gettime(time.CLOCK_MONOTONIC)

    assert 1000 <= _under_control(body) < 1001


def test_a_day_is_the_runs() -> None:
    """`date.today`, of the class itself."""
    assert _under_control(date.today) == date.fromtimestamp(EPOCH)
    assert date.today() != date.fromtimestamp(EPOCH)


def test_times_given_are_left_alone() -> None:
    """Who says which time gets that one."""
    assert _under_control(lambda: (time.gmtime(0)[0], time.strftime("%Y", time.gmtime(0)))) == (1970, "1970")


def test_classes_stay_what_they_are() -> None:
    """Types, instances and pickles are those of the real classes; a subclass makes its own."""

    def body() -> list[Any]:
        now = DateTime.now()
        return [type(now), isinstance(now, date), pickle.loads(pickle.dumps(now)) == now, type(Stamp.now())]  # noqa: S301

    assert _under_control(body) == [DateTime, True, True, Stamp]
    assert DateTime is datetime.datetime


def test_a_wrong_call_is_refused_as_ever() -> None:
    """By the same exception."""
    assert dates.prepare()
    with pytest.raises(TypeError):
        DateTime.now(1)  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        DateTime.now(UTC, UTC)  # type: ignore[call-arg]


def test_the_complaint_about_utcnow_names_the_line_that_calls_it() -> None:
    """Where Python complains at all."""
    dates.prepare()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        DateTime.utcnow()
    assert {warning.filename for warning in caught} <= {__file__}
