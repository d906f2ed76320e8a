"""Other people's Futures, driven for real: what some hundred runs say of each, and a planted bug that they find."""

from __future__ import annotations

import sys
from fnmatch import fnmatchcase

import pytest

from futurefuzz.contracts import CLAUSES
from futurefuzz.targets.catalogue import OFFERS
from tests.targets.third_party.broken import PLANTED
from tests.targets.third_party.hunting import hunt

PROGRAMS = 150

#: what is true of them and written down in docs/third-party.md: patterns of "CLAUSE detail"
DOCUMENTED: dict[str, set[str]] = {
    "gevent.AsyncResult": {"A1 *"},
    "gevent.AsyncResult-without-hub": {"C1 *"},
    "janus.Queue": {"B8 traceback lost when asked again"},
    "promise.Promise": {"C1 *", "C3 result: another value", "C14 traceback lost*"},
    "tornado.chain_future": {"B8 traceback lost when asked again"},
    "tornado.gen.coroutine": {"B8 traceback lost when asked again"},
    "tornado.run_on_executor": {"B8 traceback lost when asked again"},
    "aiofutures.AsyncExecutor": {"A18 *"},
    "anyio.BlockingPortal": {"A18 *", "B6 log: AttributeError raised"},
    "distributed.Future": {"A18 *"},
    "subclass.asyncio.Future": {"A18 *", "A21 *"},
    "uvloop.Future": {"A18 *", "A21 *", "A* off-thread: *", "A* re-entrant: *"},
    "uvloop.Task": {"A18 *", "A21 *", "A* off-thread: *", "A* re-entrant: *"},
}

#: of the interpreters that the packages run on; see corpus/known.toml
CPYTHON: set[str] = set()
if sys.version_info < (3, 13, 4):  # gh-132063: result() passes over an exception that is false
    CPYTHON |= {"C3 result: None", "B1 came out differently"}
if sys.version_info < (3, 12, 2):  # gh-112182: a StopIteration does not come through
    CPYTHON |= {"B6 handler: TypeError raised", "B6 log: TypeError raised"}


def _needed(name: str) -> None:
    if OFFERS[name].needs:
        pytest.skip(f"not installed: {OFFERS[name].needs}")
    if name == "distributed.Future" and sys.version_info >= (3, 15):
        pytest.skip("no release of distributed is for this interpreter")


def test_every_target_of_the_catalogue_has_a_planted_bug() -> None:
    """Else nobody would know that its runs can find one."""
    assert set(PLANTED) == set(OFFERS)


@pytest.mark.parametrize("name", OFFERS)
def test_an_adapter_is_what_the_catalogue_says(name: str) -> None:
    """`futurefuzz list` says of a package that is missing what is true once it is there."""
    _needed(name)
    target = OFFERS[name].load()
    assert (target.name, target.contract) == (name, OFFERS[name].contract)
    assert target.departures.keys() <= CLAUSES.keys()


@pytest.mark.parametrize("name", OFFERS)
def test_nothing_but_the_documented_is_found(name: str) -> None:
    """Some hundred runs of the general scenarios find nothing of which we do not know why."""
    _needed(name)
    known = DOCUMENTED.get(name, set()) | CPYTHON
    found = hunt(OFFERS[name].load(), programs=PROGRAMS)
    unknown = {one for one in found if not any(fnmatchcase(f"{one[0]} {one[1]}", pattern) for pattern in known)}
    assert unknown == set()


@pytest.mark.parametrize("name", OFFERS)
def test_a_planted_bug_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same runs on a broken one of its kind find it."""
    _needed(name)
    plant, clauses = PLANTED[name]
    found = hunt(plant(monkeypatch), programs=4 * PROGRAMS, until=clauses)
    assert clauses & {clause for clause, _, _ in found}
