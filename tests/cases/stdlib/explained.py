"""Why some of CPython's own tests do not pass under control."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Final

__all__ = ["explain"]

#: (test, kind, reason); the first pattern that fits.
#: `by design`: what the test looks at is replaced on purpose; `unsupported`: it needs what is refused under control.
_REASONS: Final = (
    (
        "*.test_internal_fds",
        "by design",
        "counts the descriptors of the self-pipe; a loop under control is woken by the control and has none",
    ),
    (
        "*.test_signal_handling_args",
        "by design",
        "a real signal is due in 0.1 s, a timer of the loop in 60 s: virtual time does not wait for signals",
    ),
    (
        "*.TestFork.test_fork_not_share_*",
        "by design",
        "waits for a real process by looking again and again, and the sleeps in between are virtual",
    ),
    (
        "*.test_process_fork_from_a_threadpool",
        "repaired since",
        "the child joined the threads of the pool, which it does not have",
    ),
    (
        "*.test_hang_global_shutdown_lock",
        "unsupported",
        "forks process pools while a thread submits to itself without end: the points are used up before they are done",
    ),
)


def explain(module: str, name: str) -> tuple[str, str] | None:
    """(kind, reason) of a test that does not pass; None when nobody has looked into it.

    Args:
        module, name: of the test.
    """
    test = f"{module}.{name}"
    return next(((kind, reason) for pattern, kind, reason in _REASONS if fnmatchcase(test, pattern)), None)
