"""Hostile surroundings: memory runs out in the middle of an operation, once.

Covers: every single call of an asyncio future with its first, second, … twelfth allocation failing, between ordinary
operations by tasks and callbacks. Each such operation may succeed or raise `MemoryError`; what was resolved must stay
as it was, and the interpreter must survive. Needs CPython's `_testcapi`; without it these are ordinary programs.

Speaks to rows 1 and 3 of the claims about futures.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "set_result": 4,
    "set_exception": 3,
    "cancel": 4,
    "add_done_callback": 5,
    "remove_done_callback": 4,
    "result": 2,
    "exception": 2,
    "done": 1,
    "repr": 2,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="hostile_memory",
    description="an allocation fails in the middle of an operation",
    contracts=("asyncio",),
    # Where the target is Python code, it is the interpreter that runs out of memory in the middle of it.
    targets=("asyncio.[!P]*",),
    profile=Profile(
        threads=(0, 0),
        futures=(1, 1, 2),
        task_operations=_ON_THE_FUTURE | {"await": 5, "yield": 3},
        callback_operations=_ON_THE_FUTURE,
        reentrant=0.3,
        ephemeral=0.3,
        equal=0.2,
        contexts=0.2,
        starved=0.4,
        debug=0.1,
    ),
    legal=False,
)
