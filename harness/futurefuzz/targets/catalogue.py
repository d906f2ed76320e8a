"""Other people's Futures that we have adapters for: known by name, imported only when somebody names one.

A campaign over everything leaves them out: which packages happen to be installed must not change what a nightly run
does. A token or corpus file may name them all the same. What that imports is an adapter of ours, never a module that
the token names.
"""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Final

from attrs import evolve, frozen

from futurefuzz.errors import InputError

if TYPE_CHECKING:
    from futurefuzz.targets.base import Target

__all__ = ["OFFERS", "Offer", "is_pattern", "matching"]

_PACKAGE: Final = "futurefuzz.targets.third_party"


@frozen(kw_only=True)
class Offer:
    """A target whose package may be missing.

    Args:
        name, contract, description: of the target.
        extra: what to install it with: `futurefuzz[EXTRA]`; empty when it needs nothing.
        module: of the adapter, in `targets/third_party`.
        package: the top-level package that the adapter imports; the extra's name where it is not given.
    """

    name: str
    contract: str
    module: str
    description: str
    extra: str = ""
    package: str = ""

    @property
    def needs(self) -> str:
        """What is missing, as `pip install` takes it; empty when all is there."""
        if not self.extra:
            return ""
        try:
            there = find_spec(self.package or self.extra) is not None
        except (ImportError, ValueError):  # half installed
            there = False
        return "" if there else f"futurefuzz[{self.extra}]"

    def load(self) -> Target:
        """Import the adapter.

        Raises:
            InputError: the package is missing, or cannot be imported on this interpreter.
        """
        if self.needs:
            raise InputError(
                f"target {self.name} needs the package {self.package or self.extra}, which is not installed; "
                f"pip install '{self.needs}'"
            )
        try:
            module = import_module(f"{_PACKAGE}.{self.module}")
        except Exception as error:  # whatever a foreign package raises while it is imported
            raise InputError(
                f"target {self.name}: the package {self.package or self.extra} cannot be imported here: "
                f"{type(error).__name__}: {' '.join(str(error).split())}; pip install -U 'futurefuzz[{self.extra}]'"
            ) from error
        found: Target = module.TARGETS[self.name]
        return evolve(found, description=self.description)


def _offers(*offers: Offer) -> dict[str, Offer]:
    return {offer.name: offer for offer in offers}


OFFERS: Final[dict[str, Offer]] = _offers(
    Offer(
        name="subclass.asyncio.Future",
        contract="asyncio",
        module="subclasses",
        description="a plain Python subclass of asyncio.Future that overrides its methods and hands everything on",
    ),
    Offer(
        name="subclass.concurrent.Future",
        contract="concurrent",
        module="subclasses",
        description="a plain Python subclass of concurrent.futures.Future that does the same",
    ),
    Offer(
        name="uvloop.Future",
        contract="asyncio",
        extra="uvloop",
        module="uvloop",
        description="what uvloop.Loop.create_future makes, on uvloop's loop, stepped in a thread of its own",
    ),
    Offer(
        name="uvloop.Task",
        contract="asyncio",
        extra="uvloop",
        module="uvloop",
        description="what uvloop.Loop.create_task makes, on uvloop's loop, stepped in a thread of its own",
    ),
    Offer(
        name="pebble.ProcessFuture",
        contract="concurrent",
        extra="pebble",
        module="pebble",
        description="pebble.ProcessFuture, which its process pool hands out: it can be cancelled while it runs",
    ),
    Offer(
        name="loky.Future",
        contract="concurrent",
        extra="loky",
        module="loky",
        description="loky's Future, which its reusable executor hands out",
    ),
    Offer(
        name="twisted.Deferred",
        contract="concurrent",
        extra="twisted",
        module="twisted",
        description="twisted.internet.defer.Deferred: callback, errback, cancel, addBoth",
    ),
    Offer(
        name="promise.Promise",
        contract="concurrent",
        extra="promise",
        module="promise",
        description="promise.Promise: do_resolve, do_reject, then, get",
    ),
    Offer(
        name="gevent.AsyncResult",
        contract="asyncio",
        extra="gevent",
        module="gevent",
        description="gevent.event.AsyncResult between greenlets, on a hub that is stepped in a thread of its own",
    ),
    Offer(
        name="gevent.AsyncResult-without-hub",
        contract="concurrent",
        extra="gevent",
        module="gevent",
        description="gevent.event.AsyncResult in threads that have no hub, one call at a time",
    ),
    Offer(
        name="tornado.chain_future",
        contract="bridge",
        extra="tornado",
        module="tornado",
        description="tornado.concurrent.chain_future from a concurrent to an asyncio future",
    ),
    Offer(
        name="tornado.run_on_executor",
        contract="bridge",
        extra="tornado",
        module="tornado",
        description="a method under tornado.concurrent.run_on_executor, awaited",
    ),
    Offer(
        name="tornado.gen.coroutine",
        contract="bridge",
        extra="tornado",
        module="tornado",
        description="a tornado.gen.coroutine that yields a concurrent future (gen.convert_yielded), awaited",
    ),
    Offer(
        name="aiofutures.AsyncExecutor",
        contract="bridge",
        extra="aiofutures",
        module="aiofutures",
        description="aiofutures.AsyncExecutor.submit: the loop resolves a gate, threads wait for the future",
    ),
    Offer(
        name="anyio.BlockingPortal",
        contract="bridge",
        extra="anyio",
        module="anyio",
        description="anyio.from_thread.BlockingPortal.start_task_soon: the loop resolves a gate, threads wait",
    ),
    Offer(
        name="distributed.Future",
        contract="bridge",
        extra="distributed",
        module="distributed",
        description="dask.distributed's Future: the loop gets the scheduler's news, threads wait; no cluster",
    ),
    Offer(
        name="janus.Queue",
        contract="bridge",
        extra="janus",
        module="janus",
        description="janus.Queue: threads put one outcome into its sync side, a task gets it out of the async side",
    ),
)


def is_pattern(name: str) -> bool:
    """Whether a name asks for all targets that fit it."""
    return any(letter in name for letter in "*?[")


def matching(names: Sequence[str], registered: Sequence[str]) -> list[str]:
    """Names with patterns (as of `fnmatch`) put in full; of ours, those of which the package is there.

    Args:
        names: names and patterns, as a person wrote them.
        registered: names of the targets that need no package.

    Raises:
        InputError: nothing fits a pattern, or nothing that is installed does.
    """
    found: list[str] = []
    for name in names:
        if not is_pattern(name):
            found.append(name)
            continue
        fitting = [one for one in (*registered, *OFFERS) if fnmatchcase(one, name)]
        if not fitting:
            raise InputError(f"no target fits {name!r}; allowed: {', '.join((*registered, *OFFERS))}")
        there = [one for one in fitting if one not in OFFERS or not OFFERS[one].needs]
        if not there:
            needs = sorted({OFFERS[one].needs for one in fitting})
            raise InputError(f"what fits {name!r} is not installed; pip install {' '.join(map(repr, needs))}")
        found += there
    return found
