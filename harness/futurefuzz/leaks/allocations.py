"""Which lines allocate what stays: growth, attributed by `tracemalloc`."""

from __future__ import annotations

import gc
import linecache
import os
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Final

from attrs import frozen

from futurefuzz.leaks.growth import SELDOM, clear_caches

__all__ = ["Allocation", "allocations"]

_FRAMES: Final = 16
#: bytes that stay of one time, where no new block does: one that is made larger, as a list is
_LARGE: Final = 512
_HERE: Final = os.path.dirname(os.path.abspath(__file__))
_PACKAGE: Final = os.path.dirname(_HERE)
_LIBRARY: Final = os.path.dirname(os.path.abspath(os.__file__))


@frozen(kw_only=True)
class Allocation:
    """A line that allocates what stays.

    Args:
        file: its file; without folders where it belongs to Python or to futurefuzz.
        line: its number.
        code: the line.
        blocks: how many blocks stay of each time; a part of one where not every time leaves some.
        size: how many bytes stay of each time.
    """

    file: str
    line: int
    code: str
    blocks: float
    size: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line} ({self.code})" if self.code else f"{self.file}:{self.line}"


def allocations(
    step: Callable[[], object], *, times: int = 16, every: int = SELDOM, most: int = 5
) -> tuple[Allocation, ...]:
    """The lines that allocate what stays, the largest first.

    Args:
        step: what leaks; it was done before.
        times: how often it is done.
        every: of so many times, one leaves something.
        most: how many lines at most.

    Returns:
        Lines of which at least one block stayed of `every` times, or as much as a large one in bytes. Of a stack the
        line is named that is the deepest outside of Python's own library and of futurefuzz, where there is one: that is
        where somebody can do something about it.
    """
    was_tracing = tracemalloc.is_tracing()
    try:
        if not was_tracing:
            tracemalloc.start(_FRAMES)
        step()
        clear_caches()
        gc.collect()
        before = tracemalloc.take_snapshot()
        for _ in range(times):
            step()
        clear_caches()
        gc.collect()
        after = tracemalloc.take_snapshot()
    finally:
        if not was_tracing:
            tracemalloc.stop()
    ours = tracemalloc.Filter(False, os.path.join(_HERE, "*"))
    tool = tracemalloc.Filter(False, tracemalloc.__file__)
    differences = after.filter_traces([ours, tool]).compare_to(before.filter_traces([ours, tool]), "traceback")
    lines: dict[tuple[str, int], list[int]] = {}
    for entry in differences:
        if entry.count_diff * every >= times or entry.size_diff * every >= times * _LARGE:
            frame = _telling(entry.traceback)
            total = lines.setdefault((frame.filename, frame.lineno), [0, 0])
            total[0] += entry.count_diff
            total[1] += entry.size_diff
    found = sorted(lines.items(), key=lambda entry: (-entry[1][1], entry[0]))
    return tuple(
        Allocation(
            file=_short(file),
            line=line,
            code=linecache.getline(file, line).strip(),
            blocks=blocks // times or round(max(blocks, 0) / times, 2),
            size=size // times,
        )
        for (file, line), (blocks, size) in found[:most]
    )


def _telling(traceback: tracemalloc.Traceback) -> tracemalloc.Frame:
    frames = list(traceback)  # oldest first
    for frame in reversed(frames):
        if frame.filename.startswith(_HERE):
            break  # further out is who asked
        if not frame.filename.startswith((_PACKAGE, _LIBRARY, "<")):
            return frame
    return frames[-1]


def _short(file: str) -> str:
    for folder in (os.path.dirname(_PACKAGE), _LIBRARY):
        if file.startswith(folder + os.sep):
            return Path(file[len(folder) + 1 :]).as_posix()
    try:
        return Path(os.path.relpath(file)).as_posix() if not os.path.relpath(file).startswith("..") else file
    except ValueError:  # another drive
        return file
