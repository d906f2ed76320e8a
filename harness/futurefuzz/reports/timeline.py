"""The timeline of a run: who did what, in which order, and what became of the futures.

Two layouts. *Columns*: one wide column per actor, the code stands in the column of the one who ran it. *Lanes*: one
narrow column per actor with a dot for who ran, the code beside it; for narrow pages and many actors, where wide columns
would break each call into four lines. In both a row is a step, and an arrow leads from actor to actor at each switch; a
switch in the middle of an operation, which is where races are made, is drawn with its name.

Rejected: one table cell per step wrapped by a table library (calls were broken at spaces inside arguments, and arrows
between columns cannot be drawn), and cutting code with an ellipsis at once (what is cut is the argument that matters).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import frozen
from rich.cells import cell_len
from rich.text import Text

from futurefuzz.programs.program import Program, Switch
from futurefuzz.reports.elide import Gap, elide
from futurefuzz.reports.page import Glyphs, Page, clean, cut, wrap
from futurefuzz.reports.rows import Row, Steps
from futurefuzz.reports.spelling import point_words
from futurefuzz.reports.steps import steps_of

__all__ = ["timeline"]

COLOURS: Final = ("cyan", "magenta", "blue", "yellow", "green", "bright_cyan", "bright_magenta", "bright_blue")
LEAST_COLUMN: Final = 22
#: below this the states get lines of their own: `f0.set_running_or_notify_cancel()` should fit
LEAST_TEXT: Final = 34
CELL_LINES: Final = 4
#: lines per row, on average, that columns may take
MOST_LINES: Final = 1.6
MOST_STATE: Final = 24
MOST_STATE_NARROW: Final = 16


def timeline(
    events: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    program: Program,
    page: Page | None = None,
    *,
    violations: Sequence[tuple[int, str, str]] = (),
    schedule: Sequence[Switch] = (),
    contract: str | None = None,
    ending: str = "",
    limit: int = 60,
) -> list[Text]:
    """Draw a run.

    Args:
        events: in their JSON shape, in order; those of a crash end in the middle of an operation.
        names: of the carriers, by index.
        program: what was run.
        page: how it is to look.
        violations: (index of the event, clause id, sentence), each shown where it happened.
        schedule: the switches of the case; they tell at which call-out a switch happened.
        contract: of the target; None: `asyncio` where a loop runs, else `concurrent`.
        ending: how the interpreter ended in the middle of the run, such as `SIGSEGV`; becomes the last row.
        limit: at most about so many rows; the middle of a longer run is left out, and the table says so.

    Returns:
        Lines, none wider than the page.
    """
    page = page or Page()
    steps = steps_of(events, names, program, violations=violations, contract=contract, ending=ending)
    if not steps.rows:
        return [Text("(nothing was recorded)", style="dim")]
    return _Drawing(steps, list(names), page, schedule, limit).draw()


@frozen(kw_only=True)
class _Layout:
    """Where things stand: x of each lane or column, x and width of the text, of the states."""

    lanes: bool
    starts: dict[int, int]
    widths: dict[int, int]
    text: int
    text_width: int
    state: int
    state_width: int


class _Drawing:
    def __init__(self, steps: Steps, names: list[str], page: Page, schedule: Sequence[Switch], limit: int) -> None:
        self.steps = steps
        self.page = page
        self.glyphs: Glyphs = page.glyphs
        self.schedule = schedule
        self.shown = elide(steps.rows, limit)
        self.carriers = sorted({row.carrier for row in steps.rows})
        self.names = {i: clean(names[i]) if 0 <= i < len(names) else f"carrier {i}" for i in self.carriers}
        futures = {future for row in steps.rows for future, _ in row.states}
        self.one_future = next(iter(futures)) if len(futures) == 1 else None
        self.has_states = bool(futures)
        self.digits = max(2, len(str(steps.rows[-1].number)))
        self.layout = self._columns() or self._lanes()
        self.lines: list[Text] = []

    # layout

    def _columns(self) -> _Layout | None:
        state_width = self._state_width()
        start = self.digits + 2
        room = self.page.width - start - (state_width + 2 if state_width else 0)
        need = {c: cell_len(self.names[c]) for c in self.carriers}
        for item in self.shown:
            if isinstance(item, Row):
                need[item.carrier] = max(need[item.carrier], cell_len(self._text(item)) + 2 * min(item.depth, 3))
        room -= len(self.carriers) - 1
        widths = _share(room, need)
        if any(widths[c] < min(need[c], LEAST_COLUMN) for c in self.carriers) or self._crowded(widths):
            return None
        starts, x = {}, start
        for c in self.carriers:
            starts[c] = x
            x += widths[c] + 1
        return _Layout(
            lanes=False, starts=starts, widths=widths, text=0, text_width=0, state=x + 1, state_width=state_width
        )

    def _crowded(self, widths: Mapping[int, int]) -> bool:
        """Would columns break so many calls that lanes read better?"""
        rows = [item for item in self.shown if isinstance(item, Row)]
        lines = sum(len(wrap(self._text(r), widths[r.carrier] - 2 * min(r.depth, 3), indent=2)) for r in rows)
        return lines > MOST_LINES * len(rows)

    def _lanes(self) -> _Layout:
        start = self.digits + 2
        starts = {c: start + 2 * i for i, c in enumerate(self.carriers)}
        text = start + 2 * len(self.carriers) + 1
        state_width = self._state_width()
        text_width = self.page.width - text - (state_width + 2 if state_width else 0)
        if state_width and text_width < LEAST_TEXT:
            text_width, state_width = self.page.width - text, 0
        return _Layout(
            lanes=True,
            starts=starts,
            widths={},
            text=text,
            text_width=text_width,
            state=text + text_width + 2,
            state_width=state_width,
        )

    def _state_width(self) -> int:
        if not self.has_states:
            return 0
        states = [state for item in self.shown if isinstance(item, Row) for state in item.states]
        longest = max((cell_len(self._state(state)) for state in states), default=0)
        most = MOST_STATE if self.page.width >= 80 else MOST_STATE_NARROW
        return min(max(longest, cell_len(self._state_title())), most)

    def _state_title(self) -> str:
        return f"{self.one_future} is" if self.one_future else "futures"

    def _state(self, state: tuple[str, str]) -> str:
        future, text = state
        return text if self.one_future else f"{future} {text}"

    def _text(self, row: Row) -> str:
        # no-break spaces keep together what is read together
        text = row.text.replace(" := ", "\xa0:=\xa0")
        text = f"{self.glyphs.bad} {text}" if row.bad else text
        if row.opens:
            text += f"\xa0{self.glyphs.more}"
        elif row.outcome:
            text += f" raises\xa0{row.outcome}" if row.raised else f" {self.glyphs.gives}\xa0{row.outcome}"
        return text

    # drawing

    def draw(self) -> list[Text]:
        self._head()
        previous: Row | None = None
        ended = False
        for item in self.shown:
            if isinstance(item, Gap):
                self._gap(item)
                previous = None
                continue
            if item.ending and not ended:
                self._divider("nobody can go on")
                ended = True
            elif previous is not None and previous.carrier != item.carrier and not item.ending:
                self._switch(previous, item)
            self._row(item)
            for mark in item.marks:
                self._mark(item, mark.clause, mark.sentence)
            previous = item
        return self.lines

    def _line(self, pieces: Sequence[tuple[int, str, str]]) -> None:
        """A line of (x, text, style) pieces, from left to right."""
        line = Text()
        for x, text, style in pieces:
            if x > line.cell_len:
                line.append(" " * (x - line.cell_len))
            line.append(text, style=style or None)
        self.lines.append(line)

    def _colour(self, carrier: int) -> str:
        return COLOURS[self.carriers.index(carrier) % len(COLOURS)]

    def _head(self) -> None:
        layout, glyphs = self.layout, self.glyphs
        state_title = [(layout.state, self._state_title(), "bold")] if layout.state_width else []
        if layout.lanes:
            # the names hang on their lanes, the last one next to its own
            for i, c in enumerate(self.carriers):
                bars = [(layout.starts[before], glyphs.bar, self._colour(before)) for before in self.carriers[:i]]
                last = i == len(self.carriers) - 1
                name = (layout.starts[c], cut(self.names[c], layout.text_width, glyphs), f"bold {self._colour(c)}")
                self._line([*bars, name, *(state_title if last else [])])
            return
        heads = [
            (layout.starts[c], cut(self.names[c], layout.widths[c], glyphs), f"bold {self._colour(c)}")
            for c in self.carriers
        ]
        self._line([(self.digits - 1, "#", "dim"), *heads, *state_title])
        rules = [(layout.starts[c], glyphs.line * layout.widths[c], "dim") for c in self.carriers]
        state_rule = [(layout.state, glyphs.line * layout.state_width, "dim")] if layout.state_width else []
        self._line([(0, glyphs.line * self.digits, "dim"), *rules, *state_rule])

    def _bars(self, besides: int | None = None) -> list[tuple[int, str, str]]:
        """The lanes of everybody but one."""
        if not self.layout.lanes:
            return []
        return [(self.layout.starts[c], self.glyphs.bar, "dim") for c in self.carriers if c != besides]

    def _row(self, row: Row) -> None:
        layout, glyphs = self.layout, self.glyphs
        colour = "bold red" if row.bad else "red" if row.raised and not row.asks else self._colour(row.carrier)
        indent = 2 * min(row.depth, 3)
        x = layout.text if layout.lanes else layout.starts[row.carrier]
        width = layout.text_width if layout.lanes else layout.widths[row.carrier]
        text = wrap(self._text(row), width - indent, lines=CELL_LINES, indent=2, glyphs=glyphs)
        states = [cut(self._state(s), layout.state_width, glyphs) for s in row.states] if layout.state_width else []
        for i in range(max(len(text), len(states))):
            pieces: list[tuple[int, str, str]] = []
            if i == 0:
                pieces.append((0, str(row.number).rjust(self.digits), "dim"))
            if layout.lanes:
                dot = (layout.starts[row.carrier], glyphs.dot if i == 0 else glyphs.bar, colour if i == 0 else "dim")
                pieces += sorted([*self._bars(row.carrier), dot])
            if i < len(text):
                pieces.append((x + indent, text[i], colour))
            if i < len(states):
                pieces.append((layout.state, states[i], _state_style(states[i])))
            self._line(pieces)
        if row.states and not layout.state_width:
            said = ", ".join(f"{future} {state}" for future, state in row.states)
            said = cut(f"{glyphs.gives} {said}", layout.text_width - indent, glyphs)
            self._line([*self._bars(), (x + indent, said, _state_style(said))])

    def _switch(self, before: Row, after: Row) -> None:
        """An arrow from one actor to the next, with the operation that it interrupts."""
        glyphs, starts = self.glyphs, self.layout.starts
        start, end = starts[before.carrier], starts[after.carrier]
        style = "bold yellow" if before.inside and not before.waits else "dim"
        low, high = min(start, end), max(start, end)
        inside = high - low - 1
        lane = self.layout.lanes
        reason = self._reason(before, after)
        x = self.layout.text if lane else high + 2
        if lane or (cell_len(reason) + 4 > inside and cell_len(reason) <= self.page.width - x):
            dashes, outside = glyphs.line * inside, reason
        else:
            said = f" {cut(reason, inside - 4, glyphs)} " if reason else ""
            dashes, outside = glyphs.line + said, ""
            fill = glyphs.line * (inside - cell_len(dashes))
            dashes = dashes + fill if start < end else fill + said + glyphs.line
        if start < end:
            arrow = glyphs.corner_right + dashes + glyphs.tip_right
        else:
            arrow = glyphs.tip_left + dashes + glyphs.corner_left
        pieces = [piece for piece in self._bars() if not low <= piece[0] <= high]
        pieces.append((low, arrow, style))
        if outside:
            pieces.append((x, cut(outside, self.page.width - x, glyphs), style))
        self._line(sorted(pieces))

    def _reason(self, before: Row, after: Row) -> str:
        if not before.inside:
            return ""
        if before.waits:
            return f"waits in {before.inside}"
        return f"inside {before.inside}{self._place(before, after)}"

    def _place(self, before: Row, after: Row) -> str:
        """At which point, where the schedule leaves no doubt about it."""
        source, target = self.names[before.carrier], self.names[after.carrier]
        kinds = set()
        for switch in self.schedule:
            site, _, kind = switch.place.partition("/")
            # a point of the kind `operation` is passed before the operation begins
            if (switch.actor, switch.to) == (source, target) and site in before.sites and kind not in ("", "operation"):
                kinds.add(kind)
        if len(kinds) != 1:
            return ""
        words = point_words(kinds.pop(), before.inside)
        return "" if before.queued and words.endswith("queued") else f", {words}"

    def _gap(self, gap: Gap) -> None:
        who = ", ".join(f"{self.names[c]}: {n}" for c, n in gap.counts)
        said = f"{gap.steps} steps left out ({who})"
        # like a row whose number is an ellipsis
        x = self.layout.text if self.layout.lanes else self.digits + 2
        pieces = [(self.digits - 1, self.glyphs.skip, "dim")]
        if self.layout.lanes:
            pieces += [(self.layout.starts[c], self.glyphs.skip, "dim") for c in self.carriers]
        for i, text in enumerate(wrap(said, self.page.width - x, glyphs=self.glyphs)):
            self._line([*(pieces if i == 0 else self._bars()), (x, text, "dim italic")])

    def _divider(self, said: str) -> None:
        x = self.layout.text if self.layout.lanes else self.digits + 2
        text = f"{self.glyphs.line * 2} {said} "
        self._line([*self._bars(), (x, text.ljust(self.page.width - x, self.glyphs.line), "bold red")])

    def _mark(self, row: Row, clause: str, sentence: str) -> None:
        layout = self.layout
        x = layout.text if layout.lanes else layout.starts[row.carrier]
        if self.page.width - x < 44:
            x = max(layout.text if layout.lanes else self.digits + 2, self.page.width - 44)
        said = f"{self.glyphs.bad} {clean(clause)} broken here{': ' if sentence else ''}{clean(sentence)}"
        for text in wrap(said, self.page.width - x, lines=3, indent=2, glyphs=self.glyphs):
            self._line([*self._bars(), (x, text, "bold red")])


def _state_style(state: str) -> str:
    if "CANCELLED" in state:
        return "yellow"
    return "green" if "FINISHED" in state else "dim"


def _share(room: int, need: Mapping[int, int]) -> dict[int, int]:
    """Divide the room: who needs little gets what it needs, the others the same share of the rest."""
    widths: dict[int, int] = {}
    left = dict(need)
    while left:
        share = max(0, room // len(left))
        small = [c for c, wanted in left.items() if wanted <= share]
        if not small:
            widths.update(dict.fromkeys(left, share))
            break
        for c in small:
            widths[c] = left.pop(c)
            room -= widths[c]
    return {c: widths[c] for c in need}
