"""Exhaustive search: every interleaving once, for programs small enough."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import View
from futurefuzz.explorers.certificate import counted
from futurefuzz.explorers.default_rule import go_on

__all__ = ["Exhaustive"]


class _Node:
    """A choice on the path of the run: who could go, whom we still have to let go (the last one is next)."""

    __slots__ = ("chosen", "current", "enabled", "untried")

    def __init__(self, current: int, enabled: tuple[int, ...], chosen: int, untried: list[int]) -> None:
        self.current = current
        self.enabled = enabled
        self.chosen = chosen
        self.untried = untried


class Exhaustive:
    """Depth-first search over all choices, by running again from the start; at the end `begin` returns False.

    Paper: Godefroid, "Model checking for programming languages using VeriSoft" (POPL 1997), the stateless search.

    Guarantee: when `complete` is true, every schedule has been run exactly once. One without preemption comes first. It
    holds for deterministic programs, and that is checked: a prefix that does not meet again what it met before is a
    HarnessError, not a certificate.

    Deviation: none; independent steps are not recognised. `Reduced` does that, where points announce all that they
    touch; `Bounded` goes by the number of preemptions, where this is too much.

    Cost: exponential in the number of points (two actors of m and n turns: (m+n)!/(m! n!) runs); 0.3 µs a choice on the
    path, 0.9 µs a new one; memory one node per choice of a run.

    Args:
        rng: not used; there for the registry.

    Attributes:
        complete: all has been run.
        runs: how many runs have ended.
    """

    name = "exhaustive"

    def __init__(self, rng: Random | None = None) -> None:
        self.recording = False
        self.complete = False
        self.runs = 0
        self._path: list[_Node] = []
        self._position = 0
        self._started = False
        self._view: View | None = None

    def certificate(self) -> str:
        """What has been shown so far, as in "all 1,184 interleavings"."""
        interleavings = counted(self.runs, "interleaving")
        return f"all {interleavings}" if self.complete else f"not complete: {interleavings} so far"

    def begin(self, view: View) -> bool:
        """Step back to the last choice with an alternative; False when there is none."""
        if self.complete:
            return False
        if self._started:
            path = self._path
            while path and not path[-1].untried:
                path.pop()
            if not path:
                self.complete = True
                return False
            path[-1].chosen = path[-1].untried.pop()
        self._started = True
        self._view = view
        self._position = 0
        return True

    def choose(self, current: int, enabled: Sequence[int]) -> int:
        """Along the path, then going on.

        Raises:
            HarnessError: the path does not meet what it met in the run before.
        """
        position = self._position
        self._position = position + 1
        path = self._path
        if position < len(path):
            node = path[position]
            if node.current != current or node.enabled != tuple(enabled):
                raise HarnessError(
                    f"the program is not deterministic: at choice {position} actor {node.current} stood and "
                    f"{list(node.enabled)} could go; now it is actor {current} and {list(enabled)}"
                )
            return node.chosen
        return self._extend(current, tuple(enabled))

    def end(self, view: View) -> None:
        """Count the run.

        Raises:
            HarnessError: the run ended before its path did.
        """
        self._view = None
        self.runs += 1
        if self._position < len(self._path):
            raise HarnessError(
                f"the program is not deterministic: after the same choices a run ended at choice {self._position}, "
                f"before it came to choice {len(self._path) - 1}"
            )

    def _extend(self, current: int, enabled: tuple[int, ...]) -> int:
        assert self._view is not None
        chosen = go_on(self._view.pending, current, enabled)
        untried = [actor for actor in reversed(enabled) if actor != chosen]
        self._path.append(_Node(current, enabled, chosen, untried))
        return chosen
