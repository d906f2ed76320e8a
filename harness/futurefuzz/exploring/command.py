"""`futurefuzz explore`, and `futurefuzz replay` of what it found."""

from __future__ import annotations

import platform
import secrets
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import click
from attrs import evolve
from rich.text import Text

from futurefuzz.campaign.interrupt import Interrupt
from futurefuzz.errors import InputError
from futurefuzz.exploring import entry as entries
from futurefuzz.exploring import reproducer, token
from futurefuzz.exploring.engine import EXPLORERS, STOPS
from futurefuzz.exploring.exploration import FORMAT, Exploration, Finding
from futurefuzz.exploring.models import DEFAULT, MODELS
from futurefuzz.exploring.report import finding_lines, summary
from futurefuzz.exploring.stress import Stressed, same, stress
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
    stressing: bool = False,
    stop: str = "soon",
) -> int:
    """Explore a file, show each finding as soon as it is confirmed, and write what was found; returns the exit code.

    When `stressing`, it first runs uncontrolled on real threads, for half of the time or as many rounds as runs, and is
    explored only when that fails.

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
        stop=stop,
    )
    progress = _Progress()
    stressed = None

    def tell(finding: Finding) -> None:
        progress.clear()
        page = page_for(sys.stdout)
        write([*finding_lines(finding, page), Text()], sys.stdout, page)

    with Interrupt() as interrupt:
        try:
            if stressing:
                half = None if options.seconds is None else options.seconds / 2
                stressed = stress(
                    loaded, rounds=runs, seconds=half, seed=options.seed, progress=progress, stop=interrupt
                )
                options = evolve(options, seconds=half)
            if stressed is not None and not stressed.hits:
                found = Exploration(
                    what=str(loaded.entry),
                    failures=(),
                    stages=(),
                    seed=options.seed,
                    explorer=explorer,
                    seconds=stressed.seconds,
                )
            else:
                found = explore_file(loaded, options, progress=progress, tell=tell, stop=interrupt)
        finally:
            progress.clear()
    code = 1 if found.failures or (stressed is not None and stressed.hits) else 0
    if stressed is None or stressed.hits:
        _show(found)
    if stressed is not None:
        _show_stressed(stressed, found)
    if found.failures and loaded.entry.folder:
        click.echo(f"the token is for the folder {loaded.entry.folder}")
    if json_file is not None:
        document = found.to_json()
        document["exploration"] |= {"exit_code": code, "interrupted": interrupt()}
        if stressed is not None:
            document["stress"] = stressed.to_json()
        save(document, json_file)
    return code


def _show(found: Exploration) -> None:
    page = page_for(sys.stdout)
    write(summary(found, page), sys.stdout, page)


def _show_stressed(stressed: Stressed, found: Exploration) -> None:
    for (signature, _), line in zip(stressed.hits or (("", 0),), stressed.lines(), strict=True):
        click.echo(line)
        if not signature:
            click.echo("  that is a sample, not a proof")
        elif any(same(signature, finding.signature) for finding in found.failures):
            click.echo("  found in control, too: the schedule above shows it")
        else:
            click.echo("  not found in control: there is no schedule that shows it again")
    click.echo(f"  {stressed.overlap()}")


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
    @click.option("--stress", "stressing", is_flag=True, help="Run it on real threads, and explore it if that fails.")
    @click.option("--stop", type=click.Choice(STOPS), default="soon", show_default=True, help="When, after a finding.")
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
        stressing: bool,
        stop: str,
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
            stressing=stressing,
            stop=stop,
        )
