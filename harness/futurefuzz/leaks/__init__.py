"""What stays although nobody needs it: growth, survivors, cycles, and what is left behind outside of memory.

    from futurefuzz import leaks

    def test_my_client():
        leaks.assert_no_leaks(use_my_client)          # a function or a coroutine function

    with leaks.watch() as watched:
        client = watched.track(Client())
        client.talk()
        del client
    assert not watched.leaks
"""

from futurefuzz.leaks.allocations import Allocation
from futurefuzz.leaks.checking import check, judged, looked_at
from futurefuzz.leaks.leak import Leak, LeakFound, LeakReport
from futurefuzz.leaks.repeating import assert_no_leaks, check_leaks
from futurefuzz.leaks.watching import Watch, watch

__all__ = [
    "Allocation",
    "Leak",
    "LeakFound",
    "LeakReport",
    "Watch",
    "assert_no_leaks",
    "check",
    "check_leaks",
    "judged",
    "looked_at",
    "watch",
]
