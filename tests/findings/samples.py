"""Programs, cases and findings for the tests of this folder, drawn or made by hand."""

from __future__ import annotations

from hypothesis import strategies as st

from futurefuzz.findings.finding import Case, Finding, Rate
from futurefuzz.programs.operations import ARGUMENTS, HOOK_KINDS, OPERATIONS, VIAS
from futurefuzz.programs.program import Actor, Callback, Hook, Operation, Program, Switch

_TEXT = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=30)


def thread(*names: str) -> Actor:
    """A thread with the operations of these names, each on future 0."""
    return Actor(kind="thread", operations=tuple(Operation(name=name) for name in names))


CASE = Case(
    scenario="mixed",
    target="asyncio.Future",
    program=Program(
        actors=(thread("set_result"), thread("done", "cancel")),
        callbacks=(Callback(raises=True),),
        hooks=(Hook(kind="eq", operations=(Operation(name="remove_done_callback", callback=0),)),),
    ),
    schedule=(Switch("", "start", 1, "thread 1"), Switch("thread 1", "1.1/operation", 1, "thread 0")),
)

FINDING = Finding(
    signature="asyncio.Future:A7:callback lost",
    grade="forbidden",
    oracle="callbacks",
    clause="A7",
    cause="A callback never ran.",
    case=CASE,
    rate=Rate(reproduced=5, tried=5),
    interpreter="CPython 3.13.0",
)


@st.composite
def operations(draw: st.DrawFn, futures: int, callbacks: int) -> Operation:
    """Any operation that the vocabulary has and that fits the program."""
    with_callback = ("add_done_callback", "remove_done_callback")
    name = draw(st.sampled_from([name for name in OPERATIONS if callbacks or name not in with_callback]))
    return Operation(
        name=name,
        future=draw(st.integers(0, futures - 1)),
        callback=draw(st.integers(0, callbacks - 1)) if name in with_callback else None,
        argument=draw(st.sampled_from(ARGUMENTS.get(name, (None,)))),
        context=draw(st.none() | st.integers(0, 3)) if name == "add_done_callback" else None,
        via=draw(st.sampled_from(VIAS)),
    )


@st.composite
def programs(draw: st.DrawFn) -> Program:
    """Any small program."""
    futures, callbacks = draw(st.integers(1, 3)), draw(st.integers(0, 3))
    some = st.lists(operations(futures, callbacks), max_size=4).map(tuple)
    actor = st.builds(Actor, kind=st.sampled_from(["thread", "task"]), operations=some)
    callback = st.builds(
        Callback, group=st.integers(0, 2), operations=some, raises=st.booleans(), ephemeral=st.booleans()
    )
    hook = st.builds(Hook, kind=st.sampled_from(HOOK_KINDS), nth=st.integers(1, 9), operations=some)
    return Program(
        actors=draw(st.lists(actor, min_size=1, max_size=4).map(tuple)),
        futures=futures,
        callbacks=tuple(draw(callback) for _ in range(callbacks)),
        hooks=draw(st.lists(hook, max_size=2).map(tuple)),
        debug=draw(st.booleans()),
    )


def switches() -> st.SearchStrategy[Switch]:
    """Any switch, whether it fits a program or not."""
    name = st.sampled_from(["", "loop", "thread 0", "thread 1", "thread 2", "thread 3"])
    place = st.builds(
        "{}{}.{}{}/{}".format,
        st.sampled_from(["", "c", "h"]),
        st.integers(0, 3),
        st.integers(0, 4),
        st.sampled_from(["", "!", "#2"]),
        st.sampled_from(["operation", "call_soon", "eq", "end"]),
    )
    return st.builds(Switch, actor=name, place=st.just("start") | place, nth=st.integers(1, 5), to=name)


def cases() -> st.SearchStrategy[Case]:
    """Any small case."""
    return st.builds(
        Case, scenario=_TEXT, target=_TEXT, program=programs(), schedule=st.lists(switches(), max_size=6).map(tuple)
    )


def findings() -> st.SearchStrategy[Finding]:
    """Any small finding."""
    rates = st.builds(Rate, reproduced=st.integers(0, 9), tried=st.integers(0, 9))
    return st.builds(
        Finding,
        signature=_TEXT,
        grade=st.sampled_from(["forbidden", "interesting"]),
        oracle=_TEXT,
        clause=_TEXT,
        cause=_TEXT,
        case=cases(),
        rate=rates,
        interpreter=_TEXT,
        analysis=st.none() | st.lists(_TEXT, max_size=3).map("\n".join),
    )
