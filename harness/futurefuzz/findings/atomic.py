"""Files that are there whole or not at all, whatever happens while they are written.

The bytes go to a temporary file beside the real one, are forced to the disk, and take the real name by one rename; then
the folder is forced to the disk too, or the rename could be lost with the power. A writer that dies leaves a temporary
file and the old one; temporary files are no findings (`.tmp`) and are swept away when they are old. Their age decides,
not whether their writer lives: a folder may be shared between machines and containers, where process numbers mean
nothing.
"""

from __future__ import annotations

import os
import secrets
import time
from pathlib import Path
from typing import Final

__all__ = ["OLD", "sweep", "write"]

#: seconds after which a temporary file has no writer any more; writing one takes milliseconds
OLD: Final = 3600.0

_SUFFIX: Final = ".tmp"


def write(path: Path, data: bytes) -> None:
    """Put `data` into the file: afterwards it holds all of it, or, on any error, what it held before.

    What is there and is no regular file (`/dev/null`, a terminal, a pipe) is written to as it is: a rename would put a
    file in its place, for everybody on the machine where the user may do that.

    Raises:
        OSError: no space, no permission, no such folder; nothing has changed and no temporary file is left.
    """
    if path.exists() and not path.is_file():
        with path.open("wb", buffering=0) as stream:
            _write_all(stream.fileno(), data)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}{_SUFFIX}")
    # not tempfile.mkstemp, whose files only their owner can read
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        try:
            _write_all(descriptor, data)
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
        os.replace(temporary, path)
    except BaseException:  # Ctrl-C too
        temporary.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def _write_all(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def sweep(folder: Path) -> None:
    """Remove the temporary files that writers left there when they died; what cannot be removed stays."""
    limit = time.time() - OLD
    for entry in sorted(folder.glob(f".*{_SUFFIX}")):
        try:
            if entry.stat().st_mtime < limit:
                entry.unlink()
        except OSError:
            continue


def _sync_folder(folder: Path) -> None:
    flag = getattr(os, "O_DIRECTORY", None)
    if flag is None:  # Windows: folders cannot be opened, and renames are kept by the file system
        return
    descriptor = os.open(folder, os.O_RDONLY | flag)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
