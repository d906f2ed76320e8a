from __future__ import annotations

import sys
from datetime import date
from pathlib import Path

import pytest

from futurefuzz.campaign.runner import death_signature
from futurefuzz.errors import InputError
from futurefuzz.findings.known import Known, KnownBug, load
from futurefuzz.findings.signature import crash_signature
from futurefuzz.programs.program import Actor, Hook, Operation, Program

SHIPPED = Path(__file__).parents[2] / "corpus" / "known.toml"

BUG = KnownBug(
    signature=("asyncio.Future:X1:SIG* in completion", "asyncio.Task:A?:*"),
    issue="gh-1",
    note="n",
    reviewed=date(2026, 1, 2),
    fixed_in=("3.12.8", "3.14.1"),
)
SEGFAULT = "asyncio.Future:X1:SIGSEGV in completion"


@pytest.mark.parametrize(
    ("version", "affected"),
    [
        ((3, 8, 0), True),
        ((3, 11, 7), True),
        ((3, 12, 0), True),
        ((3, 12, 7, "final", 0), True),
        ((3, 12, 8, "candidate", 1), True),
        ((3, 12, 8, "final", 0), False),
        ((3, 12, 10, "final", 0), False),
        ((3, 13, 18), True),
        ((3, 14, 0), True),
        ((3, 14, 1), False),
        ((3, 15, 0, "alpha", 1), False),
        ((4, 0, 0), False),
        ((3, 12), True),
    ],
)
def test_a_bug_is_where_its_branch_has_no_fix_yet(version: tuple[int, ...], affected: bool) -> None:
    """Fixed from the listed release of a branch on and on newer branches; old and unlisted branches stay affected."""
    assert BUG.affects("CPython", version) is affected
    assert Known((BUG,)).match(SEGFAULT, "CPython", version) == (BUG if affected else None)


def test_a_bug_without_a_fix_is_everywhere() -> None:
    """An open bug affects releases that are not out yet."""
    assert KnownBug(signature=("*",), issue="i", note="", reviewed=date(2026, 1, 2)).affects("CPython", (9, 9, 9))


def test_a_fix_in_a_pre_release_counts_from_there() -> None:
    """Alphas, betas and candidates come before the release that they lead to."""
    bug = KnownBug(signature=("*",), issue="i", note="", reviewed=date(2026, 1, 2), fixed_in=("3.15.0b2",))
    versions = [(3, 15, 0, "alpha", 9), (3, 15, 0, "beta", 1), (3, 15, 0, "beta", 2), (3, 15, 0, "final", 0)]
    assert [bug.affects("CPython", version) for version in versions] == [True, True, False, False]


def test_another_implementation_has_its_own_bugs() -> None:
    """An entry is for CPython unless it says otherwise."""
    assert not BUG.affects("PyPy", (3, 11, 0))
    assert BUG.affects("cpython", (3, 11, 0))
    anywhere = KnownBug(signature=("*",), issue="i", note="", reviewed=date(2026, 1, 2), implementation="*")
    assert anywhere.affects("GraalPy", (3, 11, 0))


def test_signatures_are_matched_whole_and_with_case() -> None:
    """A pattern covers the whole signature, upper and lower case apart."""
    known = Known((BUG,))
    assert known.match("asyncio.Task:A7:lost", "CPython", (3, 11, 0)) == BUG
    for other in ("asyncio.PyTask:A7:lost", "asyncio.Task:A17:lost", "asyncio.task:A7:lost", f"{SEGFAULT} of x", ""):
        assert known.match(other, "CPython", (3, 11, 0)) is None


def test_the_first_entry_that_affects_this_release_wins() -> None:
    """An entry that is fixed here does not hide a later one that is not."""
    newer = KnownBug(signature=(SEGFAULT,), issue="gh-2", note="", reviewed=date(2026, 1, 2))
    assert Known((BUG, newer)).match(SEGFAULT, "CPython", (3, 12, 9)) == newer
    assert Known((BUG, newer)).match(SEGFAULT, "CPython", (3, 12, 1)) == BUG


def test_the_shipped_file_knows_the_crash_family_where_it_is() -> None:
    """The completion and removal crashes are known on the affected releases, and a regression on the fixed ones."""
    known = load(SHIPPED)
    targets = ("asyncio.Future", "asyncio.Task", "asyncio.wrap_future", "asyncio.run_coroutine_threadsafe")
    for target in targets:
        for operation, issue in (
            ("set_result", "gh-125969"),
            ("cancel", "gh-125969"),
            ("remove_done_callback", "gh-125966"),
        ):
            signature = crash_signature(target, "SIGSEGV", operation)
            for affected in ((3, 11, 7), (3, 12, 1), (3, 13, 0)):
                bug = known.match(signature, "CPython", affected)
                assert bug is not None
                assert bug.issue == issue
            for fixed in ((3, 12, 8), (3, 13, 18), (3, 14, 10), (3, 15, 2)):
                assert known.match(signature, "CPython", fixed) is None
    for target in ("asyncio.PyFuture", "asyncio.PyTask", "concurrent.Future"):
        assert known.match(crash_signature(target, "SIGSEGV", "cancel"), "CPython", sys.version_info) is None


def test_the_shipped_file_tells_the_crash_of_a_task_s_step_from_the_others() -> None:
    """What a program does while a task looks at what it awaits is a bug of its own; crashes elsewhere are no bug's."""
    known = load(SHIPPED)

    def issue(operation: str | None, callout: str | None) -> str | None:
        signature = crash_signature("asyncio.Task", "SIGSEGV", operation, callout=callout)
        bug = known.match(signature, "CPython", (3, 12, 1))
        assert known.match(signature, "CPython", (3, 13, 1)) is None
        return None if bug is None else bug.issue

    assert issue(None, "getattribute") == issue("cancel", "getattribute") == "gh-126138"
    assert issue("remove_done_callback", None) == issue("remove_done_callback", "eq") == "gh-125966"
    assert issue(None, "call_soon") == issue("await", None) == "gh-125969"
    assert issue("result", None) == issue(None, "del") == "gh-125969"
    for operation, callout in (("exception", None), (None, "context"), ("exception", "repr"), ("done", "init")):
        assert issue(operation, callout) is None, "nobody has explained that"


def _crash(*names: str, operation: str | None = None, hook: int | None = None, target: str = "asyncio.Future") -> str:
    program = Program(
        actors=(Actor(kind="task", operations=tuple(Operation(name=name) for name in names)),),
        hooks=(Hook(kind="get_debug", operations=(Operation(name="result"),)),),
    )
    return death_signature(target, "SIGSEGV", operation, program, hook)


@pytest.mark.parametrize("target", ["asyncio.Future", "asyncio.Task"])
def test_the_shipped_file_hides_no_other_crash_behind_that_of_a_second_init(target: str) -> None:
    """gh-142615 explains what a second __init__ shows; whatever else kills the same target there is new."""
    known = load(SHIPPED)
    for release in ((3, 13, 18), (3, 14, 10)):
        for operation, hook in ((None, None), ("cancel", None), ("await", None), (None, 0), ("result", 0)):
            again = _crash("reinit", "iter-send", operation=operation, hook=hook, target=target)
            bug = known.match(again, "CPython", release)
            assert bug is not None
            assert bug.issue == "gh-142615"
            assert known.match(again, "CPython", (3, 15, 0)) is None
            for names in ((), ("bare",), ("iter-close",), ("iter-throw", "bare"), ("set_exception",)):
                planted = _crash(*names, operation=operation, hook=hook, target=target)
                assert known.match(planted, "CPython", release) is None, planted


def test_the_shipped_file_hides_no_other_cycle_of_compounds_in_compounds() -> None:
    """What was seen is known by its parts, on the releases that have it; other parts are new."""
    known = load(SHIPPED)

    def knows(target: str, parts: str, *release: int) -> bool:
        return known.match(f"asyncio.{target}:L3:cycle of {parts}", "CPython", release) is not None

    for group in ("TaskGroup", "TaskGroup-in-TaskGroup", "eager-TaskGroup"):
        assert knows(group, "exception, frame", 3, 13, 0)
        assert not knows(group, "exception, frame", 3, 14, 10)
        assert knows(group, "exception, frame", 3, 15, 2)
        assert not knows(group, "TaskGroup object, frame, task (_Member)", 3, 15, 2)
    assert knows("wait_for-gather", "exception, frame, future (_GatheringFuture)", 3, 15, 2)
    for target in ("wait_for-gather", "wait_for-shield", "timeout-in-timeout", "as_completed-async", "TaskGroup"):
        assert not knows(target, "exception, function planted", 3, 11, 7)
        assert not knows(target, "frame, function planted", 3, 15, 2)


def test_a_bug_may_begin_with_a_release() -> None:
    """Before it the same finding is new, as it is after the fix."""
    bug = KnownBug(
        signature=("*",), issue="i", note="", reviewed=date(2026, 1, 2), since="3.14.0b1", fixed_in=("3.14.2", "3.15.1")
    )
    affected = [(3, 14, 0, "beta", 1), (3, 14, 0), (3, 14, 1), (3, 15, 0)]
    free = [(3, 11, 7), (3, 13, 18), (3, 14, 0, "alpha", 7), (3, 14, 2), (3, 15, 1)]
    assert all(bug.affects("CPython", release) for release in affected)
    assert not any(bug.affects("CPython", release) for release in free)


def entry(**change: str) -> str:
    """The text of a file with one good entry, changed."""
    values = {"signature": '"a:*"', "issue": '"gh-1"', "note": '"n"', "reviewed": "2026-01-02", **change}
    return "[[known]]\n" + "".join(f"{key} = {value}\n" for key, value in values.items() if value)


def test_a_good_entry_is_read(tmp_path: Path) -> None:
    """One pattern may stand without a list; what is left out has its default."""
    path = tmp_path / "known.toml"
    other = entry(signature='["b:*", "c"]', implementation='"PyPy"', since='"3.14.0"')
    path.write_text(entry(fixed_in='["3.12.8"]') + other)
    day = date(2026, 1, 2)
    assert load(path).bugs == (
        KnownBug(signature=("a:*",), issue="gh-1", note="n", reviewed=day, fixed_in=("3.12.8",)),
        KnownBug(signature=("b:*", "c"), issue="gh-1", note="n", reviewed=day, implementation="PyPy", since="3.14.0"),
    )
    path.write_text("")
    assert load(path) == Known()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("known = [", "not TOML: "),
        ("a = 1\na = 2", "not TOML: "),
        ("known = 1", "$.known: expected a list, not the number 1"),
        ("[known]\nissue = 'x'", "$.known: expected a list, not an object"),
        ("[[bugs]]", "$: unknown key 'bugs'; allowed: known"),
        (entry() + entry(issue=""), "$.known[1]: key 'issue' is missing"),
        (
            entry(issues='"gh-2"'),
            "$.known[0]: unknown key 'issues'; allowed: signature, issue, note, reviewed, fixed_in, since, ",
        ),
        (entry(signature="[]"), "$.known[0].signature: expected a pattern or a list of patterns, not a list"),
        (entry(signature="[1]"), "$.known[0].signature: expected a pattern or a list of patterns, not a list"),
        (entry(signature="1"), "$.known[0].signature: expected a pattern or a list of patterns, not the number 1"),
        (entry(fixed_in='"3.12.8"'), "$.known[0].fixed_in: expected a list of releases, not '3.12.8'"),
        (
            entry(fixed_in='["3.12"]'),
            "$.known[0].fixed_in: '3.12' is no release; allowed: such as '3.12.8' or '3.15.0rc1'",
        ),
        (
            entry(fixed_in="[3.12]"),
            "$.known[0].fixed_in: the number 3.12 is no release; allowed: such as '3.12.8' or '3.15.0rc1'",
        ),
        (
            entry(fixed_in='["3.12.8", "3.12.9"]'),
            "$.known[0].fixed_in: a branch has two first fixed releases; allowed: one for each branch",
        ),
        (entry(since='"3.14"'), "$.known[0].since: '3.14' is no release; allowed: such as '3.14.0' or '3.15.0rc1'"),
        (
            entry(reviewed='"2026-01-02"'),
            "$.known[0].reviewed: expected a date, not '2026-01-02'; allowed: such as 2025-01-31 without quotes",
        ),
        (
            entry(reviewed="2026-01-02T10:00:00"),
            "$.known[0].reviewed: expected a date, not a datetime; allowed: such as 2025-01-31 without quotes",
        ),
        ("a = " + "[" * 50_000, "not TOML"),
    ],
)
def test_a_damaged_file_is_one_line_with_place(tmp_path: Path, text: str, message: str) -> None:
    """What is no TOML, or says something else, is named with its place and what is allowed."""
    path = tmp_path / "known.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        load(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_a_file_that_cannot_be_read_is_an_input_error(tmp_path: Path) -> None:
    """Missing, a folder, or not text."""
    with pytest.raises(InputError, match="No such file or directory; allowed: a TOML file of known bugs"):
        load(tmp_path / "absent.toml")
    with pytest.raises(InputError, match="Is a directory; allowed: a TOML file of known bugs"):
        load(tmp_path)
    (tmp_path / "latin.toml").write_bytes(b"# caf\xe9")
    with pytest.raises(InputError, match="byte 5 is not UTF-8; allowed: TOML in UTF-8"):
        load(tmp_path / "latin.toml")
