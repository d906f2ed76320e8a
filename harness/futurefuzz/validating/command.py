"""`futurefuzz validate`."""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import click

from futurefuzz import targets
from futurefuzz.campaign.interrupt import Interrupt
from futurefuzz.campaign.loading import ENTRY_POINTS, entry_point, is_reference
from futurefuzz.campaign.points import MODELS
from futurefuzz.campaign.process import cores
from futurefuzz.errors import InputError
from futurefuzz.reports.console import ConsoleListener, Printer
from futurefuzz.reports.json_report import save
from futurefuzz.reports.validation import document, exit_code, markdown, report, save_badge, save_text
from futurefuzz.targets import catalogue
from futurefuzz.targets.adapting import ADAPTABLE
from futurefuzz.targets.base import CONTRACTS
from futurefuzz.validating.options import SECONDS, Options
from futurefuzz.validating.validation import Validation

__all__ = ["declared", "named", "register"]


def named(what: str, contract: str | None) -> str:
    """What the workers are to load: the name of a registered target, or a reference.

    Nothing is imported here.

    Args:
        what: `module:attribute`, a registered target, or the name of an entry point.
        contract: that is claimed; for classes and factories it belongs to the reference.

    Raises:
        InputError: there is nothing of that name.
    """
    if what in targets.names() or what in catalogue.OFFERS:
        return what
    reference = what if is_reference(what) else entry_point(what)
    if reference is not None:
        return reference if contract not in ADAPTABLE or "@" in reference else f"{reference}@{contract}"
    raise InputError(
        f"{what}: no target of that name, and no entry point of the group {ENTRY_POINTS}; allowed: MODULE:CLASS, "
        f"MODULE:FACTORY, MODULE:TARGET, or one of {', '.join((*targets.names(), *catalogue.OFFERS))}"
    )


def declared(departs: Sequence[str]) -> tuple[tuple[str, str], ...]:
    """The departures of `--departs CLAUSE=REASON`.

    Raises:
        InputError: one is not of that form.
    """
    found = []
    for text in departs:
        clause, equals, reason = text.partition("=")
        if not equals or not clause.strip() or not reason.strip():
            raise InputError(f"--departs {text}: allowed: CLAUSE=REASON, such as A8='callbacks run newest first'")
        found.append((clause.strip(), reason.strip()))
    return tuple(found)


def register(group: click.Group, time: Any, check_json: Callable[[Path | None, str], None]) -> None:
    """Add the command `validate` to the command line.

    Args:
        group: of all commands.
        time: click's type of what `--time` takes.
        check_json: finds out before the work whether a file can be written; the option names it.
    """
    file = click.Path(path_type=Path)

    @group.command()
    @click.option("--contract", type=click.Choice(CONTRACTS), help="Which contract it claims.")
    @click.option(
        "--time", "seconds", type=time, help=f"How long: 60, 90s, 10m. Default: {SECONDS:g}; with --runs no limit."
    )
    @click.option("--runs", type=click.IntRange(min=1), help="How many runs.")
    @click.option("--seed", type=click.IntRange(min=0), help="Repeats a validation, with --jobs 1 and --runs.")
    @click.option("--jobs", type=click.IntRange(1, 512), help="Worker processes. Default: one per core.")
    @click.option("--departs", multiple=True, metavar="CLAUSE=REASON", help="It departs from this clause knowingly.")
    @click.option("--points", type=click.Choice(MODELS), help="Switch threads inside its own code, too.")
    @click.option("--lacks", multiple=True, metavar="OPERATION", help="It does not offer this operation.")
    @click.option("--strict", is_flag=True, help="Exit with 1, too, when a clause is unknown.")
    @click.option("--allow-known", is_flag=True, help="Do not fail for clauses that nothing but known bugs breaks.")
    @click.option("--json", "json_file", type=file, metavar="FILE", help="Write the result there.")
    @click.option("--markdown", "markdown_file", type=file, metavar="FILE", help="Write the report there.")
    @click.option("--badge", "badge_file", type=file, metavar="FILE", help="Write a badge: .svg or .json.")
    @click.argument("what", metavar="MODULE:CLASS|TARGET")
    def validate(
        what: str,
        contract: str | None,
        seconds: float | None,
        runs: int | None,
        seed: int | None,
        jobs: int | None,
        departs: tuple[str, ...],
        points: str | None,
        lacks: tuple[str, ...],
        strict: bool,
        allow_known: bool,
        json_file: Path | None,
        markdown_file: Path | None,
        badge_file: Path | None,
    ) -> int:
        """Check a Future against its contract, clause by clause."""
        files = {"--json": json_file, "--markdown": markdown_file, "--badge": badge_file}
        for option, path in files.items():
            check_json(path, option)
        name = named(what, contract)
        options = Options(
            what=what,
            name=name,
            contract=contract,
            seed=secrets.randbits(32) if seed is None else seed,
            seconds=SECONDS if seconds is None and runs is None else seconds,
            runs=runs,
            jobs=jobs or len(cores()) or os.cpu_count() or 1,
            departures=declared(departs),
            lacks=tuple(dict.fromkeys(lacks)),
            points=points or "",
            path=(os.getcwd(),) if is_reference(name) else (),
        )
        with Interrupt() as interrupt:
            with ConsoleListener(sys.stderr) as listener:
                validated = Validation(options, listener, stop=interrupt).run()
            code = exit_code(validated, strict=strict, allow_known=allow_known)
            printer = Printer(sys.stdout)
            printer.show(report(validated, printer.page))
            if json_file is not None:
                save(document(validated, code), json_file)
            if markdown_file is not None:
                save_text(markdown(validated), markdown_file, "--markdown")
            if badge_file is not None:
                save_badge(validated, badge_file)
        return code
