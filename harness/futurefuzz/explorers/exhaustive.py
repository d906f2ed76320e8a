"""Exhaustive search: every interleaving once, for programs small enough."""

from __future__ import annotations

from collections.abc import Sequence
from random import Random

from futurefuzz.errors import HarnessError
from futurefuzz.explorers.base import View
from futurefuzz.explorers.default_rule import go_on

__all__ = ["Exhaustive"]


class _Node:
    """A choice on the path of the run: who could go, whom we still have to let go (the last one is next)."""

    __slots__ = ("chosen", "current", "enabled", "preemptions", "stands", "untried")

    def __init__(
        self, current: int, stands: bool, enabled: tuple[int, ...], preemptions: int, chosen: int, untried: list[int]
    ) -> None:
        self.current = current
        self.stands = stands
        self.enabled = enabled
        self.preemptions = preemptions  # on the path before this choice
        self.chosen = chosen
        self.untried = untried


class Exhaustive:
    """Depth-first search over all choices, by running again from the start; at the end `begin` returns False.

    Papers: Godefroid, "Model checking for programming languages using VeriSoft" (POPL 1997) for the stateless search;
    Musuvathi and Qadeer, "Iterative context bounding" (PLDI 2007) for the bound: a preemption is a switch away from an
    actor that stands at a point and could go on; switches where the current actor blocked or ended are free.

    Guarantee: when `complete` is true, every schedule with at most `preemptions` preemptions has been run exactly once,
    or every schedule there is when `left_out` is 0. The run with no preemption comes first. It holds for deterministic
    programs, and that is checked: a prefix that does not meet again what it met before is a HarnessError, not a
    certificate.

    Deviation: independent steps are not recognised (no sleep sets yet), so equivalent interleavings are run, too.

    Cost: exponential in the number of points without a bound (two actors of m and n turns: (m+n)!/(m! n!) runs),
    polynomial of the degree of the bound with one; 0.3 µs a choice on the path, 0.9 µs a new one; memory one node per
    choice of a run.

    Args:
        rng: not used; there for the registry.
        preemptions: bound; None for no bound.

    Attributes:
        complete: all has been run.
        runs: how many runs have ended.
        left_out: alternatives that the bound cut off.
    """

    name = "exhaustive"

    def __init__(self, rng: Random | None = None, *, preemptions: int | None = None) -> None:
        self.recording = False
        self.complete = False
        self.runs = 0
        self.left_out = 0
        self._bound = preemptions
        self._path: list[_Node] = []
        self._position = 0
        self._started = False
        self._view: View | None = None

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
        pending = self._view.pending
        preemptions = 0
        if self._path:
            last = self._path[-1]
            preemptions = last.preemptions + (last.stands and last.chosen != last.current)
        chosen = go_on(pending, current, enabled)
        stands = current >= 0 and pending[current] is not None
        untried = [actor for actor in reversed(enabled) if actor != chosen]
        if stands and self._bound is not None and preemptions >= self._bound:
            self.left_out += len(untried)
            untried = []
        self._path.append(_Node(current, stands, enabled, preemptions, chosen, untried))
        return chosen
