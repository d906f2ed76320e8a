from __future__ import annotations

import io

import pytest
from attrs import evolve
from rich.cells import cell_len
from rich.text import Text

from futurefuzz.programs.program import Program, Switch
from futurefuzz.reports.elide import Gap, elide
from futurefuzz.reports.page import ASCII, UNICODE, Page, page_for, write
from futurefuzz.reports.rows import Steps
from futurefuzz.reports.steps import steps_of
from futurefuzz.reports.timeline import timeline
from tests.reports import cases, golden

WIDTHS = (60, 80, 100)


def drawn(recorded: cases.Recorded, page: Page, **more: int) -> list[Text]:
    """The timeline of a recorded run."""
    return timeline(
        recorded.events,
        recorded.names,
        recorded.program,
        page,
        violations=recorded.violations,
        schedule=recorded.schedule,
        ending=recorded.ending,
        **more,
    )


def plain(lines: list[Text]) -> list[str]:
    """What a plain page shows."""
    return [line.plain.rstrip() for line in lines]


def read(recorded: cases.Recorded) -> Steps:
    """The rows of a recorded run."""
    return steps_of(
        recorded.events,
        recorded.names,
        recorded.program,
        violations=recorded.violations,
        ending=recorded.ending,
    )


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("name", sorted(cases.RECORDED))
def test_timelines_look_as_they_did(name: str, width: int) -> None:
    """Each recorded run is drawn as in its golden file."""
    lines = plain(drawn(cases.RECORDED[name](), Page(width=width)))
    golden.check(f"timeline-{name}-{width}.txt", "\n".join(lines) + "\n")


@pytest.mark.parametrize("glyphs", [UNICODE, ASCII])
@pytest.mark.parametrize("width", range(60, 101, 4))
@pytest.mark.parametrize("name", sorted(cases.RECORDED))
def test_no_line_is_wider_than_the_page(name: str, width: int, glyphs: object) -> None:
    """At every width and in both sets of characters a timeline keeps within its page."""
    page = Page(width=width, glyphs=ASCII if glyphs is ASCII else UNICODE)
    assert [line for line in drawn(cases.RECORDED[name](), page) if cell_len(line.plain.rstrip()) > width] == []


@pytest.mark.parametrize("name", sorted(cases.RECORDED))
def test_ascii_timelines_are_ascii(name: str) -> None:
    """Where box characters cannot be written none is used."""
    assert all(line.isascii() for line in plain(drawn(cases.RECORDED[name](), Page(glyphs=ASCII))))


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8", "utf-16"])
def test_a_timeline_can_be_written_in_any_encoding(encoding: str) -> None:
    """A stream gets what it can encode."""
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    page = page_for(stream)
    assert (page.glyphs is UNICODE) == encoding.startswith("utf")
    write(drawn(cases.five(), page), stream, page)
    stream.flush()


def test_every_step_is_in_the_column_of_its_actor() -> None:
    """The text of a row begins at the x at which the name of its actor stands."""
    lines = plain(drawn(cases.crash(), Page()))
    assert lines[0].index("thread 1") == lines[5].index("f0.remove_done_callback(c0)")
    assert lines[0].index("thread 0") == lines[2].index("f0.add_done_callback(c0)")


def test_a_crash_is_the_last_row_and_names_the_operation() -> None:
    """The row of the crash stands in the column of the one who was inside an operation."""
    rows = read(cases.crash()).rows
    assert (rows[-1].text, rows[-1].carrier) == ("SIGSEGV here, inside f0.set_result", 1)


def test_a_crash_before_anything_happened_is_shown() -> None:
    """An empty list of events with an ending has one row."""
    empty = cases.Recorded(events=[], names=["loop"], program=Program(actors=()), ending="SIGABRT")
    assert "SIGABRT here" in plain(drawn(empty, Page()))[-1]


def test_nothing_recorded_is_said() -> None:
    """Without events and without an ending the timeline says that there is nothing."""
    empty = cases.Recorded(events=[], names=["loop"], program=Program(actors=()))
    assert plain(drawn(empty, Page())) == ["(nothing was recorded)"]


def test_an_undisturbed_operation_is_one_row() -> None:
    """Call and return become one row with the outcome; a disturbed operation has a row for each."""
    texts = [row.text for row in read(cases.crowd()).rows]
    assert texts.count("f0.cancel()") == 1
    assert "f0.set_result(v1.1)" in texts
    assert "back from f0.set_result" in texts


def test_a_change_belongs_to_the_operation_that_made_it() -> None:
    """A state first seen after another actor's operation is put to the unfinished operation that set it."""
    rows = read(cases.crash()).rows
    assert {row.text: row.states for row in rows if row.states} == {"f0.set_result(v0.1)": [("f0", "FINISHED v0.1")]}


def test_states_are_worked_out_where_no_snapshot_was_taken() -> None:
    """Without snapshots the answers of the operations give the states, and failed operations give none."""
    recorded = cases.bridge()
    events = [event for event in recorded.events if event["kind"] != "snapshot"]
    steps = steps_of(events, recorded.names, recorded.program)
    assert steps.derived
    assert [row.states for row in steps.rows if row.states] == [[("f0", "CANCELLED")]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("crash", ["f0.remove_done_callback(c0) → 1", "► inside f0.set_result, at loop.call_soon"]),
        ("bridge", ["loop.call_soon_threadsafe(", "f0.cancel, msg=m2.0)", "✗ A4 broken here: a posted set_result"]),
        ("lost", ["task 0: await f0 …", "sleeps although 1 callback is ready", "nobody can go on", "waits for ever"]),
        ("five", ["lambda: f0.done() or f0.set_result(v2.0)", "in loop.call_soon: f0.cancel(msg=mh0.0) → False"]),
        ("crowd", ["f0.exception(timeout=1.0) raises TimeoutError", "f0.set_running_or_notify_cancel() → True"]),
    ],
)
def test_operations_are_written_like_code(name: str, expected: list[str]) -> None:
    """A timeline says what happened in the words that the reader's own code would use."""
    text = "\n".join(plain(drawn(cases.RECORDED[name](), Page())))
    assert [part for part in expected if part not in text] == []


def test_a_bridges_plain_result_on_a_thread_does_not_wait() -> None:
    """What `result` means depends on the contract and on the thread."""
    events = cases.Events()
    events.whole(0, "0.0", cases.op("result"), "v:1.0")
    events.whole(1, "1.0", cases.op("result"), "v:1.0")
    program = Program(actors=(cases.task(), cases.thread()))
    told = {c: steps_of(events.list, ["loop", "thread 1"], program, contract=c) for c in ("asyncio", "bridge")}
    assert [row.text for row in told["asyncio"].rows] == ["task 0: f0.result()", "f0.result()"]
    assert [row.text for row in told["bridge"].rows] == ["task 0: f0.result()", "f0.result(timeout=0)"]


def test_a_place_that_two_switches_could_have_is_not_named() -> None:
    """An arrow names its point only when the schedule leaves no doubt."""
    recorded = cases.crash()
    doubtful = evolve(recorded, schedule=[*recorded.schedule, Switch("thread 0", "0.1/del", 1, "thread 1")])
    assert "inside f0.set_result, at" not in "\n".join(plain(drawn(doubtful, Page())))


def test_futures_with_the_same_end_are_told_together() -> None:
    """Two sides that agree are one future, and futures that agree are one sentence."""
    events = cases.Events()
    for future, side, outcome in [
        (0, "resolver", None),
        (0, "observer", None),
        (1, "observer", None),
        (2, "resolver", ["returned", "v:0.0"]),
        (2, "observer", ["raised", "CancelledError"]),
    ]:
        events.final(future, outcome, side)
    assert steps_of(events.list, ["loop"], Program(actors=(), futures=3)).finals == [
        "f0 and f1 are still pending",
        "f2's resolver gives v0.0",
        "f2's observer raises CancelledError",
    ]


# long runs


def test_the_middle_of_a_long_run_is_left_out_and_counted() -> None:
    """Of 300 steps about 60 are shown; the others are counted, and the violation is there."""
    recorded = cases.long(300)
    steps = read(recorded)
    assert len(steps.rows) == 300
    shown = elide(steps.rows, 60)
    rows = [item for item in shown if not isinstance(item, Gap)]
    gaps = [item for item in shown if isinstance(item, Gap)]
    assert len(rows) + sum(gap.steps for gap in gaps) == 300
    assert len(rows) <= 60 + 2 * len(gaps)
    assert [row.number for row in rows if row.marks] == [152]
    assert (rows[0].number, rows[-1].number) == (1, 300)
    text = "\n".join(plain(drawn(recorded, Page())))
    assert "steps left out (thread 0: " in text
    assert "✗ C1 broken here: the future was completed twice" in text


@pytest.mark.parametrize("steps", [2, 59, 60, 61, 64, 300, 2000])
def test_leaving_out_keeps_the_order_and_loses_nothing(steps: int) -> None:
    """Rows and gaps together are the run, in order."""
    rows = read(cases.long(steps)).rows
    expected = 1
    for item in elide(rows, 60):
        if isinstance(item, Gap):
            assert sum(n for _, n in item.counts) == item.steps > 2
            expected += item.steps
        else:
            assert item.number == expected
            expected += 1
    assert expected == len(rows) + 1


def test_many_violations_do_not_crowd_out_the_ends() -> None:
    """A run in which every step is wrong is still cut to the limit, and begins and ends."""
    recorded = cases.long(300)
    violations = [(i, "C1", "wrong") for i in range(len(recorded.events))]
    rows = steps_of(recorded.events, recorded.names, recorded.program, violations=violations).rows
    shown = [item for item in elide(rows, 60) if not isinstance(item, Gap)]
    assert len(shown) <= 64
    assert (shown[0].number, shown[-1].number) == (1, 300)


# hostile and foreign text


def test_escape_sequences_never_reach_the_terminal() -> None:
    """What a run's text smuggles in is shown as text."""
    events = cases.Events()
    events.add("handler", -1, 0, "", "evil \x1b[2J\r\n\x07 \u202e text", ["raised", "Err\x1b]0;x\x07or"])
    recorded = cases.Recorded(events=events.list, names=["lo\x1bop"], program=Program(actors=()))
    text = "\n".join(plain(drawn(recorded, Page())))
    assert "\\x1b[2J\\r\\n\\x07" in text
    assert all(c == "\n" or c.isprintable() for c in text)


def test_wide_characters_count_two_columns() -> None:
    """A message in Chinese does not push the table apart."""
    events = cases.Events()
    events.add("handler", -1, 0, "", "未来" * 60, None)
    events.whole(1, "1.0", cases.op("set_result"))
    recorded = cases.Recorded(
        events=events.list, names=["loop", "thread 1"], program=Program(actors=(cases.task(), cases.thread()))
    )
    assert [line for line in drawn(recorded, Page(width=60)) if cell_len(line.plain) > 60] == []


def test_unknown_carriers_and_kinds_do_no_harm() -> None:
    """A journal that was cut or has events of a later version is shown as far as it goes."""
    events = cases.Events()
    events.add("call", 7, 9, "7.0", None)
    events.add("novelty", 7, 9, "7.0", {"a": 1})
    events.add("return", 7, 3, "7.5", {"operation": {"name": "done"}}, None)
    recorded = cases.Recorded(events=events.list, names=["loop"], program=Program(actors=()))
    assert "carrier 9" in "\n".join(plain(drawn(recorded, Page())))
