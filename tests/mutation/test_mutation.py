"""The study of mutations itself: changes are made where it says, and its verdicts are those of a validation."""

from __future__ import annotations

import ast
import asyncio
from asyncio import futures
from concurrent.futures import Future
from typing import Any

import pytest
from attrs import evolve

from futurefuzz.targets import find
from futurefuzz.targets.base import Target
from tests.mutation.operators import mutations
from tests.mutation.study import KINDS, reason_of
from tests.mutation.subjects import SUBJECTS, target_of
from tests.mutation.trying import tried

# Threads that carried actors of earlier tests are parked while a change is tried in a child process.
pytestmark = pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")

_SOURCE = '''
class Box:
    """What it is for."""

    def take(self, wait=False):
        """Give it."""
        with self.lock:
            if self.state in [PENDING, RUNNING]:
                self.waiters.notify_all()
        for one in self.items[:]:
            self.items.append(one)
            self.size += 1
        raise InvalidStateError("empty")

    def other(self):
        return 1
'''


def _texts(scope: str) -> set[str]:
    tree = ast.parse(_SOURCE)
    found = mutations(tree, [scope])
    for one in found:
        changed = ast.unparse(one.applied(tree))
        compile(changed, "changed", "exec")
        assert changed != ast.unparse(tree), one.key
    return {one.key for one in found}


def test_changes_are_made_within_the_scope_and_each_changes_the_text() -> None:
    """Every operator, none of another function, and texts for people stay."""
    keys = _texts("Box.take")
    assert {
        "with self.lock: … → if self.state in [PENDING, RUNNING]: …",
        "self.state in [PENDING, RUNNING] → not self.state in [PENDING, RUNNING]",
        "self.state in [PENDING, RUNNING] → self.state in [RUNNING]",
        "PENDING → RUNNING",
        "self.waiters.notify_all() → pass",
        "self.waiters.notify_all → self.waiters.notify",
        "for one in self.items[:]: … → for one in list(self.items[:])[1:]: …",
        "self.items[:] → self.items",
        "self.items.append(one); self.size += 1 → the other way round",
        "False → True",
        "1 → 2",
        "raise InvalidStateError('empty') → pass",
        "InvalidStateError('empty') → CancelledError('empty')",
    } <= keys
    assert not any("Give it" in key or key.startswith("return 1") for key in keys)
    assert _texts("Box.other") == {"return 1 → return None", "1 → 2"}


def test_equal_changes_are_told_apart() -> None:
    """By a number, so that a reason speaks of one of them."""
    tree = ast.parse("def f():\n    go()\n    stay()\n    go()\n")
    keys = [one.key for one in mutations(tree, ["f"]) if one.operator == "statement"]
    assert keys == ["go() → pass", "stay() → pass", "go() → pass #1"]


def test_the_standard_library_stays_as_it_is() -> None:
    """A change is in a module of its own."""
    subject = SUBJECTS["concurrent.Future"]
    change = next(one for one in subject.mutations() if one.function == "Future.set_result")
    module: Any = subject.loaded(change)
    assert module.Future is not Future
    assert module.__name__.startswith("changed_")
    assert futures._PyFuture.__module__ == "asyncio.futures"  # type: ignore[attr-defined]
    assert asyncio.futures.Future is asyncio.Future


def _tried(subject: str, target: str, function: str, change: str, runs: int = 60) -> Any:
    ours = SUBJECTS[subject]
    mutation = next(one for one in ours.mutations() if (one.function, one.key) == (function, change))
    return tried(lambda: target_of(ours, mutation, target, f"changed.{target}"), runs=runs, seconds=60)


@pytest.mark.parametrize(
    ("subject", "target", "function", "change"),
    [
        ("asyncio.Future", "asyncio.PyFuture", "Future.cancel", "self.__schedule_callbacks() → pass"),
        ("asyncio.Future", "asyncio.PyFuture", "Future.result", "return self._result → return None"),
        ("concurrent.Future", "concurrent.Future", "Future.running", "RUNNING → CANCELLED"),
        ("bridges", "asyncio.wrap_future", "wrap_future", "_chain_future(future, new_future) → pass"),
    ],
)
def test_a_plain_mistake_is_seen(subject: str, target: str, function: str, change: str) -> None:
    """Within a few dozen runs."""
    assert _tried(subject, target, function, change, 300).verdict == "killed"


@pytest.mark.parametrize("subject", ["asyncio.Future", "concurrent.Future", "bridges"])
def test_what_is_not_changed_survives(subject: str) -> None:
    """Loaded in the same way as what is; known bugs of this interpreter count for nothing."""
    ours = SUBJECTS[subject]
    target = next(iter(ours.targets))
    seen = tried(lambda: target_of(ours, None, target, "original"), runs=60, seconds=60, ignored=["L3"])
    assert seen.verdict == "survived", seen


def _hanging() -> Target:
    class Hangs(Future[Any]):
        def set_result(self, result: Any) -> None:
            while True:
                pass

    return evolve(find("concurrent.Future"), name="hangs", new_future=Hangs)


def test_the_limit_of_time_is_a_verdict_of_its_own() -> None:
    """It is neither killed nor alive."""
    assert tried(_hanging, runs=100, seconds=0.5).verdict == "timeout"


def test_every_reason_is_about_a_kind_and_a_subject_that_there_is() -> None:
    """A reason that nobody looks up is a mistake."""
    from tests.mutation.study import _reasons

    for entry in _reasons():
        assert entry["kind"] in KINDS
        assert entry["subject"] in SUBJECTS
        assert entry["reason"]
    assert reason_of("bridges", "nowhere", "nothing") == ("missed", "")
