"""The workflows hang together: steps, matrix, exit status, and options that the command line really has."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

from futurefuzz.cli import main
from tests.packaging.distributions import CHECKOUT

WORKFLOWS = sorted((CHECKOUT / ".github" / "workflows").glob("*.yml"))
INTERPRETERS = [
    classifier.rsplit(" ", 1)[1]
    for classifier in tomllib.loads((CHECKOUT / "pyproject.toml").read_text())["project"]["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", classifier)
]


def workflow(name: str) -> Any:
    """A workflow as plain data."""
    return YAML(typ="safe", pure=True).load((CHECKOUT / ".github" / "workflows" / name).read_text())


def commands(job: Any) -> list[list[str]]:
    """The futurefuzz commands that the steps of a job run, as words."""
    lines = [line.strip() for step in job["steps"] for line in step.get("run", "").splitlines()]
    return [shlex.split(line.split(" || ")[0]) for line in lines if line.startswith("futurefuzz ")]


def unknown_options(words: list[str], capsys: pytest.CaptureFixture[str]) -> list[str]:
    """The options of a futurefuzz command that its help does not show."""
    with pytest.raises(SystemExit) as ended:
        main([words[1], "--help"])
    assert ended.value.code == 0
    known = set(re.findall(r"--[a-z][a-z-]*", capsys.readouterr().out))
    return [word for word in words[2:] if word.startswith("--") and word not in known]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_each_job_has_a_time_limit_and_the_workflow_no_more_rights_than_reading(path: Path) -> None:
    """A hung job ends, and a workflow's token can change nothing."""
    told = workflow(path.name)
    assert told["permissions"] == {"contents": "read"}
    for job in told["jobs"].values():
        assert job["timeout-minutes"] <= 240
        for step in job["steps"]:
            assert ("uses" in step) != ("run" in step)


@pytest.mark.parametrize(("name", "job"), [("ci.yml", "tests"), ("nightly.yml", "fuzz")])
def test_matrix_is_every_interpreter_that_the_package_claims(name: str, job: str) -> None:
    """The classifiers of the package and the matrices agree, and one failing interpreter does not stop the others."""
    strategy = workflow(name)["jobs"][job]["strategy"]
    assert strategy["matrix"]["python"] == INTERPRETERS
    assert strategy["fail-fast"] is False


def test_tox_runs_the_same_interpreters() -> None:
    """The environments of tox are the interpreters of the matrix, then the checks of ci.yml."""
    (line,) = re.findall(r"^env_list = (.*)$", (CHECKOUT / "tox.ini").read_text(), flags=re.MULTILINE)
    checks = workflow("ci.yml")["jobs"]["checks"]["strategy"]["matrix"]["env"]
    assert line.split(", ") == [f"py{version.replace('.', '')}" for version in INTERPRETERS] + checks


def test_nightly_uses_only_options_that_the_command_line_has(capsys: pytest.CaptureFixture[str]) -> None:
    """The campaign's command is one that `futurefuzz` understands, with a time budget and a report."""
    (words,) = commands(workflow("nightly.yml")["jobs"]["fuzz"])
    assert words[1] == "fuzz"
    assert {"--time", "--json"} <= set(words)
    assert unknown_options(words, capsys) == []


def test_an_option_that_does_not_exist_is_noticed(capsys: pytest.CaptureFixture[str]) -> None:
    """The check above can fail."""
    assert unknown_options(["futurefuzz", "fuzz", "--no-such-option", "--json", "x"], capsys) == ["--no-such-option"]


def test_nightly_restores_the_corpus_before_and_keeps_it_after_whatever_happened() -> None:
    """The cache is read before the campaign and written after it under a key that the next night finds by prefix."""
    steps = workflow("nightly.yml")["jobs"]["fuzz"]["steps"]
    uses = [step.get("uses", "").split("@")[0] for step in steps]
    restore, save = uses.index("actions/cache/restore"), uses.index("actions/cache/save")
    fuzz = next(index for index, step in enumerate(steps) if step.get("id") == "fuzz")
    assert restore < fuzz < save
    assert steps[restore]["with"]["key"] == steps[save]["with"]["key"]
    assert steps[restore]["with"]["path"] == steps[save]["with"]["path"]
    assert steps[save]["with"]["key"].startswith(steps[restore]["with"]["restore-keys"])
    assert "github.run_id" in steps[save]["with"]["key"]
    assert f"--corpus {steps[save]['with']['path']}" in steps[fuzz]["run"]
    assert all(step["if"] == "always()" for step in steps[fuzz + 1 :])


def test_nightly_uploads_the_report_and_the_new_findings() -> None:
    """What the campaign wrote and what it found anew are uploaded."""
    steps = workflow("nightly.yml")["jobs"]["fuzz"]["steps"]
    uploads = [step["with"]["path"] for step in steps if step.get("uses", "").startswith("actions/upload-artifact@")]
    (words,) = commands(workflow("nightly.yml")["jobs"]["fuzz"])
    report = words[words.index("--json") + 1]
    assert any(report in path.split() and "nightly/new" in path.split() for path in uploads)


@pytest.mark.parametrize("status", [0, 1, 2, 3])
def test_nightly_ends_with_the_campaigns_status_and_sorts_out_what_is_new(status: int, tmp_path: Path) -> None:
    """The scripts of the steps, run with a stand-in for `futurefuzz`: the status survives, only new files are new."""
    steps = workflow("nightly.yml")["jobs"]["fuzz"]["steps"]
    fuzz = next(step for step in steps if step.get("id") == "fuzz")
    (tmp_path / "nightly" / "corpus").mkdir(parents=True)
    (tmp_path / "nightly" / "corpus" / "old.json").write_text("old")
    stand_in = tmp_path / "bin" / "futurefuzz"
    stand_in.parent.mkdir()
    stand_in.write_text(f'#!/bin/sh\necho "$@" >said\necho found >nightly/corpus/new.json\nexit {status}\n')
    stand_in.chmod(0o755)
    environment = {
        "PATH": f"{stand_in.parent}:{os.environ['PATH']}",
        "GITHUB_OUTPUT": str(tmp_path / "output"),
        "GITHUB_RUN_NUMBER": "7",
        "TIME": "20m",
    }
    # The runner's own way of starting a step's script.
    subprocess.run(["bash", "-e", "-c", fuzz["run"]], cwd=tmp_path, env=environment, check=True)
    assert "--time 20m --seed 7" in (tmp_path / "said").read_text()
    assert [path.name for path in (tmp_path / "nightly" / "new").iterdir()] == ["new.json"]
    name, _, told = (tmp_path / "output").read_text().strip().partition("=")
    last = steps[-1]
    assert last["env"]["STATUS"] == f"${{{{ steps.fuzz.outputs.{name} }}}}"
    ended = subprocess.run(["bash", "-e", "-c", last["run"]], env=environment | {"STATUS": told}, check=False)
    assert ended.returncode == status
