from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve

from futurefuzz.campaign.campaign import DEFAULT_CORPUS, Campaign, Options
from futurefuzz.campaign.listener import Progress, Silent
from futurefuzz.campaign.outcome import Outcome, Reported
from futurefuzz.campaign.process import Worker
from futurefuzz.campaign.runner import run_case
from futurefuzz.campaign.supervisor import Supervisor
from futurefuzz.errors import HarnessError, InputError
from futurefuzz.findings import token
from futurefuzz.findings.corpus import Corpus
from futurefuzz.findings.finding import Finding, Rate
from tests.campaign.helpers import HERE, case, eventually, is_gone, setup


def ends(outcome: Outcome) -> list[str]:
    """The findings in which a process ended; real targets have others, on some releases."""
    return [signature for signature in signatures(outcome) if ":X" in signature]


@pytest.fixture(autouse=True)
def _little_minimising(monkeypatch: pytest.MonkeyPatch) -> None:
    """Enough for these targets, whose bugs need one or two operations."""
    monkeypatch.setattr("futurefuzz.campaign.investigator.BUDGET", 80)
    monkeypatch.setattr("futurefuzz.campaign.investigator.SEARCH", 6)


class Watching(Silent):
    """Keeps what it is told, and does something when it is told of progress."""

    def __init__(self, act: Callable[[Progress], None] = lambda progress: None) -> None:
        self.reported: list[Reported] = []
        self.messages: list[str] = []
        self.phases: list[str] = []
        self._act = act

    def progress(self, progress: Progress) -> None:
        self.phases.append(progress.phase)
        self._act(progress)

    def found(self, reported: Reported) -> None:
        self.reported.append(reported)

    def message(self, text: str) -> None:
        self.messages.append(text)


def options(*targets: str, **more: Any) -> Options:
    """A small, repeatable campaign on these targets."""
    given = {"seed": 1, "jobs": 1, "scenarios": ("concurrent_threads",), "shipped": False, "path": (HERE,)}
    return Options(targets=targets, **{**given, **more})


def run(options: Options, listener: Silent | None = None, stop: Callable[[], bool] = lambda: False) -> Outcome:
    """Carry a campaign out."""
    return Campaign(options, listener or Silent(), stop).run()


def signatures(outcome: Outcome) -> list[str]:
    """Of all that it found."""
    return sorted(entry.finding.signature for entry in outcome.findings)


def test_ordinary_bug_is_found_made_small_saved_and_replayed_first(tmp_path: Path) -> None:
    """A target with a bug: one finding, small, confirmed, in the corpus; the next campaign remembers it."""
    listener = Watching()
    first = run(options("hostile:FORGETFUL", runs=60, corpus=tmp_path), listener)
    forbidden = [entry for entry in first.new if entry.finding.grade == "forbidden"]
    assert forbidden
    assert not first.errors
    assert listener.reported == list(first.findings)
    for entry in first.new:
        assert entry.finding.rate == Rate(reproduced=3, tried=3)
        assert entry.path is not None
        assert len(entry.finding.case.program.operations()) <= 3
        saved, signature = token.decode(entry.token)
        assert run_case(saved, setup("hostile:FORGETFUL")).signature == signature
    second = run(options("hostile:FORGETFUL", runs=60, corpus=tmp_path))
    assert set(signatures(first)) <= set(signatures(second))
    assert [entry for entry in second.new if entry.finding.signature in signatures(first)] == []


def test_campaign_without_a_corpus_saves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With no corpus folder, findings are reported with their token and no file is made."""
    monkeypatch.chdir(tmp_path)
    outcome = run(options("hostile:FORGETFUL", runs=40))
    assert outcome.findings
    assert all(entry.path is None for entry in outcome.findings)
    assert list(tmp_path.iterdir()) == []


def test_run_budget_is_kept_exactly_and_the_campaign_repeats() -> None:
    """One job and a run count: the same runs, behaviours, pairs and findings each time; another seed differs."""
    first, second, other = (
        run(options("concurrent.Future", "hostile:TWICE", runs=150, seed=seed)) for seed in (3, 3, 4)
    )
    assert first.runs == second.runs == 150
    assert first.behaviours == second.behaviours != other.behaviours
    assert first.pairs == second.pairs
    assert first.throttled == second.throttled
    assert signatures(first) == signatures(second)
    assert first.crashes == second.crashes > 0


def test_several_workers_share_the_run_budget() -> None:
    """The budget is met exactly with more workers than one, too."""
    outcome = run(options("concurrent.Future", runs=333, jobs=3))
    assert (outcome.runs, outcome.reason) == (333, "runs")


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("CRASHING", "hostile.crashing:X1:SIGSEGV in completion"),
        ("EXITING", "hostile.exiting:X3:exit 0 in completion"),
        ("KILLED", "hostile.killed:X1:SIGKILL in completion"),
    ],
)
def test_target_that_ends_its_process_is_one_finding(name: str, signature: str, tmp_path: Path) -> None:
    """However often it happens: one finding, minimised to one operation, and the campaign goes on to its budget."""
    outcome = run(options(f"hostile:{name}", "concurrent.Future", runs=100, corpus=tmp_path))
    assert ends(outcome) == [signature]
    found = next(entry for entry in outcome.findings if entry.finding.signature == signature)
    assert [operation.name for operation in found.finding.case.program.operations()] == ["set_result"]
    assert outcome.runs == 100
    assert outcome.crashes > 1
    [throttled] = outcome.throttled
    assert throttled.target == signature.partition(":")[0]
    assert "ended the interpreter" in throttled.reason


def test_hang_is_a_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A target that never comes back is found, confirmed and saved; the campaign goes on."""
    monkeypatch.setattr("futurefuzz.campaign.investigator.HANG", 0.5)
    monkeypatch.setattr("futurefuzz.campaign.investigator.HANG_SMALL", 0.5)
    monkeypatch.setattr("futurefuzz.campaign.investigator.BUDGET_HANG", 3)
    monkeypatch.setattr("futurefuzz.campaign.campaign.HANG", 0.5)
    outcome = run(options("hostile:HANGING", "concurrent.Future", runs=80, corpus=tmp_path))
    assert "hostile.hanging:X2:hang in completion" in signatures(outcome)
    assert outcome.runs == 80


def test_target_that_prints_rubbish_finds_nothing() -> None:
    """What a target prints is neither an answer nor a finding."""
    outcome = run(options("hostile:PRINTING", runs=40))
    assert (ends(outcome), outcome.errors, outcome.crashes, outcome.runs) == ([], [], 0, 40)


def test_killed_worker_is_replaced() -> None:
    """`kill -9` of a worker, child and parent, costs neither runs nor the campaign."""
    killed: list[int] = []
    started: list[Worker] = []

    def act(progress: Progress) -> None:
        if progress.runs > 20 * (len(killed) + 1) and len(killed) < 3:
            worker = started[0]
            victim = worker.child if len(killed) % 2 else worker._process.pid
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    class Noticed(Worker):
        def __init__(self, *arguments: Any, **named: Any) -> None:
            super().__init__(*arguments, **named)
            started.append(self)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("futurefuzz.campaign.supervisor.Worker", Noticed)
        outcome = run(options("concurrent.Future", runs=400), Watching(act))
    assert len(killed) == 3
    assert outcome.runs == 400
    assert ends(outcome) == []


SUPERVISOR = """
import os, signal, sys
from tests.campaign.helpers import eventually, setup
from futurefuzz.campaign.process import Worker
idle, hanging = Worker(setup("concurrent.Future")), Worker(setup("hostile:HANGING", scenarios=()))
for worker in (idle, hanging):
    worker.await_ready()
request = {"do": "unit", "number": 0, "nth": 0, "seed": 1, "limit": 40}
hanging.write({**request, "scenario": "concurrent_threads", "target": "hostile.hanging"})
def is_busy():
    hanging.receive(), idle.receive()
    return hanging.child != hanging._process.pid and idle.child != idle._process.pid and hanging.note.alive() > 1
eventually(is_busy)
print(idle._process.pid, idle.child, hanging._process.pid, hanging.child, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_workers_end_with_their_supervisor() -> None:
    """When the supervisor is killed, workers end by themselves: idle ones, and one that is inside a run."""
    root = Path(HERE).parents[1]
    path = os.pathsep.join([str(root), *sys.path])
    command = [sys.executable, "-c", SUPERVISOR]
    done = subprocess.run(command, capture_output=True, text=True, env={**os.environ, "PYTHONPATH": path}, check=False)
    assert done.returncode == -signal.SIGKILL, done.stderr
    workers = [int(text) for text in done.stdout.split()]
    assert len(workers) == 4
    for worker in workers:
        assert eventually(partial(is_gone, worker)), worker


def test_stop_keeps_what_was_found(tmp_path: Path) -> None:
    """A campaign that is stopped says so and leaves its findings in the corpus; none of its processes is left."""
    stopped = threading.Event()

    def act(progress: Progress) -> None:
        if progress.forbidden:
            stopped.set()

    outcome = run(options("hostile:FORGETFUL", corpus=tmp_path), Watching(act), stopped.is_set)
    assert outcome.interrupted
    assert outcome.reason == "stopped"
    assert outcome.new
    assert {finding.signature for finding in Corpus(tmp_path).load()} >= set(signatures(outcome))


def test_stop_at_once() -> None:
    """A campaign that is stopped before it has begun ends with nothing."""
    outcome = run(options("concurrent.Future"), stop=lambda: True)
    assert (outcome.reason, outcome.runs, outcome.findings) == ("stopped", 0, [])


def test_time_budget_ends_the_campaign() -> None:
    """With a time and no run count the campaign ends by itself."""
    outcome = run(options("concurrent.Future", seconds=0.5))
    assert (outcome.reason, outcome.interrupted) == ("time", False)
    assert outcome.runs > 0


def test_full_disk_costs_no_finding(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the corpus cannot be written any more the finding is still reported, with its token, and the reason told."""

    def full(*_arguments: object) -> None:
        raise OSError(28, "No space left on device")

    campaign = Campaign(options("hostile:FORGETFUL", runs=40, corpus=tmp_path), Silent())
    monkeypatch.setattr("futurefuzz.findings.atomic.write", full)
    outcome = campaign.run()
    assert outcome.new
    assert all(entry.path is None and entry.token for entry in outcome.new)
    assert ["No space left on device" in text for text in outcome.complaints] == [True]
    assert list(tmp_path.iterdir()) == []


def test_corpus_case_that_crashes_is_isolated(tmp_path: Path) -> None:
    """Saved findings are replayed first; one that kills its process does not keep the next from being replayed."""
    corpus = Corpus(tmp_path)
    for name, clause in (("crashing", "X1"), ("exiting", "X3")):
        how = {"X1": "SIGSEGV", "X3": "exit 0"}[clause]
        corpus.save(
            Finding(
                signature=f"hostile.{name}:{clause}:{how} in completion",
                grade="forbidden",
                oracle="survival",
                clause=clause,
                cause="it does",
                case=case(f"hostile.{name}", ("set_result",)),
            )
        )
    wanted = ("hostile:CRASHING", "hostile:EXITING", "concurrent.Future")
    outcome = run(options(*wanted, seconds=0.01, corpus=tmp_path))
    assert signatures(outcome) == [
        "hostile.crashing:X1:SIGSEGV in completion",
        "hostile.exiting:X3:exit 0 in completion",
    ]
    assert outcome.new == [], "they are remembered"
    assert run(options("concurrent.Future", seconds=0.01, corpus=tmp_path)).findings == []


def test_corpus_case_that_shows_something_else_is_new(tmp_path: Path) -> None:
    """A saved case that now shows another finding is investigated like any other."""
    finding = Finding(
        signature="hostile.crashing:C9:something",
        grade="forbidden",
        oracle="test",
        clause="C9",
        cause="it did",
        case=case("hostile.crashing", ("set_result",)),
    )
    Corpus(tmp_path).save(finding)
    outcome = run(options("hostile:CRASHING", runs=1, corpus=tmp_path))
    assert [entry.finding.signature for entry in outcome.new] == ["hostile.crashing:X1:SIGSEGV in completion"]


def test_known_bug_is_shown_as_known(tmp_path: Path) -> None:
    """A finding that the folder's known.toml names is known; with a fix in an older release it is new again."""
    entry = '[[known]]\nsignature = ["hostile.crashing:X1:*"]\nissue = "gh-1"\nreviewed = 2025-01-01\nnote = "crash"\n'
    (tmp_path / "known.toml").write_text(entry)
    outcome = run(options("hostile:CRASHING", runs=30, corpus=tmp_path))
    assert [found.known.issue for found in outcome.known if found.known] == ["gh-1"]
    assert not [found for found in outcome.new if ":X1:" in found.finding.signature]
    (tmp_path / "known.toml").write_text(entry + 'fixed_in = ["3.8.1"]\n')
    again = run(options("hostile:CRASHING", runs=30, corpus=tmp_path))
    assert [found.finding.signature for found in again.new] == ["hostile.crashing:X1:SIGSEGV in completion"]


def test_scenarios_that_do_not_fit_are_an_input_error() -> None:
    """A selection without a single pair is told before anything runs."""
    with pytest.raises(InputError, match="no scenario applies"):
        run(options("concurrent.Future", scenarios=("off_thread",), runs=10))


SCENARIO = """
from futurefuzz.programs.program import Actor, Operation, Program
from futurefuzz.programs.scenario import Scenario
{imports}
def generate(choices, target):
    {body}
SCENARIO = Scenario(name="mine", description="x", contracts=("concurrent",), generate=generate)
"""


def test_grade_forbidden_leaves_interesting_out(tmp_path: Path) -> None:
    """With --grade forbidden nothing interesting is investigated, reported or saved."""
    file = tmp_path / "mine.py"
    operations = '[("thread", "set_result"), ("task", "await")]'
    actors = f"tuple(Actor(kind=kind, operations=(Operation(name=name),)) for kind, name in {operations})"
    text = SCENARIO.format(imports="", body=f"return Program(actors={actors})").replace("concurrent", "asyncio")
    file.write_text(text)
    given = options("asyncio.PyFuture", scenarios=(str(file),), runs=12, corpus=tmp_path / "kept")
    assert run(evolve(given, grade="forbidden")).findings == []
    assert Corpus(tmp_path / "kept").load() == []
    assert [entry.finding.grade for entry in run(given).findings] == ["interesting"]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("raise ValueError('no idea')", r"mine: cannot generate unit 0 for concurrent.Future: ValueError: no idea"),
        ("return 5", r"scenario mine: cannot generate unit 0"),
        ("import os; os._exit(0)", r"scenario mine: a worker ended \(exit 0\) while generating unit 0"),
        ("import os; os.abort()", r"scenario mine: a worker ended \(SIGABRT\) while generating unit 0"),
        ("raise SystemExit", r"scenario mine: cannot generate unit 0"),
    ],
)
def test_scenario_that_cannot_generate_is_an_input_error(body: str, text: str, tmp_path: Path) -> None:
    """The scenario is blamed by name, in one line, and never the target."""
    file = tmp_path / "mine.py"
    file.write_text(SCENARIO.format(imports="", body=body))
    with pytest.raises(InputError, match=text) as caught:
        run(options("concurrent.Future", scenarios=(str(file),), runs=10))
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("statement", ["raise ValueError('no idea')", "raise SystemExit(0)", "1 +"])
def test_scenario_that_does_not_load_is_an_input_error(statement: str, tmp_path: Path) -> None:
    """A file that raises on load, or is no Python, is told with its name."""
    file = tmp_path / "mine.py"
    file.write_text(SCENARIO.format(imports=statement, body="pass"))
    with pytest.raises(InputError, match=r"mine\.py") as caught:
        run(options("concurrent.Future", scenarios=(str(file),), runs=10))
    assert "\n" not in str(caught.value)


def test_scenario_that_ends_the_process_on_load_says_so(tmp_path: Path) -> None:
    """Loading happens in a worker, so not even `os._exit` in a scenario file ends the tool."""
    file = tmp_path / "mine.py"
    ending = "import os; os.write(2, b'bye'); os._exit(4)"
    file.write_text(SCENARIO.format(imports=ending, body="pass"))
    with pytest.raises(HarnessError, match="exit code 4 before it was ready; it said: bye"):
        run(options("concurrent.Future", scenarios=(str(file),), runs=10))


_KILLED = (
    "import os, signal, pathlib; left = pathlib.Path(r'{left}'); times = int(left.read_text()); "
    "left.write_text(str(times - 1)); times > 0 and os.kill(os.getpid(), signal.SIGKILL)"
)


def test_a_worker_that_is_killed_while_it_starts_is_started_again(tmp_path: Path) -> None:
    """As by the system for want of memory: what comes of the campaign is the same."""
    left, file = tmp_path / "left", tmp_path / "mine.py"
    left.write_text("2")
    body = 'return Program(actors=(Actor(kind="thread", operations=(Operation(name="set_result"),)),))'
    file.write_text(SCENARIO.format(imports=_KILLED.format(left=left), body=body))
    outcome = run(options("concurrent.Future", scenarios=(str(file),), runs=10))
    assert (outcome.runs, outcome.errors) == (10, [])
    assert int(left.read_text()) < 0


def test_a_worker_that_is_killed_again_and_again_is_given_up(tmp_path: Path) -> None:
    """After a few times it is told how often, and what may be the matter."""
    left, file = tmp_path / "left", tmp_path / "mine.py"
    left.write_text("100")
    file.write_text(SCENARIO.format(imports=_KILLED.format(left=left), body="pass"))
    wanted = "signal 9 before it was ready, 4 times in a row; is there enough memory?"
    with pytest.raises(HarnessError, match=re.escape(wanted)):
        run(options("concurrent.Future", scenarios=(str(file),), runs=10))
    assert int(left.read_text()) == 96


def test_user_scenario_is_run(tmp_path: Path) -> None:
    """A scenario file of the user's own works like a shipped one."""
    file = tmp_path / "mine.py"
    body = 'return Program(actors=(Actor(kind="thread", operations=(Operation(name="set_result"),)),))'
    file.write_text(SCENARIO.format(imports="", body=body))
    outcome = run(options("concurrent.Future", "hostile:EXITING", scenarios=(str(file),), runs=10))
    assert {pair.scenario for pair in outcome.pairs} == {"mine"}
    assert signatures(outcome) == ["hostile.exiting:X3:exit 0 in completion"]


def test_unwritable_corpus_is_found_out_before_the_campaign(tmp_path: Path) -> None:
    """A corpus that cannot be a folder is an input error at once."""
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError, match="corpus"):
        Campaign(options("concurrent.Future", corpus=file), Silent())


def test_damaged_corpus_is_an_input_error(tmp_path: Path) -> None:
    """The damaged file is named."""
    (tmp_path / "broken.json").write_text("{")
    with pytest.raises(InputError, match=r"broken\.json"):
        Campaign(options("concurrent.Future", corpus=tmp_path), Silent())


def test_worker_that_cannot_start_is_a_harness_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """No worker, no campaign; the reason is told and no process is left behind."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(HarnessError, match="before it was ready"):
        run(options("concurrent.Future", runs=10))


def test_supervisor_closes_workers_when_one_cannot_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """When the second worker does not start the first is not left behind."""
    made: list[Worker] = []

    def make(*arguments: Any, **named: Any) -> Worker:
        if made:
            raise HarnessError("no second")
        made.append(Worker(*arguments, **named))
        return made[0]

    monkeypatch.setattr("futurefuzz.campaign.supervisor.Worker", make)
    with pytest.raises(HarnessError, match="no second"):
        Supervisor(setup("concurrent.Future"), jobs=2)
    assert is_gone(made[0]._process.pid)


def test_command_that_repeats_names_a_folder_of_its_own() -> None:
    """Without `--corpus` the same command would replay, and save to, another folder."""
    assert "--corpus" not in Options(seed=1, corpus=DEFAULT_CORPUS).repeat()
    assert Options(seed=1, corpus=Path("nightly/corpus")).repeat().endswith(" --corpus nightly/corpus")
