"""futurefuzz finds, confirms, explains and replays concurrency bugs in Future implementations.

The command line is in `futurefuzz.cli`, targets are made with `futurefuzz.targets.Target`, tests use
`futurefuzz.strategies` (Hypothesis) or `futurefuzz.checking`; `futurefuzz.explore` runs ordinary code under control.
`futurefuzz.Declaration` says what a Future claims; `futurefuzz.watch` tells how a loop of any running program fares.
"""

from __future__ import annotations

from futurefuzz._version import __version__

TYPE_CHECKING = False  # as typing's, without loading it: whoever presses Ctrl-C meanwhile would see a traceback
if TYPE_CHECKING:
    from typing import Any

    from futurefuzz.exploring.api import explore
    from futurefuzz.health.watching import watch
    from futurefuzz.targets.declaration import Declaration

__all__ = ["Declaration", "__version__", "explore", "watch"]


def __getattr__(name: str) -> Any:
    # Found when it is asked for: it needs most of the package, and `import futurefuzz` alone needs none of it.
    if name == "explore":
        from futurefuzz.exploring.api import explore

        return explore
    if name == "watch":
        from futurefuzz.health.watching import watch

        return watch
    if name == "Declaration":
        from futurefuzz.targets.declaration import Declaration

        return Declaration
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
