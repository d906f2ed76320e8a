"""Virtual locks, and what CPython builds on them, against the real ones."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from typing import Any

import pytest

from futurefuzz.control import Abort, Control
from tests.control.stage import Directed, Recorder, Wandering, play, spot

SEEDS = range(40)


def attempt(action: Callable[[], Any]) -> str:
    """What a call comes to, as text."""
    try:
        return repr(action())
    except Exception as error:
        return f"{type(error).__name__}: {error}"


def lock_alone() -> list[str]:
    """All that one thread can do to a Lock."""
    lock = threading.Lock()
    return [
        attempt(lock.release),
        attempt(lock.locked),
        attempt(lock.acquire),
        attempt(lock.locked),
        attempt(lambda: lock.acquire(False)),
        attempt(lambda: lock.acquire(blocking=False)),
        attempt(lambda: lock.acquire(timeout=0)),
        attempt(lambda: lock.acquire(True, 0.001)),
        attempt(lambda: lock.acquire(False, 1)),
        attempt(lambda: lock.acquire(timeout=-2)),
        attempt(lock.release),
        attempt(lock.release),
        attempt(lambda: [lock.__enter__(), lock.__exit__(None, None, None), lock.locked()]),
    ]


def rlock_alone() -> list[str]:
    """All that one thread can do to an RLock."""
    lock = threading.RLock()
    return [
        attempt(lock.release),
        attempt(lock.acquire),
        attempt(lambda: lock.acquire(False)),
        attempt(lambda: lock.acquire(timeout=1)),
        attempt(lambda: lock.acquire(False, 1)),
        attempt(lambda: lock.acquire(timeout=-3)),
        attempt(lambda: lock._is_owned()),  # type: ignore[attr-defined]
        attempt(lambda: lock._recursion_count() if hasattr(lock, "_recursion_count") else 3),
        attempt(lock.release),
        attempt(lock.release),
        attempt(lock.release),
        attempt(lock.release),
        attempt(lambda: [lock.__enter__(), lock.__enter__(), lock.__exit__(None, None, None)]),
        attempt(lambda: lock._is_owned()),  # type: ignore[attr-defined]
    ]


def condition_alone() -> list[str]:
    """A Condition over each kind of lock."""
    found = []
    for lock in (None, threading.Lock(), threading.RLock()):
        condition = threading.Condition(lock)
        found += [attempt(condition.notify), attempt(condition.wait), attempt(condition.acquire)]
        found += [attempt(condition.notify), attempt(lambda c=condition: c.wait(0.001))]  # type: ignore[misc]
        found += [attempt(lambda c=condition: c.wait_for(lambda: False, 0.001))]  # type: ignore[misc]
        found += [attempt(condition.release), attempt(condition.release)]
    return found


def signals_alone() -> list[str]:
    """Event, Semaphore, BoundedSemaphore, Barrier."""
    event, semaphore, bounded = threading.Event(), threading.Semaphore(2), threading.BoundedSemaphore(1)
    barrier = threading.Barrier(1)
    return [
        attempt(event.is_set),
        attempt(lambda: event.wait(0.001)),
        attempt(event.set),
        attempt(event.wait),
        attempt(event.clear),
        attempt(event.is_set),
        *(attempt(lambda: semaphore.acquire(blocking=False)) for _ in range(3)),
        attempt(lambda: semaphore.acquire(timeout=0.001)),
        attempt(lambda: semaphore.acquire(blocking=False, timeout=1)),
        attempt(lambda: semaphore.release(2)),
        attempt(bounded.release),
        attempt(lambda: [bounded.acquire(), bounded.release()]),
        attempt(barrier.wait),
        attempt(barrier.abort),
        attempt(barrier.wait),
    ]


def queues_alone() -> list[str]:
    """Every queue class, empty and full."""
    found = []
    for make in (lambda: queue.Queue(1), lambda: queue.LifoQueue(1), lambda: queue.PriorityQueue(1), queue.SimpleQueue):
        q: Any = make()
        found += [
            attempt(lambda q=q: q.get(False)),
            attempt(lambda q=q: q.get(timeout=0.001)),
            attempt(lambda q=q: q.get(timeout=-1)),
            attempt(lambda q=q: q.put(1)),
            attempt(q.empty),
            attempt(q.qsize),
            attempt(q.get_nowait),
            attempt(q.get_nowait),
        ]
    return found


@pytest.mark.parametrize("script", [lock_alone, rlock_alone, condition_alone, signals_alone, queues_alone])
def test_one_thread_alone_cannot_tell_them_from_the_real_ones(script: Callable[[], list[str]]) -> None:
    """Results, exceptions and their texts are those of the real classes."""
    real = script()
    found: list[str] = []
    control = play(Directed(), lambda control: found.extend(script()))
    assert found == real
    assert control.status == "completed"


class NoLock:
    def __enter__(self) -> None: ...

    def __exit__(self, *_: object) -> None: ...


def increments(seed: int, make: Callable[[], Any]) -> int:
    """Three actors count to three each; the sum that they come to."""
    total: list[int] = [0]

    def prepare(control: Control) -> None:
        nonlocal lock
        lock = make()

    lock: Any = None

    def body(control: Control) -> None:
        for _ in range(3):
            with lock:
                value = total[0]
                control.point(spot())
                total[0] = value + 1

    control = play(Wandering(seed), body, body, body, prepare=prepare)
    assert control.status == "completed"
    return total[0]


@pytest.mark.parametrize(
    "make",
    [
        lambda: threading.Lock(),
        lambda: threading.RLock(),
        lambda: threading.Condition(),
        lambda: threading.Semaphore(1),
        lambda: threading.Condition(threading.Lock()),
    ],
)
def test_locks_exclude_each_other(make: Callable[[], Any]) -> None:
    """No schedule loses an update inside a lock."""
    assert [increments(seed, make) for seed in SEEDS] == [9] * len(SEEDS)


def test_without_a_lock_updates_are_lost() -> None:
    """The twin: the same program without a lock loses updates, so the test above can fail."""
    assert min(increments(seed, NoLock) for seed in SEEDS) < 9


def test_any_waiter_may_win_a_released_lock() -> None:
    """A real lock promises no order among those who wait."""
    winners = set()
    for seed in SEEDS:
        note = Recorder()
        locks: list[Any] = []

        def prepare(control: Control, locks: list[Any] = locks) -> None:
            locks.append(threading.Lock())

        def holder(control: Control, locks: list[Any] = locks) -> None:
            with locks[0]:
                for _ in range(6):
                    control.point(spot())

        def waiter(control: Control, locks: list[Any] = locks, note: Recorder = note) -> None:
            with locks[0]:
                note(control.names[control.current])

        play(Wandering(seed), holder, waiter, waiter, prepare=prepare)
        winners.add(note[0])
    assert winners == {"b", "c"}


def test_everybody_who_waits_for_a_released_lock_can_be_chosen() -> None:
    """Also the one who came last."""
    made: list[Any] = []
    explorer = Directed(0, 0, 1, 1, 2, 2)

    def prepare(control: Control) -> None:
        made.append(threading.Lock())

    def holder(control: Control) -> None:
        with made[0]:
            control.point(spot())
        control.point(spot("after"))

    def waiter(control: Control) -> None:
        with made[0]:
            pass

    # a holds it; b waits, then c; a gives it up and stands at its last point
    play(explorer, holder, waiter, waiter, prepare=prepare)
    assert explorer.asked[4:7] == [(1, [0, 2]), (2, [0, 2]), (0, [0, 1, 2])]


def test_a_lock_may_be_released_by_another_thread_but_not_an_rlock() -> None:
    """As the documentation of threading has it."""
    note = Recorder()
    made: dict[str, Any] = {}

    def first(control: Control) -> None:
        made["lock"], made["rlock"] = threading.Lock(), threading.RLock()
        made["lock"].acquire()
        made["rlock"].acquire()
        control.block("the other", "wait")

    def second(control: Control) -> None:
        note(attempt(made["lock"].release), attempt(made["rlock"].release), made["rlock"]._is_owned())
        control.unblock(0)

    play(Directed(0), first, second)
    assert note == [("None", "RuntimeError: cannot release un-acquired lock", False)]


def test_a_deadlock_of_two_locks_is_told_in_words() -> None:
    """Two locks taken in opposite orders: who waits for which lock, held by whom, at the moment of the deadlock."""
    locks: list[Any] = []

    def prepare(control: Control) -> None:
        locks.extend([threading.Lock(), threading.RLock()])

    def taking(one: int, two: int) -> Callable[[Control], None]:
        def body(control: Control) -> None:
            with locks[one]:
                control.point(spot())
                with locks[two]:
                    pass

        return body

    # a takes its first lock and stands inside; b does; then both want the other's
    control = play(Directed(0, 0, 1, 1, 0, 0), taking(0, 1), taking(1, 0), prepare=prepare)
    assert control.status == "stuck"
    assert [(b.actor, b.resource) for b in control.blocked] == [
        ("a", "RLock 2, held by b"),
        ("b", "Lock 1, held by a"),
    ]
    assert not any(lock.locked() for lock in locks)  # unwinding has given them up


def test_a_thread_that_nobody_notifies_is_told_in_words() -> None:
    """What Condition.wait waits for is a lock of its own; the text says what that means."""

    def body(control: Control) -> None:
        threading.Event().wait()

    control = play(Directed(), body)
    assert control.status == "stuck"
    assert control.blocked[0].resource == "somebody to release its own Lock 2 (as a notification does)"


@pytest.mark.parametrize("seed", SEEDS)
def test_condition_wakes_exactly_the_notified(seed: int) -> None:
    """notify(1) lets one waiter through, notify_all the rest."""
    note = Recorder()
    made: list[Any] = []

    def prepare(control: Control) -> None:
        made.append(threading.Condition())

    def waiter(control: Control) -> None:
        with made[0]:
            made[0].wait()
            note("woken")

    def notifier(control: Control) -> None:
        while len(made[0]._waiters) < 2:
            control.point(spot())
        with made[0]:
            made[0].notify()
        while "woken" not in note:
            control.point(spot())
        note("all")
        with made[0]:
            made[0].notify_all()

    control = play(Wandering(seed), waiter, waiter, notifier, prepare=prepare)
    assert (control.status, list(note)) == ("completed", ["woken", "all", "woken"])


def test_a_wait_with_a_timeout_takes_virtual_time_only() -> None:
    """An hour's wait is over at once, and monotonic clocks inside the run have moved on by an hour."""
    note = Recorder()
    control = play(Directed(), lambda control: note(threading.Event().wait(3600)))
    assert note == [False]
    assert control.time == pytest.approx(3600)


@pytest.mark.parametrize("make", [lambda: queue.Queue(), lambda: queue.SimpleQueue()])
def test_a_queue_waits_in_virtual_time(make: Callable[[], Any]) -> None:
    """The queues read the same clock as those who wait."""
    note = Recorder()
    control = play(Directed(), lambda control: note(attempt(lambda: make().get(timeout=3600))), step_bound=100)
    assert note == ["Empty: "]
    assert (control.status, control.time) == ("completed", pytest.approx(3600))


def test_a_timed_acquire_gives_up_or_gets_the_lock() -> None:
    """Both outcomes of a race between a timeout and a release are explored."""
    outcomes = set()
    for seed in SEEDS:
        made: list[Any] = []

        def prepare(control: Control, made: list[Any] = made) -> None:
            made.append(threading.Lock())

        def holder(control: Control, made: list[Any] = made) -> None:
            with made[0]:
                control.point(spot())
                control.point(spot())

        def impatient(control: Control, made: list[Any] = made) -> None:
            got = made[0].acquire(timeout=1)
            outcomes.add(got)
            if got:
                made[0].release()

        assert play(Wandering(seed), holder, impatient, prepare=prepare).status == "completed"
        assert not made[0].locked()
    assert outcomes == {True, False}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("kind", ["Queue", "SimpleQueue"])
def test_queues_pass_everything_on_in_order(kind: str, seed: int) -> None:
    """One producer's items arrive in order whatever the schedule, through a bounded queue too."""
    got: list[int] = []
    made: list[Any] = []

    def prepare(control: Control) -> None:
        made.append(queue.Queue(1) if kind == "Queue" else queue.SimpleQueue())

    def producer(control: Control) -> None:
        for item in range(4):
            made[0].put(item)

    def consumer(control: Control) -> None:
        for _ in range(4):
            got.append(made[0].get())

    assert play(Wandering(seed), producer, consumer, prepare=prepare).status == "completed"
    assert got == [0, 1, 2, 3]


@pytest.mark.parametrize("seed", SEEDS)
def test_a_barrier_lets_nobody_through_early(seed: int) -> None:
    """All parties arrive before any goes on."""
    note = Recorder()
    made: list[Any] = []

    def prepare(control: Control) -> None:
        made.append(threading.Barrier(3))

    def party(control: Control) -> None:
        note("in")
        made[0].wait()
        note("out")

    assert play(Wandering(seed), party, party, party, prepare=prepare).status == "completed"
    assert note == ["in"] * 3 + ["out"] * 3


WAITS: dict[str, Callable[[], Any]] = {
    "Condition": lambda: waiting_on(threading.Condition()),
    "Condition over a Lock": lambda: waiting_on(threading.Condition(threading.Lock())),
    "Event": lambda: threading.Event().wait(),
    "Semaphore": lambda: threading.Semaphore(0).acquire(),
    "Barrier": lambda: threading.Barrier(2).wait(),
    "Queue": lambda: queue.Queue().get(),
    "SimpleQueue": lambda: queue.SimpleQueue().get(),
    "Lock": lambda: [lock.acquire() for lock in [threading.Lock()] for _ in range(2)],
}


def waiting_on(condition: threading.Condition) -> None:
    """Wait for a notification that never comes."""
    with condition:
        condition.wait()


@pytest.mark.parametrize("how", WAITS)
def test_a_stuck_wait_is_unwound_by_the_abort_itself(how: str) -> None:
    """Whatever an actor waits in, what it sees at the end is Abort and no other exception."""
    note = Recorder()

    def body(control: Control) -> None:
        try:
            WAITS[how]()
        except BaseException as error:
            note(type(error))
            raise

    control = play(Wandering(1), body, body)
    assert control.status == "stuck"
    assert note == [Abort, Abort]


def test_unwinding_in_a_locked_region_frees_the_lock() -> None:
    """A livelock inside `with` leaves no lock behind, nested re-entrant ones included."""
    made: list[Any] = []

    def prepare(control: Control) -> None:
        made.extend([threading.Lock(), threading.RLock()])

    def body(control: Control) -> None:
        while True:
            with made[0], made[1], made[1]:
                control.point(spot())

    control = play(Wandering(5), body, body, prepare=prepare, step_bound=60)
    assert control.status == "livelock"
    assert not any(lock.locked() for lock in made)


def test_a_lock_outside_of_runs_is_simply_taken() -> None:
    """A lock that outlives its run does not block those who look at what the run left."""
    made: list[Any] = []

    def body(control: Control) -> None:
        made.extend([threading.Lock(), threading.RLock(), threading.Condition()])
        made[0].acquire()
        made[1].acquire()

    play(Directed(), body)
    for lock in made:
        with lock:
            pass
    assert repr(made[0]) == "<virtual Lock 1, held by nobody>"


def test_a_lock_of_an_earlier_run_excludes_in_a_later_one() -> None:
    """A library that makes a lock at its first use and keeps it is as safe in the second run as in the first."""
    kept: list[Any] = []

    def once(kind: Callable[[], Any]) -> Any:
        if not kept:
            kept.append(kind())
        return kept[0]

    for kind in (lambda: threading.Lock(), lambda: threading.RLock(), lambda: threading.Condition()):
        kept.clear()
        assert [increments(seed, lambda kind=kind: once(kind)) for seed in SEEDS] == [9] * len(SEEDS)  # type: ignore[misc]


def test_a_lock_left_held_by_an_earlier_run_is_free_in_a_later_one() -> None:
    """Its holder does not exist any more."""
    made: list[Any] = []

    def holder(control: Control) -> None:
        made.extend([threading.Lock(), threading.RLock()])
        for lock in made:
            lock.acquire()

    play(Directed(), holder)
    assert play(Directed(), lambda control: [lock.acquire() for lock in made]).status == "completed"


def test_names_of_locks_count_from_one_in_every_run() -> None:
    """What an explorer sees of a lock does not depend on earlier runs."""
    names: list[str] = []

    def body(control: Control) -> None:
        names.append(repr(threading.Lock()))

    for _ in range(2):
        play(Directed(), body)
    assert names == ["<virtual Lock 1, held by nobody>"] * 2
