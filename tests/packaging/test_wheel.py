"""What the wheel and the sdist hold."""

from __future__ import annotations

import runpy
import sys
import tarfile
import tomllib
import zipfile
from email.parser import Parser
from pathlib import Path

from tests.packaging.distributions import CHECKOUT, build, run


def members(wheel: Path) -> dict[str, bytes]:
    """The files of a wheel, but for its own record."""
    with zipfile.ZipFile(wheel) as archive:
        return {name: archive.read(name) for name in archive.namelist() if not name.endswith(".dist-info/RECORD")}


def checkout_files(top: str) -> set[str]:
    """The files below a directory of the checkout that belong to the project."""
    root = CHECKOUT / top
    return {
        path.relative_to(root).as_posix()
        for path in root.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".tmp"
    }


def below(names: set[str], prefix: str) -> set[str]:
    """The names that start with the prefix, without it."""
    return {name.removeprefix(prefix) for name in names if name.startswith(prefix)}


def test_wheel_holds_the_package_with_scenarios_and_corpus_inside_and_nothing_else(wheel: Path) -> None:
    """The wheel is the package, the shipped folders in it, and the metadata."""
    names = set(members(wheel))
    shipped = {f"shipped/{top}/{name}" for top in ("scenarios", "corpus") for name in checkout_files(top)}
    assert checkout_files("harness/futurefuzz") | shipped == below(names, "futurefuzz/")
    assert {name.split("/")[0] for name in names} == {"futurefuzz", f"{wheel.name.rsplit('-', 3)[0]}.dist-info"}
    assert "futurefuzz/py.typed" in names
    assert below(names, "futurefuzz/shipped/scenarios/"), "no scenario is shipped"


def test_metadata_says_what_the_project_file_says(wheel: Path) -> None:
    """Version, Python range, script, licence and extras arrive in the wheel's metadata."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]
    files = members(wheel)
    (metadata_name,) = [name for name in files if name.endswith(".dist-info/METADATA")]
    (scripts_name,) = [name for name in files if name.endswith(".dist-info/entry_points.txt")]
    metadata = Parser().parsestr(files[metadata_name].decode())
    assert metadata["Version"] == runpy.run_path(str(CHECKOUT / "harness/futurefuzz/_version.py"))["__version__"]
    assert metadata["Requires-Python"] == ">=3.11"
    assert metadata["License-Expression"] == "MIT"
    assert set(metadata.get_all("Provides-Extra", [])) == set(project["optional-dependencies"])
    assert "futurefuzz = futurefuzz.__main__:main" in files[scripts_name].decode()
    core = [line for line in metadata.get_all("Requires-Dist", []) if "extra ==" not in line]
    assert sorted(project["dependencies"]) == sorted(core)


def test_sdist_builds_the_same_wheel(wheel: Path, sdist: Path, tmp_path: Path) -> None:
    """A wheel built from the source distribution has the same files with the same contents."""
    with tarfile.open(sdist) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()
    again = build("wheel", source, tmp_path / "again")
    assert members(wheel) == members(again)
    assert again.name == wheel.name
    for name in ("README.md", "LICENSE", "CHANGELOG.md", "tox.ini", "tests"):
        assert (source / name).exists(), f"the source distribution lacks {name}"


def test_editable_install_adds_only_the_path_of_the_source_root(tmp_path: Path) -> None:
    """An editable install uses the checkout's scenarios and corpus: it holds no copies that could grow old."""
    code = f"from hatchling.build import build_editable; build_editable({str(tmp_path)!r})"
    run([sys.executable, "-c", code], CHECKOUT)
    (editable,) = tmp_path.iterdir()
    (path_file,) = [name for name in members(editable) if ".dist-info/" not in name]
    assert members(editable)[path_file].decode().strip() == str(CHECKOUT / "harness")
