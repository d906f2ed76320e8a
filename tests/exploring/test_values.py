"""The timeline says what threads read and wrote where they came between each other."""

from __future__ import annotations

import asyncio
import concurrent.futures
import re
import threading
from collections import deque
from typing import Any

import pytest

from futurefuzz.exploring.api import explore
from futurefuzz.exploring.shown import has_state, shown
from tests.exploring import planted


class Loud:
    """Its own code must not be run to show it."""

    def __repr__(self) -> str:
        raise AssertionError("asked for its repr")

    def __eq__(self, other: object) -> bool:
        raise AssertionError("compared")

    def __hash__(self) -> int:
        return 1

    def __getattribute__(self, name: str) -> Any:
        raise AssertionError(f"asked for {name}")


def _values(function: Any, model: str = "operation", **options: Any) -> tuple[Any, list[str]]:
    (finding,) = explore(function, seed=1, model=model, **options).failures
    rows = [f"{row.thread}: {value}" for row in finding.rows for value in row.values]
    return finding, rows


def test_a_lost_update_is_told_with_what_was_read_and_written() -> None:
    """Both threads read 0 and write 1, and the main thread sees that; the sentence names the three places."""
    finding, values = _values(planted.split_counter, check=lambda total: total == 2)
    assert values == [
        "main: writes total = 0",
        "Thread-1 (add): reads total -> 0",
        "Thread-2 (add): reads total -> 0",
        "Thread-2 (add): writes total = 1",
        "Thread-1 (add): writes total = 1",
        "main: reads total -> 1",
    ]
    assert finding.race == (
        "Thread-1 (add) reads total -> 0 (planted.py:63), then Thread-2 (add) writes total = 1 (planted.py:65), "
        "then Thread-1 (add) writes total = 1 (planted.py:65)"
    )


class _Cache:
    def __init__(self) -> None:
        self.known: set[int] = set()
        self.computed = 0
        self.lock = threading.Lock()

    def get(self) -> None:
        with self.lock:
            if 1 in self.known:
                return
        with self.lock:
            self.computed += 1
            self.known.add(1)


def _compute_twice() -> int:
    cache = _Cache()
    threads = [threading.Thread(target=cache.get, name=name) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return cache.computed


def test_who_only_sets_up_and_looks_in_the_end_is_no_side_of_the_race() -> None:
    """The main thread's 0 from before the others began says nothing; what both of them wrote does."""
    finding, _ = _values(_compute_twice, check=lambda computed: computed == 1)
    told = re.sub(r" \(test_values\.py:\d+\)", "", finding.race)
    assert told == (
        "two writes self.computed = 1, then one writes self.computed = 2, then main reads cache.computed -> 2"
    )


def test_a_split_inside_a_line_shows_the_read_before_and_the_write_after_it() -> None:
    """`+=` on an attribute without a GIL: the value that was read is the old one, whoever wrote meanwhile."""
    finding, values = _values(planted.bare_counter, "free-threaded")
    assert values[:4] == [
        "Thread-1 (add): reads account.balance -> 0",
        "Thread-2 (add): reads account.balance -> 0",
        "Thread-2 (add): writes account.balance = 1",
        "Thread-1 (add): writes account.balance = 1",
    ]
    assert "reads account.balance -> 0" in finding.race


def test_items_and_containers_are_told_too() -> None:
    """A list's item is read and written, and a list that is appended to is shown before and after."""
    _, values = _values(planted.appended, "gil")
    assert "Thread-1 (add): reads total[0] -> 0" in values
    assert "Thread-2 (add): calls seen.append(before) on [0]" in values
    assert "Thread-2 (add): makes it [0, 0]" in values
    assert not any("finds" in value for value in values)  # the call had returned before the switch


def test_a_thread_that_stood_still_in_a_call_finds_another_state() -> None:
    """The future was pending when `set_result` was called, and is cancelled when it goes on."""
    finding, values = _values(planted.done_then_set)
    at = values.index("worker: calls future.set_result(1) on <Future pending>")
    assert values[at:] == [
        "worker: calls future.set_result(1) on <Future pending>",
        "main: makes it <Future cancelled>",
        "worker: finds it <Future cancelled>",
    ]
    assert finding.race.endswith("then worker finds it <Future cancelled> in future.set_result(1) (planted.py:47)")


def test_values_never_run_the_code_of_the_program_and_change_no_run() -> None:
    """An object that breaks when it is looked at is shown by its type, and what is set up before is not shown."""

    def body() -> int:
        box = [Loud(), 0]
        done = threading.Event()
        lock = threading.Lock()

        def add() -> None:
            with lock:
                seen = box[1]
            with lock:
                box[1] = seen + 1  # type: ignore[operator]
            done.set()

        threads = [threading.Thread(target=add) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        box.append(box[0])
        return box[1]  # type: ignore[return-value]

    finding, values = _values(body, check=lambda total: total == 2)
    assert finding.confirmed == (3, 3)
    assert "Thread-1 (add): reads box[1] -> 0" in values
    assert "Thread-1 (add): calls done.set() on <Event set>" in values
    assert not any("lock" in value for value in values)


def test_every_line_is_shown_on_every_interpreter() -> None:
    """Also those without a point, and on 3.11."""
    (finding,) = explore(planted.bare_counter, seed=1, model="free-threaded").failures
    texts = [row.text for row in finding.rows]
    assert "threads = [threading.Thread(target=add) for _ in range(2)]" in texts
    assert "thread.start()" in texts


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "None"),
        (True, "True"),
        (3, "3"),
        (10**40, "<int of 133 bits>"),
        ("it's", '"it\'s"'),
        ("a" * 100, "'aaaaaaaaaaaaaaaaaaaa'.."),
        ([1, (2,), {}], "[1, (2,), {}]"),
        ([1, 2, 3, 4, 5, 6], "[1, 2, 3, 4, .. 6 in all]"),
        ({"a": [[[1]]]}, "{'a': [[[..]]]}"),
        ({3, 1, 2}, "{1, 2, 3}"),
        (set(), "set()"),
        ({1, "a"}, "<set of 2>"),
        (deque([1]), "deque([1])"),
        (Loud, "<class Loud>"),
        (threading.Event(), "<Event not set>"),
        (concurrent.futures.Future(), "<Future pending>"),
        (len, "<builtin_function_or_method>"),
    ],
)
def test_a_value_in_a_few_characters(value: object, text: str) -> None:
    """Builtin values are written out, with what is in them; of the others only the type, without addresses."""
    assert shown(value) == text


def test_an_object_is_shown_without_asking_it() -> None:
    """Neither `repr` nor anything else of its own is called, inside a list neither."""
    assert shown([Loud()]) == "[<Loud>]"
    assert not has_state(Loud())
    assert has_state([])


def test_futures_of_asyncio_say_their_state() -> None:
    """In C and in Python, tasks too, and subclasses."""

    class Mine(asyncio.Future):  # type: ignore[type-arg]
        pass

    async def body() -> list[str]:
        loop = asyncio.get_running_loop()
        futures: list[Any] = [asyncio.Future(), asyncio.futures._PyFuture(), Mine(loop=loop)]  # type: ignore[attr-defined]
        futures[0].set_result(1)
        futures[1].cancel()
        return [shown(each) for each in (*futures, asyncio.current_task())]

    assert asyncio.run(body()) == ["<Future finished>", "<Future cancelled>", "<Mine pending>",
                                   "<Task pending>"]  # fmt: skip
