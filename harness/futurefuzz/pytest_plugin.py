"""pytest face: an ordinary test, run under many schedules instead of one.

    @pytest.mark.explore          # or explore(runs=500, model="gil", seed=7, explorer="search", instrument=("mine",))
    def test_bridge(): ...

    pytest --explore 500          # every selected test under up to 500 schedules

    @pytest.mark.loop_health      # or loop_health(slow=0.5): no callback may take half a second
    def test_service(): ...

    pytest --pyargs futurefuzz.conformance --futurefuzz-target mine:MyFuture --futurefuzz-contract asyncio
                                  # a test for each clause; see `futurefuzz.conformance`

The second kind is not controlled: it fails when a loop that ran in the test showed a fault of the program that can be
told exactly (`futurefuzz.watch`). The fixture `loop_health` gives the measurements.

The test may be plain or `async`; its plain fixtures are set up once, outside of control, and shared by all schedules;
async ones are set up anew in each, whatever plugin they are written for (pytest-asyncio, anyio). It
fails with the smallest schedule that makes it fail. The seed is fixed unless the mark gives one, so that the result is
the same each time.
"""

from __future__ import annotations

import gc
import inspect
import unittest
from collections.abc import Callable, Generator, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from futurefuzz.health.watching import Health

__all__ = [
    "loop_health",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_fixture_setup",
    "pytest_runtest_call",
]

_ARGUMENTS: Final = ("runs", "seconds", "seed", "model", "explorer", "instrument")
#: whether a test is being explored
_RUNNING: Final[pytest.StashKey[bool]] = pytest.StashKey()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--explore`, and what `futurefuzz.conformance` is to test."""
    group = parser.getgroup("futurefuzz")
    group.addoption(
        "--explore", type=int, metavar="RUNS", help="run each test under up to RUNS schedules of its threads and tasks"
    )
    group.addoption(
        "--futurefuzz-target", metavar="MODULE:CLASS", help="what --pyargs futurefuzz.conformance is to validate"
    )
    group.addoption("--futurefuzz-contract", metavar="CONTRACT", help="which contract it claims")
    group.addoption("--futurefuzz-seconds", type=float, metavar="SECONDS", help="how long it is tried")


def pytest_configure(config: pytest.Config) -> None:
    """Make the mark known."""
    config.addinivalue_line(
        "markers", f"explore({', '.join(_ARGUMENTS)}): run this test under many schedules of its threads and tasks"
    )
    config.addinivalue_line(
        "markers", "loop_health(slow): fail when an event loop that runs in this test shows a fault of the program"
    )


@pytest.fixture
def loop_health(request: pytest.FixtureRequest) -> Iterator[Health]:
    """What the event loops that run in the test show; with the mark of the same name a fault of the program fails."""
    from futurefuzz.errors import InputError
    from futurefuzz.health.watching import watch

    mark = request.node.get_closest_marker("loop_health")
    arguments = {} if mark is None else dict(mark.kwargs)
    if set(arguments) - {"slow"} or (mark is not None and mark.args):
        raise pytest.UsageError(f"{request.node.nodeid}: mark loop_health: allowed: slow=SECONDS")
    try:
        watching = watch(**arguments)
    except InputError as error:
        raise pytest.UsageError(f"{request.node.nodeid}: mark loop_health: {error}") from None
    with watching as health:
        yield health


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Generator[None, object, object]:
    """Explore a test that asks for it. A test with the other mark fails when its loops show a fault of the program."""
    if isinstance(item, pytest.Function) and _is_explored(item):
        item.runtest = partial(_explore, item)  # type: ignore[method-assign]
    result = yield
    if item.get_closest_marker("loop_health") is not None and isinstance(item, pytest.Function):
        health = cast("Health", item.funcargs["loop_health"])
        gc.collect()  # exceptions that nobody asked for are told of when their futures die
        if health.verdicts:
            pytest.fail(health.report(), pytrace=False)
    return result


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The mark brings the fixture with it; it is set up first, so that it sees the loops of other fixtures, too."""
    for item in items:
        if item.get_closest_marker("loop_health") and isinstance(item, pytest.Function):
            if "loop_health" in item.fixturenames:
                item.fixturenames.remove("loop_health")
            item.fixturenames.insert(0, "loop_health")


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_fixture_setup(fixturedef: Any, request: Any) -> Generator[None, object, object]:
    """Async fixtures of an explored test wait until a schedule runs; before any plugin sees that they are async."""
    item = request.node
    if fixturedef.scope != "function" or not isinstance(item, pytest.Function) or not _is_explored(item):
        return (yield)
    from futurefuzz.exploring.fixtures import put_off

    with put_off(fixturedef, request, running=item.stash.get(_RUNNING, False)):
        return (yield)


def _is_explored(item: pytest.Function) -> bool:
    return item.get_closest_marker("explore") is not None or item.config.getoption("explore") is not None


def _explore(item: pytest.Function) -> None:
    """What `runtest` does of a test that is explored. It stands in place of the plugins' own, which run an async test
    in a loop that they have made outside of control."""
    mark = item.get_closest_marker("explore")
    wanted: int | None = item.config.getoption("explore")
    from futurefuzz.errors import InputError
    from futurefuzz.exploring.api import explore

    arguments: dict[str, Any] = {} if mark is None else dict(mark.kwargs)
    unknown = [name for name in arguments if name not in _ARGUMENTS]
    if unknown or (mark is not None and mark.args):
        what = ", ".join(unknown) or "an argument without a name"
        raise pytest.UsageError(f"{item.nodeid}: mark explore: {what}; allowed: {', '.join(_ARGUMENTS)}")
    if wanted is not None:
        arguments["runs"] = wanted
    skipped: list[BaseException] = []
    item.stash[_RUNNING] = True
    try:
        found = explore(_body(item, skipped), **{"seed": 0, "stop": "first", **arguments})
    except InputError as error:
        raise pytest.UsageError(f"{item.nodeid}: mark explore: {error}") from None
    finally:
        item.stash[_RUNNING] = False
    if skipped:
        raise skipped[0]
    if found.failures:
        pytest.fail(found.report(), pytrace=False)
    item.add_report_section("call", "explore", found.report())


def _body(item: pytest.Function, skipped: list[BaseException]) -> Callable[[], None]:
    """The test as a function without arguments. A skip inside it is no failure of any schedule."""
    from futurefuzz.exploring.fixtures import run_with

    test = _within_control(item)
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
    others = {name: value for name, value in item.funcargs.items() if name not in arguments}

    def body() -> None:
        try:
            run_with(test, arguments, others)
        except (pytest.skip.Exception, unittest.SkipTest) as skip:
            skipped.append(skip)

    body.__module__ = test.__module__  # that is where points are put
    body.__qualname__ = item.name
    return body


def _within_control(item: pytest.Function) -> Any:
    """The test's own function, if all that it needs can be under control."""
    from futurefuzz.exploring.fixtures import is_async

    test = item.obj
    if item.cls is not None and issubclass(item.cls, unittest.TestCase):
        return _as_unittest_does(item.cls, item.name)
    backend = item.funcargs.get("anyio_backend", "asyncio")
    backend = backend[0] if isinstance(backend, tuple) else backend
    if item.get_closest_marker("trio") is not None or (inspect.iscoroutinefunction(test) and backend != "asyncio"):
        pytest.skip("not explored: of event loops only asyncio's can be under control, and this test runs in trio's")
    inner = getattr(getattr(test, "hypothesis", None), "inner_test", None)
    if is_async(inner):
        raise pytest.UsageError(f"{item.nodeid}: mark explore: allowed with @given: plain tests that call asyncio.run")
    for name, definitions in item._fixtureinfo.name2fixturedefs.items():
        if name in item.fixturenames and definitions[-1].scope != "function" and is_async(definitions[-1].func):
            raise pytest.UsageError(
                f"{item.nodeid}: mark explore: async fixture {name!r} has scope {definitions[-1].scope}: it lives in "
                "an event loop outside of control; allowed: scope function, which each schedule sets up anew"
            )
    return test


def _as_unittest_does(case: type[unittest.TestCase], name: str) -> Callable[[], None]:
    def test() -> None:
        case(name).debug()

    test.__module__ = case.__module__
    return test
