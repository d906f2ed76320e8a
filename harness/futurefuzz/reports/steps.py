"""From the events of a run to the steps of its timeline: what each row says, before anybody thinks of columns.

Events come in their JSON shape, because those of a crash were never objects in this process: they are what the dying
worker had noted. Such a list simply ends in the middle of an operation.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

from attrs import define

from futurefuzz.programs.program import Operation, Program
from futurefuzz.reports.page import clean
from futurefuzz.reports.rows import ANSWERS, LEADS_TO, Mark, Row, Steps, change_of
from futurefuzz.reports.spelling import HOOK_PLACES, label, operation_code, operation_from, outcome_words
from futurefuzz.targets.base import LOOPLESS

__all__ = ["steps_of"]

_STATE: Final = re.compile(r"(f\d+\S*)\s+(.+)", re.DOTALL)
_PARTS: Final = re.compile(r"[,;]\s*(?=f\d)|\n")
#: what every future is at first, on one side or on both
_CREATED: Final = ("PENDING", "PENDING > PENDING")
#: a posted call that is in the loop's ready queue
_QUEUED: Final = "it is queued"
#: operations that suspend a task: whatever the loop does meanwhile does not happen inside them
_SUSPENDING: Final = ("await", "yield")


@define
class _Frame:
    """An unfinished call of a carrier."""

    site: str
    code: str
    suspends: bool
    waits: bool


def steps_of(
    events: Sequence[Mapping[str, Any]],
    names: Sequence[str],
    program: Program,
    *,
    violations: Sequence[tuple[int, str, str]] = (),
    contract: str | None = None,
    ending: str = "",
) -> Steps:
    """The rows of a run.

    Args:
        events: in their JSON shape, in order.
        names: of the carriers.
        program: what was run.
        violations: (index of the event, clause id, sentence).
        contract: of the target; None: `asyncio` where a loop runs, else `concurrent`.
        ending: how the interpreter ended in the middle of the run, such as `SIGSEGV`; empty: it did not.
    """
    contract = contract or ("asyncio" if "loop" in names else "concurrent")
    return _Reader(events, names, program, violations, contract).read(ending)


class _Reader:
    def __init__(
        self,
        events: Sequence[Mapping[str, Any]],
        names: Sequence[str],
        program: Program,
        violations: Sequence[tuple[int, str, str]],
        contract: str,
    ) -> None:
        self.events = events
        self.program = program
        self.loop = names.index("loop") if "loop" in names else None
        self.contract = contract
        self.rows: list[Row] = []
        self.finals: dict[str, list[tuple[str, str]]] = {}
        self.stacks: dict[int, list[_Frame]] = {}
        self.states: dict[str, str] = {}
        #: rows of operations that are not finished
        self.begun: list[Row] = []
        self.derived = not any(event.get("kind") == "snapshot" for event in events)
        self.marks: dict[int, list[Mark]] = {}
        for at, clause, sentence in violations:
            self.marks.setdefault(at, []).append(Mark(clause=clause, sentence=sentence))

    def read(self, ending: str) -> Steps:
        index = 0
        while index < len(self.events):
            after = self._event(index)
            for seen in range(index, after):
                if marks := self.marks.pop(seen, None):
                    self._last(seen).marks += marks
            index = after
        if ending:
            self._crash(ending)
        for marks in self.marks.values():
            if self.rows:
                self.rows[-1].marks += marks
        for number, row in enumerate(self.rows, 1):
            row.number = number
        return Steps(rows=self.rows, finals=self._ends(), derived=self.derived)

    def _last(self, index: int) -> Row:
        """The row that an event belongs to: the one made last."""
        if not self.rows:
            self._row(self.events[index], "start")
        return self.rows[-1]

    def _row(self, event: Mapping[str, Any], text: str, **more: Any) -> Row:
        row = Row(carrier=int(event.get("carrier") or 0), text=text, site=str(event.get("site", "")), **more)
        self.rows.append(row)
        self._close(row)
        return row

    def _close(self, row: Row) -> None:
        """Note what is unfinished after this row."""
        stack = self.stacks.get(row.carrier, [])
        row.sites = tuple(frame.site for frame in stack)
        open_frames = [frame for frame in stack if not frame.suspends]
        if open_frames:
            row.inside, row.waits = open_frames[-1].code.partition("(")[0], open_frames[-1].waits
        else:
            row.inside, row.waits = "", False

    def _depth(self, carrier: int) -> int:
        return sum(not frame.suspends for frame in self.stacks.get(carrier, ()))

    def _event(self, index: int) -> int:
        """Read one event; where it was folded with the ones behind it, the index of the first one left."""
        event = self.events[index]
        match event.get("kind"):
            case "call":
                return self._call(index)
            case "return":
                self._return(event)
            case "run":
                return self._run(index)
            case "ran":
                self._ran(event)
            case "snapshot":
                self._snapshot(str(event.get("what")))
            case "state":
                self._final(event)
            case "posted":
                self._posted(event)
            case "handler" | "log" | "unraisable" | "stall" | "waiting" | "uncaught" | "untraced":
                self._trouble(event)
            case "after":
                code, operation = self._code(event)
                row = self._row(event, f"with the loop closed: {code}")
                self._outcome(row, event, operation)
        return index + 1

    # operations

    def _code(self, event: Mapping[str, Any]) -> tuple[str, Operation | None]:
        operation, site = operation_from(event.get("what")), str(event.get("site", ""))
        if operation is None:
            return clean(str(event.get("what"))), None
        blocking = self.contract in LOOPLESS or (self.contract == "bridge" and event.get("carrier") != self.loop)
        return operation_code(operation, site, blocking=blocking), operation

    def _who(self, event: Mapping[str, Any]) -> str:
        """What stands before an operation: the task that does it, or the call-out inside which it is done."""
        site, actor = str(event.get("site", "")), int(event.get("actor", -1))
        if site.startswith("h"):
            number = site[1:].partition(".")[0]
            hooks = self.program.hooks
            kind = hooks[int(number)].kind if number.isdecimal() and int(number) < len(hooks) else ""
            return f"in {HOOK_PLACES.get(kind, 'a hook')}: "
        if site.startswith("c") or "!" in site:
            return ""
        if 0 <= actor < len(self.program.actors) and self.program.actors[actor].kind == "task":
            return f"task {actor}: "
        return ""

    def _call(self, index: int) -> int:
        event = self.events[index]
        carrier, site = int(event.get("carrier") or 0), str(event.get("site", ""))
        code, operation = self._code(event)
        text, depth = self._who(event) + code, self._depth(carrier)
        end = self._folds(index, "return")
        if end is not None:
            row = self._row(event, text, depth=depth)
            self._outcome(row, self.events[end], operation)
            self._inner_snapshots(index, end)
            return end + 1
        name = operation.name if operation is not None and operation.via == "direct" else ""
        waits = operation is not None and operation.argument in ("wait", "timeout")
        self.stacks.setdefault(carrier, []).append(_Frame(site, code, name in _SUSPENDING, waits))
        self.begun.append(self._row(event, text, depth=depth, opens=True, changes=change_of(event)))
        return index + 1

    def _folds(self, index: int, closing: str) -> int | None:
        """The index of the event that closes this one when nothing to be shown happened in between."""
        event = self.events[index]
        for later in range(index + 1, len(self.events)):
            other = self.events[later]
            same = other.get("site") == event.get("site") and other.get("carrier") == event.get("carrier")
            if other.get("kind") == closing and same:
                return later
            if other.get("kind") != "snapshot" and not (other.get("kind") == "posted" and same):
                return None
        return None

    def _inner_snapshots(self, start: int, end: int) -> None:
        for event in self.events[start:end]:
            if event.get("kind") == "snapshot":
                self._snapshot(str(event.get("what")))

    def _posted(self, event: Mapping[str, Any]) -> None:
        """Said in the row of the call when nothing happened since; else a row of its own."""
        last = self.rows[-1] if self.rows else None
        if last is not None and last.opens and (last.site, last.carrier) == (event.get("site"), event.get("carrier")):
            last.text, last.queued = f"{last.text} queues it", True
        else:
            self._row(event, _QUEUED, depth=self._depth(int(event.get("carrier") or 0)))

    def _return(self, event: Mapping[str, Any]) -> None:
        carrier, site = int(event.get("carrier") or 0), str(event.get("site", ""))
        code, operation = self._code(event)
        stack = self.stacks.get(carrier, [])
        for position in range(len(stack) - 1, -1, -1):
            if stack[position].site == site:
                del stack[position]
                break
        self.begun = [row for row in self.begun if row.carrier != carrier or row.site != site]
        suspended = operation is not None and operation.via == "direct" and operation.name in _SUSPENDING
        who = self._who(event)
        text = f"{who}{code}" if suspended else f"{who}back from {code.partition('(')[0]}"
        if self.rows and (self.rows[-1].text, self.rows[-1].site, self.rows[-1].carrier) == (_QUEUED, site, carrier):
            text = f"{_QUEUED}, {text}"
            del self.rows[-1]
        row = self._row(event, text, depth=self._depth(carrier))
        self._outcome(row, event, operation)

    def _outcome(self, row: Row, event: Mapping[str, Any], operation: Operation | None) -> None:
        how, what = outcome_words(event.get("outcome"))
        row.raised = how == "raised"
        if (how, what) == ("returned", "skipped"):
            posted = "!" in str(event.get("site"))
            what = "skipped, it is done" if posted else "skipped, dropped before"
        row.asks = operation is not None and operation.name in ("result", "exception", "await")
        row.outcome = "" if (how, what) == ("returned", "None") and operation is not None and not row.asks else what
        change = change_of(event)
        # what failed, or came too late, changed nothing
        if change is not None and how == "returned" and what == (ANSWERS[change.how] or what):
            row.changes = change
            if self.derived and change.how in LEADS_TO:
                self._set_state(row, change.future, LEADS_TO[change.how])

    # callbacks

    def _run(self, index: int) -> int:
        event = self.events[index]
        carrier = int(event.get("carrier") or 0)
        number, future, context, done, arguments = _fields(
            event.get("what"), "callback_run", ("callback", "future", "context", "done", "arguments")
        )
        given = f"f{future}" if isinstance(future, int) and future >= 0 else "?"
        if isinstance(arguments, int) and arguments != 1:
            given = "" if arguments == 0 else f"{given}, ..."
        text = f"c{number}({given})"
        if context:
            text += f" in context {clean(str(context))}"
        bad = done is False
        if bad:
            text += ", though it is not done"
        depth, end = self._depth(carrier), self._folds(index, "ran")
        if end is not None:
            row = self._row(event, text, depth=depth, bad=bad)
            self._outcome(row, self.events[end], None)
            row.outcome = row.outcome if row.raised else ""
            self._inner_snapshots(index, end)
            return end + 1
        self.stacks.setdefault(carrier, []).append(_Frame(f"run {event.get('site')}", f"c{number}", False, False))
        self._row(event, text, depth=depth, opens=True, bad=bad)
        return index + 1

    def _ran(self, event: Mapping[str, Any]) -> None:
        carrier, site = int(event.get("carrier") or 0), f"run {event.get('site')}"
        stack = self.stacks.get(carrier, [])
        name = f"c{event.get('what')}"
        for position in range(len(stack) - 1, -1, -1):
            if stack[position].site == site:
                name = stack[position].code
                del stack[position]
                break
        row = self._row(event, f"back from {name}", depth=self._depth(carrier))
        self._outcome(row, event, None)

    # the rest

    def _trouble(self, event: Mapping[str, Any]) -> None:
        kind, what = event.get("kind"), event.get("what")
        _, outcome = outcome_words(event.get("outcome"))
        depth = self._depth(int(event.get("carrier") or 0))
        if kind == "waiting":
            code, _ = self._code(event)
            self._row(event, f"waits for ever: {self._who(event)}{code}", bad=True, ending=True)
        elif kind == "stall":
            count = what if isinstance(what, int) else 1
            ready = "1 callback is" if count == 1 else f"{count} callbacks are"
            row = self._row(event, f"sleeps although {ready} ready (the harness wakes it)", bad=True)
            row.carrier = row.carrier if self.loop is None else self.loop
            self._close(row)
        elif kind == "untraced":
            code, _ = self._code(event)
            self._row(event, f"{code}: the traceback of {outcome} is lost", bad=True, depth=depth)
        elif kind == "uncaught":
            self._row(event, f"{self._who(event)}ends by an uncaught {outcome}", bad=True, depth=depth)
        else:
            # red without a mark: whether it should have happened is for the oracles to say
            lead = {"handler": "loop's exception handler", "log": "logs", "unraisable": "cannot raise"}[str(kind)]
            said = ": ".join(part for part in (outcome, "" if what is None else label(str(what))) if part)
            self._row(event, f"{lead}: {said}", raised=True, depth=depth)

    def _snapshot(self, text: str) -> None:
        for part in _PARTS.split(text):
            if (found := _STATE.fullmatch(part.strip())) is not None and self.rows:
                future, state = found[1], label(found[2]).replace(">", " > ")
                before = self.states.get(future)
                if before != state and (before is not None or state not in _CREATED):
                    self._set_state(self._cause(future), future, state)
                self.states[future] = state

    def _cause(self, future: str) -> Row:
        """The row that changed a future: the last one, unless only one that is unfinished can have done it.

        Snapshots are taken when an operation returns. One that was interrupted after its change would otherwise leave
        the change to whoever returned first.
        """
        last = self.rows[-1]
        if last.changes is not None and last.changes.future == future:
            return last
        unfinished = [row for row in self.begun if row.changes is not None and row.changes.future == future]
        return unfinished[0] if len(unfinished) == 1 else last

    def _set_state(self, row: Row, future: str, state: str) -> None:
        """Note a state; a finished future with what it was finished with, where this step did it."""
        if row.changes is not None and row.changes.future == future and state == "FINISHED":
            state = f"{state} {row.changes.made}".rstrip()
        row.states = [(name, old) for name, old in row.states if name != future] + [(future, state)]

    def _final(self, event: Mapping[str, Any]) -> None:
        future, side, outcome = _fields(event.get("what"), "final_state", ("future", "side", "outcome"))
        how, what = outcome_words(outcome)
        told = f"gives {what}" if how == "returned" else f"raises {what}" if how else "is still pending"
        self.finals.setdefault(f"f{future}", []).append((clean(str(side or "observer")), told))

    def _ends(self) -> list[str]:
        """What became of the futures, those with the same end together."""
        ends: dict[str, list[str]] = {}
        for future, sides in self.finals.items():
            if len({told for _, told in sides}) == 1:
                ends.setdefault(sides[0][1], []).append(future)
                continue
            for side, told in sides:
                ends.setdefault(told, []).append(f"{future}'s {side}")
        return [f"{' and '.join(who)} {told if len(who) == 1 else _plural(told)}" for told, who in ends.items()]

    def _crash(self, ending: str) -> None:
        """The last row: who was running, as far as the events tell, and inside what."""
        busy = [carrier for carrier, stack in self.stacks.items() if any(not f.suspends and not f.waits for f in stack)]
        last = self.rows[-1].carrier if self.rows else 0
        carrier = last if last in busy or len(busy) != 1 else busy[0]
        frames = [frame for frame in self.stacks.get(carrier, ()) if not frame.suspends]
        where = f", inside {frames[-1].code.partition('(')[0]}" if frames else ""
        row = Row(carrier=carrier, text=f"{clean(ending)} here{where}", bad=True)
        self.rows.append(row)
        self._close(row)


def _plural(told: str) -> str:
    verb, _, rest = told.partition(" ")
    return f"{ {'gives': 'give', 'raises': 'raise', 'is': 'are'}[verb] } {rest}"


def _fields(what: object, key: str, names: tuple[str, ...]) -> tuple[Any, ...]:
    """The fields of a named tuple in its JSON shape, by name or by position."""
    inner = what.get(key, what) if isinstance(what, Mapping) else what
    if isinstance(inner, Mapping):
        return tuple(inner.get(name) for name in names)
    if isinstance(inner, Sequence) and not isinstance(inner, str):
        return tuple(inner[i] if i < len(inner) else None for i in range(len(names)))
    return (None,) * len(names)
