"""The page that a report is written on: how wide, with which characters, in colour or plain.

Reports are lists of `rich.text.Text`, laid out here to the column, because a timeline that is wrapped by somebody else
is no timeline. The characters are chosen before the layout: an ellipsis is one column wide in Unicode and three in
ASCII. All text that came from outside (a stranger's token can hold any string) goes through `clean`, so that no escape
sequence reaches the terminal.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from typing import IO, Final

from attrs import asdict, frozen
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

__all__ = [
    "ASCII",
    "UNICODE",
    "Glyphs",
    "Page",
    "TerminalConsole",
    "clean",
    "cut",
    "encodable",
    "is_terminal",
    "page_for",
    "rule",
    "terminal_console",
    "wrap",
    "writable",
    "write",
]

WIDEST: Final = 100
NARROWEST: Final = 60
UNSIZED: Final = 80


@frozen(kw_only=True)
class Glyphs:
    """The characters that a report draws with; all but `more` and `gives` are one column wide."""

    line: str
    bar: str
    corner_right: str
    corner_left: str
    tip_right: str
    tip_left: str
    dot: str
    bad: str
    skip: str
    more: str
    gives: str
    separator: str
    full: str
    empty: str


UNICODE: Final = Glyphs(
    line="─",
    bar="│",
    corner_right="└",
    corner_left="┘",
    tip_right="►",
    tip_left="◄",
    dot="●",
    bad="✗",
    skip="⋮",
    more="…",
    gives="→",
    separator="·",
    full="━",
    empty="─",
)

ASCII: Final = Glyphs(
    line="-",
    bar="|",
    corner_right="+",
    corner_left="+",
    tip_right=">",
    tip_left="<",
    dot="*",
    bad="!",
    skip=":",
    more="...",
    gives="->",
    separator="|",
    full="=",
    empty="-",
)


@frozen(kw_only=True)
class Page:
    """How a report is to look.

    Args:
        width: columns, 60 to 100.
        glyphs: `UNICODE`, or `ASCII` where the encoding has no box characters.
        colour: write ANSI sequences.
    """

    width: int = WIDEST
    glyphs: Glyphs = UNICODE
    colour: bool = False


def page_for(stream: IO[str], environ: Mapping[str, str] | None = None) -> Page:
    """The page that a stream offers.

    Args:
        stream: where the report goes.
        environ: instead of `os.environ`; `NO_COLOR` (no-color.org), `TERM=dumb` and `COLUMNS` are looked at.

    Returns:
        As wide as the terminal within 60 to 100 columns; 100 columns, plain, when it is no terminal.
    """
    environ = os.environ if environ is None else environ
    encoding = getattr(stream, "encoding", None) or "ascii"
    glyphs = UNICODE if _can_write("".join(asdict(UNICODE).values()), encoding) else ASCII
    if not is_terminal(stream):
        return Page(glyphs=glyphs)
    colour = not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"
    return Page(width=max(NARROWEST, min(WIDEST, _columns(stream, environ))), glyphs=glyphs, colour=colour)


def is_terminal(stream: IO[str]) -> bool:
    """Is it a terminal? A closed stream is none."""
    try:
        return stream.isatty()
    except (ValueError, OSError):
        return False


def _columns(stream: IO[str], environ: Mapping[str, str]) -> int:
    asked = environ.get("COLUMNS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    try:
        # a terminal that does not know its size says 0
        return os.get_terminal_size(stream.fileno()).columns or UNSIZED
    except (OSError, ValueError):
        return UNSIZED


def _can_write(text: str, encoding: str) -> bool:
    try:
        text.encode(encoding)
    except (UnicodeError, LookupError):
        return False
    return True


def encodable(text: str, encoding: str | None) -> str:
    """The text with whatever the encoding cannot write as backslash escapes."""
    try:
        return text.encode(encoding or "ascii", "backslashreplace").decode(encoding or "ascii")
    except LookupError:
        return text.encode("ascii", "backslashreplace").decode("ascii")


def clean(text: str) -> str:
    """One line of printable text: control characters, escape sequences and line ends become visible escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)


def cut(text: str, width: int, glyphs: Glyphs = UNICODE) -> str:
    """The text in at most `width` columns, with an ellipsis where it was longer."""
    if cell_len(text) <= width:
        return text
    room = width - len(glyphs.more)
    return set_cell_size(text, room).rstrip() + glyphs.more if room > 0 else glyphs.more[:width]


#: where code and prose may be broken: behind a space, before the arguments of a call, before an attribute
_BREAKS: Final = re.compile(r"(?<= )|(?<=[a-z]\()(?![vem]\d|\))|(?<=[a-z])(?=\.(?!py\b)[a-z])")


def wrap(text: str, width: int, *, lines: int = 1000, indent: int = 0, glyphs: Glyphs = UNICODE) -> list[str]:
    """Break text into lines of at most `width` columns at spaces and at natural places in code.

    A no-break space keeps its place and is written as a space.

    Args:
        text: what to break.
        width: columns.
        lines: at most so many; the last one ends with an ellipsis when there was more.
        indent: how far the second and later lines stand in.
    """
    found: list[str] = []
    current = ""
    for piece in (part for part in _BREAKS.split(text) if part):
        while True:
            if cell_len((current + piece).rstrip()) <= width:
                current += piece
                break
            if current.strip():
                found.append(current.rstrip())
                current = " " * indent
                continue
            head = set_cell_size(piece, max(1, width - len(current)))
            found.append(current + head.rstrip())
            current, piece = " " * indent, piece[len(head.rstrip()) :]
    if current.strip() or not found:
        found.append(current.rstrip())
    if len(found) > lines:
        last = set_cell_size(found[lines - 1], min(cell_len(found[lines - 1]), width - len(glyphs.more)))
        found = [*found[: lines - 1], last.rstrip() + glyphs.more]
    return [line.replace("\xa0", " ") for line in found]


def rule(title: str, page: Page, style: str = "") -> Text:
    """A heading: the title inside a line across the page."""
    line = page.glyphs.line
    text = Text(line * 2 + " ")
    text.append(cut(title, page.width - 8, page.glyphs), style=style)
    text.append(" ")
    return text.append(line * max(2, page.width - text.cell_len))


class TerminalConsole(Console):
    """A console of rich that leaves it to its caller what a closed pipe means; rich's own ends the process."""

    def on_broken_pipe(self) -> None:
        """Called while the BrokenPipeError is handled: let it go on."""
        raise


def terminal_console(stream: IO[str], width: int | None = None) -> TerminalConsole:
    """The console for a coloured page; colours are the terminal's own sixteen, so that they suit its background."""
    return TerminalConsole(
        file=stream, force_terminal=True, color_system="standard", legacy_windows=False, highlight=False, width=width
    )


def write(lines: Iterable[Text], stream: IO[str], page: Page) -> None:
    """Write lines as they are: never wrapped, never cut, plain unless the page has colour."""
    encoding = getattr(stream, "encoding", None)
    if not page.colour:
        for line in lines:
            stream.write(encodable(line.plain.rstrip(), encoding or "utf-8") + "\n")
        return
    console = terminal_console(stream, 10_000)
    for line in lines:
        console.print(writable(line, encoding), soft_wrap=True)


def writable(line: Text, encoding: str | None) -> Text:
    """The line as the encoding can write it; escapes cost it its inner styles, which is better than a dead report."""
    plain = encodable(line.plain, encoding or "utf-8")
    return line if plain == line.plain else Text(plain, style=line.style)
