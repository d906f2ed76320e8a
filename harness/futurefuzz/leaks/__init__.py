"""What stays although nobody needs it: growth, survivors, cycles, and what is left behind outside of memory."""

from futurefuzz.leaks.allocations import Allocation
from futurefuzz.leaks.checking import check, judged, looked_at
from futurefuzz.leaks.watching import Leak, LeakFound, LeakReport, Watch, assert_no_leaks, check_leaks, watch

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
