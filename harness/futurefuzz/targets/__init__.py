"""Future implementations behind adapters. Importing this package registers those that come with it."""

from futurefuzz.targets import (
    asyncio_futures,
    asyncio_tasks,
    bridges,
    compounds,
    concurrent_future,
    primitives,
    thread_compounds,
)
from futurefuzz.targets.base import Sides, Target, find, names, register
from futurefuzz.targets.declaration import Declaration

__all__ = [
    "Declaration",
    "Sides",
    "Target",
    "asyncio_futures",
    "asyncio_tasks",
    "bridges",
    "compounds",
    "concurrent_future",
    "find",
    "names",
    "primitives",
    "register",
    "thread_compounds",
]
