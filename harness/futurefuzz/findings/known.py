"""Known bugs: which findings a person has looked at, with the upstream issue and the releases that are free of it.

The file is TOML, because people write it:

    [[known]]
    signature = ["asyncio.Future:X1:SIG* in completion"]   # patterns as in a shell
    issue = "gh-125969"
    fixed_in = ["3.12.8", "3.13.1"]                        # first fixed release of each branch; empty: still open
    reviewed = 2025-01-31
    note = "what goes wrong"

A finding is known only where its bug is: on a fixed release the same signature is a regression, and new.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Sequence
from datetime import date, datetime
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from futurefuzz.errors import InputError
from futurefuzz.programs.codec import describe, make_converter, structure

__all__ = ["Known", "KnownBug", "load"]

_LEVELS: Final = {"a": "alpha", "b": "beta", "rc": "candidate", "": "final"}
_RELEASE: Final = re.compile(r"(\d{1,4})\.(\d{1,4})\.(\d{1,4})(?:(a|b|rc)(\d{1,4}))?")

#: as `sys.version_info`: its levels sort as they follow one another
Version = tuple[int, int, int, str, int]


@frozen(kw_only=True)
class KnownBug:
    """One entry of the file.

    Args:
        signature: patterns (`*`, `?`, `[…]`); one that matches is enough.
        issue: where it is discussed upstream, such as `gh-125969`.
        note: what goes wrong, for the report.
        reviewed: when a person last compared the entry with the releases.
        since: the first affected release; empty: all before the fix.
        fixed_in: the first fixed release of each branch that has a fix; none: still open.
        implementation: of Python, as `platform.python_implementation()` names it; `*` for every one.
    """

    signature: tuple[str, ...]
    issue: str
    note: str
    reviewed: date
    fixed_in: tuple[str, ...] = ()
    since: str = ""
    implementation: str = "CPython"

    @property
    def state(self) -> str:
        """Whether a release is free of it, in words."""
        return f"fixed in {', '.join(self.fixed_in)}" if self.fixed_in else "still open"

    def affects(self, implementation: str, version_info: Sequence[Any]) -> bool:
        """Whether an interpreter has the bug.

        Args:
            implementation: its name; upper and lower case are the same.
            version_info: `sys.version_info`, or as much of it as is known (at least major and minor).

        Returns:
            False on a branch with a fixed release from that release on, and on branches newer than all of those; True
            on the others: nobody fixes old branches, and who lists 3.12.8 and 3.14.1 says that 3.13 was left alone.
            False before `since`.
        """
        if self.implementation != "*" and implementation.casefold() != self.implementation.casefold():
            return False
        running = _full(version_info)
        if self.since and running < _release(self.since):
            return False
        fixes = [_release(text) for text in self.fixed_in]
        for fix in fixes:
            if fix[:2] == running[:2]:
                return running < fix
        return not fixes or running[:2] < max(fixes)[:2]


@frozen
class Known:
    """The entries of the file, in its order."""

    bugs: tuple[KnownBug, ...] = ()

    def match(self, signature: str, implementation: str, version_info: Sequence[Any]) -> KnownBug | None:
        """The first bug that explains the finding on this interpreter.

        Args:
            signature: of the finding.
            implementation: such as `CPython` (`platform.python_implementation()`).
            version_info: `sys.version_info`.

        Returns:
            None for a new finding, and for one that is known from other releases only.
        """
        for bug in self.bugs:
            named = any(fnmatchcase(signature, pattern) for pattern in bug.signature)
            if named and bug.affects(implementation, version_info):
                return bug
        return None


@frozen(kw_only=True)
class _File:
    known: tuple[KnownBug, ...] = ()


def load(path: Path) -> Known:
    """The known bugs that a TOML file names.

    Raises:
        InputError: it cannot be read, is not TOML, or says something else; the text names the place.
    """
    try:
        data = tomllib.loads(path.read_bytes().decode("utf-8"))
    except OSError as error:
        raise InputError(f"{path}: {error.strerror or error}; allowed: a TOML file of known bugs") from None
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: byte {error.start} is not UTF-8; allowed: TOML in UTF-8") from None
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not TOML: {' '.join(str(error).split())}") from None
    except (RecursionError, ValueError) as error:
        raise InputError(f"{path}: not TOML that can be read: {type(error).__name__}") from None
    return Known(structure(_converter, data, _File, str(path)).known)


def _patterns(value: Any, _kind: Any) -> tuple[str, ...]:
    patterns = [value] if isinstance(value, str) else value
    if not isinstance(patterns, list) or not patterns or not all(isinstance(one, str) and one for one in patterns):
        raise ValueError(f"expected a pattern or a list of patterns, not {describe(value)}")
    return tuple(patterns)


def _releases(value: Any, _kind: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ValueError(f"expected a list of releases, not {describe(value)}")
    branches = []
    for text in value:
        if not isinstance(text, str) or _RELEASE.fullmatch(text) is None:
            raise ValueError(f"{describe(text)} is no release; allowed: such as '3.12.8' or '3.15.0rc1'")
        branches.append(_release(text)[:2])
    if len(set(branches)) != len(branches):
        raise ValueError("a branch has two first fixed releases; allowed: one for each branch")
    return tuple(value)


def _since(value: Any, _kind: Any) -> str:
    if not isinstance(value, str) or (value and _RELEASE.fullmatch(value) is None):
        raise ValueError(f"{describe(value)} is no release; allowed: such as '3.14.0' or '3.15.0rc1'")
    return value


def _date(value: Any, _kind: Any) -> date:
    if not isinstance(value, date) or isinstance(value, datetime):
        raise ValueError(f"expected a date, not {describe(value)}; allowed: such as 2025-01-31 without quotes")
    return value


def _release(text: str) -> Version:
    found = _RELEASE.fullmatch(text)
    if found is None:
        raise InputError(f"{describe(text)} is no release; allowed: such as '3.12.8' or '3.15.0rc1'")
    major, minor, micro, level, serial = found.groups()
    return int(major), int(minor), int(micro), _LEVELS[level or ""], int(serial or 0)


def _full(version_info: Sequence[Any]) -> Version:
    given = tuple(version_info)
    major, minor, micro, level, serial = given + (0, 0, 0, "final", 0)[len(given) :]
    return int(major), int(minor), int(micro), str(level), int(serial)


_converter: Final = make_converter(
    {KnownBug: {"signature": _patterns, "fixed_in": _releases, "since": _since, "reviewed": _date}}
)
