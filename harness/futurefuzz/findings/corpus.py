"""The corpus: a folder with one JSON file per finding, each there whole or not at all.

A finding's file is named after its signature, so that finding it again replaces its file instead of adding one, on any
machine. Files that people put there themselves may have any name that ends in `.json`.
"""

from __future__ import annotations

import json
import os
import re
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from attrs import evolve, frozen

from futurefuzz.errors import HarnessError, InputError
from futurefuzz.findings import atomic
from futurefuzz.findings.codec import finding_from_json, finding_to_json
from futurefuzz.findings.finding import Finding
from futurefuzz.programs.codec import parse

__all__ = ["LIMIT_FILE", "Corpus", "file_name", "read", "render"]

#: most bytes of a finding's file
LIMIT_FILE: Final = 1 << 24

_WIDTH: Final = 110


@frozen
class Corpus:
    """Findings in a folder. Several processes may write to it at the same time.

    Args:
        path: the folder; it is made when the first finding is saved.
    """

    path: Path

    def load(self) -> list[Finding]:
        """Every finding in the folder, sorted by file name; none where there is no folder yet.

        Raises:
            InputError: the folder cannot be read, or a file of it is damaged (the text names it).
        """
        return [read(path) for path in self.files()]

    def files(self) -> list[Path]:
        """The folder's finding files, sorted by name; temporary files of dead writers are swept away.

        Raises:
            InputError: it is no folder, or cannot be read.
        """
        try:
            entries = sorted(entry for entry in self.path.iterdir() if _is_finding(entry))
        except FileNotFoundError:
            return []
        except OSError as error:
            raise InputError(f"corpus {self.path}: {_reason(error)}; allowed: a folder that can be read") from None
        atomic.sweep(self.path)
        return entries

    def path_of(self, signature: str) -> Path:
        """Where the finding with that signature stands once it is saved."""
        return self.path / file_name(signature)

    def find(self, signature: str) -> Finding | None:
        """The saved finding with that signature.

        Raises:
            InputError: its file is damaged or cannot be read.
        """
        path = self.path_of(signature)
        try:
            path.stat()
        except FileNotFoundError:
            return None
        except OSError as error:
            raise InputError(f"{path}: {_reason(error)}; allowed: a JSON file of one finding") from None
        return read(path)

    def save(self, finding: Finding) -> Path:
        """Write the finding to its file, replacing an earlier one with its signature but not a person's analysis.

        Returns:
            The file.

        Raises:
            InputError: it cannot be written, or what stands there is damaged; what was there is untouched.
            HarnessError: the finding holds what its own file format refuses.
        """
        path = self.path_of(finding.signature)
        if finding.analysis is None:
            earlier = self.find(finding.signature)
            if earlier is not None:
                finding = evolve(finding, analysis=earlier.analysis)
        text = render(finding)
        _check_round_trip(finding, text, path)
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            atomic.write(path, text.encode("ascii"))
        except OSError as error:
            raise self._unwritable(error) from None
        return path

    def check_writable(self) -> None:
        """Make the folder and try to write to it, so that a campaign fails before it starts rather than at its end.

        Raises:
            InputError: it cannot be written.
        """
        probe = self.path / f".writable-{os.getpid()}"
        try:
            self.path.mkdir(parents=True, exist_ok=True)
            atomic.write(probe, b"x")
            probe.unlink(missing_ok=True)
        except OSError as error:
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> InputError:
        allowed = "a folder that can be written, with free space"
        return InputError(f"corpus {self.path}: {_reason(error)}; allowed: {allowed}")


def read(path: Path) -> Finding:
    """The finding in a file.

    Raises:
        InputError: no such file, too large, damaged or of a foreign format; the text names file and JSON path.
    """
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a file; allowed: a JSON file of one finding")
        with path.open("rb") as stream:
            data = stream.read(LIMIT_FILE + 1)
    except (OSError, ValueError) as error:  # ValueError: a name with a null byte
        raise InputError(f"{path}: {_reason(error)}; allowed: a JSON file of one finding") from None
    if len(data) > LIMIT_FILE:
        raise InputError(f"{path}: larger than {LIMIT_FILE} bytes; allowed: a JSON file of one finding")
    return finding_from_json(parse(data, str(path)), str(path))


def file_name(signature: str) -> str:
    """The name of a finding's file: readable, the same everywhere, and different for different signatures.

    Lower case and few characters, because some file systems know no others; the hash tells apart what then looks alike.
    """
    slug = re.sub(r"[^a-z0-9]+", "-", signature.lower()).strip("-")[:60].rstrip("-")
    return f"{slug or 'finding'}-{sha256(signature.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}.json"


def render(finding: Finding) -> str:
    """The text of the finding's file: indented, with what fits into a line on one line, so that changes read well."""
    return _pretty(finding_to_json(finding), "") + "\n"


def _pretty(value: Any, indent: str) -> str:
    flat = json.dumps(value, allow_nan=False)
    if not isinstance(value, dict | list) or not value or (indent and len(indent) + len(flat) <= _WIDTH):
        return flat
    inner = indent + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {_pretty(item, inner)}" for key, item in value.items()]
    else:
        items = [_pretty(item, inner) for item in value]
    opening, closing = "{}" if isinstance(value, dict) else "[]"
    return f"{opening}\n" + ",\n".join(inner + item for item in items) + f"\n{indent}{closing}"


def _check_round_trip(finding: Finding, text: str, path: Path) -> None:
    """What is saved must load again: a file that the next campaign refuses would stop that campaign."""
    try:
        same = finding_from_json(parse(text, str(path)), str(path)) == finding
    except InputError as error:
        raise HarnessError(f"this finding's file could not be read again: {error}") from error
    if not same:
        raise HarnessError(f"{path}: this finding's file would read as another finding")


def _is_finding(entry: Path) -> bool:
    return entry.suffix == ".json" and not entry.name.startswith(".")


def _reason(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return " ".join(str(error).split()) or type(error).__name__
