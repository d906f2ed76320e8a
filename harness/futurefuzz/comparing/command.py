"""`futurefuzz compare` and `futurefuzz outcomes`, and `futurefuzz replay` of a divergence.

`compare --json FILE` writes:

    format, interpreter
    exit_code             of the command
    comparisons           one object for each pair of targets
      one, other          names of the targets
      relation            equivalent, refines (one shows less than the other), extends (more), differs
      seed, programs, complete, runs, seconds, unsettled, unconfirmed
      divergences         signature, clause, grade, known, programs, shown_by, differences, program, token, reproduction

`outcomes --json FILE` writes `format`, `interpreter`, `target`, `signature`, `runs`, `complete`, `legal` and `rows`
(result, samples, frequency, grade, why, answers).
"""

from __future__ import annotations

import os
import platform
import secrets
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import click
from rich.text import Text

from futurefuzz import targets
from futurefuzz.campaign.campaign import known_bugs
from futurefuzz.campaign.interrupt import Interrupt
from futurefuzz.campaign.investigator import interpreter
from futurefuzz.campaign.loading import is_reference, load_targets
from futurefuzz.campaign.process import Stopped
from futurefuzz.campaign.protocol import Setup
from futurefuzz.campaign.runner import Runner
from futurefuzz.comparing.comparison import Comparison, Confirmed, Pair, compare, parts, see_again, signature_of
from futurefuzz.comparing.table import outcome_table
from futurefuzz.errors import InputError
from futurefuzz.findings.finding import Case
from futurefuzz.findings.known import KnownBug
from futurefuzz.programs.scenario import load_scenarios
from futurefuzz.reports.comparison import comparison_document, comparison_lines, divergence_lines, program_lines
from futurefuzz.reports.json_report import FORMAT, save
from futurefuzz.reports.outcomes import outcome_lines, table_document
from futurefuzz.reports.page import is_terminal, page_for, write
from futurefuzz.runs.fit import check_fit
from futurefuzz.targets.base import Target

__all__ = ["PAIRS", "is_divergence", "register", "replay_divergence"]

#: what `compare` without targets compares: C against Python
PAIRS: Final = (("asyncio.Future", "asyncio.PyFuture"), ("asyncio.Task", "asyncio.PyTask"))
_SECONDS: Final = 60.0
_REPLAYS: Final = 3
_EQUIVALENT: Final = ("equivalent",)
_REFINES: Final = ("equivalent", "refines")


def is_divergence(signature: str) -> bool:
    """Whether a signature is one of `compare`."""
    return parts(signature) is not None


def replay_divergence(case: Case, signature: str, *, references: tuple[str, ...], json_file: Path | None) -> int:
    """Run a divergence's program on both targets again, in fresh processes.

    Returns:
        The exit code: 1 when it shows again, else 0.

    Raises:
        InputError: a target is unknown, or the program does not suit it.
    """
    found = parts(signature)
    assert found is not None
    one, other, detail = found
    loaded = load_targets((one, other), references)
    for name in (one, other):
        check_fit(case.program, loaded[name], "token")
    pair = Pair(one, other, Setup(targets=(one, other), references=references, path=_path(references)))
    with Interrupt() as interrupt:
        try:
            again = see_again(pair, case.program, detail, tries=_REPLAYS, stop=interrupt)
        except Stopped:
            click.echo("futurefuzz: interrupted; nothing was shown", err=True)
            return 0
    page = page_for(sys.stdout)
    if again:
        divergence = next(each for each in again[0] if each.detail == detail)
        confirmed = Confirmed(
            case=case,
            divergence=divergence,
            sides=frozenset(each.shown_by for each in again[0]),
            reproduced=len(again),
            tried=_REPLAYS,
        )
        write(divergence_lines(confirmed, one, other, _known(one, other, detail), page), sys.stdout, page)
    click.echo(f"{signature}: shown in {len(again)} of {_REPLAYS} fresh processes on {interpreter()}")
    if json_file is not None:
        document = {
            "format": FORMAT,
            "reproduced": bool(again),
            "signature": signature,
            "shown": signature if again else None,
            "interpreter": interpreter(),
            "tried": _REPLAYS,
        }
        save(document, json_file)
    return 1 if again else 0


def _known(one: str, other: str, detail: str) -> KnownBug | None:
    bugs = known_bugs(None)
    return bugs.match(signature_of(one, other, detail), platform.python_implementation(), sys.version_info)


def _path(references: tuple[str, ...]) -> tuple[str, ...]:
    return (os.getcwd(),) if references else ()


def _load(names: tuple[str, ...]) -> tuple[dict[str, Target], tuple[str, ...], tuple[str, ...]]:
    """The targets by their own names, those names in the given order, and which were references."""
    references = tuple(name for name in names if is_reference(name))
    if references and os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())  # where the workers look, too
    found: dict[str, Target] = {}
    order = []
    for name in names:
        (own, target), *_ = load_targets((), (name,)).items() if is_reference(name) else [(name, targets.find(name))]
        found[own] = target
        order.append(own)
    return found, tuple(order), references


def register(
    group: click.Group,
    time: Any,
    check_json: Callable[[Path | None], None],
    finding_named: Callable[[str], tuple[Any, ...]],
) -> None:
    """Add the commands `compare` and `outcomes` to the command line.

    Args:
        group: of all commands.
        time: click's type of what `--time` takes.
        check_json: finds out before the work whether `--json` can be written.
        finding_named: the case and signature of a token or a file.
    """

    @group.command("compare")
    @click.argument("one", required=False, metavar="[TARGET")
    @click.argument("other", required=False, metavar="TARGET]")
    @click.option("--time", "seconds", type=time, help="How long for each pair. Default: 60; with --programs no limit.")
    @click.option("--programs", type=click.IntRange(min=1), help="How many programs.")
    @click.option("--seed", type=click.IntRange(min=0), help="Repeats a comparison, with --programs.")
    @click.option("--scenario", multiple=True, metavar="NAME|PATH", help="A scenario, its file, or a folder.")
    @click.option(
        "--relation",
        type=click.Choice(["equivalent", "refines"]),
        default="equivalent",
        show_default=True,
        help="What is asked for: refines means that the first shows nothing that the second cannot show.",
    )
    @click.option("--misuse", is_flag=True, help="Compare programs that leave the contract, too.")
    @click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the result.")
    def compare_command(
        one: str | None,
        other: str | None,
        seconds: float | None,
        programs: int | None,
        seed: int | None,
        scenario: tuple[str, ...],
        relation: str,
        misuse: bool,
        json_file: Path | None,
    ) -> int:
        """Run the same programs on two targets (a name, or MODULE:ATTRIBUTE) and list where they part.

        Without targets: C against Python, for asyncio.Future and asyncio.Task. Exits with 1 when the relation that is
        asked for does not hold.
        """
        check_json(json_file)
        if (one is None) != (other is None):
            raise InputError("compare: one target is given; allowed: two, or none for C against Python")
        pairs = PAIRS if one is None or other is None else ((one, other),)
        seed = secrets.randbits(32) if seed is None else seed
        scenarios = list(load_scenarios(scenario).values())
        page = page_for(sys.stdout)
        documents = []
        code = 0
        with Interrupt() as interrupt:
            for names in pairs:
                loaded, order, references = _load(names)
                if len(set(order)) < 2:
                    raise InputError(f"compare: {order[0]} is given twice; allowed: two different targets")
                setup = Setup(targets=order, references=references, path=_path(references))
                progress = _Progress()
                comparison = compare(
                    Pair(order[0], order[1], setup),
                    loaded,
                    scenarios,
                    seed=seed,
                    seconds=_SECONDS if seconds is None and programs is None else seconds,
                    programs=programs,
                    with_misuse=misuse,
                    stop=interrupt,
                    progress=progress,
                )
                progress.clear()
                known = _known_ones(comparison)
                write(comparison_lines(comparison, known, page), sys.stdout, page)
                documents.append(comparison_document(comparison, known, seed=seed))
                if comparison.relation not in (_REFINES if relation == "refines" else _EQUIVALENT):
                    code = 1
                if interrupt():
                    break
        if json_file is not None:
            document = {"format": FORMAT, "interpreter": interpreter(), "exit_code": code, "comparisons": documents}
            save(document, json_file)
        return code

    @group.command("outcomes")
    @click.argument("what", metavar="TOKEN|FILE")
    @click.option("--runs", type=click.IntRange(min=1), default=1000, show_default=True, help="How many runs at most.")
    @click.option("--seed", type=click.IntRange(min=0), default=0, show_default=True, help="Of the schedules.")
    @click.option("--on", metavar="TARGET", help="Another target than that of the finding: a name or MODULE:ATTRIBUTE.")
    @click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write the result.")
    def outcomes_command(what: str, runs: int, seed: int, on: str | None, json_file: Path | None) -> int:
        """Run a finding's program under many schedules and tabulate its outcomes, with what the contract allows.

        Exits with 1 when an outcome is forbidden.
        """
        check_json(json_file)
        case, signature, *_ = finding_named(what)
        loaded, (name,), references = _load((on or case.target,))
        target = loaded[name]
        check_fit(case.program, target, "program")
        setup = Setup(targets=(name,), references=references, path=_path(references))
        with Interrupt() as interrupt, Runner(setup, stop=interrupt) as runner:
            try:
                table = outcome_table(runner, case.program, target, runs=runs, seed=seed)
            except Stopped:
                click.echo("futurefuzz: interrupted; nothing was shown", err=True)
                return 0
        page = page_for(sys.stdout)
        lines = [*program_lines(case.program, page), Text(), *outcome_lines(table, page)]
        write(lines, sys.stdout, page)
        if json_file is not None:
            head = {"format": FORMAT, "interpreter": interpreter(), "target": name, "signature": signature}
            save({**head, **table_document(table)}, json_file)
        return int(any(row.grade == "forbidden" for row in table.rows))


def _known_ones(comparison: Comparison) -> Mapping[str, KnownBug]:
    found = {}
    for confirmed in comparison.confirmed:
        detail = confirmed.divergence.detail
        bug = _known(comparison.one, comparison.other, detail)
        if bug is not None:
            found[detail] = bug
    return found


class _Progress:
    """One line on stderr that is written over; nothing where that is no terminal."""

    def __init__(self) -> None:
        self._shown = is_terminal(sys.stderr)
        self._wrote = False

    def __call__(self, comparison: Comparison) -> None:
        if self._shown:
            told = f"{comparison.programs:,} programs, {len(comparison.confirmed)} divergences "
            click.echo(f"\r{comparison.one} | {comparison.other}: {told}", nl=False, err=True)
            self._wrote = True

    def clear(self) -> None:
        if self._wrote:
            click.echo("\r\033[K", nl=False, err=True)
