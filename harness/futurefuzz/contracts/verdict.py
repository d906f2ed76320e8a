"""Clauses and violations: what an oracle says, and the sentence that it rests on."""

from __future__ import annotations

from typing import Literal

from attrs import frozen

__all__ = ["Clause", "Violation"]


@frozen(kw_only=True)
class Clause:
    """One promise of a contract.

    Args:
        id: letter of the contract and a number, such as `A7`.
        text: the promise in one sentence of ours.
        quote: the words of the documentation, PEP or issue that it rests on.
        source: where the quote stands, such as `docstring of asyncio.Future.set_result` or `gh-125969`.
        grade: what breaking it under legal use means.
    """

    id: str
    text: str
    quote: str
    source: str
    grade: Literal["forbidden", "interesting"] = "forbidden"


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
