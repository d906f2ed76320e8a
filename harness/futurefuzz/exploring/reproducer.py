"""Writes a stand-alone file of plain Python that shows a finding of `explore` with real threads in real time.

The run of the finding is turned into turns: a thread runs until it has begun a certain line, and then another one goes.
Where a run switches in the middle of a line, before the line and after it are tried first, and then single
instructions inside of it, which holds for one version of Python only. What is written has been run, and has shown the
same failure every time; otherwise nothing is written.
"""

from __future__ import annotations

import dis
import hashlib
import itertools
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import CodeType
from typing import Final

from attrs import Factory, define, frozen

from futurefuzz.errors import InputError
from futurefuzz.exploring.entry import Loaded
from futurefuzz.exploring.places import Place
from futurefuzz.exploring.supervisor import replay_case
from futurefuzz.exploring.token import Case
from futurefuzz.exploring.witness import Sighting

__all__ = ["AFTER", "BEFORE", "RUNS", "Turn", "Written", "check", "turns_of", "write_reproducer"]

#: so often a file is run before it is said that it shows the bug
RUNS: Final = 20

#: where a preempted thread stops, when that is no instruction inside a line
AFTER: Final = -1
BEFORE: Final = -2

_KINDS: Final = ("assertion", "deadlock", "exception", "loop", "never-awaited", "never-retrieved")
_WHY_NOT: Final = {
    "livelock": ", for a run that goes on and on has no place to stop at",
    "crash": ", for a file that dies cannot tell of it, and memory breaks in other ways elsewhere; see the token",
    "hang": ", for nobody can tell a run that never comes back from a slow one; the token shows it",
    "check": ", for the check is not part of the file that is explored",
}
_HEAD: Final = '"""Shows a bug that futurefuzz explore found'
_MARK: Final = "# ---- machinery "
_MOST_TURNS: Final = 500
_TRIES: Final = 60
_SECONDS: Final = 60.0
#: for all candidates together
_SEARCH: Final = 120.0
_AT_ONCE: Final = 2


@frozen
class Turn:
    """A thread runs until it has begun this line, the nth time that it comes there.

    Args:
        thread: its name.
        place: the line.
        nth: of the thread.
        preempted: the thread was switched away from although it could have gone on.
        offset: stops before the instruction with this offset inside the line; -1: before its next line.
    """

    thread: str
    place: Place
    nth: int
    preempted: bool = False
    offset: int = -1


@frozen(kw_only=True)
class Written:
    """A reproducer that shows the bug.

    Args:
        path: where it is.
        shown, tried: how often it did, of how many runs.
        switches: changes of turn.
        exact: it stops inside a line, which holds for this version of Python only.
    """

    path: Path
    shown: int
    tried: int
    switches: int
    exact: bool


def write_reproducer(
    case: Case, loaded: Loaded, path: Path, *, stop: Callable[[], bool] = lambda: False
) -> Written:
    """Write the file, once it has been seen to show the finding `RUNS` times out of `RUNS`.

    Args:
        case: of the token.
        loaded: the file that is explored.
        path: where to write; an older reproducer there is replaced, nothing else is.
        stop: asked now and then.

    Raises:
        InputError: the finding cannot be shown that way; says why. Nothing was written.
    """
    check(case, path)
    replayed = replay_case(case, loaded.entry, stream=True, stop=stop)
    if replayed.finding is None or replayed.finding.signature != case.signature:
        raise InputError(f"{case.signature}: does not show in a replay here; --script needs a token that does")
    source = Path(loaded.entry.path).read_bytes()
    files = _files(replayed.seen, loaded)
    best = 0
    deadline = time.monotonic() + _SEARCH
    for turns in _candidates(replayed.seen, replayed.names, loaded):
        if stop() or time.monotonic() > deadline:
            break
        if len(turns) > _MOST_TURNS:
            raise InputError(f"--script: the run has {len(turns)} changes of turn; allowed: {_MOST_TURNS}")
        text = _text(case, loaded, source, files, turns, replayed.finding.cause)
        shown = _measured(text, path, case.signature, stop)
        best = max(best, shown)
        if shown == RUNS:
            temporary = path.with_name(f".{path.name}.new")
            temporary.write_text(text, encoding="utf-8")
            os.replace(temporary, path)
            exact = any(turn.offset >= 0 for turn in turns)
            return Written(path=path, shown=shown, tried=RUNS, switches=max(0, len(turns) - 1), exact=exact)
    where = sorted({str(turn.place) for turn in turns_of(replayed.seen, replayed.names) if turn.preempted})
    what = f"switches at {', '.join(where[:3])}" if where else "needs no switch in the user's own lines"
    raise InputError(
        f"--script: nothing written: {case.signature} {what}, and stopping threads before, after or inside of these "
        f"lines does not show it every time with real threads (best: {best} of {RUNS}); it may need a switch inside a "
        "library or a lock; the token shows it"
    )


def check(case: Case, path: Path) -> None:
    """Find out before the work whether there is any hope.

    Raises:
        InputError: of a kind that cannot be written so, or the file cannot be written there.
    """
    kind = case.signature.partition(":")[0]
    if kind not in _KINDS or case.fair_from is not None:
        why = _WHY_NOT.get("livelock" if case.fair_from is not None else kind, "")
        raise InputError(f"--script: a finding of kind {kind} cannot be written so{why}; allowed: {', '.join(_KINDS)}")
    if path.is_dir():
        raise InputError(f"--script {path}: is a folder")
    if not path.parent.is_dir():
        raise InputError(f"--script {path}: the folder {path.parent} is not there")
    if path.exists() and not path.read_text(encoding="utf-8", errors="replace").startswith(_HEAD):
        raise InputError(f"--script {path}: there is such a file, and it is no reproducer; allowed: a new name")


def _files(seen: Sequence[Sighting], loaded: Loaded) -> dict[str, str | None]:
    """Names of the files that have turns, with their digests; None for the one that is written out."""
    own = os.path.realpath(loaded.entry.path)
    found: dict[str, str | None] = {os.path.basename(own): None}
    for file in dict.fromkeys(sighting.place.file for sighting in seen if sighting.place is not None):
        if os.path.realpath(file) != own:
            with suppress(OSError):
                found.setdefault(os.path.basename(file), hashlib.sha256(Path(file).read_bytes()).hexdigest())
    return found


# ---- turns -----------------------------------------------------------------------------------------------------------


def turns_of(
    seen: Sequence[Sighting], names: Sequence[str], *, stops: Sequence[int] = ()
) -> list[Turn]:
    """The turns of a run.

    Args:
        seen: each line and each point, in order.
        names: of the actors.
        stops: for each preemption where the thread stops: `AFTER` the line that it stands in, `BEFORE` it, or before
            the instruction with that offset inside of it. Those that are not given are `AFTER`.
    """
    blocks = _blocks(seen, names)
    where = dict(zip([at for at, block in enumerate(blocks) if block.preempted], stops, strict=False))
    for at, stop in where.items():
        blocks[at].offset = max(stop, -1)
        if stop == BEFORE and blocks[at].lines:
            actor = blocks[at].actor
            following = next((later for later in blocks[at + 1 :] if later.actor == actor), None)
            if following is None:
                following = _Block(actor)
                blocks.append(following)
            following.lines.insert(0, blocks[at].lines.pop())
            blocks[at].preempted = False
    merged: list[_Block] = []
    for block in blocks:
        if not block.lines:
            continue
        if merged and merged[-1].actor == block.actor:
            merged[-1].lines += block.lines
            merged[-1].preempted, merged[-1].offset = block.preempted, block.offset
        else:
            merged.append(block)
    return _counted(merged, names)


@define
class _Block:
    actor: int
    lines: list[Place] = Factory(list)
    preempted: bool = False
    offset: int = -1
    point: str = ""
    points: int = 0


def _blocks(seen: Sequence[Sighting], names: Sequence[str]) -> list[_Block]:
    blocks = [_Block(-1)]
    for each in seen:
        if each.touch is not None or each.actor < 0 or names[each.actor].startswith("the clock"):
            continue
        if each.actor != blocks[-1].actor:
            blocks.append(_Block(each.actor))
        block = blocks[-1]
        if each.step is None:
            assert each.place is not None
            block.lines.append(each.place)
            block.points = 0
        elif each.step.chosen != each.actor:
            block.preempted = each.step.event is not None
            block.point = each.step.key[1]
        else:
            block.points += 1
    return blocks


def _counted(blocks: Sequence[_Block], names: Sequence[str]) -> list[Turn]:
    counts: dict[tuple[int, Place], int] = {}
    found = []
    for block in blocks:
        for place in block.lines:
            counts[block.actor, place] = counts.get((block.actor, place), 0) + 1
        last = block.lines[-1]
        found.append(Turn(names[block.actor], last, counts[block.actor, last], block.preempted, block.offset))
    return found


def _candidates(seen: Sequence[Sighting], names: Sequence[str], loaded: Loaded) -> Iterator[list[Turn]]:
    """Ways to stop each preempted thread, what fits best first."""
    preempted = [block for block in _blocks(seen, names) if block.preempted]
    ways = []
    for block in preempted:
        inside = _offsets(loaded.code, block.lines[-1]) if block.lines else []
        if block.point.startswith("start "):  # of a thread: that is over when its line is
            ways.append([AFTER])
        elif block.points:
            ways.append([AFTER, *inside, BEFORE])
        else:
            ways.append([BEFORE, AFTER, *inside])
    tried = []
    for chosen in itertools.islice(_by_rank(ways), _TRIES):
        turns = turns_of(seen, names, stops=chosen)
        if turns not in tried:
            tried.append(turns)
            yield turns


def _by_rank(ways: Sequence[Sequence[int]]) -> Iterator[tuple[int, ...]]:
    """One of each, with few departures from the first ones early; lazily, for there can be very many."""
    firsts = tuple(way[0] for way in ways)
    yield firsts
    for number in range(1, min(len(ways), 3) + 1):
        for which in itertools.combinations(range(len(ways)), number):
            for others in itertools.product(*(ways[at][1:] for at in which)):
                chosen = list(firsts)
                for at, other in zip(which, others, strict=True):
                    chosen[at] = other
                yield tuple(chosen)


def _offsets(code: CodeType, place: Place) -> list[int]:
    """Offsets of the line's instructions after a call, and then of the others."""
    if code.co_filename != place.file and os.path.realpath(code.co_filename) != os.path.realpath(place.file):
        return []
    found = _find(code, place)
    if found is None:
        return []
    line, here, after_call, others, called = 0, False, list[int](), list[int](), False
    for each in dis.get_instructions(found):
        line = each.positions.lineno or line if each.positions is not None else line
        here = line == place.line
        if here:
            (after_call if called else others).append(each.offset)
        called = here and each.opname.startswith("CALL")
    return after_call + others[1:]


def _find(code: CodeType, place: Place) -> CodeType | None:
    if code.co_qualname == place.function and any(line == place.line for _, _, line in code.co_lines()):
        return code
    for constant in code.co_consts:
        if isinstance(constant, CodeType) and (found := _find(constant, place)) is not None:
            return found
    return None


# ---- the file --------------------------------------------------------------------------------------------------------


def _text(
    case: Case, loaded: Loaded, source: bytes, files: dict[str, str | None], turns: Sequence[Turn], cause: str
) -> str:
    template = Path(__file__).with_name("standalone.py").read_text(encoding="utf-8")
    head, machinery = template.split(_MARK, 1)
    imports = head[head.index("from __future__") : head.index("# What the written file")]
    exact = any(turn.offset >= 0 for turn in turns)
    lines = [
        f"{_HEAD}: {_plain(case.signature)}",
        "",
        _plain(cause),
        "",
        "Run it with plain Python. Exit code 1: the bug showed; 0: it did not; 3: the file does not fit this place.",
        "A thread whose turn in TURNS it is runs until it has begun the line there for the nth time; then the next one",
        'goes. Real threads, real time, the code under test as it was."""',
        "",
        imports.rstrip(),
        "",
        f"NAME = {os.path.basename(loaded.entry.path)!r}",
        f"ENTRY: tuple[str, ...] = {loaded.entry.names!r}",
        f"ARGUMENTS: list[str] = {list(loaded.entry.arguments)!r}",
        f"SEED = {case.seed}",
        f"EXPECTED = {case.signature!r}",
        "# files that are watched; with a digest when they must be the same as then",
        f"FILES: dict[str, str | None] = {files!r}",
        "# thread, file, function, line, nth time, instruction inside of the line (-1: before the next line)",
        "TURNS: list[tuple[str, str, str, int, int, int]] = [",
        *(f"    {_row(turn)!r}," for turn in turns),
        "]",
        f"VERSION: tuple[int, int] | None = {sys.version_info[:2] if exact else None!r}",
        "# the code under test",
        "SOURCE = (",
        *(f"    {line!r}" for line in _decoded(source).splitlines(True)),
        '    ""\n)',
        "",
    ]
    return "\n".join(lines) + "\n" + _MARK + machinery


def _decoded(source: bytes) -> str:
    import tokenize
    from io import BytesIO

    encoding, _ = tokenize.detect_encoding(BytesIO(source).readline)
    return source.decode(encoding).replace("\r\n", "\n").replace("\r", "\n")


def _plain(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode("ascii").replace("\\", "/").replace('"', "'")


def _row(turn: Turn) -> tuple[str, str, str, int, int, int]:
    place = turn.place
    return (turn.thread, os.path.basename(place.file), place.function, place.line, turn.nth, turn.offset)


def _measured(text: str, path: Path, signature: str, stop: Callable[[], bool]) -> int:
    """How often it shows the bug in `RUNS` runs; gives up at the first that does not."""
    descriptor, name = tempfile.mkstemp(prefix=f".{path.stem}.", suffix=".py", dir=path.parent)
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8") as stream:
            stream.write(text)
        shown = 0
        if not _shows(name, signature):
            return 0
        shown = 1
        with ThreadPoolExecutor(_AT_ONCE) as pool:
            for good in pool.map(lambda _: not stop() and _shows(name, signature), range(RUNS - 1)):
                shown += good
        return shown
    finally:
        os.unlink(name)


def _shows(name: str, signature: str) -> bool:
    environment = {key: value for key, value in os.environ.items() if not key.startswith("PYTHON")}
    environment |= {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    try:
        ran = subprocess.run(
            [sys.executable, name],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=environment,
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return False
    return ran.returncode == 1 and f"REPRODUCED: {signature}" in ran.stdout.decode(errors="replace").splitlines()
