"""Files that are there whole or not at all, and what is no file."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

from futurefuzz.findings import atomic


def test_a_file_is_replaced_by_one_rename(tmp_path: Path) -> None:
    """The new content is there, nothing else is, and whoever reads the old file goes on doing so."""
    path = tmp_path / "report.json"
    path.write_bytes(b"old")
    with path.open("rb") as before:
        atomic.write(path, b"new")
        assert before.read() == b"old"
    assert path.read_bytes() == b"new"
    assert os.listdir(tmp_path) == ["report.json"]


def test_what_is_no_regular_file_is_written_to_and_stays_what_it_is(tmp_path: Path) -> None:
    """A report for `/dev/null` or a pipe goes there; `--json /dev/null` by root once put a file in its place."""
    path = tmp_path / "pipe"
    os.mkfifo(path)
    got: list[bytes] = []
    reader = threading.Thread(target=lambda: got.append(path.read_bytes()))
    reader.start()
    atomic.write(path, b"x" * 200_000)
    reader.join()
    assert got == [b"x" * 200_000]
    assert stat.S_ISFIFO(path.stat().st_mode)
    assert os.listdir(tmp_path) == ["pipe"]
