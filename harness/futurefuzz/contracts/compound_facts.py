"""What a history tells of a group of futures on a loop: who was completed when, and by whom."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

from futurefuzz.programs.program import Operation, Program
from futurefuzz.runs.history import FinalState, Outcome, Run
from futurefuzz.targets.base import Target

__all__ = ["CANCELLED", "ENDING", "Facts", "judged", "plain"]

CANCELLED: Final = "cancelled"

#: shapes of what can be shut down or broken (`set_exception`) -> what then comes out of whoever waits
ENDING: Final[Mapping[str, str]] = MappingProxyType(
    {"barrier": "BrokenBarrierError", "queue-shutdown": "QueueShutDown"}
)

_NONE: Final = ("returned", "None")
_TRUE: Final = ("returned", "True")
_MESSAGE: Final = re.compile(r"CancelledError\([^)]*\)")
_ASKING: Final = frozenset({"result", "exception", "await"})


def plain(outcome: Outcome | None) -> str | None:
    """What a future ended with: the label of its value or exception, `cancelled`, or None while pending."""
    if outcome is None:
        return None
    how, what = outcome
    if how == "raised" and what.startswith("CancelledError"):
        return CANCELLED
    return _MESSAGE.sub("CancelledError", what) if "CancelledError(" in what else what


def judged(program: Program, target: Target) -> bool:
    """Whether the program leaves all that is judged in reach, and does not complete what belongs to the target."""
    children = program.futures - 1
    if target.children is None:
        unfit = {"drop"} if target.shape in ENDING else {"drop", "set_exception"}
        return not any(operation.name in unfit for operation in program.operations())
    if not target.children[0] <= children <= target.children[1]:
        return False
    return not any(
        operation.name == "drop" or (operation.name in ("set_result", "set_exception") and operation.future == children)
        for operation in program.operations()
    )


class Facts:
    """A run of a group, read once.

    Attributes:
        children: how many futures there are before the compound.
        ended: child -> (place in the history, outcome) where an operation of the program completed it.
        last: future -> outcome in the end; None: pending. What was dropped, or never made, is missing.
        stages: stage of the compound -> place where it came to it; `made` is the first.
        cancels: places where a cancellation of the compound was accepted.
        answers: (place, operation, outcome) of what asked the compound and was told an outcome.
        left: places where somebody is left awaiting the compound.
        sets: places and sites of set_result calls that came back without an exception, in order, of whatever future.
        breaks: places of set_exception calls that came back without an exception.
        asked: future -> place where a cancellation of it was accepted for the first time.
        end: place of the last event.
    """

    __slots__ = (
        "answers", "asked", "breaks", "cancels", "children", "end", "ended", "last", "left", "sets", "stages",
    )  # fmt: skip

    def __init__(self, run: Run, children: int) -> None:
        self.children = children
        self.ended: dict[int, tuple[int, str]] = {}
        self.last: dict[int, str | None] = {}
        self.stages: dict[str, int] = {}
        self.cancels: list[int] = []
        self.answers: list[tuple[int, str, str]] = []
        self.left: list[int] = []
        self.sets: list[tuple[int, str]] = []
        self.breaks: list[int] = []
        self.asked: dict[int, int] = {}
        self.end = len(run.history) - 1
        for at, (kind, _, _, site, what, outcome) in enumerate(run.history):
            if kind == "return":
                self._returned(at, site, what, outcome)
            elif kind == "stage":
                self.stages.setdefault(str(what), at)
            elif kind == "state":
                assert isinstance(what, FinalState)
                if what.side == "observer":
                    self.last[what.future] = plain(what.outcome)
            elif kind == "waiting":
                assert isinstance(what, Operation)
                if what.name == "await" and what.future == children:
                    self.left.append(at)

    def _returned(self, at: int, site: str, what: Any, outcome: Any) -> None:
        direct = what.via == "direct" or site[-1] == "!"
        if not direct:
            return
        name, future = what.name, what.future
        if name == "set_result" and outcome == _NONE:
            label = f"v:{site.rstrip('!')}"
            self.sets.append((at, label))
            self.ended.setdefault(future, (at, label))
        elif name == "set_exception" and outcome == _NONE:
            self.breaks.append(at)
            self.ended.setdefault(future, (at, f"e:{site.rstrip('!')}"))
        elif name == "cancel" and outcome == _TRUE:
            self.asked.setdefault(future, at)
            if future == self.children:
                self.cancels.append(at)
            else:
                self.ended.setdefault(future, (at, CANCELLED))
        elif name in _ASKING and future == self.children and outcome is not None:
            how, label = outcome
            if label in ("InvalidStateError", "skipped") or (name == "exception" and (how, label) == _NONE):
                return
            # gather stores its cancellation as an exception
            told = CANCELLED if name == "exception" and label.startswith("CancelledError") else plain(outcome)
            assert told is not None
            self.answers.append((at, name, told))

    @property
    def final(self) -> str | None:
        """The compound's outcome in the end."""
        return self.last.get(self.children)

    @property
    def members(self) -> range:
        """The children."""
        return range(self.children)

    def taken(self) -> list[int]:
        """Children that are cancelled although no operation of the program did that."""
        return [child for child in self.members if self.last.get(child) == CANCELLED and child not in self.ended]
