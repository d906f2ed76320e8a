"""Without a GIL threads really run at the same time: what `explore` and `explore --stress` see there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from futurefuzz.exploring import entry
from futurefuzz.exploring.api import explore
from futurefuzz.exploring.models import DEFAULT
from futurefuzz.exploring.stress import is_parallel, stress
from tests.exploring import planted

pytestmark = pytest.mark.skipif(not is_parallel(), reason="this Python has a GIL")

#: two threads give each future a result at the same time, as well as they can
WINNERS = """\
import asyncio, threading
from concurrent.futures import Future, InvalidStateError

def many(make, refused):
    futures = [make() for _ in range(200)]
    for future in futures:
        future.add_done_callback(lambda future: None)
    won, here = [], []

    def resolve(value):
        for number, future in enumerate(futures):
            here.append(number)
            spins = 0
            while here.count(number) < 2 and spins < 200:
                spins += 1
            try:
                future.set_result(value)
            except refused:
                continue
            won.append(number)

    threads = [threading.Thread(target=resolve, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(won) == list(range(200)), "not one winner each"

def test_asyncio():
    loop = asyncio.new_event_loop()
    try:
        many(loop.create_future, asyncio.InvalidStateError)
    finally:
        loop.close()

def test_concurrent():
    many(Future, InvalidStateError)
"""


def _stress(folder: Path, name: str, **budget: Any) -> Any:
    (folder / "winners.py").write_text(WINNERS)
    return stress(entry.load(entry.named(f"{folder / 'winners.py'}::{name}")), seed=1, **budget)


def test_the_strongest_model_is_the_default_and_finds_what_needs_no_gil() -> None:
    """`+=` on an attribute is split."""
    assert DEFAULT == "free-threaded"
    (finding,) = explore(planted.bare_counter, seed=1, runs=300).failures
    assert finding.model == "free-threaded"


@pytest.mark.slow
def test_stress_sees_two_winners_of_the_future_in_c(tmp_path: Path) -> None:
    """The positive control: `asyncio.Future` in C is not safe there, and real threads show it, or it crashes."""
    hits = 0
    for _ in range(10):  # as often as a busy machine needs for its threads to meet
        found = _stress(tmp_path, "test_asyncio", rounds=100, seconds=30.0)
        hits += sum(count for _, count in found.hits)
        if hits:
            break
    assert hits
    assert found.overlapped


@pytest.mark.slow
def test_stress_sees_nothing_of_the_future_of_threads(tmp_path: Path) -> None:
    """The negative control, in rounds whose threads did overlap: `concurrent.futures.Future` has one winner."""
    found = _stress(tmp_path, "test_concurrent", rounds=60, seconds=60.0)
    assert found.hits == ()
    assert found.overlapped
