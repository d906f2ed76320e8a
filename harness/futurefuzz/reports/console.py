"""The live view of a campaign: two lines that change in a terminal, now and then a plain line anywhere else.

It only ever looks on. A terminal that is unplugged, a pager that is closed or a log file on a full disk ends the view,
never the campaign: the first failed write makes the console quiet for good.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import IO, Final

from attrs import evolve
from rich.console import Group
from rich.live import Live
from rich.text import Text

from futurefuzz.campaign.listener import Progress
from futurefuzz.campaign.outcome import Reported
from futurefuzz.reports.finding import finding_line, shown_path
from futurefuzz.reports.page import Page, clean, cut, is_terminal, page_for, terminal_console, wrap, writable, write

__all__ = ["ConsoleListener", "Printer", "count", "duration", "live_lines", "progress_line"]

#: seconds between two plain lines, and between two pictures of the live lines
PLAIN_EVERY: Final = 10.0
LIVE_EVERY: Final = 0.125


class Printer:
    """Writes reports to a stream until that fails once; after that it is quiet.

    Args:
        stream: where to.
        page: how it is to look; None: as the stream offers.
    """

    def __init__(self, stream: IO[str], page: Page | None = None) -> None:
        self.stream = stream
        self.page = page or page_for(stream)
        self.quiet = False

    def show(self, lines: Iterable[Text]) -> None:
        """Write lines and flush."""
        self.guarded(lambda: self._write(lines))

    def _write(self, lines: Iterable[Text]) -> None:
        write(lines, self.stream, self.page)
        self.stream.flush()

    def guarded(self, action: Callable[[], object]) -> None:
        """Do something that writes; when the stream is gone, be quiet from then on."""
        if self.quiet:
            return
        try:
            action()
        except (OSError, ValueError) as error:
            # ValueError is what a closed stream raises; a UnicodeError would be our mistake
            if isinstance(error, UnicodeError):
                raise
            self._silence()

    def _silence(self) -> None:
        """Let what is still buffered go nowhere, or flushing it at exit would fail again and change the exit code."""
        self.quiet = True
        try:
            descriptor = self.stream.fileno()
            nowhere = os.open(os.devnull, os.O_WRONLY)
        except (OSError, ValueError):
            return
        try:
            os.dup2(nowhere, descriptor)
        except OSError:
            pass
        finally:
            os.close(nowhere)


class ConsoleListener:
    """Shows a campaign's progress on a stream; a `campaign.listener.Listener` and a context manager.

    Args:
        stream: where to, usually stderr, so that stdout holds the reports alone.
        page: how it is to look; None: as the stream offers.
        clock: seconds, for how often to draw.
    """

    def __init__(
        self, stream: IO[str], page: Page | None = None, *, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.printer = Printer(stream, page)
        self._clock = clock
        self._drawn: float | None = None
        self._phase = ""
        self._live: Live | None = None
        if is_terminal(stream) and self.printer.page.colour:
            self.printer.guarded(self._start)

    def _start(self) -> None:
        # no thread of its own: a campaign that is stopped must leave nothing behind that draws
        self._live = Live(
            Text(""),
            console=terminal_console(self.printer.stream),
            auto_refresh=False,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
            vertical_overflow="crop",
        )
        self._live.start()

    def __enter__(self) -> ConsoleListener:
        return self

    def __exit__(self, *_exception: object) -> None:
        self.close()

    def close(self) -> None:
        """Take the live lines away; may be called twice."""
        live, self._live = self._live, None
        if live is not None:
            self.printer.guarded(live.stop)

    def progress(self, progress: Progress) -> None:
        """Draw, unless it was drawn a moment ago."""
        now = self._clock()
        every = PLAIN_EVERY if self._live is None else LIVE_EVERY
        if self.printer.quiet or (self._drawn is not None and now - self._drawn < every):
            return
        self._drawn = now
        if self._live is None:
            self.printer.show([Text(progress_line(progress, self.printer.page))])
        else:
            live = self._live
            # as the terminal is now: live lines that the terminal breaks could not be drawn over
            page = evolve(self.printer.page, width=min(self.printer.page.width, live.console.width))
            lines = live_lines(progress, page)
            self.printer.guarded(lambda: live.update(Group(*lines), refresh=True))

    def found(self, reported: Reported) -> None:
        """Say at once what was found; what is not new is left to the summary."""
        if reported.is_new:
            self._above([*finding_line(reported, self.printer.page), *self._file(reported)])

    def _file(self, reported: Reported) -> list[Text]:
        return [] if reported.path is None else [Text(f"    {clean(shown_path(reported.path))}", style="dim")]

    def message(self, text: str) -> None:
        """Say it in a line."""
        page = self.printer.page
        self._above([Text(line) for line in wrap(clean(text), page.width, indent=4, glyphs=page.glyphs)])

    def _above(self, lines: list[Text]) -> None:
        live = self._live
        if live is None:
            self.printer.show(lines)
            return
        encoding = getattr(self.printer.stream, "encoding", None)
        for line in lines:
            self.printer.guarded(partial(live.console.print, writable(line, encoding), soft_wrap=True))


def duration(seconds: float) -> str:
    """Seconds as a clock: `0:07`, `12:34`, `1:02:03`."""
    whole = max(0, int(seconds))
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def count(number: int, one: str, many: str | None = None) -> str:
    """`1 run`, `12,345 runs`."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def _findings(progress: Progress) -> str:
    found = [
        f"{progress.forbidden} forbidden" if progress.forbidden else "",
        f"{progress.interesting} interesting" if progress.interesting else "",
        f"{progress.known} known" if progress.known else "",
    ]
    return "findings: " + (", ".join(part for part in found if part) or "none")


def progress_line(progress: Progress, page: Page) -> str:
    """The progress in one plain line, for logs."""
    left = f", {duration(progress.time_left)} left" if progress.time_left is not None else ""
    wanted = f" of {progress.runs_wanted:,}" if progress.runs_wanted is not None else ""
    parts = [
        f"{duration(progress.seconds)}{left}",
        f"{progress.runs:,}{wanted} runs",
        f"{progress.runs_per_second:,.0f}/s",
        _findings(progress),
    ]
    if progress.crashes:
        parts.append(count(progress.crashes, "crash", "crashes"))
    parts.append(count(progress.behaviours, "behaviour"))
    if progress.phase:
        parts.append(clean(progress.phase))
    return cut(f" {page.glyphs.separator} ".join(parts), page.width, page.glyphs)


def live_lines(progress: Progress, page: Page) -> list[Text]:
    """The two lines that change in a terminal: the work, and what came of it."""
    dot = f" {page.glyphs.separator} "
    first = Text(_bar(progress, page), style="cyan")
    first.append(f"  {progress.runs:,} runs", style="bold default")
    rate = f"{progress.runs_per_second:,.0f}/s"
    first.append(f"{dot}{rate}{dot}{count(progress.behaviours, 'behaviour')}", style="default")
    second = Text("  ")
    style = "bold red" if progress.forbidden else "bold yellow" if progress.interesting else "dim"
    second.append(_findings(progress), style=style)
    if progress.crashes:
        second.append(f"{dot}{count(progress.crashes, 'crash', 'crashes')}", style="red")
    second.append(f"{dot}{count(progress.workers, 'worker')}{dot}{clean(progress.phase) or 'at work'}", style="dim")
    for line in (first, second):
        line.truncate(page.width - 1, overflow="crop")
    return [first, second]


def _bar(progress: Progress, page: Page) -> str:
    """How much of the budget is used, as a bar with the time beside it."""
    part: float | None = None
    if progress.time_left is not None and progress.seconds + progress.time_left > 0:
        part = progress.seconds / (progress.seconds + progress.time_left)
    elif progress.runs_wanted:
        part = progress.runs / progress.runs_wanted
    if part is None:
        return f"  {duration(progress.seconds)}"
    width = page.width // 4
    full = round(width * max(0.0, min(1.0, part)))
    left = duration(progress.time_left) + " left" if progress.time_left is not None else f"{part:.0%}"
    return f"  {page.glyphs.full * full}{page.glyphs.empty * (width - full)} {left}"
