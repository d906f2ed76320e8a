"""Hostile handling: futures that were initialised twice or never, and iterators of `__await__` that no task drives.

Covers: `__init__` on a future in any state, an object made by `__new__` alone in a future's place, `send`, `throw` and
`close` of the iterator of `__await__` in any order; all of it between ordinary operations by tasks, threads and
callbacks. None of it has a documented meaning: only what it does to the interpreter is judged.

Speaks to row 1 of the claims about futures in that nothing here may end in a crash.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_UNDEFINED = {"iter": 2, "iter-send": 6, "iter-throw": 4, "iter-close": 3, "reinit": 4, "bare": 2}
_ON_THE_FUTURE = {
    "set_result": 3,
    "set_exception": 2,
    "cancel": 3,
    "add_done_callback": 3,
    "remove_done_callback": 2,
    "await-elsewhere": 2,
    "result": 2,
    "exception": 1,
    "done": 1,
    "cancelled": 1,
    "running": 1,
    "set_running": 1,
    "repr": 2,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="hostile_handling",
    description="futures initialised twice or never, iterators of __await__ driven by hand",
    contracts=("asyncio", "concurrent"),
    profile=Profile(
        threads=(0, 2),
        tasks=(0, 3),
        actors=(2, 2, 3),
        futures=(1, 1, 1, 2),
        task_operations=_ON_THE_FUTURE | _UNDEFINED | {"await": 5, "yield": 2},
        thread_operations=_ON_THE_FUTURE | _UNDEFINED,
        callback_operations=_ON_THE_FUTURE | _UNDEFINED,
        more=0.7,
        longest=8,
        reentrant=0.3,
        raising=0.1,
        ephemeral=0.3,
        contexts=0.2,
        hooks=0.3,
        debug=0.15,
    ),
    legal=False,
)
