"""The part of a reproducer that is the same for every bug; `reproducer` writes it out below the facts of one bug.

It imports nothing of this package: what is written runs on plain Python, with real threads in real time. A thread may
run a line of the watched files only in its turn. A turn is over when the thread has begun a certain line and comes to
the next one, waits inside of it, or has ended.
"""

from __future__ import annotations

import gc
import hashlib
import linecache
import logging
import os
import random
import re
import sys
import sysconfig
import threading
import time
import traceback
import types
import unittest
import warnings
from pathlib import Path
from typing import Any

# What the written file defines in place of these.
NAME = ""
SOURCE = ""
ENTRY: tuple[str, ...] = ()
ARGUMENTS: list[str] = []
SEED = 0
EXPECTED = ""
FILES: dict[str, str | None] = {}
TURNS: list[tuple[str, str, str, int, int, int]] = []
VERSION: tuple[int, int] | None = None

# ---- machinery ------------------------------------------------------------------------------------------------------

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = os.path.join(HERE, NAME)
STANDARD = tuple(os.path.realpath(sysconfig.get_paths()[name]) + os.sep for name in ("stdlib", "platstdlib"))
INSTALLED = (f"{os.sep}site-packages{os.sep}", f"{os.sep}dist-packages{os.sep}")
OBJECT = re.compile(r" at 0x[0-9a-f]+|<[^>]*>|'[^']*'|[0-9]+")
#: seconds: a thread that has not moved for so long waits; everything that has not moved for so long is stuck; patience
SETTLED, QUIET, PATIENCE = 0.03, 1.0, 5.0


def is_users(file: str) -> bool:
    """Neither the standard library nor this file."""
    if file.startswith("<") or os.path.abspath(file) == os.path.abspath(__file__):
        return False
    real = os.path.realpath(file)
    return any(part in real for part in INSTALLED) or not real.startswith(STANDARD)


def steady(code: types.CodeType) -> str:
    """File and function."""
    return f"{os.path.basename(code.co_filename)}:{code.co_qualname}"


class Turns:
    """Who may go, and where everybody is."""

    def __init__(self) -> None:
        self.changed = threading.Condition()
        self.position = 0
        self.reached = False
        self.counts: dict[tuple[str, str, str, int], int] = {}
        self.names: dict[str, int] = {}
        self.threads: dict[str, threading.Thread] = {}
        self.called: dict[int, str] = {}
        self.checked: set[str] = set()
        self.main_is_over = False
        self.followed = True

    def register(self, thread: threading.Thread, name: str) -> str:
        """Give a thread the name that the turns know it by."""
        self.names[name] = self.names.get(name, 0) + 1
        unique = name if self.names[name] == 1 else f"{name}#{self.names[name]}"
        self.threads[unique] = thread
        self.called[id(thread)] = unique
        return unique

    def line(self, file: str, function: str, number: int) -> None:
        """The thread is about to run a line; returns in its turn."""
        name = self.called.get(id(threading.current_thread()))
        if name is None:
            return
        with self.changed:
            key = (name, file, function, number)
            self.counts[key] = self.counts.get(key, 0) + 1
            self.wait(name)
            if self.position < len(TURNS) and key == TURNS[self.position][:4]:
                self.reached = self.reached or self.counts[key] >= TURNS[self.position][4]
                self.changed.notify_all()

    def inside(self, file: str, function: str, number: int, offset: int) -> None:
        """The thread is about to run an instruction; waits there when its turn is over by that."""
        name = self.called.get(id(threading.current_thread()))
        with self.changed:
            if self.position < len(TURNS) and self.reached and name is not None:
                turn = TURNS[self.position]
                if turn[:4] == (name, file, function, number) and turn[5] == offset:
                    self.wait(name)

    def wait(self, name: str) -> None:
        """Until it is the thread's turn."""
        while self.position < len(TURNS):
            if TURNS[self.position][0] == name:
                if not self.reached:
                    return
                self.advance()
            else:
                self.changed.wait(1.0)

    def advance(self) -> None:
        """The next turn."""
        self.position += 1
        self.reached = False
        self.changed.notify_all()

    def alive(self, name: str) -> bool:
        """Whether the thread has begun and not ended, or has not begun."""
        thread = self.threads.get(name)
        if thread is None:
            return True
        return not self.main_is_over if name == "main" else thread.ident is None or thread.is_alive()


turns = Turns()
failures: list[tuple[str, str]] = []


def trace(frame: types.FrameType, event: str, _argument: Any) -> Any:
    """For `sys.settrace`: watch the files that have turns."""
    code = frame.f_code
    name = os.path.basename(code.co_filename)
    if name not in FILES or not is_users(code.co_filename):
        return None
    if name not in turns.checked:
        turns.checked.add(name)
        digest = FILES[name]
        if digest is not None and hashlib.sha256(Path(code.co_filename).read_bytes()).hexdigest() != digest:
            leave(f"{name} has changed since this file was written", 3)
    def local(frame: types.FrameType, event: str, _argument: Any) -> Any:
        if event == "line":
            turns.line(name, code.co_qualname, frame.f_lineno or 0)
        elif event == "opcode":
            turns.inside(name, code.co_qualname, frame.f_lineno or 0, frame.f_lasti)
        return local

    if any(turn[5] >= 0 and turn[1] == name and turn[2] == code.co_qualname for turn in TURNS):
        frame.f_trace = local  # 3.13 looks whether there is one when the next line is run
        frame.f_trace_opcodes = True
    return local


def watch() -> None:
    """Ends the turns of threads that wait or have ended, and tells of a deadlock."""
    before: dict[str, Any] = {}
    since: dict[str, float] = {}
    while True:
        time.sleep(0.005)
        now = time.monotonic()
        frames = sys._current_frames()
        for name, thread in list(turns.threads.items()):
            frame = frames.get(thread.ident or 0)
            at = None if frame is None else (id(frame), frame.f_lasti)
            if name not in since or before.get(name) != at:
                before[name], since[name] = at, now
        with turns.changed:
            if turns.position < len(TURNS):
                name = TURNS[turns.position][0]
                if not turns.alive(name) or (turns.reached and now - since.get(name, now) > SETTLED):
                    turns.advance()
                    since[name] = now
                    continue
        alive = [name for name in list(turns.threads) if turns.alive(name)]
        quiet = min((now - since.get(name, now) for name in alive), default=0.0)
        if quiet > QUIET and turns.position == len(TURNS) and EXPECTED.startswith("deadlock:"):
            waits = sorted(EXPECTED.partition(":")[2].split(","))
            expected = sorted(each.partition("@")[2] for each in waits)
            seen = [place for name in alive for place in places(frames.get(turns.threads[name].ident or 0), expected)]
            if sorted(seen) == expected:
                failures.append((EXPECTED, "".join(stack(name, frames) for name in alive)))
                judge()
        if quiet > PATIENCE and turns.position < len(TURNS):
            with turns.changed:
                turns.followed, turns.position = False, len(TURNS)
                turns.changed.notify_all()
        elif quiet > 2 * PATIENCE:
            leave("NOT REPRODUCED: everything waits, but not where the bug makes it wait", 0)


def places(frame: types.FrameType | None, expected: list[str]) -> list[str]:
    """Where a thread waits; for an event loop where one of its tasks does."""
    while frame is not None:
        code = frame.f_code
        if code.co_name == "run_forever" and code.co_filename.endswith(os.path.join("asyncio", "base_events.py")):
            found = [steady(code) for task in tasks() for code in innermost(task.get_coro())]
            return [place for place in found if place in expected][:1] or found[:1] or ["?"]
        if is_users(code.co_filename):
            return [steady(code)]
        frame = frame.f_back
    return ["?"]


def tasks() -> list[Any]:
    """Those that have not ended."""
    import asyncio

    return [each for each in gc.get_objects() if isinstance(each, asyncio.Task) and not each.done()]


def innermost(coroutine: Any) -> list[types.CodeType]:
    """Code of the user's innermost coroutine that is being awaited."""
    found = []
    while coroutine is not None and getattr(coroutine, "cr_code", None) is not None:
        if is_users(coroutine.cr_code.co_filename):
            found = [coroutine.cr_code]
        coroutine = coroutine.cr_await
    return found


def stack(name: str, frames: dict[int, types.FrameType]) -> str:
    """As text."""
    frame = frames.get(turns.threads[name].ident or 0)
    lines = [] if frame is None else [e for e in traceback.extract_stack(frame) if is_users(e.filename)]
    return f"{name} waits for ever:\n" + "".join(traceback.format_list(lines))


def signature(error: BaseException, kind: str = "") -> str:
    """What names the bug."""
    kind = kind or ("assertion" if isinstance(error, AssertionError) else "exception")
    last = users = None
    step = error.__traceback__
    while step is not None:
        last = step.tb_frame.f_code
        users = last if is_users(last.co_filename) else users
        step = step.tb_next
    found = users or last
    return f"{kind}:{type(error).__name__}:{steady(found) if found is not None else '?'}"


def failed(error: BaseException) -> None:
    """An exception that nobody caught."""
    failures.append((signature(error), "".join(traceback.format_exception(error))))
    judge()


class Logged(logging.Handler):
    """What asyncio and concurrent.futures complain of."""

    def emit(self, record: logging.LogRecord) -> None:
        """Remember it."""
        head = record.getMessage().partition("\n")[0]
        kind = "never-retrieved" if "never retrieved" in head else "loop"
        error = record.exc_info[1] if record.exc_info else None
        if error is not None:
            said = signature(error, kind)
        else:
            plain = re.sub(r"( at )?0?x[0-9a-fA-F]{6,}", "", head)
            said = f"{kind}:{OBJECT.sub('', plain)[:60].strip()}:?"
        failures.append((said, self.format(record)))
        judge()


def warned(message: Any, *_rest: Any) -> None:
    """A warning; only one kind is a failure."""
    if "was never awaited" in str(message):
        failures.append((f"never-awaited:{message}", str(message)))
        judge()


def judge() -> None:
    """End when it is the expected failure."""
    said, text = failures[-1]
    if said == EXPECTED:
        leave(f"{text}\nREPRODUCED: {said}", 1)


def leave(text: str, code: int) -> None:
    """Say so, and end the process whatever its threads do."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
    os._exit(code)


def start(thread: threading.Thread) -> None:
    """In place of `Thread.start`."""
    turns.register(thread, thread.name)
    real_start(thread)


real_start = threading.Thread.start


def call(found: Any) -> None:
    """Call a function, or run what it returns."""
    import asyncio
    import inspect

    result = found()
    if inspect.iscoroutine(result):
        asyncio.run(result)


def body() -> None:
    """What is run."""
    module = types.ModuleType("__main__" if not ENTRY else "explored")
    module.__file__ = PATH
    sys.modules[module.__name__] = module
    exec(compile(SOURCE, PATH, "exec", dont_inherit=True), module.__dict__)  # noqa: S102  # what is to be shown
    if not ENTRY:
        return
    owner: Any = getattr(module, ENTRY[0])
    if len(ENTRY) == 1:
        call(owner)
    elif issubclass(owner, unittest.TestCase):
        owner(ENTRY[1]).debug()
    else:
        instance = owner()
        method = getattr(instance, ENTRY[1])
        around(instance, ("setup_method", "setUp"), method)
        try:
            call(method)
        finally:
            around(instance, ("teardown_method", "tearDown"), method)


def around(instance: Any, names: tuple[str, ...], method: Any) -> None:
    """What pytest does before and after a method."""
    import inspect

    for name in names:
        found = getattr(instance, name, None)
        if found is not None:
            found(*([method] if len(inspect.signature(found).parameters) == 1 else []))


def main() -> None:
    """Run it."""
    if os.environ.get("PYTHONHASHSEED") != "0":
        os.execve(
            sys.executable, [sys.executable, os.path.abspath(__file__)], {**os.environ, "PYTHONHASHSEED": "0"}
        )
    if VERSION is not None and sys.version_info[:2] != VERSION:
        leave(f"this file stops inside a line, and was made for Python {VERSION[0]}.{VERSION[1]} only", 3)
    linecache.cache[PATH] = (len(SOURCE), None, SOURCE.splitlines(True), PATH)
    sys.path.insert(0, HERE)
    sys.argv = [PATH, *ARGUMENTS]
    random.seed(SEED)
    for name in ("asyncio", "concurrent.futures"):
        handler = Logged()
        handler.setLevel(logging.ERROR)
        logging.getLogger(name).addHandler(handler)
    warnings.simplefilter("always", RuntimeWarning)
    vars(warnings)["showwarning"] = warned
    threading.excepthook = lambda said: failed(said.exc_value) if said.exc_value is not None else None
    setattr(threading.Thread, "start", start)  # noqa: B010  # not to be taken for an assignment to a method
    turns.register(threading.main_thread(), "main")
    import _thread

    _thread.start_new_thread(watch, ())
    if any(turn[5] >= 0 for turn in TURNS):
        sys._getframe().f_trace_opcodes = True  # 3.12 looks at this when `settrace` is called
    threading.settrace(trace)
    sys.settrace(trace)
    try:
        body()
    except SystemExit:
        pass
    except BaseException as error:
        sys.settrace(None)
        failed(error)
    sys.settrace(None)
    turns.main_is_over = True
    for thread in list(turns.threads.values()):
        if thread is not threading.main_thread() and not thread.daemon:
            thread.join()
    gc.collect()
    for said, text in failures:
        sys.stdout.write(f"{text}\n{said}\n")
    leave("NOT REPRODUCED" + ("" if turns.followed else ": the turns could not be followed"), 0)


if __name__ == "__main__":
    main()
