from __future__ import annotations

import io
import os
import pty
import subprocess
import sys

import pytest
from rich.cells import cell_len
from rich.text import Text

from futurefuzz.reports.page import ASCII, UNICODE, Page, clean, cut, page_for, wrap, write


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    encoding = "utf-8"  # type: ignore[assignment]

    def isatty(self) -> bool:
        return True


def test_a_file_is_plain_and_as_wide_as_can_be() -> None:
    """What is no terminal gets no colour and 100 columns, whatever COLUMNS says."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")
    assert page_for(stream, {"COLUMNS": "61"}) == Page(width=100, glyphs=UNICODE, colour=False)


@pytest.mark.parametrize(("columns", "width"), [("20", 60), ("60", 60), ("77", 77), ("100", 100), ("250", 100)])
def test_a_terminal_sets_the_width_within_bounds(columns: str, width: int) -> None:
    """A page is 60 to 100 columns wide."""
    assert page_for(Terminal(), {"COLUMNS": columns}).width == width


@pytest.mark.parametrize(
    ("environ", "colour"),
    [({}, True), ({"NO_COLOR": "1"}, False), ({"NO_COLOR": ""}, True), ({"TERM": "dumb"}, False)],
)
def test_colour_is_for_terminals_that_want_it(environ: dict[str, str], colour: bool) -> None:
    """NO_COLOR with any value and a dumb terminal mean plain."""
    assert page_for(Terminal(), environ).colour is colour


def test_only_coloured_pages_have_escape_sequences() -> None:
    """A plain page writes the bare text, a coloured one the same text among ANSI sequences."""
    line = Text("wrong", style="bold red")
    written = {}
    for colour in (False, True):
        stream = Terminal()
        write([line], stream, Page(colour=colour))
        written[colour] = stream.getvalue()
    assert written[False] == "wrong\n"
    assert "\x1b[" in written[True]
    assert "wrong" in written[True]


@pytest.mark.parametrize("colour", [False, True])
def test_what_cannot_be_encoded_is_escaped(colour: bool) -> None:
    """A character outside of the stream's encoding becomes an escape, in colour too."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    write([Text("a € b")], stream, Page(glyphs=ASCII, colour=colour))
    stream.flush()
    assert b"a \\u20ac b" in stream.buffer.getvalue()  # type: ignore[attr-defined]


def test_long_lines_are_not_wrapped_by_writing() -> None:
    """A token of a thousand characters stays on one line, in colour too."""
    for colour in (False, True):
        stream = Terminal()
        write([Text("x" * 1000)], stream, Page(colour=colour))
        assert stream.getvalue().count("\n") == 1


def test_clean_text_is_one_printable_line() -> None:
    """Control characters and line ends become visible escapes; letters of any language stay."""
    assert clean("a\x1b[31m\nb\tü未") == "a\\x1b[31m\\nb\\tü未"


@pytest.mark.parametrize("width", range(1, 12))
@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("text", ["", "short", "something longer", "未来未来未来未来"])
def test_cut_text_fits(text: str, width: int, glyphs: object) -> None:
    """Cutting keeps to the width and marks what it took."""
    chosen = ASCII if glyphs is ASCII else UNICODE
    done = cut(text, width, chosen)
    assert cell_len(done) <= width
    assert done == text or done.endswith(chosen.more[:width])


def test_names_of_files_are_not_broken() -> None:
    """`cache.py:12` is one word, though `.py` looks like an attribute."""
    assert wrap("in my_cache.py:12", 12) == ["in", "my_cache.py:", "12"]


def test_code_is_broken_at_natural_places() -> None:
    """Arguments go to the next line before a name is torn apart."""
    assert wrap("loop.call_soon_threadsafe(f0.set_result, v1.0)", 28, indent=2) == [
        "loop.call_soon_threadsafe(",
        "  f0.set_result, v1.0)",
    ]


@pytest.mark.parametrize("width", [5, 10, 30])
@pytest.mark.parametrize("lines", [1, 2, 4])
def test_wrapped_text_keeps_to_width_and_lines(width: int, lines: int) -> None:
    """However long a word is, wrapping keeps to both bounds and says that there was more."""
    done = wrap("a word " + "x" * 200 + " and 未来 more", width, lines=lines, indent=2)
    assert len(done) == lines
    assert all(cell_len(line) <= width for line in done)
    assert done[-1].endswith("…")


def test_a_terminal_of_unknown_size_has_80_columns() -> None:
    """A pseudo-terminal that nobody sized says 0 columns."""
    parent, child = pty.openpty()
    with os.fdopen(parent), os.fdopen(child, "w") as stream:
        assert page_for(stream, {}).width == 80


def test_a_real_terminal_gets_colour() -> None:
    """Through a pseudo-terminal a report is coloured, through a pipe it is plain."""
    code = (
        "import sys; from rich.text import Text; from futurefuzz.reports.page import *; "
        "write([Text('bad', style='red')], sys.stdout, page_for(sys.stdout))"
    )
    environ = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "COLUMNS")} | {"TERM": "xterm"}
    parent, child = pty.openpty()
    with subprocess.Popen([sys.executable, "-c", code], stdout=child, env=environ) as process:
        os.close(child)
        seen = os.read(parent, 1000)
        assert process.wait() == 0
    os.close(parent)
    assert b"\x1b[31mbad" in seen
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, env=environ, check=True).stdout == b"bad\n"
