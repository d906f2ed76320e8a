"""Future implementations behind adapters. Importing this package registers those that come with it."""

from futurefuzz.targets import (
    asyncio_futures,
    asyncio_tasks,
    bridges,
    concurrent_future,
    loop_compounds,
    nested_compounds,
    primitives,
    several_loops,
    thread_compounds,
)
from futurefuzz.targets.base import Compound, Sides, Target, find, names, register
from futurefuzz.targets.declaration import Declaration

__all__ = [
    "Compound",
    "Declaration",
    "Sides",
    "Target",
    "asyncio_futures",
    "asyncio_tasks",
    "bridges",
    "concurrent_future",
    "find",
    "loop_compounds",
    "names",
    "nested_compounds",
    "primitives",
    "register",
    "several_loops",
    "thread_compounds",
]
