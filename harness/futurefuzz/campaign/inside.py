"""What every process of ours does with itself, before it runs anybody else's code."""

from __future__ import annotations

import _thread
import faulthandler
import os
import signal
import time
from contextlib import suppress
from typing import Final

__all__ = ["end_with", "limit", "look_after", "separate_streams"]

_PR_SET_PDEATHSIG: Final = 1


def separate_streams() -> tuple[int, int]:
    """Move the protocol away from the standard streams, so that a target that prints or reads cannot reach it."""
    requests, answers = os.dup(0), os.dup(1)
    null = os.open(os.devnull, os.O_RDONLY)
    os.dup2(null, 0)
    os.close(null)
    os.dup2(2, 1)
    return requests, answers


def limit(core: int) -> None:
    """Say where it dies, leave Ctrl-C to the supervisor, stay on a core (a negative one is none), dump no memory."""
    faulthandler.enable()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the supervisor's business
    if core >= 0 and hasattr(os, "sched_setaffinity"):
        with suppress(OSError):  # not allowed here: slower, not wrong
            os.sched_setaffinity(0, {core})
    try:
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # writing a core takes longer than a thousand runs
    except (ImportError, OSError, ValueError):
        pass
    try:
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("500")  # when memory runs out, rather this process than the supervisor
    except OSError:
        pass


def end_with(parent: int) -> bool:
    """Have the kernel end this process when its parent ends; False where it cannot."""
    try:
        import ctypes

        watched = bool(ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL) == 0)
    except (ImportError, OSError, AttributeError, TypeError):
        watched = False
    if os.getppid() != parent:
        os._exit(0)
    return watched


def look_after(parent: int) -> None:
    """The same by a thread that looks once a second."""

    def look() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(0)

    _thread.start_new_thread(look, ())  # one that the code under test does not see
