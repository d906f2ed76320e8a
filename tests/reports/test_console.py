from __future__ import annotations

import errno
import io
import os
import re
import subprocess
import sys
import textwrap

import pytest
from attrs import evolve
from rich.text import Text

from futurefuzz.campaign.listener import Listener, Progress, Silent
from futurefuzz.reports.console import ConsoleListener, Printer, count, duration, live_lines, progress_line
from futurefuzz.reports.page import ASCII, Page
from tests.reports import cases, golden

PROGRESS = Progress(
    seconds=23.4,
    time_left=36.6,
    runs=72_345,
    runs_per_second=3_214.4,
    behaviours=412,
    forbidden=1,
    interesting=2,
    known=3,
    crashes=4,
    workers=2,
    phase="minimising asyncio.Future:X1:SIGSEGV in completion",
)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class Broken(io.StringIO):
    """A stream that is gone."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error
        self.tries = 0

    def write(self, _text: str) -> int:
        self.tries += 1
        raise self.error

    def flush(self) -> None:
        raise self.error


def test_a_log_gets_at_most_one_line_in_ten_seconds() -> None:
    """Where nothing can be drawn over, progress is told seldom."""
    clock, stream = Clock(), io.StringIO()
    console: Listener = ConsoleListener(stream, clock=clock)
    for step in range(350):
        clock.now = step / 10
        console.progress(evolve(PROGRESS, seconds=clock.now))
    assert [line.partition(",")[0] for line in stream.getvalue().splitlines()] == ["0:00", "0:10", "0:20", "0:30"]


def test_a_terminal_is_drawn_at_most_eight_times_a_second() -> None:
    """Drawing must not cost what runs could use."""
    clock, stream = Clock(), Terminal()
    with ConsoleListener(stream, Page(colour=True), clock=clock) as console:
        console.progress(PROGRESS)
        before = len(stream.getvalue())
        clock.now = 0.1
        console.progress(PROGRESS)
        assert len(stream.getvalue()) == before
        clock.now = 0.2
        console.progress(evolve(PROGRESS, runs=72_999))
        assert "72,999" in stream.getvalue()[before:]


def test_a_terminal_without_colour_gets_plain_lines() -> None:
    """NO_COLOR means no escape sequences at all, so no live lines either."""
    stream = Terminal()
    with ConsoleListener(stream, Page(colour=False)) as console:
        console.progress(PROGRESS)
        console.message("done")
    assert "\x1b" not in stream.getvalue()
    assert "72,345 runs" in stream.getvalue()


@pytest.mark.parametrize("width", [60, 100])
def test_progress_lines_look_as_they_did(width: int) -> None:
    """The plain line is the one in its golden file and keeps to the page."""
    bare = Progress(seconds=3725.0, runs=1, runs_wanted=5000, behaviours=1)
    lines = [progress_line(p, Page(width=width, glyphs=ASCII)) for p in (PROGRESS, bare)]
    assert max(map(len, lines)) <= width
    golden.check(f"progress-{width}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("width", [60, 80, 100])
@pytest.mark.parametrize("progress", [PROGRESS, Progress(seconds=1.0), Progress(seconds=1.0, runs=7, runs_wanted=9)])
def test_live_lines_keep_to_the_page(progress: Progress, width: int) -> None:
    """A live line that is broken in two could not be drawn over."""
    lines = live_lines(progress, Page(width=width))
    assert len(lines) == 2
    assert max(line.cell_len for line in lines) < width


def test_live_lines_keep_to_a_terminal_narrower_than_any_page(monkeypatch: pytest.MonkeyPatch) -> None:
    """On 40 columns the live lines are cut to 40, for the terminal would break them."""
    monkeypatch.setenv("COLUMNS", "40")
    stream = Terminal()
    with ConsoleListener(stream, Page(width=60, colour=True), clock=Clock()) as console:
        console.progress(PROGRESS)
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", stream.getvalue())
    assert max(len(line) for line in re.split(r"[\r\n]+", plain)) < 40


def test_a_new_finding_is_told_at_once_and_a_known_one_is_not() -> None:
    """The moment of finding is worth a line, unless everybody knows it."""
    stream = io.StringIO()
    console = ConsoleListener(stream, Page())
    console.found(cases.crash_reported(known=cases.KNOWN))
    assert stream.getvalue() == ""
    console.found(cases.crash_reported())
    assert "new forbidden  asyncio.Future:X1:SIGSEGV in completion" in stream.getvalue()
    assert "    corpus/asyncio-future-x1.json" in stream.getvalue()


def test_messages_stand_above_the_live_lines() -> None:
    """A finding and a message are printed whole while the live lines go on."""
    stream = Terminal()
    with ConsoleListener(stream, Page(colour=True)) as console:
        console.progress(PROGRESS)
        console.message("asyncio.Future with callbacks is held back")
        console.found(cases.crash_reported())
    assert "asyncio.Future with callbacks is held back" in stream.getvalue()
    assert "SIGSEGV in completion" in stream.getvalue()


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize(
    "error",
    [
        BrokenPipeError(errno.EPIPE, "gone"),
        OSError(errno.EIO, "unplugged"),
        OSError(errno.ENOSPC, "full"),
        ValueError("closed"),
    ],
    ids=["pipe", "unplugged", "full", "closed"],
)
def test_a_lost_terminal_makes_the_console_quiet(error: Exception, colour: bool) -> None:
    """The campaign hears nothing of it, and nothing is written after the first failure."""
    stream = Broken(error)
    stream.isatty = lambda: colour  # type: ignore[method-assign]
    with ConsoleListener(stream, Page(colour=colour), clock=Clock()) as console:
        console.message("one")
        tries = stream.tries
        console.progress(PROGRESS)
        console.found(cases.crash_reported())
        console.message("two")
        assert console.printer.quiet
        assert stream.tries == tries


def test_a_mistake_of_ours_is_not_swallowed() -> None:
    """Only the stream's own errors make the console quiet."""
    with pytest.raises(UnicodeError):
        Printer(Broken(UnicodeEncodeError("ascii", "é", 0, 1, "no"))).show([Text("é")])


def test_a_closed_pipe_changes_no_exit_code() -> None:
    """`futurefuzz … | head -1` ends as it would have without head, with nothing on stderr."""
    code = textwrap.dedent(
        """
        import sys
        from rich.text import Text
        from futurefuzz.reports.console import Printer
        printer = Printer(sys.stdout)
        for _ in range(10_000):
            printer.show([Text("x" * 100)])
        sys.exit(1)
        """
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=dict(os.environ)
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.read(10)
    process.stdout.close()
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait() == 1


def test_the_silent_listener_is_one() -> None:
    """A campaign can be run with nobody looking."""
    listener: Listener = Silent()
    listener.progress(PROGRESS)
    listener.found(cases.crash_reported())
    listener.message("text")


@pytest.mark.parametrize(
    ("seconds", "said"), [(0, "0:00"), (59.9, "0:59"), (61, "1:01"), (3725, "1:02:05"), (-1, "0:00")]
)
def test_durations_are_clocks(seconds: float, said: str) -> None:
    """Seconds are told in the form of a clock."""
    assert duration(seconds) == said


def test_counts_agree_with_their_nouns() -> None:
    """One run, two runs, and thousands with a comma."""
    assert [count(n, "run") for n in (0, 1, 1234)] == ["0 runs", "1 run", "1,234 runs"]
