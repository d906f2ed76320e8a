from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from futurefuzz import cli
from futurefuzz.contracts import CLAUSES
from futurefuzz.errors import InputError
from futurefuzz.findings import token
from futurefuzz.findings.corpus import Corpus
from futurefuzz.findings.finding import Finding
from tests.campaign.helpers import HERE, case, eventually

CRASH = "hostile.crashing:X1:SIGSEGV in completion"
TOKEN = token.encode(case("concurrent.Future", ("set_result",)), "concurrent.Future:C1:x")
COMMAND = [sys.executable, "-m", "futurefuzz"]


def call(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of the command, in this process."""
    with pytest.raises(SystemExit) as ending:
        cli.main(arguments)
    assert isinstance(ending.value.code, int)
    out, err = capsys.readouterr()
    return ending.value.code, out, err


@contextmanager
def running(*arguments: str, cwd: Path, **more: Any) -> Iterator[subprocess.Popen[str]]:
    """The command in a process of its own, which ends with the test; in a folder with `hostile`."""
    (cwd / "hostile.py").write_text((Path(HERE) / "hostile.py").read_text())
    process = start(*arguments, cwd=cwd, **more)
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def found_something(process: subprocess.Popen[str], folder: Path) -> bool:
    """Wait for the first finding in a corpus folder."""
    return eventually(lambda: any(folder.glob("*.json")) or process.poll() is not None, 90) and process.poll() is None


def start(*arguments: str, cwd: Path, **more: Any) -> subprocess.Popen[str]:
    """The command in a process of its own."""
    package = Path(cli.__file__).parents[1]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(package), HERE])}
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **more}
    return subprocess.Popen([*COMMAND, *arguments], cwd=cwd, env=environment, text=True, **streams)


@pytest.fixture(autouse=True)
def _from_the_folder_of_hostile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(HERE)


def test_list_names_everything(capsys: pytest.CaptureFixture[str]) -> None:
    """Targets, scenarios, explorers, operations and clauses with their source are listed."""
    code, out, err = call("list", capsys=capsys)
    assert (code, err) == (0, "")
    for name in ("concurrent.Future", "concurrent_threads", "surw", "set_result", *CLAUSES):
        assert f"  {name} " in out
    assert all(clause.quote in out and clause.source in out for clause in CLAUSES.values())


@pytest.mark.parametrize(
    ("arguments", "texts"),
    [
        (["fuzz", "--target", "nope"], ["unknown target 'nope'", "allowed: asyncio.Future"]),
        (["fuzz", "--target", "nope:X"], ["cannot import nope"]),
        (["fuzz", "--target", "hostile:NOT_A_TARGET"], ["expected a futurefuzz.targets.base.Target"]),
        (["fuzz", "--scenario", "nope"], ["unknown scenario 'nope'", "allowed:"]),
        (["fuzz", "--scenario", "./nope.py"], ["nope.py does not exist"]),
        (["fuzz", "--time", "soon"], ["'soon' is no time", "10m"]),
        (["fuzz", "--time", "0"], ["'0' is no time"]),
        (["fuzz", "--runs", "0"], ["0 is not in the range"]),
        (["fuzz", "--jobs", "many"], ["'many'"]),
        (["fuzz", "--grade", "mild"], ["'mild'", "forbidden"]),
        (["fuzz", "--json", "/no/such/folder/x.json"], ["there is no folder /no/such/folder"]),
        (["fuzz", "--corpus", "hostile.py"], ["corpus hostile.py"]),
        (["fuzz", "--nope"], ["--nope"]),
        (["fuzz", "more"], ["more"]),
        (["replay"], ["TOKEN|FILE"]),
        (["replay", "no-such-file"], ["neither a token", "nor a file"]),
        (["replay", "ff1.abcdefgh"], ["token"]),
        (["replay", "ff9.abcdefghijk.00000000"], ["unknown format ff9"]),
        (["replay", "hostile.py"], ["hostile.py"]),
        (["replay", "."], ["directory"]),
        (["replay", TOKEN, "--target", "concurrent.Future"], ["allowed: MODULE:ATTRIBUTE"]),
        (["nope"], ["No such command 'nope'"]),
    ],
)
def test_bad_input_is_one_line(arguments: list[str], texts: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """Exit code 2, and one line on stderr that says what was wrong and what is allowed."""
    code, out, err = call(*arguments, capsys=capsys)
    assert (code, out) == (2, "")
    assert err.startswith("futurefuzz: ")
    assert err.count("\n") == 1
    for text in texts:
        assert text in err


def test_worker_that_cannot_start_is_exit_code_3(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A harness error is never taken for a finding."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    code, out, err = call("fuzz", "--corpus", str(tmp_path), capsys=capsys)
    assert (code, out) == (3, "")
    assert "harness error: a worker ended with exit code 1 before it was ready" in err


def test_replay_of_a_crash_shows_it_and_survives(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The tool outlives the crash that it shows: exit code 1, a timeline, JSON with the finding."""
    text = token.encode(case("hostile.crashing", ("done", "set_result")), CRASH)
    file = tmp_path / "out.json"
    code, out, _ = call("replay", text, "--target", "hostile:CRASHING", "--json", str(file), capsys=capsys)
    assert code == 1
    assert "SIGSEGV" in out
    assert "f0.set_result" in out
    document = json.loads(file.read_text())
    assert (document["reproduced"], document["signature"], document["shown"]) == (True, CRASH, CRASH)
    assert document["finding"]["token"] == text
    assert document["finding"]["reproduction"] == {"reproduced": 3, "tried": 3, "rate": 1.0}


def test_replay_needs_the_target_of_a_token(capsys: pytest.CaptureFixture[str]) -> None:
    """A token cannot have anything imported: without --target its foreign target is unknown."""
    text = token.encode(case("hostile:CRASHING", ("set_result",)), "hostile:CRASHING:X1:SIGSEGV in completion")
    code, _, err = call("replay", text, capsys=capsys)
    assert code == 2
    assert "unknown target 'hostile:CRASHING'" in err


def test_replay_that_shows_nothing_is_exit_code_0(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """What is not reproduced is said, with what happened instead."""
    text = token.encode(case("concurrent.Future", ("set_result",)), "concurrent.Future:X1:SIGSEGV in completion")
    file = tmp_path / "out.json"
    code, out, _ = call("replay", text, "--json", str(file), capsys=capsys)
    assert code == 0
    assert "not reproduced" in out
    assert "nothing wrong" in out
    assert json.loads(file.read_text())["reproduced"] is False


def test_replay_of_files(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """A corpus file and a file with a token in it replay alike."""
    given = case("hostile.crashing", ("set_result",))
    finding = Finding(signature=CRASH, grade="forbidden", oracle="survival", clause="X1", cause="it does", case=given)
    saved = Corpus(tmp_path).save(finding)
    noted = tmp_path / "token.txt"
    noted.write_text("\n" + token.encode(given, CRASH) + "\n")
    for file in (saved, noted):
        assert call("replay", str(file), "--target", "hostile:CRASHING", capsys=capsys)[0] == 1


def test_fuzz_finds_reports_and_remembers(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """New findings are exit code 1 and in the JSON; the second time nothing is new."""
    file = tmp_path / "out.json"
    given = ["fuzz", "--target", "hostile:CRASHING", "--runs", "100", "--jobs", "1", "--seed", "5"]
    given += ["--corpus", str(tmp_path / "corpus"), "--json", str(file), "--scenario", "concurrent_callbacks"]
    code, out, _ = call(*given, capsys=capsys)
    first = json.loads(file.read_text())
    assert code == first["campaign"]["exit_code"] == 1
    assert CRASH in out
    found = {entry["signature"]: entry for entry in first["findings"]}
    crash = found[CRASH]
    assert (crash["status"], crash["grade"], crash["clause"], crash["model"]) == ("new", "forbidden", "X1", "operation")
    assert crash["reference"] == "hostile:CRASHING"
    assert f"futurefuzz replay --target hostile:CRASHING {crash['token']}" in out
    for key in ("oracle", "target", "scenario", "cause", "token", "program", "reproduction"):
        assert crash[key]
    campaign = first["campaign"]
    assert (campaign["seed"], campaign["runs"], campaign["reason"]) == (5, 100, "runs")
    assert campaign["runs_per_second"] > 0
    assert campaign["interpreter"].startswith("CPython 3.")
    assert "--seed 5" in campaign["repeat"]
    code, _, _ = call(*given, capsys=capsys)
    again = json.loads(file.read_text())
    assert code == 0
    assert {entry["status"] for entry in again["findings"]} == {"known"}
    assert campaign["behaviours"] == again["campaign"]["behaviours"]


def test_report_is_there_although_its_file_cannot_be_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A nightly run that ends on a full disk has its report in the log."""

    def full(*_arguments: object) -> None:
        raise InputError("--json: No space left on device")

    monkeypatch.setattr(cli, "save", full)
    given = ["fuzz", "--target", "hostile:CRASHING", "--runs", "1", "--jobs", "1", "--corpus", str(tmp_path / "corpus")]
    code, out, err = call(*given, "--json", str(tmp_path / "out.json"), capsys=capsys)
    assert (code, err.splitlines()[-1]) == (2, "futurefuzz: --json: No space left on device")
    assert "repeat it with" in out


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_ends_a_campaign_in_order(number: signal.Signals, tmp_path: Path) -> None:
    """Ctrl-C, `kill` and a hang-up keep what was found, write the JSON, say how to go on, and leave no process."""
    given = ["--corpus", "kept", "--json", "out.json", "--scenario", "concurrent_callbacks", "--time", "10m"]
    with running("fuzz", "--target", "hostile:CRASHING", *given, cwd=tmp_path, start_new_session=True) as process:
        assert found_something(process, tmp_path / "kept"), process.communicate()
        os.killpg(process.pid, number)
        out, err = process.communicate(timeout=60)
    assert process.returncode in (0, 1), err
    document = json.loads((tmp_path / "out.json").read_text())
    assert (document["campaign"]["reason"], document["campaign"]["interrupted"]) == ("stopped", True)
    assert "futurefuzz fuzz" in out
    assert "interrupted" in out
    assert Corpus(tmp_path / "kept").load()


def test_closed_terminal_does_not_end_the_campaign(tmp_path: Path) -> None:
    """When nobody reads stdout and stderr any more, the campaign goes on to its end and writes its JSON."""
    given = ["--runs", "200", "--json", "out.json", "--corpus", "kept", "--scenario", "concurrent_callbacks"]
    (tmp_path / "hostile.py").write_text((Path(HERE) / "hostile.py").read_text())
    reading, writing = os.pipe()
    os.close(reading)
    process = start("fuzz", "--target", "hostile:CRASHING", *given, cwd=tmp_path, stdout=writing, stderr=writing)
    os.close(writing)
    assert process.wait(100) == 1
    assert json.loads((tmp_path / "out.json").read_text())["campaign"]["runs"] == 200


def test_killed_supervisor_leaves_no_process_and_no_half_file(tmp_path: Path) -> None:
    """After `kill -9` of the whole tool its workers are gone, and every file that it wrote is whole."""
    given = ["--corpus", "kept", "--time", "10m", "--scenario", "concurrent_callbacks", "--jobs", "2"]
    with running("fuzz", "--target", "hostile:CRASHING", *given, cwd=tmp_path) as process:
        assert found_something(process, tmp_path / "kept"), process.communicate()
    marker = f" {process.pid}"
    assert eventually(lambda: not _workers_of(marker))
    assert Corpus(tmp_path / "kept").load()


def _workers_of(parent: str) -> list[str]:
    """Command lines of workers that were started by that process: its number is their last argument."""
    found = []
    for entry in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            line = entry.read_bytes().replace(b"\0", b" ").decode().strip()
        except OSError:
            continue
        if "futurefuzz.campaign.worker" in line and line.endswith(parent):
            found.append(line)
    return found


def test_module_runs_as_the_command() -> None:
    """`python -m futurefuzz --version` is the command."""
    process = start("--version", cwd=Path(HERE))
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, "")
    assert out.startswith("futurefuzz, version ")


@pytest.mark.parametrize(
    ("text", "seconds"), [("60", 60.0), ("90s", 90.0), ("10m", 600.0), ("1.5h", 5400.0), ("1D", 86400.0)]
)
def test_times(text: str, seconds: float) -> None:
    """Times have units."""
    assert cli._Time().convert(text, None, None) == seconds
