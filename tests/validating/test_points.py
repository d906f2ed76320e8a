"""`--points`: threads are switched inside the code of a Future, too."""

from __future__ import annotations

import re
import sys
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from futurefuzz import cli
from futurefuzz.campaign.points import put_points
from futurefuzz.errors import InputError
from futurefuzz.targets import find
from futurefuzz.targets.base import Target
from tests.mutation.trying import tried

_RACY = """
from concurrent.futures import Future
from concurrent.futures._base import CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED


class Racy(Future):
    def add_done_callback(self, fn):
        if self._state not in (CANCELLED, CANCELLED_AND_NOTIFIED, FINISHED):
            self._done_callbacks.append(fn)
        else:
            fn(self)
"""

pytestmark = [
    pytest.mark.skipif(sys.version_info < (3, 12), reason="points inside code need sys.monitoring"),
    pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning"),  # threads of earlier tests are parked
]


class Racy(Future[Any]):
    """Looks at its state, and registers, without the lock that completes it."""

    def add_done_callback(self, fn: Any) -> None:
        """As the original, but for the lock."""
        if self.done():
            super().add_done_callback(fn)
        else:
            self._done_callbacks.append(fn)  # type: ignore[attr-defined]


class Sound(Future[Any]):
    """Its twin with the lock."""

    def add_done_callback(self, fn: Any) -> None:
        """As the original."""
        if self.done():
            super().add_done_callback(fn)
        else:
            super().add_done_callback(fn)


def _target(kind: type[Future[Any]]) -> Target:
    ours = "concurrent.Future"
    return evolve(find(ours), name=f"points.{kind.__name__}", new_future=kind, inherits=ours)


def test_a_future_that_acts_on_what_it_saw_a_moment_ago_is_caught_in_between() -> None:
    """A callback that is registered after the completion has looked never runs; without points nothing is seen."""
    seen = tried(lambda: _target(Racy), runs=2000, seconds=100, points="free-threaded")
    assert (seen.verdict, seen.clause) == ("killed", "C7"), seen


def test_the_same_with_its_lock_is_not_blamed() -> None:
    """However often threads are switched inside it."""
    assert tried(lambda: _target(Sound), runs=2000, seconds=100, points="free-threaded").verdict == "survived"


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("asyncio.PyFuture", "claims the contract asyncio; allowed: concurrent"),
        ("asyncio.wrap_future", "claims the contract bridge; allowed: concurrent"),
    ],
)
def test_what_promises_nothing_to_threads_in_between_has_no_points(target: str, said: str) -> None:
    """One line says why."""
    with pytest.raises(InputError, match=re.escape(said)):
        put_points([find(target)], "free-threaded")


def test_what_is_found_replays_with_the_points_that_its_command_names(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """And only with them."""
    (tmp_path / "racy_future.py").write_text(_RACY)
    monkeypatch.chdir(tmp_path)
    options = ["--contract", "concurrent", "--points", "free-threaded", "--runs", "80", "--seed", "1", "--jobs", "1"]
    with pytest.raises(SystemExit) as ending:
        cli.main(["validate", "racy_future:Racy", *options])
    said = capsys.readouterr().out
    assert ending.value.code == 1
    command = re.search(r"futurefuzz (replay --target racy_future:Racy@concurrent --points free-threaded ff1\S+)", said)
    assert command is not None, said
    assert "--points free-threaded" in said.rpartition("repeat it with")[2]
    with pytest.raises(SystemExit) as ending:
        cli.main(command[1].split())
    assert ending.value.code == 1
