from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from attrs import evolve

from futurefuzz.errors import HarnessError, InputError
from futurefuzz.findings import atomic
from futurefuzz.findings.codec import finding_to_json
from futurefuzz.findings.corpus import LIMIT_FILE, Corpus, file_name, read, render
from futurefuzz.findings.finding import Rate
from tests.findings.samples import FINDING

ALLOWED = "allowed: a JSON file of one finding"


@pytest.fixture
def corpus(tmp_path: Path) -> Corpus:
    """A corpus that is not there yet."""
    return Corpus(tmp_path / "corpus")


def names(folder: Path) -> list[str]:
    """Everything in a folder, temporary files too."""
    return sorted(entry.name for entry in folder.iterdir())


def test_a_corpus_that_is_not_there_is_empty_until_something_is_saved(corpus: Corpus) -> None:
    """Reading makes no folder; saving does."""
    assert corpus.load() == []
    assert not corpus.path.exists()
    corpus.save(FINDING)
    assert corpus.load() == [FINDING]


def test_findings_come_sorted_by_file_name(corpus: Corpus) -> None:
    """The order of a corpus is the same everywhere, whatever the order in which it was written."""
    findings = [evolve(FINDING, signature=f"asyncio.{name}:A1:x") for name in ("Task", "Future", "PyTask", "PyFuture")]
    for finding in findings:
        corpus.save(finding)
    assert corpus.load() == sorted(findings, key=lambda finding: file_name(finding.signature))


def test_one_signature_has_one_file(corpus: Corpus) -> None:
    """A bug that is found again replaces its file."""
    first = corpus.save(FINDING)
    again = evolve(FINDING, rate=Rate(reproduced=3, tried=9))
    assert corpus.save(again) == first == corpus.path_of(FINDING.signature)
    assert corpus.load() == [again]
    assert corpus.find(FINDING.signature) == again
    assert corpus.find("another") is None


def test_file_names_are_readable_stable_and_apart() -> None:
    """A name says what is inside; what differs in the signature differs in the name, on every file system."""
    assert file_name("asyncio.Future:X1:SIGSEGV in completion") == (
        "asyncio-future-x1-sigsegv-in-completion-647615d6f442.json"
    )
    assert file_name("a:b").lower() != file_name("A:B").lower()
    assert len(file_name("x" * 5000)) < 100
    assert file_name("../../etc/passwd\0").startswith("etc-passwd-")
    assert file_name("…").startswith("finding-")


def test_a_saved_file_reads_well(corpus: Corpus) -> None:
    """What fits into a line stands on one line, and the file ends with a line end."""
    text = corpus.save(FINDING).read_text()
    assert text == render(FINDING)
    assert '        {"kind": "thread", "operations": [{"name": "done"}, {"name": "cancel"}]}\n' in text
    assert text.endswith("}\n")
    assert json.loads(text) == finding_to_json(FINDING)


def test_an_analysis_is_not_lost_when_a_bug_is_found_again(corpus: Corpus) -> None:
    """What a person wrote stays; what a new analysis says replaces it."""
    corpus.save(evolve(FINDING, analysis="read futureobject.c"))
    corpus.save(FINDING)
    assert corpus.load()[0].analysis == "read futureobject.c"
    corpus.save(evolve(FINDING, analysis="new"))
    assert corpus.load()[0].analysis == "new"


def test_other_files_are_left_alone(corpus: Corpus) -> None:
    """Only `.json` files are findings; hidden and temporary ones are not."""
    corpus.save(FINDING)
    for name in ("known.toml", "README", ".hidden.json", ".x.json.1-2.tmp"):
        (corpus.path / name).write_text("not JSON")
    assert corpus.load() == [FINDING]
    assert len(names(corpus.path)) == 5


def test_temporary_files_of_dead_writers_are_swept_away(corpus: Corpus) -> None:
    """Old temporary files go; those of a writer that may be at work stay."""
    corpus.save(FINDING)
    old, new = corpus.path / ".x.json.1-2.tmp", corpus.path / ".y.json.1-2.tmp"
    old.write_text("{")
    new.write_text("{")
    hour_ago = time.time() - atomic.OLD - 1
    os.utime(old, (hour_ago, hour_ago))
    assert corpus.load() == [FINDING]
    assert not old.exists()
    assert new.exists()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not JSON at line 1 column 1: Expecting value; was the text cut or edited?"),
        (render(FINDING).encode()[:-20], None),
        (b"\xff\xfe", "byte 0 is not UTF-8; allowed: JSON in UTF-8"),
        (b"[]", "$: expected an object with its format, not a list"),
        (b'{"format": 9}', "$.format: unknown format the number 9; a newer futurefuzz wrote it; allowed: 1"),
        (
            render(FINDING).replace('"cancel"', '"launch"').encode(),
            "$.case.program.actors[1].operations[1].name: unknown operation 'launch'; allowed: set_result, ",
        ),
        (b" " * (LIMIT_FILE + 1), f"larger than {LIMIT_FILE} bytes; {ALLOWED}"),
    ],
    ids=["empty", "truncated", "not UTF-8", "list", "foreign", "edited", "huge"],
)
def test_a_damaged_file_is_named_with_the_place(corpus: Corpus, data: bytes, message: str | None) -> None:
    """The error names the file and the JSON path, and nothing is skipped in silence."""
    corpus.save(FINDING)
    damaged = corpus.path / "damaged.json"
    damaged.write_bytes(data)
    with pytest.raises(InputError) as caught:
        corpus.load()
    assert str(caught.value).startswith(f"{damaged}: {message or 'not JSON at line '}")


def test_a_damaged_file_is_not_overwritten(corpus: Corpus) -> None:
    """A file that cannot be read may be a newer futurefuzz's; saving over it is refused."""
    path = corpus.save(FINDING)
    path.write_text('{"format": 2}')
    with pytest.raises(InputError, match="a newer futurefuzz wrote it"):
        corpus.save(FINDING)
    assert path.read_text() == '{"format": 2}'


def test_what_is_no_file_is_refused(corpus: Corpus) -> None:
    """A folder, a pipe and a missing file are input errors that do not block."""
    corpus.path.mkdir()
    (corpus.path / "folder.json").mkdir()
    with pytest.raises(InputError, match=f"not a file; {ALLOWED}"):
        corpus.load()
    os.mkfifo(corpus.path / "fifo.json")
    with pytest.raises(InputError, match=f"not a file; {ALLOWED}"):
        read(corpus.path / "fifo.json")
    with pytest.raises(InputError, match=f"No such file or directory; {ALLOWED}"):
        read(corpus.path / "absent.json")


def test_a_corpus_that_cannot_be_written_or_read_is_an_input_error(tmp_path: Path) -> None:
    """A file in the place of the folder, or above it, is named, and nothing else happens."""
    blocked = tmp_path / "file"
    blocked.write_text("mine")
    for path in (blocked, blocked / "inside"):
        for act in (lambda c: c.save(FINDING), lambda c: c.check_writable(), lambda c: c.load()):
            with pytest.raises(InputError, match=r"; allowed: a "):
                act(Corpus(path))
    assert blocked.read_text() == "mine"


def test_checking_leaves_no_trace(corpus: Corpus) -> None:
    """The folder is there afterwards, and empty."""
    corpus.check_writable()
    assert names(corpus.path) == []


def full_disk_in_write(monkeypatch: pytest.MonkeyPatch) -> None:
    """Half of the bytes are taken, then the disk is full, as it happens."""
    write, calls = os.write, []

    def some(descriptor: int, data: memoryview) -> int:
        calls.append(1)
        if len(calls) > 1:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, data[: len(data) // 2])

    monkeypatch.setattr(os, "write", some)


def full_disk_in_fsync(monkeypatch: pytest.MonkeyPatch) -> None:
    """The disk is full only when it is asked to keep what it took."""

    def never(descriptor: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", never)


def full_disk_in_rename(monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder has no room for another name."""

    def never(source: object, target: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "replace", never)


@pytest.mark.parametrize("full_disk", [full_disk_in_write, full_disk_in_fsync, full_disk_in_rename])
def test_a_full_disk_leaves_the_old_file_whole(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch, full_disk: Callable[[pytest.MonkeyPatch], None]
) -> None:
    """Wherever the disk says that it is full, what was there is untouched and no temporary file stays."""
    path = corpus.save(FINDING)
    before = path.read_bytes()
    with monkeypatch.context() as patched:
        full_disk(patched)
        with pytest.raises(InputError, match=r"No space left on device; allowed: a folder that can be written"):
            corpus.save(evolve(FINDING, cause="Another."))
        with pytest.raises(InputError, match=r"No space left on device"):
            corpus.check_writable()
    assert path.read_bytes() == before
    assert names(corpus.path) == [path.name]


def test_an_interrupted_save_leaves_the_old_file_whole(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C between write and rename loses the new finding only, and passes on."""
    path = corpus.save(FINDING)
    before = path.read_bytes()

    def interrupted(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        corpus.save(evolve(FINDING, cause="Another."))
    assert path.read_bytes() == before
    assert names(corpus.path) == [path.name]


def test_short_writes_are_continued(corpus: Corpus, monkeypatch: pytest.MonkeyPatch) -> None:
    """An operating system that takes seven bytes at a time gets all of them."""
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, data: write(descriptor, data[:7]))
    corpus.save(FINDING)
    assert corpus.load() == [FINDING]


def test_a_writer_that_is_killed_leaves_the_old_file(corpus: Corpus) -> None:
    """A process that dies in the middle of a save leaves what was there, and a temporary file that is no finding."""
    path = corpus.save(FINDING)
    before = path.read_bytes()
    code = (
        "import os, pathlib, sys\n"
        "from attrs import evolve\n"
        "from futurefuzz.findings.corpus import Corpus\n"
        "from tests.findings.samples import FINDING\n"
        "os.fsync = lambda descriptor: os._exit(9)\n"
        "Corpus(pathlib.Path(sys.argv[1])).save(evolve(FINDING, cause='Another.'))\n"
    )
    died = subprocess.run([sys.executable, "-c", code, str(corpus.path)], cwd=Path(__file__).parents[2])
    assert died.returncode == 9
    assert path.read_bytes() == before
    assert corpus.load() == [FINDING]
    assert len(names(corpus.path)) == 2


def test_concurrent_writers_and_readers_never_see_half_a_file(corpus: Corpus) -> None:
    """While two processes save the same finding over and over, every reading of the corpus succeeds."""
    corpus.save(FINDING)
    code = (
        "import pathlib, sys\n"
        "from futurefuzz.findings.corpus import Corpus\n"
        "from tests.findings.samples import FINDING\n"
        "for _ in range(100): Corpus(pathlib.Path(sys.argv[1])).save(FINDING)\n"
    )
    arguments = [sys.executable, "-c", code, str(corpus.path)]
    writers = [subprocess.Popen(arguments, cwd=Path(__file__).parents[2]) for _ in range(2)]
    reads = 0
    while any(writer.poll() is None for writer in writers):
        assert corpus.load() == [FINDING]
        reads += 1
    assert [writer.returncode for writer in writers] == [0, 0]
    assert reads
    assert names(corpus.path) == [corpus.path_of(FINDING.signature).name]


def test_a_finding_that_could_not_be_read_again_is_not_saved(corpus: Corpus) -> None:
    """Text that the format refuses is the harness's error, found before anything is written."""
    with pytest.raises(HarnessError, match=r"could not be read again: .*\$\.cause"):
        corpus.save(evolve(FINDING, cause="a\x00b"))
    assert not corpus.path.exists()
