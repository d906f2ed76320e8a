"""Signatures: one bug, one line of text, however often and in whatever program it shows.

A signature names target, clause and a detail that does not depend on the program's numbers. For the end of a process
there is no violation to take the detail from, so that it names how the process ended and which group of operations it
was in: the completing operations walk the same list of callbacks, hence one group. Where the program acts inside a
call-out, that says more: in the step of a task, say, there is no operation of the program at all.
"""

from __future__ import annotations

import re
import signal
from typing import Final

from futurefuzz.contracts.verdict import Violation
from futurefuzz.programs.operations import RESOLVING

__all__ = ["COMPLETION", "clause_of_end", "crash_signature", "group", "how_it_ended", "is_hang", "is_leak", "of"]

_LEAK: Final = re.compile(r":L\d+:")
_HANG: Final = re.compile(r":X2:")

#: what the completing operations are called in a signature
COMPLETION: Final = "completion"


def of(target: str, violation: Violation) -> str:
    """The signature of a violation that an oracle saw on a target."""
    return f"{target}:{violation.clause.id}:{violation.detail}"


def is_leak(signature: str) -> bool:
    """Whether it is of a leak, which one run alone does not show: `leaks.check` does."""
    return _LEAK.search(signature) is not None


def is_hang(signature: str) -> bool:
    """Whether it is of an interpreter that never came back."""
    return _HANG.search(signature) is not None


def crash_signature(
    target: str, how: str, operation: str | None, circumstances: str = "", callout: str | None = None
) -> str:
    """The signature of a run that its process did not survive.

    Args:
        target: name of the target.
        how: name of a signal (`SIGSEGV`), `hang`, or `exit N`; see `how_it_ended`.
        operation: name of the operation in which it happened; None outside of every operation.
        circumstances: what the program does that nobody need survive unharmed (`contracts.misuse.circumstances`): its
            damage may show anywhere, and is told apart from that of ordinary use.
        callout: kind of the call-out inside which the operation was performed; outside of every operation, of the one
            inside which the program acted last. None for none.

    Returns:
        Such as `asyncio.Future:X1:SIGSEGV in completion`, `asyncio.Future:X1:initialised again: SIGSEGV in await`,
        `asyncio.Task:X1:SIGSEGV in completion inside eq`, `asyncio.Task:X1:SIGSEGV in no operation after del`.
    """
    said = f"{circumstances}: " if circumstances else ""
    where = group(operation)
    if callout is not None:
        where += f" {'after' if operation is None else 'inside'} {callout}"
    return f"{target}:{clause_of_end(how)}:{said}{how} in {where}"


def clause_of_end(how: str) -> str:
    """The clause that an end breaks: `X1` a crash, `X2` a hang, `X3` an exit of the interpreter."""
    if how == "hang":
        return "X2"
    return "X3" if re.fullmatch(r"exit( -?\d+)?", how) else "X1"


def group(operation: str | None) -> str:
    """The operation's group, as signatures name it."""
    if operation is None:
        return "no operation"
    return COMPLETION if operation in RESOLVING else operation


def how_it_ended(returncode: int) -> str:
    """How a process ended, in a word: the signal's name, or `exit N`.

    Args:
        returncode: as `subprocess` and `multiprocessing` give it: negative for a signal.
    """
    if returncode >= 0:
        return f"exit {returncode}"
    try:
        return signal.Signals(-returncode).name
    except ValueError:  # real-time signals have no names of their own
        return f"signal {-returncode}"
