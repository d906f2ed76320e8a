"""pebble: the future of its process pool.

Such a future can be cancelled while it runs: the pool then ends the process. A `concurrent.futures.Future` that runs
cannot, so once one is started the two contracts part; programs here do not start any (`lacks`), and all the rest is
judged. With `set_running` it breaks C2 (`cancel` of a running one is True) and with it C1 and C5, as pebble means it
to: "A future cannot be cancelled if it has already completed" is all that its `cancel` says.
"""

from __future__ import annotations

from typing import Any, Final

from pebble import ProcessFuture

from futurefuzz.targets.base import Target

__all__ = ["TARGETS"]


def _new() -> Any:
    return ProcessFuture()


_PROCESS_FUTURE: Final = Target(
    name="pebble.ProcessFuture",
    contract="concurrent",
    new_future=_new,
    lacks=frozenset({"set_running"}),
)

TARGETS: Final = {_PROCESS_FUTURE.name: _PROCESS_FUTURE}
