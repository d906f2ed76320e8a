"""Futures that are broken on purpose, one bug each, with a program that shows it and the one finding to come of it."""

from __future__ import annotations

from typing import Final

from tests.oracles.bug import Planted
from tests.oracles.planted_asyncio import ASYNCIO
from tests.oracles.planted_bridges import BRIDGE
from tests.oracles.planted_concurrent import CONCURRENT

__all__ = ["PLANTED", "Planted"]

PLANTED: Final = [*ASYNCIO, *CONCURRENT, *BRIDGE]
