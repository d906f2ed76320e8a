"""Claims about futures and loops as executable checks: what this interpreter does, and what it documents."""

from __future__ import annotations

from futurefuzz.claims.claim import Claim, Evidence
from futurefuzz.claims.parts import Parts
from futurefuzz.claims.table import CLAIMS

__all__ = ["CLAIMS", "Claim", "Evidence", "Parts"]
