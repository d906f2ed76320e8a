"""`futurefuzz claims`."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import click

from futurefuzz.claims.report import claims_lines, markdown
from futurefuzz.claims.running import FORMAT, check_all, check_elsewhere
from futurefuzz.claims.table import CLAIMS
from futurefuzz.errors import InputError
from futurefuzz.findings import atomic
from futurefuzz.reports.json_report import save
from futurefuzz.reports.page import is_terminal, page_for, write

__all__ = ["register", "run_claims"]

_AS_KNOWN: Final = 0
_DIFFERS: Final = 1


def run_claims(
    numbers: Sequence[int],
    *,
    pythons: Sequence[str] = (),
    json_file: Path | None = None,
    markdown_file: Path | None = None,
) -> int:
    """Check claims, show the table, write what was asked for; returns the exit code.

    Raises:
        InputError: an unknown number, an interpreter that cannot be used, or a file that cannot be written.
        HarnessError: a check broke.
    """
    chosen = _chosen(numbers)
    columns = [check_all(chosen, progress=_progress)]
    for python in pythons:
        _progress(python)
        columns.append(check_elsewhere(python, chosen))
    _progress("")
    as_known = all(each.as_expected for column in columns for each in column.checked)
    code = _AS_KNOWN if as_known else _DIFFERS
    page = page_for(sys.stdout)
    write(claims_lines(columns, page), sys.stdout, page)
    if json_file is not None:
        document: dict[str, Any] = {
            "format": FORMAT,
            "exit_code": code,
            "interpreters": [column.to_json() for column in columns],
        }
        save(document, json_file)
    if markdown_file is not None:
        command = _spelled(numbers, pythons)
        _write(markdown_file, markdown(columns, command))
    return code


def _chosen(numbers: Sequence[int]) -> list[int]:
    unknown = [number for number in numbers if number not in CLAIMS]
    if unknown:
        raise InputError(f"claim {unknown[0]}: there is none of that number; allowed: {_ranges(list(CLAIMS))}")
    return list(dict.fromkeys(numbers)) or list(CLAIMS)


def _ranges(numbers: Sequence[int]) -> str:
    """`1 to 13, 15`."""
    found: list[list[int]] = []
    for number in numbers:
        if found and number == found[-1][1] + 1:
            found[-1][1] = number
        else:
            found.append([number, number])
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in found)


def _spelled(numbers: Sequence[int], pythons: Sequence[str]) -> str:
    """The command, with interpreters by what comes last: the folders of a machine are nobody else's."""
    parts = ["futurefuzz", "claims", *map(str, numbers)]
    for python in pythons:
        path = Path(python)
        parts += ["--python", str(Path(*path.parts[-3:])) if path.is_absolute() else python]
    return shlex.join([*parts, "--markdown", "FILE"])


def _progress(what: object) -> None:
    if is_terminal(sys.stderr):
        click.echo(f"\r\033[K{f'claim {what}' if isinstance(what, int) else what} ", nl=False, err=True)


def _write(path: Path, text: str) -> None:
    try:
        atomic.write(path, text.encode("utf-8"))
    except OSError as error:
        allowed = "a file in a folder that exists and can be written to"
        raise InputError(f"--markdown {path}: {error.strerror or error}; allowed: {allowed}") from None


def register(group: click.Group, check_json: Callable[[Path | None], None]) -> None:
    """Add the command `claims` to the command line.

    Args:
        group: of all commands.
        check_json: finds out before the work whether `--json` can be written.
    """

    @group.command()
    @click.option("--python", "pythons", multiple=True, metavar="PATH", help="Check with this interpreter, too.")
    @click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the result.")
    @click.option("--markdown", "markdown_file", type=click.Path(path_type=Path), metavar="FILE", help="Write a page.")
    @click.argument("numbers", nargs=-1, type=int, metavar="[NUMBER]...")
    def claims(
        numbers: tuple[int, ...], pythons: tuple[str, ...], json_file: Path | None, markdown_file: Path | None
    ) -> int:
        """Check claims about futures on this interpreter: holds, refuted, depends. Exits with 1 when one is news."""
        check_json(json_file)
        _chosen(numbers)
        if markdown_file is not None and not os.access(markdown_file.absolute().parent, os.W_OK):
            raise InputError(f"--markdown {markdown_file}: its folder cannot be written to")
        return run_claims(numbers, pythons=pythons, json_file=json_file, markdown_file=markdown_file)
