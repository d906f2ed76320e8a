"""Rows 4 and 9: what debug mode tells, and what it does not."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from typing import Any, Final

from futurefuzz.claims.claim import Claim, Evidence, over
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.probing import controlled, in_loop

__all__ = ["CLAIMS"]

_LOGGER: Final = logging.getLogger("asyncio")
#: seconds that a callback blocks the loop; virtual ones
_LONG, _SHORT = 0.2, 0.05


class _Records(logging.Handler):
    """Keeps what asyncio logs, at every level, and lets nothing through."""

    def __init__(self) -> None:
        super().__init__(logging.NOTSET)
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(record.getMessage())

    def __enter__(self) -> _Records:
        self._before = (_LOGGER.level, _LOGGER.propagate, _LOGGER.disabled)
        _LOGGER.addHandler(self)
        _LOGGER.setLevel(logging.DEBUG)
        _LOGGER.propagate = _LOGGER.disabled = False
        return self

    def __exit__(self, *_error: object) -> None:
        _LOGGER.removeHandler(self)
        _LOGGER.level, _LOGGER.propagate, _LOGGER.disabled = self._before
        _LOGGER.manager._clear_cache()  # type: ignore[attr-defined]  # levels are cached


def _tracing(parts: Parts) -> Evidence:
    answers: dict[str, bool] = {}
    told = transitions = 0
    facts: dict[str, Any] = {"creation_traceback": True, "wrong_thread": "nothing"}

    async def main(loop: Any) -> None:
        nonlocal told, transitions
        loop.set_debug(True)
        loop.slow_callback_duration = 3600.0  # on a slow machine there would be warnings that are not meant here
        loop.set_exception_handler(lambda loop, context: records.texts.append(context["message"]))
        await asyncio.sleep(0)
        for target in parts.futures:
            traced = True
            for complete in ("set_result", "set_exception", "cancel"):
                future = target.new_future(loop)
                facts["creation_traceback"] &= bool(getattr(future, "_source_traceback", None))
                before = len(records.texts)
                getattr(future, complete)(*{"set_result": (1,), "set_exception": (ValueError(),)}.get(complete, ()))
                await asyncio.sleep(0)
                if complete == "set_exception":
                    future.exception()
                transitions += 1
                told += len(records.texts) > before
                traced = traced and len(records.texts) > before
            answers[target.name] = traced
        thread = threading.Thread(target=foreign, args=(loop,))
        thread.start()
        thread.join()

    def foreign(loop: asyncio.AbstractEventLoop) -> None:
        try:
            loop.call_soon(print)
        except RuntimeError as error:
            facts["wrong_thread"] = type(error).__name__

    with _Records() as records:
        in_loop(parts, main)
    sentence = (
        f"in debug mode {told} of {transitions} transitions were logged or reported; what it adds: futures know where "
        f"they were made ({'yes' if facts['creation_traceback'] else 'no'}), call_soon from another thread raises "
        f"{facts['wrong_thread']}"
    )
    return Evidence(
        verdict=over(answers), sentence=sentence, measured={"transitions": transitions, "told": told, **facts}
    )


def _slow(parts: Parts) -> Evidence:
    def program(debug: bool, seconds: float) -> bool:
        def function() -> None:
            async def main(loop: asyncio.AbstractEventLoop) -> None:
                loop.set_debug(debug)
                loop.call_soon(time.sleep, seconds)
                await asyncio.sleep(0)
                await asyncio.sleep(0)

            in_loop(parts, main)

        [run] = controlled(function, runs=1)
        return any("took" in log.message and "seconds" in log.message for log in run.logs)

    reported = {
        f"{'debug' if debug else 'no debug'}, {seconds:g} s": program(debug, seconds)
        for debug in (True, False)
        for seconds in (_LONG, _SHORT)
    }
    long = {name: said for name, said in reported.items() if f" {_LONG:g} s" in name}
    short = [said for name, said in reported.items() if f" {_SHORT:g} s" in name]
    verdict = over(long) if not any(short) else "refuted"
    told = "; ".join(f"{name}: {'reported' if said else 'not reported'}" for name, said in reported.items())
    return Evidence(
        verdict=verdict, sentence=f"a callback that blocks, in virtual time, bound 0.1 s: {told}", measured=reported
    )


_DEV: Final = "https://docs.python.org/3/library/asyncio-dev.html#debug-mode"

CLAIMS: Final = (
    Claim(
        number=4,
        claim="loop.set_debug(True) traces state transitions",
        truth="It adds creation tracebacks, thread checks in call_soon, and warnings about slow callbacks.",
        quote=(
            "Many non-threadsafe asyncio APIs (such as loop.call_soon() and loop.call_at() methods) raise an "
            "exception if "
            "they are called from a wrong thread."
        ),
        source=_DEV,
        expected="refuted",
        check=_tracing,
    ),
    Claim(
        number=9,
        claim="Slow callbacks are reported above slow_callback_duration (0.1 s)",
        truth="In debug mode only.",
        quote="When the debug mode is enabled: […] Callbacks taking longer than 100 milliseconds are logged.",
        source=_DEV,
        expected="depends",
        check=_slow,
    ),
)
