"""`futurefuzz watch`: how the event loops of a script fare while it runs, as it is and in real time.

`watch --json FILE` writes:

    format, interpreter
    exit_code      of the command
    ended          how the script did: `at its end`, `interrupted`, or the exception that it ended with
    seconds        after which it was looked at, with --time; null: at its end
    loops          one object each, as `Health.to_json` has them (see `docs/health.md`)
"""

from __future__ import annotations

import gc
import runpy
import signal
import sys
import threading
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Final

import click
from rich.text import Text

from futurefuzz.campaign.investigator import interpreter
from futurefuzz.errors import InputError
from futurefuzz.health.record import LoopHealth
from futurefuzz.health.report import health_lines
from futurefuzz.health.watching import FORMAT, Health, watch
from futurefuzz.reports.json_report import save
from futurefuzz.reports.page import page_for, write

__all__ = ["register", "watch_script"]

_NOTHING: Final = 0
_FOUND: Final = 1
_AT_ITS_END: Final = "at its end"
_INTERRUPTED: Final = "interrupted"


def watch_script(
    script: Path,
    arguments: Sequence[str] = (),
    *,
    slow: float | None = None,
    seconds: float | None = None,
    json_file: Path | None = None,
) -> int:
    """Run a script under `watch()`, show how its loops fared, write what was asked for.

    Args:
        script: runs as `python SCRIPT` would run it, in this process.
        arguments: for it.
        slow: seconds that a callback may take; a slower one is a verdict.
        seconds: look when it has run for so long, and end it then as Ctrl-C would; None: look at its end.
        json_file: where the document goes.

    Returns:
        The exit code: 1 when there is a verdict, or the script has ended with an exception.

    Raises:
        InputError: the script cannot be read, or does not parse.
    """
    _check(script)
    with watch(slow=slow) as health, _Look(health, seconds) as look:
        ended = _run(script, arguments)
        gc.collect()  # who dies now with an exception that nobody asked for still says so
    loops = look.loops or health.loops
    code = _FOUND if any(loop.verdicts for loop in loops) or ended not in (_AT_ITS_END, _INTERRUPTED) else _NOTHING
    page = page_for(sys.stdout)
    lines = [Text(f"{script.name} ended with {ended}")] if ended not in (_AT_ITS_END, _INTERRUPTED) else []
    write([*lines, *health_lines(loops, page)], sys.stdout, page)
    if json_file is not None:
        document: dict[str, Any] = {
            "format": FORMAT,
            "interpreter": interpreter(),
            "exit_code": code,
            "ended": ended,
            "seconds": seconds if look.loops else None,
            "loops": [loop.to_json() for loop in loops],
        }
        save(document, json_file)
    return code


class _Look:
    """Looks after so many seconds, from another thread, and then interrupts the main one.

    Attributes:
        loops: what was seen then; empty when the end came first.
    """

    def __init__(self, health: Health, seconds: float | None) -> None:
        self.loops: tuple[LoopHealth, ...] = ()
        self._health = health
        self._over = threading.Event()
        self._thread: threading.Thread | None = None
        if seconds is not None:
            self._thread = threading.Thread(target=self._look, args=(seconds,), name="futurefuzz watch", daemon=True)

    def __enter__(self) -> _Look:
        if self._thread is not None:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._over.set()
        if self._thread is not None:
            self._thread.join()

    def _look(self, seconds: float) -> None:
        if self._over.wait(seconds):
            return
        self.loops = self._health.loops
        main = threading.main_thread().ident
        if main is not None and not self._over.is_set():
            signal.pthread_kill(main, signal.SIGINT)


def _check(script: Path) -> None:
    allowed = "allowed: a Python file that can be read"
    try:
        compile(script.read_bytes(), str(script), "exec", dont_inherit=True)
    except OSError as error:
        raise InputError(f"{script}: {error.strerror or error}; {allowed}") from None
    except (SyntaxError, ValueError) as error:
        line = f", line {error.lineno}" if isinstance(error, SyntaxError) and error.lineno else ""
        raise InputError(f"{script}{line}: {error.args[0]}; {allowed}") from None


def _run(script: Path, arguments: Sequence[str]) -> str:
    """How it ended, in words."""
    before = sys.argv, sys.path[:]
    sys.argv = [str(script), *arguments]
    sys.path.insert(0, str(script.resolve().parent))
    try:
        runpy.run_path(str(script), run_name="__main__")
    except KeyboardInterrupt:
        return _INTERRUPTED
    except SystemExit as ending:
        return _AT_ITS_END if ending.code in (None, 0) else f"exit code {ending.code}"
    except BaseException as error:
        place: TracebackType | None = error.__traceback__
        while place is not None and place.tb_frame.f_code.co_filename != str(script):  # ours, and runpy's
            place = place.tb_next
        traceback.print_exception(error.with_traceback(place))
        return traceback.format_exception_only(error)[-1].strip()
    finally:
        sys.argv, sys.path[:] = before
    return _AT_ITS_END


def register(group: click.Group, seconds: click.ParamType[float], check_json: Callable[[Path | None], None]) -> None:
    """Add the command `watch` to the command line.

    Args:
        group: of all commands.
        seconds: the type of `--time`.
        check_json: finds out before the work whether `--json` can be written.
    """

    @group.command("watch", context_settings={"ignore_unknown_options": True, "allow_interspersed_args": False})
    @click.argument("script", metavar="FILE.py", type=click.Path(path_type=Path))
    @click.argument("arguments", metavar="[ARGUMENT]...", nargs=-1, type=click.UNPROCESSED)
    @click.option("--time", "duration", type=seconds, help="Look after 60, 90s, 10m… and end it as Ctrl-C would.")
    @click.option("--slow", type=click.FloatRange(0, min_open=True), help="Seconds that a callback may take.")
    @click.option("--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Write what was seen.")
    def watch_command(
        script: Path,
        arguments: tuple[str, ...],
        duration: float | None,
        slow: float | None,
        json_file: Path | None,
    ) -> int:
        """Run a script as it is and tell how its event loops fare."""
        check_json(json_file)
        return watch_script(script, arguments, slow=slow, seconds=duration, json_file=json_file)
