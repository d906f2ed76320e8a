"""One wheel, one sdist and one fresh environment for the tests of this folder."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.packaging.distributions import CHECKOUT, Installation, build, run


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the checkout."""
    return build("wheel", CHECKOUT, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The source distribution of the checkout."""
    return build("sdist", CHECKOUT, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    """The wheel, installed with its dependencies from the index into an environment outside of the checkout."""
    room = tmp_path_factory.mktemp("installation")
    # virtualenv rather than venv: some distributions ship interpreters without ensurepip.
    run([sys.executable, "-m", "virtualenv", "--no-periodic-update", "--quiet", room / "env"], room)
    run([room / "env" / "bin" / "python", "-m", "pip", "install", "--quiet", wheel], room)
    cwd = room / "elsewhere"
    cwd.mkdir()
    return Installation(bin=room / "env" / "bin", cwd=cwd)
