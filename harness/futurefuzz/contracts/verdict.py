"""Clauses and violations: what an oracle says, and the sentence that it rests on."""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from typing import Any, Final, Literal

from attrs import Attribute, field, frozen

__all__ = ["Clause", "Violation"]


#: letter of a clause's number -> the contracts that it belongs to
_CONTRACTS: Final = {
    "A": ("asyncio",),
    "B": ("bridge",),
    "C": ("concurrent",),
    "G": ("compound",),
    "H": ("asyncio", "bridge", "compound"),
    # not of several loops: what a program of them leaves behind is not looked at
    "L": ("asyncio", "bridge", "compound", "concurrent", "concurrent-compound"),
    "M": ("loops",),
}
_BOUND: Final = re.compile(r"(>=|<)\s*(\d+)\.(\d+)")


def _bounds(text: str) -> tuple[tuple[str, tuple[int, int]], ...]:
    found = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _BOUND.fullmatch(part)
        if match is None:
            raise ValueError(f"versions {text!r}: {part!r} is no bound; allowed: such as '>=3.12' or '>=3.11, <3.14'")
        found.append((match[1], (int(match[2]), int(match[3]))))
    return tuple(found)


def _versions(_clause: object, _attribute: Attribute[Any], text: str) -> None:
    _bounds(text)


@frozen(kw_only=True)
class Clause:
    """One promise of a contract.

    Args:
        id: letter of the contract and a number, such as `A7`.
        text: the promise in one sentence of ours.
        quote: the words of the documentation, PEP or issue that it rests on.
        source: where the quote stands, such as `docstring of asyncio.Future.set_result` or `gh-125969`.
        grade: what breaking it under legal use means.
        versions: of Python for which it holds, such as `>=3.12` or `>=3.11, <3.14`; empty for all.
        contracts: which contracts it belongs to; empty for what the letter of its number says, which for letters that
            have no contract of their own (X) is every one.
        trap: it is about programs: a mistake that any Future allows, which no Future can hold or break.
    """

    id: str
    text: str
    quote: str
    source: str
    grade: Literal["forbidden", "interesting"] = "forbidden"
    versions: str = field(default="", validator=_versions)
    contracts: tuple[str, ...] = ()
    trap: bool = False

    def applies_to(self, contract: str) -> bool:
        """Whether a contract has this clause."""
        contracts = self.contracts or _CONTRACTS.get(self.id[0], ())
        return not contracts or contract in contracts

    def holds_on(self, version_info: Sequence[Any] = sys.version_info) -> bool:
        """Whether it is a promise of that version of Python at all."""
        version = (int(version_info[0]), int(version_info[1]))
        return all(version >= bound if sign == ">=" else version < bound for sign, bound in _bounds(self.versions))


@frozen(kw_only=True)
class Violation:
    """An oracle's verdict that a clause was broken in a run.

    Args:
        oracle: name of the oracle.
        clause: the clause.
        grade: `forbidden`, or `interesting` (misuse that the documentation warns of, or a trap inside legal use).
        detail: short and independent of the program's numbers, so that one bug has one detail; part of the signature.
        cause: one sentence for a person.
        at: index of the event in the history where it showed.
    """

    oracle: str
    clause: Clause
    grade: Literal["forbidden", "interesting"]
    detail: str
    cause: str
    at: int
