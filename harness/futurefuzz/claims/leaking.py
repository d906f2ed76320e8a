"""Rows 14 and 25: what callbacks keep alive. The leak oracles look."""

from __future__ import annotations

import weakref
from typing import Any, Final

from futurefuzz.claims.claim import Claim, Evidence
from futurefuzz.claims.parts import Parts
from futurefuzz.leaks import LeakReport, check_leaks

__all__ = ["CLAIMS"]

_LARGE: Final = 100_000


class _Owner:
    """Keeps a future that calls one of its methods when it is done."""

    def __init__(self, future: Any, *, weak: bool) -> None:
        self.future = future
        if not weak:
            future.add_done_callback(self.on_done)
            return
        me = weakref.ref(self)

        def on_done(done: Any) -> None:
            owner = me()
            if owner is not None:
                owner.on_done(done)

        future.add_done_callback(on_done)

    def on_done(self, future: Any) -> None:
        """Called at the end, if that ever comes."""


def _cycles(parts: Parts, target: int, *, weak: bool) -> LeakReport:
    loop = parts.new_loop()
    try:

        def use() -> None:
            _Owner(parts.futures[target].new_future(loop), weak=weak)

        return check_leaks(use, growth=False)
    finally:
        loop.close()


def _bound_methods(parts: Parts) -> Evidence:
    strong = {each.name: _cycles(parts, at, weak=False).of_kind("cycle") for at, each in enumerate(parts.futures)}
    weak = {each.name: _cycles(parts, at, weak=True).of_kind("cycle") for at, each in enumerate(parts.futures)}
    all_cycles, none_weak = all(strong.values()), not any(weak.values())
    chain = next((" → ".join(leaks[0].chain) for leaks in strong.values() if leaks), "no cycle")
    return Evidence(
        verdict="holds" if all_cycles and none_weak else "depends" if any(strong.values()) else "refuted",
        sentence=(
            f"a bound method as callback of a future that its object keeps: {chain}; through a weak reference: "
            f"{'no cycle' if none_weak else 'a cycle, too'} ({', '.join(strong)})"
        ),
        measured={
            "bound": {name: len(leaks) for name, leaks in strong.items()},
            "weak": {name: len(leaks) for name, leaks in weak.items()},
        },
    )


class _Service:
    """Lives long, and has one future that is not done for as long."""

    def __init__(self, shutdown: Any) -> None:
        self.shutdown = shutdown

    def serve(self, *, forgets: bool) -> None:
        """A request: its data is captured by a callback of the future that stays."""
        data = bytearray(_LARGE)

        def on_shutdown(future: Any) -> None:
            data.clear()

        self.shutdown.add_done_callback(on_shutdown)
        if forgets:
            self.shutdown.remove_done_callback(on_shutdown)


def _captured(parts: Parts) -> Evidence:
    loop = parts.new_loop()
    try:
        found = {}
        for target in parts.futures:
            for forgets in (False, True):
                service = _Service(target.new_future(loop))
                found[target.name, forgets] = check_leaks(_serving(service, forgets))
    finally:
        loop.close()
    grown = {name: found[name, False].of_kind("growth") for name in (target.name for target in parts.futures)}
    lines = {name: [line for leak in leaks for line in leak.lines] for name, leaks in grown.items()}
    named = {name: [line for line in each if "bytearray" in line.code] for name, each in lines.items()}
    kept = _kept(parts)
    quiet = not any(found[target.name, True] for target in parts.futures)
    right = all(named.values()) and quiet and bool(kept)
    line = next((each[0] for each in named.values() if each), None)
    where = f"{line}, {line.size:,} bytes a call" if line is not None else "no line"
    return Evidence(
        verdict="holds" if right else "depends" if any(grown.values()) or kept else "refuted",
        sentence=(
            f"a callback that captures {_LARGE:,} bytes, on a future that stays: growth at {where}; kept by "
            f"{kept or 'nobody'}; with remove_done_callback {'no leak' if quiet else 'a leak, too'}"
        ),
        measured={
            "grown": {name: len(leaks) for name, leaks in grown.items()},
            "lines": {name: [str(each) for each in every] for name, every in lines.items()},
            "kept_by": kept,
            "quiet": quiet,
        },
    )


def _serving(service: _Service, forgets: bool) -> Any:
    def serve() -> None:
        service.serve(forgets=forgets)

    return serve


class _Large(bytearray):
    """One that can be referred to weakly."""


def _kept(parts: Parts) -> str:
    """Who keeps the captured data, in words."""
    from futurefuzz import leaks

    loop = parts.new_loop()
    try:
        stays = parts.futures[0].new_future(loop)
        with leaks.watch() as watched:
            data = watched.track(_Large(10), "captured data")
            stays.add_done_callback(lambda future, data=data: None)
            del data
        return " → ".join(watched.leaks[0].chain) if watched.leaks else ""
    finally:
        loop.close()


CLAIMS: Final = (
    Claim(
        number=14,
        claim="Bound methods as callbacks make reference cycles; weakref breaks them",
        truth="So it is, for as long as the object keeps the future and the future is not done.",
        quote="A weak reference to an object is not enough to keep the object alive",
        source="https://docs.python.org/3/library/weakref.html",
        expected="holds",
        check=_bound_methods,
    ),
    Claim(
        number=25,
        claim="Callbacks that capture large objects leak them; tracemalloc and gc.get_referrers find them",
        truth="So it is: a future keeps its callbacks until it is done.",
        quote="Compute the differences between two snapshots to detect memory leaks",
        source="https://docs.python.org/3/library/tracemalloc.html",
        expected="holds",
        check=_captured,
    ),
)
