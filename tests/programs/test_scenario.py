"""Scenarios and their loader: found by name or path, and every wrong file answered by one clear line."""

from __future__ import annotations

import sys
from pathlib import Path
from random import Random
from textwrap import dedent

import pytest

from futurefuzz.errors import InputError
from futurefuzz.programs.choices import RandomChoices
from futurefuzz.programs.profile import Profile
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.programs.scenario import Scenario, load_scenarios, shipped_names
from futurefuzz.targets.base import Target

PROFILE = Profile(task_operations={"set_result": 1, "await": 1})
ASYNCIO = Target(name="asyncio.Future", contract="asyncio", new_future=print)
CONCURRENT = Target(name="concurrent.Future", contract="concurrent", new_future=print)
GOOD = """
    from futurefuzz.programs.profile import Profile
    from futurefuzz.programs.scenario import Scenario

    SCENARIO = Scenario(
        name="{name}",
        description="made for a test",
        contracts=("asyncio",),
        profile=Profile(tasks=(1, 2), task_operations={{"set_result": 1, "await": 1}}),
    )
"""
BAD_NAME = """from futurefuzz.programs.scenario import Scenario
SCENARIO = Scenario(name='No Spaces', description='', contracts=('asyncio',), generate=print)
"""


def write(path: Path, text: str) -> Path:
    """A scenario file."""
    path.write_text(dedent(text), encoding="utf-8")
    return path


def scenario(**changes: object) -> Scenario:
    """A scenario with some fields changed."""
    fields: dict[str, object] = {"name": "s", "description": "d", "contracts": ("asyncio",), "profile": PROFILE}
    return Scenario(**(fields | changes))  # type: ignore[arg-type]


def test_an_empty_selection_loads_what_is_shipped_in_the_order_of_names() -> None:
    """Every file of the shipped folder defines the scenario that it is named after."""
    assert list(load_scenarios()) == shipped_names()
    assert shipped_names() == sorted(shipped_names())


def test_scenarios_come_in_the_order_of_the_selection() -> None:
    """Names select shipped scenarios; naming one twice loads it once."""
    assert list(load_scenarios(["off_thread", "bridges", "off_thread"])) == ["off_thread", "bridges"]


def test_a_users_file_works_like_a_shipped_one(tmp_path: Path) -> None:
    """A path to a file loads it, and its programs are drawn."""
    path = write(tmp_path / "mine.py", GOOD.format(name="my-own"))
    found = load_scenarios([str(path), "bridges"])
    assert list(found) == ["my-own", "bridges"]
    assert len(found["my-own"].generate(RandomChoices(Random(0)), ASYNCIO).actors) == 2


def test_a_folder_is_loaded_in_the_order_of_file_names(tmp_path: Path) -> None:
    """Files that begin with an underscore are helpers, not scenarios."""
    for name in ("b", "a", "c"):
        write(tmp_path / f"{name}.py", GOOD.format(name=f"from-{name}"))
    write(tmp_path / "_shared.py", "raise RuntimeError('not to be loaded')")
    assert list(load_scenarios([str(tmp_path)])) == ["from-a", "from-b", "from-c"]


def test_a_folder_and_a_file_in_it_load_the_file_once(tmp_path: Path) -> None:
    """The same file by two paths is no duplicate."""
    path = write(tmp_path / "a.py", GOOD.format(name="a"))
    assert list(load_scenarios([str(path), str(tmp_path), str(tmp_path / ".." / tmp_path.name / "a.py")])) == ["a"]


def test_a_scenario_file_cannot_be_imported_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A scenario called like a module of the library does not take its place."""
    write(tmp_path / "json.py", GOOD.format(name="json"))
    before = sys.modules["json"]
    load_scenarios([str(tmp_path / "json.py")])
    assert sys.modules["json"] is before


def test_a_scenario_may_define_dataclasses(tmp_path: Path) -> None:
    """What looks its own module up in sys.modules works."""
    head = """
    from __future__ import annotations
    from dataclasses import dataclass
    from typing import ClassVar

    @dataclass
    class Settings:
        limit: int = 3
        kind: ClassVar[str] = "x"
    """
    path = write(tmp_path / "d.py", dedent(head) + dedent(GOOD.format(name="d")))
    assert list(load_scenarios([str(path)])) == ["d"]


@pytest.mark.parametrize(
    ("text", "line", "reason"),
    [
        ("x = 1\n\nboom()\n", 3, "raised NameError: name 'boom' is not defined"),
        ("x = 1\ndef (:\n", 2, "raised SyntaxError: "),
        ("import sys\n\n\nsys.exit(4)\n", 4, "raised SystemExit: 4"),
        ("raise ValueError('first\\nsecond')\n", 1, "raised ValueError: first; allowed"),
        ("raise ValueError\n", 1, "raised ValueError: (no message)"),
        ("import no_such_module_anywhere\n", 1, "raised ModuleNotFoundError: "),
        ("x = 1\n", 1, "defines no SCENARIO; allowed: SCENARIO = Scenario(name=..., ...)"),
        ("SCENARIO = 'bridges'\n", 1, "SCENARIO is of type str; allowed: a futurefuzz.programs.scenario.Scenario"),
        (
            BAD_NAME,
            2,
            "raised ValueError: scenario name is 'No Spaces'; allowed: small letters, digits, '_' and '-'",
        ),
    ],
    ids=["name", "syntax", "exit", "two lines", "no message", "import", "nothing", "text", "wrong name"],
)
def test_a_wrong_file_is_named_with_line_and_reason(tmp_path: Path, text: str, line: int, reason: str) -> None:
    """One line: the file, the line in it, what was wrong, what is allowed."""
    path = write(tmp_path / "wrong.py", text)
    before = set(sys.modules)
    with pytest.raises(InputError) as caught:
        load_scenarios([str(path)])
    message = str(caught.value)
    assert message.startswith(f"scenario file {path}, line {line}: ")
    assert reason in message
    assert "allowed: " in message
    assert "\n" not in message
    assert {name for name in set(sys.modules) - before if "wrong" in name} == set()


def test_bytes_that_are_no_text_are_an_input_error(tmp_path: Path) -> None:
    """A binary file is answered like any other wrong file."""
    path = tmp_path / "binary.py"
    path.write_bytes(b"\x00\xff\xfe")
    with pytest.raises(InputError, match=r"scenario file .*binary\.py, line 1: raised "):
        load_scenarios([str(path)])


def test_an_interrupt_while_loading_stays_an_interrupt(tmp_path: Path) -> None:
    """Ctrl-C is not the scenario's fault."""
    path = write(tmp_path / "slow.py", "raise KeyboardInterrupt\n")
    with pytest.raises(KeyboardInterrupt):
        load_scenarios([str(path)])


def test_two_files_of_one_scenario_name_are_refused(tmp_path: Path) -> None:
    """The message names both files."""
    first = write(tmp_path / "a.py", GOOD.format(name="same"))
    second = write(tmp_path / "b.py", GOOD.format(name="same"))
    with pytest.raises(InputError) as caught:
        load_scenarios([str(tmp_path)])
    assert str(caught.value) == f"scenario 'same' is defined in {first} and in {second}; rename one of them"


def test_unknown_names_and_missing_paths_say_what_is_allowed(tmp_path: Path) -> None:
    """An unknown name lists the shipped scenarios, whether it looks like a name, a file or a folder."""
    allowed = f"; allowed: {', '.join(shipped_names())}, a .py file, or a folder of them"
    notes = tmp_path / "notes.txt"
    notes.write_text("hello", encoding="utf-8")
    for text, wrong in [
        ("of_thread", "unknown scenario 'of_thread'"),
        ("", "unknown scenario ''" if not Path("").exists() else None),
        ("nowhere.py", "scenario file nowhere.py does not exist"),
        (str(tmp_path / "nowhere"), f"scenario file {tmp_path / 'nowhere'} does not exist"),
        (str(notes), f"scenario file {notes} is no .py file"),
    ]:
        if wrong is not None:
            with pytest.raises(InputError) as caught:
                load_scenarios([text])
            assert str(caught.value) == wrong + allowed


def test_a_folder_without_scenarios_is_refused(tmp_path: Path) -> None:
    """Running nothing at all would look like success."""
    with pytest.raises(InputError, match=r"has no scenario files; allowed: \*\.py, each defining SCENARIO"):
        load_scenarios([str(tmp_path)])


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"contracts": ()}, "scenario contracts is (); allowed: a tuple of asyncio, concurrent, bridge"),
        ({"contracts": ("twisted",)}, "scenario contracts is ('twisted',); allowed"),
        ({"targets": "asyncio.*"}, "scenario targets is 'asyncio.*'; allowed: a tuple of name patterns"),
        ({"weight": 0}, "scenario weight is 0; allowed: a number from 0.1 to 100"),
        ({"profile": None}, "scenario 's' has neither a profile nor a generate function; give one of them"),
        ({"generate": print}, "scenario 's' has both a profile and a generate function; give one of them"),
        ({"profile": None, "generate": 3}, "scenario generate is 3; allowed: a function"),
        ({"profile": "wide"}, "scenario profile is 'wide'; allowed: a Profile"),
    ],
    ids=["no contracts", "contract", "targets", "weight", "neither", "both", "generate", "profile"],
)
def test_a_wrong_scenario_says_what_is_allowed(changes: dict[str, object], text: str) -> None:
    """Fields are checked when the scenario is made."""
    with pytest.raises(ValueError) as caught:  # noqa: PT011 - the text is compared below
        scenario(**changes)
    assert str(caught.value).startswith(text)


def test_a_scenario_fits_targets_by_contract_and_name() -> None:
    """Patterns narrow the contract's targets down."""
    assert scenario().fits(ASYNCIO)
    assert not scenario().fits(CONCURRENT)
    assert scenario(contracts=("asyncio", "concurrent")).fits(CONCURRENT)
    assert not scenario(targets=("asyncio.Py*",)).fits(ASYNCIO)
    assert scenario(targets=("asyncio.Py*", "*.Future")).fits(ASYNCIO)


def test_a_scenario_may_make_its_programs_itself() -> None:
    """A function in place of a profile gets the choices and the target."""
    program = Program(actors=(Actor(kind="task", operations=(Operation(name="done"),)),))
    own = scenario(profile=None, generate=lambda choices, target: program)
    assert own.generate(RandomChoices(Random(0)), ASYNCIO) is program
