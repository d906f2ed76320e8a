"""The catalogue of other people's Futures: found by name, never run unasked, and honest about what is missing."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from attrs import evolve

from futurefuzz import cli
from futurefuzz.campaign.loading import load_targets
from futurefuzz.errors import InputError
from futurefuzz.targets import catalogue, find, names
from futurefuzz.targets.catalogue import OFFERS, matching
from futurefuzz.validating.command import named

ABSENT = evolve(OFFERS["loky.Future"], name="absent.Future", extra="absent_package_of_nobody")


@pytest.fixture
def absent(monkeypatch: pytest.MonkeyPatch) -> str:
    """The name of a target whose package nobody has."""
    monkeypatch.setitem(OFFERS, ABSENT.name, ABSENT)
    return ABSENT.name


def call(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a command."""
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    out, err = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, out, err


def test_a_campaign_over_everything_leaves_them_out() -> None:
    """Which packages are installed makes no difference to what a nightly run does."""
    assert not set(names()) & set(OFFERS)
    assert not set(load_targets((), ())) & set(OFFERS)


def test_the_list_says_what_is_missing(absent: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Every target of the catalogue is listed, with what to install where its package is not there."""
    code, out, err = call(capsys, "list")
    assert (code, err) == (0, "")
    for name in OFFERS:
        assert f"  {name} " in out
    line = next(line for line in out.splitlines() if f"  {absent} " in line)
    assert line.endswith("(needs futurefuzz[absent_package_of_nobody])")


def test_naming_one_that_is_missing_is_one_line(
    absent: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """A pattern that only fits what is not installed is an input error that says what to install."""
    code, out, err = call(capsys, "fuzz", "--target", "absent.*", "--corpus", str(tmp_path))
    assert (code, out, err.count("\n")) == (2, "", 1)
    assert "pip install 'futurefuzz[absent_package_of_nobody]'" in err
    with pytest.raises(InputError) as caught:
        find(absent)
    assert str(caught.value) == (
        "target absent.Future needs the package absent_package_of_nobody, which is not installed; "
        "pip install 'futurefuzz[absent_package_of_nobody]'"
    )


def test_a_package_that_cannot_be_imported_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever a foreign package raises on import ends as an input error with its reason."""
    offer = evolve(ABSENT, extra="json", module="no_such_adapter")
    assert offer.needs == ""
    with pytest.raises(InputError, match=r"the package json cannot be imported here: ModuleNotFoundError: .*pip"):
        offer.load()


def test_patterns_name_what_is_there(absent: str) -> None:
    """A pattern stands for the registered targets and for those of the catalogue that are installed; names stay."""
    found = matching(["concurrent.*", "mine:TARGET", "nobody"], names())
    ours = [name for name in names() if name.startswith("concurrent.")]
    assert ours[0] == "concurrent.Future"
    assert found == [*ours, "mine:TARGET", "nobody"]
    there = [name for name, offer in OFFERS.items() if not offer.needs]
    assert matching(["*"], names()) == [*names(), *there]
    assert absent not in there


def test_a_pattern_that_fits_nothing_is_an_input_error() -> None:
    """It lists what there is."""
    with pytest.raises(InputError, match=r"no target fits 'gevnt\.\*'; allowed: asyncio\.Future, .*uvloop\.Future"):
        matching(["gevnt.*"], names())


def test_nothing_is_imported_before_a_target_is_named() -> None:
    """The catalogue is data: asking what there is loads no foreign package."""
    assert not [name for name in sys.modules if name.startswith("futurefuzz.targets.third_party.absent")]
    before = set(sys.modules)
    for offer in OFFERS.values():
        assert isinstance(offer.needs, str)
    assert set(sys.modules) == before


def test_only_our_adapters_are_imported(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name out of a token that is in no list leads to no import at all."""
    monkeypatch.setattr(catalogue, "import_module", lambda name: pytest.fail(f"imported {name}"))
    for name in ("os.path", "json", "futurefuzz.targets.third_party.loky", "../loky"):
        with pytest.raises(InputError, match="unknown target"):
            find(name)


def test_one_of_them_is_validated_by_name() -> None:
    """`futurefuzz validate` knows the catalogue as `fuzz` does."""
    assert named("loky.Future", None) == "loky.Future"
    assert named("json:loads", "concurrent") == "json:loads@concurrent"
    with pytest.raises(InputError, match=r"gevnt: no target of that name.*asyncio\.Future.*loky\.Future"):
        named("gevnt", None)
