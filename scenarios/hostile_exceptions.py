"""Hostile exceptions through thread-safe futures and bridges: false ones, the library's own classes, ones that stop.

Covers: exceptions that are false, subclasses of StopIteration, exceptions exactly of the classes that the bridges
replace, set by threads and loops, asked for on either side more than once; what comes out must be what went in, with
the traceback of where it was raised.

Speaks to rows 2, 11, 12 and 16 of the claims about futures: whoever waits gets the outcome, on either side.
"""

from futurefuzz.programs.profile import Profile
from futurefuzz.programs.scenario import Scenario

_ON_THE_FUTURE = {"set_exception": 8, "set_result": 1, "cancel": 1, "result": 6, "exception": 4, "done": 1, "repr": 1}

SCENARIO = Scenario(
    name="hostile_exceptions",
    description="inconvenient exceptions through concurrent futures and bridges, as documented",
    contracts=("concurrent", "bridge"),
    profile=Profile(
        threads=(1, 3),
        tasks=(0, 2),
        actors=(2, 2, 3),
        futures=(1, 1, 2),
        task_operations=_ON_THE_FUTURE | {"await": 8, "yield": 3, "add_done_callback": 1},
        thread_operations=_ON_THE_FUTURE | {"add_done_callback": 1, "set_running": 1},
        callback_operations={"result": 1, "exception": 1, "done": 1, "repr": 1},
        exceptions=(None, "falsy", "StopIteration", "StopIteration-subclass", "TimeoutError", "InvalidStateError"),
        reentrant=0.2,
        debug=0.1,
    ),
)
