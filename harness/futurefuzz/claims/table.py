"""All claims, by their numbers."""

from __future__ import annotations

from typing import Final

from futurefuzz.claims import bridging, callbacks, chains, debugging, leaking, looking, loops, pitfalls, states, tasks
from futurefuzz.claims.claim import Claim

__all__ = ["CLAIMS"]

_MODULES: Final = (states, debugging, callbacks, bridging, tasks, leaking, chains, looking, loops, pitfalls)

CLAIMS: Final[dict[int, Claim]] = {
    claim.number: claim
    for claim in sorted((claim for module in _MODULES for claim in module.CLAIMS), key=lambda claim: claim.number)
}
