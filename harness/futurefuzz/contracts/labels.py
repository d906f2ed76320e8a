"""Outcomes in words that do not depend on a program's numbers, so that one bug has one detail."""

from __future__ import annotations

from typing import Final

from futurefuzz.programs.program import Operation
from futurefuzz.runs.history import Outcome

__all__ = ["kind", "title"]

_PREFIXES: Final = {
    "v:": "a value",
    "e:": "the exception",
    "x:": "a callback's exception",
    "o:": "a call-out's exception",
    "m:": "a message",
}


def kind(outcome: Outcome | None) -> str:
    """What an outcome is, in a word or two: `a value`, `the exception`, `CancelledError`, `True`."""
    if outcome is None:
        return "pending"
    how, what = outcome
    word = _PREFIXES.get(what[:2])
    if word is not None:
        return word if how == "raised" or word == "a value" else f"{word} as result"
    if what.startswith("CancelledError"):
        return "CancelledError"
    if what.lstrip("-").isdigit():
        return "a number"
    return what if how == "returned" else f"{what} raised"


def title(operation: Operation) -> str:
    """An operation with its argument: `set_exception(StopIteration)`."""
    return operation.name if operation.argument is None else f"{operation.name}({operation.argument})"
