"""What a target declares against the clauses: whether that can be, and what of a run's violations is left then."""

from __future__ import annotations

from functools import cache
from typing import Final

from futurefuzz.contracts import CLAUSES, clauses_of
from futurefuzz.contracts.verdict import Violation
from futurefuzz.errors import InputError
from futurefuzz.targets import base as targets
from futurefuzz.targets.base import Target

__all__ = ["check_declaration", "split"]

_NONE: Final[dict[str, str]] = {}


def check_declaration(target: Target) -> None:
    """See to it that a target departs from clauses of its contract only, and says why.

    Raises:
        InputError: it does not.
    """
    clauses = clauses_of(target.contract)
    for name, reason in target.departures.items():
        if name not in CLAUSES or not CLAUSES[name].applies_to(target.contract):
            raise InputError(
                f"target {target.name}: departs from {name!r}, which is no clause of the contract {target.contract}; "
                f"allowed: {', '.join(clauses)}"
            )
        if not str(reason).strip():
            raise InputError(
                f"target {target.name}: departs from {name} without a reason; allowed: {name} with a few words of why"
            )


def split(violations: list[Violation], target: str) -> tuple[list[Violation], list[Violation]]:
    """Tell what counts from what the target has declared.

    What breaks a clause that does not hold on this version of Python is in neither, and so is what another oracle says
    of the event that shows a departure: the same thing, by another name.

    Args:
        violations: of a run.
        target: its target's name; one that nobody has registered declares nothing.

    Returns:
        What counts, and what breaks clauses from which the target departs knowingly.
    """
    try:
        departures = targets.find(target).departures
    except InputError:  # a hand-made run
        departures = _NONE
    held = [violation for violation in violations if _holds(violation.clause.id, violation.clause.versions)]
    if not departures:
        return held, []
    departed = [violation for violation in held if violation.clause.id in departures]
    shown = {violation.at for violation in departed}
    return [violation for violation in held if violation.at not in shown], departed


@cache
def _holds(name: str, versions: str) -> bool:
    return not versions or CLAUSES[name].holds_on()
