from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from futurefuzz.errors import InputError
from futurefuzz.programs.codec import (
    LIMIT_ITEMS,
    LIMIT_TEXT,
    parse,
    program_from_json,
    program_to_json,
    schedule_from_json,
    schedule_to_json,
)
from futurefuzz.programs.operations import OPERATIONS
from futurefuzz.programs.program import Actor, Callback, Operation, Program, Switch
from tests.findings.samples import programs, switches


@given(program=programs())
def test_a_program_survives_the_way_through_json_text(program: Program) -> None:
    """What is written is read as the same program."""
    text = json.dumps(program_to_json(program))
    assert program_from_json(parse(text, "file")) == program


@given(switch=switches())
def test_a_schedule_survives_the_way_through_json_text(switch: Switch) -> None:
    """What is written is read as the same schedule."""
    text = json.dumps(schedule_to_json((switch, switch)))
    assert schedule_from_json(parse(text, "file")) == (switch, switch)


def test_defaults_are_left_out() -> None:
    """The JSON holds what differs from the plain form and nothing else."""
    program = Program(
        actors=(
            Actor(
                kind="thread", operations=(Operation(name="add_done_callback", callback=0), Operation(name="cancel"))
            ),
            Actor(kind="task"),
        ),
        callbacks=(Callback(raises=True),),
    )
    assert program_to_json(program) == {
        "actors": [
            {"kind": "thread", "operations": [{"name": "add_done_callback", "callback": 0}, {"name": "cancel"}]},
            {"kind": "task"},
        ],
        "callbacks": [{"raises": True}],
    }


def one(operation: Any, **rest: Any) -> dict[str, Any]:
    """A program in which that operation stands at `HERE`."""
    return {"actors": [{"kind": "task"}, {"kind": "thread", "operations": [{"name": "done"}, operation]}], **rest}


HERE = "f.json: $.actors[1].operations[1]"


KEYS = "actors, futures, callbacks, hooks, debug, foreign, links, loops, homes"


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], f"f.json: $: expected an object with {KEYS}, not a list"),
        (None, f"f.json: $: expected an object with {KEYS}, not null"),
        ({}, "f.json: $: key 'actors' is missing"),
        ({"actors": "ab"}, "f.json: $.actors: expected a list, not 'ab'"),
        ({"actors": {}}, "f.json: $.actors: expected a list, not an object"),
        ({"actors": [1]}, "f.json: $.actors[0]: expected an object with kind, operations, loop, not the number 1"),
        ({"actors": [], "futures": 1.0}, "f.json: $.futures: expected a whole number, not the number 1.0"),
        ({"actors": [], "futures": True}, "f.json: $.futures: expected a whole number, not true"),
        ({"actors": [], "futures": "1"}, "f.json: $.futures: expected a whole number, not '1'"),
        ({"actors": [], "futures": None}, "f.json: $.futures: expected a whole number, not null"),
        (
            {"actors": [], "futures": 10**40},
            "f.json: $.futures: expected a number from -1000000000 to 1000000000, not one that large",
        ),
        ({"actors": [], "futures": 17}, "f.json: $: futures must be from 1 to 16, not 17"),
        ({"actors": [], "debug": 0}, "f.json: $.debug: expected true or false, not the number 0"),
        (
            {"actors": [], "actor": []},
            f"f.json: $: unknown key 'actor'; allowed: {KEYS}",
        ),
        ({"actors": [{"kind": "thread"}] * 17}, "f.json: $: at most 16 actors are allowed, not 17"),
        ({"actors": [{"kind": "loop"}]}, "f.json: $.actors[0].kind: unknown actor kind 'loop'; allowed: thread, task"),
        (
            {"actors": [], "callbacks": [{}] * (LIMIT_ITEMS + 1)},
            f"f.json: $.callbacks: at most {LIMIT_ITEMS} items are allowed, not {LIMIT_ITEMS + 1}",
        ),
        (
            {"actors": [], "hooks": [{"kind": "eq", "nth": 0}]},
            "f.json: $.hooks[0]: hook nth must be from 1 to 1000, not 0",
        ),
        (one({"name": "explode"}), f"{HERE}.name: unknown operation 'explode'; allowed: {', '.join(OPERATIONS)}"),
        (one({"name": ["done"]}), f"{HERE}.name: unknown operation a list; allowed: {', '.join(OPERATIONS)}"),
        (
            one({"nam": "done"}),
            f"{HERE}: unknown key 'nam'; allowed: name, future, callback, argument, context, via, starved",
        ),
        (
            one({"name": "done", "via": "mail"}),
            f"{HERE}.via: unknown via 'mail'; allowed: direct, post, post-if-pending, submit",
        ),
        (
            one({"name": "cancel", "argument": "class"}),
            f"{HERE}: operation cancel does not take argument 'class'; allowed: none, message",
        ),
        (one({"name": "done", "future": 3}), f"{HERE}.future: is 3; allowed: 0 to 0"),
        (
            one({"name": "add_done_callback", "callback": 1}, callbacks=[{}]),
            f"{HERE}.callback: is 1; there are 1 callbacks",
        ),
        (
            one({"name": "done", "callback": 0}, callbacks=[{}]),
            f"{HERE}: operation done: 'callback' must be given exactly for adding and removing callbacks",
        ),
        (one({"name": "done", "context": "1"}), f"{HERE}.context: expected a whole number, not '1'"),
        (one({"name": "\x1b[2J"}), f"{HERE}.name: unknown operation '\\x1b[2J'; allowed: {', '.join(OPERATIONS)}"),
    ],
)
def test_a_damaged_program_is_one_line_with_place_and_what_is_allowed(value: object, message: str) -> None:
    """Each kind of damage is reported at its JSON path, behind the name of the file."""
    with pytest.raises(InputError) as caught:
        program_from_json(value, "f.json")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({}, "token: $: expected a list, not an object"),
        (
            [["thread 1", "1.0/operation", 1, "loop"]],
            "token: $[0]: expected an object with actor, place, nth, to, not a list",
        ),
        ([{"actor": "", "place": "start", "nth": 1}], "token: $[0]: key 'to' is missing"),
        (
            [{"actor": "\x07", "place": "start", "nth": 1, "to": ""}],
            "token: $[0].actor: '\\x07' has characters that cannot be printed; allowed: printable text",
        ),
        (
            [{"actor": "\ud800", "place": "start", "nth": 1, "to": ""}],
            "token: $[0].actor: '\\ud800' has characters that cannot be printed; allowed: printable text",
        ),
        (
            [{"actor": "", "place": "a" * (LIMIT_TEXT + 1), "nth": 1, "to": ""}],
            f"token: $[0].place: at most {LIMIT_TEXT} characters are allowed, not {LIMIT_TEXT + 1}",
        ),
    ],
)
def test_a_damaged_schedule_is_one_line_with_place(value: object, message: str) -> None:
    """Text that could not be printed, or that is too long, is refused like a wrong shape."""
    with pytest.raises(InputError) as caught:
        schedule_from_json(value, "token")
    assert str(caught.value) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "f: not JSON at line 1 column 1: Expecting value; was the text cut or edited?"),
        ('{"a":\n 1', "f: not JSON at line 2 column 3: Expecting ',' delimiter; was the text cut or edited?"),
        ('[1] "', "f: not JSON at line 1 column 5: Extra data; was the text cut or edited?"),
        ("[NaN]", "f: not JSON: NaN is not a JSON number"),
        ("[-Infinity]", "f: not JSON: -Infinity is not a JSON number"),
        ('{"a": 1, "b": 2, "a": 3}', "f: not JSON: key 'a' stands twice in one object"),
        (b'"\xff"', "f: byte 1 is not UTF-8; allowed: JSON in UTF-8"),
        ("[" * 200_000, "f: nested too deeply; allowed: what futurefuzz writes"),
        ('{"a":' * 200_000, "f: nested too deeply; allowed: what futurefuzz writes"),
    ],
)
def test_text_that_is_no_json_is_refused(text: str | bytes, message: str) -> None:
    """Cut, edited and hostile text is an input error that names the place, never a crash."""
    with pytest.raises(InputError) as caught:
        parse(text, "f")
    assert str(caught.value) == message


def test_a_number_of_thousands_of_digits_is_refused() -> None:
    """Python's own bound on the length of numbers becomes an input error."""
    with pytest.raises(InputError, match=r"^f: not JSON: "):
        parse("9" * 10_000, "f")


def test_a_float_that_overflows_is_no_number_of_ours() -> None:
    """`1e999` is infinite in Python; it is refused where a whole number belongs."""
    with pytest.raises(InputError, match=r"^f: \$\.futures: expected a whole number, not the number inf$"):
        program_from_json(parse('{"actors": [], "futures": 1e999}', "f"), "f")
