"""The rows of a failing run: which thread ran which line of the user's code, and where it was switched away from."""

from __future__ import annotations

import os
from collections.abc import Sequence

from attrs import evolve, frozen

from futurefuzz.explorers.base import Step
from futurefuzz.exploring import places
from futurefuzz.exploring.conflicts import conflicting
from futurefuzz.exploring.failure import Failure
from futurefuzz.exploring.places import Place
from futurefuzz.exploring.running import Observed
from futurefuzz.exploring.witness import Sighting

__all__ = ["Row", "elided", "endless", "marked", "rows", "rows_of"]

#: lines kept around each switch, at the beginning and at the end of a long run
_AROUND, _FIRST, _LAST = 3, 4, 8
#: values shown beside one line
_VALUES = 4


@frozen(kw_only=True)
class Row:
    """One line of the timeline.

    Args:
        kind: `line` (a line of code), `stopped` (preempted), `waits`, `ended`, `failed`, `stuck` (waits for ever),
            `gap` (lines left out), or `round` (a line that the thread comes to again and again).
        thread: its name.
        place: where.
        text: source, or what it waits for; for a gap how many lines.
        again: the thread goes on in the middle of a line that was shown before.
        values: what it reads and writes there that other threads change or look at, with values.
    """

    kind: str
    thread: str
    place: Place | None = None
    text: str = ""
    again: bool = False
    values: tuple[str, ...] = ()

    def to_json(self) -> dict[str, object]:
        """For the report in JSON."""
        found: dict[str, object] = {"kind": self.kind, "thread": self.thread, "text": self.text}
        if self.place is not None:
            found["file"] = os.path.basename(self.place.file)
            found["line"] = self.place.line
            found["function"] = self.place.function
        if self.values:
            found["values"] = list(self.values)
        return found


def rows(seen: Observed) -> list[Row]:
    """All rows of a watched run."""
    found = rows_of(seen.seen, seen.run.names)
    for entry in seen.blocked if seen.run.status == "stuck" else ():
        found.append(Row(kind="stuck", thread=entry.actor, place=entry.place, text=entry.resource))
    return found


def rows_of(sightings: Sequence[Sighting], names: Sequence[str]) -> list[Row]:
    """The rows of what was seen of a run."""
    found: list[Row] = []
    last: dict[int, Row] = {}
    running = -1
    shared = conflicting(sightings)
    for sighting in sightings:
        actor = sighting.actor
        if actor < 0:
            continue
        name = names[actor]
        place, step = sighting.place, sighting.step
        if sighting.touch is not None:
            if sighting.touch.thing in shared and place is not None:
                _annotate(found, name, place, str(sighting.touch))
            continue
        if place is not None and (step is None or _is_new(last.get(actor), place, running == actor)):
            row = Row(kind="line", thread=name, place=place, text=places.source_line(place.file, place.line))
            before = last.get(actor)
            if step is not None and before is not None and before.place == place:
                row = evolve(row, again=True)
            if not (found and running == actor and found[-1].kind == "line" and found[-1].place == place):
                found.append(row)  # a line that goes on, or begins again, is not shown again
            last[actor] = row
        if step is not None and step.chosen != actor:
            found.append(_switch(name, sighting.place, step, names[step.chosen]))
        running = actor if step is None else step.chosen
    return found


def _annotate(found: list[Row], name: str, place: Place, text: str) -> None:
    """Write a value to its line: the thread's last row, or one more when others have gone since."""
    for at in range(len(found) - 1, -1, -1):
        row = found[at]
        if row.thread != name or row.kind != "line":
            break
        if row.place == place:
            if text not in row.values and len(row.values) < _VALUES:
                found[at] = evolve(row, values=(*row.values, text))
            return
    line = places.source_line(place.file, place.line)
    found.append(Row(kind="line", thread=name, place=place, text=line, again=True, values=(text,)))


def marked(found: list[Row], failures: Sequence[Failure]) -> list[Row]:
    """The rows with the failures in the places where they show."""
    marks = {}
    for failure in failures:
        if failure.place is None:
            continue
        at = [i for i, row in enumerate(found) if row.thread == failure.actor and row.place == failure.place]
        if at:
            text = failure.cause.partition(f" in {failure.actor}")[0]
            marks[at[-1]] = Row(kind="failed", thread=failure.actor, place=failure.place, text=text)
    return [each for i, row in enumerate(found) for each in ((row, marks[i]) if i in marks else (row,))]


def _is_new(before: Row | None, place: Place, goes_on: bool) -> bool:
    return before is None or before.place != place or not goes_on


def _switch(name: str, place: Place | None, step: Step, other: str) -> Row:
    what = step.key[1].partition(" at ")[0]
    if other.startswith("the clock"):
        return Row(kind="waits", thread=name, place=place, text="time passes")
    if step.event is not None:
        code = getattr(step.event, "what", None)
        return Row(kind="stopped", thread=name, place=place, text=what if code is None else code)
    return Row(kind="ended" if what == "end" else "waits", thread=name, place=place, text=what)


#: rows of a livelock before those that say what goes round
_BEGINNING = 20
#: lines of one round
_ROUND = 12


def endless(seen: Observed) -> list[Row]:
    """The rows of a run that goes on and on: how it began, and which lines each thread comes to again and again."""
    found = rows(seen)
    ended = {row.thread for row in found if row.kind == "ended"}
    shown = found[:_BEGINNING]
    if len(found) > len(shown):
        shown.append(Row(kind="gap", thread="", text=str(len(found) - len(shown))))
    late = found[max(len(shown), len(found) // 2) :]
    threads = dict.fromkeys(row.thread for row in late if row.kind == "line" and row.thread not in ended)
    for thread in sorted(threads, key=seen.run.names.index):
        lines = [row for row in late if row.thread == thread and row.kind == "line" and row.place is not None]
        once = {row.place: evolve(row, kind="round", again=False, values=()) for row in reversed(lines)}
        if len(lines) > len(once):  # else it has only been late
            shown += sorted(once.values(), key=_position)[:_ROUND]
    return shown


def _position(row: Row) -> tuple[str, int]:
    assert row.place is not None
    return row.place.file, row.place.line


def elided(found: Sequence[Row], limit: int = 60) -> list[Row]:
    """The rows without the unimportant middle of long stretches.

    Args:
        found: all rows.
        limit: a run with no more rows is shown whole.
    """
    if len(found) <= limit:
        return list(found)
    kept = set(range(_FIRST)) | set(range(len(found) - _LAST, len(found)))
    for at, row in enumerate(found):
        if row.kind in ("stopped", "failed"):
            kept |= set(range(max(0, at - _AROUND), min(len(found), at + _AROUND + 1)))
    kept = set(sorted(kept)[: 2 * limit - _LAST]) | set(range(len(found) - _LAST, len(found)))
    focus = max((at for at, row in enumerate(found) if row.kind in ("failed", "stuck")), default=len(found) - 1)
    for at in range(focus, -1, -1):
        if len(kept) >= limit:
            break
        kept.add(at)
    shown: list[Row] = []
    skipped = 0
    for at, row in enumerate(found):
        if at in kept:
            if skipped:
                shown.append(Row(kind="gap", thread="", text=str(skipped)))
                skipped = 0
            shown.append(row)
        else:
            skipped += 1
    return shown
