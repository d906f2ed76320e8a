"""What is documented is what is tested: the README's test command, and the script that runs it."""

from __future__ import annotations

import re
import shutil
import subprocess
import tomllib
from pathlib import Path

from tests.packaging.distributions import CHECKOUT, clean_environment


def test_readme_documents_one_test_command() -> None:
    """The README holds the test command exactly once, on a line of its own, as `.ci/run` looks for it."""
    readme = (CHECKOUT / "README.md").read_text()
    lines = re.findall(r"^\s*(?:\$ )?(python3 -m venv .*pytest)\s*$", readme, re.MULTILINE)
    assert lines == ["python3 -m venv .venv && .venv/bin/pip install -e '.[test]' && .venv/bin/pytest"]


def test_ci_says_so_when_the_readme_has_no_test_command(tmp_path: Path) -> None:
    """Without that line `.ci/run` fails at once with one clear line, instead of passing with no test run."""
    (tmp_path / ".ci").mkdir()
    shutil.copy(CHECKOUT / ".ci" / "run", tmp_path / ".ci" / "run")
    (tmp_path / "README.md").write_text("No command here.\n")
    ended = subprocess.run(
        ["bash", tmp_path / ".ci" / "run"], env=clean_environment(), capture_output=True, text=True, check=False
    )
    assert ended.returncode == 1
    assert ended.stderr.splitlines()[-1] == (
        ".ci/run: README.md must hold exactly one line 'python3 -m venv … pytest' (its test command), found 0"
    )


def test_ci_installs_what_pytest_is_configured_with_where_the_test_extra_does_not_install() -> None:
    """The leg without a GIL names its packages itself: the core and each plugin that pyproject.toml configures."""
    project = tomllib.loads((CHECKOUT / "pyproject.toml").read_text())
    named = re.findall(r"install --quiet --only-binary=:all: (.*?) &&", (CHECKOUT / ".ci" / "run").read_text())
    assert len(named) == 1
    configured = {option.partition("=")[0] for option in project["tool"]["pytest"]["ini_options"]["addopts"]}
    plugins = {"--numprocesses": "pytest-xdist", "--dist": "pytest-xdist", "--timeout": "pytest-timeout"}
    core = {re.split(r"[^\w-]", requirement)[0] for requirement in project["project"]["dependencies"]}
    needed = {"pytest"} | core | {plugin for option, plugin in plugins.items() if option in configured}
    assert needed <= set(named[0].split())
