"""Which targets a reference stands for."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from futurefuzz.campaign import loading
from futurefuzz.campaign.loading import entry_point, load_targets, named
from futurefuzz.errors import InputError
from futurefuzz.targets import base

_MODULE = """
import asyncio, concurrent.futures
from futurefuzz.targets import Target

class Mine(asyncio.Future):
    pass

class Outer:
    Inner = concurrent.futures.Future

made = concurrent.futures.Future
TARGET = Target(name="mine.target", contract="concurrent", new_future=made, departures={"C8": "no"})

def target():
    return TARGET

def factory(loop):
    return Mine(loop=loop)

def failing():
    raise RuntimeError("broken installation")
"""


@pytest.fixture(autouse=True)
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module of somebody else's, and a registry that forgets it."""
    (tmp_path / "mine_to_load.py").write_text(_MODULE)
    (tmp_path / "breaks_on_import.py").write_text("raise OSError('no licence')")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setattr(base, "_registry", dict(base._registry))
    monkeypatch.delitem(sys.modules, "mine_to_load", raising=False)


@pytest.mark.parametrize(
    ("reference", "name", "contract"),
    [
        ("mine_to_load:TARGET", "mine.target", "concurrent"),
        ("mine_to_load:target", "mine.target", "concurrent"),
        ("mine_to_load:target@concurrent", "mine.target", "concurrent"),
        ("mine_to_load:Mine@asyncio", "mine_to_load.Mine", "asyncio"),
        ("mine_to_load:factory@asyncio", "mine_to_load.factory", "asyncio"),
        ("mine_to_load:Outer.Inner@concurrent", "mine_to_load.Outer.Inner", "concurrent"),
        ("asyncio:Future@asyncio", "asyncio.Future", "asyncio"),
    ],
)
def test_references_name_targets_functions_classes_and_factories(reference: str, name: str, contract: str) -> None:
    """The contract stands behind those that do not know theirs; loading twice is no conflict."""
    for _ in range(2):
        found = load_targets((), (reference,))
        assert [(name, target.contract) for name, target in found.items()] == [(name, contract)]


def test_the_class_of_a_target_of_ours_is_that_target() -> None:
    """So that what is known of it is recognised."""
    assert load_targets((), ("asyncio:Task@asyncio",))["asyncio.Task"] == base.find("asyncio.Task")


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ("no_such_module:X", "no_such_module:X: cannot import no_such_module from "),
        ("breaks_on_import:X", "cannot import breaks_on_import from "),
        ("mine_to_load:nobody", "mine_to_load has no attribute 'nobody'"),
        ("mine_to_load:Mine", "not the class Mine; for a class or a factory of futures say which contract it claims"),
        ("mine_to_load:Mine@promise", "allowed: MODULE:ATTRIBUTE, or MODULE:ATTRIBUTE@CONTRACT"),
        (":Mine@asyncio", "allowed: MODULE:ATTRIBUTE"),
        ("mine_to_load:TARGET@asyncio", "the target claims the contract concurrent, not asyncio"),
        ("mine_to_load:failing", "failing() raised RuntimeError: broken installation"),
    ],
)
def test_references_that_stand_for_nothing(reference: str, said: str) -> None:
    """The user's mistakes, in one line each."""
    with pytest.raises(InputError, match=re.escape(said)):
        load_targets((), (reference,))


def test_more_can_be_declared_than_a_target_says_itself() -> None:
    """From then on that is what its name stands for, for the oracles too."""
    target = load_targets((), ("mine_to_load:TARGET",), departures={"C7": "late"}, lacks=["cancel"])["mine.target"]
    assert (target.departures, target.lacks) == ({"C8": "no", "C7": "late"}, {"cancel"})
    assert base.find("mine.target") is target


def test_departures_from_other_contracts_are_refused() -> None:
    """Whoever types A8 for a concurrent future learns what there is."""
    with pytest.raises(InputError, match="departs from 'A8', which is no clause of the contract concurrent"):
        load_targets(("concurrent.Future",), (), departures={"A8": "no"})


def test_entry_points_give_references(tmp_path: Path) -> None:
    """Nothing is imported to find one out."""
    information = tmp_path / "someones-1.0.dist-info"
    information.mkdir()
    (information / "METADATA").write_text("Metadata-Version: 2.1\nName: someones\nVersion: 1.0\n")
    (information / "entry_points.txt").write_text(f"[{loading.ENTRY_POINTS}]\nsomeones.Future = mine_to_load:target\n")
    assert entry_point("someones.Future") == "mine_to_load:target"
    assert entry_point("nobodys.Future") is None
    given = ["asyncio.Future", "someones.Future", "nobodys.Future", "mine:Future"]
    assert named(given) == ["asyncio.Future", "mine_to_load:target", "nobodys.Future", "mine:Future"]
