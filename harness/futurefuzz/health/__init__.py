"""How an event loop fares: queue depth, latencies, slow callbacks, waiters, complaints. See `docs/health.md`."""

from __future__ import annotations

from futurefuzz.health.record import LoopHealth, Verdict
from futurefuzz.health.watching import Health, watch

__all__ = ["Health", "LoopHealth", "Verdict", "watch"]
