"""Actors, points, blocking, and the ends of runs that do not end by themselves."""

from __future__ import annotations

import _thread
import contextvars
import threading
from contextlib import suppress
from typing import Any

import pytest

from futurefuzz.control import Abort, Control, carriers
from futurefuzz.control.takeover import controlled
from futurefuzz.errors import HarnessError
from tests.control.stage import Directed, Recorder, Wandering, play, spot

COLOUR: contextvars.ContextVar[str] = contextvars.ContextVar("colour", default="none")


def speaker(note: Recorder, name: str, times: int = 2) -> Any:
    """An actor that comes to so many points and says something after each."""

    def body(control: Control) -> None:
        for turn in range(times):
            control.point(spot())
            note(f"{name}{turn}")

    return body


def test_the_default_rule_runs_actors_one_after_another() -> None:
    """An explorer that always goes on lets each actor end before the next begins."""
    note = Recorder()
    control = play(Directed(), speaker(note, "a"), speaker(note, "b"))
    assert note == ["a0", "a1", "b0", "b1"]
    assert control.status == "completed"


def test_choices_decide_the_order_of_events() -> None:
    """Each choice lets exactly the chosen actor go on to its next point."""
    note = Recorder()
    control = play(Directed(0, 1, 0, 1, 0, 1), speaker(note, "a"), speaker(note, "b"))
    # start: a; a stands at its first point: b; b at its first: a, and so on
    assert note == ["a0", "b0", "a1", "b1"]
    assert control.choices == [0, 1, 0, 1, 0]  # b alone is left: no choice any more


def test_the_explorer_is_asked_only_where_there_is_a_choice() -> None:
    """With one actor alone there is nothing to choose."""
    explorer = Directed()
    control = play(explorer, speaker(Recorder(), "a", times=5))
    assert explorer.asked == []
    assert control.choices == []
    assert control.count == 5


def test_the_explorer_sees_who_could_go_in_ascending_order_and_timed_ones_last() -> None:
    """Ready actors come first, then those that wait with a timeout by deadline."""
    explorer = Directed(0, 1, 2)

    def waits(seconds: float) -> Any:
        return lambda control: control.block("nothing", "wait", seconds)

    play(explorer, waits(5), waits(1), speaker(Recorder(), "c"))
    assert explorer.asked[0] == (-1, [0, 1, 2])
    assert explorer.asked[1] == (0, [1, 2, 0])
    assert explorer.asked[2] == (1, [2, 1, 0])


def test_pending_tells_what_each_actor_announced() -> None:
    """The view shows an actor's event while it stands at a point, and None before its first and after its end."""
    seen: list[Any] = []

    class Watching(Directed):
        def choose(self, current: int, enabled: Any) -> int:
            seen.append([event and event.kind for event in self.view.pending])
            return super().choose(current, enabled)

    play(Watching(), speaker(Recorder(), "a", times=1), lambda control: control.point(spot("other")))
    assert seen == [[None, None], ["spot", None]]


def test_a_step_of_a_recorded_run_names_its_point_by_place() -> None:
    """Steps hold the actor, (name, place, occurrence), the event, who could go, and who went."""
    control = play(
        Directed(0, 1), speaker(Recorder(), "a", times=2), speaker(Recorder(), "b", times=1), record=True
    )
    assert control.steps is not None
    assert [(step.actor, step.key, step.enabled, step.chosen) for step in control.steps] == [
        (-1, ("", "start", 1), (0, 1), 0),
        (0, ("a", "spot", 1), (0, 1), 1),
        (1, ("b", "spot", 1), (0, 1), 1),
        (1, ("b", "end", 1), (0,), 0),
        (0, ("a", "spot", 2), (0,), 0),
    ]


@pytest.mark.parametrize("seed", range(20))
def test_recording_changes_nothing(seed: int) -> None:
    """The same choices give the same events whether or not the run is recorded."""
    plain, recorded = Recorder(), Recorder()
    first = play(Wandering(seed), *(speaker(plain, name, 4) for name in "abc"))
    second = play(Wandering(seed), *(speaker(recorded, name, 4) for name in "abc"), record=True)
    assert plain == recorded
    assert first.choices == second.choices


def test_replayed_choices_give_the_same_run() -> None:
    """A run is a function of its choices."""
    note, again = Recorder(), Recorder()
    control = play(Wandering(7), *(speaker(note, name, 5) for name in "abc"))
    play(Directed(*control.choices), *(speaker(again, name, 5) for name in "abc"))
    assert note == again


def test_only_one_actor_runs_at_a_time() -> None:
    """Between two points nobody else runs, on real threads of their own."""
    inside = 0
    idents: set[int] = set()

    def body(control: Control) -> None:
        nonlocal inside
        for _ in range(50):
            control.point(spot())
            idents.add(_thread.get_ident())
            inside += 1
            assert inside == 1
            sum(range(200))
            inside -= 1

    play(Wandering(1), body, body, body)
    assert len(idents) == 3


def test_each_actor_has_a_context_of_its_own_on_pooled_threads() -> None:
    """Context variables set in one run or by one actor are not seen by another."""
    seen: list[str] = []

    def body(control: Control) -> None:
        seen.append(COLOUR.get())
        COLOUR.set("red")
        control.point(spot())

    for _ in range(3):
        play(Wandering(1), body, body, body)
    assert seen == ["none"] * 9
    assert COLOUR.get() == "none"


def test_a_blocked_actor_goes_on_after_unblock() -> None:
    """block returns True when somebody unblocked, and no virtual time has passed."""
    note = Recorder()

    def waiter(control: Control) -> None:
        note("woken", control.block("a sign", "wait", 9.0))

    def waker(control: Control) -> None:
        note("wakes")
        control.unblock(0)

    control = play(Directed(0), waiter, waker)
    assert note == ["wakes", ("woken", True)]
    assert control.time == 0.0


def test_who_is_woken_takes_its_place_in_ascending_order() -> None:
    """The order in which actors can be chosen does not tell who was woken first."""
    explorer = Directed(0, 1)

    def waiter(control: Control) -> None:
        control.block("a sign", "wait")

    def waker(control: Control) -> None:
        control.unblock(1)
        control.unblock(0)
        control.point(spot())

    play(explorer, waiter, waiter, waker)
    assert explorer.asked[-2] == (2, [0, 1, 2])


def test_a_timeout_expires_in_virtual_time() -> None:
    """block returns False when its timeout was chosen, and the clock stands where it expired."""
    note = Recorder()
    control = play(Directed(), lambda control: note(control.block("a sign", "wait", 3600.0)))
    assert note == [False]
    assert control.time == 3600.0


def test_a_timer_may_be_late_or_early_only_by_choice() -> None:
    """With timers as choices one may expire while others are ready; without, only when nobody is."""
    for timers_are_choices, expected in ((True, ["late", "a0", "a1"]), (False, ["a0", "a1", "late"])):
        note = Recorder()

        def waiter(control: Control, note: Recorder = note) -> None:
            control.block("a sign", "wait", 1.0)
            note("late")

        explorer = Directed(1, 1) if timers_are_choices else Directed(1)
        play(explorer, speaker(note, "a"), waiter, timers_are_choices=timers_are_choices)
        assert note == expected


def test_timers_that_are_no_choices_expire_in_order_of_their_deadlines() -> None:
    """Virtual time never runs backwards."""
    note = Recorder()

    def sleeper(seconds: float) -> Any:
        def body(control: Control) -> None:
            control.block("sleep", "sleep", seconds)
            note(control.time)

        return body

    play(Directed(), sleeper(3), sleeper(1), sleeper(2), timers_are_choices=False)
    assert note == [1.0, 2.0, 3.0]


def test_a_deadlock_is_seen_and_told() -> None:
    """When nobody can go on, the run is stuck and says who waits for what since where."""
    note = Recorder()

    def body(control: Control) -> None:
        try:
            control.block("Godot", "wait")
        except Abort:
            note(f"{control.names[control.current]} unwound")
            raise

    control = play(Wandering(1), body, body, site=lambda index: f"act {index}")
    assert control.status == "stuck"
    assert [(b.actor, b.resource, b.place) for b in control.blocked] == [
        ("a", "Godot", "act 0"),
        ("b", "Godot", "act 1"),
    ]
    assert sorted(note) == ["a unwound", "b unwound"]


def test_on_idle_may_help() -> None:
    """Before a run is given up, the owner may wake somebody."""
    asked: list[int] = []
    control: Any = None

    def help_() -> bool:
        asked.append(1)
        control.unblock(0)
        return len(asked) == 1

    def body(running: Control) -> None:
        nonlocal control
        control = running
        running.block("help", "wait")

    after = play(Directed(), body, on_idle=help_)
    assert asked == [1]
    assert after.status == "completed"


def test_a_livelock_is_cut_at_the_step_bound() -> None:
    """Actors that never end are unwound after so many points, wherever they are."""
    ended: list[str] = []

    def body(control: Control) -> None:
        try:
            while True:
                control.point(spot())
        finally:
            ended.append(control.names[control.current])

    control = play(Wandering(3), body, body, body, step_bound=100)
    assert control.status == "livelock"
    assert control.count == 101
    assert sorted(ended) == ["a", "b", "c"]


def test_actors_that_were_never_started_are_not_started_to_be_unwound() -> None:
    """An aborted run performs nothing more."""
    note = Recorder()

    def endless(control: Control) -> None:
        while True:
            control.point(spot())

    play(Directed(), endless, speaker(note, "b"), step_bound=10)
    assert note == []


def test_abort_reaches_every_kind_of_suspension() -> None:
    """Actors at a point, blocked, blocked with a timeout, and not started are all unwound."""
    note = Recorder()

    def unwound(name: str, action: Any) -> Any:
        def body(control: Control) -> None:
            try:
                action(control)
            finally:
                note(name)

        return body

    def endless(control: Control) -> None:
        while True:
            control.point(spot())

    # a blocks for ever, b with a timeout, c stands at a point, d runs into the bound, e never starts
    explorer = Directed(0, 1, 2, 3, *[3] * 30)
    control = play(
        explorer,
        unwound("a", lambda control: control.block("x", "wait")),
        unwound("b", lambda control: control.block("x", "wait", 5.0)),
        unwound("c", lambda control: control.point(spot())),
        unwound("d", endless),
        lambda control: note("e"),
        step_bound=20,
    )
    assert control.status == "livelock"
    assert sorted(note) == ["a", "b", "c", "d"]


def swallowing(control: Control) -> None:
    """A careless target: it lets nothing stop it."""
    while True:
        with suppress(BaseException):
            control.point(spot())


def test_an_actor_that_swallows_every_abort_is_left_behind_and_the_run_ends() -> None:
    """Its thread is parked for ever; the others are unwound and the pool serves later runs."""
    note = Recorder()

    def victim(control: Control) -> None:
        try:
            while True:
                control.point(spot())
        finally:
            note("unwound")

    for _ in range(2):
        control = play(Wandering(2), victim, swallowing, victim, step_bound=50)
        assert control.status == "livelock"
    assert note == ["unwound"] * 4
    assert play(Wandering(1), speaker(Recorder(), "a"), speaker(Recorder(), "b")).status == "completed"


def test_an_actor_that_swallows_aborts_for_a_while_is_unwound() -> None:
    """A retry that gives up in the end costs nothing but time."""
    tries = 0

    def stubborn(control: Control) -> None:
        nonlocal tries
        for _ in range(200):
            try:
                control.point(spot())
            except Abort:
                tries += 1

    before = carriers.pooled()
    control = play(Wandering(2), stubborn, stubborn, step_bound=20)
    assert control.status == "livelock"
    assert tries > 300
    assert carriers.pooled() >= before


def test_quiet_points_do_not_abort() -> None:
    """Out of a finaliser no exception can travel: an unwinding run passes its points, and those declared quiet."""
    note = Recorder()

    def body(control: Control) -> None:
        try:
            while True:
                control.point(spot())
        except Abort:
            control.point(spot("del"))
            control.point(spot("eq"))
            note("passed")
            with pytest.raises(Abort):
                control.point(spot("other"))
            raise

    play(Directed(), body, step_bound=5, quiet=frozenset({"eq"}))
    assert note == ["passed"]


def test_a_loop_of_quiet_points_is_unwound_in_the_end() -> None:
    """A target that goes round in nothing but call-outs cannot hold up the end of a run."""

    def body(control: Control) -> None:
        while True:
            control.point(spot("eq"))

    assert play(Directed(), body, step_bound=5, quiet=frozenset({"eq"})).status == "livelock"


class Raising(Directed):
    def choose(self, current: int, enabled: Any) -> int:
        if len(self.asked) == 3:
            raise LookupError("out of ideas")
        return super().choose(current, enabled)


@pytest.mark.parametrize(
    ("explorer", "text"),
    [
        (Directed(7), "explorer directed chose actor 7; allowed: [0, 1]"),
        (Directed(0, 1, -1), "explorer directed chose actor -1; allowed: [0, 1]"),
        (Directed(0, None), "explorer directed chose actor None; allowed: [0, 1]"),  # type: ignore[arg-type]
        (Raising(0, 1, 0), "explorer directed failed: LookupError('out of ideas')"),
    ],
)
def test_an_explorer_that_fails_is_the_harness_error_of_that_run_alone(explorer: Directed, text: str) -> None:
    """Nonsense from an explorer unwinds the run and is told; the next run is as good as any."""
    for _ in range(2):
        play(Wandering(1), speaker(Recorder(), "a"), speaker(Recorder(), "b"))
    pool = carriers.pooled()
    with pytest.raises(HarnessError) as caught:
        play(explorer, speaker(Recorder(), "a", 5), speaker(Recorder(), "b", 5))
    assert str(caught.value) == text
    note = Recorder()
    play(Directed(), speaker(note, "a", 1), speaker(note, "b", 1))
    assert note == ["a0", "b0"]
    assert carriers.pooled() == pool


def test_a_body_that_lets_an_exception_out_is_a_harness_error() -> None:
    """Bodies are the harness's own code: what escapes them is not a finding."""

    def broken(control: Control) -> None:
        control.point(spot())
        raise ZeroDivisionError("oops")

    with pytest.raises(HarnessError, match=r"b let ZeroDivisionError\('oops'\) out of its body") as caught:
        play(Wandering(1), speaker(Recorder(), "a"), broken)
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_run_without_actors_is_refused() -> None:
    """There is nothing to run."""
    with pytest.raises(HarnessError, match="needs at least one actor"):
        play(Directed())


class FullDisk(list[Any]):
    def append(self, item: Any) -> None:
        if len(self) == 2:
            raise OSError("no space left")
        super().append(item)


@pytest.mark.parametrize("where", ["choices", "steps"])
def test_a_journal_that_cannot_be_written_is_a_harness_error(where: str) -> None:
    """A caller's own list that fails does not look like an exception of the target."""
    with pytest.raises(HarnessError, match=r"could not be noted: OSError\('no space left'\)"):
        play(
            Wandering(1),
            speaker(Recorder(), "a"),
            speaker(Recorder(), "b"),
            record=True,
            **{where: FullDisk()},
        )


def test_helping_that_fails_is_a_harness_error() -> None:
    """An owner whose on_idle raises does not leave threads waiting for ever."""

    def on_idle() -> bool:
        raise RuntimeError("no idea")

    with pytest.raises(HarnessError, match=r"helping failed: RuntimeError\('no idea'\)"):
        play(Wandering(1), lambda c: c.block("x", "wait"), lambda c: c.block("y", "wait"), on_idle=on_idle)


def test_a_thread_that_cannot_be_started_is_a_harness_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """All threads are found before anybody runs, so that there is a way back."""
    note = Recorder()
    monkeypatch.setattr(carriers, "_idle", [])

    def refuse(*_: Any) -> None:
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(carriers, "_start_new_thread", refuse)
    with pytest.raises(HarnessError, match="could not be started: can't start new thread"):
        play(Directed(), speaker(note, "a"), speaker(note, "b"))
    assert note == []


def test_actors_may_be_added_from_inside_the_run() -> None:
    """A spawned actor takes part from then on."""
    note = Recorder()

    def parent(control: Control) -> None:
        control.spawn("child", lambda: note("child"))
        control.point(spot())
        note("parent")

    control = play(Directed(1), parent)
    assert note == ["child", "parent"]
    assert control.names == ["a", "child"]


def test_a_run_may_be_carried_by_any_thread() -> None:
    """The thread that calls run carries the first actor."""
    result: list[Any] = []

    def elsewhere() -> None:
        note = Recorder()
        play(Directed(0, 1, 0, 1, 0), speaker(note, "a"), speaker(note, "b"))
        result.extend(note)

    thread = threading.Thread(target=elsewhere)
    thread.start()
    thread.join()
    assert result == ["a0", "b0", "a1", "b1"]


def test_runs_cannot_be_nested() -> None:
    """A run inside a run is refused, and the outer one goes on unharmed."""
    note = Recorder()

    def body(control: Control) -> None:
        with pytest.raises(HarnessError, match="cannot be nested"):
            play(Directed(), speaker(note, "x"))
        control.point(spot())
        note("went on")

    assert play(Directed(), body, body).status == "completed"
    assert note == ["went on", "went on"]


def test_a_finished_control_keeps_no_bodies() -> None:
    """What made a control does not stay alive in circles with it."""
    control = play(Directed(), speaker(Recorder(), "a"))
    assert control._actors == []


def test_points_outside_a_run_are_nothing() -> None:
    """Objects that outlive their run may still call out."""
    control = play(Directed(), speaker(Recorder(), "a"))
    control.point(spot())
    with pytest.raises(HarnessError, match="outside the run"):
        control.block("x", "wait")


def test_controlled_gives_everything_back_after_an_error() -> None:
    """The names of threading are its own again, whatever happened."""
    before = (threading.Lock, threading.RLock)
    with suppress(ZeroDivisionError), controlled(Control(Directed())):
        assert threading.Lock is not before[0]
        raise ZeroDivisionError
    assert (threading.Lock, threading.RLock) == before
