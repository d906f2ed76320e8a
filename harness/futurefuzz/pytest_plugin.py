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

The test may be plain or `async`; its fixtures are set up once, outside of control, and shared by all schedules. It
fails with the smallest schedule that makes it fail. The seed is fixed unless the mark gives one, so that the result is
the same each time.
"""

from __future__ import annotations

import asyncio
import gc
import inspect
from collections.abc import Callable, Generator, Iterator
from typing import TYPE_CHECKING, Any, Final, cast

import pytest

if TYPE_CHECKING:
    from futurefuzz.health.watching import Health

__all__ = [
    "loop_health",
    "pytest_addoption",
    "pytest_collection_modifyitems",
    "pytest_configure",
    "pytest_pyfunc_call",
    "pytest_runtest_call",
]

_ARGUMENTS: Final = ("runs", "seconds", "seed", "model", "explorer", "instrument")


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
    """A test with the mark fails when its loops show a fault of the program."""
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


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> bool | None:
    """Explore a test that asks for it; leave every other one alone."""
    mark = pyfuncitem.get_closest_marker("explore")
    wanted: int | None = pyfuncitem.config.getoption("explore")
    if mark is None and wanted is None:
        return None
    from futurefuzz.errors import InputError
    from futurefuzz.exploring.api import explore

    arguments: dict[str, Any] = {} if mark is None else dict(mark.kwargs)
    unknown = [name for name in arguments if name not in _ARGUMENTS]
    if unknown or (mark is not None and mark.args):
        what = ", ".join(unknown) or "an argument without a name"
        raise pytest.UsageError(f"{pyfuncitem.nodeid}: mark explore: {what}; allowed: {', '.join(_ARGUMENTS)}")
    if wanted is not None:
        arguments["runs"] = wanted
    skipped: list[BaseException] = []
    try:
        found = explore(_body(pyfuncitem, skipped), **{"seed": 0, "stop": "first", **arguments})
    except InputError as error:
        raise pytest.UsageError(f"{pyfuncitem.nodeid}: mark explore: {error}") from None
    if skipped:
        raise skipped[0]
    if found.failures:
        pytest.fail(found.report(), pytrace=False)
    pyfuncitem.add_report_section("call", "explore", found.report())
    return True


def _body(item: pytest.Function, skipped: list[BaseException]) -> Callable[[], None]:
    """The test as a function without arguments. A skip inside it is no failure of any schedule."""
    test = item.obj
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}

    def body() -> None:
        try:
            if inspect.iscoroutinefunction(test):
                asyncio.run(test(**arguments))
            else:
                test(**arguments)
        except pytest.skip.Exception as skip:
            skipped.append(skip)

    body.__module__ = test.__module__  # that is where points are put
    body.__qualname__ = item.name
    return body
