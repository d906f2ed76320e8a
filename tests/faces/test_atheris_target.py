"""The atheris face: which code it watches, what bytes mean, and libFuzzer finding a planted bug."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from asyncio import futures
from pathlib import Path
from random import Random

import pytest

from futurefuzz import atheris_target, targets
from futurefuzz.atheris_target import functions_of, main, modules_of, one_input
from futurefuzz.checking import BrokenContract
from futurefuzz.findings import token
from futurefuzz.programs.scenario import Scenario, load_scenarios
from futurefuzz.targets import Target
from tests.faces import planted
from tests.faces.planted import FORGETFUL, LOOP, RACY, THREADS

ROOT = Path(__file__).parents[2]
needs_atheris = pytest.mark.skipif(
    importlib.util.find_spec("atheris") is None,
    reason="atheris is not installed (Linux on x86-64, Python 3.12 to 3.14)",
)


def fuzzer(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """The module as a command, with its files in a folder of the test."""
    command = [sys.executable, "-m", "futurefuzz.atheris_target", *arguments, f"-artifact_prefix={folder}/"]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=100, check=False)


def test_the_library_and_the_modules_of_the_target_are_watched() -> None:
    """What an adapter names is followed to the module that it comes from."""
    assert modules_of(FORGETFUL) == [*atheris_target.LIBRARY, "tests.faces.planted"]
    assert modules_of(RACY) == [*atheris_target.LIBRARY, "tests.faces.planted"]
    assert set(modules_of(targets.find("asyncio.PyFuture"))) == set(atheris_target.LIBRARY)


def test_methods_and_properties_of_a_module_are_watched_and_imported_ones_are_not() -> None:
    """Everything that the module itself defines, once."""
    functions = list(functions_of(futures))
    names = {function.__qualname__ for function in functions}
    assert {"Future.set_result", "Future._log_traceback", "_chain_future", "_get_loop"} <= names
    assert len(functions) == len({id(function) for function in functions})
    assert not any("isfuture" in name for name in names), "it is base_futures'"
    assert "Racy.set_result" in {function.__qualname__ for function in functions_of(planted)}


def test_bytes_find_a_planted_bug_without_guidance() -> None:
    """Random bytes decode to programs and schedules that show both bugs."""
    rng = Random(3)

    def search(target: Target, scenario: Scenario) -> None:
        for _ in range(3000):
            one_input(rng.randbytes(60), target, [scenario])

    for target, scenario in ((FORGETFUL, LOOP), (RACY, THREADS)):
        with pytest.raises(BrokenContract):
            search(target, scenario)


def test_the_same_bytes_make_the_same_finding() -> None:
    """An input that libFuzzer saved is a reproducer."""
    rng = Random(4)
    found: dict[bytes, str] = {}
    while not found:
        data = rng.randbytes(60)
        try:
            one_input(data, RACY, [THREADS])
        except BrokenContract as error:
            found[data] = error.token
    ((data, first),) = found.items()
    with pytest.raises(BrokenContract) as caught:
        one_input(data, RACY, [THREADS])
    assert caught.value.token == first


def test_no_bytes_are_a_small_program_that_passes() -> None:
    """libFuzzer begins with an empty input."""
    one_input(b"", targets.find("asyncio.PyFuture"), list(load_scenarios(["robust_bridge"]).values()))


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["--target", "asyncio.Futur"], "error: unknown target 'asyncio.Futur'; allowed: asyncio.Future, "),
        (["--scenario", "loops"], "error: unknown scenario 'loops'; allowed: "),
        (
            ["--scenario", "concurrent_threads", "--target", "asyncio.Future"],
            "error: no scenario of concurrent_threads is for target asyncio.Future; see futurefuzz list",
        ),
        (["--instrument", "no.such.module"], "error: --instrument no.such.module: No module named 'no'"),
    ],
    ids=["target", "scenario", "contract", "module"],
)
def test_wrong_arguments_are_answered_in_one_line(
    arguments: list[str], text: str, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Exit code 2, before anything runs."""
    monkeypatch.setattr(atheris_target, "_atheris", lambda: None)
    assert main(arguments) == 2
    shown = capsys.readouterr().err
    assert shown.startswith(text)
    assert shown.count("\n") == 1


def test_without_atheris_the_extra_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to install, and where it can be installed."""
    monkeypatch.setitem(sys.modules, "atheris", None)
    assert main([]) == 2
    assert capsys.readouterr().err == (
        "error: futurefuzz.atheris_target needs atheris, which is not installed; pip install 'futurefuzz[atheris]' "
        "(Linux on x86-64, Python 3.12 to 3.14)\n"
    )


@needs_atheris
@pytest.mark.parametrize(("name", "scenario"), [("FORGETFUL", "LOOP"), ("RACY", "THREADS")])
def test_libfuzzer_finds_a_planted_bug_and_its_input_reproduces_it(tmp_path: Path, name: str, scenario: str) -> None:
    """The message holds our token; the input that libFuzzer saved brings the same one back."""
    file = tmp_path / "mine.py"
    file.write_text(f"from tests.faces.planted import {scenario} as SCENARIO\n", encoding="utf-8")
    options = ["--target", f"tests.faces.planted:{name}", "--scenario", str(file)]
    done = fuzzer(tmp_path, *options, "-seed=1", "-runs=20000", "-max_len=200")
    printed = re.search(r"futurefuzz replay (ff1\.\S+)", done.stderr + done.stdout)
    assert done.returncode != 0
    assert printed is not None, done.stderr[-3000:]
    case, signature = token.decode(printed[1])
    assert case.target == signature.partition(":")[0] == f"planted.{name.capitalize()}"
    (saved,) = tmp_path.glob("crash-*")
    again = fuzzer(tmp_path, *options, str(saved))
    assert printed[0] in again.stderr + again.stdout


@needs_atheris
def test_libfuzzer_sees_coverage_of_the_python_code_and_passes_a_correct_future(tmp_path: Path) -> None:
    """A few hundred inputs cover more and more of the library's Python code, and nothing fails."""
    done = fuzzer(tmp_path, "--target", "asyncio.PyFuture", "--scenario", "robust_bridge", "-seed=1", "-runs=600")
    assert done.returncode == 0, done.stderr[-3000:]
    covered = [int(number) for number in re.findall(r"cov: (\d+)", done.stderr)]
    assert covered[-1] > covered[0] + 20
    assert not list(tmp_path.glob("crash-*"))


@needs_atheris
def test_libfuzzer_minimises_a_saved_input(tmp_path: Path) -> None:
    """It starts the command again by itself; a shorter input is a smaller program."""
    long = tmp_path / "long"
    rng = Random(9)
    while not long.exists():
        data = rng.randbytes(80)
        try:
            one_input(data, FORGETFUL, [load_scenarios(["loop_only"])["loop_only"]])
        except BrokenContract as error:
            if "planted.Forgetful:A7" in error.signature:
                long.write_bytes(data)
    options = ["--target", "tests.faces.planted:FORGETFUL", "--scenario", "loop_only"]
    done = fuzzer(tmp_path, *options, "-minimize_crash=1", "-runs=40", str(long))
    shorter = [path.stat().st_size for path in tmp_path.glob("minimized-from-*")]
    assert shorter, done.stderr[-3000:] + done.stdout[-3000:]
    assert min(shorter) < 60
