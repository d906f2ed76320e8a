"""`futurefuzz explore`, and `futurefuzz replay` of what it found."""

from __future__ import annotations

import platform
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click

from futurefuzz.campaign.interrupt import Interrupt
from futurefuzz.errors import InputError
from futurefuzz.exploring import entry as entries
from futurefuzz.exploring import reproducer, token
from futurefuzz.exploring.engine import EXPLORERS
from futurefuzz.exploring.exploration import FORMAT, Exploration
from futurefuzz.exploring.models import DEFAULT, MODELS
from futurefuzz.exploring.report import finding_lines, report
from futurefuzz.exploring.supervisor import Options, explore_file, replay_case
from futurefuzz.reports.json_report import save
from futurefuzz.reports.page import is_terminal, page_for, write

__all__ = ["is_token", "register", "replay_token", "run_explore"]

is_token = token.is_token

_REPLAYS: Final = 3
_SECONDS: Final = 60.0


class _Progress:
    """One line on stderr that is written over; nothing where that is no terminal."""

    def __init__(self) -> None:
        self._shown = is_terminal(sys.stderr)
        self._wrote = False

    def __call__(self, model: str, runs: int) -> None:
        if self._shown:
            click.echo(f"\r{model}: {runs:,} runs ", nl=False, err=True)
            self._wrote = True

    def clear(self) -> None:
        if self._wrote:
            click.echo("\r\033[K", nl=False, err=True)


def run_explore(
    what: str,
    arguments: tuple[str, ...],
    *,
    seconds: float | None,
    runs: int | None,
    seed: int | None,
    model: str | None,
    explorer: str,
    instrument: tuple[str, ...],
    json_file: Path | None,
) -> int:
    """Explore a file, show and write what was found; returns the exit code.

    Raises:
        InputError, HarnessError: as the engine does.
    """
    loaded = entries.load(entries.named(what, arguments))
    options = Options(
        models=MODELS[: MODELS.index(model or DEFAULT) + 1],
        runs=runs,
        seconds=_SECONDS if seconds is None and runs is None else seconds,
        seed=secrets.randbits(32) if seed is None else seed,
        explorer=explorer,
        instrument=instrument,
    )
    progress = _Progress()
    with Interrupt() as interrupt:
        try:
            found = explore_file(loaded, options, progress=progress, stop=interrupt)
        finally:
            progress.clear()
    code = 1 if found.failures else 0
    if json_file is not None:
        document = found.to_json()
        document["exploration"] |= {"exit_code": code, "interrupted": interrupt()}
        save(document, json_file)
    _show(found)
    if found.failures and loaded.entry.folder:
        click.echo(f"the token is for the folder {loaded.entry.folder}")
    return code


def _show(found: Exploration) -> None:
    page = page_for(sys.stdout)
    write(report(found, page), sys.stdout, page)


def replay_token(
    what: str, *, anyway: bool = False, json_file: Path | None = None, script: Path | None = None
) -> int:
    """Replay a finding of `explore` in fresh processes, and show it; returns the exit code, 1 when it showed again.

    With `script`, a stand-alone file of plain Python that shows it is written there.

    Raises:
        InputError: the token is damaged, or the file is not there or has changed (unless `anyway`), or the finding
            cannot be shown by a stand-alone file.
    """
    case = token.decode(what)
    entry = case.entry()
    loaded = entries.load(entry)
    if loaded.digest != case.digest and not anyway:
        raise InputError(
            f"{entry.path}: has changed since the finding was made; allowed: the same content, or --anyway to try it"
        )
    if script is not None:
        reproducer.check(case, script)
    with Interrupt() as interrupt:
        tries = [replay_case(case, entry, stop=interrupt) for _ in range(_REPLAYS) if not interrupt()]
    good = [each for each in tries if each.finding is not None and each.finding.signature == case.signature]
    shown = good[-1] if good else next((each for each in tries if each.finding is not None), None)
    page = page_for(sys.stdout)
    document: dict[str, Any] = {
        "format": FORMAT,
        "reproduced": bool(good),
        "signature": case.signature,
        "shown": shown.finding.signature if shown is not None and shown.finding is not None else None,
        "interpreter": f"{platform.python_implementation()} {platform.python_version()}",
        "tried": len(tries),
        "diverged": list(tries[-1].diverged) if tries else [],
    }
    if shown is not None and shown.finding is not None:
        document["finding"] = shown.finding.to_json()
        write(finding_lines(shown.finding, page), sys.stdout, page)
    click.echo(f"{case.signature}: shown in {len(good)} of {len(tries)} fresh processes")
    for sentence in document["diverged"]:
        click.echo(f"  the schedule was not followed: {sentence}")
    if json_file is not None:
        save(document, json_file)
    if script is not None and not interrupt():
        with Interrupt() as interrupt:
            written = reproducer.write_reproducer(case, loaded, script, stop=interrupt)
        only = f"; it stops inside a line, so it is for Python {sys.version_info[0]}.{sys.version_info[1]} only"
        click.echo(
            f"{script}: shows it in {written.shown} of {written.tried} runs on plain Python, with real threads that "
            f"change turns {written.switches} times{only if written.exact else ''}"
        )
    return 1 if good else 0


def register(group: click.Group, time: Any, check_json: Callable[[Path | None], None]) -> None:
    """Add the command `explore` to the command line.

    Args:
        group: of all commands.
        time: click's type of what `--time` takes.
        check_json: finds out before the work whether `--json` can be written.
    """

    @group.command()
    @click.option("--model", type=click.Choice(MODELS), help=f"The strongest preemption model. Default: {DEFAULT}.")
    @click.option("--time", "seconds", type=time, help="How long: 60, 90s, 10m. Default: 60; with --runs no limit.")
    @click.option("--runs", type=click.IntRange(min=1), help="How many runs.")
    @click.option("--seed", type=click.IntRange(min=0), help="Repeats an exploration, with --runs.")
    @click.option("--explorer", type=click.Choice(EXPLORERS), default="search", show_default=True, help="Who chooses.")
    @click.option("--instrument", multiple=True, metavar="MODULE", help="Make points inside this module too.")
    @click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the result.")
    @click.argument("what", metavar="SCRIPT.py|FILE.py::TEST")
    @click.argument("arguments", nargs=-1, metavar="[-- ARGUMENTS]...")
    def explore(
        what: str,
        arguments: tuple[str, ...],
        model: str | None,
        seconds: float | None,
        runs: int | None,
        seed: int | None,
        explorer: str,
        instrument: tuple[str, ...],
        json_file: Path | None,
    ) -> int:
        """Run a script or a test, unchanged, under every schedule that matters."""
        check_json(json_file)
        return run_explore(
            what,
            arguments,
            seconds=seconds,
            runs=runs,
            seed=seed,
            model=model,
            explorer=explorer,
            instrument=instrument,
            json_file=json_file,
        )
