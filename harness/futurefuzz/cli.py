"""The command line: `futurefuzz fuzz`, `explore`, `replay`, `validate`, `watch`, `list`.

Exit codes: 0 nothing new, 1 new findings (`replay`: it showed again), 2 usage or input error, 3 harness error. A
campaign that was interrupted exits by what it had found until then. Reports go to stdout, progress and errors to
stderr; an input error is one line.

`fuzz --json FILE` writes, whole or not at all, also when the campaign was interrupted or found the harness at fault:

    format                 1; raised when a name changes its meaning
    campaign
      seed, seconds, runs, runs_per_second, interpreter, jobs, behaviours, crashes
      reason               why it ended: time, runs, stopped
      exit_code            of the command
      interrupted          reason is stopped
      new, known           how many findings
      repeat               the command that repeats it
      errors               failures of the harness, one text each
      pairs                per target and scenario: runs, behaviours, crashes, findings by grade
      throttled            pairs held back because their runs end the interpreter, with the reason
      unconfirmed          what did not show again in fresh processes: signature, cause, tried, token
    findings               one object each
      signature, grade (forbidden, interesting), oracle, clause, target, scenario, model, cause
      reference            what `replay --target` must say, for a target of the user's own; else null
      status               new or known; known: {issue, fixed_in, note} where the list of known bugs has it
      token, file          what `futurefuzz replay` takes
      program, schedule    as in corpus files
      reproduction         {reproduced, tried, rate} in fresh processes
      interpreter, analysis, names, events

`replay --json FILE` writes `format`, `reproduced`, `signature` (of what was to be shown), `shown` (of what was),
`interpreter`, `tried`, `health` (of the loop, in a run more; see `docs/health.md`) and, when anything was shown,
`finding` as above.
"""

from __future__ import annotations

import os
import platform
import re
import secrets
import sys
import traceback
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, NoReturn

import click
from attrs import evolve

from futurefuzz import explorers, targets
from futurefuzz._version import __version__
from futurefuzz.campaign.campaign import DEFAULT_CORPUS, Campaign, Options, known_bugs, reported
from futurefuzz.campaign.interrupt import Interrupt
from futurefuzz.campaign.investigator import interpreter
from futurefuzz.campaign.loading import is_reference, named
from futurefuzz.campaign.outcome import Outcome
from futurefuzz.campaign.points import MODELS
from futurefuzz.campaign.process import Stopped, cores
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import Reproduction, run_case
from futurefuzz.claims import command as claims
from futurefuzz.comparing import command as comparing
from futurefuzz.contracts import CLAUSES
from futurefuzz.errors import HarnessError, InputError
from futurefuzz.exploring import command as exploring
from futurefuzz.findings import corpus, token
from futurefuzz.findings.finding import Case, Finding, Rate
from futurefuzz.health import command as watching
from futurefuzz.health.report import told
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.reports.console import ConsoleListener, Printer
from futurefuzz.reports.finding import finding_report
from futurefuzz.reports.json_report import FORMAT, campaign_document, finding_document, save
from futurefuzz.reports.summary import show_campaign
from futurefuzz.targets import catalogue
from futurefuzz.validating import command as validating

__all__ = ["main"]

NOTHING_NEW: Final = 0
NEW_FINDINGS: Final = 1
INPUT_ERROR: Final = 2
HARNESS_ERROR: Final = 3

_TIME: Final = re.compile(r"(\d+(?:\.\d+)?)(s|m|h|d)?")
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}
#: times that `replay` runs a case
_REPLAYS: Final = 3
_MOST_JOBS: Final = 512


class _Time(click.ParamType):  # type: ignore[type-arg]  # generic in newer clicks only
    name = "time"

    def convert(self, value: Any, _param: click.Parameter | None, _ctx: click.Context | None) -> float:
        if isinstance(value, float):
            return value
        match = _TIME.fullmatch(str(value).strip().lower())
        seconds = float(match[1]) * _SECONDS[match[2] or "s"] if match else 0.0
        if not 0 < seconds <= 366 * 86400:
            self.fail(f"{value!r} is no time; allowed: more than 0, such as 60, 90s, 10m, 2h, 1d")
        return seconds


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="futurefuzz")
def _cli() -> None:
    """Find, prove, explain and replay concurrency bugs in Future implementations."""


@_cli.command()
@click.option("--time", "seconds", type=_Time(), help="How long: 60, 90s, 10m, 2h. Default: 60; with --runs no limit.")
@click.option("--runs", type=click.IntRange(min=1), help="How many runs.")
@click.option("--jobs", type=click.IntRange(1, _MOST_JOBS), help="Worker processes. Default: one per core.")
@click.option("--seed", type=click.IntRange(min=0), help="Repeats a campaign, with --jobs 1 and --runs.")
@click.option("--target", "target", multiple=True, metavar="NAME", help="A target, a pattern, or MODULE:ATTRIBUTE.")
@click.option("--scenario", "scenario", multiple=True, metavar="NAME|PATH", help="A scenario, its file, or a folder.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the result there.")
@click.option(
    "--corpus",
    "folder",
    type=click.Path(path_type=Path),
    default=DEFAULT_CORPUS,
    show_default=True,
    metavar="DIR",
    help="Where findings are kept; replayed first.",
)
@click.option(
    "--grade",
    type=click.Choice(["forbidden", "interesting"]),
    default="interesting",
    show_default=True,
    help="The lowest grade that is reported.",
)
def fuzz(
    seconds: float | None,
    runs: int | None,
    jobs: int | None,
    seed: int | None,
    target: tuple[str, ...],
    scenario: tuple[str, ...],
    json_file: Path | None,
    folder: Path,
    grade: str,
) -> int:
    """Fuzz targets for a while and report what is new."""
    _check_json(json_file)
    options = Options(
        seed=secrets.randbits(32) if seed is None else seed,
        seconds=60.0 if seconds is None and runs is None else seconds,
        runs=runs,
        jobs=jobs or len(cores()) or os.cpu_count() or 1,
        targets=_unique(named(catalogue.matching(target, targets.names()))),
        scenarios=_unique(scenario),
        corpus=folder,
        grade=grade,
        path=_path_for(target),
    )
    with Interrupt() as interrupt:
        with ConsoleListener(sys.stderr) as listener:
            outcome = Campaign(options, listener, stop=interrupt).run()
        code = _code(outcome)
        # First: where the file cannot be written, the report is all there is.
        show_campaign(outcome, Printer(sys.stdout))
        for text in [f"harness error: {error.splitlines()[0]}" for error in outcome.errors] + [*outcome.complaints]:
            _complain(text)
        if json_file is not None:
            document = campaign_document(outcome)
            document["campaign"]["exit_code"] = code
            save(document, json_file)
    return code


def _path_for(target: Sequence[str]) -> tuple[str, ...]:
    """Where `module:attribute` is looked for beside what is installed: here."""
    return (os.getcwd(),) if any(is_reference(name) for name in target) else ()


def _code(outcome: Outcome) -> int:
    if outcome.errors:
        return HARNESS_ERROR
    if outcome.complaints:
        return INPUT_ERROR
    return NEW_FINDINGS if outcome.new else NOTHING_NEW


@_cli.command()
@click.argument("what", metavar="TOKEN|FILE")
@click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the result there.")
@click.option("--target", "target", multiple=True, metavar="MODULE:ATTRIBUTE", help="A target of your own.")
@click.option(
    "--departs", multiple=True, metavar="CLAUSE=REASON", help="The target departs from this clause, as for validate."
)
@click.option("--points", type=click.Choice(MODELS), help="Points inside the target's code, as for validate.")
@click.option("--anyway", is_flag=True, help="Run an explored file although it has changed since.")
@click.option("--script", type=click.Path(path_type=Path), metavar="OUT.py", help="Write plain Python that shows it.")
def replay(
    what: str,
    json_file: Path | None,
    target: tuple[str, ...],
    departs: tuple[str, ...],
    points: str | None,
    anyway: bool,
    script: Path | None,
) -> int:
    """Replay a finding in fresh processes and show what happened. Exits with 1 when it shows again."""
    _check_json(json_file)
    if exploring.is_token(what):
        if target or departs or points:
            option = "--target" if target else "--departs" if departs else "--points"
            raise InputError(f"{option}: an explored file has no target; allowed: --anyway, --json, --script")
        return exploring.replay_token(what, anyway=anyway, json_file=json_file, script=script)
    if script is not None:
        raise InputError("--script: only for findings of explore (tokens that begin with fx1.)")
    case, signature, saved, path = _finding_named(what)
    departures = validating.declared(departs)
    target = _unique(named(target))
    for name in target:
        if not is_reference(name):
            raise InputError(f"--target {name}: the token or file names the target; allowed: MODULE:ATTRIBUTE")
    ours = comparing.is_divergence(signature) or case.target in {*targets.names(), *catalogue.OFFERS}
    if not ours and not target:
        allowed = "a name out of `futurefuzz list`, or --target MODULE:ATTRIBUTE for one of your own"
        raise InputError(f"unknown target {case.target!r}; allowed: {allowed}")
    if comparing.is_divergence(signature):
        if departures or points:
            option = "--departs" if departures else "--points"
            raise InputError(f"{option}: a divergence is about two targets; allowed: --target, --json")
        return comparing.replay_divergence(case, signature, references=_unique(target), json_file=json_file)
    setup = Setup(
        targets=(case.target,),
        references=target,
        path=_path_for(target),
        departures=departures,
        points=points or "",
    )
    with Interrupt() as interrupt:
        try:
            tries = [run_case(case, setup, stop=interrupt, signature=signature) for _ in range(_REPLAYS)]
            # Once more, and looked at; those that prove something are not.
            looked = None if any(each.how for each in tries) else run_case(case, setup, stop=interrupt, looking=True)
        except Stopped:
            _complain("interrupted; nothing was shown")
            return NOTHING_NEW
    good = [reproduction for reproduction in tries if reproduction.shows(signature)]
    shown = good[-1] if good else tries[-1]
    document: dict[str, Any] = {
        "format": FORMAT,
        "reproduced": bool(good),
        "signature": signature,
        "shown": shown.signature,
        "interpreter": interpreter(),
        "tried": len(tries),
        "health": None if looked is None else looked.health,
    }
    printer = Printer(sys.stdout)
    if shown.violations:
        rate = Rate(reproduced=len(good), tried=len(tries)) if good else Rate(reproduced=0, tried=0)
        entry = reported(_as_finding(case, shown, rate, saved), shown, path, known_bugs(path and path.parent))
        reference = target[0] if len(target) == 1 else None
        entry = evolve(entry, reference=reference, departures=departures, points=points or "")
        document["finding"] = finding_document(entry)
        printer.show(finding_report(entry, printer.page))
        for text in told([looked.health]) if looked is not None and looked.health is not None else ():
            print_line(text)
    if json_file is not None:
        save(document, json_file)
    if not good:
        print_line(_not_again(signature, shown))
    return NEW_FINDINGS if good else NOTHING_NEW


def _as_finding(case: Case, shown: Reproduction, rate: Rate, saved: Finding | None) -> Finding:
    first = shown.violations[0]
    finding = Finding(
        signature=first.signature,
        grade="forbidden" if first.grade == "forbidden" else "interesting",
        oracle=first.oracle,
        clause=first.clause,
        cause=first.cause,
        case=case,
        rate=rate,
        interpreter=interpreter(),
    )
    return evolve(finding, analysis=saved.analysis) if saved is not None else finding


def _not_again(signature: str, shown: Reproduction) -> str:
    said = f"it shows {shown.signature} instead" if shown.signature else f"the run {shown.status}, nothing wrong"
    left_out = f"; the schedule was not followed: {shown.diverged[0]}" if shown.diverged else ""
    return f"{signature}: not reproduced on {interpreter()} in {_REPLAYS} fresh processes: {said}{left_out}"


def _finding_named(what: str) -> tuple[Case, str, Finding | None, Path | None]:
    """The case and signature of a token, or of a file that holds a finding or a token."""
    if token.is_token(what):
        return (*token.decode(what), None, None)
    path = Path(what)
    try:
        with path.open("rb") as stream:
            start = stream.read(64).decode("ascii", errors="replace")
            text = start + stream.read(token.LIMIT_TOKEN + 64).decode("ascii", errors="replace")
    except FileNotFoundError:
        raise InputError(f"{what}: neither a token (ff1.…) nor a file that is there") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{what}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if token.is_token(start):
        return (*token.decode(text), None, None)
    finding = corpus.read(path)
    return finding.case, finding.signature, finding, path


@_cli.command("list")
def show_list() -> int:
    """List targets, scenarios, explorers, operations and the clauses of the contracts."""
    lines = ["targets"]
    for name in targets.names():
        found = targets.find(name)
        lines.append(f"  {name:<32} {found.contract:<11} {found.description}")
    lines.append("targets of other packages (only run when named: --target NAME, or a pattern such as 'tornado.*')")
    for offer in catalogue.OFFERS.values():
        needs = offer.needs
        there = f" (needs {needs})" if needs else ""
        lines.append(f"  {offer.name:<32} {offer.contract:<11} {offer.description}{there}")
    lines.append("scenarios")
    lines += [f"  {scenario.name:<32} {scenario.description}" for scenario in load_scenarios().values()]
    lines.append("explorers")
    lines += [f"  {name:<32} {text}" for name, text in explorers.NAMES.items()]
    lines.append("operations")
    lines += [f"  {name:<32} {text}" for name, text in OPERATIONS.items()]
    lines.append(
        "clauses (A: asyncio, C: concurrent, B: bridge, M: several loops, H: programs in a loop, L: leaks, X: all)"
    )
    for clause in CLAUSES.values():
        lines += [f"  {clause.id:<4} {clause.grade:<11} {clause.text}", f"       “{clause.quote}” — {clause.source}"]
    for line in lines:
        print_line(line)
    return 0


def print_line(text: str) -> None:
    """A line on stdout."""
    click.echo(text)


def _complain(text: str) -> None:
    """One line on stderr, in whatever state that is."""
    line = "futurefuzz: " + " ".join(text.split())
    with suppress(OSError, ValueError):
        click.echo(line, err=True)


def _check_json(path: Path | None, option: str = "--json") -> None:
    """Find out now rather than at the end that the file cannot be written.

    Args:
        path: of the file; None where nobody wants one.
        option: that names it.

    Raises:
        InputError: so it is.
    """
    if path is None:
        return
    allowed = "a file in a folder that exists and can be written to"
    if path.is_dir():
        raise InputError(f"{option} {path}: is a folder; allowed: {allowed}")
    if not path.parent.is_dir():
        raise InputError(f"{option} {path}: there is no folder {path.parent}; allowed: {allowed}")
    if not os.access(path.parent, os.W_OK):
        raise InputError(f"{option} {path}: the folder {path.parent} cannot be written to; allowed: {allowed}")


def _unique(values: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))


claims.register(_cli, _check_json)
exploring.register(_cli, _Time(), _check_json)
comparing.register(_cli, _Time(), _check_json, _finding_named)
validating.register(_cli, _Time(), _check_json)
watching.register(_cli, _Time(), _check_json)


def main(arguments: Sequence[str] | None = None) -> NoReturn:
    """The command `futurefuzz`.

    Args:
        arguments: of the command line; None takes those of the process.

    Raises:
        SystemExit: always, with one of the four exit codes.
    """
    try:
        code = _cli.main(args=None if arguments is None else list(arguments), standalone_mode=False)
    except click.exceptions.Exit as ending:
        code = ending.exit_code
    except (click.Abort, KeyboardInterrupt):
        _complain("interrupted")
        code = 128 + 2
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f"; see {context.command_path} --help" if context is not None else ""
        _complain(f"{error.format_message()}{hint}")
        code = INPUT_ERROR
    except InputError as error:
        _complain(str(error))
        code = INPUT_ERROR
    except HarnessError as error:
        _complain(f"harness error: {error}")
        code = HARNESS_ERROR
    except BrokenPipeError:  # the reader of our output has gone; what was found is saved
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
        code = HARNESS_ERROR
    except Exception:
        _complain(f"harness error: this is a bug of futurefuzz {__version__} on {platform.python_version()}:")
        traceback.print_exc()
        code = HARNESS_ERROR
    sys.exit(code if isinstance(code, int) else 0)
