"""`concurrent.futures.Future`."""

from __future__ import annotations

import concurrent.futures

from futurefuzz.targets.base import Target, register

__all__ = ["CONCURRENT_FUTURE"]

CONCURRENT_FUTURE = register(
    Target(
        name="concurrent.Future",
        contract="concurrent",
        new_future=concurrent.futures.Future,
        description="concurrent.futures.Future",
    )
)
