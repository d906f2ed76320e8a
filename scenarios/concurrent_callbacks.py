"""Callbacks of `concurrent.futures` futures that act: they run inline, inside the call that resolves.

Covers: callbacks that resolve, cancel, ask and register on the same future and on others, from whichever thread happens
to run them; the same callback twice, callbacks that raise or are held by the future alone; finalisers that act.

Speaks to rows 5, 6, 7 and 22 of the claims about futures: inline dispatch in the order of registration, and chains of
callbacks that nest instead of being scheduled.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "add_done_callback": 6,
    "set_result": 4,
    "cancel": 3,
    "set_exception": 2,
    "result": 2,
    "exception": 2,
    "done": 1,
    "cancelled": 1,
    "running": 1,
    "repr": 1,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="concurrent_callbacks",
    description="callbacks that act on concurrent futures from inside the call that resolves them",
    contracts=("concurrent",),
    profile=Profile(
        threads=(2, 4),
        tasks=(0, 0),
        actors=(2, 2, 3, 3, 4),
        futures=(1, 1, 2, 2, 3),
        callbacks=(1, 2, 3, 4),
        thread_operations=_ON_THE_FUTURE | {"set_running": 2},
        callback_operations=_ON_THE_FUTURE,
        reentrant=0.9,
        raising=0.2,
        ephemeral=0.25,
        hooks=0.15,
        hook_kinds=("del",),
    ),
    weight=2,
)
