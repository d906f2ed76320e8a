"""What is right: the contracts as clauses with their sources, and as executable models."""

from __future__ import annotations

from typing import Final

from futurefuzz.contracts import (
    agreement_clauses,
    asyncio_clauses,
    bridge_clauses,
    compound_clauses,
    concurrent_clauses,
    general_clauses,
    leak_clauses,
    loop_clauses,
    several_loops_clauses,
)
from futurefuzz.contracts.verdict import Clause, Violation

__all__ = ["CLAUSES", "Clause", "Violation", "clauses_of"]

#: id -> clause, of all contracts
CLAUSES: Final[dict[str, Clause]] = {
    clause.id: clause
    for clauses in (
        asyncio_clauses,
        concurrent_clauses,
        bridge_clauses,
        compound_clauses,
        general_clauses,
        leak_clauses,
        loop_clauses,
        several_loops_clauses,
        agreement_clauses,
    )
    for clause in clauses.CLAUSES
}


def clauses_of(contract: str) -> dict[str, Clause]:
    """The clauses of a contract that hold on this version of Python, the general ones included: id -> clause."""
    return {
        name: clause for name, clause in CLAUSES.items() if clause.applies_to(contract) and clause.holds_on()
    }
