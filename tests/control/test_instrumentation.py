"""Points inside code: where they are, what they tell, which races they bring out, and that they leave no trace."""

from __future__ import annotations

import asyncio
import concurrent.futures._base
import dis
import gc
import importlib.util
import queue
import random
import sys
import threading
import weakref
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

import pytest

from futurefuzz import explorers
from futurefuzz.control import Control, bytecode, live_code
from futurefuzz.control.code_points import CodePoint
from futurefuzz.control.instrumentation import Instrumentation
from futurefuzz.control.loop import VirtualLoop
from futurefuzz.control.takeover import controlled
from futurefuzz.errors import InputError
from futurefuzz.explorers.dependence import ANYTHING
from tests.control import planted
from tests.control.stage import Directed, Recorder, Wandering

MODELS = ("gil", "free-threaded")

Body = Callable[[], object]


def run(points: Instrumentation, explorer: Any, *bodies: Body, **settings: Any) -> Control:
    """The bodies as actors `a`, `b`..., with points."""
    control = Control(explorer, **settings)
    assert explorer.begin(control)
    for name, body in zip("abcd", bodies, strict=False):
        control.spawn(name, points.carried(lambda body=body: body()))  # type: ignore[misc]
    with controlled(control):
        control.run()
    explorer.end(control)
    return control


def places(points: Instrumentation, *bodies: Body) -> list[str]:
    """What a single actor's points are called, without the file."""
    control = run(points, Directed(), *bodies, record=True)
    assert control.steps is not None
    return [step.event.kind.partition(":")[2] for step in control.steps if isinstance(step.event, CodePoint)]


def resources(points: Instrumentation, *bodies: Body) -> list[object]:
    """What a single actor's points touch."""
    control = run(points, Directed(), *bodies, record=True)
    assert control.steps is not None
    return [step.event.resource for step in control.steps if isinstance(step.event, CodePoint)]


@pytest.fixture(params=MODELS)
def points(request: pytest.FixtureRequest) -> Iterator[Instrumentation]:
    """In the planted module, under both models."""
    with Instrumentation([planted], model=request.param) as instrumentation:
        yield instrumentation


@pytest.fixture
def gil() -> Iterator[Instrumentation]:
    """In the planted module."""
    with Instrumentation([planted], model="gil") as instrumentation:
        yield instrumentation


@pytest.fixture
def free() -> Iterator[Instrumentation]:
    """In the planted module."""
    with Instrumentation([planted], model="free-threaded") as instrumentation:
        yield instrumentation


# ---- where points are ---------------------------------------------------------------------------------------------


def test_gil_points_are_entries_loops_and_returns_from_c(gil: Instrumentation) -> None:
    """Plain reads and writes and arithmetic are none."""
    account = planted.Account()
    once = planted.Once()
    assert places(gil, account.deposit) == ["Account.deposit:enter"]
    assert places(gil, once.perform) == ["Once.perform:enter", "Once.perform:after append()"]
    assert places(gil, lambda: planted.average([1, 2])) == [
        "average:enter",
        "average:after isinstance()",
        "average:after len()",
    ]
    assert places(gil, lambda: account.double) == ["Account.double:enter"]
    assert places(gil, lambda: planted.Account() in [account, account]) == [
        "Account.__init__:enter",
        *["Account.__eq__:enter"] * 2,
    ]


def test_a_loop_has_a_point_for_each_way_back(gil: Instrumentation) -> None:
    """Not for the way out of it."""
    found = places(gil, lambda: planted.countdown(3))
    assert found[0] == "countdown:enter"
    assert set(found[1:]) == {"countdown:loop"}
    assert len(found) - 1 in {2, 3}  # CPython 3.11 tests a `while` at its end


def test_a_return_from_python_code_is_no_point(gil: Instrumentation) -> None:
    """However it was called: as a method, as a bound method that was kept, at the end of a `with`."""
    account = planted.Account()

    class Room:
        def __enter__(self) -> None: ...

        def __exit__(self, *_error: object) -> None: ...

    room = Room()

    def body() -> None:
        kept = account.deposit
        kept()
        with room:
            account.deposit()

    gil.instrument_code(body.__code__)
    gil.instrument_code(Room.__enter__.__code__)
    gil.instrument_code(Room.__exit__.__code__)
    found = [place.rpartition(".")[2] for place in places(gil, body)]
    assert found == ["body:enter", "deposit:enter", "__enter__:enter", "deposit:enter", "__exit__:enter"]


def test_a_generator_has_a_point_when_it_is_resumed(gil: Instrumentation) -> None:
    """As the interpreter looks there."""
    assert places(gil, lambda: list(planted.numbers(2))) == [
        "numbers:enter",
        "numbers:after range()",
        "numbers:resume",
        "numbers:loop",
        "numbers:resume",
        "numbers:loop",
    ]


def test_coroutines_recursion_and_exceptions_go_through(points: Instrumentation) -> None:
    """The code does what it does without points."""
    seen = Recorder()

    def body() -> None:
        seen(sum(planted.numbers(5)))
        with pytest.raises(LookupError, match="top"):
            planted.climb(30)
        with pytest.raises(StopIteration) as stopped:
            planted.chain(5).send(None)
        seen(stopped.value.value)

    for seed in range(5):
        assert run(points, Wandering(seed), body, body).status == "completed"
    assert sorted(seen) == [5] * 10 + [10] * 10


def test_without_a_gil_every_shared_access_has_a_point_before_it(free: Instrumentation) -> None:
    """Attributes, items, rebound names of modules and closures; constants and locals are none."""
    account = planted.Account()
    assert places(free, account.deposit) == [
        "Account.deposit:enter",
        "Account.deposit:read n",
        "Account.deposit:write n",
    ]
    box = planted.Box(planted.Slots())
    assert places(free, box.touch) == [
        "Box.touch:enter",
        "Box.touch:read content",
        "Box.touch:write value",
        "Box.touch:read content",
        "Box.touch:read value",
        "Box.touch:read items",
        "Box.touch:write []",
    ]
    assert places(free, planted.add_to_total) == [
        "add_to_total:enter",
        "add_to_total:read total",
        "add_to_total:write total",
    ]
    add, read = planted.rebinding()
    accesses = [place for place in places(free, add) if "count" in place]
    assert [place.rpartition(":")[2] for place in accesses] == ["read count", "write count"]
    assert places(free, read)[-1].endswith("read count")


def test_every_point_knows_its_place(free: Instrumentation) -> None:
    """File, function, line, and what happens there; the kind has no line, so an edit elsewhere leaves it alone."""
    account = planted.Account()
    control = run(free, Directed(), account.deposit, record=True)
    assert control.steps is not None
    *_, write = [step.event for step in control.steps if isinstance(step.event, CodePoint)]
    first = planted.Account.deposit.__code__.co_firstlineno
    assert (write.function, write.line, write.what, write.write) == ("Account.deposit", first + 2, "write n", True)
    assert write.kind == f"{write.file}:Account.deposit:write n"
    assert write.file.endswith("planted.py")
    assert len(write) == 3  # explorers unpack it


def test_a_call_of_python_code_without_points_is_one_itself() -> None:
    """Its entry is where the interpreter looks; code with points has its own."""

    def uses(box: queue.Queue[int], account: planted.Account) -> None:
        box.full()
        account.deposit()

    with Instrumentation([planted], model="gil") as points:
        points.instrument_code(uses.__code__)
        found = places(points, lambda: uses(queue.Queue(), planted.Account()))
    name = uses.__qualname__
    assert found[-3:] == [f"{name}:enter", f"{name}:call full()", "Account.deposit:enter"]


def test_code_that_is_made_later_can_be_instrumented() -> None:
    """As a script's is before it is executed, with all functions inside it."""
    source = "shared = []\ndef work():\n    shared.append(1)\n    return [x for x in shared]\n"
    code = compile(source, "/somewhere/report.py", "exec")
    namespace: dict[str, Any] = {}
    with Instrumentation([], model="gil") as points:
        points.instrument_code(code)
        assert code in points
        exec(code, namespace)  # noqa: S102
        control = run(points, Directed(), namespace["work"], record=True)
    assert control.steps is not None
    kinds = [step.event.kind for step in control.steps if step.event is not None]
    assert kinds[:2] == ["report.py:work:enter", "report.py:work:after append()"]


def test_wrapped_functions_are_found() -> None:
    """Behind decorators, properties, static and class methods, closures."""
    with Instrumentation(["concurrent.futures._base", "asyncio.base_events"], model="gil") as points:
        assert concurrent.futures._base.Future.set_result.__code__ in points
        assert concurrent.futures._base.Executor.map.__code__ in points
        inner = [c for c in concurrent.futures._base.Executor.map.__code__.co_consts if isinstance(c, CodeType)]
        assert inner
        assert all(code in points for code in inner)
        assert asyncio.BaseEventLoop.call_soon.__code__ in points
        assert asyncio.events.AbstractEventLoop.call_soon.__code__ not in points
    with Instrumentation(["asyncio"], model="gil") as points:
        assert asyncio.events.AbstractEventLoop.call_soon.__code__ in points
        assert len(points) > 500
    assert len(points) == 0


@pytest.mark.parametrize("module", ["no.such.module", "sys", "futurefuzz", "futurefuzz.control", "random", ""])
def test_what_cannot_be_instrumented_is_refused(module: str) -> None:
    """By name, with what is allowed or why not."""
    with pytest.raises(InputError, match=r"instrument"):
        Instrumentation([module])


def test_an_unknown_model_is_refused() -> None:
    """With the ones that there are."""
    with pytest.raises(InputError, match="allowed: gil, free-threaded"):
        Instrumentation([planted], model="operation")


# ---- what they touch ----------------------------------------------------------------------------------------------


def test_objects_are_numbered_as_they_appear(free: Instrumentation) -> None:
    """From one in every run, whatever other objects there are in the process."""

    def body() -> None:
        one, two = planted.Account(), planted.Account()
        two.deposit()
        one.deposit()

    found = [(r[1], r[2]) for r in resources(free, body) if isinstance(r, tuple)]
    assert found == [
        ("Account 1", "n"), ("Account 1", "lock"), ("Account 2", "n"), ("Account 2", "lock"),
        ("Account 2", "n"), ("Account 2", "n"), ("Account 1", "n"), ("Account 1", "n"),
    ]  # fmt: skip
    assert [(r[1], r[2]) for r in resources(free, body) if isinstance(r, tuple)] == found


def test_what_has_no_number_has_its_type(free: Instrumentation) -> None:
    """So that equal labels may be two objects, and different ones never the same one."""
    box = planted.Box(planted.Slots())
    assert resources(free, box.touch)[1:] == [
        ("attribute", "Box 1", "content"),
        ("attribute", "Slots", "value"),
        ("attribute", "Box 1", "content"),
        ("attribute", "Slots", "value"),
        ("attribute", "Box 1", "items"),
        ("item", "dict", "[]"),
    ]


def test_looking_up_runs_no_code_of_the_program() -> None:
    """A property on the way to an object leaves it unknown: a point that may touch anything."""

    class Sly:
        calls = 0

        @property
        def inner(self) -> planted.Slots:
            Sly.calls += 1
            return planted.Slots()

        def use(self) -> None:
            self.inner.value = 1

    sly = Sly()
    with Instrumentation([], model="free-threaded") as points:
        points.instrument_code(Sly.use.__code__)
        found = resources(points, sly.use)
    assert Sly.calls == 1
    assert found == [None, ("attribute", f"{Sly.__qualname__} 1", "inner"), ANYTHING]


def test_hostile_objects_are_left_alone() -> None:
    """Neither equality, nor hashes, nor attributes, nor what an object says of its class are asked for."""

    class Hostile:
        def __getattribute__(self, name: str) -> Any:
            if name == "allowed":
                return 1
            raise AssertionError(name)

        def __call__(self, other: object) -> int:
            return 2

        def __eq__(self, other: object) -> bool:
            raise AssertionError("==")

        __hash__ = None  # type: ignore[assignment]

    def use(hostile: Hostile) -> None:
        hostile.allowed  # noqa: B018
        hostile(hostile)
        id(hostile)
        [hostile].append(hostile)

    with Instrumentation([], model="free-threaded") as points:
        points.instrument_code(use.__code__)
        points.instrument_code(Hostile.__call__.__code__)
        found = resources(points, lambda: use(Hostile()))
    assert ("attribute", f"{Hostile.__qualname__} 1", "allowed") in found


def test_objects_die_when_they_would(points: Instrumentation) -> None:
    """Points keep nothing alive that the program has let go."""
    deaths = Recorder()

    def body() -> None:
        account: planted.Account | None = planted.Account()
        weakref.finalize(account, deaths, "died")
        account.deposit()  # type: ignore[union-attr]
        account = None
        deaths("let go")

    gc.collect()
    points.instrument_code(body.__code__)
    run(points, Directed(), body)
    if sys.version_info >= (3, 12):  # a trace function's copy of the locals lives as long as the function
        assert deaths == ["died", "let go"]
    assert "died" in deaths


# ---- which races they bring out -----------------------------------------------------------------------------------


def lost_update() -> tuple[list[Body], Callable[[], bool]]:
    """x = self.n; self.n = x + 1"""
    account = planted.Account()
    return [account.deposit, account.deposit], lambda: account.n == 2


def locked_update() -> tuple[list[Body], Callable[[], bool]]:
    """The same under a lock."""
    account = planted.Account()
    account.lock = threading.Lock()
    return [account.deposit_safely] * 3, lambda: account.n == 3


def check_then_act() -> tuple[list[Body], Callable[[], bool]]:
    """With a C call in between."""
    once = planted.Once()
    return [once.perform, once.perform], lambda: once.log == ["performed"]


def lost_callback() -> tuple[list[Body], Callable[[], bool]]:
    """Between the check and the append."""
    signal = planted.Signal()
    calls: list[int] = []
    return [lambda: signal.add(lambda: calls.append(1)), signal.fire], lambda: calls == [1]


def nonlocal_update() -> tuple[list[Body], Callable[[], bool]]:
    """A shared variable of a closure, under a lock: nothing is written back behind its back."""
    add, read = planted.rebinding()
    return [add, add, add], lambda: read() == 3


Planted = Callable[[], tuple[list[Body], Callable[[], bool]]]


def runs_until_found(points: Instrumentation, bug: Planted, name: str, cap: int = 200) -> int | None:
    """How many runs until the check fails; None when it never does."""
    explorer = explorers.make(name, random.Random(7))
    for count in range(1, cap + 1):
        control = Control(explorer)
        if not explorer.begin(control):
            return None
        with controlled(control):
            bodies, holds = bug()
            for index, body in enumerate(bodies):
                control.spawn(f"thread {index}", points.carried(lambda body=body: body()))  # type: ignore[misc]
            control.run()
        explorer.end(control)
        assert control.status == "completed"
        if not holds():
            return count
    return None


@pytest.mark.parametrize("name", ["random", "surw", "pos", "sweep", "thorough"])
def test_a_lost_update_needs_no_gil(gil: Instrumentation, name: str) -> None:
    """It is never seen under the GIL: the places between which it happens are not points there."""
    assert runs_until_found(gil, lost_update, name) is None


@pytest.mark.parametrize("name", ["random", "surw", "pos", "sweep", "thorough"])
def test_a_lost_update_is_found_without_a_gil(free: Instrumentation, name: str) -> None:
    """In a few runs: n=2, two accesses each, so a third of the interleavings show it."""
    assert runs_until_found(free, lost_update, name) is not None


@pytest.mark.parametrize("name", ["random", "surw", "pos", "sweep"])
@pytest.mark.parametrize("model", MODELS)
def test_check_then_act_over_a_c_call_is_found_under_the_gil(model: str, name: str) -> None:
    """And so without it."""
    with Instrumentation([planted], model=model) as points:
        assert runs_until_found(points, check_then_act, name) is not None


@pytest.mark.parametrize("name", ["random", "surw", "pos", "sweep"])
def test_a_callback_lost_between_check_and_append_needs_no_gil(name: str) -> None:
    """From reading `fired` to the append, an interpreter with a GIL has no place to switch; one without has."""
    with Instrumentation([planted], model="free-threaded") as points:
        assert runs_until_found(points, lost_callback, name) is not None
    with Instrumentation([planted], model="gil") as points:
        assert runs_until_found(points, lost_callback, name) is None


@pytest.mark.parametrize("bug", [locked_update, nonlocal_update])
@pytest.mark.parametrize("name", ["random", "pos", "sweep"])
def test_correct_code_stays_correct(points: Instrumentation, bug: Planted, name: str) -> None:
    """The must-miss twins: under a lock nothing is lost, and tracing changes nothing."""
    assert runs_until_found(points, bug, name, cap=60) is None


# ---- inside the standard library ----------------------------------------------------------------------------------


def test_a_race_inside_the_pure_python_future_is_seen() -> None:
    """asyncio's Python Future takes two results from two threads: between its check and its state lies a switch."""
    future_of = asyncio.futures._PyFuture  # type: ignore[attr-defined]

    def outcomes(model: str | None) -> set[str]:
        seen: set[str] = set()
        points = Instrumentation(["asyncio.futures"], model=model or "gil")
        if model is not None:
            points.install()
        try:
            for seed in range(60):
                control = Control(Wandering(seed))
                ends: list[str] = []

                futures: list[Any] = []

                def body(ends: list[str] = ends, futures: list[Any] = futures) -> None:
                    try:
                        futures[0].set_result(1)
                    except asyncio.InvalidStateError:
                        ends.append("refused")
                    else:
                        ends.append("set")

                with controlled(control):
                    loop = VirtualLoop(control, 0, lambda handle: None)
                    futures.append(future_of(loop=loop))
                    control.spawn("a", points.carried(body))
                    control.spawn("b", points.carried(body))
                    control.run()
                    loop.close()
                seen.add(" ".join(sorted(ends)))
        finally:
            points.uninstall()
        return seen

    assert outcomes(None) == {"refused set"}
    assert outcomes("gil") == {"refused set"}
    assert outcomes("free-threaded") == {"refused set", "set set"}


@pytest.mark.parametrize("model", [None, *MODELS])
def test_a_callback_lost_inside_the_pure_python_future_is_seen(model: str | None) -> None:
    """Its add_done_callback asks for a context between the check and the append: a C call, so the GIL is no help."""
    future_of = asyncio.futures._PyFuture  # type: ignore[attr-defined]
    lost = set()
    points = Instrumentation(["asyncio.futures"], model=model or "gil")
    with points if model is not None else nullcontext():
        for seed in range(60):
            control = Control(Wandering(seed))
            with controlled(control):
                loop = VirtualLoop(control, 0, lambda handle: None)
                future = future_of(loop=loop)
                control.spawn("a", points.carried(lambda future=future: future.add_done_callback(str)))  # type: ignore[misc]
                control.spawn("b", points.carried(lambda future=future: future.set_result(1)))  # type: ignore[misc]
                control.run()
                loop.close()
            lost.add(bool(future._callbacks))
    assert lost == ({False} if model is None else {False, True})


def test_concurrent_futures_survives_points_everywhere() -> None:
    """With points in its own code and in threading's, set_result against cancel still has one winner."""
    with Instrumentation(["concurrent.futures._base", "threading"], model="free-threaded") as points:
        seen = set()
        for seed in range(60):
            control = Control(Wandering(seed))
            ends: list[str] = []
            with controlled(control):
                future: concurrent.futures.Future[int] = concurrent.futures.Future()

                def setting(future: Any = future, ends: list[str] = ends) -> None:
                    try:
                        future.set_result(1)
                    except concurrent.futures.InvalidStateError:
                        ends.append("refused")

                def waiting(future: Any = future, ends: list[str] = ends) -> None:
                    try:
                        ends.append(f"result {future.result()}")
                    except concurrent.futures.CancelledError:
                        ends.append("cancelled")

                def cancelling(future: Any = future, ends: list[str] = ends) -> None:
                    ends.append(f"cancel {future.cancel()}")

                for name, body in (("a", setting), ("b", waiting), ("c", cancelling)):
                    control.spawn(name, points.carried(body))
                control.run()
            assert control.status == "completed"
            seen.add(" ".join(sorted(ends)))
    assert seen == {"cancel False result 1", "cancel True cancelled refused"}


# ---- the end of runs ----------------------------------------------------------------------------------------------


def test_a_loop_that_never_ends_is_a_livelock(points: Instrumentation) -> None:
    """Its way back is a point, at which the run is aborted."""
    reached = Recorder()

    def body() -> None:
        try:
            planted.countdown(10**9)
        finally:
            reached("finally", planted.countdown(5))

    control = run(points, Wandering(1), body, step_bound=500)
    assert control.status == "livelock"
    assert reached == [("finally", 0)]  # whatever unwinding does has its way


def test_a_stuck_run_is_unwound_through_points(points: Instrumentation) -> None:
    """The code that cleans up passes its points in peace."""
    cleaned = Recorder()
    account = planted.Account()

    def body() -> None:
        lock = threading.Lock()
        lock.acquire()
        try:
            lock.acquire()
        finally:
            account.deposit()
            cleaned("cleaned")

    control = run(points, Wandering(1), body, body)
    assert control.status == "stuck"
    assert cleaned == ["cleaned"] * 2


@pytest.mark.skipif(sys.version_info < (3, 12), reason="3.11 stops tracing a thread when its trace function raises")
def test_who_swallows_everything_is_left_behind(gil: Instrumentation) -> None:
    """A thread that cannot be unwound is parked; the run ends."""

    def stubborn() -> None:
        while True:
            with suppress(BaseException):
                planted.countdown(100)

    control = run(gil, Wandering(1), lambda: None, stubborn, step_bound=200)
    assert control.status == "livelock"


def test_a_schedule_replays(points: Instrumentation) -> None:
    """The same choices lead through the same points, though the first run filled the tables."""

    def keys(explorer: Any) -> tuple[list[Any], list[int], int]:
        once = planted.Once()
        control = run(points, explorer, once.perform, once.perform, record=True)
        assert control.steps is not None
        return [(step.key, step.event) for step in control.steps], control.choices, len(once.log)

    for seed in range(10):
        steps, choices, performed = keys(Wandering(seed))
        assert keys(Directed(*choices)) == (steps, choices, performed)


# ---- off ----------------------------------------------------------------------------------------------------------


def test_nothing_is_left_when_it_is_uninstalled() -> None:
    """Neither points, nor a tool id, nor a trace function; it can be installed again."""
    points = Instrumentation([planted], model="free-threaded")
    found = []
    for _ in range(3):
        with points:
            found.append(places(points, planted.Once().perform))
        assert places(points, planted.Once().perform) == []
        assert sys.gettrace() is None or sys.version_info >= (3, 12)
        if sys.version_info >= (3, 12):
            assert "futurefuzz" not in [sys.monitoring.get_tool(tool) for tool in range(6)]
            code = planted.Once.perform.__code__
            tools = [tool for tool in range(5) if sys.monitoring.get_tool(tool)]
            assert not any(sys.monitoring.get_local_events(tool, code) for tool in tools)
    assert len(found[0]) > 4
    assert found[1:] == found[:1] * 2


def test_points_stay_until_the_last_uninstall() -> None:
    """So that what does one run may install them although they are there for many."""
    points = Instrumentation([planted], model="gil")
    with points:
        with points:
            assert places(points, planted.Account().deposit) == ["Account.deposit:enter"]
        assert places(points, planted.Account().deposit) == ["Account.deposit:enter"]
    assert places(points, planted.Account().deposit) == []
    assert len(points) == 0


def test_outside_of_runs_points_do_nothing(points: Instrumentation) -> None:
    """Nor on threads that belong to no run."""
    account = planted.Account()
    account.deposit()
    thread = threading.Thread(target=account.deposit_safely)
    thread.start()
    thread.join()
    assert account.n == 2


def test_a_debugger_that_begins_to_trace_takes_no_points_away(points: Instrumentation) -> None:
    """Nor does one that ends; its trace function is still there after a run."""

    def trace(frame: Any, event: str, argument: Any) -> Any:
        return trace

    once = planted.Once()
    before = places(points, once.perform)
    once = planted.Once()
    outer = sys.gettrace()
    sys.settrace(trace)
    try:
        traced = places(points, once.perform)
        assert sys.gettrace() is trace
    finally:
        sys.settrace(outer)
    once = planted.Once()
    assert len(before) > 1
    assert [traced, places(points, once.perform)] == [before, before]


def test_two_instrumentations_side_by_side() -> None:
    """Each has its own points."""
    if sys.version_info < (3, 12):
        pytest.skip("one trace function a thread on 3.11")
    with Instrumentation([planted], model="gil"), Instrumentation(["queue"], model="gil") as second:
        box: queue.Queue[int] = queue.Queue()
        found = places(second, lambda: box.full(), planted.Account().deposit)
    assert "Queue.full:enter" in found
    assert "Account.deposit:enter" in found


# ---- finding code again ----


def _module(folder: Path, text: str) -> ModuleType:
    """Write a module and load it, as an import would."""
    path = folder / "scanned_again.py"
    path.write_text(text, encoding="utf-8")
    spec = importlib.util.spec_from_file_location("scanned_again", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["scanned_again"] = module
    spec.loader.exec_module(module)
    gc.collect()  # without a GIL the function that a class's body was waits for it
    return module


@pytest.fixture
def loaded(tmp_path: Path) -> Iterator[ModuleType]:
    """A module that has been looked for once."""
    module = _module(tmp_path, "def first():\n    return [0]\n\nclass Kind:\n    def method(self): ...\n")
    with Instrumentation([module], model="gil") as points:
        assert module.first.__code__ in points
        assert len(points) == 2
    yield module
    sys.modules.pop("scanned_again", None)


def test_the_collector_is_asked_once(loaded: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    """As long as nothing was loaded since."""
    monkeypatch.setattr(gc, "get_objects", lambda: pytest.fail("asked again"))
    with Instrumentation([loaded], model="gil") as points:
        assert len(points) == 2


@pytest.mark.parametrize("where", ["module", "class"])
def test_a_function_made_since_is_found(loaded: ModuleType, where: str) -> None:
    """In the module or in one of its classes."""
    assert loaded.__file__ is not None
    exec(compile("def second(): ...", loaded.__file__, "exec"), vars(loaded))  # noqa: S102
    second = loaded.second
    if where == "class":
        del loaded.second
        loaded.Kind.second = second
    with Instrumentation([loaded], model="gil") as points:
        assert second.__code__ in points
        assert len(points) == 3


def test_a_module_loaded_anew_is_found(loaded: ModuleType, tmp_path: Path) -> None:
    """Under the same name, from the same file."""
    anew = _module(tmp_path, "def first():\n    return [1]\n")
    with Instrumentation([anew], model="gil") as points:
        assert anew.first.__code__ in points
        assert loaded.first.__code__ in points  # somebody still has it


# ---- reading bytecode ---------------------------------------------------------------------------------------------


def test_decoding_agrees_with_dis() -> None:
    """Offsets, names, and what attribute and global instructions name, over whole modules."""
    functions = live_code.functions()
    chosen = [f for f in functions if f.__module__ in {"asyncio.base_events", "concurrent.futures._base", "inspect"}]
    assert len(chosen) > 100
    for function in chosen:
        code = function.__code__
        mine = {i.offset: i for i in bytecode.decode(code)}
        theirs = {i.offset: i for i in dis.get_instructions(code) if i.opname not in {"EXTENDED_ARG", "CACHE"}}
        assert [(i.offset, i.name) for i in mine.values()] == [(i.offset, i.opname) for i in theirs.values()]
        names = {("attribute", n) for n in code.co_names} | {("global", n) for n in code.co_names}
        names |= {("variable", n) for n in code.co_freevars + code.co_cellvars}
        found = bytecode.analyse(code, names)
        for offset, access in found.accesses.items():
            if access.kind != "item":
                assert access.name in str(theirs[offset].argval), (function, offset)
        assert set(found.lines) >= set(mine)


def test_what_is_stored_agrees_with_dis() -> None:
    """Attributes and global names, over whole modules and with arguments wider than a byte."""
    wide = "def f(o):\n" + "".join(f"    o.a{i} = {i}\n" for i in range(70_000)) + "    global g\n    g = 1\n"
    functions = live_code.functions()
    codes = [f.__code__ for f in functions if f.__module__ in {"asyncio.base_events", "threading", "inspect"}]
    codes += bytecode.nested([compile(wide, "wide", "exec")])
    assert len(codes) > 100
    for code in codes:
        kinds = {"STORE_ATTR": "attribute", "DELETE_ATTR": "attribute", "STORE_GLOBAL": "global"}
        expected = {(kinds[i.opname], i.argval) for i in dis.get_instructions(code) if i.opname in kinds}
        found = bytecode.stored_names(code)
        assert {stored for stored in found if stored[0] == "attribute"} == {e for e in expected if e[0] == "attribute"}
        assert expected <= found
        assert found is bytecode.stored_names(code)


def test_owners_are_found_through_wide_arguments() -> None:
    """In a function with more names than a byte can number."""
    source = "def f(o):\n" + "".join(f"    o.a{i} = {i}\n" for i in range(300)) + "    o.inner.a299 += 1\n"
    namespace: dict[str, Any] = {}
    exec(source, namespace)  # noqa: S102

    class Thing:
        inner: Any = None

    thing = Thing()
    thing.inner = Thing()
    thing.inner.a299 = 0
    with Instrumentation([], model="free-threaded") as points:
        points.instrument_code(namespace["f"].__code__)
        found = resources(points, lambda: namespace["f"](thing))
    name = Thing.__qualname__
    assert len(found) == 1 + 300 + 3
    assert found[-3:] == [("attribute", f"{name} 1", "inner")] + [("attribute", f"{name} 2", "a299")] * 2
