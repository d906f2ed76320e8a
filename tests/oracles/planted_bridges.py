"""Bridges with one bug each."""

from __future__ import annotations

import asyncio
from asyncio import futures
from collections.abc import Callable
from typing import Any, Final

from attrs import evolve

from futurefuzz.targets.base import Sides, Target
from tests.oracles.bug import Planted
from tests.oracles.histories import op, program
from tests.oracles.planted_concurrent import Concurrent, OverwritesResult

__all__ = ["BRIDGE"]

PyFuture: Any = futures._PyFuture  # type: ignore[attr-defined]


def _bridge(name: str, chain: Callable[[Any, Any, Any], None], concurrent_class: Any = Concurrent) -> Target:
    """A bridge like wrap_future: what a thread does to `source` comes out of an asyncio future."""

    def make(loop: Any) -> Sides:
        source = concurrent_class()
        out = loop.create_future()
        chain(source, out, loop)
        return Sides(source, out)

    return Target(
        name=f"planted.{name}",
        contract="bridge",
        new_future=make,
        shape="bridge",
        thread_side="resolver",
        loop_side="observer",
        resolver_operations=frozenset({"set_result", "set_exception", "running", "set_running"}),
    )


def _cancel_back(source: Any, out: Any) -> None:
    out.add_done_callback(lambda done: source.cancel() if done.cancelled() else None)


def _copy(source: Any, out: Any) -> None:
    if out.done():
        return
    if source.cancelled():
        out.cancel()
    elif source.exception() is not None:
        out.set_exception(source.exception())
    else:
        out.set_result(source.result())


def _right(source: Any, out: Any, loop: Any) -> None:
    _cancel_back(source, out)
    source.add_done_callback(lambda done: loop.call_soon_threadsafe(_copy, done, out))


def _one_way(source: Any, out: Any, loop: Any) -> None:
    source.add_done_callback(lambda done: loop.call_soon_threadsafe(_copy, done, out))


def _copies_nothing(source: Any, out: Any, loop: Any) -> None:
    _cancel_back(source, out)


def _copies_wrongly(source: Any, out: Any, loop: Any) -> None:
    _cancel_back(source, out)
    source.add_done_callback(lambda done: loop.call_soon_threadsafe(lambda: out.done() or out.cancel()))


def _asks_nobody(source: Any, out: Any, loop: Any) -> None:
    _cancel_back(source, out)
    source.add_done_callback(lambda done: done.cancelled() or loop.call_soon_threadsafe(out.set_result, done.result()))


def _wakes_nobody(source: Any, out: Any, loop: Any) -> None:
    _cancel_back(source, out)
    source.add_done_callback(lambda done: asyncio.BaseEventLoop.call_soon(loop, _copy, done, out))


def _copy_bare(source: Any, out: Any) -> None:
    if not out.done() and not source.cancelled() and source.exception() is not None:
        out.set_exception(source.exception().with_traceback(None))
    else:
        _copy(source, out)


def _strips(source: Any, out: Any, loop: Any) -> None:
    _cancel_back(source, out)
    source.add_done_callback(lambda done: loop.call_soon_threadsafe(_copy_bare, done, out))


class _Raises(Concurrent):
    def done(self) -> bool:
        raise ValueError("no")


class _CallsTwice(PyFuture):
    def add_done_callback(self, fn: Any, *, context: Any = None) -> None:
        super().add_done_callback(fn, context=context)
        if type(fn).__name__ == "DoneCallback":
            super().add_done_callback(fn, context=context)


def _doubled(loop: Any) -> Sides:
    source, out = Concurrent(), _CallsTwice(loop=loop)
    _right(source, out, loop)
    return Sides(source, out)


_THROUGH = program(("thread", [op("set_result")]), ("task", [op("await")]))
_AGAINST = program(("thread", [op("set_result")]), ("task", [op("cancel")]))
_CHAINED: Final = _bridge("right", _right)

BRIDGE: Final = [
    Planted(
        _bridge("strips", _strips),
        _CHAINED,
        program(("thread", [op("set_exception", argument="TimeoutError")]), ("task", [op("await")])),
        "B8",
        "traceback lost",
        "interesting",
    ),
    Planted(
        _bridge("copies_nothing", _copies_nothing),
        _CHAINED,
        program(("thread", [op("set_result")])),
        "B1",
        "never came out",
    ),
    Planted(
        _bridge("copies_wrongly", _copies_wrongly),
        _CHAINED,
        program(("thread", [op("set_result")])),
        "B2",
        "cancelled by nobody",
    ),
    Planted(
        _bridge("one_way", _one_way),
        _CHAINED,
        program(("task", [op("cancel")]), ("thread", [op("done")])),
        "B2",
        "cancellation did not go in",
    ),
    Planted(
        _bridge("overwrites", _right, OverwritesResult),
        _CHAINED,
        program(("thread", [op("set_result"), op("set_result")])),
        "B3",
        "two winners",
    ),
    Planted(
        evolve(_CHAINED, name="planted.doubled", new_future=_doubled),
        _CHAINED,
        program(("task", [op("add_done_callback")]), ("thread", [op("cancel")])),
        "B4",
        "callback ran twice",
    ),
    Planted(_bridge("wakes_nobody", _wakes_nobody), _CHAINED, _THROUGH, "B5", "loop not woken"),
    Planted(
        _bridge("asks_nobody", _asks_nobody),
        _CHAINED,
        _AGAINST,
        "B6",
        "handler: InvalidStateError raised",
    ),
    Planted(
        _bridge("raises", _copies_nothing, _Raises),
        _CHAINED,
        program(("thread", [op("done")])),
        "B7",
        "done: ValueError raised",
    ),
]
