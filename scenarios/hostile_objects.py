"""Hostile objects within legal use: exceptions, callbacks and awaiters as nobody should write them, on one loop.

Covers: exceptions of the library's own classes and of subclasses of StopIteration, exception classes that raise or make
something else; callbacks that are equal to nothing, without a hash, raising; awaiting through an object that only looks
like a future, and in a task of another loop, which must fail and leave no trace; operations on futures whose loop has
been closed. All of it keeps to one loop and to documented calls, so that the model still knows each outcome.

Speaks to rows 1, 2, 3, 5, 7, 8 and 17 of the claims about futures, for objects that are legal and inconvenient.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {
    "set_exception": 7,
    "set_result": 2,
    "cancel": 2,
    "add_done_callback": 5,
    "remove_done_callback": 5,
    "await-elsewhere": 4,
    "result": 3,
    "exception": 2,
    "done": 1,
    "repr": 1,
    "drop": 1,
    "collect": 1,
}

SCENARIO = Scenario(
    name="hostile_objects",
    description="exceptions, callbacks and awaiters as nobody should write them, within the contract",
    contracts=("asyncio",),
    profile=Profile(
        threads=(0, 0),
        futures=(1, 1, 1, 2),
        task_operations=_ON_THE_FUTURE | {"await": 8, "yield": 4},
        callback_operations=_ON_THE_FUTURE,
        exceptions=(
            None,
            "falsy",
            "StopIteration",
            "StopIteration-subclass",
            "StopIteration-subclass",
            "TimeoutError",
            "InvalidStateError",
            "raising-class",
            "foreign-class",
        ),
        reentrant=0.3,
        raising=0.15,
        equal=0.4,
        unequal=0.5,
        unhashable=0.2,
        ephemeral=0.2,
        foreign=0.25,
        hooks=0.2,
        hook_kinds=("closed",),
        debug=0.15,
    ),
)
