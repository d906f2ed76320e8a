"""Releases of real packages, each in a folder of its own, and scripts that are explored as a user would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPTS = Path(__file__).resolve().parent / "scripts"


@pytest.fixture(scope="session")
def release(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of a release such as `janus==1.1.0`, installed from the index once in a session."""
    folders: dict[str, Path] = {}

    def folder_of(requirement: str) -> Path:
        if requirement not in folders:
            folder = tmp_path_factory.mktemp(requirement.replace("==", "-"))
            install = [sys.executable, "-m", "pip", "install", "--quiet", "--no-compile"]
            done = subprocess.run(
                [*install, "--target", folder, requirement], capture_output=True, text=True, check=False
            )
            if done.returncode != 0:
                last = (done.stderr.strip().splitlines() or ["pip says nothing"])[-1]
                pytest.skip(f"{requirement} cannot be installed here; is an index reachable? {last}")
            folders[requirement] = folder
        return folders[requirement]

    return folder_of


@pytest.fixture
def explore(tmp_path: Path) -> Callable[..., dict[str, Any]]:
    """`futurefuzz explore SCRIPT`, in a process of its own; returns what `--json` says."""

    def run(script: str, *options: str, beside: Path | None = None) -> dict[str, Any]:
        report = tmp_path / "report.json"
        ways = [str(beside)] if beside is not None else []
        ways += [os.path.abspath(way) for way in os.environ.get("PYTHONPATH", "").split(os.pathsep) if way]
        done = subprocess.run(
            [sys.executable, "-m", "futurefuzz", "explore", script, *options, "--seed", "1", "--json", str(report)],
            cwd=SCRIPTS,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(ways)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        document: dict[str, Any] = json.loads(report.read_text(encoding="utf-8"))
        assert document["exploration"]["exit_code"] == done.returncode
        return document

    return run
