"""futurefuzz finds, confirms, explains and replays concurrency bugs in Future implementations.

The command line is in `futurefuzz.cli`, targets are made with `futurefuzz.targets.Target`, tests use
`futurefuzz.strategies` (Hypothesis) or `futurefuzz.checking`.
"""

from futurefuzz._version import __version__

__all__ = ["__version__"]
